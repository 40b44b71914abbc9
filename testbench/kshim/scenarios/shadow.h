/* SPDX-License-Identifier: GPL-2.0-only */
/* What a random scenario knows to be mapped: the judge of every access, which no table and no cache has a say
 * in. */
#ifndef KSHIM_SHADOW_H
#define KSHIM_SHADOW_H

#include "scenarios.h"

struct shadow_range {
    bool mapped;
    uint64_t iova, pa, bytes;
    bool readable, writable;
};

struct shadow_counts {
    uint64_t maps, unmaps, switches, hits, refusals;
};

/* A number below `limit`. */
uint64_t below(struct world *world, uint64_t limit);
/* One access somewhere in the range, reading or writing: goes where it should, or is refused when the range
 * or the right is not there. */
void shadow_try(struct world *world, struct dma_device *device, const struct shadow_range *range,
                struct shadow_counts *counts);
/* One line of figures for the report. */
void shadow_tell(struct world *world, const struct shadow_counts *counts);

#endif
