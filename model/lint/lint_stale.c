// SPDX-License-Identifier: Apache-2.0
/* Compares what caches answered with what memory says, and finds the change that was not told. */
#include "model/lint/lint.h"
#include "model/lookup/dtc.h"
#include "model/lookup/itc.h"

#include "tables/layout.h"

enum { SMALLEST_PAGE = 4096, SMALLEST_SHIFT = 12 };

/* ---------------------------------------------------------------- whose fault */

/* A change that no walk has read since. */
static bool has_new_change(const struct lint_word *word)
{
    return word && word->changed && !word->fresh;
}

/* What a leaf entry of 4 KiB has to do with the answer: it gave that page before its change; it did not, so
 * that the answer came from another table, or the entry has changed more than once; or nobody knows. */
enum testimony { CONFESSES, DENIES, SILENT };

static enum testimony testimony(const struct amdvi_hit_info *info, const struct shadow_word *at,
                                const struct lint_word *word)
{
    uint64_t page = at->kind == WALK_GUEST ? v2_addr(word->old_value) : v1_addr(word->old_value);

    if (at->level != 1 || at->kind == WALK_GCR3 || (at->kind == WALK_HOST && info->guest) ||
        !info->result->ok || !info->result->perm)
        return SILENT;
    if (!(word->old_value & 1) || page != (info->result->pa & ~(uint64_t)(SMALLEST_PAGE - 1)))
        return DENIES;
    return word->fresh ? SILENT : CONFESSES;
}

/* The entry that says so itself; else the highest on the way that was changed, rather one that no walk has
 * read since. -1: none. */
static int find_change(struct amdvi_lint *lint, const struct amdvi_hit_info *info,
                       const struct shadow *shadow, bool liars)
{
    int best = -1;
    bool unread = false;

    for (unsigned i = 0; i < shadow->count; i++) {
        const struct lint_word *word = lint_word(lint, shadow->words[i].address);
        enum testimony says = word && word->changed ? testimony(info, &shadow->words[i], word) : DENIES;
        if (says == CONFESSES)
            return (int)i;
        if (!word || !word->changed || (says == DENIES) != liars || (best >= 0 && (unread || word->fresh)))
            continue;
        best = (int)i;
        unread = !word->fresh;
    }
    return best;
}

static int blame(struct amdvi_lint *lint, const struct amdvi_hit_info *info, const struct shadow *shadow,
                 struct amdvi_lint_finding *finding)
{
    int at = find_change(lint, info, shadow, false);

    if (at < 0)
        at = find_change(lint, info, shadow, true);
    if (at >= 0)
        finding->word = shadow->words[at].address;
    return at;
}

static void describe_change(struct amdvi_lint *lint, struct amdvi_lint_finding *finding)
{
    const struct lint_word *word = finding->word ? lint_word(lint, finding->word) : NULL;

    if (!word || !word->changed) {
        finding->word = 0;
        return;
    }
    finding->old_value = word->old_value;
    finding->new_value = word->new_value;
    finding->changed = word->changed_at;
    finding->filled = word->filled_at;
    finding->danger_records = lint->now.record - word->changed_at.record;
    finding->danger_ns = lint->now.ns - word->changed_at.ns;
}

/* An entry of `count` words at `address`: the first word that differs, rather one whose change was seen. */
static void blame_entry(struct amdvi_lint *lint, struct amdvi_lint_finding *finding, uint64_t address,
                        const uint64_t *cached, const uint64_t *now, unsigned count)
{
    uint64_t first = address & ~(uint64_t)7;

    for (unsigned i = 0; i < count; i++) {
        bool seen = has_new_change(lint_word(lint, first + UINT64_C(8) * i));
        if (cached[i] == now[i] || (finding->word && !seen))
            continue;
        finding->word = first + UINT64_C(8) * i;
        finding->got = cached[i];
        finding->should = now[i];
        if (seen)
            break;
    }
    describe_change(lint, finding);
}

static struct amdvi_lint_finding new_finding(const struct amdvi_lint *lint, const struct amdvi_hit_info *info)
{
    struct amdvi_lint_finding finding = {.kind = AMDVI_LINT_STALE_ENTRY,
                                         .at = lint->now,
                                         .interrupt = !info->request,
                                         .data = info->data,
                                         .domain = info->domain,
                                         .has_pasid = info->guest,
                                         .pasid = info->pasid};

    if (info->request)
        finding.request = *info->request;
    finding.request.device = info->device;
    finding.request.address = info->address;
    return finding;
}

