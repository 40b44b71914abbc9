// SPDX-License-Identifier: Apache-2.0
#include "model/lookup/translate.h"

#include "model/base/fault_facts.h"
#include "model/lookup/dtc.h"
#include "model/lookup/marc.h"
#include "model/lookup/ranges.h"

#include "tables/layout.h"

enum { PAGE_BYTES = 4096 };

/* ---------------------------------------------------------------- what a request needs */

static uint8_t needs(const struct amdvi_request *request)
{
    if (request->at == AMDVI_TRANSLATION_REQUEST)
        return 0;
    switch (request->op) {
    case AMDVI_WRITE:
        return PERM_WRITE;
    case AMDVI_EXECUTE:
        return PERM_EXEC;
    case AMDVI_ATOMIC:
        return PERM_READ | PERM_WRITE;
    default:
        return PERM_READ;
    }
}

/* What the completion may grant beyond what is needed: an ATS request asks, it does not insist (9.2). */
static uint8_t asks(const struct amdvi_request *request)
{
    uint8_t perm = PERM_READ | PERM_WRITE;

    if (request->at == AMDVI_TRANSLATION_REQUEST && request->no_write)
        perm = PERM_READ;
    return perm | (request->execute || request->op == AMDVI_EXECUTE ? PERM_EXEC : 0);
}

/* 5.3: a request is a user request unless it says otherwise and USSup=1. */
static bool is_user(const struct amdvi_device *device, const struct amdvi_request *request)
{
    return !(request->privileged && reg_efr_ussup(device->env.efr));
}

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

static struct fault_facts facts_of(const struct amdvi_device *device, const struct translation *t)
{
    const struct amdvi_request *rq = t->request;

    return (struct fault_facts){
        .device = rq->device,
        .domain = t->dte ? t->dte->domain : 0,
        .pasid = rq->has_pasid ? rq->pasid : 0,
        .address = t->address,
        .guest = rq->has_pasid,
        .user = is_user(device, rq),
        .exec = rq->op == AMDVI_EXECUTE || rq->execute,
        .giov = !rq->has_pasid,
        .write = is_write(rq) || asks_to_write(rq),
        .translation = rq->at == AMDVI_TRANSLATION_REQUEST,
        .posted = rq->op == AMDVI_WRITE && rq->at == AMDVI_UNTRANSLATED,
    };
}

/* N of a completion is FC of the page, or by choice the inverse of it (13 #27). */
static bool no_snoop_forbidden(const struct amdvi_device *device, const struct amdvi_request *request,
                               bool force_coherent)
{
    bool inverse = request->at == AMDVI_TRANSLATION_REQUEST && device->config.value[CONFIG_ATS_N];

    return force_coherent != inverse;
}

/* Faults are made when the request ends (requests/translate.c), so that their records come in the order of
 * the requests. */
static bool fail_with(struct translation *t, enum reason reason, const struct fault_facts *facts)
{
    t->reason = reason;
    t->facts = *facts;
    return false;
}

static bool fail(const struct amdvi_device *device, struct translation *t, enum reason reason)
{
    struct fault_facts facts = facts_of(device, t);

    return fail_with(t, reason, &facts);
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
    if (needs(t->request) & PERM_WRITE & ~target.perm)
        return fail(device, t, REASON_MARC_READ_ONLY);
    r->pa = target.address;
    r->perm &= target.perm | PERM_EXEC;
    return false;
}

static bool pass(struct amdvi_device *device, struct translation *t, uint8_t perm)
{
    uint8_t exec = perm & PERM_READ ? PERM_EXEC : 0;

    *t->result = (struct amdvi_result){
        .ok = true,
        .identity = true,
        .pa = t->address,
        .size = PAGE_BYTES,
        .covered = PAGE_BYTES - t->address % PAGE_BYTES,
        .perm = (uint8_t)((perm | exec) & asks(t->request)),
        .no_snoop_forbidden = no_snoop_forbidden(device, t->request, t->dte && t->dte->mode0_fc)};
    t->job->counts->passed++;
    return route_result(device, t);
}

