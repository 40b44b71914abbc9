// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_PREFETCH_H
#define AMDVI_MODEL_PREFETCH_H

#include "model/lookup/dtc.h"
#include "model/port/exec.h"
#include "model/port/steps.h"

/* What is to be prefetched: `count` pages of 4 KiB from `address` on. */
struct prefetch_order {
    uint16_t device;
    bool guest; /* addresses of a PASID */
    uint32_t pasid;
    uint64_t address;
    unsigned count;
    bool directories; /* begin at cached directories, as the walk behind which it goes on has left them */
};

/* PREFETCH_IOMMU_PAGES, or the walker's own prefetch, under way. */
struct prefetch {
    struct steps steps, pages;
    struct prefetch_order order; /* of the command */
    unsigned i;                  /* page */
    struct walk_request request;
    struct tlb_space space;
    struct walk_run run;
};

/* `fetch` is the device table entry. False: it has asked. */
bool prefetch_pages(struct amdvi_device *device, struct job *job, const struct prefetch_order *order,
                    struct dte_fetch *fetch, struct prefetch *prefetch);
/* The command. False: it has asked. */
bool prefetch_step(struct amdvi_device *device, struct job *job, const uint64_t command[2],
                   struct dte_fetch *fetch, struct prefetch *prefetch);

#endif
