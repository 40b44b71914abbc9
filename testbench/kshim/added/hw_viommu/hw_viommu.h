/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's side of HW-vIOMMU for kernels whose driver has none: the same calls in the same order as AMD's
 * development branch makes them (docs/reference/viommu-09-drivers.md), so that the shim is known to serve
 * them. Written for this test; nothing for a real machine.
 */
#ifndef KSHIM_HW_VIOMMU_H
#define KSHIM_HW_VIOMMU_H

#include <linux/idr.h>
#include <linux/iommufd.h>
#include <linux/pci.h>

#include "amd_iommu.h"

enum { HW_IOMMUS = 8, HW_REGIONS = 4, HW_MAP_ENTRIES = 1 << 16 };

/* Of iommufd's calls. The numbers of AMD's queues are not public. */
enum { HW_VIOMMU_TYPE = 3, HW_QUEUE_COMMANDS = 2, HW_QUEUE_EVENTS = 3, HW_QUEUE_REQUESTS = 4 };

/* Data of the call that makes a virtual IOMMU. */
struct hw_viommu_data {
    u64 mmap_offset; /* answer: where the VF page is mapped from */
};

/* An IOMMU with the apertures and the private space for its guests. */
struct hw_iommu {
    struct amd_iommu *iommu;
    u64 vf_pa;
    u8 __iomem *vf, *control;   /* apertures: VF MMIO, VF Control */
    struct iommu_domain *space; /* private addresses */
    void *regions[HW_REGIONS];
    u64 *interrupts; /* first level of the extended interrupt table */
    u64 *semaphore;  /* of COMPLETION_WAIT */
    u64 waits;
    struct ida guests;
};

/* --- hw_ring.c: commands in the driver's own ring, under its lock */
void hw_command(struct hw_iommu *hw, u64 low, u64 high);
int hw_wait(struct hw_iommu *hw);
/* All words of an entry of the device table, then the invalidation. */
int hw_write_entry(struct hw_iommu *hw, u16 device, const u64 words[4]);
/* The words that lead to a v1 table. */
void hw_v1_words(struct iommu_domain *domain, u64 words[4]);

/* --- hw_private.c: memory at private addresses */
int hw_private_start(struct hw_iommu *hw);
void *hw_private_add(struct hw_iommu *hw, u64 address, size_t bytes);
int hw_private_remove(struct hw_iommu *hw, u64 address, size_t bytes, void *memory);

/* --- hw_start.c: null for an IOMMU that has none */
struct hw_iommu *hw_iommu_of(struct amd_iommu *iommu);

#endif
