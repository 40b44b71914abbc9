// SPDX-License-Identifier: Apache-2.0
/* Translation requests from their first page to the last: what is asked is looked up, what fails is reported.
 */
#include "model/requests/request.h"

#include "model/guests/fault_route.h"
#include "model/lookup/ranges.h"
#include "model/observe/watch.h"
#include "model/requests/hit.h"

enum { PAGE_BYTES = 4096, INT_BYTES = 4 };

static const uint64_t length_limit = (uint64_t)1 << 30;

bool request_legal(const struct amdvi_request *request)
{
    return request && request->op <= AMDVI_ATOMIC && request->at <= AMDVI_TRANSLATED &&
           request->length >= 1 && request->length <= length_limit &&
           request->address + (request->length - 1) >= request->address && request->pasid < 1u << 20;
}

/* 8.1: an aligned 4-byte posted write without PASID. */
bool request_is_interrupt(const struct amdvi_request *request)
{
    return request->op == AMDVI_WRITE && request->at == AMDVI_UNTRANSLATED && request->length == 4 &&
           request->address % 4 == 0 && !request->has_pasid && is_interrupt_address(request->address);
}

bool amdvi_request_is_interrupt(const struct amdvi_request *request)
{
    return request && request_is_interrupt(request);
}

/* ATS: what would be a page fault is a completion without permissions (7.5, 9.2). */
static bool answered_without_permission(const struct amdvi_device *device, const struct amdvi_fault *fault,
                                        const struct amdvi_request *request)
{
    if (request->at != AMDVI_TRANSLATION_REQUEST)
        return false;
    if (fault->reason == REASON_ATS_ADDRESS)
        return !device->config.value[CONFIG_ATS_RANGE];
    return fault->event == EVT_IO_PAGE_FAULT;
}

/* False: its record is on its way. */
static bool raise_fault(struct amdvi_device *device, struct translation *t)
{
    struct amdvi_result *r = t->result;

    if (t->state != TRANSLATION_REPORT) {
        *r = (struct amdvi_result){0};
        if (t->dte)
            t->dte = dtc_own(&t->entry);
        fault_report_begin(&t->report);
        t->state = TRANSLATION_REPORT;
    }
    if (!fault_raise(device, t->job, t->reason, &t->facts, t->dte, &r->fault, &t->report))
        return false;
    r->ok = answered_without_permission(device, &r->fault, t->request);
    r->identity = r->ok;
    r->pa = r->ok ? t->address : 0;
    r->size = r->ok ? PAGE_BYTES : 0;
    r->covered = r->ok ? PAGE_BYTES - t->address % PAGE_BYTES : 0;
    t->job->counts->faulted += !r->ok;
    return true;
}

static inline bool finish(struct amdvi_device *device, struct translation *t, const struct walk *walk)
{
    if (walk && t->state != TRANSLATION_REPORT)
        translation_conclude(device, t, walk);
    if (t->reason && !raise_fault(device, t))
        return false;
    if (t->watch.on)
        watch_page(device, t);
    return true;
}

bool translation_finish(struct amdvi_device *device, struct translation *t, const struct walk *walk)
{
    return finish(device, t, walk);
}

bool translation_step(struct amdvi_device *device, struct translation *t, struct walk_run *run)
{
    if (t->state == TRANSLATION_BEGIN) {
        watch_begin(device, t->job, &t->watch);
        t->state = TRANSLATION_ENTRY;
    }
    if (t->state == TRANSLATION_ENTRY) {
        enum decision decision = translation_decide(device, t);
        if (decision == DECISION_ASKED)
            return false;
        if (decision == DECISION_MADE)
            return finish(device, t, NULL);
        t->state = TRANSLATION_WALK;
        run->begun = false;
    }
    if (t->state == TRANSLATION_WALK && !exec_walk(device, t->job, run, &t->walk, &t->space))
        return false;
    return finish(device, t, &run->walk);
}

/* The same without states, for the executor that answers at once. */
__attribute__((always_inline)) static inline void translate_page(struct amdvi_device *device,
                                                                 struct translation *t)
{
    struct walk walk;

