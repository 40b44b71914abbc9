/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests of scenarios, and what is below them: our hypervisor alone, or a kernel that owns the IOMMU with our
 * hypervisor beside it. */
#ifndef KSHIM_VIRTUAL_H
#define KSHIM_VIRTUAL_H

#include "scenarios.h"

#include "host/guest.h"
#include "host/host_kernel.h"

enum { VIRTUAL_GUESTS = 2 };

#define GUEST_NIC "0000:00:01.0" /* as guests see their first device */

struct virtual_setup {
    const struct host_maker *host; /* a kernel is below and makes stage 2 so; null: none is */
    enum hv_vmm_mode mode;
    const char *command_line; /* of the guests; null: guest tables */
    bool host_tables;         /* mediated: the guest may have v1 tables */
    unsigned flags;           /* of the guests' machines: enum kshim_flag */
    bool timed;               /* with a kernel below: requests and commands take time */
};

struct virtual
{
    struct world *world;
    struct virtual_setup setup;
    struct host_kernel kernel; /* where there is one */
    struct hv_memory *memory;
    struct hv_driver *driver;
    struct guest *guests[VIRTUAL_GUESTS]; /* null: it has gone */
    unsigned count;                       /* that have been made */
};

/* The machine, and what is below guests. False: told. */
bool virtual_start(struct world *world, struct virtual *virtual, const struct virtual_setup *setup);
/* One more guest, with the kernel of `object` (null: that of the options), this device and `other`, unless
 * that is null. Null: told. */
struct guest *virtual_guest(struct virtual *virtual, const char *object, struct dma_device *device,
                            struct dma_device *other);
/* All of it: machine, hypervisor, a guest with NIC and GPU. */
struct guest *virtual_boot(struct world *world, struct virtual *virtual, const struct virtual_setup *setup);
/* One of them goes, the others stay. */
void virtual_end(struct virtual *virtual, struct guest *guest);
/* Guests, hypervisor, kernel and machine end; another one may be started. */
void virtual_stop(struct virtual *virtual);

#endif
