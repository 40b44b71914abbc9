// SPDX-License-Identifier: Apache-2.0
/* Counts of times, 32 steps to each doubling: values are known to 3 %, however far apart they lie. */
#ifndef AMDVI_MODEL_TIMED_HISTOGRAM_H
#define AMDVI_MODEL_TIMED_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_STEP_BITS = 5,
    HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS,
    HISTOGRAM_BUCKETS = 60 * HISTOGRAM_STEPS
};

struct histogram {
    uint64_t count, sum, greatest;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t value)
{
    unsigned top = value < HISTOGRAM_STEPS ? HISTOGRAM_STEP_BITS : 63 - (unsigned)__builtin_clzll(value);
    unsigned shift = top - HISTOGRAM_STEP_BITS;

    return (shift << HISTOGRAM_STEP_BITS) + (unsigned)(value >> shift);
}

static inline void histogram_add(struct histogram *h, uint64_t value)
{
    unsigned bucket = histogram_bucket(value);

    h->count++;
    h->sum += value;
    h->greatest = value > h->greatest ? value : h->greatest;
    h->buckets[bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1]++;
}

/* The greatest value of the bucket in which the share `ppm` is reached; 0: nothing was counted. */
uint64_t histogram_at(const struct histogram *h, uint32_t ppm);

#endif
