// SPDX-License-Identifier: Apache-2.0
/* Unmaps that are flushed later: each processor collects them, and flushes all when there are many, or when
 * the oldest one is old, as Linux's flush queues do. */
#ifndef AMDVI_STUDIES_LAZY_H
#define AMDVI_STUDIES_LAZY_H

#include "testbench/studies/processors.h"

/* The argument of the chore that flushes what was collected. */
#define LAZY_FLUSH UINT64_MAX

struct lazy {
    struct processors *processors;
    struct lazy_queue {
        uint64_t count, flushes;
        struct lazy *lazy;
    } * queues;             /* one a processor and IOMMU */
    uint64_t entries, time; /* time: ps */
    unsigned iommus;
};

bool lazy_open(struct lazy *lazy, struct processors *processors, const struct workload *workload);
void lazy_close(struct lazy *lazy);
/* One unmap more of `processor`, which flushes when it is time to. */
void lazy_unmap(struct lazy *lazy, unsigned processor, unsigned iommu);

#endif
