// SPDX-License-Identifier: Apache-2.0
/*
 * The hypervisor's driver of one IOMMU: it owns the device table, the host command ring, the private space of
 * the virtual IOMMUs and all identifiers (viommu 2, 3, 5, 6, 9.3). The two interfaces rfc2023.h and iommufd.h
 * stand on it; a program of its own may too.
 *
 * Every flush that the architecture asks for is made by the call that makes it necessary, and is over when
 * the call returns. One thread a driver.
 */
#ifndef AMDVI_HYPERVISOR_DRIVER_H
#define AMDVI_HYPERVISOR_DRIVER_H

#include "testbench/hypervisor/memory.h"
#include "testbench/hypervisor/status.h"

struct hv_driver;
struct hv_stage2; /* a guest's memory: a host (v1) table with its DomainID */
struct hv_guest;  /* one GuestID with its registers and maps */

/*
 * Mistakes that drivers were seen to make, to try a checker of drivers on (viommu 2.3, 7.6, 9.4, 10). Each is
 * made where the right thing would be done.
 */
enum hv_mistake {
    HV_MISTAKE_AON_BIT = 1,          /* PprAutoRspAon of the guest is looked for in Control[48] */
    HV_MISTAKE_MAPS_FREED_FIRST = 2, /* a guest's maps are cleared after their memory is gone */
    HV_MISTAKE_DIRTY_FORMULA = 4,    /* a new guest's dirty bit is cleared by the formula with 16 bytes */
    HV_MISTAKE_WIPED_ENABLES = 8,    /* a queue's base takes its enable bits along */
    HV_MISTAKE_PARTIAL_ENTRY = 16,   /* a live device table entry changes 8 bytes at a time */
    HV_MISTAKE_NO_DOMAIN_FLUSH = 32, /* a change of stage 2 is flushed in the parent's domain only */
};

struct hv_options {
    uint16_t devid; /* the IOMMU's own DeviceID: the device's configuration key of that name */
    /* Guest buffers by private address, as the drivers of 2023 did (GstBufferTRPMode=0, viommu 2.1). */
    bool private_buffers;
    /* Unused map entries are written invalid, and a guest's command that names one is illegal: guests that
     * flush every number at boot then stop. By default unused DomainIDs lead to the parent domain, as the
     * drivers since 2025 write them (viommu 6), and unused DeviceIDs to the IOMMU itself: those drivers write
     * 0, which may be somebody's device. A platform answers such an invalidation at once, as for any function
     * without a cache. */
    bool invalid_entries;
    /* New maps are filled by 131,072 register writes, as drivers must, and not in bulk: for recordings. */
    bool fill_by_registers;
    uint16_t first_guest_id; /* the lowest GuestID that is given out; 0: 1 */
    unsigned mistakes;       /* of enum hv_mistake */
};

/* --------------------------------------------------------------------------------- the IOMMU (viommu 9.3) */

/*
 * Takes over a device after reset. HV_ERR_UNSUPPORTED without HW-vIOMMU, nested translation, GCR3TRPMode,
 * located apertures, or when GstBufferTRPMode does not stick. Device and memory must outlive the driver.
 */
enum hv_status hv_driver_create(struct amdvi_device *device, struct hv_memory *memory,
                                const struct hv_options *options, struct hv_driver **driver);
/* Everything that belongs to the driver goes, and the device is switched off. Contexts of rfc2023.h,
 * iommufd.h and vmm.h over it must be closed before. */
void hv_driver_destroy(struct hv_driver *driver);

struct amdvi_device *hv_driver_device(const struct hv_driver *driver);
struct hv_memory *hv_driver_memory(const struct hv_driver *driver);
bool hv_driver_private_buffers(const struct hv_driver *driver);
bool hv_driver_mistakes(const struct hv_driver *driver, enum hv_mistake mistake);
void hv_driver_features(const struct hv_driver *driver, uint64_t *efr, uint64_t *efr2);

/* The oldest unread record of the host's event or PPR log; HV_ERR_EMPTY, and a log that had overflowed runs
 * again. */
