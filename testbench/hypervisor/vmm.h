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
 *
 * Who calls what, and when:
 *
 * - For the guest's processor: stores to its device table are hv_vmm_store_bytes(), or the store itself and
 *   then hv_vmm_stored(); accesses to its 16 KiB of registers are hv_vmm_read() and hv_vmm_write(). In
 * hardware mode a VMM may map the page of hv_vmm_vf_page() at 2000h instead.
 * - For the guest's devices: hv_vmm_translate(), hv_vmm_dma(), hv_vmm_page_request(). These deliver records
 *   themselves. Devices may also ask the host's device directly, under their host DeviceID: then a mediated
 *   guest hears of its faults and page requests at the next hv_vmm_deliver(), which the VMM calls whenever
 * the host's event or PPR log interrupts, before the guest's processor goes on.
 * - For the machine: hv_vmm_reset() when it starts again, hv_vmm_add_device() for a device that is plugged
 * in, hv_vmm_device_interrupt() when the guest programs a device's MSI.
 *
 * In mediated mode the guest's commands are carried out within the hv_vmm_write() of its tail, so what they
 * invalidate is gone and COMPLETION_WAIT has stored when that call returns; `interrupt` is called from within
 * hv_vmm_write(), hv_vmm_deliver() and what devices ask, and must not call back. One thread a VMM and driver.
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

enum { HV_VMM_RANGES = 8 };

/* A piece of guest memory: whole pages at the guest's `gpa` and at the device's `spa`, which this program has
 * at `at`. */
struct hv_vmm_range {
    uint64_t gpa, spa, bytes;
    void *at;
};

/* The IOAPIC of a guest that remaps interrupts: its number as in the guest's MADT, and the DeviceID of its
 * messages (Linux wants 00:14.0, A0h). */
struct hv_vmm_ioapic {
    uint8_t number;
    uint16_t device;
};

struct hv_vmm_options {
    enum hv_vmm_mode mode;
    uint64_t gpa; /* where guest memory starts; 2 MiB aligned */
    uint64_t
        memory; /* bytes; a multiple of 4 MiB: the lower half is mapped by 2 MiB pages, the upper by 4 KiB */
    uint16_t first;       /* the first device, which names the IOMMU */
    uint16_t first_guest; /* and how the guest knows it */
    unsigned tag;         /* of the iommufd context: below 64 */
    /* Guest memory of the caller's: `memory` bytes, page aligned, that become a window of the machine at
     * `spa` (page aligned, outside every other memory) until hv_vmm_destroy(). Null: a piece of the driver's
     * memory. */
    void *ram;
    uint64_t spa;
    /* Or guest memory in `range_count` pieces of the machine's RAM, which the device reaches already, in any
     * order but apart from each other: gpa, memory, ram and spa are then 0. */
    const struct hv_vmm_range *ranges;
    unsigned range_count;
    /* The ranges are mapped already, by this table of the IOMMU's owner (hv_stage2_adopt() in owner.h; the
     * VMM's stage 2 is hv_fd_stage2() of hv_vmm_parent()). Null: the VMM maps them. */
    const struct hv_foreign_stage2 *stage2;
    /* Nobody tells of the guest's stores to its device table: hv_vmm_look() finds them. */
    bool untrapped;
    /* The guest's view of its IOMMU: the bus address of its registers (16 KiB aligned) and the DeviceID of
     * its PCI function. 0: FD18_0000h, and 00:00.2. */
    uint64_t mmio;
    uint16_t iommu;
    /* What the guest reads as EFR; 0: hv_guest_features(). HV_ERR_UNSUPPORTED for what
     * hv_guest_features_check() objects to. */
    uint64_t efr;
    /* Mediated mode: the guest may use host (v1) tables of four levels, which the VMM shadows (shadow.h). It
     * sees HATS=0 (`efr` says 3 as ever) and NpCache=1, so that it invalidates what becomes present, too.
     * HV_ERR_UNSUPPORTED in hardware mode, where nobody hears of that. */
    bool host_tables;
    /* The guest remaps interrupts: its IVRS names this IOAPIC, and its EFR shows GASup where the host has it
     * (entries of 128 bits). Null: its driver leaves interrupt remapping off. */
    const struct hv_vmm_ioapic *ioapic;
    /* Hardware mode: SPA of the virtual APIC's page, in the driver's memory, into which the device posts
     * interrupts of the guest's IOMMU, with the vector that the guest has programmed (viommu 8.5); 0: none is
     * posted. */
    uint64_t vapic;
    /* Mediated mode: how many faults, and how many page requests, wait for the guest's logs; 0: 4096. What is
     * lost beyond shows as an overflow of the guest's log. */
    unsigned event_depth;
    /* Mediated mode: the same interrupts, told to the VMM. May be null. */
    void *context;
    void (*interrupt)(void *context, enum hv_interrupt_type type, uint8_t vector);
};

enum hv_status hv_vmm_create(struct hv_driver *driver, const struct hv_vmm_options *options,
                             struct hv_vmm **vmm);
