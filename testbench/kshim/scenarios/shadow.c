// SPDX-License-Identifier: GPL-2.0-only
#include "shadow.h"

uint64_t below(struct world *world, uint64_t limit)
{
    return world_random(world) % limit;
}

/* Bytes that the device moved are the ones that memory has. */
static void check_data(struct world *world, const struct shadow_range *range, uint64_t offset, bool write,
                       uint64_t word)
{
    uint64_t there = ram_get(machine_ram(world->machine), range->pa + offset);

    EXPECT(world, there == word, "a %s at %#" PRIx64 " did not go to %#" PRIx64, write ? "write" : "read",
           range->iova + offset, range->pa + offset);
}

/* A page of 1 GiB begins below the kernel's memory, which devices had better leave alone. */
static bool may_touch(const struct world *world, const struct shadow_range *range, uint64_t offset)
{
    uint64_t pa = range->pa + offset;

    return ram_at(machine_ram(world->machine), pa, 8) && (range->pa || pa >= WORLD_KERNEL_BYTES);
}

void shadow_try(struct world *world, struct dma_device *device, const struct shadow_range *range,
                struct shadow_counts *counts)
{
    uint64_t offset = below(world, range->bytes / 8) * 8, word = world_random(world);
    bool write = below(world, 2), allowed;
    enum dma_outcome outcome;

    allowed = range->mapped && (write ? range->writable : range->readable);
    if (allowed && !may_touch(world, range, offset))
        return;
    outcome = write ? dma_write(device, range->iova + offset, &word, 8)
                    : dma_read(device, range->iova + offset, &word, 8);
    EXPECT(world, (outcome == DMA_DONE) == allowed && (outcome == DMA_DONE || outcome == DMA_FAULT),
           "a %s at %#" PRIx64 " (%s) gives outcome %d", write ? "write" : "read", range->iova + offset,
           allowed         ? "allowed"
           : range->mapped ? "mapped without this right"
                           : "not mapped: a stale translation",
           outcome);
    if (allowed && outcome == DMA_DONE)
        check_data(world, range, offset, write, word);
    counts->hits += allowed;
    counts->refusals += !allowed;
}

void shadow_tell(struct world *world, const struct shadow_counts *counts)
{
    struct amdvi_statistics of = statistics_of(iommu_of(world, world->nic));

    world_tell(world,
               "%" PRIu64 " maps, %" PRIu64 " unmaps, %" PRIu64 " switches, %" PRIu64
               " accesses allowed, %" PRIu64 " refused; translations cached: %" PRIu64 " hits, %" PRIu64
               " misses; %" PRIu64 " invalidations",
               counts->maps, counts->unmaps, counts->switches, counts->hits, counts->refusals, of.ptc_hits,
               of.ptc_misses, of.invalidations);
}
