// SPDX-License-Identifier: Apache-2.0
/*
 * What hosts need beside the architecture: simulators, hypervisors and kernels in user space that drive a
 * device late, pull its interrupts, route accesses by bus address, or keep translations of their own.
 *
 * Nothing here changes what a device does: no events, no cache fills, no accessed or dirty bits, no
 * statistics. What is created here belongs to the caller and ends before the device. Calls on one device must
 * not run at the same time as others, and none may come from a callback.
 */
#ifndef AMDVI_HOST_H
#define AMDVI_HOST_H

#include "amdvi/amdvi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------ memory in pieces */

enum { AMDVI_WINDOWS_MAX = 16 };

/* Plain memory at system physical addresses [base, base + size). Read-only: the device reads it there, writes
 * and compare-exchanges go to the callbacks, as for a ROM or for pages that a host tracks. */
struct amdvi_window {
    uint64_t base;
    uint64_t size;
    void *bytes;
    bool read_only;
};

/*
 * One window more than the one of struct amdvi_memory, for RAM that lies in several pieces; put the piece
 * with the page tables into that one, which is the fastest. An access that lies in no window as a whole goes
 * to the callbacks. Windows stay through reset and restore; the bytes must outlive them. AMDVI_ERR_ARGUMENT:
 * null, empty, beyond 2^64, or overlapping another window; AMDVI_ERR_NO_MEMORY: there are AMDVI_WINDOWS_MAX
 * already.
 */
enum amdvi_status amdvi_window_add(struct amdvi_device *device, const struct amdvi_window *window);
/* The window that begins at `base`; AMDVI_ERR_ARGUMENT if none was added there. */
enum amdvi_status amdvi_window_remove(struct amdvi_device *device, uint64_t base);

/* ------------------------------------------------------------------------------ when to run */

/*
 * Whether amdvi_run() has something to look at: commands between head and tail of a running ring, guests with
 * commands, ATS invalidations whose time is over. It may still find that a COMPLETION_WAIT has to wait.
 * A dirty-status bit that software sets in memory without a doorbell is not seen: it counts at the next run
 * (viommu 2.3). AMDVI_ERR_ARGUMENT for null.
 */
enum amdvi_status amdvi_has_work(const struct amdvi_device *device, bool *work);

/* ------------------------------------------------------------------------------ interrupts, pulled */

/* What a host has to do about a struct amdvi_irq, whether it came by callback or from a queue. */
enum amdvi_irq_duty {
    /* Nothing. The condition exists but no message leaves: MSI or the XT register is not enabled, or the
     * interrupt is a guest's, which was posted: what it needed has come as a VAPIC or GAPPI of its own. */
    AMDVI_IRQ_DUTY_NONE,
    /* EVENT, PPR, GA, COMPLETION_WAIT of the host: write `data` to `address`, as any MSI. */
    AMDVI_IRQ_DUTY_MESSAGE,
    /* VAPIC: no message. The vector is in the guest's backing page already; tell the processor with APIC ID
     * `destination` to look at it (AVIC doorbell). Never send `vector` to the host. */
    AMDVI_IRQ_DUTY_DOORBELL,
    /* GAPPI: a physical interrupt with `vector` for the processor `destination`, which wakes the hypervisor.
     */
    AMDVI_IRQ_DUTY_WAKE,
};
/* AMDVI_IRQ_DUTY_NONE for null. */
enum amdvi_irq_duty amdvi_irq_duty_of(const struct amdvi_irq *irq);

/*
 * Interrupts kept until the host asks, beside the callback. A log that is not drained raises one interrupt a
 * record, so `capacity` should be some hundreds; 1 to 65536. When the queue is full, an interrupt equal to
 * one that waits is merged with it, as in an interrupt controller; any other is dropped and counted as lost.
 * Interrupts with AMDVI_IRQ_DUTY_NONE are not kept.
 */
struct amdvi_irq_queue;
/* AMDVI_ERR_ARGUMENT, AMDVI_ERR_NO_MEMORY; memory comes from the device's allocator. */
enum amdvi_status amdvi_irq_queue_create(struct amdvi_device *device, size_t capacity,
                                         struct amdvi_irq_queue **queue);
/* Null does nothing. */
void amdvi_irq_queue_destroy(struct amdvi_irq_queue *queue);
/* The oldest; AMDVI_ERR_END when none waits. */
enum amdvi_status amdvi_irq_next(struct amdvi_irq_queue *queue, struct amdvi_irq *irq);
/* How many wait, and how many were merged or lost since creation; each pointer may be null. */
enum amdvi_status amdvi_irq_queue_state(const struct amdvi_irq_queue *queue, size_t *waiting,
                                        uint64_t *merged, uint64_t *lost);

/* ------------------------------------------------------------------------------ by bus address */

enum amdvi_bus_space { AMDVI_BUS_NOTHING, AMDVI_BUS_REGISTERS, AMDVI_BUS_VF, AMDVI_BUS_VF_CONTROL };

