// SPDX-License-Identifier: Apache-2.0
/* Whether an invalidation of the host finds anything to drop: counted, never a mistake. */
#include "model/lint/lint.h"

static bool page_covered(const struct amdvi_cache_line *line, const uint64_t words[2])
{
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));
    bool guest = cmd_inv_pages_gn(words);
    uint64_t first = range.base, last = UINT64_MAX;

    if (line->domain != cmd_inv_pages_domainid(words))
        return false;
    /* GN=0 takes every line of a guest along: none of them knows the GPAs it depends on (6.4). */
    if (line->has_pasid != guest || (guest && line->pasid != cmd_inv_pages_pasid(words)))
        return line->has_pasid && !guest;
    if (range.shift < CMD_RANGE_ALL)
        last = first + (((uint64_t)1 << range.shift) - 1);
    return line->size == 0 || (line->address <= last && line->address + (line->size - 1) >= first);
}

static bool line_covered(const struct amdvi_cache_line *line, enum amdvi_cache cache, const uint64_t words[2])
{
    switch (cache) {
    case AMDVI_CACHE_DTC:
        return line->device == cmd_inv_devtab_deviceid(words);
    case AMDVI_CACHE_ITC:
        return line->device == cmd_inv_intr_deviceid(words);
    default:
        return page_covered(line, words);
    }
}

static bool cache_covered(const struct amdvi_device *device, enum amdvi_cache cache, const uint64_t words[2])
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;

    while (amdvi_inspect_cache(device, cache, &cursor, &line) == AMDVI_OK)
        if (line_covered(&line, cache, words))
            return true;
    return false;
}

unsigned lint_directories_covered(const struct amdvi_device *device, const uint64_t words[2])
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;
    unsigned count = 0;

    while (amdvi_inspect_cache(device, AMDVI_CACHE_PDC, &cursor, &line) == AMDVI_OK)
        count += page_covered(&line, words);
    return count;
}

bool lint_covers(const struct amdvi_device *device, const uint64_t words[2])
{
    switch (cmd_opcode(words)) {
    case CMD_INVALIDATE_DEVTAB_ENTRY:
        return cache_covered(device, AMDVI_CACHE_DTC, words);
    case CMD_INVALIDATE_INTERRUPT_TABLE:
        return cache_covered(device, AMDVI_CACHE_ITC, words);
    case CMD_INVALIDATE_IOMMU_PAGES:
        return cache_covered(device, AMDVI_CACHE_PTC, words) ||
               cache_covered(device, AMDVI_CACHE_PDC, words) ||
               cache_covered(device, AMDVI_CACHE_GCR3, words);
    default:
        return true;
    }
}
