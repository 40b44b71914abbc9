// SPDX-License-Identifier: Apache-2.0
/*
 * System memory of a small machine: one window of RAM at a system physical address, handed out in 4 KiB
 * pages. Pages are zero when they are handed out. Other RAM of the machine may lie beside it, which belongs
 * to somebody else and is never handed out.
 */
#ifndef AMDVI_HYPERVISOR_MEMORY_H
#define AMDVI_HYPERVISOR_MEMORY_H

#include "amdvi/amdvi.h"

#define HV_PAGE UINT64_C(4096)

/* Permissions of a mapping. */
enum { HV_READ = 1, HV_WRITE = 2 };

struct hv_memory;

/* base and size: whole pages, size at least one page. */
struct hv_memory *hv_memory_create(uint64_t base, uint64_t size);
/* The same over `size` bytes of the caller's, which must outlive it: a piece of a machine's RAM that nobody
 * else uses. */
struct hv_memory *hv_memory_over(uint64_t base, uint64_t size, void *bytes);
void hv_memory_destroy(struct hv_memory *memory);

/* How a device reaches this memory. It must outlive the device. */
struct amdvi_memory hv_memory_port(struct hv_memory *memory);

/* `bytes` in a row, `align` a power of two of at least a page; 0 when there is no room. */
uint64_t hv_memory_take(struct hv_memory *memory, uint64_t bytes, uint64_t align);
uint64_t hv_memory_page(struct hv_memory *memory);
void hv_memory_give(struct hv_memory *memory, uint64_t spa, uint64_t bytes);
uint64_t hv_memory_used(const struct hv_memory *memory); /* bytes handed out */

enum { HV_MEMORY_OTHERS = 16 };

/*
 * RAM beside the window: tables of another driver, guest memory. It can be looked at and written like the
 * window; the device must reach it by itself. False: null, empty, beyond 2^64, or HV_MEMORY_OTHERS are there
 * already.
 */
bool hv_memory_reach(struct hv_memory *memory, uint64_t base, uint64_t size, void *bytes);

/* The memory itself; null when not all of it lies in the window, or in one piece of RAM beside it. */
void *hv_memory_at(const struct hv_memory *memory, uint64_t spa, uint64_t bytes);
/* The address of a pointer into the window; false for other pointers. */
bool hv_memory_address(const struct hv_memory *memory, const void *pointer, uint64_t *spa);

/*
 * Somebody hears of every hv_memory_set(), and of pages that are zeroed when they are handed out (`bytes`
 * null): what a lint needs to know (amdvi/lint.h). Called when the bytes are there. Null: nobody.
 */
typedef void hv_memory_watcher(void *context, uint64_t spa, const void *bytes, uint64_t length);
void hv_memory_watch(struct hv_memory *memory, hv_memory_watcher *watcher, void *context);

/* One aligned word. Outside of all memory: reads 0, writes nothing. */
uint64_t hv_memory_get(const struct hv_memory *memory, uint64_t spa);
void hv_memory_set(struct hv_memory *memory, uint64_t spa, uint64_t value);

#endif
