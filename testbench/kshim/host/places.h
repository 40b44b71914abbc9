/* SPDX-License-Identifier: GPL-2.0-only */
/* Stacks of kernels as small numbers, for lint and reports: equal stacks, equal numbers. */
#ifndef KSHIM_PLACES_H
#define KSHIM_PLACES_H

#include "instance.h"

/* Where the kernel is now; 0 when it is nowhere, or no room is left. */
uint64_t places_now(const struct instance *instance);
/* "iommu_map at iommu.c:2451 < iommu_dma_map_page at dma-iommu.c:1010 < ...", at most `depth` functions. */
bool places_text(uint64_t place, unsigned depth, char *text, size_t size);

#endif
