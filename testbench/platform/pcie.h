// SPDX-License-Identifier: Apache-2.0
/*
 * PCI functions and the tree that they hang in: configuration space of 4 KiB with the capabilities that
 * drivers of DMA devices use, bridges that forward by the bus numbers and windows that software wrote into
 * them, BARs, message interrupts, resets, functions that come and go.
 *
 * Registers are data: each byte has a value, a mask of bits that software may write and one of bits that are
 * cleared by writing 1; pcie_space.c has them. What else a write does is in pcie_write.c.
 */
#ifndef AMDVI_PLATFORM_PCIE_H
#define AMDVI_PLATFORM_PCIE_H

#include "amdvi/amdvi.h"

struct pcie_topology;
struct pcie_function;

enum pcie_kind {
    PCIE_INTEGRATED, /* endpoint of the root complex, on a root bus */
    PCIE_ENDPOINT,
    PCIE_ROOT_PORT,
    PCIE_UPSTREAM, /* ports of a switch */
    PCIE_DOWNSTREAM,
    PCIE_TO_PCI, /* bridge to a conventional bus: requests from behind it are its own, as secondary bus:00.0
                  */
    PCIE_CONVENTIONAL, /* function on such a bus: no PCIe capability, 256 bytes of configuration space */
    PCIE_HOST_BRIDGE,  /* a function without capabilities: host bridge, southbridge, ISA bridge */
};

enum { PCIE_BARS = 6, PCIE_BUSES = 256 };

struct pcie_bar {
    uint64_t bytes; /* a power of two from 16 to 2^30; 0: not there */
    bool wide;      /* 64 bits: takes the next one, too */
    bool prefetchable;
};

/* What a function is. A zeroed member: not there. */
struct pcie_description {
    enum pcie_kind kind;
    uint16_t segment;             /* of functions on root buses; else that of the bridge */
    uint8_t root_bus;             /* the same */
    struct pcie_function *bridge; /* the function is on the bus behind it; null: on `root_bus` */
    uint8_t devfn;                /* device << 3 | function */
    uint16_t vendor, device;      /* vendor 0: 1234h, device 0: 5678h */
    uint32_t class_code;          /* 24 bits; 0: 02_00_00h, bridges 06_04_00h */
    struct pcie_bar bar[PCIE_BARS];
    unsigned msi;              /* messages that MSI offers: 1, 2, 4 ... 32 */
    bool msi_mask, msi_narrow; /* a mask for each message; addresses of 32 bits only */
    unsigned msix;    /* vectors of MSI-X, up to 2048; the table begins BAR `msix_bar`, 16 bytes each, */
    uint8_t msix_bar; /* the pending bits follow it at the next multiple of 4 KiB */
    bool power;       /* power management: D0, D3hot; coming back from D3hot is a reset */
    bool flr;         /* function level reset */
    bool ats;
    uint8_t ats_depth; /* invalidate queue depth, 0 to 31; 0: 32 */
    bool pri;
    uint32_t pri_capacity; /* outstanding page requests; 0: 32 */
    bool pri_pasid;        /* responses to requests with a PASID are expected to carry it */
    bool pasid;
    unsigned pasid_bits; /* 1 to 20; 0: 20 */
    bool pasid_execute, pasid_privileged;
    bool acs; /* of ports, and of functions of a device with several */
    /* Instead of configuration space of its own. Offsets and sizes were looked at. */
    void *context;
    uint32_t (*read)(void *context, unsigned offset, unsigned size);
    void (*write)(void *context, unsigned offset, unsigned size, uint32_t value);
    /* Register accesses to BARs, the table of MSI-X excepted; null: reads 0. */
    uint64_t (*bar_read)(void *context, unsigned bar, uint64_t offset, unsigned size);
    void (*bar_write)(void *context, unsigned bar, uint64_t offset, unsigned size, uint64_t value);
    /* The function was reset by whatever means: nothing of before is true any more. */
    void (*reset)(void *context);
    /* Software wrote configuration space of the function's own, and what follows from it has happened. */
    void (*written)(void *context, unsigned offset, unsigned size);
    /* The function is being pulled out. */
    void (*removed)(void *context);
};

/* Where messages of functions go: a write of 4 bytes. */
typedef void pcie_message(void *context, uint16_t segment, uint16_t requester, uint64_t address,
                          uint32_t data);

/* Firmware puts BARs into [memory, memory + bytes), which lies below 4 GiB. */
struct pcie_topology *pcie_create(uint64_t memory, uint64_t bytes, pcie_message *message, void *context);
void pcie_destroy(struct pcie_topology *topology);

