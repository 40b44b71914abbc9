// SPDX-License-Identifier: Apache-2.0
/* What a guest builds in its own memory: pages, guest (v2) page tables, GCR3 tables (iommu 5). */
#ifndef AMDVI_HYPERVISOR_GUEST_TABLES_H
#define AMDVI_HYPERVISOR_GUEST_TABLES_H

#include "testbench/hypervisor/vmm.h"

/* The guest's pages, by number from the start of its memory. */
struct hv_guest_pages {
    struct hv_vmm *vmm;
    uint64_t gpa;
    unsigned pages, hint;
    uint8_t *taken;
};

bool hv_guest_pages_create(struct hv_guest_pages *pages, struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes);
void hv_guest_pages_destroy(struct hv_guest_pages *pages);
/* A zeroed run of `count` pages, aligned to its size; 0 when there is none. */
uint64_t hv_guest_take(struct hv_guest_pages *pages, unsigned count);
void hv_guest_give(struct hv_guest_pages *pages, uint64_t gpa, unsigned count);

uint64_t hv_guest_load(const struct hv_guest_pages *pages, uint64_t gpa);
void hv_guest_put(const struct hv_guest_pages *pages, uint64_t gpa, uint64_t value);

/* Maps one page of level 1 (4 KiB) or 2 (2 MiB); tables on the way are made. False without memory. */
bool hv_guest_map(struct hv_guest_pages *pages, uint64_t root, uint64_t gva, uint64_t gpa, unsigned level,
                  bool writable);
/* GPA of the entry at `level` that an address leads to, 0 where a table is missing. */
uint64_t hv_guest_entry(const struct hv_guest_pages *pages, uint64_t root, uint64_t gva, unsigned level);
/* Gives the tables back, not the pages that they map. */
void hv_guest_tables_give(struct hv_guest_pages *pages, uint64_t root);

/* Sets PASID's entry in a GCR3 table of glx + 1 levels; root 0 clears it. */
bool hv_guest_gcr3_set(struct hv_guest_pages *pages, uint64_t table, unsigned glx, uint32_t pasid,
                       uint64_t root);

#endif
