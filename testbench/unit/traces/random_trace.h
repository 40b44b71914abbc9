// SPDX-License-Identifier: Apache-2.0
/* Random records that obey the grammar, from a seed that is printed. */
#ifndef AMDVI_TEST_RANDOM_TRACE_H
#define AMDVI_TEST_RANDOM_TRACE_H

#include "amdvi/trace.h"

struct random_trace {
    uint64_t state;
    struct amdvi_trace_record record;
    uint8_t bytes[64];
    char text[4][48];
    char pair_text[8][48];
    struct amdvi_trace_pair pairs[4];
    char comment[64];
};

/* AMDVI_TEST_SEED if it is set, otherwise the time; printed. */
uint64_t random_seed(void);
void random_start(struct random_trace *random, uint64_t seed);
uint64_t random_trace_below(struct random_trace *random, uint64_t n);
/* The record stays until the next call. */
const struct amdvi_trace_record *random_record(struct random_trace *random, enum amdvi_trace_kind kind);
/* Any kind but the header. */
const struct amdvi_trace_record *random_any(struct random_trace *random);

#endif
