/* SPDX-License-Identifier: GPL-2.0-only */
/* What scenarios share: looking at memory and translations from the model's side. */
#ifndef KSHIM_SCENARIOS_H
#define KSHIM_SCENARIOS_H

#include "host/world.h"

#include "testbench/platform/ram.h"

#include <inttypes.h>
#include <string.h>

/* A write of 8 bytes by the device that has to arrive at `pa`, and a read back. */
void expect_reaches(struct world *world, struct dma_device *device, uint64_t iova, uint64_t pa,
                    const char *when);
/* An access that the IOMMU has to refuse. */
void expect_refused(struct world *world, struct dma_device *device, uint64_t iova, const char *when);
/* Whether lines of the kernel's log begin to differ after this. */
size_t log_mark(struct world *world);
bool logged_since(struct world *world, size_t mark, const char *text);

#endif