/* ------------------------------------------------------------------------------ functions come and go */

/* At any time; without firmware's help when after pcie_firmware(): software gives it BARs, a bridge bus
 * numbers. AMDVI_ERR_ARGUMENT: a field outside its range; AMDVI_ERR_BUSY: the place is taken;
 * AMDVI_ERR_NO_MEMORY. `function` may be null. */
enum amdvi_status pcie_add(struct pcie_topology *topology, const struct pcie_description *description,
                           struct pcie_function **function);
/* Pulled out without a word; what hangs behind a bridge goes with it. All of it is freed. */
void pcie_remove(struct pcie_function *function);

/* Bus numbers in the order of the tree, BARs, windows of bridges, memory decoding on. AMDVI_ERR_TOO_SMALL
 * when the BARs do not fit. */
enum amdvi_status pcie_firmware(struct pcie_topology *topology);
/* All functions, as by the reset line. */
void pcie_reset_all(struct pcie_topology *topology);
/* A function level reset; of a bridge: all that is behind it (secondary bus reset). */
void pcie_reset(struct pcie_function *function);

/* The function that answers there; null. Bridges count as far as their bus numbers lead. */
struct pcie_function *pcie_find(const struct pcie_topology *topology, uint16_t segment, uint8_t bus,
                                uint8_t devfn);
/* The function that came first; null when there is none. */
struct pcie_function *pcie_first(const struct pcie_topology *topology);
/* Bus and devfn as the bridges say now, and under which DeviceID its requests arrive. */
uint16_t pcie_device_id(const struct pcie_function *function);
uint16_t pcie_requester(const struct pcie_function *function);
uint16_t pcie_segment(const struct pcie_function *function);
const struct pcie_description *pcie_describe(const struct pcie_function *function);

/* ------------------------------------------------------------------------------ accesses */

/* Naturally aligned, 1, 2 or 4 bytes, below 4096; else, and where no function is, false and all ones. */
bool pcie_config_read(struct pcie_topology *topology, uint16_t segment, uint8_t bus, uint8_t devfn,
                      unsigned offset, unsigned size, uint32_t *value);
bool pcie_config_write(struct pcie_topology *topology, uint16_t segment, uint8_t bus, uint8_t devfn,
                       unsigned offset, unsigned size, uint32_t value);
/* Naturally aligned, 1, 2, 4 or 8 bytes. False: no BAR decodes that address. */
bool pcie_memory_read(struct pcie_topology *topology, uint64_t pa, unsigned size, uint64_t *value);
bool pcie_memory_write(struct pcie_topology *topology, uint64_t pa, unsigned size, uint64_t value);

/* ------------------------------------------------------------------------------ what a device looks at */

/* A register of the function's own space, as the function itself sees it. */
uint32_t pcie_peek(const struct pcie_function *function, unsigned offset, unsigned size);
/* Offset of a capability by its ID, of an extended one; 0: not there. */
unsigned pcie_capability(const struct pcie_function *function, uint8_t id);
unsigned pcie_extended(const struct pcie_function *function, uint16_t id);

/* May issue requests: bus master on, and on every bridge above it, in D0. */
bool pcie_is_master(const struct pcie_function *function);
bool pcie_ats_enabled(const struct pcie_function *function);
bool pcie_pri_enabled(const struct pcie_function *function);
uint32_t pcie_pri_allocation(const struct pcie_function *function); /* requests that software allows */
bool pcie_pasid_enabled(const struct pcie_function *function);
bool pcie_pasid_privileged_enabled(const struct pcie_function *function);
bool pcie_pasid_execute_enabled(const struct pcie_function *function);

/* Status bits of the PRI capability, which software clears by writing 1. */
enum { PCIE_PRI_RESPONSE_FAILURE = 1, PCIE_PRI_UNEXPECTED = 2, PCIE_PRI_STOPPED = 0x100 };
void pcie_pri_set_status(struct pcie_function *function, unsigned bits, bool on);
bool pcie_pri_status(const struct pcie_function *function, unsigned bits); /* any of them */
/* Where software put a BAR; 0 before that. */
uint64_t pcie_bar_address(const struct pcie_function *function, unsigned bar);

/* Interrupt number `number` by MSI-X if enabled, else by MSI. A masked one waits and is sent when the mask
 * goes. */
enum pcie_interrupt { PCIE_INTERRUPT_SENT, PCIE_INTERRUPT_PENDING, PCIE_INTERRUPT_OFF };
enum pcie_interrupt pcie_raise(struct pcie_function *function, unsigned number);

#endif
