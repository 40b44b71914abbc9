// SPDX-License-Identifier: Apache-2.0
#include "model/flight.h"

#include "model/port/external.h"
#include "model/registers/control.h"

void flight_of_request(struct flight *flight, const struct amdvi_request *request)
{
    flight->lookup.request = *request;
    flight->is_interrupt = request_is_interrupt(request);
    if (flight->is_interrupt)
        interrupt_begin(&flight->interrupt, &flight->job, request->device, request->address, 0);
}

static bool request_step(struct amdvi_device *device, struct flight *flight)
{
    struct lookup *l = &flight->lookup;

    if (!l->under_way && l->done == 0) {
        device->statistics.requests++;
        device->statistics.ats_requests += l->request.at == AMDVI_TRANSLATION_REQUEST;
    }
    if (!lookup_step(device, &flight->job, l))
        return false;
    request_observe(device, &l->request, &l->result);
    return true;
}

static bool interrupt_request_step(struct amdvi_device *device, struct flight *flight)
{
    if (flight->interrupt.state == INTERRUPT_BEGIN)
        device->statistics.requests++;
    if (!interrupt_step(device, &flight->interrupt))
        return false;
    request_of_interrupt(&flight->interrupt.result, &flight->lookup.result);
    return true;
}

static bool is_of_guest(const struct amdvi_register_access *a)
{
    return a->space == AMDVI_SPACE_VF || a->space == AMDVI_SPACE_VFC;
}

static bool guest_register_step(struct amdvi_device *device, struct flight *flight)
{
    struct guest_access *g = &flight->guest;

    g->control = flight->access.space == AMDVI_SPACE_VFC;
    g->write = flight->access.write;
    g->guest_id = flight->access.guest_id;
    g->offset = flight->access.offset;
    g->size = flight->access.size;
    if (g->steps.at == 0)
        g->value = flight->access.value;
    if (!guest_access_step(device, &flight->job, g))
        return false;
    flight->status = g->status;
    flight->value = g->value;
    return true;
}

static enum amdvi_status host_register(struct amdvi_device *device, const struct amdvi_register_access *a,
                                       uint64_t *value)
{
    if (a->space == AMDVI_SPACE_MMIO)
        return a->write ? mmio_write(device, a->offset, a->size, a->value)
                        : amdvi_mmio_read(device, a->offset, a->size, value);
    return a->write ? amdvi_pci_write(device, (unsigned)a->offset, a->size, a->value)
                    : amdvi_pci_read(device, (unsigned)a->offset, a->size, value);
}

/* One after the other; a write may be a doorbell. */
static bool register_step(struct amdvi_device *device, struct flight *flight)
{
    STEPS_BEGIN(&flight->steps);
    STEPS_WAIT(&flight->steps, job_lock(&flight->job, &device->register_lock));
    if (is_of_guest(&flight->access)) {
        STEPS_WAIT(&flight->steps, guest_register_step(device, flight));
    } else {
        flight->status = host_register(device, &flight->access, &flight->value);
        STEPS_WAIT(&flight->steps, guests_settle(device, &flight->job, &flight->settling));
    }
    job_unlock(device, &flight->job, &device->register_lock);
    device->external->stirred |= flight->access.write;
    STEPS_END(&flight->steps);
}

bool flight_step(struct amdvi_device *device, struct flight *flight)
{
    switch (flight->kind) {
    case AMDVI_SUBMITTED_REQUEST:
        return flight->is_interrupt ? interrupt_request_step(device, flight) : request_step(device, flight);
    case AMDVI_SUBMITTED_INTERRUPT:
        return interrupt_step(device, &flight->interrupt);
    case AMDVI_SUBMITTED_PAGE_REQUEST:
        return page_request_step(device, &flight->page);
    case AMDVI_SUBMITTED_PREFETCH:
        return prefetch_pages(device, &flight->job, &flight->prefetch.order, &flight->prefetch.entry,
                              &flight->prefetch.run);
    default:
        return register_step(device, flight);
    }
}

void flight_describe(const struct flight *flight, struct amdvi_completion *completion)
{
    switch (flight->kind) {
    case AMDVI_SUBMITTED_REQUEST:
        completion->request = &flight->lookup.request;
        completion->result = &flight->lookup.result;
        break;
    case AMDVI_SUBMITTED_INTERRUPT:
        completion->interrupt = &flight->interrupt.result;
        break;
    case AMDVI_SUBMITTED_PAGE_REQUEST:
        completion->page_request = &flight->page.result;
        break;
    case AMDVI_SUBMITTED_REGISTER:
        completion->value = flight->value;
        break;
    case AMDVI_SUBMITTED_PREFETCH:
        break;
    }
}