struct amdvi_bus_place {
    enum amdvi_bus_space space;
    uint16_t guest_id; /* of the two apertures for guests */
    uint64_t offset;   /* in the window, the guest's page of 4 KiB or its block of 64 bytes */
};

/*
 * What of the device lies at a system physical address, as its configuration space says now: the register
 * window by the IOMMU capability [1.2], the VF MMIO aperture of 256 MiB and the VF Control aperture of 4 MiB
 * by the vendor-specific capability (viommu 1.3), each only with its enable bit set.
 */
enum amdvi_status amdvi_bus_find(const struct amdvi_device *device, uint64_t spa,
                                 struct amdvi_bus_place *place);

/* The access there, as amdvi_mmio_read() and its like make it. Where nothing of the device lies:
 * AMDVI_ERR_UNSUPPORTED, and a read value of 0. */
enum amdvi_status amdvi_bus_read(struct amdvi_device *device, uint64_t spa, unsigned size, uint64_t *value);
/* The write that belongs to amdvi_bus_read(). */
enum amdvi_status amdvi_bus_write(struct amdvi_device *device, uint64_t spa, unsigned size, uint64_t value);

/* ------------------------------------------------------------------------------ looking without touching */

/*
 * What amdvi_translate() would answer if nothing were cached: the tables as memory has them now. Of a fault
 * only `reason` is filled in, and a translation request that would get no permission fails. For hosts that
 * fill caches of their own, for debuggers, and for checks. AMDVI_ERR_ARGUMENT as amdvi_translate();
 * AMDVI_ERR_UNSUPPORTED for interrupts.
 */
enum amdvi_status amdvi_look(struct amdvi_device *device, const struct amdvi_request *request,
                             struct amdvi_result *result);

/*
 * amdvi_look(), and whether such a request would still set accessed or dirty bits in tables on its way. For
 * hosts that hand out pointers to memory: an access through one sets no bit.
 */
enum amdvi_status amdvi_look_updates(struct amdvi_device *device, const struct amdvi_request *request,
                                     struct amdvi_result *result, bool *updates);

/* A contiguous stretch of addresses that lead to contiguous memory with the same permissions. */
struct amdvi_mapping {
    uint64_t iova, spa;
    uint64_t last; /* IOVA of the last byte */
    uint8_t perm;  /* AMDVI_RIGHT_READ and AMDVI_RIGHT_WRITE */
    bool identity; /* not translated: the device's requests pass as they are */
};

struct amdvi_mappings {
    uint16_t device;
    bool has_pasid;
    bool privileged;
    uint32_t pasid;
    uint64_t first, last; /* IOVAs, rounded to pages of 4 KiB outwards */
    void *context;
    /* Rising addresses. A return value other than 0 ends the walk. Must not call the device. */
    int (*mapping)(void *context, const struct amdvi_mapping *mapping);
};

/*
 * All mappings of a DeviceID, or of one of its PASIDs, in a range: host tables, guest tables, nested. Holes
 * cost one step for each entry that is not there. A device that passes untranslated (IommuEn=0, V=0, Mode=0)
 * has one mapping, the whole range; one that is refused has none. Interrupt and reserved ranges are holes.
 * AMDVI_ERR_ARGUMENT for null, a PASID of more than 20 bits, or first > last.
 */
enum amdvi_status amdvi_walk_mappings(struct amdvi_device *device, const struct amdvi_mappings *walk);

/* ------------------------------------------------------------------------------ hosts that cache */

/* What is no longer valid for a device. */
struct amdvi_invalidated {
    uint16_t device; /* the host's DeviceID, also when a guest gave the command */
    bool has_pasid;  /* only this PASID; else all of the device's address spaces */
    uint32_t pasid;
    uint64_t first, last; /* IOVAs; 0 and UINT64_MAX: everything */
    bool interrupts;      /* interrupt remapping entries, not translations */
    bool entry;           /* the device table entry: look at everything anew, also at interrupts */
};

/*
 * Tells a host that keeps translations of `requester` (a QEMU notifier, a vhost device) what a command of the
 * host or of a guest takes away: INVALIDATE_DEVTAB_ENTRY, INVALIDATE_IOMMU_PAGES of its DomainID,
 * INVALIDATE_INTERRUPT_TABLE, INVALIDATE_IOMMU_ALL, and a reset or restore of the device [6.4]. IDs of guests
 * are resolved. INVALIDATE_IOTLB_PAGES, which is for the device's own cache, comes through `atc_invalidate`.
 * A domain counts as the device's if the entry in memory or the one in the cache names it; where neither can
 * be read, everything counts. The function must not call the device: note the range and look later.
 */
struct amdvi_notifier;
/* AMDVI_ERR_ARGUMENT, AMDVI_ERR_NO_MEMORY. */
enum amdvi_status amdvi_notifier_create(struct amdvi_device *device, uint16_t requester,
                                        void (*invalidated)(void *context,
                                                            const struct amdvi_invalidated *what),
                                        void *context, struct amdvi_notifier **notifier);
/* Null does nothing. */
void amdvi_notifier_destroy(struct amdvi_notifier *notifier);

#ifdef __cplusplus
}
#endif

#endif
