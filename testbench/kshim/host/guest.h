/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest kernel in a virtual machine of testbench/hypervisor, on an IOMMU with HW-vIOMMU: its RAM is a piece
 * of the machine's, its IOMMU the VMM's, its devices are the machine's, passed through.
 */
#ifndef KSHIM_GUEST_H
#define KSHIM_GUEST_H

#include "guest_cost.h"
#include "host_kernel.h"
#include "world.h"

#include "testbench/hypervisor/vmm.h"

enum { GUEST_DEVICES = 4, GUEST_MESSAGES = 32, GUEST_VECTORS = 64, GUEST_RAM_BYTES = 64 << 20 };

/* Message interrupts that a guest programs into a device: what it wrote, instead of what the device has. */
struct guest_msi {
    unsigned offset; /* of the capability; 0: none */
    unsigned bytes;  /* of address and data */
    uint8_t shadow[16];
    /* Where a kernel below has the device's messages: */
    uint16_t control; /* what the guest has written */
    uint32_t mask;
    unsigned vectors; /* that the kernel has given */
    uint64_t seen[GUEST_MESSAGES];
};

struct guest_device {
    struct dma_device *device;
    uint8_t devfn; /* on the guest's bus 0 */
    uint16_t id;   /* DeviceID, as the guest knows it */
    char name[16]; /* "0000:00:01.0" */
    struct guest_msi msi;
};

struct guest {
    struct world *world;
    struct hv_vmm *vmm;
    enum hv_vmm_mode mode;
    struct instance *kernel;
    const struct kshim_api *api;
    struct host_space *below; /* a kernel of the host's that has the IOMMU and the guest's memory, or null */
    struct guest_cost cost;
    uint64_t exits, bells; /* that have been paid for */
    unsigned number;       /* of this guest in its world */
    uint64_t spa;          /* where its RAM lies */
    struct guest_device devices[GUEST_DEVICES];
    unsigned device_count;
    void *ivrs;
    uint8_t vectors[GUEST_VECTORS]; /* told by the VMM, not delivered yet */
    unsigned vector_count;
    bool delivering;
};

struct guest_setup {
    enum hv_vmm_mode mode;
    const char *object; /* null: that of the options */
    const char *command_line;
    struct dma_device *devices[GUEST_DEVICES];
    uint64_t spa;             /* of GUEST_RAM_BYTES, in the machine's RAM */
    uint64_t vapic;           /* a page in the hypervisor's memory */
    unsigned flags;           /* enum kshim_flag */
    bool host_tables;         /* mediated: the guest may use v1 tables */
    struct host_space *below; /* null: the hypervisor has the IOMMU for itself */
};

/* Makes the VM and boots the kernel in it. Null: a failure, told. Ends with guest_end(). */
struct guest *guest_boot(struct world *world, struct hv_driver *driver, const struct guest_setup *setup);
void guest_end(struct guest *guest);

/* The device's own requests, and what they make the VMM do. Addresses are the guest's. */
enum dma_outcome guest_write(struct guest *guest, unsigned device, uint64_t address, const void *data,
                             uint64_t bytes);
enum dma_outcome guest_read(struct guest *guest, unsigned device, uint64_t address, void *data,
                            uint64_t bytes);
/* A word of guest memory. */
uint64_t guest_word(struct guest *guest, uint64_t gpa);
/* Kernel threads, work, timers and interrupts of the guest. */
void guest_run(struct guest *guest);
/* A remapped message of a device; false: the guest has nobody for its vector. */
bool guest_take_message(struct guest *guest, uint64_t address, uint32_t data);

#endif
