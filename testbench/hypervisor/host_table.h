// SPDX-License-Identifier: Apache-2.0
/* A host (v1) page table in system memory (iommu 4): 4 KiB, 2 MiB and 1 GiB pages. Flushing is the caller's.
 */
#ifndef AMDVI_HYPERVISOR_HOST_TABLE_H
#define AMDVI_HYPERVISOR_HOST_TABLE_H

#include "testbench/hypervisor/memory.h"
#include "testbench/hypervisor/status.h"

enum { HV_TABLE_LEVELS = 6 };

struct hv_table {
    struct hv_memory *memory;
    uint64_t root;
    unsigned mode; /* levels, 1 to 6 */
};

enum hv_status hv_table_create(struct hv_table *table, struct hv_memory *memory, unsigned mode);
void hv_table_destroy(struct hv_table *table);

/*
 * Maps [address, address + length) to [spa, ...) with pages of at most `largest` bytes (4 KiB, 2 MiB or 1
 * GiB), the largest that alignment and length allow. HV_ERR_EXISTS when a part is mapped, HV_ERR_ARGUMENT for
 * what is not a multiple of 4 KiB or beyond the table; then nothing is mapped.
 */
enum hv_status hv_table_map(struct hv_table *table, uint64_t address, uint64_t spa, uint64_t length,
                            unsigned perm, uint64_t largest);
/* Unmaps whole pages: a range that cuts a large page in two is HV_ERR_ARGUMENT. Holes are allowed. */
enum hv_status hv_table_unmap(struct hv_table *table, uint64_t address, uint64_t length);

/* Where an address leads, and with which permissions; false where nothing is mapped. */
bool hv_table_lookup(const struct hv_table *table, uint64_t address, uint64_t *spa, unsigned *perm);

#endif
