/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's driver beside a kernel that owns the IOMMU (testbench/hypervisor/owner.h): the kernel has
 * brought it up and keeps registers, device table, ring and logs. Who does what:
 *
 * - The ring and the device table are the kernel's; what the hypervisor wants in them goes through
 *   kshim_owner.h, under the driver's own lock and behind the driver's own tail.
 * - A guest's memory is a domain of the kernel's, made, attached to the guest's devices and mapped by
 *   iommu_domain_alloc(), iommu_attach_device() and iommu_map(), or by iommufd (struct host_maker). The
 * kernel then writes a plain entry of the device, and that is where root, mode and DomainID of stage 2 are
 * read from.
 * - From there on the entry is the hypervisor's: it has the guest's half, too. The kernel writes it again
 *   only when its table grows; that is noticed at the end of the same iommu_map(), and mended.
 * - The kernel's unmap tells of itself before its own flush, and what nests on the domain is flushed, too.
 * - Records of the logs are copied where the kernel's handler reads the tail.
 * - Messages of the devices are the kernel's interrupts.
 */
#ifndef KSHIM_HOST_KERNEL_H
#define KSHIM_HOST_KERNEL_H

#include "kshim_owner.h"
#include "world.h"

#include "testbench/hypervisor/owner.h"

enum { HOST_SPACES = WORLD_GUESTS, HOST_DEVICES = 2, HOST_NAME = 16 };

/* By which of the kernel's interfaces a guest's memory is made. */
struct host_maker {
    /* A table with the device attached to it; null: it cannot be made. */
    void *(*make)(struct world *world, const char *device);
    bool (*map)(struct world *world, void *made, uint64_t gpa, uint64_t spa, uint64_t bytes);
    bool (*unmap)(struct world *world, void *made, uint64_t gpa, uint64_t bytes);
    /* One more device on it. */
    bool (*join)(struct world *world, void *made, const char *device);
    /* Each device, the first one last; then the table. */
    void (*leave)(struct world *world, void *made, const char *device);
    void (*end)(struct world *world, void *made);
};
/* iommu_domain_alloc(), iommu_attach_device(), iommu_map(). */
extern const struct host_maker host_by_domain;

struct host_device {
    char name[HOST_NAME]; /* in the kernel */
    uint16_t id;
};

/* A guest's memory in the kernel: a domain with the guest's devices. */
struct host_space {
    struct host_kernel *host;
    struct host_device devices[HOST_DEVICES];
    unsigned device_count;
    const struct host_maker *maker;
    void *made;
    uint64_t bytes;
    struct hv_foreign_stage2 table; /* as the kernel has it */
    struct hv_stage2 *stage2;       /* that stands for it, while there is a VM */
    uint64_t moves, flushes;        /* what was heard of the kernel */
};

struct host_log {
    uint32_t seen; /* up to where records have been handed on */
    bool overflowed;
};

struct host_kernel {
    struct world *world;
    const struct kshim_owner *kernel;
    struct hv_memory *memory;
    struct hv_driver *driver;
    struct host_space spaces[HOST_SPACES];
    struct host_log events, requests;
    uint64_t commands; /* that the hypervisor has put into the kernel's ring */
};

/* Joins the kernel of a world that has booted, with memory of the hypervisor's at [spa, spa + bytes). False:
 * a failure, told. */
bool host_kernel_join(struct host_kernel *host, struct world *world, uint64_t spa, uint64_t bytes);
/* Gives everything back; guests and spaces are gone. */
void host_kernel_leave(struct host_kernel *host);

/* The kernel makes a table for the devices (up to the first null) and maps [0, bytes) of the guest to `spa`,
 * by 2 MiB; the devices become the hypervisor's. Null: a failure, told. */
struct host_space *host_space_make(struct host_kernel *host, struct dma_device *const devices[HOST_DEVICES],
                                   uint64_t spa, uint64_t bytes, const struct host_maker *maker);
/* A VM stands on it: from here on it hears of changes. Null: no longer. */
void host_space_follow(struct host_space *space, struct hv_stage2 *stage2);
/* iommu_map() and iommu_unmap() of a piece of the guest's memory; unmapped is in whole pieces. */
bool host_space_map(struct host_space *space, uint64_t gpa, uint64_t spa, uint64_t bytes);
bool host_space_unmap(struct host_space *space, uint64_t gpa, uint64_t bytes);
void host_space_end(struct host_space *space);

/* "0000:01:00.0" */
void host_name_of(const struct dma_device *device, char name[HOST_NAME]);

#endif
