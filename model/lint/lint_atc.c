// SPDX-License-Identifier: Apache-2.0
#include "model/lint/lint.h"
#include "model/lookup/dtc.h"

#include "tables/layout.h"

/* ---------------------------------------------------------------- what devices hold */

static struct lint_atc_line *place_of(struct lint_atc *atc, const struct amdvi_request *request)
{
    uint64_t who = (uint64_t)request->device << 32 | (uint64_t)request->has_pasid << 31 | request->pasid;

    return &atc->lines[cache_hash(request->address >> 12, who) % LINT_ATC_LINES];
}

static uint32_t *count_of(struct lint_atc *atc, const struct lint_atc_line *line)
{
    return &atc->of_domain[line->domain % LINT_ATC_DOMAINS];
}

static void forget(struct lint_atc *atc, struct lint_atc_line *line)
{
    if (!line->used)
        return;
    line->used = false;
    --*count_of(atc, line);
    atc->stale -= line->stale;
}

void lint_atc_request(struct amdvi_lint *lint, const struct amdvi_request *request,
                      const struct amdvi_result *result)
{
    struct lint_atc_line *line = place_of(&lint->atc, request);
    const struct dte *dte;

    if (request->at != AMDVI_TRANSLATION_REQUEST || !result->ok || !result->perm || result->untranslated_only)
        return;
    dte = dtc_peek(lint->device, request->device);
    if (!dte)
        return;
    forget(&lint->atc, line);
    *line = (struct lint_atc_line){.used = true,
                                   .guest = dte->guest && (request->has_pasid || dte->giov),
                                   .domain = dte->domain,
                                   .request = *request,
                                   .size = result->size,
                                   .pa = result->pa,
                                   .perm = result->perm,
                                   .filled = lint->now};
    ++*count_of(&lint->atc, line);
}

/* ---------------------------------------------------------------- INVALIDATE_IOTLB_PAGES */

static bool ranges_meet(const struct lint_atc_line *line, uint64_t address, uint64_t size)
{
    uint64_t first = line->request.address & ~(line->size - 1);

    return !size || (first <= address + (size - 1) && first + (line->size - 1) >= address);
}

/* What came without a PASID out of guest tables has PASID 0 (5.1). */
static bool is_told(const struct lint_atc_line *line, const struct amdvi_atc_invalidation *told)
{
    uint32_t pasid = line->request.has_pasid ? line->request.pasid : 0;
    bool same = told->has_pasid ? line->guest && told->pasid == pasid : !line->request.has_pasid;

    return line->used && line->request.device == told->device && same &&
           ranges_meet(line, told->address, told->size);
}

void lint_atc_invalidated(struct amdvi_lint *lint, const struct amdvi_atc_invalidation *invalidation)
{
    for (unsigned i = 0; i < LINT_ATC_LINES; i++)
        if (is_told(&lint->atc.lines[i], invalidation))
            forget(&lint->atc, &lint->atc.lines[i]);
}

/* ---------------------------------------------------------------- INVALIDATE_IOMMU_PAGES */

/* The highest entry on the way that has changed and was not read since. */
static void blame(struct amdvi_lint *lint, struct lint_atc_line *line, const struct shadow *shadow)
{
    for (unsigned i = 0; i < shadow->count; i++) {
        const struct lint_word *word = lint_word(lint, shadow->words[i].address);
        if (!word || !word->changed || word->changed_at.record < line->filled.record)
            continue;
        line->word = shadow->words[i].address;
        line->operation = word->moment.operation;
        return;
    }
}

/* Memory that fails says nothing about what a device holds. */
static bool differs(struct amdvi_lint *lint, struct lint_atc_line *line)
{
    struct shadow shadow;

    shadow_page(lint->device, &line->request, line->request.address, &shadow);
    line->should = shadow.result.pa;
    line->should_perm = shadow.result.ok ? shadow.result.perm : 0;
    if (!shadow.result.ok && shadow.result.fault.reason == REASON_TABLE_READ_ERROR)
        return false;
    if (line->should_perm && !(line->perm & ~line->should_perm) && line->should == line->pa)
        return false;
    line->operation = lint->order.now.operation;
    blame(lint, line, &shadow);
    return true;
}

static bool is_meant(const struct lint_atc_line *line, const uint64_t words[2])
{
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));
    uint32_t pasid = line->request.has_pasid ? line->request.pasid : 0;
    bool gn = cmd_inv_pages_gn(words);

    if (!line->used || line->stale || line->domain != cmd_inv_pages_domainid(words))
        return false;
    if (!gn && line->guest)
        return true;
    return gn == line->guest && (!gn || cmd_inv_pages_pasid(words) == pasid) &&
           ranges_meet(line, range.base, range.shift >= CMD_RANGE_ALL ? 0 : (uint64_t)1 << range.shift);
}

void lint_atc_command(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                      const struct lint_slot *slot)
{
    const uint64_t *words = info->executed;
    uint32_t domain = (uint32_t)cmd_inv_pages_domainid(words) % LINT_ATC_DOMAINS;

    if (cmd_opcode(words) != CMD_INVALIDATE_IOMMU_PAGES || !lint->atc.of_domain[domain])
        return;
    for (unsigned i = 0; i < LINT_ATC_LINES; i++) {
        struct lint_atc_line *line = &lint->atc.lines[i];
        if (!is_meant(line, words) || !differs(lint, line))
            continue;
        line->stale = true;
        line->from_guest = info->guest;
        line->slot = *slot;
        memcpy(line->near, words, sizeof(line->near));
        lint->atc.stale++;
    }
}

