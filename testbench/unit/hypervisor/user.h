/* SPDX-License-Identifier: Apache-2.0 */
/* A user of interface (b) with one device: guest memory, a virtual IOMMU, and guest tables that map one page.
 */
#ifndef AMDVI_TEST_HYPERVISOR_USER_H
#define AMDVI_TEST_HYPERVISOR_USER_H

#include "bench.h"

#include "testbench/hypervisor/iommufd.h"

enum { USER_PAGES = 64, USER_GDEV = 0x10, USER_GDOM = 5 };
/* What the guest's tables map, and the page of its memory that this leads to. */
#define USER_GVA  UINT64_C(0x7fee123000)
#define USER_PAGE (32 * HV_PAGE)

struct user {
    struct hv_fd *fd;
    hv_handle device, parent, viommu, vdevice;
    struct hv_viommu_alloc alloc; /* as it was answered */
    uint64_t ram;                 /* SPA of BENCH_GPA */
    uint64_t entry[4];            /* the guest's device table entry */
};

/* On a new machine; `device` is one of the bench's. */
void user_start(struct user *user, struct bench *bench, uint16_t device, enum hv_viommu_type type);
void user_end(struct user *user, struct bench *bench);

#endif
