// SPDX-License-Identifier: Apache-2.0
/* What the files of pcie.h share. */
#ifndef AMDVI_PLATFORM_PCIE_INTERNAL_H
#define AMDVI_PLATFORM_PCIE_INTERNAL_H

#include "testbench/platform/pcie.h"

/* Of MSI-X: a bit a vector, in words of 8 bytes. */
#define PCIE_PENDING_BYTES(vectors) (((uint64_t)(vectors) + 63) / 64 * 8)

enum { PCIE_SPACE = 4096, PCIE_SMALL_SPACE = 256, PCIE_MSIX_MAX = 2048, PCIE_MSIX_ENTRY = 16 };

/* Standard header. */
enum {
    REG_ID = 0x00,
    REG_COMMAND = 0x04,
    REG_STATUS = 0x06,
    REG_CLASS = 0x08,
    REG_CACHE_LINE = 0x0c,
    REG_HEADER_TYPE = 0x0e,
    REG_BAR = 0x10,
    REG_PRIMARY = 0x18,
    REG_SECONDARY = 0x19,
    REG_SUBORDINATE = 0x1a,
    REG_MEMORY_BASE = 0x20,
    REG_MEMORY_LIMIT = 0x22,
    REG_PREFETCH_BASE = 0x24,
    REG_PREFETCH_LIMIT = 0x26,
    REG_PREFETCH_BASE_HIGH = 0x28,
    REG_PREFETCH_LIMIT_HIGH = 0x2c,
    REG_SUBSYSTEM = 0x2c,
    REG_CAPABILITIES = 0x34,
    REG_INTERRUPT_LINE = 0x3c,
    REG_BRIDGE_CONTROL = 0x3e,
};

enum { COMMAND_MEMORY = 1 << 1, COMMAND_MASTER = 1 << 2, BRIDGE_RESET = 1 << 6 };

/* Capabilities: their IDs, and registers from the start of each. */
enum {
    CAP_POWER = 0x01,
    CAP_MSI = 0x05,
    CAP_EXPRESS = 0x10,
    CAP_MSIX = 0x11,
    EXT_ACS = 0x0d,
    EXT_ATS = 0x0f,
    EXT_PRI = 0x13,
    EXT_PASID = 0x1b,

    POWER_CONTROL = 4,
    MSI_CONTROL = 2,
    MSI_ADDRESS = 4,
    MSIX_CONTROL = 2,
    EXPRESS_CONTROL = 8,
    ATS_CONTROL = 6,
    PRI_CONTROL = 4,
    PRI_STATUS = 6,
    PRI_ALLOCATION = 12,
    PASID_CONTROL = 6,
};

enum {
    POWER_D3HOT = 3,
    MSI_ENABLE = 1,
    MSI_WIDE = 1 << 7,
    MSI_MASKS = 1 << 8,
    MSIX_ENABLE = 1 << 15,
    MSIX_MASK = 1 << 14,
    EXPRESS_FLR = 1 << 15,
    ATS_ENABLE = 1 << 15,
    PRI_ENABLE = 1,
    PRI_RESET = 2,
    PASID_ENABLE = 1,
    PASID_EXECUTE = 2,
    PASID_PRIVILEGED = 4,
};

struct pcie_function {
    struct pcie_topology *topology;
    struct pcie_function *next; /* in the order in which they came */
    struct pcie_description what;
    unsigned power, msi, msix, express, ats, pri, pasid; /* offsets of capabilities; 0: not there */
    uint8_t value[PCIE_SPACE], writable[PCIE_SPACE], clears[PCIE_SPACE];
    bool gone;                            /* being taken out */
    uint8_t *vectors;                     /* table of MSI-X */
    uint64_t pending[PCIE_MSIX_MAX / 64]; /* of MSI-X; of MSI: its pending register */
};

struct pcie_topology {
    struct pcie_function *functions;
    uint64_t memory, bytes;
    pcie_message *message;
    void *context;
};

/* pcie_space.c */
/* Configuration space as after a reset. */
void pcie_space_build(struct pcie_function *function);
uint32_t pcie_get(const uint8_t *bytes, unsigned offset, unsigned size);
void pcie_put(uint8_t *bytes, unsigned offset, unsigned size, uint32_t value);
bool pcie_is_bridge(const struct pcie_function *function);

/* pcie.c */
/* Says in each header whether more functions share the device. */
void pcie_mark_multifunction(struct pcie_topology *topology);

/* pcie_write.c */
/* Software's write: masks, then what follows from it. */
void pcie_space_write(struct pcie_function *function, unsigned offset, unsigned size, uint32_t value);

/* pcie_memory.c */
uint64_t pcie_pending_offset(const struct pcie_function *function); /* of MSI-X, in its BAR */

/* pcie_interrupt.c */
/* Sends what waited for a mask that is gone. */
void pcie_send_pending(struct pcie_function *function);

#endif
