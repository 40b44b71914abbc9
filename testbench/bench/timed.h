// SPDX-License-Identifier: Apache-2.0
/* Requests under time: a closed loop of 64 at four ports. */
#ifndef AMDVI_BENCH_TIMED_H
#define AMDVI_BENCH_TIMED_H

#include "testbench/bench/machine.h"

/* Does `operations` translations, the share `near` of 256 of them in the first 64 pages. Seconds; negative
 * when something went wrong. */
double timed_requests(struct machine *machine, unsigned near, uint64_t operations);
/* The same with pages of a ring of 8 MiB one after the other, as a link of 400 Gb/s brings them. */
double timed_link(struct machine *machine, uint64_t operations);

#endif