enum hv_status hv_driver_event(struct hv_driver *driver, enum amdvi_log log, uint64_t record[2]);

/*
 * Who hears of records that name a device. hv_driver_poll() empties both logs and hands each record to its
 * listener; records without one are counted.
 */
struct hv_listener {
    void *context;
    void (*record)(void *context, enum amdvi_log log, uint16_t device, const uint64_t record[2]);
    /* The log has overflowed: records are missing behind those that came so far, perhaps of this device. May
     * be null. */
    void (*lost)(void *context, enum amdvi_log log);
};
enum hv_status hv_driver_listen(struct hv_driver *driver, uint16_t device,
                                const struct hv_listener *listener);
enum hv_status hv_driver_poll(struct hv_driver *driver);
uint64_t hv_driver_unheard(const struct hv_driver *driver);

/* A command of the host's own, executed when the call returns. */
enum hv_status hv_driver_command(struct hv_driver *driver, const uint64_t words[2]);
/* A page request of `device`, as its PPR record says, will reach nobody: its device gets the response that
 * the IOMMU's automatic one would be, if it was the last of its group (iommu 7.7). */
enum hv_status hv_driver_page_lost(struct hv_driver *driver, uint16_t device, const uint64_t record[2]);

/* --------------------------------------------------------------------------------- devices */

/*
 * A real device appears; its requests are blocked until it is attached. A virtual IOMMU whose TransDevID is
 * this number is moved to another one while its guest runs (viommu 9.4). HV_ERR_EXISTS, HV_ERR_ARGUMENT for
 * the IOMMU.
 */
enum hv_status hv_device_add(struct hv_driver *driver, uint16_t device, bool ats);
/* HV_ERR_BUSY while it is attached. */
enum hv_status hv_device_remove(struct hv_driver *driver, uint16_t device);
bool hv_device_known(const struct hv_driver *driver, uint16_t device);

/* All requests are refused. */
enum hv_status hv_device_block(struct hv_driver *driver, uint16_t device);
/* Addresses of the device are guest physical ones. */
enum hv_status hv_device_attach(struct hv_driver *driver, uint16_t device, struct hv_stage2 *stage2);

/* What a nested entry is made of (viommu 5.3). */
struct hv_nested {
    struct hv_stage2 *stage2;
    uint16_t host_domain;
    uint64_t guest_entry[4];      /* as hv_dte_check() accepts it */
    const struct hv_guest *guest; /* null: without HW-vIOMMU, the host hears of the guest's faults */
    uint16_t guest_device;
};
enum hv_status hv_device_attach_nested(struct hv_driver *driver, uint16_t device,
                                       const struct hv_nested *nested);

/* --------------------------------------------------------------------------------- stage 2 */

enum hv_status hv_stage2_create(struct hv_driver *driver, struct hv_stage2 **stage2);
/* HV_ERR_BUSY while devices, guests or host domains use it. */
enum hv_status hv_stage2_destroy(struct hv_stage2 *stage2);
uint16_t hv_stage2_domain(const struct hv_stage2 *stage2);
/* As hv_table_map() and hv_table_unmap(), with the flush of the parent domain and of every host domain that
 * nests on it (viommu 7.6). */
enum hv_status hv_stage2_map(struct hv_stage2 *stage2, uint64_t gpa, uint64_t spa, uint64_t length,
                             unsigned perm, uint64_t largest);
enum hv_status hv_stage2_unmap(struct hv_stage2 *stage2, uint64_t gpa, uint64_t length);
bool hv_stage2_lookup(const struct hv_stage2 *stage2, uint64_t gpa, uint64_t *spa, unsigned *perm);

/* A DomainID for nested translations over this stage 2; each guest domain needs one (viommu 7.6). */
enum hv_status hv_domain_take(struct hv_stage2 *stage2, uint16_t *host_domain);
/* Drops its cached translations, then the number. */
void hv_domain_give(struct hv_stage2 *stage2, uint16_t host_domain);

/* --------------------------------------------------------------------------------- guests */

