// SPDX-License-Identifier: Apache-2.0
/*
 * IOMMUs that take time (amdvi/timed.h): a write of the processor takes effect later, a read and what devices
 * ask moves the machine's clock to its answer. Devices of a machine ask one thing after the other.
 */
#ifndef AMDVI_PLATFORM_WAY_TIMED_H
#define AMDVI_PLATFORM_WAY_TIMED_H

#include "amdvi/timed.h"

#include "testbench/platform/way.h"

enum { WAY_TIMED_MAX = 8 };

/* The context of `way_timed`, which outlives the machine. */
struct way_timed {
    const struct amdvi_timed_parameters *parameters; /* for create(); null: preset generic */
    struct amdvi_timed *timed[WAY_TIMED_MAX];        /* answer: of each IOMMU, anew with each reset */
    uint64_t before[WAY_TIMED_MAX];                  /* answer: ps of the clocks before the last reset */
};

extern const struct machine_way way_timed;

/* An IOMMU's own clock, in ps since the machine was made. */
uint64_t way_timed_now(const struct way_timed *way, size_t iommu);

#endif
