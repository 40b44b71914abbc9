// SPDX-License-Identifier: Apache-2.0
/* What the files of the driver know of each other. */
#ifndef AMDVI_HYPERVISOR_INTERNAL_H
#define AMDVI_HYPERVISOR_INTERNAL_H

#include "testbench/hypervisor/driver.h"
#include "testbench/hypervisor/dte.h"
#include "testbench/hypervisor/host_table.h"
#include "testbench/hypervisor/ids.h"
#include "testbench/hypervisor/owner.h"

enum { HV_RING_CODE = 9, HV_RING_BYTES = 16 << HV_RING_CODE, HV_DTE_BYTES = 32, HV_STAGE2_LEVELS = 4 };

/* Where things lie in the private space (viommu 2.1). */
#define HV_PRIVATE_LOW      UINT64_C(0x800000) /* guest registers, dirty bits: [0, 8 MiB) */
#define HV_PRIVATE_DIRTY    UINT64_C(0x400000)
#define HV_PRIVATE_DEVICES  UINT64_C(0x1000000000)
#define HV_PRIVATE_DOMAINS  UINT64_C(0x2000000000)
#define HV_PRIVATE_COMMANDS UINT64_C(0x2800000000)
#define HV_DEVICE_MAP_BYTES UINT64_C(0x100000)
#define HV_DOMAIN_MAP_BYTES UINT64_C(0x80000)
#define HV_BUFFER_BYTES     UINT64_C(0x80000)

struct hv_ring {
    uint64_t base;
    uint32_t tail;
};

struct hv_log {
    uint64_t base;
    uint32_t head;
};

struct hv_device {
    bool known, ats;
    bool bound;               /* by an iommufd context */
    struct hv_stage2 *stage2; /* attached to it, or null */
    struct hv_listener listener;
    uint64_t interrupts; /* SPA of its interrupt table; 0: all are aborted */
    uint64_t before[4];  /* the owner's entry, which it gets back */
    uint64_t entry[4];   /* what it has here, without the interrupt part */
};

struct hv_driver {
    struct amdvi_device *device;
    struct hv_memory *memory;
    struct hv_options options;
    bool shared; /* the IOMMU is `owner`'s */
    struct hv_owner owner;
    uint64_t own_before[4], joined; /* the owner's entry of the IOMMU; bits of Control that were set here */
    uint64_t efr, efr2, control;
    uint32_t capability; /* header of the IOMMU's PCI capability */
    uint64_t device_table, store, stored;
    struct hv_ring commands;
    struct hv_log events, pprs;
    struct hv_ids guest_ids, trans_ids, domain_ids;
    struct hv_table private_space;
    uint16_t private_domain;
    uint64_t low; /* SPA behind the first 8 MiB of the private space */
    uint64_t interrupts,
        interrupt_tables[1024]; /* extended table: level 1, and SPAs of level 2 (viommu 2.4) */
    struct hv_guest *guests;
    struct hv_stage2 *stages;
    uint64_t unheard; /* records without a listener */
    struct hv_device devices[65536];
};

struct hv_host_domain {
    uint16_t id;
    struct hv_host_domain *next;
};

struct hv_stage2 {
    struct hv_driver *driver;
    struct hv_table table;
    uint16_t domain;
    unsigned users; /* devices and guests */
    bool foreign;   /* table and DomainID are another's */
    struct hv_host_domain *domains;
    struct hv_stage2 *next;
};

struct hv_guest {
    struct hv_driver *driver;
    uint16_t id, trans;
    bool own_trans;
    uint64_t trans_before[4]; /* the owner's entry of TransDevID */
    struct hv_stage2 *stage2;
    uint64_t device_map, domain_map; /* SPA */
    uint64_t commands_mapped;        /* bytes of the command buffer in the private space */
    struct hv_guest *next;
};

/* commands.c */
enum hv_status hv_command(struct hv_driver *driver, const uint64_t words[2]);
enum hv_status hv_wait(struct hv_driver *driver);
enum hv_status hv_flush_entry(struct hv_driver *driver, uint16_t device);
enum hv_status hv_flush_interrupts(struct hv_driver *driver, uint16_t device);
/* Queue the invalidation of the host translations of a range; hv_wait() ends it. */
enum hv_status hv_invalidate(struct hv_driver *driver, uint16_t domain, uint64_t address, uint64_t length);
enum hv_status hv_invalidate_domain(struct hv_driver *driver, uint16_t domain);
/* RESET_VMMIO of all registers and of the command engine (viommu 7.5). */
enum hv_status hv_reset_guest(struct hv_driver *driver, uint16_t guest_id);

/* owner.c: numbers, from the owner or from sets of the driver's own. */
bool hv_id_take(struct hv_driver *driver, enum hv_id kind, uint16_t *id);
void hv_id_give(struct hv_driver *driver, enum hv_id kind, uint16_t id);
/* Sets bits of Control and remembers them. */
enum hv_status hv_control_set(struct hv_driver *driver, uint64_t bits);
/* All that the owner gets back. */
void hv_leave(struct hv_driver *driver);

/* entries.c */
enum hv_status hv_entry_read(const struct hv_driver *driver, uint16_t device, uint64_t entry[4]);
/* The whole entry, with the interrupt part. */
enum hv_status hv_entry_put(struct hv_driver *driver, uint16_t device, const uint64_t entry[4]);
/* Without it: that stays what it is. */
enum hv_status hv_entry_write(struct hv_driver *driver, uint16_t device, const uint64_t entry[4]);
/* The same for a device that is known here, attached to `stage2` or to nothing (null): remembered, and what
 * the device has cached goes. */
enum hv_status hv_device_enter(struct hv_driver *driver, uint16_t device, struct hv_stage2 *stage2,
                               const uint64_t entry[4]);
/* The device is its owner's again, or blocked where there is none. */
enum hv_status hv_entry_give_back(struct hv_driver *driver, uint16_t device, const uint64_t before[4]);

/* device_cache.c: what a device that was attached so may keep by ATS is gone when this returns. */
enum hv_status hv_device_forget(struct hv_driver *driver, uint16_t device, const struct hv_device *as);
/* Queues the same for all devices of a stage 2; hv_wait() ends it. */
enum hv_status hv_stage2_caches(struct hv_stage2 *stage2);

/* guest.c: TransDevID's entry anew, when stage 2 has moved. */
enum hv_status hv_guest_trans_renew(struct hv_guest *guest);

/* device_interrupt.c: the interrupt part of an entry; table 0 aborts. */
void hv_dte_interrupts(uint64_t entry[4], uint64_t table);

/* guest_interrupt.c: the guest form of an interrupt table entry; zeros when it is not valid. */
void hv_interrupt_encode(const struct hv_interrupt *interrupt, uint64_t entry[2]);

/* private_space.c */
enum hv_status hv_private_create(struct hv_driver *driver);
void hv_private_destroy(struct hv_driver *driver);
enum hv_status hv_private_map(struct hv_driver *driver, uint64_t ipa, uint64_t spa, uint64_t length);
enum hv_status hv_private_unmap(struct hv_driver *driver, uint64_t ipa, uint64_t length);

/* bring_up.c */
enum hv_status hv_bring_up(struct hv_driver *driver);
/* The same for an IOMMU that its owner has brought up. */
enum hv_status hv_join(struct hv_driver *driver);

#endif
