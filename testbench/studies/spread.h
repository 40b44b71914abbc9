// SPDX-License-Identifier: Apache-2.0
/*
 * Counts of times, 128 steps to each doubling, as HdrHistogram has them: times are known to 0.8 %, the
 * greatest and the mean exactly, however many there are. A doubling in which nothing lies takes no memory.
 */
#ifndef AMDVI_STUDIES_SPREAD_H
#define AMDVI_STUDIES_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

enum { SPREAD_STEP_BITS = 7, SPREAD_STEPS = 1 << SPREAD_STEP_BITS, SPREAD_DOUBLINGS = 65 - SPREAD_STEP_BITS };

/* All zero: empty. */
struct spread {
    uint64_t count, greatest; /* ps */
    double sum;
    uint32_t *steps[SPREAD_DOUBLINGS];
    bool failed; /* no memory: some are missing */
};

void spread_free(struct spread *spread);
/* Empty again. */
void spread_restart(struct spread *spread);
/* What is in `more`, too. */
void spread_merge(struct spread *spread, const struct spread *more);
double spread_mean(const struct spread *spread); /* ps; 0: nothing was counted */
/* The end of the step in which the share `ppm` of a million is reached, or the greatest time if that is less,
 * ps; 0: nothing was counted. */
uint64_t spread_share(const struct spread *spread, uint32_t ppm);
/* False: no memory. */
bool spread_make_room(struct spread *spread, unsigned doubling);

/* `count` times of 0. */
void spread_add_none(struct spread *spread, uint64_t count);

static inline void spread_add(struct spread *spread, uint64_t ps)
{
    unsigned top = ps < SPREAD_STEPS ? SPREAD_STEP_BITS : 63 - (unsigned)__builtin_clzll(ps);
    unsigned shift = top - SPREAD_STEP_BITS, doubling = ps < SPREAD_STEPS ? 0 : shift + 1;

    if (!spread->steps[doubling] && !spread_make_room(spread, doubling))
        return;
    spread->steps[doubling][ps >> shift & (SPREAD_STEPS - 1)]++;
    spread->count++;
    spread->sum += (double)ps;
    spread->greatest = ps > spread->greatest ? ps : spread->greatest;
}

#endif
