// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_PREFETCH_H
#define AMDVI_MODEL_PREFETCH_H

#include "model/lookup/dtc.h"
#include "model/port/exec.h"
#include "model/port/steps.h"

/* PREFETCH_IOMMU_PAGES under way. */
struct prefetch {
    struct steps steps;
    unsigned i; /* page */
    struct walk_request request;
    struct tlb_space space;
    struct walk_run run;
};

/* `fetch` is the device table entry. False: it has asked. */
bool prefetch_step(struct amdvi_device *device, struct job *job, const uint64_t command[2],
                   struct dte_fetch *fetch, struct prefetch *prefetch);

#endif
