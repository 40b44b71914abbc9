// SPDX-License-Identifier: Apache-2.0
/*
 * A machine around one or several IOMMUs: RAM, PCI functions, IOAPICs, ACPI tables, a clock, and the way of
 * every access and interrupt between them. Whoever plays the processor (a kernel in user space, a test) needs
 * these calls and nothing else to run on it:
 *
 *     struct machine_config config;
 *     struct machine *machine;
 *     struct machine_error error;
 *     machine_config_default(&config);           // one IOMMU, 256 MiB, southbridge, IOAPIC
 *     config.deliver = take_interrupt;
 *     if (machine_create(&config, &machine, &error) != AMDVI_OK)
 *         puts(error.text);
 *     struct dma_device *nic = dma_device_create(machine, &description);     // dma_device.h
 *     machine_power_on(machine);                 // firmware: bus numbers, BARs, IOMMU windows, IVRS
 *     ... machine_mmio_write(), machine_cfg_read(), machine_delay() ...
 *
 * One thread, one machine at a time inside it; the same calls give the same results. Interrupts that the
 * IOMMUs and devices raise wait in a queue until the call that caused them is at its end, and are delivered
 * then; `deliver` may call the machine again. Nothing here trusts a number that comes from software.
 */
#ifndef AMDVI_PLATFORM_MACHINE_H
#define AMDVI_PLATFORM_MACHINE_H

#include "amdvi/ivrs.h"

#include "testbench/platform/way.h"

struct machine;
struct ram;
struct pcie_topology;
struct ioapic;

/* What is wrong with a configuration, naming the field: "iommus[1].registers: not aligned to 512 KiB". */
struct machine_error {
    char text[160];
};

/* ------------------------------------------------------------------------------ description */

enum { MACHINE_RAM_MAX = 16, MACHINE_IOMMUS_MAX = 8, MACHINE_IOAPICS_MAX = 8 };

/* RAM at physical addresses [base, base + size); what lies between windows is a hole. Whole pages. */
struct machine_ram {
    uint64_t base, size;
};

struct machine_iommu {
    const char *const
        *keys; /* "key=value" of amdvi_config_set(), preset first; null at the end; may be null */
    uint16_t segment;
    uint16_t device;      /* its own PCI function, on a root bus of the segment */
    uint16_t first, last; /* DeviceIDs whose requests it takes; its own function is never among them */
    /* Register window, and apertures for guests in devices that have them. 0: the place of the key
     * (mmio_base, vf_base, vfc_base), moved up by 512 KiB, for apertures by 1 GiB, for each IOMMU before this
     * one. */
    uint64_t registers, vf, vf_control;
    const struct amdvi_ivrs_alias *aliases; /* told in IVRS, see also pcie.h */
    size_t aliases_count;
    const struct amdvi_ivrs_memory *memory; /* IVMD */
    size_t memory_count;
};

struct machine_ioapic {
    uint8_t id;
    uint64_t base; /* of its registers, 4 KiB */
    uint16_t segment;
    uint16_t requester; /* DeviceID of its interrupts */
};

/* A message that reaches the processors: written to FEEx_xxxxh, or to the same with destination bits 31:8 in
 * address bits 63:40 [8.4]. */
typedef void machine_deliver(void *context, uint64_t address, uint32_t data);
/* The doorbell of a posted interrupt: processor `destination` looks at its backing page. Not an MSI. */
typedef void machine_doorbell(void *context, uint32_t destination, uint8_t vector);
/* IOMMU number `index` exists and nothing has touched it: the place to attach lint, recorder and observers.
 */
typedef void machine_attach(void *context, size_t index, struct amdvi_device *device,
                            const struct amdvi_config *config);

struct machine_config {
    struct machine_ram ram[MACHINE_RAM_MAX]; /* up to the first of size 0 */
    struct machine_iommu iommus[MACHINE_IOMMUS_MAX];
    size_t iommus_count; /* 0: no IOMMU, everything passes */
    struct machine_ioapic ioapics[MACHINE_IOAPICS_MAX];
    size_t ioapics_count;
    bool no_southbridge;                   /* without the SMBus function at 00:14.0 that drivers look for */
    unsigned ivrs_types;                   /* AMDVI_IVRS_*; 0: all three */
    uint64_t pci_memory, pci_memory_bytes; /* below 4 GiB: where firmware puts BARs */
    bool late;                     /* register writes only note work: the IOMMUs work when time passes */
    const struct machine_way *way; /* to all IOMMUs; null: way_direct */
    void *way_context;
    void *context; /* of the callbacks, which may be null */
    machine_deliver *deliver;
    machine_doorbell *doorbell;
    machine_attach *attach;
};

/* One IOMMU (genoa) at 00:00.2 for all of segment 0, RAM of 256 MiB from 0, an IOAPIC (id 32) of the
 * southbridge, BARs from E000_0000h on. */
