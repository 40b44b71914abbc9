// SPDX-License-Identifier: Apache-2.0
/* Which commands drop what a stale answer came from, and what others lack (6.4). */
#include "model/lint/lint.h"

/* ---------------------------------------------------------------- pages */

static bool ranges_meet(const struct lint_case *c, const struct cmd_range *range)
{
    uint64_t first = c->finding.request.address & ~(c->size - 1), last = first + (c->size - 1);

    return range->shift >= CMD_RANGE_ALL ||
           (last >= range->base && first <= range->base + (((uint64_t)1 << range->shift) - 1));
}

static uint64_t distance(const struct lint_case *c, const struct cmd_range *range)
{
    uint64_t first = c->finding.request.address & ~(c->size - 1);
    uint64_t end = range->base + ((uint64_t)1 << range->shift);

    return first >= end ? first - end : range->base - (first + c->size);
}

bool lint_case_before(const struct lint_case *c, const uint64_t words[2])
{
    return c->finding.request.address <
           cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words)).base;
}

/* What a command for pages lacks; AMDVI_LINT_NO_COMMAND: nothing, it covers. */
static enum amdvi_lint_lack pages_lack(const struct lint_case *c, const uint64_t words[2], uint64_t *missed)
{
    const struct amdvi_lint_finding *f = &c->finding;
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));
    bool gn = cmd_inv_pages_gn(words);

    if (cmd_inv_pages_domainid(words) != f->domain)
        return AMDVI_LINT_LACKS_DOMAIN;
    if (c->guest && !gn) /* takes every entry of a guest along (6.4) */
        return AMDVI_LINT_NO_COMMAND;
    if (gn && !c->guest)
        return AMDVI_LINT_LACKS_GN;
    if (gn && cmd_inv_pages_pasid(words) != f->pasid)
        return AMDVI_LINT_LACKS_PASID;
    if (!ranges_meet(c, &range)) {
        *missed = distance(c, &range);
        return AMDVI_LINT_LACKS_RANGE;
    }
    return f->cache == AMDVI_CACHE_PTC || cmd_inv_pages_pde(words) ? AMDVI_LINT_NO_COMMAND
                                                                   : AMDVI_LINT_LACKS_PDE;
}

/* ---------------------------------------------------------------- all commands */

/* The host's goes for everything, a guest's for what its devices have cached and its maps name (viommu 11
 * #14). */
static bool all_covered(struct amdvi_device *device, const struct lint_case *c,
                        const struct amdvi_command_info *info)
{
    const struct amdvi_lint_finding *f = &c->finding;

    if (!info->guest)
        return true;
    if (f->cache == AMDVI_CACHE_ITC)
        return false;
    if (device->config.value[CONFIG_GUEST_INVALIDATE_ALL] || (c->owned && c->owner == info->guest_id))
        return true;
    return f->cache == AMDVI_CACHE_DTC
               ? shadow_map_names(device, info->guest_id, AMDVI_MAP_DEVICES, f->request.device)
               : shadow_map_names(device, info->guest_id, AMDVI_MAP_DOMAINS, f->domain);
}

/* Which kind of command drops entries of this cache. */
static unsigned opcode_for(enum amdvi_cache cache)
{
    if (cache == AMDVI_CACHE_DTC)
        return CMD_INVALIDATE_DEVTAB_ENTRY;
    return cache == AMDVI_CACHE_ITC ? CMD_INVALIDATE_INTERRUPT_TABLE : CMD_INVALIDATE_IOMMU_PAGES;
}

bool lint_case_covered(struct amdvi_device *device, const struct lint_case *c, const uint64_t words[2],
                       const struct amdvi_command_info *info)
{
    const struct amdvi_lint_finding *f = &c->finding;
    unsigned opcode = (unsigned)cmd_opcode(words);
    uint64_t missed;

    if (opcode == CMD_INVALIDATE_IOMMU_ALL)
        return all_covered(device, c, info);
    if (opcode != opcode_for(f->cache))
        return false;
    if (opcode == CMD_INVALIDATE_IOMMU_PAGES)
        return pages_lack(c, words, &missed) == AMDVI_LINT_NO_COMMAND;
    return cmd_inv_devtab_deviceid(words) == f->request.device; /* opcodes 2 and 5 name it alike */
}

enum amdvi_lint_lack lint_case_lacks(const struct lint_case *c, const uint64_t words[2], uint64_t *missed)
{
    unsigned opcode = (unsigned)cmd_opcode(words);

    *missed = 0;
    if (opcode != opcode_for(c->finding.cache))
        return AMDVI_LINT_NO_COMMAND;
    if (opcode == CMD_INVALIDATE_IOMMU_PAGES)
        return pages_lack(c, words, missed);
    return cmd_inv_devtab_deviceid(words) == c->finding.request.device ? AMDVI_LINT_NO_COMMAND
                                                                       : AMDVI_LINT_LACKS_DEVICE;
}
