// SPDX-License-Identifier: Apache-2.0
/*
 * An IOMMU that another driver owns: a kernel that brought it up, keeps its device table, rings and logs, and
 * maps its own devices. This driver only adds guests. It writes no register but VF, VF Control and four bits
 * of Control, and of the device table only the entries of the IOMMU itself, of TransDevIDs, and of devices
 * that hv_device_add() names; all of them get back what they held.
 */
#ifndef AMDVI_HYPERVISOR_OWNER_H
#define AMDVI_HYPERVISOR_OWNER_H

#include "testbench/hypervisor/driver.h"

/* What the hypervisor's driver needs numbers for. */
enum hv_id {
    HV_ID_DOMAIN, /* tags of translations: private space, stage 2 made here, nested tables */
    HV_ID_GUEST,  /* GuestIDs, never 0 */
    HV_ID_TRANS,  /* DeviceIDs that no device has (viommu 3.2) */
};

/* The owner's side. Functions that answer a status are done when they return, and what they answer is what
 * the call fails with that needed them. They may call the device, but no function of this library. */
struct hv_owner {
    void *context;
    /* One device table entry; a write changes it as the architecture asks and flushes it (iommu 3.1, 6.4). */
    enum hv_status (*entry_read)(void *context, uint16_t device, uint64_t entry[4]);
    enum hv_status (*entry_write)(void *context, uint16_t device, const uint64_t entry[4]);
    /* Puts a command into the host's ring; wait() ends all that are there. RESET_VMMIO may be answered with
     * HV_ERR_UNSUPPORTED by an owner that cannot give it: the registers are then cleared one by one, and
     * what devices have not answered yet stays so. */
    enum hv_status (*command)(void *context, const uint64_t words[2]);
    enum hv_status (*wait)(void *context);
    /* Sets the bits of Control in `mask` to those in `value`. Null: read, changed and written back here. */
    enum hv_status (*control)(void *context, uint64_t mask, uint64_t value);
    /* Numbers that the owner does not use; false when there is none. Both null: DomainIDs and TransDevIDs
     * are taken from FFFFh down, where an owner that counts up does not come, GuestIDs from 1 up. */
    bool (*take)(void *context, enum hv_id kind, uint16_t *id);
    void (*give)(void *context, enum hv_id kind, uint16_t id);
};

/*
 * Joins the owner of a running IOMMU. `memory` is RAM that the owner does not use, which the device reaches;
 * what foreign tables lie in is made known to it by hv_memory_reach(). HV_ERR_ORDER: IommuEn, CmdBufEn or
 * GTEn is 0. HV_ERR_UNSUPPORTED as hv_driver_create(). Sets GCR3TRPMode, GstBufferTRPMode, vCmdEn and
 * vIommuEn (viommu 1.5); hv_driver_destroy() clears those of them that were clear.
 *
 * What is the owner's stays its own: hv_driver_event() and hv_device_interrupt() answer HV_ERR_UNSUPPORTED;
 * a device gets back its entry by hv_device_remove(). hv_guest_interrupt() needs GAMEn of the owner.
 */
enum hv_status hv_driver_share(struct amdvi_device *device, struct hv_memory *memory,
                               const struct hv_options *options, const struct hv_owner *owner,
                               struct hv_driver **driver);

/* The owner has read a record of the host's event or PPR log: it goes to whoever listens to its device, if
 * `heard` says so (hv_driver_listen()). */
enum hv_status hv_driver_record(struct hv_driver *driver, enum amdvi_log log, const uint64_t record[2],
                                bool *heard);

/* The owner has found the log overflowed, and has handed on all that it held. */
enum hv_status hv_driver_lost(struct hv_driver *driver, enum amdvi_log log);

/* ------------------------------------------------------------------------------- stage 2 of another's */

/* A host (v1) table, its levels and its DomainID, as an owner's page table code has made them. */
struct hv_foreign_stage2 {
    uint64_t root; /* SPA */
    unsigned mode; /* 1 to 6 */
    uint16_t domain;
};

/* A stage 2 that stands for it. hv_stage2_map() and hv_stage2_unmap() answer HV_ERR_FOREIGN, and nothing
 * here writes to the table. HV_ERR_ARGUMENT. */
enum hv_status hv_stage2_adopt(struct hv_driver *driver, const struct hv_foreign_stage2 *foreign,
                               struct hv_stage2 **stage2);
/* The owner has changed or taken away [gpa, gpa + length) and is done with the table: what guests' rings and
 * nested translations keep of it goes (viommu 7.6). Length 0: everything. */
enum hv_status hv_stage2_changed(struct hv_stage2 *stage2, uint64_t gpa, uint64_t length);
/* Its table has another root or height: every entry that names it is written anew, and everything is flushed.
 * HV_ERR_FOREIGN for a stage 2 made here. */
enum hv_status hv_stage2_moved(struct hv_stage2 *stage2, uint64_t root, unsigned mode);

#endif
