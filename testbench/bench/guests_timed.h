// SPDX-License-Identifier: Apache-2.0
/* Many guests under time: every active guest's ring is rung, and its device reads. */
#ifndef AMDVI_BENCH_GUESTS_TIMED_H
#define AMDVI_BENCH_GUESTS_TIMED_H

#include "amdvi/amdvi.h"
#include "amdvi/bench.h"

struct guests_round {
    unsigned active;       /* guests 0 to active - 1 */
    uint16_t first_device; /* of guest 0; the others' follow */
    uint64_t tail;         /* of each ring, bytes */
    uint64_t address;      /* that each device reads */
};

/* Time of the device and of the processor goes to `result`. False: something went wrong. */
bool guests_timed(struct amdvi_device *device, const struct guests_round *round, struct bench_crowd *result);

#endif
