/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel that owns an IOMMU does for a hypervisor's driver beside it (testbench/hypervisor/owner.h): a
 * module of ours inside the kernel, which uses the driver's ring and device table under the driver's own
 * lock, and hears of changes of domains by their operations.
 *
 * `device` is a PCI name; it says which IOMMU, or which domain. Results as in kshim_abi.h. Nothing here may
 * be called by a thread that holds the driver's lock of the ring.
 */
#ifndef KSHIM_OWNER_H
#define KSHIM_OWNER_H

/* [gpa, gpa + bytes) of a domain was mapped or taken away: the tables say so, nothing is flushed yet, and
 * pages of tables that are empty now are not freed before this returns. Bytes 0: all of it. */
typedef void kshim_domain_changed(void *context, unsigned long long gpa, unsigned long long bytes,
                                  int taken_away);

struct kshim_owner {
    /* 16 bytes into the host's command ring. -EBUSY: it is full and stays so. */
    int (*command)(const char *device, const unsigned long long words[2]);
    /* All that is in the ring has ended. -ETIMEDOUT. */
    int (*wait)(const char *device);
    /* The entry of the DeviceID `id`: -ERANGE beyond the driver's table. A write goes through a blocked
     * entry, 16 bytes at a time, the first half last, and has been flushed when it returns (iommu 3.1, 6.4).
     */
    int (*entry_read)(const char *device, unsigned short id, unsigned long long entry[4]);
    int (*entry_write)(const char *device, unsigned short id, const unsigned long long entry[4]);
    /* Tells what changes in the domain that the device is attached to, until leave(), which must come before
     * the domain's end. -EBUSY: somebody is told already, or too many are. */
    int (*follow)(const char *device, kshim_domain_changed *changed, void *context);
    void (*leave)(const char *device);
};

#endif
