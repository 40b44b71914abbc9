// SPDX-License-Identifier: Apache-2.0
/* Internal: a virtual machine. */
#ifndef AMDVI_HYPERVISOR_VMM_INTERNAL_H
#define AMDVI_HYPERVISOR_VMM_INTERNAL_H

#include "testbench/hypervisor/guest_registers.h"
#include "testbench/hypervisor/shadow.h"
#include "testbench/hypervisor/vmm.h"

enum { VMM_DEVICES = 16, VMM_DTE_BYTES = 32, VMM_RECORD_BYTES = 16 };

enum { VMM_SHADOWS = VMM_DEVICES + 1 };

/* A host table of the guest's, and the nest parent that shadows it. */
struct vmm_shadow {
    uint16_t domain;
    struct hv_shadowed table;
    hv_handle parent;
    unsigned users; /* devices; 0: not used */
};

struct vmm_device {
    uint16_t host, guest;
    hv_handle device, vdevice;
    hv_handle table;           /* the nested table it is attached to, one share of it */
    struct vmm_shadow *shadow; /* or the shadow of its host table */
    uint64_t entry[4];         /* what was followed last */
    bool followed;
    bool doubtful; /* the entry is none that can be followed, and nobody has asked for it yet */
};

/* The page at 2000h of a mediated guest. */
struct vmm_rings {
    uint64_t cmd_head, cmd_tail, event_head, event_tail, ppr_head, ppr_tail, status;
    bool stopped;        /* by an illegal command, until CmdBufEn rises */
    bool log_stopped[2]; /* event and PPR log: by an overflow, until their enable bit rises */
};

enum { VMM_MESSAGES = 256 };

/* A message of a device, as the guest has programmed it, and where the host's entry leads. */
struct vmm_message {
    bool used;
    struct hv_message message;
    struct hv_interrupt now;
};

struct hv_vmm {
    struct hv_vmm_options options;
    struct hv_driver *driver;
    struct hv_fd *fd;
    hv_handle parent, viommu, queues[HV_QUEUE_TYPES], events, pprs;
    struct hv_vf_page vf;
    struct hv_vmm_range ranges[HV_VMM_RANGES]; /* guest memory */
    unsigned range_count;
    bool taken, window; /* from the machine's memory, or a window of the caller's */
    struct hv_registers registers;
    struct amdvi_config *shown; /* what the guest's IOMMU is */
    struct amdvi_device *function;
    struct vmm_rings rings;
    struct vmm_device devices[VMM_DEVICES];
    struct vmm_shadow shadows[VMM_SHADOWS];
    struct vmm_message messages[VMM_DEVICES][VMM_MESSAGES];
    unsigned message_count; /* that are used */
    struct hv_vmm_ioapic ioapic;
    bool remapping;                      /* `ioapic` is there */
    uint64_t shown_table, shown_control; /* registers that `function` has */
    unsigned count;
    uint64_t exits[HV_EXITS], refused;
};

/* vmm_memory.c */
bool vmm_memory_good(const struct hv_vmm_options *options);
enum hv_status vmm_memory_create(struct hv_vmm *vmm);
void vmm_memory_destroy(struct hv_vmm *vmm);
/* Whether all of [gpa, gpa + bytes) is guest memory, in one piece or in several. */
bool vmm_is_memory(const struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes);
/* The guest's address of a system address; one outside guest memory stays as it is. */
uint64_t vmm_to_guest(const struct hv_vmm *vmm, uint64_t spa);

/* vmm_devices.c */
struct vmm_device *vmm_find_guest(struct hv_vmm *vmm, uint16_t guest_device);
bool vmm_in_device_table(const struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes);
/* Brings a device to where its entry in the guest's table says. */
enum hv_status vmm_follow_entry(struct hv_vmm *vmm, struct vmm_device *device);
void vmm_entries_stored(struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes);
void vmm_table_moved(struct hv_vmm *vmm);
/* The guest has invalidated the entry: from here on it means what it has written. */
void vmm_entry_invalidated(struct hv_vmm *vmm, struct vmm_device *device);

/* vmm_shadow.c */
bool vmm_names_host_table(const struct hv_vmm *vmm, const uint64_t entry[4]);
enum hv_status vmm_shadow_attach(struct hv_vmm *vmm, struct vmm_device *device, const uint64_t entry[4]);
void vmm_shadow_leave(struct hv_vmm *vmm, struct vmm_device *device);
void vmm_shadow_heed(struct hv_vmm *vmm, const uint64_t command[2]);

/* vmm_messages.c */
/* How `function`, which remaps in the guest's place, reaches its tables. */
struct amdvi_memory vmm_tables_port(struct hv_vmm *vmm);
/* The host's entries lead where the guest's tables say now. */
void vmm_messages_renew(struct hv_vmm *vmm, const struct vmm_device *device);
void vmm_messages_forget(struct hv_vmm *vmm);

/* vmm_queues.c */
void vmm_queues_changed(struct hv_vmm *vmm, uint64_t old_control);
void vmm_interrupts_changed(struct hv_vmm *vmm);

/* vmm_pci.c */
enum hv_status vmm_pci_create(struct hv_vmm *vmm);
void vmm_pci_destroy(struct hv_vmm *vmm);
void vmm_pci_reset(struct hv_vmm *vmm);
uint16_t vmm_function(const struct hv_vmm *vmm); /* the DeviceID of the guest's IOMMU */
/* Where an interrupt of the guest's IOMMU goes, as the guest has programmed it. */
void vmm_interrupt_of(const struct hv_vmm *vmm, enum hv_interrupt_type type, struct hv_interrupt *interrupt);

/* vmm_mediated.c */
enum hv_status vmm_ring_read(struct hv_vmm *vmm, uint64_t offset, uint64_t *value);
enum hv_status vmm_ring_write(struct hv_vmm *vmm, uint64_t offset, uint64_t value);
/* The review's wish for what is refused (viommu 5.3). */
void vmm_illegal_entry(struct hv_vmm *vmm, uint16_t guest_device);
void vmm_rings_changed(struct hv_vmm *vmm, uint64_t old_control);

#endif
