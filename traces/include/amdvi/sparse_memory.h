// SPDX-License-Identifier: Apache-2.0
/*
 * Sparse system memory of up to 2^52 bytes: reads as zero until written, holds only the pages that were
 * written with something that is not uniform. A fill of any size costs a few bytes of bookkeeping.
 *
 * A memory belongs to one thread at a time, except that amdvi_sparse_cas64() on pages that exist and accesses
 * through pointers may run in parallel.
 */
#ifndef AMDVI_SPARSE_MEMORY_H
#define AMDVI_SPARSE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AMDVI_SPARSE_PAGE     UINT64_C(4096)
#define AMDVI_SPARSE_MAX_SIZE (UINT64_C(1) << 52)

enum amdvi_sparse_status {
    AMDVI_SPARSE_OK = 0,
    AMDVI_SPARSE_DIFFERENT = 1,  /* compare, compare-exchange: not equal */
    AMDVI_SPARSE_ERR_RANGE = -1, /* beyond the size, or not aligned */
    AMDVI_SPARSE_ERR_MEMORY = -2 /* the host, or the limit given, has no more */
};

struct amdvi_sparse;

/* size: bytes from address 0, up to 2^52. limit: most bytes of host memory to use, 0: no limit. */
enum amdvi_sparse_status amdvi_sparse_create(uint64_t size, uint64_t limit, struct amdvi_sparse **memory);
/* Null does nothing. */
void amdvi_sparse_destroy(struct amdvi_sparse *memory);
/* Bytes from address 0 on, as created. */
uint64_t amdvi_sparse_size(const struct amdvi_sparse *memory);
uint64_t amdvi_sparse_used(const struct amdvi_sparse *memory); /* bytes of host memory in use */

/* Either all bytes or none: a range that does not fit changes nothing. */
enum amdvi_sparse_status amdvi_sparse_read(struct amdvi_sparse *memory, uint64_t addr, void *to, size_t len);
/* After ERR_MEMORY a prefix may have been written. */
enum amdvi_sparse_status amdvi_sparse_write(struct amdvi_sparse *memory, uint64_t addr, const void *from,
                                            size_t len);
/* Like amdvi_sparse_write(), with one byte repeated. */
enum amdvi_sparse_status amdvi_sparse_fill(struct amdvi_sparse *memory, uint64_t addr, uint64_t len,
                                           uint8_t byte);
/* DIFFERENT and, if where is not NULL, the address of the first byte that differs. */
enum amdvi_sparse_status amdvi_sparse_compare(struct amdvi_sparse *memory, uint64_t addr, const void *with,
                                              size_t len, uint64_t *where);

/*
 * Atomic compare-exchange of 8 aligned bytes in host byte order. *expected gets what was found when it is
 * DIFFERENT.
 */
enum amdvi_sparse_status amdvi_sparse_cas64(struct amdvi_sparse *memory, uint64_t addr, uint64_t *expected,
                                            uint64_t desired);

/*
 * A pointer to len bytes that lie in one page, NULL when they do not, when they are out of range, or when no
 * memory is left. Without for_write it may point to a constant page that later writes do not change: use it
 * at once, or ask with for_write. A pointer got with for_write stays valid until a fill covers its page or
 * the memory is destroyed.
 */
void *amdvi_sparse_pointer(struct amdvi_sparse *memory, uint64_t addr, size_t len, bool for_write);

/*
 * Calls back for each page that has storage of its own, in no particular order; pages that only were filled
 * are not among them. A return other than 0 ends the walk and is handed on.
 */
typedef int (*amdvi_sparse_page_fn)(void *context, uint64_t addr, const uint8_t page[4096]);
/* Calls back for each such page. 0, or what stopped the walk. */
int amdvi_sparse_pages(struct amdvi_sparse *memory, amdvi_sparse_page_fn call, void *context);

#ifdef __cplusplus
}
#endif

#endif