/*
 * A GuestID from 1 on, its maps in memory and in the private space, its registers reset, its TransDevID
 * leading to `stage2` (viommu 9.4 step 2). A null `stage2` leaves TransDevID to hv_guest_set_trans()
 * (viommu 3.2, 2023).
 */
enum hv_status hv_guest_create(struct hv_driver *driver, struct hv_stage2 *stage2, struct hv_guest **guest);
void hv_guest_destroy(struct hv_guest *guest);
/* RESET_VMMIO: registers, rings and what devices have not answered are as after hv_guest_create(); maps and
 * TransDevID stay (viommu 7.5). */
enum hv_status hv_guest_reset(struct hv_guest *guest);
uint16_t hv_guest_id(const struct hv_guest *guest);
uint16_t hv_guest_trans(const struct hv_guest *guest);
struct hv_driver *hv_guest_driver(const struct hv_guest *guest);

/* Another TransDevID while the guest runs. HV_ERR_NO_ID, HV_ERR_ORDER for a guest without one of its own. */
enum hv_status hv_guest_relocate(struct hv_guest *guest);
/* A real device's own number as TransDevID, as the drivers of 2023 did. */
enum hv_status hv_guest_set_trans(struct hv_guest *guest, uint16_t device);

/* DevIDMap and DomIDMap (viommu 6), through DID Map Control. */
enum hv_status hv_guest_map_device(struct hv_guest *guest, uint16_t guest_device, uint16_t device,
                                   uint16_t queue);
enum hv_status hv_guest_unmap_device(struct hv_guest *guest, uint16_t guest_device);
enum hv_status hv_guest_map_domain(struct hv_guest *guest, uint16_t guest_domain, uint16_t host_domain);
enum hv_status hv_guest_unmap_domain(struct hv_guest *guest, uint16_t guest_domain);
/* What a map says, read from memory as debuggers do; false for invalid entries. */
bool hv_guest_device(const struct hv_guest *guest, uint16_t guest_device, uint16_t *device);
bool hv_guest_domain(const struct hv_guest *guest, uint16_t guest_domain, uint16_t *host_domain);

/* A guest's buffer in the private space, for private_buffers only: `bytes` from the SPAs given page by page.
 */
enum hv_status hv_guest_map_commands(struct hv_guest *guest, const uint64_t *pages, unsigned count);

/* Where interrupts of a guest's logs go (viommu 2.4, 8.5). */
enum hv_interrupt_type { HV_INTERRUPT_EVENT = 0, HV_INTERRUPT_PPR = 1 };

struct hv_interrupt {
    bool valid;
    uint8_t vector;
    uint64_t vapic; /* SPA of the virtual APIC's page */
    uint32_t tag;   /* GATag of the virtual processor */
    uint32_t destination;
    bool running; /* the virtual processor runs on `destination` */
    /* Without `vapic`: */
    bool logical;    /* `destination` is a logical one */
    bool arbitrated; /* to the processor of lowest priority among those of `destination` */
};
enum hv_status hv_guest_interrupt(struct hv_guest *guest, enum hv_interrupt_type type,
                                  const struct hv_interrupt *interrupt);

/*
 * Where message `index` (0 to 255: bits 7:0 of the data that the host programs into the device) of a device
 * goes: with a `vapic` page it is posted to a virtual processor, without to `destination` (0 to 255) with
 * `vector`. Until an index is given one, and after one that is not valid, the message is refused; a device
 * without any is aborted silently (iommu 8.2, 8.3). HV_ERR_NO_OBJECT: no such device. HV_ERR_NO_MEMORY.
 */
enum hv_status hv_device_interrupt(struct hv_driver *driver, uint16_t device, unsigned index,
                                   const struct hv_interrupt *interrupt);

/* All messages of a device are aborted again: it changes its owner, or its owner starts again. */
enum hv_status hv_device_interrupts_off(struct hv_driver *driver, uint16_t device);

/* VF Control registers (viommu 3). */
enum hv_status hv_guest_control(struct hv_guest *guest, unsigned offset, uint64_t value);

#endif
