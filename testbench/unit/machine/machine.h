// SPDX-License-Identifier: Apache-2.0
/*
 * A machine with one IOMMU for unit tests. Memory is one array from SPA 0; the device table, the rings and
 * the logs have fixed places, tables are taken from a heap. Mistakes in a test end the program.
 */
#ifndef AMDVI_TEST_MACHINE_H
#define AMDVI_TEST_MACHINE_H

#include "amdvi/amdvi.h"

enum {
    MACHINE_RAM = 16 << 20,
    MACHINE_COMMANDS = 0x10000,
    MACHINE_EVENTS = 0x20000,
    MACHINE_PPRS = 0x30000,
    MACHINE_STORE = 0x40000, /* where COMPLETION_WAIT stores */
    MACHINE_DEVICES = 0x100000,
    MACHINE_HEAP = 0x400000,
    MACHINE_DATA = 0x800000,
};

enum { MACHINE_READ = 1, MACHINE_WRITE = 2, MACHINE_READ_WRITE = 3 };

struct machine {
    uint8_t *ram;
    struct amdvi_config *config;
    struct amdvi_device *device;
    uint64_t heap;
    uint32_t tail;
    uint64_t stores;
    /* what the test wants to hear of, may be null */
    void *context;
    void (*wrote)(void *context, uint64_t spa, const void *bytes, size_t length);
    struct amdvi_callbacks callbacks;
    bool no_window; /* memory by callbacks only */
    uint64_t gone;  /* the page of memory that callbacks no longer find; 0: none */
};

/* Memory and a configuration (preset genoa), still without a device. */
void machine_init(struct machine *m);
void machine_set(struct machine *m, const char *key, const char *value);
/* The device, with its tables and logs programmed and everything enabled. */
void machine_start(struct machine *m);
void machine_free(struct machine *m);

/* Software's own accesses. */
uint64_t machine_peek(const struct machine *m, uint64_t spa);
void machine_poke(struct machine *m, uint64_t spa, uint64_t value);
uint64_t machine_page(struct machine *m);

/* V, TV, IR, IW; a host table when `mode` is not 0. Written from the last word to the first. */
void machine_dte(struct machine *m, uint16_t device, uint16_t domain, unsigned mode, uint64_t root);
/* Adds a guest: GCR3 table of one level at `gcr3`. */
void machine_dte_guest(struct machine *m, uint16_t device, uint64_t gcr3);
/* Adds interrupt remapping: 2^log2 entries of 16 bytes at `root`. */
void machine_dte_interrupts(struct machine *m, uint16_t device, uint64_t root, unsigned log2);
uint64_t machine_dte_address(uint16_t device);

/* SPA of the entry that maps `iova` at `level` of a host table of `mode` levels; tables above are made. */
uint64_t machine_host_entry(struct machine *m, uint64_t root, unsigned mode, unsigned level, uint64_t iova);
void machine_map(struct machine *m, uint64_t root, unsigned mode, uint64_t iova, uint64_t spa, unsigned perm);
/* The same for a guest (v2) table of four levels whose pages are identity-mapped. */
uint64_t machine_guest_entry(struct machine *m, uint64_t root, uint64_t gva);
void machine_guest_map(struct machine *m, uint64_t root, uint64_t gva, uint64_t gpa);
/* Remaps interrupt `index` to `vector`. */
void machine_irte(struct machine *m, uint64_t root, unsigned index, uint8_t vector);

/* Queues a command and rings the doorbell; the device runs. */
void machine_command(struct machine *m, uint64_t low, uint64_t high);
void machine_invalidate_device(struct machine *m, uint16_t device);
void machine_invalidate_interrupts(struct machine *m, uint16_t device);
void machine_invalidate_page(struct machine *m, uint16_t domain, uint64_t iova);
void machine_invalidate_domain(struct machine *m, uint16_t domain);
void machine_invalidate_pasid(struct machine *m, uint16_t domain, uint32_t pasid);
void machine_invalidate_atc(struct machine *m, uint16_t device);
/* COMPLETION_WAIT with a store; whether the store came. */
bool machine_wait(struct machine *m);

struct amdvi_result machine_read(struct machine *m, uint16_t device, uint64_t iova);
struct amdvi_result machine_write(struct machine *m, uint16_t device, uint64_t iova);
struct amdvi_result machine_read_pasid(struct machine *m, uint16_t device, uint32_t pasid, uint64_t gva);
struct amdvi_int_result machine_interrupt(struct machine *m, uint16_t device, unsigned index);

uint64_t machine_register(struct machine *m, uint64_t offset);
void machine_set_register(struct machine *m, uint64_t offset, uint64_t value);
/* Records in the event log, and one of them. */
unsigned machine_events(struct machine *m);
void machine_event(struct machine *m, unsigned index, uint64_t record[2]);

#endif
