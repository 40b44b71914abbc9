// SPDX-License-Identifier: Apache-2.0
/* A kernel that owns an IOMMU, as small as it can be: it brings the device up in RAM of its own, maps devices
 * and guests' memory with tables of its own, and lets the hypervisor's driver join (owner.h). */
#ifndef AMDVI_TEST_HYPERVISOR_KERNEL_H
#define AMDVI_TEST_HYPERVISOR_KERNEL_H

#include "testbench/hypervisor/host_table.h"
#include "testbench/hypervisor/owner.h"

enum { KERNEL_RAM = 16 << 20, KERNEL_DEVICE = 0x0520, KERNEL_DOMAIN = 1, KERNEL_GUEST_DOMAIN = 2 };

#define KERNEL_BASE UINT64_C(0x40000000000)
#define KERNEL_IOVA UINT64_C(0x123450000)

struct kernel {
    struct amdvi_device *device;
    struct hv_memory *memory;
    uint64_t device_table, ring, events, pprs, store, stored, control;
    uint32_t tail, event_head, ppr_head;
    struct hv_table own, guest; /* of its device, and a guest's memory */
    uint64_t page;              /* where KERNEL_IOVA leads */
    bool no_reset;              /* it cannot give RESET_VMMIO */
    bool unreadable;            /* it refuses to read entries */
    uint16_t next_id[3];        /* numbers that it gives away, from 4000h up */
    unsigned given[3];          /* how many of them are out */
    uint64_t commands;
};

/* The device runs, KERNEL_DEVICE reaches KERNEL_IOVA, all others are blocked as Linux does it. */
void kernel_start(struct kernel *kernel, struct amdvi_device *device);
void kernel_end(struct kernel *kernel);

/* What hv_driver_share() gets; `numbers`: also take and give. */
struct hv_owner kernel_owner(struct kernel *kernel, bool numbers);
/* Guest memory in the kernel's table. */
struct hv_foreign_stage2 kernel_stage2(struct kernel *kernel, uint64_t gpa, uint64_t spa, uint64_t bytes);
/* Reads the logs and hands the records on. */
void kernel_poll(struct kernel *kernel, struct hv_driver *driver);

#endif