struct page {
    uint64_t spa;
    uint8_t shift, perm, flags;
};

static bool succeed(struct amdvi_device *device, struct translation *t, const struct page *page)
{
    struct amdvi_result *r = t->result;
    uint64_t size = (uint64_t)1 << page->shift;

    *r = (struct amdvi_result){
        .ok = true,
        .pa = page->spa,
        .size = size,
        .covered = size - (t->address & (size - 1)),
        .perm = (uint8_t)(page->perm & asks(t->request)),
        .untranslated_only = page->flags & PTC_UNTRANSLATED,
        .no_snoop_forbidden = no_snoop_forbidden(device, t->request, page->flags & PTC_COHERENT),
        .global = page->flags & PTC_GLOBAL,
        .privileged_page = !(page->flags & PTC_USER),
    };
    t->job->counts->translated++;
    return route_result(device, t);
}

/* Granted to this request: what the tables allow, cut by the rights of an entry and by user mode. */
static uint8_t granted(const struct amdvi_device *device, const struct translation *t, uint8_t perm,
                       uint8_t flags, uint8_t rights)
{
    if (t->space.guest && !(flags & PTC_USER) && is_user(device, t->request))
        return 0;
    return perm & rights;
}

/* ---------------------------------------------------------------- ranges with a meaning */

/* Inside an aperture a request is neither translated nor checked for anything but ReadOnly. */
static bool decide_by_aperture(struct amdvi_device *device, struct translation *t,
                               const struct marc_target *target)
{
    if (needs(t->request) & PERM_WRITE & ~target->perm)
        return fail(device, t, REASON_MARC_READ_ONLY);
    pass(device, t, target->perm);
    t->result->pa = target->address;
    return false;
}

static bool in_aperture(const struct amdvi_device *device, const struct translation *t,
                        struct marc_target *target)
{
    return marc_matches(device, MARC_REQUEST) && t->request->at == AMDVI_UNTRANSLATED &&
           !t->request->has_pasid && marc_find(device, t->address, target);
}

/* Before what the entry says, or by choice behind it (13 #30). */
enum exclusion_order { EXCLUSION_FIRST, EXCLUSION_LAST };

static bool exclusion_lets(const struct amdvi_device *device, struct translation *t,
                           enum exclusion_order order)
{
    t->excluded = device->config.value[CONFIG_DTE_EXCLUSION] == order &&
                  t->request->at == AMDVI_UNTRANSLATED && range_excluded(device, t);
    return t->excluded;
}

/* An interrupt that a PASID makes illegal is reported as an interrupt. */
static bool fail_in_int_range(const struct amdvi_device *device, struct translation *t)
{
    struct fault_facts facts = facts_of(device, t);
    enum reason reason = range_interrupt_reason(t);

    facts.interrupt = reason == REASON_INT_PASID;
    facts.guest &= !facts.interrupt;
    return fail_with(t, reason, &facts);
}

/* ---------------------------------------------------------------- decision */

/* IommuEn=0 or V=0: everything passes, and nobody answers translation requests (3.3, 9.1). */
static bool transparent(struct amdvi_device *device, struct translation *t)
{
    if (t->request->at == AMDVI_TRANSLATION_REQUEST)
        return fail(device, t, REASON_ATS_UNSUPPORTED);
    return pass(device, t, PERM_READ | PERM_WRITE);
}

static bool fetch_failed(const struct amdvi_device *device, struct translation *t,
                         const struct dte_fetch *fetch)
{
    struct fault_facts facts = facts_of(device, t);

    if (fetch->reason == REASON_DTE_READ_ERROR) {
        facts.address = fetch->address;
        facts.error = fetch->error;
    } else if (facts.translation) {
        return fail(device, t, REASON_ATS_DEVICE);
    }
    return fail_with(t, fetch->reason, &facts);
}

