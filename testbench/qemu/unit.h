// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device `amdvi-iommu`: one IOMMU of the library on one root bus of a q35 machine.
 *
 * Calls of the library are made between unit_enter() and unit_leave(). QEMU calls a unit with its big lock
 * held, apart from DMA of I/O threads, so a unit has a lock of its own, which is always the inner one.
 */
#ifndef TESTBENCH_QEMU_UNIT_H
#define TESTBENCH_QEMU_UNIT_H

#include <qemu/osdep.h>

#include <hw/i386/x86-iommu.h>
#include <hw/pci/pci.h>
#include <hw/pci/pci_bus.h>
#include <hw/sysbus.h>
#include <qemu/thread.h>

#include "amdvi/amdvi.h"
#include "amdvi/host.h"

#include "traps.h"
#include "watch.h"

#define UNIT_TYPE        "amdvi-iommu"       /* the unit of the machine's first root bus */
#define UNIT_TYPE_EXTRA  "amdvi-iommu-extra" /* of another root bus: QEMU knows one IOMMU for a machine */
#define FUNCTION_TYPE    "amdvi-iommu-function"
#define SOUTHBRIDGE_TYPE "amdvi-southbridge"
#define SPACE_TYPE       "amdvi-iommu-space"

enum { UNITS_MAX = 8, IOAPIC_REQUESTER = 0x00a0 };
/* Where writes of devices are interrupts (iommu 8.1). */
enum { INTERRUPTS_FIRST = 0xfee00000 };

/* One setting of a configuration key, as the user gave it. */
struct setting {
    const struct amdvi_config_key *key;
    char *value;
    struct setting *next;
};

/* The PCI function of a unit: all of its configuration space is the library's. */
struct function {
    PCIDevice pci;
    struct unit *unit;
};

/* What one requester sees of memory. Bus numbers are given by firmware, late, so the DeviceID is made when it
 * is used. */
struct space {
    struct unit *unit;
    PCIBus *bus;
    uint8_t devfn;
    IOMMUMemoryRegion translated;
    MemoryRegion root, interrupts;
    AddressSpace memory;
    struct amdvi_notifier *notifier; /* while somebody keeps translations of it */
    uint16_t notified;               /* DeviceID that it is for */
    bool maps;                       /* they want to be told of new mappings, too */
    bool stale;                      /* [first, last] is to be told anew */
    uint64_t first, last;
    QLIST_ENTRY(space) next;
};

struct unit {
    union {
        X86IOMMUState x86;
        SysBusDevice plain;
    } parent;
    bool extra;
    unsigned index;
    /* properties */
    struct setting *settings;
    char *root_name; /* of the root bus; null: the machine's first */
    char *ivrs;      /* which IVHD blocks are written, and how */
    char *trap;      /* of the conformance kit */
    struct watch_options watch_options;
    int32_t address;

    PCIBus *root;
    struct function function;
    MemoryRegion registers;
    struct amdvi_config *config;
    struct amdvi_device *device;
    struct amdvi_irq_queue *interrupts;
    struct watch watch;
    struct traps traps;
    QemuRecMutex lock;
    unsigned depth; /* of unit_enter() */
    QLIST_HEAD(, space) spaces;
    bool stale_spaces;
    unsigned notifiers;
    uint8_t *saved; /* while a state is saved or loaded */
    uint32_t saved_bytes;
};

/* The units of the machine, in the order of their making. */
extern struct unit *units[UNITS_MAX];
extern unsigned units_count;

void unit_enter(struct unit *unit);
/* Delivers interrupts and invalidations that have come up. */
void unit_leave(struct unit *unit);
/* Whether interrupt remapping is offered (property `intremap`). */
bool unit_remaps(const struct unit *unit);

/* ---- device.c */
void device_register_types(void);

/* ---- keys.c: one property for each configuration key */
void keys_add_properties(ObjectClass *klass);
/* The configuration out of all settings: presets first, whatever order they were given in. */
bool keys_apply(struct unit *unit, Error **errp);

/* ---- memory.c */
struct amdvi_memory memory_callbacks(void);
/* RAM of the machine is read without a call. */
bool memory_add_windows(struct amdvi_device *device);
/* The end of the machine's RAM. */
uint64_t memory_end(void);

/* ---- registers.c */
void registers_init(struct unit *unit);
uint32_t registers_pci_read(PCIDevice *pci, uint32_t offset, int size);
void registers_pci_write(PCIDevice *pci, uint32_t offset, uint32_t value, int size);

/* ---- spaces.c */
void spaces_register_types(void);
AddressSpace *spaces_of(PCIBus *bus, void *unit, int devfn);
uint16_t space_device(const struct space *space);

/* ---- interrupts.c */
extern const MemoryRegionOps interrupts_ops;
void interrupts_deliver(struct unit *unit);
int interrupts_remap_route(X86IOMMUState *iommu, MSIMessage *from, MSIMessage *to, uint16_t requester);

/* ---- notify.c */
int notify_flag_changed(IOMMUMemoryRegion *region, IOMMUNotifierFlag before, IOMMUNotifierFlag now,
                        Error **errp);
void notify_replay(IOMMUMemoryRegion *region, IOMMUNotifier *notifier);
enum amdvi_atc_answer notify_atc(void *unit, const struct amdvi_atc_invalidation *invalidation);
void notify_stale_spaces(struct unit *unit);
/* Firmware numbers buses after devices have asked for notifications: those follow. */
void notify_renumber(struct unit *unit);

/* ---- ivrs.c */
/* Puts the table of all units among the machine's ACPI tables, once the machine is made. */
void ivrs_on_machine_done(void);

/* ---- ivrs_forms.c */
struct ivrs_form {
    unsigned types; /* of blocks; 0: all */
    bool odd;       /* an order that is legal, but not the usual one */
    bool special;   /* HPET and devices that only ACPI knows, too */
};
/* What property `ivrs` says; false with a message for a word that there is not. */
bool ivrs_form_parse(const char *text, struct ivrs_form *form);
/* Gives a table of `size` bytes the odd order; its new length, 0 when it has no room. */
size_t ivrs_form_reorder(uint8_t *bytes, size_t size, size_t room);

/* ---- southbridge.c */
void southbridge_register_type(void);
/* Makes it unless somebody else stands in its slot. */
void southbridge_make(PCIBus *bus);

/* ---- migration.c */
extern const VMStateDescription unit_state;

/* ---- version.c */
bool version_check(void);

#endif
