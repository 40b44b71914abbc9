/* SPDX-License-Identifier: GPL-2.0-only */
/* What scenarios share: looking at memory and translations from the model's side. */
#ifndef KSHIM_SCENARIOS_H
#define KSHIM_SCENARIOS_H

#include "host/world.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/platform/ram.h"

#include <inttypes.h>
#include <string.h>

enum { PAGE = 4096 };
#define MIB       (1ull << 20)
#define NO_IOVA   UINT64_MAX
#define COUNT(of) (sizeof(of) / sizeof((of)[0]))

/* The driver's own words for what its handlers took from a log. */
#define SAYS_FAULT "Event logged [IO_PAGE_FAULT"

/* Boots with this command line on a machine with the default preset. */
bool boot_plain(struct world *world, const char *command_line);

/* A write of 8 bytes by the device that has to arrive at `pa`, and a read back. */
void expect_reaches(struct world *world, struct dma_device *device, uint64_t iova, uint64_t pa,
                    const char *when);
/* An access that the IOMMU has to refuse. */
void expect_refused(struct world *world, struct dma_device *device, uint64_t iova, const char *when);
/* The same; what the driver says of it is no error. */
void expect_refused_quietly(struct world *world, struct dma_device *device, uint64_t iova, const char *when);
/* The same, and the driver's handler prints the record with this address. */
void expect_fault_told(struct world *world, struct dma_device *device, uint64_t iova, const char *when);
/* What tables say now, past all caches: leads there, or to nothing. */
void expect_table(struct world *world, struct dma_device *device, uint64_t iova, uint64_t pa,
                  const char *when);
void expect_no_table(struct world *world, struct dma_device *device, uint64_t iova, const char *when);
/* A read that needs no right to write. */
enum dma_outcome try_read(struct dma_device *device, uint64_t iova);
enum dma_outcome try_write(struct dma_device *device, uint64_t iova);

/* Whether lines of the kernel's log begin to differ after this. */
size_t log_mark(struct world *world);
bool logged_since(struct world *world, size_t mark, const char *text);

/* The IOMMU in the way of a device, the entry of the device that it uses, and its registers. */
struct amdvi_device *iommu_of(struct world *world, const struct dma_device *device);
struct amdvi_dte_view entry_of(struct world *world, const struct dma_device *device);
uint64_t register_of(struct amdvi_device *iommu, uint64_t offset);
struct amdvi_statistics statistics_of(struct amdvi_device *iommu);

/* One page through the DMA API: reached, unmapped, refused, told. */
void use_dma(struct world *world, const char *name, struct dma_device *device);
/* One message interrupt from request to release. */
void use_interrupt(struct world *world, const char *name, struct dma_device *device, int msix);

/* In use now, apart from what was in use at the mark. */
struct kshim_leaks in_use(struct world *world);

#endif
