// SPDX-License-Identifier: Apache-2.0
/*
 * What a device calls: memory, its host's callbacks, an allocator. What these may call in turn stands at the
 * top of amdvi/amdvi.h.
 */
#ifndef AMDVI_SURROUNDINGS_H
#define AMDVI_SURROUNDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How memory answered; the values are the type codes of hardware-error events [7.3]. */
enum amdvi_memory_result {
    AMDVI_MEMORY_OK = 0,
    AMDVI_MEMORY_MASTER_ABORT = 1, /* nothing at that address */
    AMDVI_MEMORY_TARGET_ABORT = 2, /* the target refused */
    AMDVI_MEMORY_DATA_ERROR = 3,   /* poison */
};

/*
 * System memory. The callbacks may be called from any call on the device (what they may call in turn stands
 * at the top of amdvi/amdvi.h), with lengths of 1 to 4096 bytes that never cross a 4 KiB page.
 * compare_exchange replaces the 8 bytes at `spa` by `desired` if they equal `expected`, atomically against
 * other users of the memory, and returns what was there in `seen`.
 *
 * `direct` may name a window of plain memory: addresses [direct_base, direct_base + direct_size) are then
 * read and written there without a call. The window must outlive the device. More windows, also read-only
 * ones: amdvi_window_add() in amdvi/host.h.
 *
 * Memory may fail at any access; every access is made once and not tried again. What follows is the same
 * everywhere. An entry of a table that cannot be read, or whose accessed or dirty bit cannot be set, makes
 * the request fail, with a hardware-error event of the result's type [7.3]; nothing of it is cached. A
 * command that cannot be read, or whose store fails, stops its ring with COMMAND_HARDWARE_ERROR. A log record
 * that cannot be written is lost. A guest's buffers and slots fail as viommu 8.3 says. A device's own data
 * give AMDVI_ERR_MEMORY. A callback that is null, or returns a value that is no result, counts as
 * AMDVI_MEMORY_MASTER_ABORT; a compare_exchange that is null as AMDVI_MEMORY_TARGET_ABORT.
 */
struct amdvi_memory {
    void *context;
    enum amdvi_memory_result (*read)(void *context, uint64_t spa, void *data, size_t length);
    enum amdvi_memory_result (*write)(void *context, uint64_t spa, const void *data, size_t length);
    enum amdvi_memory_result (*compare_exchange)(void *context, uint64_t spa, uint64_t expected,
                                                 uint64_t desired, uint64_t *seen);
    void *direct;
    uint64_t direct_base;
    uint64_t direct_size;
};

/* Why the device interrupts [8.7]. */
enum amdvi_irq_cause {
    AMDVI_IRQ_EVENT,
    AMDVI_IRQ_PPR,
    AMDVI_IRQ_GA,
    AMDVI_IRQ_COMPLETION_WAIT,
    AMDVI_IRQ_VAPIC, /* doorbell of a posted guest interrupt for the processor `destination`; `vector` is the
                        guest's, whose IRR bit is set already [8.6] */
    AMDVI_IRQ_GAPPI, /* physical interrupt that wakes `destination` for a guest that does not run: GAPPIEn=1,
                        IsRun=0; `vector` is GATag[7:0] [8.6] */
};

struct amdvi_irq {
    enum amdvi_irq_cause cause;
    bool guest; /* of a guest's virtual IOMMU, the doorbell for it included; `guest_id` counts */
    uint16_t guest_id;
    bool deliverable; /* MSI or XT register enabled; else only the condition exists */
    uint64_t address; /* message address */
    uint32_t data;
    uint8_t vector;
    uint32_t destination;
    bool logical;
};

/* ATS Invalidate Request to a device's translation cache [6.4, opcode 4]. */
struct amdvi_atc_invalidation {
    uint16_t device;
    bool has_pasid;
    uint32_t pasid;
    uint64_t address; /* 0 with size 0: everything */
    uint64_t size;    /* bytes, a power of two; 0: everything */
    uint32_t tag;     /* for amdvi_atc_complete() */
};

/* What the device's translation cache answers. */
enum amdvi_atc_answer { AMDVI_ATC_DONE, AMDVI_ATC_PENDING };

/* PRG response to a device [7.7, opcode 7]. */
struct amdvi_prg_response {
    uint16_t device;
    bool has_pasid;
    uint32_t pasid;
    uint16_t index; /* page-request-group index, 9 bits */
    uint8_t code;   /* 4 bits: 0 success, 1 invalid request, 0xF failure; software may send any other */
};

/* All may be null. What they may call stands at the top of amdvi/amdvi.h. */
struct amdvi_callbacks {
    void *context;
    void (*interrupt)(void *context, const struct amdvi_irq *irq);
    enum amdvi_atc_answer (*atc_invalidate)(void *context, const struct amdvi_atc_invalidation *invalidation);
    void (*prg_response)(void *context, const struct amdvi_prg_response *response);
};

/* Memory of the library itself; null functions mean malloc and free. */
struct amdvi_allocator {
    void *context;
    void *(*allocate)(void *context, size_t bytes);
    void (*release)(void *context, void *block);
};

#ifdef __cplusplus
}
#endif

#endif
