// SPDX-License-Identifier: Apache-2.0
/* Stale answers that are held until a command covers them, or until it is proven that none did. */
#include "model/lint/lint.h"
#include "model/lookup/dtc.h"

/* ---------------------------------------------------------------- open cases */

static bool same_case(const struct amdvi_lint_finding *a, const struct amdvi_lint_finding *b)
{
    return a->cache == b->cache && a->interrupt == b->interrupt && a->request.device == b->request.device &&
           a->domain == b->domain && a->pasid == b->pasid && a->index == b->index && a->first == b->first &&
           a->word == b->word && a->changed.record == b->changed.record;
}

static struct lint_open *find_open(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding)
{
    struct lint_open *empty = NULL;

    for (unsigned i = 0; i < LINT_OPEN_MAX; i++) {
        struct lint_open *open = &lint->open[i];
        if (open->used && same_case(&open->finding, finding))
            return open;
        if (!open->used && !empty)
            empty = open;
    }
    return empty;
}

static void report_open(struct amdvi_lint *lint, struct lint_open *open, enum amdvi_lint_severity severity)
{
    open->reported = true;
    open->finding.severity = severity;
    lint_report(lint, &open->finding);
}

static bool proven(const struct amdvi_lint *lint, const struct lint_open *open)
{
    uint64_t patience = lint->options.patience_records, since = open->finding.changed.record;

    return (lint->options.strict && open->waited) || (patience && lint->now.record - since >= patience);
}

/* `size`: of the page that the entry maps; a command for any part of it drops the entry (6.4). */
void lint_hold(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding, bool guest, uint64_t size)
{
    struct lint_open *open = find_open(lint, finding);
    const struct dte *dte = dtc_peek(lint->device, finding->request.device);

    lint->statistics.stale++;
    if (!open) {
        lint->statistics.lost++;
        return;
    }
    if (!open->used) {
        *open = (struct lint_open){.used = true, .finding = *finding, .guest = guest, .size = size};
        open->owned = dte && dte->vimu;
        open->owner = open->owned ? dte->guest_id : 0;
        lint->open_count++;
    }
    open->finding.times++;
    open->waited |= lint->last_wait > open->finding.changed.record;
    if (!open->reported && proven(lint, open))
        report_open(lint, open, AMDVI_LINT_MISTAKE);
}

static void close_open(struct amdvi_lint *lint, struct lint_open *open)
{
    lint->statistics.windows += !open->reported;
    if (!open->reported && lint->options.windows)
        report_open(lint, open, AMDVI_LINT_WINDOW);
    open->used = false;
    lint->open_count--;
}

void lint_close_all(struct amdvi_lint *lint)
{
    for (unsigned i = 0; i < LINT_OPEN_MAX; i++)
        if (lint->open[i].used)
            close_open(lint, &lint->open[i]);
}

void lint_finish(struct amdvi_lint *lint)
{
    for (unsigned i = 0; i < LINT_OPEN_MAX; i++)
        if (lint->open[i].used && !lint->open[i].reported)
            report_open(lint, &lint->open[i], AMDVI_LINT_MISTAKE);
}

/* ---------------------------------------------------------------- commands */

static bool ranges_meet(const struct lint_open *open, const struct cmd_range *range)
{
    uint64_t first = open->finding.request.address & ~(open->size - 1), last = first + (open->size - 1);

    return range->shift >= 64 ||
           (last >= range->base && first <= range->base + (((uint64_t)1 << range->shift) - 1));
}

static bool pages_covered(const struct lint_open *open, const uint64_t words[2])
{
    const struct amdvi_lint_finding *f = &open->finding;
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));
    bool guest = cmd_inv_pages_gn(words);

    if (f->cache == AMDVI_CACHE_DTC || f->cache == AMDVI_CACHE_ITC ||
        cmd_inv_pages_domainid(words) != f->domain)
        return false;
    if (open->guest && !guest) /* takes every entry of a guest along (6.4) */
        return true;
    if (open->guest != guest || (guest && cmd_inv_pages_pasid(words) != f->pasid))
        return false;
    return (f->cache == AMDVI_CACHE_PTC || cmd_inv_pages_pde(words)) && ranges_meet(open, &range);
}

/* The host's goes for everything, a guest's for what its devices have cached and its maps name (viommu 11
 * #14). */
static bool all_covered(struct amdvi_device *device, const struct lint_open *open,
                        const struct amdvi_command_info *info)
{
    const struct amdvi_lint_finding *f = &open->finding;

    if (!info->guest)
        return true;
    if (f->cache == AMDVI_CACHE_ITC)
        return false;
    if (device->config.value[CONFIG_GUEST_INVALIDATE_ALL] || (open->owned && open->owner == info->guest_id))
        return true;
    return f->cache == AMDVI_CACHE_DTC
               ? shadow_map_names(device, info->guest_id, AMDVI_MAP_DEVICES, f->request.device)
               : shadow_map_names(device, info->guest_id, AMDVI_MAP_DOMAINS, f->domain);
}

static bool covered(struct amdvi_device *device, const struct lint_open *open,
                    const struct amdvi_command_info *info)
{
    const struct amdvi_lint_finding *f = &open->finding;
    const uint64_t *words = info->executed;

    switch (cmd_opcode(words)) {
    case CMD_INVALIDATE_DEVTAB_ENTRY:
        return f->cache == AMDVI_CACHE_DTC && cmd_inv_devtab_deviceid(words) == f->request.device;
    case CMD_INVALIDATE_INTERRUPT_TABLE:
        return f->cache == AMDVI_CACHE_ITC && cmd_inv_intr_deviceid(words) == f->request.device;
    case CMD_INVALIDATE_IOMMU_PAGES:
        return pages_covered(open, words);
    default: /* INVALIDATE_IOMMU_ALL */
        return all_covered(device, open, info);
    }
}

/* An invalidated device table entry is whole again, however it was written. */
static void settle_torn(struct amdvi_lint *lint, uint16_t device)
{
    struct lint_word *word = NULL;
    uint64_t address;

    if (dte_address(&lint->device->segments, device, &address) == REASON_NONE)
        word = lint_word(lint, address);
    if (word)
        word->torn_open = word->torn_read = false;
}

static bool drops_entries(unsigned opcode)
{
    return opcode == CMD_INVALIDATE_DEVTAB_ENTRY || opcode == CMD_INVALIDATE_INTERRUPT_TABLE ||
           opcode == CMD_INVALIDATE_IOMMU_PAGES || opcode == CMD_INVALIDATE_IOMMU_ALL;
}

/* The host's commands come before they are executed, guests' after that. */
void lint_command(struct amdvi_lint *lint, const struct amdvi_command_info *info)
{
    const uint64_t *words = info->executed;
    unsigned opcode = (unsigned)cmd_opcode(words);

    if (!info->legal)
        return;
    if (opcode == CMD_COMPLETION_WAIT)
        lint->last_wait = lint->now.record;
    if (!drops_entries(opcode))
        return;
    if (!info->guest) {
        lint->statistics.invalidations++;
        lint->statistics.superfluous_invalidations += !lint_covers(lint->device, words);
    }
    if (opcode == CMD_INVALIDATE_DEVTAB_ENTRY)
        settle_torn(lint, (uint16_t)cmd_inv_devtab_deviceid(words));
    for (unsigned i = 0; i < LINT_OPEN_MAX && lint->open_count; i++)
        if (lint->open[i].used && covered(lint->device, &lint->open[i], info))
            close_open(lint, &lint->open[i]);
}
