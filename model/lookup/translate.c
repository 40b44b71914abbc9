// SPDX-License-Identifier: Apache-2.0
#include "model/lookup/verdict.h"

#include "model/base/fault_facts.h"
#include "model/lookup/dtc.h"
#include "model/lookup/marc.h"
#include "model/lookup/ranges.h"

#include "tables/layout.h"

/* Inside an aperture a request is neither translated nor checked for anything but ReadOnly. */
static bool decide_by_aperture(struct amdvi_device *device, struct translation *t,
                               const struct marc_target *target)
{
    if (request_needs(t->request) & PERM_WRITE & ~target->perm)
        return verdict_fail(device, t, REASON_MARC_READ_ONLY);
    verdict_pass(device, t, target->perm);
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
    struct fault_facts facts = verdict_facts(device, t);
    enum reason reason = range_interrupt_reason(t);

    facts.interrupt = reason == REASON_INT_PASID;
    facts.guest &= !facts.interrupt;
    return verdict_fail_with(t, reason, &facts);
}

/* ---------------------------------------------------------------- decision */

/* IommuEn=0 or V=0: everything passes, and nobody answers translation requests (3.3, 9.1). */
static bool transparent(struct amdvi_device *device, struct translation *t)
{
    if (t->request->at == AMDVI_TRANSLATION_REQUEST)
        return verdict_fail(device, t, REASON_ATS_UNSUPPORTED);
    return verdict_pass(device, t, PERM_READ | PERM_WRITE);
}

static bool fetch_failed(const struct amdvi_device *device, struct translation *t,
                         const struct dte_fetch *fetch)
{
    struct fault_facts facts = verdict_facts(device, t);

    if (fetch->reason == REASON_DTE_READ_ERROR) {
        facts.address = fetch->address;
        facts.error = fetch->error;
    } else if (facts.translation) {
        return verdict_fail(device, t, REASON_ATS_DEVICE);
    }
    return verdict_fail_with(t, fetch->reason, &facts);
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
    return t->walk.env->privileged_may_write && t->walk.guest && !t->walk.user &&
           request_asks(t->request) & ~perm;
}

static void use_ptc(const struct amdvi_device *device, struct job *job, const struct ptc_line *line)
{
    job->work.ptc++;
    job->work.ptc_sizes = (uint16_t)(job->work.ptc_sizes + ptc_sizes_looked_for(&device->tlb, line));
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

    if (!job_is_direct(t->job))
        use_ptc(device, t->job, line);
    /* PASID 0 by prefix and by GIoV share lines, but not the rule of what an address may look like (5.2). */
    if (!line || (t->space.guest && !walk_canonical(t->dte, t->address, t->walk.giov))) {
        t->job->counts->ptc_misses++;
        return false;
    }
    perm = verdict_granted(device, t, line->perm, line->flags,
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
    verdict_succeed(
        device, t,
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

/* On every way that is not a hit. */
__attribute__((always_inline)) static inline void prepare_walk(const struct amdvi_device *device,
                                                               struct translation *t)
{
    const struct amdvi_request *rq = t->request;
    bool ats = rq->at == AMDVI_TRANSLATION_REQUEST;
    bool guest = by_guest_tables(t);

    t->space = dtc_space(device, t->dte, guest, rq->has_pasid ? rq->pasid : 0);
    t->walk = (struct walk_request){.dte = t->dte,
                                    .env = &device->env,
                                    .address = t->address,
                                    .pasid = t->space.pasid,
                                    .need = request_needs(rq),
                                    .ask = ats ? request_asks(rq) : 0,
                                    .user = request_is_user(device, rq),
                                    .guest = guest,
                                    .giov = guest && !rq->has_pasid,
                                    .probe = job_caches(device, t->job)};
}

/* A walk is needed unless the entry says identity or a cache knows the answer. */
static bool needs_walk(struct amdvi_device *device, struct translation *t)
{
    if (t->dte->mode == 0 && !by_guest_tables(t))
        return verdict_pass(device, t, t->dte->perm);
    prepare_walk(device, t);
    return !t->walk.probe || !cached_answer(device, t);
}

/* By choice a cached translation still grants what the entry of its time did (10.2, XSA-442). */
__attribute__((noinline)) static bool answered_by_old_rights(struct amdvi_device *device,
                                                             struct translation *t)
{
    if (!device->env.rights_kept || !job_caches(device, t->job) || (t->dte->mode == 0 && !by_guest_tables(t)))
        return false;
    prepare_walk(device, t);
    return cached_answer(device, t);
}

/* 15 D8: Mode, then DTE.IR/IW, then the walk. */
static enum reason dte_reason(const struct amdvi_device *device, const struct translation *t)
{
    uint8_t need = request_needs(t->request);
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
    struct fault_facts facts = verdict_facts(device, t);

    facts.guest &= reason == REASON_GUEST_DISABLED || t->dte->guest;
    return verdict_fail_with(t, reason, &facts);
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
        return verdict_pass(device, t, t->dte->perm);
    return needs_walk(device, t);
}

static bool decide_by_entry(struct amdvi_device *device, struct translation *t)
{
    enum reason reason = ats_reason(t);
    struct marc_target target;
    enum range_action action;

    if (exclusion_lets(device, t, EXCLUSION_FIRST))
        return verdict_pass(device, t, PERM_READ | PERM_WRITE);
    if (in_aperture(device, t, &target))
        return decide_by_aperture(device, t, &target);
    if (reason == REASON_DTE_TV0 && device->config.value[CONFIG_DTE_TV0]) /* TV=0 passes, by choice (13 #8) */
        return verdict_pass(device, t, PERM_READ | PERM_WRITE);
    if (reason)
        return verdict_fail(device, t, reason);
    if (t->request->at == AMDVI_TRANSLATED)
        return verdict_pass(device, t, PERM_READ | PERM_WRITE);
    if (is_interrupt_address(t->address))
        return fail_in_int_range(device, t);
    action = range_special(device, t, &reason);
    if (action == RANGE_FAIL)
        return verdict_fail(device, t, reason);
    if (action == RANGE_FORWARD)
        return verdict_pass(device, t, PERM_READ | PERM_WRITE);
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
        return verdict_fail(device, t, (enum reason)t->dte->verdict);
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