/* Requests that come with a translation, or ask for one, need DTE.I (9.1, 9.2). */
static enum reason ats_reason(const struct translation *t)
{
    if (t->request->at == AMDVI_TRANSLATED && !t->dte->iotlb)
        return REASON_REQ_PRETRANSLATED;
    if (t->request->at == AMDVI_TRANSLATION_REQUEST && (!t->dte->iotlb || !t->dte->tv))
        return REASON_ATS_DISABLED;
    return t->dte->tv ? REASON_NONE : REASON_DTE_TV0;
}

static const struct ptc_line *find_line(struct amdvi_device *device, const struct translation *t)
{
    const struct ptc_line *line = ptc_lookup(&device->tlb, &t->space, t->address);

    if (line && job_injects(device, t->job) && inject_cache(device, AMDVI_CACHE_PTC, 0, t->address)) {
        ptc_forget(&device->tlb, line);
        return NULL;
    }
    return line;
}

/* With WP=0 a privileged request may have what no line shows (13 #24). */
static bool gets_more(const struct translation *t, uint8_t perm)
{
    return t->walk.env->privileged_may_write && t->walk.guest && !t->walk.user && asks(t->request) & ~perm;
}

static void tell_cached(struct amdvi_device *device, const struct translation *t, const struct ptc_line *line)
{
    struct place place = {.spa = line->spa,
                          .access = t->space.guest ? AMDVI_ACCESS_GUEST_ENTRY : AMDVI_ACCESS_HOST_ENTRY,
                          .level = (uint8_t)((line->walk_shift - 12) / 9 + 1)};

    tap_cached(device, &place, AMDVI_CACHE_PTC, NULL, 0);
}

static bool cached_answer(struct amdvi_device *device, struct translation *t)
{
    const struct ptc_line *line = find_line(device, t);
    uint8_t need = t->walk.need, perm;

    /* PASID 0 by prefix and by GIoV share lines, but not the rule of what an address may look like (5.2). */
    if (!line || (t->space.guest && !walk_canonical(t->dte, t->address, t->walk.giov))) {
        t->job->counts->ptc_misses++;
        return false;
    }
    perm = granted(device, t, line->perm, line->flags,
                   device->env.rights_kept ? line->perm : dte_rights(t->dte));
    /* What is missing may have been added since: only a walk can tell (10.2). */
    if (need & ~perm || gets_more(t, perm) ||
        ((need | (t->walk.ask & perm)) & PERM_WRITE && !(line->flags & PTC_DIRTY)) ||
        (t->space.guest && !t->dte->guest_tables && !device->env.rights_kept)) {
        t->job->counts->ptc_misses++;
        return false;
    }
    t->job->counts->ptc_hits++;
    if (job_seen(device, t->job))
        tell_cached(device, t, line);
    succeed(device, t,
            &(struct page){.spa = line->spa | (t->address & (((uint64_t)1 << tlb_id_more(line->id)) - 1)),
                           .shift = line->walk_shift,
                           .perm = perm,
                           .flags = line->flags});
    return true;
}

static bool by_guest_tables(const struct translation *t)
{
    return t->dte->guest && (t->request->has_pasid || t->dte->giov);
}

static void prepare_walk(const struct amdvi_device *device, struct translation *t)
{
    const struct amdvi_request *rq = t->request;
    bool ats = rq->at == AMDVI_TRANSLATION_REQUEST;
    bool guest = by_guest_tables(t);

    t->space = (struct tlb_space){.domain = t->dte->domain,
                                  .guest = guest,
                                  .pasid = guest && rq->has_pasid ? rq->pasid : 0,
                                  .owned = t->dte->vimu,
                                  .owner = t->dte->guest_id,
                                  .withheld = dte_withheld(t->dte, &device->env)};
    t->walk = (struct walk_request){.dte = t->dte,
                                    .env = &device->env,
                                    .address = t->address,
                                    .pasid = t->space.pasid,
                                    .need = needs(rq),
                                    .ask = ats ? asks(rq) : 0,
                                    .user = is_user(device, rq),
                                    .guest = guest,
                                    .giov = guest && !rq->has_pasid,
                                    .probe = job_caches(device, t->job)};
}

