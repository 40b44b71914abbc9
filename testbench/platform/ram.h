// SPDX-License-Identifier: Apache-2.0
/*
 * The RAM of a machine: one file in memory, which costs only what is touched. Its windows lie at their
 * physical addresses behind one origin, so that software may turn a physical address into a pointer by
 * adding, and parts of it can be seen a second time at an address of their own: the RAM of a guest.
 */
#ifndef AMDVI_PLATFORM_RAM_H
#define AMDVI_PLATFORM_RAM_H

#include "amdvi/amdvi.h"

#include "testbench/platform/machine.h"

enum { RAM_PAGE = 4096 };

struct ram_window {
    uint64_t base, size;
    void *bytes;
};

/* `windows`: whole pages, none empty, none overlapping, below 2^46. Null, and a reason in `error`, when that
 * is not so or the system refuses. */
struct ram *ram_create(const struct machine_ram *windows, size_t count, struct machine_error *error);
void ram_destroy(struct ram *ram);

/* Where physical address 0 would be: `origin + pa` for every pa in a window. Holes must not be touched. */
void *ram_origin(const struct ram *ram);
/* Window number `index` in rising order; null after the last one. */
const struct ram_window *ram_window(const struct ram *ram, size_t index);

/* The bytes at a physical address; null unless all of them lie in one window. */
void *ram_at(const struct ram *ram, uint64_t pa, uint64_t length);
/* The physical address of a pointer into a window or into a second view; false for other pointers. */
bool ram_address(const struct ram *ram, const void *pointer, uint64_t *pa);

/* Sees [pa, pa + size), whole pages in one window, once more: the same bytes at another address. Null when it
 * is not RAM. Ends with ram_unmap() or with the RAM. */
void *ram_map(struct ram *ram, uint64_t pa, uint64_t size);
void ram_unmap(struct ram *ram, void *bytes);

/* Little-endian words; outside of RAM they read 0 and writes do nothing. */
uint64_t ram_get(const struct ram *ram, uint64_t pa);
void ram_set(const struct ram *ram, uint64_t pa, uint64_t value);

#endif
