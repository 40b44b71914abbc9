// SPDX-License-Identifier: Apache-2.0
/* A device with tables in flat memory, and one requester behind it. */
#ifndef AMDVI_BENCH_MACHINE_H
#define AMDVI_BENCH_MACHINE_H

#include "amdvi/amdvi.h"
#include "amdvi/bench.h"

enum bench_tables { TABLES_V1, TABLES_V2, TABLES_NESTED };

struct geometry {
    enum bench_tables tables;
    uint64_t pages;
    unsigned per_table; /* mapped pages in a last-level table: 512 is dense */
};

enum { PAGE = 4096, REQUESTER = 0x10, DOMAIN = 0x11, PASID = 1 };

struct commands {
    uint64_t invalidate[2], wait[2]; /* without the address */
    uint64_t doorbell;               /* register offset */
};

struct machine {
    struct geometry geometry;
    uint8_t *window; /* system memory from address 0 on */
    uint64_t window_size, next;
    uint64_t host_root, guest_root; /* SPA; the guest's is a GPA when nested */
    uint64_t gcr3, gcr3_spa;        /* where the DTE says, and where that is */
    uint64_t guest_pages;           /* pages given to guest tables so far */
    struct amdvi_device *device;
    uint64_t allocations, memory_calls;
    struct commands commands;
    uint64_t ring_tail; /* bytes */
    uint64_t random;
};

/* Null-terminated list of KEY, VALUE. */
bool machine_open(struct machine *machine, const struct geometry *geometry, const char *const *settings,
                  char *error, size_t size);
void machine_close(struct machine *machine);

/* Where page `index` is seen by the device, and where it ends up. */
uint64_t machine_address(const struct geometry *geometry, uint64_t index);
uint64_t machine_target(uint64_t index);

static inline uint64_t machine_random(struct machine *machine)
{
    uint64_t x = machine->random;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return machine->random = x;
}

/* A page of the mapped set; the number of pages is a power of two. */
static inline uint64_t machine_random_page(struct machine *machine)
{
    return machine_random(machine) >> 20 & (machine->geometry.pages - 1);
}

struct amdvi_request machine_request(const struct machine *machine, uint64_t index);

/* Puts INVALIDATE_IOMMU_PAGES of these pages and a COMPLETION_WAIT into the ring, rings once, and lets the
 * device work. */
bool machine_invalidate(struct machine *machine, const uint64_t *pages, unsigned count);

/* tables.c */
uint64_t tables_room(const struct geometry *geometry);
bool tables_build(struct machine *machine);
void tables_entry(const char *layout, const char *const *fields, uint64_t *words);
uint64_t table_page(struct machine *machine);

#endif