void hv_vmm_destroy(struct hv_vmm *vmm);
/* The guest's machine starts again: registers, rings, logs and interrupts are as after hv_vmm_create(), and
 * its devices reach guest memory as long as its IOMMU is off. Guest memory keeps what it holds, devices and
 * their numbers stay, counters go on. */
enum hv_status hv_vmm_reset(struct hv_vmm *vmm);
/* One more device for the guest: it is where its entry in the guest's table says, or reaches guest memory
 * while the guest's IOMMU is off (iommu 3.3). HV_ERR_EXISTS: the number is taken, by the guest's IOMMU too.
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

/* Looks at the entries of all devices of the guest, and follows those that have changed. For VMMs that cannot
 * trap stores; with `untrapped` done at each hv_vmm_write() and each request of a device, before it counts. A
 * VMM that maps the VF page into the guest calls it before the device runs. */
enum hv_status hv_vmm_look(struct hv_vmm *vmm);

/* The guest's accesses to its register space of 16 KiB. HV_ERR_ARGUMENT: not aligned, not of 4 or 8 bytes. */
enum hv_status hv_vmm_read(struct hv_vmm *vmm, uint64_t offset, unsigned size, uint64_t *value);
enum hv_status hv_vmm_write(struct hv_vmm *vmm, uint64_t offset, unsigned size, uint64_t value);

/*
 * The guest's accesses to the PCI function of its IOMMU, as amdvi_pci_read() and amdvi_pci_write():
 * capability block (enabled, as firmware leaves it) and MSI. HV_ERR_ARGUMENT as there. Interrupts go where
 * its MSI says, unless 170h and 178h hold something.
 */
enum hv_status hv_vmm_pci_read(struct hv_vmm *vmm, unsigned offset, unsigned size, uint64_t *value);
enum hv_status hv_vmm_pci_write(struct hv_vmm *vmm, unsigned offset, unsigned size, uint64_t value);
/* The ACPI table that tells the guest about its IOMMU, written as amdvi_ivrs_build() does: HV_ERR_ARGUMENT
 * when `room` is too small, and `bytes` then says how much it takes (`buffer` may be null with `room` 0). */
enum hv_status hv_vmm_ivrs(const struct hv_vmm *vmm, void *buffer, size_t room, size_t *bytes);

/* A device of the guest asks; the result's addresses are the guest's physical ones, DeviceIDs are the
 * guest's. */
enum hv_status hv_vmm_translate(struct hv_vmm *vmm, const struct amdvi_request *request,
                                struct amdvi_result *result);
/* The same with request->length bytes at `data`. HV_ERR_DEVICE when the memory behind a translation fails. */
enum hv_status hv_vmm_dma(struct hv_vmm *vmm, const struct amdvi_request *request, void *data,
                          struct amdvi_result *result);
enum hv_status hv_vmm_page_request(struct hv_vmm *vmm, const struct amdvi_page_request *request,
                                   bool *logged);

/*
 * What the VMM does when the guest programs message `index` of a device, in its MSI or MSI-X registers: the
 * host's entry for that message leads where the guest's own tables lead address and data, and stays with them
 * when they change (hv_vmm_stored(), hv_vmm_look(); in mediated mode also the guest's invalidations). The
 * device itself is given FEE0_0000h and `index`. Messages that the guest's tables refuse, or that are neither
 * fixed nor arbitrated, are refused by the host. Null: the message
 * is none, and refused. HV_ERR_UNSUPPORTED where the IOMMU's owner remaps (owner.h).
 */
struct hv_message {
    uint64_t address;
    uint32_t data;
};
enum hv_status hv_vmm_device_message(struct hv_vmm *vmm, uint16_t guest_device, unsigned index,
                                     const struct hv_message *message);
/* What the guest's tables make of a message: for its IOAPIC, which the VMM emulates, and for tests. `result`
 * as amdvi_interrupt() gives it. */
enum hv_status hv_vmm_remap(struct hv_vmm *vmm, uint16_t guest_device, const struct hv_message *message,
                            struct amdvi_int_result *result);
/* Message `index` of a device, wherever the VMM wants it. */
enum hv_status hv_vmm_device_interrupt(struct hv_vmm *vmm, uint16_t guest_device, unsigned index,
                                       const struct hv_interrupt *interrupt);

/* Hardware mode, for VMMs without virtual APICs: the highest vector that waits in the page of
 * hv_vmm_options.vapic, and takes it out. HV_ERR_EMPTY; HV_ERR_UNSUPPORTED without such a page. */
enum hv_status hv_vmm_take_interrupt(struct hv_vmm *vmm, uint8_t *vector);

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
/* The objects behind the guest, for calls of iommufd.h in the context above; they are the VMM's and go with
 * it. */
hv_handle hv_vmm_viommu(const struct hv_vmm *vmm);
enum hv_status hv_vmm_handles(struct hv_vmm *vmm, uint16_t guest_device, hv_handle *device,
                              hv_handle *vdevice);
/* The page that the guest has at 2000h. HV_ERR_UNSUPPORTED in mediated mode. */
enum hv_status hv_vmm_vf_page(const struct hv_vmm *vmm, struct hv_vf_page *page);

#endif