/* A walk is needed unless the entry says identity or a cache knows the answer. */
static bool needs_walk(struct amdvi_device *device, struct translation *t)
{
    if (t->dte->mode == 0 && !by_guest_tables(t))
        return pass(device, t, t->dte->perm);
    prepare_walk(device, t);
    return !t->walk.probe || !cached_answer(device, t);
}

/* By choice a cached translation still grants what the entry of its time did (10.2, XSA-442). */
static bool answered_by_old_rights(struct amdvi_device *device, struct translation *t)
{
    if (!device->env.rights_kept || !job_caches(device, t->job) || (t->dte->mode == 0 && !by_guest_tables(t)))
        return false;
    prepare_walk(device, t);
    return cached_answer(device, t);
}

/* 15 D8: Mode, then DTE.IR/IW, then the walk. */
static enum reason dte_reason(const struct amdvi_device *device, const struct translation *t)
{
    uint8_t need = needs(t->request);
    uint8_t host_need = (need & PERM_WRITE) | (need & (PERM_READ | PERM_EXEC) ? PERM_READ : 0);
    bool denied = host_need & ~t->dte->perm;

    if (t->request->has_pasid && !t->dte->guest && !device->config.value[CONFIG_DTE_GV0_PASID])
        return REASON_GUEST_DISABLED;
    if (t->dte->mode_verdict && !(denied && device->config.value[CONFIG_DTE_ORDER]))
        return REASON_DTE_MODE;
    return denied ? REASON_DTE_PERMISSION : REASON_NONE;
}

/* A PASID that is ignored is not reported either (13 #20). */
static bool fail_by_entry(const struct amdvi_device *device, struct translation *t, enum reason reason)
{
    struct fault_facts facts = facts_of(device, t);

    facts.guest &= reason == REASON_GUEST_DISABLED || t->dte->guest;
    return fail_with(t, reason, &facts);
}

/* What the entry decides about a request outside all ranges with a meaning. */
static bool decide_ordinary(struct amdvi_device *device, struct translation *t)
{
    enum reason reason = dte_reason(device, t);

    if (reason == REASON_DTE_PERMISSION && answered_by_old_rights(device, t))
        return false;
    if (reason)
        return fail_by_entry(device, t, reason);
    if (exclusion_lets(device, t, EXCLUSION_LAST))
        return pass(device, t, t->dte->perm);
    return needs_walk(device, t);
}

static bool decide_by_entry(struct amdvi_device *device, struct translation *t)
{
    enum reason reason = ats_reason(t);
    struct marc_target target;
    enum range_action action;

    if (exclusion_lets(device, t, EXCLUSION_FIRST))
        return pass(device, t, PERM_READ | PERM_WRITE);
    if (in_aperture(device, t, &target))
        return decide_by_aperture(device, t, &target);
    if (reason == REASON_DTE_TV0 && device->config.value[CONFIG_DTE_TV0]) /* TV=0 passes, by choice (13 #8) */
        return pass(device, t, PERM_READ | PERM_WRITE);
    if (reason)
        return fail(device, t, reason);
    if (t->request->at == AMDVI_TRANSLATED)
        return pass(device, t, PERM_READ | PERM_WRITE);
    if (is_interrupt_address(t->address))
        return fail_in_int_range(device, t);
    action = range_special(device, t, &reason);
    if (action == RANGE_FAIL)
        return fail(device, t, reason);
    if (action == RANGE_FORWARD)
        return pass(device, t, PERM_READ | PERM_WRITE);
    return decide_ordinary(device, t);
}

static bool decide_with_entry(struct amdvi_device *device, struct translation *t)
{
    if (t->entry.reason)
        return fetch_failed(device, t, &t->entry);
    t->dte = t->entry.dte;
    if (!t->dte->valid)
        return transparent(device, t);
    if (t->dte->verdict)
        return fail(device, t, (enum reason)t->dte->verdict);
    return decide_by_entry(device, t);
}

