// SPDX-License-Identifier: GPL-2.0-only
/* What a nested device has cached by ATS, when stage 2 changes below it (iommu 9.3). */
#include "nest.h"

#define GVA 0x7f0000000000ull

static enum dma_outcome read_cached(struct world *world, uint64_t *word)
{
    struct dma_access access = {.address = GVA, .length = sizeof(*word), .ats = true};

    return dma_access(world->gpu, &access, word, NULL);
}

/* The driver of 7.3 flushes the DomainIDs that nest on the parent, and no cache of a device. */
static void kept(struct world *world)
{
    struct nest nest = {0};
    struct nest_entry entry = {.domain = 5, .giov = true};
    uint64_t word = 0;
    uint32_t table;

    if (!nest_begin(world, &nest, WORLD_GPU, &(struct world_setup){0}))
        return;
    entry.gcr3 = nest_gcr3(&nest, GVA, IOVA + 2 * LARGE);
    table = nest_table(world, &nest, &entry);
    nest_attach(world, &nest, table, "a nested table");
    EXPECT(world, dte_i(entry_of(world, world->gpu).words), "the nested entry allows no ATS");
    EXPECT(world, read_cached(world, &word) == DMA_DONE, "the page is not reached by ATS");
    world->awaited[AMDVI_LINT_STALE_ATC] = 2; /* the lint may say so, too, when the driver has waited again */
    user_unmap(world, &nest.session, IOVA + 2 * LARGE, LARGE);
    EXPECT(world, read_cached(world, &word) == DMA_DONE, "the device was told");
    nest_leave(world, &nest, world->gpu, &table, 1);
}

const struct scenario nested_cache_scenarios[] = {
    {.name = "nested/flaw-cache",
     .what = "an unmap in stage 2 leaves what a nested device has cached by ATS",
     .run = kept,
     .since = KSHIM_V(7, 0)},
    {.name = NULL},
};