    watch_begin(device, t->job, &t->watch);
    if (translation_decide(device, t) == DECISION_WALK) {
        exec_walk_now(device, t->job, &walk, &t->walk, &t->space);
        finish(device, t, &walk);
    } else {
        finish(device, t, NULL);
    }
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t request_answered(const struct amdvi_device *device, const struct amdvi_result *page,
                          uint64_t address, uint64_t left)
{
    uint64_t in_page = PAGE_BYTES - address % PAGE_BYTES;

    if (left <= in_page || page->covered <= in_page)
        return smaller(left, in_page);
    return smaller(left, smaller(page->covered - 1, range_alike_until(device, address) - address) + 1);
}

/*
 * The pages behind the first. The whole request fails with the first page that does; what a page grants
 * does not matter beyond that, because each was checked for what the request needs (trace rule 3).
 */
void translation_rest(struct amdvi_device *device, struct job *job, const struct amdvi_request *request,
                      struct amdvi_result *result)
{
    uint64_t done = request_answered(device, result, request->address, request->length);
    struct amdvi_result page;
    struct translation t;

    while (result->ok && done < request->length) {
        translation_begin(&t, job, request, request->address + done, &page);
        translate_page(device, &t);
        if (!page.ok)
            *result = page;
        done += request_answered(device, &page, t.address, request->length - done);
    }
}

void translation_page(struct amdvi_device *device, struct job *job, const struct amdvi_request *request,
                      struct amdvi_result *result)
{
    struct translation t;

    translation_begin(&t, job, request, request->address, result);
    translate_page(device, &t);
}

static void next_page(const struct amdvi_device *device, struct lookup *l)
{
    if (l->done == 0 || !l->page.ok)
        l->result = l->page;
    l->done += request_answered(device, &l->page, l->translation.address, l->request.length - l->done);
    l->under_way = false;
}

/* An ATS completion speaks of one page. */
static bool complete(const struct lookup *l)
{
    return !l->result.ok || l->request.at == AMDVI_TRANSLATION_REQUEST || l->done >= l->request.length;
}

bool lookup_step(struct amdvi_device *device, struct job *job, struct lookup *l)
{
    do {
        if (!l->under_way)
            translation_begin(&l->translation, job, &l->request, l->request.address + l->done, &l->page);
        l->under_way = true;
        if (!translation_step(device, &l->translation, &l->run))
            return false;
        next_page(device, l);
    } while (!complete(l));
    return true;
}

void request_observe(struct amdvi_device *device, const struct amdvi_request *request,
                     const struct amdvi_result *result)
{
    if (__builtin_expect(device->observed, 0) && device->observer.request)
        device->observer.request(device->observer.context, request, result);
}

void request_of_interrupt(const struct amdvi_int_result *message, struct amdvi_result *result)
{
    *result = (struct amdvi_result){.ok = message->ok,
                                    .identity = true,
                                    .size = INT_BYTES,
                                    .covered = INT_BYTES,
                                    .pa = message->address,
                                    .perm = PERM_WRITE,
                                    .fault = message->fault};
}

void request_as_interrupt(struct amdvi_device *device, const struct amdvi_request *request, uint32_t data,
                          struct amdvi_result *result)
{
    struct amdvi_int_result message;

    amdvi_interrupt(device, request->device, request->address, data, &message);
    request_of_interrupt(&message, result);
}

static inline void translate_request(struct amdvi_device *device, const struct amdvi_request *request,
                                     struct amdvi_result *result)
{
    struct translation t;
    struct job job;

    tell_call(device, AMDVI_CALL_REQUEST, 0);
    job_begin(device, &job);
    translation_begin(&t, &job, request, request->address, result);
    translate_page(device, &t);
    /* An ATS completion speaks of one page. */
    if (result->ok && request->at != AMDVI_TRANSLATION_REQUEST &&
        request->address % PAGE_BYTES + request->length > PAGE_BYTES)
        translation_rest(device, &job, request, result);
}

/* Apart, so that a hit saves no registers for it. */
__attribute__((noinline)) static enum amdvi_status translate_the_long_way(struct amdvi_device *device,
                                                                          const struct amdvi_request *request,
                                                                          struct amdvi_result *result)
{
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    device->statistics.requests++;
    device->statistics.ats_requests += request->at == AMDVI_TRANSLATION_REQUEST;
    if (request_is_interrupt(request)) {
        request_as_interrupt(device, request, 0, result);
        return AMDVI_OK;
    }
    translate_request(device, request, result);
    request_observe(device, request, result);
    return AMDVI_OK;
}

enum amdvi_status amdvi_translate(struct amdvi_device *device, const struct amdvi_request *request,
                                  struct amdvi_result *result)
{
    if (!device || !result || !request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    if (!answer_hit(device, request, result))
        return translate_the_long_way(device, request, result);
    device->statistics.requests++;
    if (__builtin_expect(device->hits_heard, 0))
        request_observe(device, request, result);
    return AMDVI_OK;
}
