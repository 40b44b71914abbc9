// SPDX-License-Identifier: Apache-2.0
/*
 * Memory for maps of many guests: a page whose content is one 16-byte unit repeated is kept as that unit, 64
 * such pages in a row as one unit. Everything else is kept as it is. Reads as zero until written.
 */
#ifndef AMDVI_BENCH_UNIT_MEMORY_H
#define AMDVI_BENCH_UNIT_MEMORY_H

#include "amdvi/amdvi.h"

struct unit_chunk;

struct unit_memory {
    uint64_t base, pages;
    struct unit_chunk **chunks; /* of 64 pages; null: zeros */
    uint64_t used;              /* bytes of host memory */
};

bool unit_memory_open(struct unit_memory *memory, uint64_t base, uint64_t pages);
void unit_memory_close(struct unit_memory *memory);
/* As the callbacks of struct amdvi_memory; the context is the memory. */
enum amdvi_memory_result unit_memory_read(void *context, uint64_t spa, void *data, size_t length);
enum amdvi_memory_result unit_memory_write(void *context, uint64_t spa, const void *data, size_t length);

#endif