/* ---------------------------------------------------------------- findings */

/* Of a device that may not send translated requests any more nothing is to be feared (9.1). */
static bool may_use(struct amdvi_lint *lint, const struct lint_atc_line *line)
{
    struct shadow shadow;

    shadow_dte(lint->device, line->request.device, &shadow);
    return shadow.dte_known && shadow.dte.valid && shadow.dte.iotlb;
}

static struct amdvi_lint_finding finding_of(struct amdvi_lint *lint, const struct lint_atc_line *line)
{
    const struct lint_word *word = line->word ? lint_word(lint, line->word) : NULL;
    struct amdvi_lint_finding f = {.kind = AMDVI_LINT_STALE_ATC,
                                   .severity = AMDVI_LINT_MISTAKE,
                                   .at = lint->now,
                                   .request = line->request,
                                   .domain = line->domain,
                                   .cache = AMDVI_CACHE_PTC,
                                   .has_pasid = line->guest,
                                   .pasid = line->request.has_pasid ? line->request.pasid : 0,
                                   .got = line->pa,
                                   .got_perm = line->perm,
                                   .should = line->should,
                                   .should_perm = line->should_perm,
                                   .filled = line->filled,
                                   .first = line->request.address & ~(line->size - 1),
                                   .proof = AMDVI_LINT_WAITED,
                                   .near = {line->near[0], line->near[1]},
                                   .near_at = line->slot.at,
                                   .entries = 1};

    f.last = f.first + (line->size - 1);
    if (!word)
        return f;
    f.word = line->word;
    f.old_value = word->old_value;
    f.new_value = word->new_value;
    f.changed = word->changed_at;
    f.danger_records = lint->now.record - f.changed.record;
    f.danger_ns = lint->now.ns - f.changed.ns;
    return f;
}

static void need_command(struct amdvi_lint_finding *f)
{
    uint64_t words[2] = {0};

    lint_need_range(f, f->request.has_pasid, false);
    cmd_inv_iotlb_set_opcode(words, CMD_INVALIDATE_IOTLB_PAGES);
    cmd_inv_iotlb_set_deviceid(words, f->request.device);
    cmd_inv_iotlb_set_queueid(words, f->request.device);
    cmd_inv_iotlb_set_gn(words, f->request.has_pasid);
    cmd_inv_iotlb_set_pasid(words, f->request.has_pasid ? f->pasid : 0);
    cmd_inv_iotlb_set_s(words, cmd_inv_pages_s(f->needed));
    cmd_inv_iotlb_set_address(words, cmd_inv_pages_address(f->needed));
    memcpy(f->needed, words, sizeof(f->needed));
}

static bool is_due(const struct lint_atc_line *line, unsigned waits)
{
    return line->used && line->stale && line->waits >= waits;
}

/* Pages of one operation that one device holds are one finding. */
static void tell(struct amdvi_lint *lint, unsigned at, unsigned waits)
{
    struct lint_atc_line *lines = lint->atc.lines, *line = &lines[at];
    struct amdvi_lint_finding f = finding_of(lint, line);
    uint64_t group = lint_group_of(&f, line->operation) ^ cache_hash(f.request.device, f.kind);

    forget(&lint->atc, line);
    for (unsigned i = at + 1; i < LINT_ATC_LINES; i++) {
        uint64_t first = lines[i].request.address & ~(lines[i].size - 1);
        if (!is_due(&lines[i], waits) || lines[i].request.device != f.request.device ||
            lines[i].operation != line->operation || lines[i].request.pasid != f.request.pasid)
            continue;
        forget(&lint->atc, &lines[i]);
        f.first = first < f.first ? first : f.first;
        f.last = first + (lines[i].size - 1) > f.last ? first + (lines[i].size - 1) : f.last;
        f.entries++;
    }
    need_command(&f);
    if (!lint_group_told(lint, group, f.entries))
        lint_report(lint, &f);
}

static void tell_due(struct amdvi_lint *lint, unsigned waits)
{
    for (unsigned i = 0; i < LINT_ATC_LINES && lint->atc.stale; i++) {
        if (!is_due(&lint->atc.lines[i], waits))
            continue;
        if (may_use(lint, &lint->atc.lines[i]))
            tell(lint, i, waits);
        else
            forget(&lint->atc, &lint->atc.lines[i]);
    }
}

/* One wait may lie between both commands; and other processors wait for themselves. */
void lint_atc_wait(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                   const struct lint_slot *slot)
{
    if (!lint->atc.stale)
        return;
    for (unsigned i = 0; i < LINT_ATC_LINES; i++) {
        struct lint_atc_line *line = &lint->atc.lines[i];
        line->waits += line->used && line->stale && line->from_guest == info->guest &&
                       slot->given.time >= line->slot.given.time;
    }
    tell_due(lint, lint->options.processors + 1);
}

void lint_atc_finish(struct amdvi_lint *lint)
{
    tell_due(lint, 1);
}
