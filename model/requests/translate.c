// SPDX-License-Identifier: Apache-2.0
/* Translation requests from their first page to the last: what is asked is looked up, what fails is reported.
 */
#include "model/requests/request.h"

#include "model/observe/watch.h"
#include "model/requests/hit.h"

enum { PAGE_BYTES = 4096 };

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

static void raise_fault(struct amdvi_device *device, struct translation *t)
{
    struct amdvi_result *r = t->result;

    *r = (struct amdvi_result){0};
    fault_raise(device, t->reason, &t->facts, t->dte, &r->fault);
    r->ok = answered_without_permission(device, &r->fault, t->request);
    r->identity = r->ok;
    r->pa = r->ok ? t->address : 0;
    device->statistics.faulted += !r->ok;
}

void translation_finish(struct amdvi_device *device, struct translation *t, const struct walk *walk)
{
    if (walk)
        translation_conclude(device, t, walk);
    if (t->reason)
        raise_fault(device, t);
}

static void translate_page(struct amdvi_device *device, struct translation *t)
{
    struct walk walk;
    bool walked;

    if (__builtin_expect(device->watched, 0))
        watch_begin(device);
    walked = translation_decide(device, t);
    if (walked)
        exec_direct(device, &walk, &t->walk, &t->space);
    if (walked || t->reason)
        translation_finish(device, t, walked ? &walk : NULL);
    if (__builtin_expect(device->watched, 0))
        watch_page(device, t);
}

/* Bytes of the request that the answer for `address` covers. */
static uint64_t answered(const struct amdvi_result *page, uint64_t address, uint64_t left)
{
    uint64_t in_page = PAGE_BYTES - address % PAGE_BYTES;
    uint64_t covered = page->covered > in_page ? page->covered : in_page;

    return covered < left ? covered : left;
}

/*
 * The pages behind the first. The whole request fails with the first page that does; what a page grants
 * does not matter beyond that, because each was checked for what the request needs (trace rule 3).
 */
void translation_rest(struct amdvi_device *device, const struct amdvi_request *request,
                      struct amdvi_result *result)
{
    uint64_t done = answered(result, request->address, request->length);
    struct amdvi_result page;
    struct translation t;

    t.request = request;
    t.result = &page;
    while (result->ok && done < request->length) {
        t.address = request->address + done;
        translate_page(device, &t);
        if (!page.ok)
            *result = page;
        done += answered(&page, t.address, request->length - done);
    }
}

void translation_page(struct amdvi_device *device, const struct amdvi_request *request,
                      struct amdvi_result *result)
{
    struct translation t;

    t.request = request;
    t.address = request->address;
    t.result = result;
    translate_page(device, &t);
}

void request_observe(struct amdvi_device *device, const struct amdvi_request *request,
                     const struct amdvi_result *result)
{
    if (__builtin_expect(device->observed, 0) && device->observer.request)
        device->observer.request(device->observer.context, request, result);
}

void request_as_interrupt(struct amdvi_device *device, const struct amdvi_request *request, uint32_t data,
                          struct amdvi_result *result)
{
    struct amdvi_int_result message;

    amdvi_interrupt(device, request->device, request->address, data, &message);
    *result = (struct amdvi_result){.ok = message.ok,
                                    .identity = true,
                                    .pa = message.address,
                                    .perm = PERM_WRITE,
                                    .fault = message.fault};
}

static void translate_request(struct amdvi_device *device, const struct amdvi_request *request,
                              struct amdvi_result *result)
{
    translation_page(device, request, result);
    /* An ATS completion speaks of one page. */
    if (result->ok && request->at != AMDVI_TRANSLATION_REQUEST &&
        request->address % PAGE_BYTES + request->length > PAGE_BYTES)
        translation_rest(device, request, result);
}

enum amdvi_status amdvi_translate(struct amdvi_device *device, const struct amdvi_request *request,
                                  struct amdvi_result *result)
{
    if (!device || !result || !request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    device->statistics.requests++;
    device->statistics.ats_requests += request->at == AMDVI_TRANSLATION_REQUEST;
    if (request_is_interrupt(request)) {
        request_as_interrupt(device, request, 0, result);
        return AMDVI_OK;
    }
    if (!answer_hit(device, request, result))
        translate_request(device, request, result);
    request_observe(device, request, result);
    return AMDVI_OK;
}
