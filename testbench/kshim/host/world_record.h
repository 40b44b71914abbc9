/* SPDX-License-Identifier: GPL-2.0-only */
/* A trace of what a scenario does to each IOMMU: FILE for the first, FILE.1 for the second. */
#ifndef KSHIM_WORLD_RECORD_H
#define KSHIM_WORLD_RECORD_H

#include "world.h"

void world_record_attach(struct world *world, size_t index, struct amdvi_device *device,
                         const struct amdvi_config *config);
void world_record_finish(struct world *world);

#endif
