// SPDX-License-Identifier: Apache-2.0
#include "model/lookup/verdict.h"

#include "model/lookup/marc.h"
#include "tables/layout.h"

enum { PAGE_BYTES = 4096 };

/* ---------------------------------------------------------------- what a request needs */

static bool is_write(const struct amdvi_request *request)
{
    return request->at != AMDVI_TRANSLATION_REQUEST &&
           (request->op == AMDVI_WRITE || request->op == AMDVI_ATOMIC);
}

static bool asks_to_write(const struct amdvi_request *request)
{
    return request->at == AMDVI_TRANSLATION_REQUEST && !request->no_write;
}

/* ---------------------------------------------------------------- results */

struct fault_facts verdict_facts(const struct amdvi_device *device, const struct translation *t)
{
    const struct amdvi_request *rq = t->request;

    return (struct fault_facts){
        .device = rq->device,
        .domain = t->dte ? t->dte->domain : 0,
        .pasid = rq->has_pasid ? rq->pasid : 0,
        .address = t->address,
        .guest = rq->has_pasid,
        .user = request_is_user(device, rq),
        .exec = rq->op == AMDVI_EXECUTE || rq->execute,
        .giov = !rq->has_pasid,
        .write = is_write(rq) || asks_to_write(rq),
        .translation = rq->at == AMDVI_TRANSLATION_REQUEST,
        .posted = rq->op == AMDVI_WRITE && rq->at == AMDVI_UNTRANSLATED,
    };
}

/* Faults are made when the request ends (requests/translate.c), so that their records come in the order of
 * the requests. */
bool verdict_fail_with(struct translation *t, enum reason reason, const struct fault_facts *facts)
{
    t->reason = reason;
    t->facts = *facts;
    return false;
}

bool verdict_fail(const struct amdvi_device *device, struct translation *t, enum reason reason)
{
    struct fault_facts facts = verdict_facts(device, t);

    return verdict_fail_with(t, reason, &facts);
}

/* By choice the address that a translation gives is looked up in the MARC apertures, page by page. Requests
 * that come translated have been there. */
static bool route_result(const struct amdvi_device *device, struct translation *t)
{
    struct amdvi_result *r = t->result;
    struct marc_target target;

    if (!marc_matches(device, MARC_RESULT) || !t->dte || !t->dte->valid || t->request->at == AMDVI_TRANSLATED)
        return false;
    if (r->covered > PAGE_BYTES - r->pa % PAGE_BYTES)
        r->covered = PAGE_BYTES - r->pa % PAGE_BYTES;
    if (!marc_find(device, r->pa, &target))
        return false;
    if (request_needs(t->request) & PERM_WRITE & ~target.perm)
        return verdict_fail(device, t, REASON_MARC_READ_ONLY);
    r->pa = target.address;
    r->perm &= target.perm | PERM_EXEC;
    return false;
}

bool verdict_pass(struct amdvi_device *device, struct translation *t, uint8_t perm)
{
    uint8_t exec = perm & PERM_READ ? PERM_EXEC : 0;

    *t->result = (struct amdvi_result){
        .ok = true,
        .identity = true,
        .pa = t->address,
        .size = PAGE_BYTES,
        .covered = PAGE_BYTES - t->address % PAGE_BYTES,
        .perm = (uint8_t)((perm | exec) & request_asks(t->request)),
        .no_snoop_forbidden = no_snoop_forbidden(device, t->request, t->dte && t->dte->mode0_fc)};
    t->job->counts->passed++;
    return __builtin_expect(device->env.marc, 0) && route_result(device, t);
}

bool verdict_succeed(struct amdvi_device *device, struct translation *t, const struct page *page)
{
    struct amdvi_result *r = t->result;
    uint64_t size = (uint64_t)1 << page->shift;

    *r = (struct amdvi_result){
        .ok = true,
        .pa = page->spa,
        .size = size,
        .covered = size - (t->address & (size - 1)),
        .perm = (uint8_t)(page->perm & request_asks(t->request)),
        .untranslated_only = page->flags & PTC_UNTRANSLATED,
        .no_snoop_forbidden = no_snoop_forbidden(device, t->request, page->flags & PTC_COHERENT),
        .global = page->flags & PTC_GLOBAL,
        .privileged_page = !(page->flags & PTC_USER),
    };
    t->job->counts->translated++;
    return __builtin_expect(device->env.marc, 0) && route_result(device, t);
}
