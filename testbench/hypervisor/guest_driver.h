// SPDX-License-Identifier: Apache-2.0
/*
 * The IOMMU driver of a guest, as small as it can be: it knows registers and memory and nothing of a
 * hypervisor. Device table, command ring with doorbell and COMPLETION_WAIT in memory, event and PPR logs.
 */
#ifndef AMDVI_HYPERVISOR_GUEST_DRIVER_H
#define AMDVI_HYPERVISOR_GUEST_DRIVER_H

#include "testbench/hypervisor/guest_tables.h"

struct hv_guest_iommu {
    struct hv_vmm *vmm;
    struct hv_guest_pages pages;
    uint64_t device_table, ring, store, events, pprs, control;
    uint32_t tail, event_head, ppr_head;
    uint64_t waits, commands;
};

/* Brings up the IOMMU that the machine shows; guest memory from `gpa` on is the driver's. */
enum hv_status hv_guest_iommu_create(struct hv_guest_iommu *iommu, struct hv_vmm *vmm, uint64_t gpa,
                                     uint64_t bytes);
void hv_guest_iommu_destroy(struct hv_guest_iommu *iommu);

/* Writes an entry: word 0 down, the others, word 0 up (iommu 3.1). */
void hv_guest_iommu_entry(struct hv_guest_iommu *iommu, uint16_t device, const uint64_t entry[4]);

/* Queues a command, with the doorbell only when the ring gets full. */
void hv_guest_iommu_command(struct hv_guest_iommu *iommu, const uint64_t words[2]);
/* COMPLETION_WAIT, doorbell, and a look at the word in memory. HV_ERR_DEVICE when it did not come. */
enum hv_status hv_guest_iommu_wait(struct hv_guest_iommu *iommu);
/* After an illegal command: ring off, emptied, on. */
enum hv_status hv_guest_iommu_restart(struct hv_guest_iommu *iommu);

/* The status register; and after an overflow: the bit cleared, the log off and on again (iommu 7.1). */
uint64_t hv_guest_iommu_status(struct hv_guest_iommu *iommu);
enum hv_status hv_guest_iommu_restart_log(struct hv_guest_iommu *iommu, enum amdvi_log log);

/* The oldest unread record of a log; HV_ERR_EMPTY. */
enum hv_status hv_guest_iommu_record(struct hv_guest_iommu *iommu, enum amdvi_log log, uint64_t record[2]);

/* Invalidation of guest translations: one page of 4 KiB or 2 MiB, or all with `size` 0. */
void hv_guest_iommu_flush(struct hv_guest_iommu *iommu, uint16_t domain, uint32_t pasid, uint64_t gva,
                          uint64_t size);

#endif
