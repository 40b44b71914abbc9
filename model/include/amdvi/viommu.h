// SPDX-License-Identifier: Apache-2.0
/*
 * Guests on a hardware vIOMMU: their registers, their ID maps, and their share of the command processor.
 */
#ifndef AMDVI_VIOMMU_H
#define AMDVI_VIOMMU_H

#include "amdvi/devices.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A guest's VF MMIO page and VF Control block (viommu 3, 4). AMDVI_ERR_UNSUPPORTED in devices without
 * HW-vIOMMU. */
enum amdvi_status amdvi_vf_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                unsigned size, uint64_t *value);
/* Writes a register of the VF MMIO page: what the guest itself does. */
enum amdvi_status amdvi_vf_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t value);
/* Reads a register of the VF Control block, which only the hypervisor sees (viommu 3). */
enum amdvi_status amdvi_vfc_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t *value);
/* Writes a register of the VF Control block. */
enum amdvi_status amdvi_vfc_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                  unsigned size, uint64_t value);

/* Which ID map of a guest. */
enum amdvi_guest_map { AMDVI_MAP_DEVICES, AMDVI_MAP_DOMAINS };

/*
 * DID-map writes in bulk (viommu 3.1, 6): entries `first` to `first + count - 1` of a guest's DevIDMap or
 * DomIDMap, all to one host ID, as that many writes of DID Map Control would make them. AMDVI_ERR_UNSUPPORTED
 * without HW-vIOMMU or while IommuEn or vIommuEn is 0; AMDVI_ERR_MEMORY when a page of the table is not
 * mapped or fails: pages before it are written, and the host log has what a single write would have left
 * there (key viommu.map_fault).
 */
enum amdvi_status amdvi_guest_map_fill(struct amdvi_device *device, uint16_t guest_id,
                                       enum amdvi_guest_map map, uint32_t first, uint32_t count,
                                       uint16_t host_id, uint16_t queue_id, bool valid);

/*
 * How the ring of a guest shares the command processor with those of others, which the specification leaves
 * open [viommu 11 #34]. Turns go round; each is of `weight` times viommu.commands_per_turn commands. A guest
 * with `commands` gets no more than so many in each `period_ns` of the device's clock (amdvi_advance()), and
 * goes on in a run (amdvi_run()) of the next period. It is a setting of the host's, like configuration keys:
 * not part of what is saved, and gone with amdvi_reset().
 */
struct amdvi_guest_share {
    uint32_t weight;    /* 1 to 65535 */
    uint32_t commands;  /* 0: no cap */
    uint64_t period_ns; /* with `commands`: 1 or more */
};

/* AMDVI_ERR_ARGUMENT for a null pointer or a number out of range, AMDVI_ERR_UNSUPPORTED without HW-vIOMMU or
 * for a GuestID that the device rejects, AMDVI_ERR_NO_MEMORY, AMDVI_ERR_BUSY from inside a callback. */
enum amdvi_status amdvi_set_guest_share(struct amdvi_device *device, uint16_t guest_id,
                                        const struct amdvi_guest_share *share);

/* When, by the device's clock in nanoseconds, the first guest that its cap holds back may go on; UINT64_MAX:
 * none is held back. */
enum amdvi_status amdvi_guest_share_next(const struct amdvi_device *device, uint64_t *when);

#ifdef __cplusplus
}
#endif

#endif
