// SPDX-License-Identifier: Apache-2.0
/* The surroundings of a device whose memory is answered later, and what is under way there
 * (amdvi/external.h). */
#include "model/port/external.h"

#include "model/base/allocator.h"
#include "model/flight.h"
#include "model/logs/record.h"
#include "model/port/jobs.h"
#include "model/units.h"

enum { MOST_FLIGHTS = 65536 };

/* ---------------------------------------------------------------- surroundings */

static void free_slots(struct amdvi_device *device)
{
    release(&device->allocator, device->writer);
    device->writer = NULL;
    release(&device->allocator, device->external->slots);
    release(&device->allocator, device->external);
    device->external = NULL;
}

void external_destroy(struct amdvi_device *device)
{
    if (!device->external)
        return;
    for (uint32_t i = 0; i < device->external->capacity; i++)
        if (device->external->slots[i].job && !device->external->slots[i].job->unit)
            release(&device->allocator, device->external->slots[i].job);
    free_slots(device);
}

static bool make_slots(struct amdvi_device *device, const struct amdvi_external *face)
{
    struct external *external = allocate_zeroed(&device->allocator, sizeof(*external));

    if (!external)
        return false;
    device->external = external;
    external->face = *face;
    external->capacity = face->most + UNITS - 1;
    external->slots = allocate_zeroed(&device->allocator, external->capacity * sizeof(*external->slots));
    device->writer = allocate_zeroed(&device->allocator, sizeof(*device->writer));
    if (!external->slots || !device->writer) {
        free_slots(device);
        return false;
    }
    for (uint32_t i = 0; i < face->most; i++)
        external->slots[i].next_free = i + 1 < face->most ? i + 1 : NO_SLOT;
    return true;
}

enum amdvi_status amdvi_external_attach(struct amdvi_device *device, const struct amdvi_external *external)
{
    if (!device || (external && (!external->issue || !external->complete || external->most == 0 ||
                                 external->most > MOST_FLIGHTS)))
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device) || external_busy(device) || (device->external && device->external->pumping))
        return AMDVI_ERR_BUSY;
    if (device->external) {
        units_end(device);
        free_slots(device);
    }
    if (!external)
        return AMDVI_OK;
    if (!make_slots(device, external))
        return AMDVI_ERR_NO_MEMORY;
    units_begin(device);
    return AMDVI_OK;
}

bool external_busy(const struct amdvi_device *device)
{
    return device->external && (device->external->count > 0 || units_busy(device));
}

enum amdvi_status amdvi_external_pending(const struct amdvi_device *device, uint32_t *count)
{
    if (!device || !count)
        return AMDVI_ERR_ARGUMENT;
    *count = device->external ? device->external->count : 0;
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- flights */

static void take_slot(struct external *external, struct flight *flight)
{
    flight->job.slot = external->free_slot;
    external->free_slot = external->slots[flight->job.slot].next_free;
    external->slots[flight->job.slot].job = &flight->job;
    external->count++;
}

static void leave_slot(struct external *external, const struct flight *flight)
{
    struct external_slot *slot = &external->slots[flight->job.slot];

    slot->job = NULL;
    slot->next_free = external->free_slot;
    external->free_slot = flight->job.slot;
    external->count--;
}

struct flight *flight_begin(struct amdvi_device *device, enum amdvi_submission kind, struct flight_size size,
                            uint64_t tag)
{
    struct flight *flight = allocate_partly_zeroed(&device->allocator, size.bytes, size.zeroed);

    if (!flight)
        return NULL;
    job_begin(device, &flight->job);
    flight->job.executor = EXECUTOR_PORT;
    ticket_clear(&flight->job.ticket);
    flight->kind = kind;
    flight->tag = flight->job.tag = tag;
    take_slot(device->external, flight);
    jobs_add(device, &flight->job);
    return flight;
}

static void complete(struct amdvi_device *device, struct flight *flight, enum amdvi_status status)
{
    struct amdvi_completion completion = {
        .kind = flight->kind, .tag = flight->tag, .status = status, .work = &flight->job.work};
    struct external *external = device->external;
    bool was = external_call_begin(device);

    if (status == AMDVI_OK)
        flight_describe(flight, &completion);
    external->face.complete(external->face.context, &completion);
    external_call_end(device, was);
}

void flight_end(struct amdvi_device *device, struct flight *flight, enum amdvi_status status)
{
    device->external->stirred |= flight->job.ticket.marked != 0;
    jobs_remove(device, &flight->job);
    leave_slot(device->external, flight);
    complete(device, flight, status);
    release(&device->allocator, flight);
}

/* Answers that are still to come find nothing. */
void external_cancel(struct amdvi_device *device)
{
    struct external *external = device->external;

    if (!external)
        return;
    external->cancelling = true;
    while (external_take_ready(external))
        ;
    device->register_lock = (struct job_lock){0};
    guests_interrupted(device, external->busy[UNIT_GUEST_RINGS]);
    units_end(device);
    while (device->jobs)
        flight_end(device, (struct flight *)(void *)device->jobs, AMDVI_ERR_BUSY);
    external->stirred = external->cancelling = false;
}

enum amdvi_status amdvi_external_cancel(struct amdvi_device *device)
{
    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (!device->external)
        return AMDVI_ERR_UNSUPPORTED;
    if (device_busy(device) || device->external->pumping)
        return AMDVI_ERR_BUSY;
    external_cancel(device);
    units_begin(device);
    return AMDVI_OK;
}
