// SPDX-License-Identifier: Apache-2.0
/* Submissions, and the pump that carries them from answer to answer (amdvi/external.h). */
#include "model/flight.h"
#include "model/port/external.h"

/* What an ended job may have held up goes on (6.4: a COMPLETION_WAIT waits for what an invalidation covered).
 */
static void go_on(struct amdvi_device *device)
{
    device->external->stirred = false;
    amdvi_run(device);
}

/* Whatever is called from inside only notes what is to be done. */
static void pump(struct amdvi_device *device)
{
    struct external *external = device->external;
    struct job *job;

    if (external->pumping)
        return;
    external->pumping = true;
    while ((job = external_take_ready(external)) || external->stirred) {
        struct flight *flight = (struct flight *)(void *)job;
        if (!job)
            go_on(device);
        else if (flight_step(device, flight))
            flight_end(device, flight, flight->status);
    }
    external->pumping = false;
}

static enum amdvi_status begin(struct amdvi_device *device, enum amdvi_submission kind, uint64_t tag,
                               struct flight **flight)
{
    if (!device->external)
        return AMDVI_ERR_UNSUPPORTED;
    if (device->external->free_slot == NO_SLOT)
        return AMDVI_ERR_BUSY;
    *flight = flight_begin(device, kind, tag);
    return *flight ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;
}

static enum amdvi_status start(struct amdvi_device *device, struct flight *flight)
{
    external_ready(device->external, &flight->job);
    pump(device);
    return AMDVI_OK;
}

enum amdvi_status amdvi_submit_request(struct amdvi_device *device, const struct amdvi_request *request,
                                       uint64_t tag)
{
    enum amdvi_status status;
    struct flight *flight;

    if (!device || !request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    status = begin(device, AMDVI_SUBMITTED_REQUEST, tag, &flight);
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
    status = begin(device, AMDVI_SUBMITTED_INTERRUPT, tag, &flight);
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
    status = begin(device, AMDVI_SUBMITTED_PAGE_REQUEST, tag, &flight);
    if (status)
        return status;
    flight->page_request = *request;
    return start(device, flight);
}

enum amdvi_status amdvi_submit_register(struct amdvi_device *device,
                                        const struct amdvi_register_access *access, uint64_t tag)
{
    enum amdvi_status status;
    struct flight *flight;

    if (!device || !access || access->space > AMDVI_SPACE_VFC)
        return AMDVI_ERR_ARGUMENT;
    status = begin(device, AMDVI_SUBMITTED_REGISTER, tag, &flight);
    if (status)
        return status;
    flight->access = *access;
    return start(device, flight);
}

enum amdvi_status amdvi_memory_done(struct amdvi_device *device, uint64_t id, enum amdvi_memory_result result,
                                    const void *data)
{
    if (!device || !device->external || !external_answer(device->external, id, result, data))
        return AMDVI_ERR_ARGUMENT;
    pump(device);
    return AMDVI_OK;
}
