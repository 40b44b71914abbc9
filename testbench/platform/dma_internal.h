// SPDX-License-Identifier: Apache-2.0
/* What the files of dma_device.h share. */
#ifndef AMDVI_PLATFORM_DMA_INTERNAL_H
#define AMDVI_PLATFORM_DMA_INTERNAL_H

#include "testbench/platform/dma_device.h"
#include "testbench/platform/machine_internal.h"
#include "testbench/platform/ram.h"

enum { DMA_GROUPS = 512, DMA_RESPONSES = 1024 };

/* An invalidation that is not answered yet. */
struct dma_waiting {
    struct dma_waiting *next; /* in order of arrival */
    struct dma_device *device;
    struct machine_unit *unit;
    struct amdvi_atc_invalidation invalidation;
    bool wrong; /* the answer has another tag */
};

/* A page request group as its device sees it. */
struct dma_group {
    unsigned requests; /* without an answer */
    bool closed;       /* the last one was sent */
    bool has_pasid;
    uint32_t pasid;
};

struct dma_device {
    struct dma_device *next;
    struct machine *machine;
    struct pcie_function *function;
    struct dma_translation atc[DMA_ATC_ENTRIES];
    size_t held;
    enum dma_invalidation how;
    uint64_t delay;
    struct dma_waiting *waiting;
    struct dma_group group[DMA_GROUPS];
    unsigned outstanding;
    struct dma_page_response response[DMA_RESPONSES];
    size_t first_response, responses;
    struct dma_statistics statistics;
};

/* dma_device.c */
/* What configuration space says to a request: DMA_DONE, or why not. */
enum dma_outcome dma_allowed(const struct dma_device *device, const struct dma_access *access);
struct amdvi_request dma_request(const struct dma_device *device, const struct dma_access *access);
/* Sends it with its data and takes the answer. */
enum dma_outcome dma_send(struct dma_device *device, const struct amdvi_request *request, void *data,
                          struct amdvi_result *result);

/* dma_atc.c */
enum dma_outcome dma_access_translated(struct dma_device *device, const struct dma_access *access,
                                       uint8_t *data, struct amdvi_result *result);
void dma_atc_forget(struct dma_device *device);

/* dma_invalidations.c */
enum amdvi_atc_answer dma_invalidate(struct dma_device *device, struct machine_unit *unit,
                                     const struct amdvi_atc_invalidation *invalidation);
/* Invalidations that wait are never answered. */
void dma_forget_invalidations(struct dma_device *device);
/* Drops what the invalidation covers. */
void dma_atc_drop(struct dma_device *device, const struct amdvi_atc_invalidation *invalidation);

/* dma_pages.c */
void dma_respond(struct dma_device *device, const struct amdvi_prg_response *response);
void dma_pages_forget(struct dma_device *device);
/* Configuration space changed. */
void dma_pages_written(struct dma_device *device);

#endif
