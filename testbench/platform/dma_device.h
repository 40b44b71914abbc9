// SPDX-License-Identifier: Apache-2.0
/*
 * A device that issues requests: a PCI function that reads and writes memory through the IOMMU that is in its
 * way, keeps translations (ATS), asks for pages (PRI) and interrupts. It does what its configuration space
 * allows, unless it is told to misbehave.
 */
#ifndef AMDVI_PLATFORM_DMA_DEVICE_H
#define AMDVI_PLATFORM_DMA_DEVICE_H

#include "amdvi/amdvi.h"

#include "testbench/platform/machine.h"
#include "testbench/platform/pcie.h"

struct dma_device;

/* Plugs it in, at any time. `description` says where and with what; only callbacks for BARs may be in it, and
 * they get the device as their context. Null: as pcie_add() says in `status`, which may be null. Belongs to
 * the machine. */
struct dma_device *dma_device_create(struct machine *machine, const struct pcie_description *description,
                                     enum amdvi_status *status);
/* Pulls it out. */
void dma_device_remove(struct dma_device *device);
struct pcie_function *dma_device_function(const struct dma_device *device);
uint16_t dma_device_id(const struct dma_device *device); /* DeviceID of its requests */

/* ------------------------------------------------------------------------------ data */

enum dma_outcome {
    DMA_DONE,
    DMA_FAULT,      /* refused by the IOMMU: `result.fault` */
    DMA_NO_MEMORY,  /* a good address with nothing behind it */
    DMA_NOT_MASTER, /* configuration space does not let it: bus master off, D3hot, gone */
    DMA_NO_PASID,   /* the same: PASID not enabled, or privileged or execute without permission for it */
    DMA_NO_ATS,     /* the same: ATS asked for and not enabled */
    DMA_NO_RIGHT,   /* ATS: the translation does not give the right; ask for the page (dma_page_request()) */
    DMA_BAD_ARGUMENT,
};

enum { DMA_LENGTH_MAX = 1 << 20 };

struct dma_access {
    uint64_t address;
    uint64_t length; /* 1 to DMA_LENGTH_MAX */
    bool write, execute;
    bool has_pasid, privileged;
    uint32_t pasid;
    bool ats;    /* by the device's own cache, asking for translations that it does not have */
    bool forced; /* whatever configuration space says, bus master and PASID included */
};

/* `data` is read or written, `result` (may be null) what the IOMMU answered last: with `ats` that of the last
 * piece. A part of it may be done when it fails. */
enum dma_outcome dma_access(struct dma_device *device, const struct dma_access *access, void *data,
                            struct amdvi_result *result);
enum dma_outcome dma_read(struct dma_device *device, uint64_t address, void *data, uint64_t length);
enum dma_outcome dma_write(struct dma_device *device, uint64_t address, const void *data, uint64_t length);

/* MSI-X or MSI number `number`. */
enum pcie_interrupt dma_interrupt(struct dma_device *device, unsigned number);

/* ------------------------------------------------------------------------------ translations of its own */

enum { DMA_ATC_ENTRIES = 64 };

struct dma_translation {
    bool has_pasid, global, privileged;
    bool untranslated_only; /* not for translated requests */
    uint32_t pasid;
    uint64_t address, size, pa;
    uint8_t rights; /* AMDVI_RIGHT_* */
};

/* Asks for one translation and keeps it; no right at all is an answer, too (DMA_NO_RIGHT). */
enum dma_outcome dma_translate(struct dma_device *device, const struct dma_access *access,
                               struct dma_translation *translation);
/* Translation number `index` that it holds, oldest first; false after the last one. */
bool dma_atc_entry(const struct dma_device *device, size_t index, struct dma_translation *translation);

/* How it answers invalidations. */
enum dma_invalidation {
    DMA_INVALIDATE_NOW,
    DMA_INVALIDATE_LATE,  /* drops and answers after a delay; uses what it has until then */
    DMA_INVALIDATE_NEVER, /* drops nothing, answers nothing */
    DMA_INVALIDATE_LOST,  /* drops at once, but the answer gets lost */
    DMA_INVALIDATE_LIE,   /* answers at once and drops nothing */
    DMA_INVALIDATE_WRONG, /* drops, and answers with a tag that nobody sent; the right one never comes */
};
void dma_set_invalidation(struct dma_device *device, enum dma_invalidation how, uint64_t delay_ns);
/* Answers what is waiting now, in order of arrival, whatever the delay. */
void dma_answer_invalidations(struct dma_device *device);

/* ------------------------------------------------------------------------------ page requests */

struct dma_page_request {
    uint64_t address;
    bool has_pasid, privileged, read, write, execute, last;
    uint32_t pasid;
    uint16_t group; /* 0 to 511 */
};

enum dma_page_outcome {
    DMA_PAGE_LOGGED,
    DMA_PAGE_REFUSED,     /* the IOMMU answered by itself or dropped it: `fault` */
    DMA_PAGE_NOT_ALLOWED, /* configuration space does not let it, nothing was sent */
    DMA_PAGE_FULL,        /* as many outstanding as software allows, nothing was sent */
    DMA_PAGE_BAD_ARGUMENT,
};

enum dma_page_outcome dma_page_request(struct dma_device *device, const struct dma_page_request *request,
                                       struct amdvi_fault *fault);
/* Sent whatever configuration space and capacity say. */
enum dma_page_outcome dma_page_request_forced(struct dma_device *device,
                                              const struct dma_page_request *request,
                                              struct amdvi_fault *fault);

/* A request out of a legal one, with one thing wrong. */
enum dma_page_mishap {
    DMA_PAGE_LEGAL,
    DMA_PAGE_PASID_OFF,     /* a PASID although the function has none enabled, or none although it has */
    DMA_PAGE_UNKNOWN_PASID, /* one bit of the PASID is turned */
    DMA_PAGE_PRI_OFF,       /* sent although PRI is not enabled */
    DMA_PAGE_GN_MISMATCH,   /* the requests of a group differ in having a PASID */
    DMA_PAGE_NO_LAST,       /* no request of the group is its last */
    DMA_PAGE_NO_RIGHTS,     /* asks for neither reading nor writing: with `last` a stop marker */
    DMA_PAGE_MISHAPS
};

/* A group of `pages` requests (1 to 32) for pages in a row from request->address on; its last one has `last`.
 * Which page or bit a mishap hits comes from `seed`. How many the IOMMU logged. */
unsigned dma_page_group(struct dma_device *device, const struct dma_page_request *request, unsigned pages,
                        enum dma_page_mishap mishap, uint64_t seed);

struct dma_page_response {
    uint16_t group;
    bool has_pasid;
    uint32_t pasid;
    uint8_t code;  /* 0 success, 1 invalid request, Fh failure */
    bool expected; /* a group of this number had sent its last request and had no answer yet */
};
/* The oldest response that was not taken yet; false when there is none. */
bool dma_page_next_response(struct dma_device *device, struct dma_page_response *response);
/* Requests that were sent and whose group has no answer. */
unsigned dma_pages_outstanding(const struct dma_device *device);

/* ------------------------------------------------------------------------------ counts */

struct dma_statistics {
    uint64_t reads, writes, faults, not_allowed;
    uint64_t translations, translations_denied, atc_hits, translated;
    uint64_t invalidations, invalidations_answered, dropped, wrong_answers;
    uint64_t page_requests, responses, unexpected_responses, lost_responses;
    uint64_t interrupts, resets;
};
struct dma_statistics dma_statistics(const struct dma_device *device);

#endif
