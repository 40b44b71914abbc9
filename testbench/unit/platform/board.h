// SPDX-License-Identifier: Apache-2.0
/*
 * A machine with one IOMMU and one DMA device for the tests of the platform. Tables have fixed places in RAM;
 * everything that software does goes through the calls for the processor. Mistakes of a test fail it.
 */
#ifndef AMDVI_UNIT_PLATFORM_BOARD_H
#define AMDVI_UNIT_PLATFORM_BOARD_H

#include "testbench/platform/dma_device.h"
#include "testbench/platform/machine.h"
#include "testbench/platform/pcie.h"
#include "testbench/platform/ram.h"

enum {
    BOARD_COMMANDS = 0x10000,
    BOARD_EVENTS = 0x20000,
    BOARD_PPRS = 0x30000,
    BOARD_STORE = 0x40000,
    BOARD_INTERRUPTS = 0x50000, /* table of 2048 entries */
    BOARD_DEVICES = 0x200000,
    BOARD_TABLES = 0x400000, /* handed out from here */
    BOARD_DATA = 0x800000,
    BOARD_DOMAIN = 7,
    BOARD_DEVICE = 0x0008, /* 00:01.0 */
    BOARD_TAKEN_MAX = 64,
};

struct board_message {
    uint64_t address;
    uint32_t data;
};

struct board {
    struct machine_config config;
    struct machine *machine;
    struct pcie_description what; /* of the device */
    struct dma_device *device;
    uint64_t tables, root;
    uint32_t tail;
    uint64_t stores;
    struct board_message taken[BOARD_TAKEN_MAX]; /* messages to the processors */
    size_t count, doorbells;
};

/* The default machine and a device at 00:01.0 with everything that a function can have. */
void board_init(struct board *b);
/* Makes both and switches on; the device is a bus master, the IOMMU is as firmware leaves it. */
void board_power(struct board *b);
/* IOMMU on: device table, command ring, logs; the device has a host table of 3 levels and an interrupt table.
 */
void board_start(struct board *b);
void board_stop(struct board *b);

uint64_t board_get(struct board *b, uint64_t offset); /* IOMMU registers */
void board_set(struct board *b, uint64_t offset, uint64_t value);
/* The device's configuration space. */
uint32_t board_config(struct board *b, unsigned offset, unsigned size);
void board_configure(struct board *b, unsigned offset, unsigned size, uint32_t value);
/* Offsets found as software finds them, by following the lists. */
unsigned board_capability(struct board *b, uint8_t id);
unsigned board_extended(struct board *b, uint16_t id);

/* One word of the device's entry, without an invalidation. */
void board_dte(struct board *b, unsigned word, uint64_t value);
uint64_t board_dte_get(struct board *b, unsigned word);
void board_map(struct board *b, uint64_t iova, uint64_t pa, bool read, bool write);
/* Guest tables for one PASID, page requests; no host table any more: requests without a PASID pass. */
void board_pasid(struct board *b, uint32_t pasid);
void board_map_guest(struct board *b, uint32_t pasid, uint64_t gva, uint64_t pa);
void board_map_guest_global(struct board *b, uint32_t pasid, uint64_t gva, uint64_t pa);
void board_irte(struct board *b, unsigned index, uint8_t vector);

/* Commands; the doorbell is rung after each. */
void board_command(struct board *b, uint64_t low, uint64_t high);
void board_invalidate_pages(struct board *b);
void board_invalidate_device(struct board *b);
void board_invalidate_atc(struct board *b); /* all without a PASID */
void board_invalidate_atc_page(struct board *b, uint64_t address);
void board_invalidate_atc_pasid(struct board *b, uint32_t pasid); /* all with this one */
void board_invalidate_interrupts(struct board *b);
void board_answer_pages(struct board *b, unsigned group, unsigned code);
void board_answer_pages_pasid(struct board *b, unsigned group, unsigned code, uint32_t pasid);
/* COMPLETION_WAIT with a store: queued by the first; whether the last one has come. */
void board_queue_wait(struct board *b);
bool board_waited(struct board *b);
/* Events in the log, and the code of one. */
unsigned board_events(struct board *b);
unsigned board_event(struct board *b, unsigned index);

/* ATS, PRI, PASID on, as a driver does it. */
void board_enable_ats(struct board *b);
void board_enable_pri(struct board *b, unsigned allocation);
void board_enable_pasid(struct board *b);

#endif
