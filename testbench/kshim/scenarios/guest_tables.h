/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest (v2) tables that a test builds by itself, in memory that belongs to a guest. */
#ifndef KSHIM_GUEST_TABLES_H
#define KSHIM_GUEST_TABLES_H

#include "scenarios.h"

#define LARGE (2 * MIB)

struct guest_tables {
    struct ram *ram;
    uint64_t lies;      /* what to add to a guest physical address for where it lies in the machine */
    uint64_t next, end; /* guest pages that are free for tables, zeroed */
    unsigned levels;    /* 4 or 5 */
    uint64_t root;      /* guest physical; 0 before the first mapping */
};

/* A page out of what is free; 0 when there is none. */
uint64_t tables_page(struct guest_tables *tables);
/* Maps `bytes` (PAGE or LARGE) at `gva` to `gpa`. False: no page left for tables. */
bool tables_map(struct guest_tables *tables, uint64_t gva, uint64_t gpa, uint64_t bytes, bool writable);
/* The leaf at `gva`, 4 KiB, becomes not present. */
void tables_unmap(struct guest_tables *tables, uint64_t gva);
/* Entry `index` of a GCR3 table leads to `root`, or with 0 nowhere. */
void tables_set_gcr3(const struct guest_tables *tables, uint64_t gcr3, unsigned index, uint64_t root);

#endif
