// SPDX-License-Identifier: Apache-2.0
/*
 * The batch executor: keeps many walks under way and fetches the next address of each into the host's
 * caches while it works on the others, for tables that are larger than those caches (performance 4.3).
 *
 * Requests are decided in order and concluded in order, so that events and cache fills come as in a loop.
 */
#include "model/requests/request.h"

enum { IN_FLIGHT = 16 };

struct flight {
    struct translation translation;
    struct walk walk;
    enum walk_ask ask;
    bool walked;
};

static void prefetch_answer(const struct amdvi_device *device, const struct flight *f)
{
    const void *direct = f->ask == WALK_READ ? memory_direct(device, f->walk.address, 8) : NULL;

    if (direct)
        __builtin_prefetch(direct);
}

static void take_off(struct amdvi_device *device, struct job *job, struct flight *f,
                     const struct amdvi_request *request, struct amdvi_result *result)
{
    translation_begin(&f->translation, job, request, request->address, result);
    f->translation.watch.on = false;
    f->ask = WALK_DONE;
    f->walked = translation_decide(device, &f->translation) == DECISION_WALK;
    /* The cached entry may go before this request is concluded. */
    if (f->translation.dte)
        f->translation.dte = f->translation.walk.dte = dtc_own(&f->translation.entry);
    if (!f->walked)
        return;
    f->ask = walk_start(&f->walk, &f->translation.walk);
    prefetch_answer(device, f);
}

static void step(struct amdvi_device *device, const struct exec_window *window, struct flight *f)
{
    if (!exec_read_at_once(window, &f->walk, f->ask))
        exec_answer(device, f->translation.job, &f->walk, f->ask, &f->translation.space);
    f->ask = walk_step(&f->walk);
    prefetch_answer(device, f);
}

static void fly(struct amdvi_device *device, struct flight *flights, size_t count)
{
    const struct exec_window window = exec_open_window(device);
    bool busy = true;

    while (busy) {
        busy = false;
        for (size_t i = 0; i < count; i++) {
            if (flights[i].ask == WALK_DONE)
                continue;
            step(device, &window, &flights[i]);
            busy = true;
        }
    }
}

static void land(struct amdvi_device *device, struct flight *f)
{
    struct amdvi_result *result = f->translation.result;
    const struct amdvi_request *request = f->translation.request;

    translation_finish(device, &f->translation, f->walked ? &f->walk : NULL);
    if (result->ok && request->at != AMDVI_TRANSLATION_REQUEST)
        translation_rest(device, f->translation.job, request, result);
    request_observe(device, request, result);
}

/* A run of requests that may fly together: at most IN_FLIGHT. Interrupts must not overtake them, and
 * watchers want to know what each request did. */
static size_t squadron(const struct amdvi_device *device, const struct amdvi_request *requests, size_t count)
{
    bool together = !device->watched && !(device->observed && device->observer.call);
    size_t n = 0;

    while (together && n < count && n < IN_FLIGHT && !request_is_interrupt(&requests[n]))
        n++;
    return n;
}

static void translate_together(struct amdvi_device *device, struct flight *flights,
                               const struct amdvi_request *requests, struct amdvi_result *results,
                               size_t count)
{
    struct job job;

    job_begin(device, &job);
    for (size_t i = 0; i < count; i++) {
        device->statistics.requests++;
        device->statistics.ats_requests += requests[i].at == AMDVI_TRANSLATION_REQUEST;
        take_off(device, &job, &flights[i], &requests[i], &results[i]);
    }
    fly(device, flights, count);
    for (size_t i = 0; i < count; i++)
        land(device, &flights[i]);
}

enum amdvi_status amdvi_translate_batch(struct amdvi_device *device, const struct amdvi_request *requests,
                                        struct amdvi_result *results, size_t count)
{
    struct flight flights[IN_FLIGHT];

    if (!device || !requests || !results)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    for (size_t i = 0; i < count; i++)
        if (!request_legal(&requests[i]))
            return AMDVI_ERR_ARGUMENT;
    for (size_t i = 0; i < count;) {
        size_t n = squadron(device, &requests[i], count - i);
        if (n == 0) {
            amdvi_translate(device, &requests[i], &results[i]);
            n = 1;
        } else {
            translate_together(device, flights, &requests[i], &results[i], n);
        }
        i += n;
    }
    return AMDVI_OK;
}