void machine_config_default(struct machine_config *config);

/* ------------------------------------------------------------------------------ life */

/* `config` is copied, apart from the keys, aliases and memory that it points to, which are used by this call
 * and by machine_power_on(). Error text also for AMDVI_ERR_NO_MEMORY; `error` may be null. */
enum amdvi_status machine_create(const struct machine_config *config, struct machine **machine,
                                 struct machine_error *error);
/* With all that was plugged into it. Null does nothing. Lints and recorders must be gone. */
void machine_destroy(struct machine *machine);

/* What firmware does after a reset of everything: IOMMUs, functions and IOAPICs reset, bus numbers and BARs
 * given, register windows opened and locked, tables built. RAM keeps its bytes, the clock goes on.
 * AMDVI_ERR_TOO_SMALL: the BARs do not fit into the memory for PCI. */
enum amdvi_status machine_power_on(struct machine *machine);

/* ------------------------------------------------------------------------------ the processor's side */

/* `size` 1, 2, 4 or 8. What nobody answers reads all ones, and takes writes without effect. RAM is memory,
 * see ram.h: here it is nobody. An access that a device does not accept is one that nobody answers. */
uint64_t machine_mmio_read(struct machine *machine, uint64_t pa, unsigned size);
void machine_mmio_write(struct machine *machine, uint64_t pa, uint64_t value, unsigned size);
/* `size` 1, 2 or 4; `devfn` device << 3 | function. False: nobody is there, and all bits read 1. */
bool machine_cfg_read(struct machine *machine, uint16_t segment, uint8_t bus, uint8_t devfn, unsigned offset,
                      unsigned size, uint32_t *value);
bool machine_cfg_write(struct machine *machine, uint16_t segment, uint8_t bus, uint8_t devfn, unsigned offset,
                       unsigned size, uint32_t value);
/* Null when there is no table of that signature (4 characters). Lives until the next machine_power_on(). */
const void *machine_acpi_table(const struct machine *machine, const char *signature, size_t *bytes);
/* One more table, or another one in its place; the bytes are copied and stay through machine_power_on().
 * AMDVI_ERR_ARGUMENT: no signature of 4 characters, or more than 16 tables. */
enum amdvi_status machine_add_table(struct machine *machine, const char *signature, const void *table,
                                    size_t bytes);
/* End of interrupt, as the local APIC tells it to all IOAPICs. */
void machine_eoi(struct machine *machine, uint8_t vector);

/* Nanoseconds since creation. They pass only by machine_delay(): the IOMMUs work, late answers of devices
 * come in their order, each at its time. An IOMMU looks at its own time-outs then, and at the end of the
 * delay. */
uint64_t machine_now(const struct machine *machine);
void machine_delay(struct machine *machine, uint64_t nanoseconds);
/* All that can be done without time passing: for the end of a test in late mode. */
void machine_settle(struct machine *machine);
void machine_set_late(struct machine *machine, bool late);

/* ------------------------------------------------------------------------------ mishaps */

/* The IOMMU executes nothing until it is let go again: COMPLETION_WAIT does not come. */
enum amdvi_status machine_hold(struct machine *machine, size_t iommu, bool hold);
/* A plan of faults as text (amdvi/inject.h) for one IOMMU; "" ends it. */
enum amdvi_status machine_inject(struct machine *machine, size_t iommu, const char *plan);
/* The next `count` messages to the processors are lost. */
void machine_lose_messages(struct machine *machine, uint64_t count);

/* ------------------------------------------------------------------------------ parts */

struct ram *machine_ram(struct machine *machine);
struct pcie_topology *machine_pci(struct machine *machine);
/* Null beyond the last one. */
struct amdvi_device *machine_iommu(struct machine *machine, size_t index);
struct ioapic *machine_ioapic(struct machine *machine, size_t index);
/* An input of an IOAPIC asks, or no longer does (ioapic.h); what follows from it happens. */
void machine_set_pin(struct machine *machine, size_t ioapic, unsigned pin, bool active);
/* The IOMMU that takes a DeviceID's requests; null: they pass. */
struct amdvi_device *machine_iommu_of(struct machine *machine, uint16_t segment, uint16_t device);

struct machine_statistics {
    uint64_t mmio_reads, mmio_writes, mmio_unanswered;
    uint64_t cfg_reads, cfg_writes, cfg_unanswered;
    uint64_t delays, runs;
    uint64_t messages; /* delivered */
    uint64_t own_messages, wakes,
        device_messages;       /* of these: of the IOMMUs; for guests that sleep; of devices */
    uint64_t refused_messages; /* of devices, which the IOMMU did not let through */
    uint64_t posted;           /* of devices, which went to a guest's backing page */
    uint64_t doorbells;
    uint64_t merged, lost; /* the queue was full; asked for by machine_lose_messages() or no room */
};
struct machine_statistics machine_statistics(const struct machine *machine);

#endif
