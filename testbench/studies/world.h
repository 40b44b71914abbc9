// SPDX-License-Identifier: Apache-2.0
/*
 * A machine for studies: memory, device table, command ring, tables of any depth, and the device under time.
 * Guest physical addresses are system addresses plus GPA_BASE. What the tables say is the studies' own; where
 * its bits lie is from the descriptions (iommu 3.1, 4.1, 5.3).
 */
#ifndef AMDVI_STUDIES_WORLD_H
#define AMDVI_STUDIES_WORLD_H

#include "testbench/studies/commands.h"

#include <amdvi/timed.h>

enum {
    WORLD_DEVTAB = 0x200000,
    WORLD_RING = 0x400000, /* of 2^15 commands */
    WORLD_RING_LOG2 = 15,
    WORLD_LOG = 0x500000,
    WORLD_STORE = 0x510000,
    WORLD_HEAP = 0x600000,
    WORLD_SIZE = 64 << 20,
};
#define WORLD_GPA_BASE (UINT64_C(64) << 30)

enum { SHIFT_4K = 12, SHIFT_2M = 21, SHIFT_1G = 30 };

struct experiment_watch;

struct world {
    uint8_t *ram;
    uint64_t size; /* of ram */
    uint64_t heap;
    struct amdvi_device *device;
    struct amdvi_timed *timed;
    struct amdvi_timed_parameters parameters;
    uint32_t tail, head;
    uint64_t waits; /* COMPLETION_WAITs so far: what the last one stores */
    uint64_t random;
    bool failed; /* no memory, or a call was refused: nothing counts any more */
    struct places places;
    uint64_t doorbell;      /* offset of the register */
    uint64_t host_entry[8]; /* by NextLevel: all of an entry but its address */
    uint64_t guest_directory, guest_page, guest_large;
    /* Of the last requests. */
    uint64_t ended, faults, reads;
    uint64_t last_end;              /* ps */
    void *context;                  /* the study's */
    struct ledger *ledger;          /* null: nothing is kept */
    struct experiment_watch *watch; /* null: nobody waits */
    void (*complete)(void *context, struct world *world, const struct amdvi_timed_completion *completion);
};

/* `keys`: KEY, VALUE pairs of the device, null-terminated, or null; `preset` and `settings` (NAME, VALUE
 * pairs) of time. False: no memory or a wrong value; world_close() all the same. */
bool world_open(struct world *w, const char *const *keys, const char *preset, const char *const *settings);
/* The same with all parameters; `preset`: whose keys of the device are set before `keys`, or null. With
 * `size` bytes of memory, of which only what is written takes any; WORLD_SIZE or more. */
bool world_open_sized(struct world *w, const char *preset, const char *const *keys,
                      const struct amdvi_timed_parameters *parameters, uint64_t seed, uint64_t size);
void world_close(struct world *w);
/* Warm-up is over: statistics start at zero. */
void world_restart(struct world *w);

uint64_t world_page(struct world *w);
uint64_t world_draw(struct world *w, uint64_t below);

void world_poke(struct world *w, uint64_t spa, uint64_t value);
uint64_t world_peek(const struct world *w, uint64_t spa);

/* A host (v1) table of `mode` levels; a page of 2^shift bytes at `address`. */
void world_host_map(struct world *w, uint64_t root, unsigned mode, uint64_t address, uint64_t spa,
                    unsigned shift);
/* Where the entry of a page of 4 KiB lies, which is mapped. */
uint64_t world_host_entry(const struct world *w, uint64_t root, unsigned mode, uint64_t address);
/* A host table that maps the whole address space with `mode` pages of tables: all entries of a level are the
 * same. */
uint64_t world_host_everything(struct world *w, unsigned mode, uint64_t spa);
void world_dte_host(struct world *w, uint16_t device, uint16_t domain, unsigned mode, uint64_t root);
/* Sets a field of an entry that is there. */
void world_dte_set(struct world *w, uint16_t device, enum place field, uint64_t value);
/* Registers of the device, by their names. */
void world_register_write(struct world *w, const char *name, uint64_t value);
uint64_t world_register_read(struct world *w, const char *name);

/* Nested: GCR3 tables of glx+1 levels, guest tables of `levels`, all in the guest's memory, which the host
 * maps with pages of 2^host_shift bytes. */
struct nested {
    unsigned host_levels, guest_levels, glx, host_shift;
    uint64_t host_root, gcr3; /* gcr3: GPA */
};
void world_nested(struct world *w, struct nested *n);
/* A guest root for a PASID; what is there already is kept. Returns its SPA. */
uint64_t world_pasid(struct world *w, const struct nested *n, uint32_t pasid);
void world_guest_map(struct world *w, const struct nested *n, uint64_t guest_root, uint64_t gva, uint64_t gpa,
                     unsigned shift);
/* Makes a guest physical page known to the host. */
void world_back(struct world *w, const struct nested *n, uint64_t gpa);
void world_dte_nested(struct world *w, uint16_t device, uint16_t domain, const struct nested *n);

/* Commands go into the ring; world_ring() lets them be seen and runs until the store of a COMPLETION_WAIT
 * that it adds. Returns picoseconds from the doorbell to the store. */
void world_command(struct world *w, const uint64_t *words);
void world_invalidate_page(struct world *w, uint16_t domain, uint64_t address, bool pde);
/* `pages`: a power of two; the address is aligned to them. */
void world_invalidate_range(struct world *w, uint16_t domain, uint64_t address, uint64_t pages, bool pde);
/* Of guest addresses of a PASID (GN=1); 1 page, or as above. */
void world_invalidate_guest(struct world *w, uint16_t domain, uint32_t pasid, uint64_t address,
                            uint64_t pages, bool pde);
void world_invalidate_domain(struct world *w, uint16_t domain);
uint64_t world_ring(struct world *w);
/* Only adds the COMPLETION_WAIT and rings at `when`: w->waits is what will be stored. */
void world_doorbell(struct world *w, uint64_t when);

/* One request at a time: submits now and runs to its end; the reads made for it. */
unsigned world_read(struct world *w, uint16_t device, uint64_t address);
unsigned world_read_pasid(struct world *w, uint16_t device, uint32_t pasid, uint64_t address);

#endif