enum decision translation_decide(struct amdvi_device *device, struct translation *t)
{
    bool walk;

    t->dte = NULL;
    t->excluded = false;
    t->reason = REASON_NONE;
    if (!t->entry.asked && !iommu_enabled(device))
        walk = transparent(device, t);
    else if (dtc_fetch(device, t->job, t->request->device, &t->entry))
        walk = decide_with_entry(device, t);
    else
        return DECISION_ASKED;
    return walk ? DECISION_WALK : DECISION_MADE;
}

/* ---------------------------------------------------------------- conclusion */

/* By choice the guest's own address and PASID are reported, whoever refuses (13 no. 19). */
static bool reported_by_gva(const struct amdvi_device *device, const struct translation *t,
                            const struct walk *walk)
{
    return device->config.value[CONFIG_NESTED_FAULT] && t->space.guest &&
           walk->reason != REASON_TABLE_READ_ERROR;
}

/* A host fault under a guest walk is about a GPA: no PASID, no guest flags (13 no. 19, 15 D4). */
static void fail_walk(const struct amdvi_device *device, struct translation *t, const struct walk *walk)
{
    struct fault_facts facts = facts_of(device, t);

    facts.address = walk->fault_address;
    facts.error = walk->failed;
    facts.guest = walk->stage == STAGE_GUEST;
    facts.pasid = t->space.pasid;
    if (walk->stage == STAGE_HOST_TABLE && !device->config.value[CONFIG_EVENT_TABLE_RW])
        facts.write = walk->fault_update;
    if (reported_by_gva(device, t, walk)) {
        facts = facts_of(device, t);
        facts.guest = true;
    }
    fail_with(t, walk->reason, &facts);
}

static void count_walk(struct amdvi_statistics *counts, const struct walk *walk)
{
    counts->walks++;
    counts->reads_host += walk->reads_host;
    counts->reads_guest += walk->reads_guest;
    counts->reads_gcr3 += walk->reads_gcr3;
    counts->updates += walk->updates;
}

/* log2 of the bytes that a directory stands for. */
static unsigned dir_shift(const struct walk_dir *dir)
{
    return dir->kind == WALK_GCR3 ? TICKET_UNMARKED - 1 : host_level_shift(dir->level) + 9;
}

/* The page that software knows and invalidates: the guest's for guest addresses, else the host's. */
static unsigned known_shift(const struct translation *t, const struct walk *walk)
{
    return t->space.guest ? walk->result.guest_shift : walk->result.shift;
}

static void fill_caches(struct amdvi_device *device, const struct translation *t, const struct walk *walk)
{
    const struct ticket *ticket = job_is_direct(t->job) ? NULL : &t->job->ticket;

    for (unsigned i = 0; i < walk->trail_count; i++)
        if (!ticket || ticket_keeps_dir(ticket, dir_shift(&walk->trail[i])))
            tlb_keep(&device->tlb, &t->space, &walk->trail[i]);
    if (!ticket || ticket_keeps_leaf(ticket, known_shift(t, walk)))
        ptc_fill(&device->tlb, &t->space, t->address, &walk->result);
}

static uint8_t page_flags(const struct walk_result *r)
{
    return (uint8_t)((r->user_page ? PTC_USER : 0) | (r->untranslated_only ? PTC_UNTRANSLATED : 0) |
                     (r->force_coherent ? PTC_COHERENT : 0) | (r->global ? PTC_GLOBAL : 0));
}

void translation_conclude(struct amdvi_device *device, struct translation *t, const struct walk *walk)
{
    const struct walk_result *r = &walk->result;
    struct page page;

    count_walk(t->job->counts, walk);
    if (walk->reason) {
        fail_walk(device, t, walk);
        return;
    }
    if (job_caches(device, t->job))
        fill_caches(device, t, walk);
    page = (struct page){.spa = r->spa, .shift = r->shift, .flags = page_flags(r)};
    page.perm = granted(device, t, r->perm, page.flags, dte_rights(t->dte));
    succeed(device, t, &page);
}