static void stale_dte(struct amdvi_lint *lint, const struct amdvi_hit_info *info, const struct dte *cached,
                      const struct shadow *shadow)
{
    struct amdvi_lint_finding finding = new_finding(lint, info);

    finding.cache = AMDVI_CACHE_DTC;
    /* Which address met the entry does not matter. */
    finding.has_pasid = false;
    finding.pasid = 0;
    blame_entry(lint, &finding, shadow->dte_address, cached->raw, shadow->dte.raw, DTE_BYTES / 8);
    cmd_inv_devtab_set_opcode(finding.needed, CMD_INVALIDATE_DEVTAB_ENTRY);
    cmd_inv_devtab_set_deviceid(finding.needed, info->device);
    lint_hold(lint, &finding, false, 0);
}

/* ---------------------------------------------------------------- pages */

/* How far a changed entry reaches: what one command has to cover. */
static unsigned reach(const struct shadow_word *word)
{
    if (word->kind == WALK_GCR3)
        return CMD_RANGE_ALL;
    return word->level > 1 ? host_level_shift(word->level) : 12;
}

static void need_pages(struct amdvi_lint_finding *finding, const struct shadow_word *word, unsigned shift)
{
    bool guest = finding->has_pasid && word && word->kind != WALK_HOST;
    /* A host table under guest tables: the GPA is not what the request asked for, so all of the domain. */
    bool all = shift >= CMD_RANGE_ALL || (finding->has_pasid && !guest);
    uint64_t size = all ? 0 : (uint64_t)1 << shift;

    finding->first = all ? 0 : finding->request.address & ~(size - 1);
    finding->last = all ? UINT64_MAX : finding->first + size - 1;
    lint_need_range(finding, guest, all || shift > SMALLEST_SHIFT || finding->cache != AMDVI_CACHE_PTC);
}

static enum amdvi_cache page_cache(const struct amdvi_hit_info *info)
{
    if (info->caches >> AMDVI_CACHE_PTC & 1)
        return AMDVI_CACHE_PTC;
    return info->caches >> AMDVI_CACHE_PDC & 1 ? AMDVI_CACHE_PDC : AMDVI_CACHE_GCR3;
}

/* Host tables of both, and guest tables that are reached by the same PASIDs. */
static bool same_tables(const struct dte *a, const struct dte *b)
{
    return !a || (a->mode == b->mode && a->host_root == b->host_root &&
                  (!a->guest || !b->guest || a->gcr3_root == b->gcr3_root));
}

/* Another device of the domain whose tables are not the same: their translations mix (10.2). */
static bool find_sharer(const struct amdvi_lint *lint, const struct amdvi_hit_info *info,
                        const struct shadow *shadow, uint16_t *sharer)
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;

    while (amdvi_inspect_cache(lint->device, AMDVI_CACHE_DTC, &cursor, &line) == AMDVI_OK) {
        if (line.device == info->device || line.domain != info->domain ||
            same_tables(dtc_peek(lint->device, line.device), &shadow->dte))
            continue;
        *sharer = line.device;
        return true;
    }
    return false;
}

/* Once for each pair of devices. */
static void report_sharer(struct amdvi_lint *lint, struct amdvi_lint_finding *finding)
{
    uint32_t pair = (uint32_t)finding->request.device << 16 | finding->sharer;

    lint->statistics.stale++;
    if (lint->last_sharers == pair)
        return;
    lint->last_sharers = pair;
    finding->kind = AMDVI_LINT_SHARED_DOMAIN;
    finding->severity = AMDVI_LINT_MISTAKE;
    finding->times = 1;
    lint_report(lint, finding);
}

/* Of the page that answered. A large guest page on small host pages is cached in fragments, but it is one
 * page for the commands. */
static uint64_t page_size(const struct amdvi_hit_info *info, const struct shadow_word *word, uint64_t old)
{
    bool large = word && word->kind == WALK_GUEST && word->level > 1 && v2_ps(old);
    uint64_t size = large ? (uint64_t)1 << reach(word) : SMALLEST_PAGE;

    return info->result->size > size ? info->result->size : size;
}

/* Lines that keep the rights of the entry they were made with (10.2): the entry has changed, and its own
 * invalidation has not reached them. */
static bool blame_kept_rights(struct amdvi_lint *lint, const struct shadow *shadow,
                              struct amdvi_lint_finding *finding)
{
    for (unsigned i = 0; i < DTE_BYTES / 8 && lint->device->env.rights_kept; i++) {
        const struct lint_word *word = lint_word(lint, shadow->dte_address + UINT64_C(8) * i);
        if (!word || !word->changed)
            continue;
        finding->word = shadow->dte_address + UINT64_C(8) * i;
        return true;
    }
    return false;
}

