// SPDX-License-Identifier: Apache-2.0
/* Submissions, and the pump that carries them from answer to answer (amdvi/external.h). */
#include "model/flight.h"
#include "model/port/external.h"
#include "model/requests/hit.h"
#include "model/requests/page_request.h"
#include "model/units.h"

/* Whatever is called from inside only notes what is to be done. */
void external_pump(struct amdvi_device *device)
{
    struct external *external = device->external;
    struct job *job;

    if (external->pumping)
        return;
    external->pumping = true;
    while ((job = external_take_ready(external)) || external->stirred) {
        struct flight *flight = (struct flight *)(void *)job;
        if (!job)
            units_stir(device);
        else if (job->unit)
            unit_step(device, job);
        else if (flight_step(device, flight))
            flight_end(device, flight, flight->status);
    }
    external->pumping = false;
}

static enum amdvi_status begin(struct amdvi_device *device, enum amdvi_submission kind,
                               struct flight_size size, uint64_t tag, struct flight **flight)
{
    if (!device->external)
        return AMDVI_ERR_UNSUPPORTED;
    if (external_refuses(device) || device->external->free_slot == NO_SLOT)
        return AMDVI_ERR_BUSY;
    *flight = flight_begin(device, kind, size, tag);
    return *flight ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;
}

static struct flight_size all_of(size_t bytes)
{
    return (struct flight_size){bytes, bytes};
}

/* A walk sets what it reads as it starts, here as on the direct way, and it is most of a request. */
static struct flight_size size_of_request(const struct amdvi_request *request)
{
    if (request_is_interrupt(request))
        return all_of(FLIGHT_TO(interrupt));
    _Static_assert(FLIGHT_TO(lookup) - FLIGHT_TO(lookup.run.walk) < _Alignof(struct flight),
                   "nothing lies behind the walk: it would not begin as zeros");
    return (struct flight_size){FLIGHT_TO(lookup), offsetof(struct flight, lookup.run.walk)};
}

static enum amdvi_status start(struct amdvi_device *device, struct flight *flight)
{
    external_ready(device->external, &flight->job);
    external_pump(device);
    return AMDVI_OK;
}

enum amdvi_status amdvi_submit_request(struct amdvi_device *device, const struct amdvi_request *request,
                                       uint64_t tag)
{
    enum amdvi_status status;
    struct flight *flight;

    if (!device || !request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    status = begin(device, AMDVI_SUBMITTED_REQUEST, size_of_request(request), tag, &flight);
    if (status)
        return status;
    flight_of_request(flight, request);
    return start(device, flight);
}

enum amdvi_status amdvi_submit_interrupt(struct amdvi_device *device, uint16_t requester, uint64_t address,
                                         uint32_t data, uint64_t tag)
{
    enum amdvi_status status;
    struct flight *flight;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    status = begin(device, AMDVI_SUBMITTED_INTERRUPT, all_of(FLIGHT_TO(interrupt)), tag, &flight);
    if (status)
        return status;
    interrupt_begin(&flight->interrupt, &flight->job, requester, address, data);
    return start(device, flight);
}

enum amdvi_status amdvi_submit_page_request(struct amdvi_device *device,
                                            const struct amdvi_page_request *request, uint64_t tag)
{
    enum amdvi_status status;
    struct flight *flight;

    if (!device || !request || !page_request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    status = begin(device, AMDVI_SUBMITTED_PAGE_REQUEST, all_of(FLIGHT_TO(page)), tag, &flight);
    if (status)
        return status;
    page_request_begin(&flight->page, &flight->job, request);
    return start(device, flight);
}

enum amdvi_status amdvi_submit_prefetch(struct amdvi_device *device, const struct amdvi_prefetch *prefetch,
                                        uint64_t tag)
{
    enum { MOST = 256, PASIDS = 1 << 20 };
    enum amdvi_status status;
    struct flight *flight;

    if (!device || !prefetch || !prefetch->count || prefetch->count > MOST || prefetch->pasid >= PASIDS)
        return AMDVI_ERR_ARGUMENT;
    status = begin(device, AMDVI_SUBMITTED_PREFETCH, all_of(FLIGHT_TO(prefetch)), tag, &flight);
    if (status)
        return status;
    flight->prefetch.order = (struct prefetch_order){.device = prefetch->device,
                                                     .guest = prefetch->has_pasid,
                                                     .pasid = prefetch->pasid,
                                                     .address = prefetch->address,
                                                     .directories = true,
                                                     .count = prefetch->count};
    return start(device, flight);
}

enum amdvi_status amdvi_submit_register(struct amdvi_device *device,
                                        const struct amdvi_register_access *access, uint64_t tag)
{
    enum amdvi_status status;
    struct flight *flight;

    if (!device || !access || access->space > AMDVI_SPACE_VFC)
        return AMDVI_ERR_ARGUMENT;
    status = begin(device, AMDVI_SUBMITTED_REGISTER, all_of(FLIGHT_TO(value)), tag, &flight);
    if (status)
        return status;
    flight->access = *access;
    return start(device, flight);
}

enum amdvi_status amdvi_memory_done(struct amdvi_device *device, uint64_t id, enum amdvi_memory_result result,
                                    const void *data)
{
    if (!device || !device->external)
        return AMDVI_ERR_ARGUMENT;
    if (external_refuses(device))
        return AMDVI_ERR_BUSY;
    if (!external_answer(device->external, id, result, data))
        return AMDVI_ERR_ARGUMENT;
    external_pump(device);
    return AMDVI_OK;
}

enum amdvi_status amdvi_memory_answer(struct amdvi_device *device, uint64_t id)
{
    if (!device || !device->external)
        return AMDVI_ERR_ARGUMENT;
    if (external_refuses(device))
        return AMDVI_ERR_BUSY;
    if (!external_answer_now(device, id))
        return AMDVI_ERR_ARGUMENT;
    external_pump(device);
    return AMDVI_OK;
}

bool amdvi_request_is_legal(const struct amdvi_request *request)
{
    return request_legal(request);
}

enum amdvi_status amdvi_answer_cached(struct amdvi_device *device, const struct amdvi_request *request,
                                      struct amdvi_result *result, struct amdvi_work *work, bool *answered)
{
    if (!device || !result || !work || !answered || !request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    *answered = !device_busy(device) && answer_hit(device, request, result);
    if (!*answered)
        return AMDVI_OK;
    *work = (struct amdvi_work){.dtc = 1, .ptc = 1};
    work->ptc_sizes = (uint16_t)ptc_sizes_looked_for(&device->tlb, device->tlb.last);
    device->statistics.requests++;
    request_observe(device, request, result);
    return AMDVI_OK;
}
