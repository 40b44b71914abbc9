// SPDX-License-Identifier: Apache-2.0
/* What is to happen at a time: soonest first, those of one time in the order in which they were set. */
#ifndef AMDVI_PLATFORM_TIMERS_H
#define AMDVI_PLATFORM_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

typedef void timer_fn(void *context);

struct timer;

struct timers {
    struct timer *first;
};

/* False without memory. */
bool timers_set(struct timers *timers, uint64_t due, timer_fn *fn, void *context);
/* All with this context. */
void timers_cancel(struct timers *timers, const void *context);
/* When the next one is due; false when there is none. */
bool timers_next(const struct timers *timers, uint64_t *due);
/* Takes the next one that is due at `now` and calls it; false when there is none. */
bool timers_fire(struct timers *timers, uint64_t now);
void timers_clear(struct timers *timers);

#endif
