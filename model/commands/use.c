// SPDX-License-Identifier: Apache-2.0
/*
 * What a command takes of the arrays, for those who keep time (struct amdvi_work). By address: the sets in
 * which the pages may be, for each page size that the PTC holds and, with PDE, for each level of directories;
 * never more than there are. By domain, or all: every line.
 */
#include "model/commands/command.h"

enum { DIRECTORY_LEVELS = 5 };

static uint32_t sets_of(const struct cache *cache)
{
    return cache->entries / cache->ways;
}

static uint32_t at_most(uint64_t wanted, uint32_t most)
{
    return wanted < most ? (uint32_t)wanted : most;
}

static void use_all_lines(const struct amdvi_device *device, struct amdvi_work *work, bool directories)
{
    work->ptc_lines += device->tlb.ptc.entries;
    work->pdc_lines += directories ? device->tlb.pdc.entries + device->tlb.gcr3.entries : 0;
}

static uint32_t ptc_sets(const struct amdvi_device *device, const struct cmd_range *range)
{
    uint64_t sets = 0;

    for (unsigned i = 0; i < device->tlb.nshifts; i++) {
        unsigned shift = device->tlb.shifts[i];
        sets += range->shift <= shift ? 1 : (uint64_t)1 << (range->shift - shift);
    }
    return at_most(sets, sets_of(&device->tlb.ptc));
}

static void use_pages(const struct amdvi_device *device, struct amdvi_work *work, const uint64_t words[2])
{
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));

    if (range.shift == CMD_RANGE_ALL) {
        use_all_lines(device, work, cmd_inv_pages_pde(words));
        return;
    }
    work->ptc_sets += ptc_sets(device, &range);
    if (cmd_inv_pages_pde(words))
        work->pdc_sets += at_most(DIRECTORY_LEVELS, sets_of(&device->tlb.pdc));
}

static void use_everything(const struct amdvi_device *device, struct amdvi_work *work)
{
    use_all_lines(device, work, true);
    work->entry_lines += device->entries.dtc.entries + device->entries.itc.entries;
}

void command_use(const struct amdvi_device *device, struct command_job *c)
{
    struct amdvi_work *work = &c->job.work;

    if (c->progress != COMMAND_DONE || !c->at.legal)
        return;
    switch (cmd_opcode(c->at.host)) {
    case CMD_INVALIDATE_IOMMU_PAGES:
        use_pages(device, work, c->at.host);
        break;
    case CMD_INVALIDATE_DEVTAB_ENTRY:
        work->entry_sets++;
        break;
    case CMD_INVALIDATE_INTERRUPT_TABLE:
        work->entry_lines += device->entries.itc.entries;
        break;
    case CMD_INVALIDATE_IOMMU_ALL:
        use_everything(device, work);
        break;
    case CMD_INVALIDATE_IOTLB_PAGES: /* a message to the device, nothing of the arrays */
        break;
    default:
        return;
    }
    work->invalidations++;
}
