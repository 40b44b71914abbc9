// SPDX-License-Identifier: Apache-2.0
/*
 * The life of a device: made, reset, programmed through its registers, run, saved and restored.
 */
#ifndef AMDVI_DEVICES_H
#define AMDVI_DEVICES_H

#include "amdvi/configuration.h"
#include "amdvi/surroundings.h"

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_device;

/*
 * A device after power-on reset. `config`, `memory`, `callbacks` and `allocator` are copied; callbacks and
 * allocator may be null. Frees nothing of the caller's; the caller frees the device with amdvi_destroy().
 * AMDVI_ERR_ARGUMENT, AMDVI_ERR_NO_MEMORY; AMDVI_ERR_UNSUPPORTED: a structure of a newer header asks for what
 * this library does not have.
 */
enum amdvi_status amdvi_create_sized(const struct amdvi_config *config, const struct amdvi_memory *memory,
                                     size_t memory_size, const struct amdvi_callbacks *callbacks,
                                     size_t callbacks_size, const struct amdvi_allocator *allocator,
                                     struct amdvi_device **device);
/* amdvi_create_sized() with the structures of this header. */
static inline enum amdvi_status amdvi_create(const struct amdvi_config *config,
                                             const struct amdvi_memory *memory,
                                             const struct amdvi_callbacks *callbacks,
                                             const struct amdvi_allocator *allocator,
                                             struct amdvi_device **device)
{
    return amdvi_create_sized(config, memory, sizeof(*memory), callbacks, sizeof(*callbacks), allocator,
                              device);
}
/* AMDVI_OK also for null. AMDVI_ERR_BUSY from a callback of the device, which then lives on. */
enum amdvi_status amdvi_destroy(struct amdvi_device *device);

/* Back to the state after amdvi_create(): registers, rings, caches, statistics. */
enum amdvi_status amdvi_reset(struct amdvi_device *device);

/*
 * Register window [2]: naturally aligned accesses of 4 or 8 bytes below the window's size. Offsets without
 * a register read 0 and ignore writes. Other widths, alignments and offsets give AMDVI_ERR_ACCESS, a read
 * value of 0, and no effect. Writes only note work: amdvi_run() does it.
 */
enum amdvi_status amdvi_mmio_read(struct amdvi_device *device, uint64_t offset, unsigned size,
                                  uint64_t *value);
/* The write that belongs to amdvi_mmio_read(); bits of `value` beyond `size` do not count. */
enum amdvi_status amdvi_mmio_write(struct amdvi_device *device, uint64_t offset, unsigned size,
                                   uint64_t value);
/* Size of the window in bytes: 512 KiB with performance counters (EFR.PCSup), else 16 KiB [2.1]. */
uint64_t amdvi_mmio_size(const struct amdvi_device *device);

/* PCI configuration space of the IOMMU's function [1.1, 1.2]: aligned accesses of 1, 2 or 4 bytes below 4096;
 * 8-byte accesses are taken as two of 4. From 256 on there is nothing: reads give all-ones, writes do
 * nothing, as for a function without extended configuration space. */
enum amdvi_status amdvi_pci_read(struct amdvi_device *device, unsigned offset, unsigned size,
                                 uint64_t *value);
/* The write that belongs to amdvi_pci_read(). */
enum amdvi_status amdvi_pci_write(struct amdvi_device *device, unsigned offset, unsigned size,
                                  uint64_t value);

/* Works until nothing is left to do. Bounded by the work in the rings. */
enum amdvi_status amdvi_run(struct amdvi_device *device);

/*
 * Migration. amdvi_save() writes everything that a device is, except its caches, to `buffer`; `needed` is the
 * size in any case (AMDVI_ERR_TOO_SMALL, and nothing useful in the buffer, when `size` is less; a null buffer
 * asks for the size). amdvi_restore() takes it into a device of the same configuration, in this or another
 * process; memory is the caller's to move. The guest calls do the same for one guest's registers and rings;
 * its maps are memory. What a processor has put into the guest's register slot in memory, and the device has
 * not looked at since, is not in it: read those registers first (amdvi_vf_read()). Damaged bytes give
 * AMDVI_ERR_CORRUPT, another version AMDVI_ERR_UNSUPPORTED, another configuration or kind AMDVI_ERR_ARGUMENT,
 * and change nothing. Restoring a device sets its statistics back to 0 and empties its caches, as a reset
 * does; observers stay and are told (AMDVI_CALL_RESTORE); restoring a guest leaves statistics and caches as
 * they are. AMDVI_ERR_BUSY: a device has yet to answer an invalidation of that guest. When memory runs out,
 * AMDVI_ERR_NO_MEMORY, amdvi_restore() leaves a device as after amdvi_reset().
 */
enum amdvi_status amdvi_save(const struct amdvi_device *device, void *buffer, size_t size, size_t *needed);
/* Takes what amdvi_save() wrote into `device`. */
enum amdvi_status amdvi_restore(struct amdvi_device *device, const void *buffer, size_t size);
/* Like amdvi_save(), of one guest. */
enum amdvi_status amdvi_guest_save(const struct amdvi_device *device, uint16_t guest_id, void *buffer,
                                   size_t size, size_t *needed);
/* Takes what amdvi_guest_save() wrote into a guest of `device`; its GuestID may be another one. */
enum amdvi_status amdvi_guest_restore(struct amdvi_device *device, uint16_t guest_id, const void *buffer,
                                      size_t size);

/* The device's clock, nanoseconds from reset: only time-outs look at it. Never goes back: AMDVI_ERR_ARGUMENT
 * where it would pass 2^64. AMDVI_ERR_BUSY from inside a callback. */
enum amdvi_status amdvi_advance(struct amdvi_device *device, uint64_t nanoseconds);

#ifdef __cplusplus
}
#endif

#endif
