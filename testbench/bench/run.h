// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_BENCH_RUN_H
#define AMDVI_BENCH_RUN_H

#include "amdvi/bench.h"

double bench_seconds(void);

/* Calls of allocator and memory callbacks since the case was opened; false when the case cannot count. */
bool bench_counters(const struct bench *bench, uint64_t *allocations, uint64_t *memory_calls);

/* Table entries that the device read from memory for translations since the case was opened. */
uint64_t bench_table_reads(const struct bench *bench);

#endif
