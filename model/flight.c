// SPDX-License-Identifier: Apache-2.0
#include "model/flight.h"

#include "model/port/external.h"

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

static enum amdvi_status write_register(struct amdvi_device *device, const struct amdvi_register_access *a)
{
    switch (a->space) {
    case AMDVI_SPACE_MMIO:
        return amdvi_mmio_write(device, a->offset, a->size, a->value);
    case AMDVI_SPACE_PCI:
        return amdvi_pci_write(device, (unsigned)a->offset, a->size, a->value);
    case AMDVI_SPACE_VF:
        return amdvi_vf_write(device, a->guest_id, a->offset, a->size, a->value);
    default:
        return amdvi_vfc_write(device, a->guest_id, a->offset, a->size, a->value);
    }
}

static enum amdvi_status read_register(struct amdvi_device *device, const struct amdvi_register_access *a,
                                       uint64_t *value)
{
    switch (a->space) {
    case AMDVI_SPACE_MMIO:
        return amdvi_mmio_read(device, a->offset, a->size, value);
    case AMDVI_SPACE_PCI:
        return amdvi_pci_read(device, (unsigned)a->offset, a->size, value);
    case AMDVI_SPACE_VF:
        return amdvi_vf_read(device, a->guest_id, a->offset, a->size, value);
    default:
        return amdvi_vfc_read(device, a->guest_id, a->offset, a->size, value);
    }
}

static bool register_step(struct amdvi_device *device, struct flight *flight)
{
    flight->status = flight->access.write ? write_register(device, &flight->access)
                                          : read_register(device, &flight->access, &flight->value);
    device->external->stirred |= flight->access.write; /* a write may be a doorbell */
    return true;
}

bool flight_step(struct amdvi_device *device, struct flight *flight)
{
    switch (flight->kind) {
    case AMDVI_SUBMITTED_REQUEST:
        return flight->is_interrupt ? interrupt_request_step(device, flight) : request_step(device, flight);
    case AMDVI_SUBMITTED_INTERRUPT:
        return interrupt_step(device, &flight->interrupt);
    case AMDVI_SUBMITTED_PAGE_REQUEST:
        flight->status = amdvi_page_request(device, &flight->page_request, &flight->page_result);
        return true;
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
        completion->page_request = &flight->page_result;
        break;
    default:
        completion->value = flight->value;
        break;
    }
}