static void stale_page(struct amdvi_lint *lint, const struct amdvi_hit_info *info,
                       const struct shadow *shadow, enum amdvi_lint_kind kind)
{
    struct amdvi_lint_finding finding = new_finding(lint, info);
    int at = blame(lint, info, shadow, &finding);
    const struct shadow_word *word = at >= 0 ? &shadow->words[at] : NULL;
    bool kept = at < 0 && blame_kept_rights(lint, shadow, &finding);

    finding.kind = kind;
    finding.cache = page_cache(info);
    describe_change(lint, &finding);
    finding.got = info->result->pa;
    finding.got_perm = info->result->ok ? info->result->perm : 0;
    finding.should = shadow->result.pa;
    finding.should_perm = shadow->result.ok ? shadow->result.perm : 0;
    if (!word && !kept && find_sharer(lint, info, shadow, &finding.sharer)) {
        report_sharer(lint, &finding);
        return;
    }
    need_pages(&finding, word, word ? reach(word) : kept ? CMD_RANGE_ALL : SMALLEST_SHIFT);
    lint_hold(lint, &finding, info->guest, page_size(info, word, finding.old_value));
}

/* The device table entry of the caches, if it has answered. */
static const struct dte *cached_dte(const struct amdvi_lint *lint, const struct amdvi_hit_info *info)
{
    return info->caches >> AMDVI_CACHE_DTC & 1 ? dtc_peek(lint->device, info->device) : NULL;
}

/* What of a device table entry decides about a memory request. */
static bool same_translation(const struct dte *a, const struct dte *b)
{
    return a->valid == b->valid && a->tv == b->tv && a->mode == b->mode && a->host_root == b->host_root &&
           a->domain == b->domain && a->perm == b->perm && a->had == b->had && a->guest == b->guest &&
           a->giov == b->giov && a->gcr3_root == b->gcr3_root && a->gcr3_levels == b->gcr3_levels &&
           a->guest_levels == b->guest_levels && a->iotlb == b->iotlb && a->exclusion == b->exclusion &&
           a->sysmgt == b->sysmgt && a->ioctl == b->ioctl && a->verdict == b->verdict;
}

/* What was granted must still be so, a refusal must still be right. Memory that failed a moment ago says
 * nothing about caches. */
static bool page_is_dangerous(const struct amdvi_hit_info *info, const struct shadow *shadow)
{
    const struct amdvi_result *result = info->result;
    uint8_t got = result->ok ? result->perm : 0, now = shadow->result.ok ? shadow->result.perm : 0;
    bool ats = info->request->at == AMDVI_TRANSLATION_REQUEST;

    if (!got)
        return now && result->fault.reason != REASON_TABLE_READ_ERROR;
    return !now || (ats && got & ~now) || result->pa != shadow->result.pa;
}

/* Whether page, directory or GCR3 entries have answered; a page entry that grants too little is no mistake:
 * who needs more walks again (10.2). */
static bool tables_answered(const struct amdvi_hit_info *info)
{
    bool granted = info->result->ok && info->result->perm;
    uint32_t tables = 1u << AMDVI_CACHE_PDC | 1u << AMDVI_CACHE_GCR3 | (granted ? 1u << AMDVI_CACHE_PTC : 0);

    return info->caches & tables;
}

/* A write that a cache let through without a dirty bit, where memory has it clear (10.2). */
static bool loses_dirty(const struct amdvi_hit_info *info, const struct shadow *shadow)
{
    return shadow->dirty_due && info->result->ok && info->request->op != AMDVI_READ &&
           info->request->at == AMDVI_UNTRANSLATED;
}

static void check_page(struct amdvi_lint *lint, const struct amdvi_hit_info *info)
{
    const struct dte *cached = cached_dte(lint, info);
    enum amdvi_lint_kind kind = AMDVI_LINT_STALE_DIRTY;
    struct shadow shadow;

    shadow_page(lint->device, info->request, info->address, &shadow);
    if (info->own && shadow.result.identity) /* never the raw address (viommu 12 E8) */
        shadow.result.ok = false;
    if (page_is_dangerous(info, &shadow)) {
        kind = AMDVI_LINT_STALE_ENTRY;
    } else if (!loses_dirty(info, &shadow)) {
        lint_know(lint, info, &shadow);
        return;
    }
    if (cached && !(shadow.dte_known && same_translation(cached, &shadow.dte)))
        stale_dte(lint, info, cached, &shadow);
    else if (tables_answered(info))
        stale_page(lint, info, &shadow, kind);
}

