// SPDX-License-Identifier: Apache-2.0
/*
 * Ring arithmetic, the same for command buffers and logs, host and guest (reference/iommu.md 2.2, 6.1, 7.1).
 */
#ifndef AMDVI_CMDBUF_RING_H
#define AMDVI_CMDBUF_RING_H

#include <stdbool.h>
#include <stdint.h>

enum { RING_LEN_MIN = 8, RING_LEN_MAX = 15, RING_RECORD_BYTES = 16, GA_RECORD_BYTES = 8 };

/* Head and tail are byte offsets of whole records. */
struct ring {
    uint64_t base;
    uint32_t bytes;  /* a power of two; 0: the ring has no legal length and never runs (15 D16) */
    uint32_t record; /* bytes of a record */
};

static inline struct ring ring_make(uint64_t base, unsigned length_code, unsigned record)
{
    bool legal = length_code >= RING_LEN_MIN && length_code <= RING_LEN_MAX;

    /* The code counts 16 bytes each, whatever a record has: 8 is one page in all rings, so 512 entries of the
     * GA log (2.2). */
    return (struct ring){
        .base = base, .bytes = legal ? (uint32_t)RING_RECORD_BYTES << length_code : 0, .record = record};
}

/* Any pointer value, taken modulo the ring and the record size (15 D16). */
static inline uint32_t ring_wrap(const struct ring *ring, uint64_t pointer)
{
    return (uint32_t)pointer & (ring->bytes - 1) & ~(ring->record - 1);
}

static inline uint32_t ring_next(const struct ring *ring, uint32_t pointer)
{
    return (pointer + ring->record) & (ring->bytes - 1);
}

/* Full: one record is always left free (7.1). */
static inline bool ring_full(const struct ring *ring, uint32_t head, uint32_t tail)
{
    return ring_next(ring, tail) == head;
}

#endif
