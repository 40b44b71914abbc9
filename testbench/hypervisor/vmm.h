// SPDX-License-Identifier: Apache-2.0
/*
 * A small virtual machine monitor: guest memory, the guest's view of its IOMMU, and what traps (viommu 4.2).
 *
 * In hardware mode the guest's page at 2000h is the VF page of the device, and the device runs the guest's
 * ring. In mediated mode that page traps too: the VMM runs the ring, and writes the guest's logs. The guest
 * cannot tell.
 *
 * Guest memory is where DMA goes; a store to the guest's device table traps in both modes, because the
 * guest's own invalidation of an entry never reaches the VMM.
 */
#ifndef AMDVI_HYPERVISOR_VMM_H
#define AMDVI_HYPERVISOR_VMM_H

#include "testbench/hypervisor/iommufd.h"

struct hv_vmm;

enum hv_vmm_mode { HV_VMM_HARDWARE, HV_VMM_MEDIATED };

/* Why the guest left its virtual processor, or why the VMM had to act for it. */
enum hv_exit {
    HV_EXIT_CONFIG_READ, /* registers below 2000h */
    HV_EXIT_CONFIG_WRITE,
    HV_EXIT_DEVICE_TABLE, /* stores to the guest's device table */
    HV_EXIT_RING_TAIL,    /* command tail: the doorbell */
    HV_EXIT_RING_POLL,    /* command head and status */
    HV_EXIT_LOG,          /* head and tail of the logs */
    HV_EXIT_INJECT,       /* records written into the guest's logs by the VMM */
    HV_EXITS,
};
const char *hv_exit_text(enum hv_exit cause);

struct hv_vmm_options {
    enum hv_vmm_mode mode;
    uint64_t gpa; /* where guest memory starts; 2 MiB aligned */
    uint64_t
        memory; /* bytes; a multiple of 4 MiB: the lower half is mapped by 2 MiB pages, the upper by 4 KiB */
    uint16_t first;       /* the first device, which names the IOMMU */
    uint16_t first_guest; /* and how the guest knows it */
    unsigned tag;         /* of the iommufd context: below 64 */
    /* Mediated mode: an interrupt of the guest's IOMMU, with the vector that the guest has programmed. In
     * hardware mode the device posts it to the virtual processor itself (viommu 8.5). May be null. */
    void *context;
    void (*interrupt)(void *context, enum hv_interrupt_type type, uint8_t vector);
};

enum hv_status hv_vmm_create(struct hv_driver *driver, const struct hv_vmm_options *options,
                             struct hv_vmm **vmm);
void hv_vmm_destroy(struct hv_vmm *vmm);
/* One more device for the guest. Until the guest's table says more it reaches guest memory (V=0, iommu 3.3).
 */
enum hv_status hv_vmm_add_device(struct hv_vmm *vmm, uint16_t device, uint16_t guest_device);

/* Guest memory, null beyond it. Whoever writes the device table here says so by hv_vmm_stored(). */
void *hv_vmm_at(const struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes);
/* A store of the guest, of any width, length and alignment, wherever it goes; false beyond guest memory. */
bool hv_vmm_store_bytes(struct hv_vmm *vmm, uint64_t gpa, const void *from, uint64_t bytes);
/* The same of 8 aligned bytes. */
bool hv_vmm_store(struct hv_vmm *vmm, uint64_t gpa, uint64_t value);
/* The guest has stored `bytes` at `gpa`, and they are in memory: for VMMs that let a trapped store go
 * through. Beyond the guest's device table, or with its IOMMU off, nothing is done. */
void hv_vmm_stored(struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes);

/* The guest's accesses to its register space of 16 KiB. HV_ERR_ARGUMENT: not aligned, not of 4 or 8 bytes. */
enum hv_status hv_vmm_read(struct hv_vmm *vmm, uint64_t offset, unsigned size, uint64_t *value);
enum hv_status hv_vmm_write(struct hv_vmm *vmm, uint64_t offset, unsigned size, uint64_t value);

/* A device of the guest asks; the result's addresses are the guest's physical ones, DeviceIDs are the
 * guest's. */
enum hv_status hv_vmm_translate(struct hv_vmm *vmm, const struct amdvi_request *request,
                                struct amdvi_result *result);
enum hv_status hv_vmm_page_request(struct hv_vmm *vmm, const struct amdvi_page_request *request,
                                   bool *logged);

/* Mediated mode: carries new records into the guest's logs. Harmless in hardware mode. */
enum hv_status hv_vmm_deliver(struct hv_vmm *vmm);

uint64_t hv_vmm_exits(const struct hv_vmm *vmm, enum hv_exit cause);
/*
 * Guest entries that were refused. A store may be a part of an entry only, and the next store may mend it: an
 * entry that cannot be followed blocks its device at once, and is refused when the guest invalidates it or
 * its device asks for something, as hardware would meet it. A mediated guest then finds an
 * ILLEGAL_DEV_TABLE_ENTRY in its log. In hardware mode the VMM does not hear of the invalidation, and there
 * is no known way to put a record into the guest's log (viommu 0.1 point 7, 8.4).
 */
uint64_t hv_vmm_refused(const struct hv_vmm *vmm);
hv_handle hv_vmm_parent(const struct hv_vmm *vmm);
struct hv_fd *hv_vmm_context(const struct hv_vmm *vmm);

#endif