/* ---------------------------------------------------------------- interrupts */

/* Two entries of which not both refuse: whether they mean the same. What hardware reads anew for each
 * interrupt does not count (8.6). */
static bool same_irte(const struct amdvi_device *device, const uint64_t a[2], const uint64_t b[2])
{
    struct irte x, y;

    if (irte_decode(a, &device->env, &x) != irte_decode(b, &device->env, &y) ||
        x.guest_mode != y.guest_mode || x.vector != y.vector)
        return false;
    if (x.guest_mode)
        return x.vapic_page == y.vapic_page &&
               (x.ga_log == y.ga_log || !device->config.value[CONFIG_GA_LOG_BIT]) &&
               (x.gappi_disabled == y.gappi_disabled || !reg_control_gappien(control(device)));
    return x.destination == y.destination && x.type == y.type && x.logical == y.logical;
}

/* What a device table entry makes of a message, and where the remapping entry lies. */
static struct int_decision decide(const struct amdvi_device *device, const struct dte *dte,
                                  const struct amdvi_hit_info *info, uint64_t *entry)
{
    struct int_message message = {.address = info->address, .data = info->data};
    struct int_decision decision = {.action = INT_FORWARD};

    *entry = 0;
    if (dte->iv)
        decision = int_decide(dte, &device->env, &message);
    if (decision.action == INT_REMAP)
        decision.reason = irte_address(dte, &device->env, decision.index, entry);
    return decision;
}

/* Whether memory refuses the message as it is now. */
static bool refused_now(struct amdvi_device *device, const struct amdvi_hit_info *info,
                        const struct shadow *shadow)
{
    uint64_t address, raw[2];
    struct int_decision decision = decide(device, &shadow->dte, info, &address);
    struct irte irte;

    if (!shadow->dte_known || decision.reason)
        return true;
    return decision.action == INT_REMAP &&
           !(shadow_irte(device, address, raw) && irte_decode(raw, &device->env, &irte) == REASON_NONE);
}

/* Whether both entries do the same with this message. */
static bool same_interrupt(const struct amdvi_device *device, const struct dte *a, const struct dte *b,
                           const struct amdvi_hit_info *info)
{
    uint64_t p, q;
    struct int_decision x = decide(device, a, info, &p), y = decide(device, b, info, &q);

    return x.action == y.action && x.reason == y.reason && p == q;
}

static void stale_irte(struct amdvi_lint *lint, const struct amdvi_hit_info *info, uint64_t address,
                       const uint64_t cached[2], const uint64_t now[2])
{
    struct amdvi_lint_finding finding = new_finding(lint, info);
    bool second = irte_bytes(&lint->device->env) == 16 && cached[1] != now[1];

    finding.cache = AMDVI_CACHE_ITC;
    finding.index = info->data & 0x7ff;
    /* Of posted interrupts the first word may have changed where it does not count. */
    blame_entry(lint, &finding, address + (second ? 8 : 0), cached + second, now + second, 1);
    cmd_inv_intr_set_opcode(finding.needed, CMD_INVALIDATE_INTERRUPT_TABLE);
    cmd_inv_intr_set_deviceid(finding.needed, info->device);
    lint_hold(lint, &finding, false, 0);
}

static void check_interrupt(struct amdvi_lint *lint, const struct amdvi_hit_info *info)
{
    const struct dte *cached = cached_dte(lint, info);
    const uint64_t *entry = NULL;
    struct shadow shadow;
    uint64_t address, raw[2];

    if (info->caches >> AMDVI_CACHE_ITC & 1)
        entry = itc_peek(lint->device, info->device, info->data & 0x7ff);
    shadow_dte(lint->device, info->device, &shadow);
    decide(lint->device, &shadow.dte, info, &address);
    if (!info->message->ok && refused_now(lint->device, info, &shadow))
        return;
    if (cached && !(shadow.dte_known && same_interrupt(lint->device, cached, &shadow.dte, info)))
        stale_dte(lint, info, cached, &shadow);
    else if (entry && shadow_irte(lint->device, address, raw) && !same_irte(lint->device, entry, raw))
        stale_irte(lint, info, address, entry, raw);
}

void lint_check(struct amdvi_lint *lint, const struct amdvi_hit_info *info)
{
    lint->statistics.checked++;
    if (info->request)
        check_page(lint, info);
    else
        check_interrupt(lint, info);
}
