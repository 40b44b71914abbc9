// SPDX-License-Identifier: Apache-2.0
#include "testbench/platform/timers.h"

#include <stdlib.h>

struct timer {
    struct timer *next;
    uint64_t due;
    timer_fn *fn;
    void *context;
};

bool timers_set(struct timers *timers, uint64_t due, timer_fn *fn, void *context)
{
    struct timer *timer = malloc(sizeof(*timer)), **at = &timers->first;

    if (!timer)
        return false;
    while (*at && (*at)->due <= due)
        at = &(*at)->next;
    *timer = (struct timer){.next = *at, .due = due, .fn = fn, .context = context};
    *at = timer;
    return true;
}

void timers_cancel(struct timers *timers, const void *context)
{
    struct timer **at = &timers->first;

    while (*at) {
        struct timer *timer = *at;
        if (timer->context != context) {
            at = &timer->next;
            continue;
        }
        *at = timer->next;
        free(timer);
    }
}

bool timers_next(const struct timers *timers, uint64_t *due)
{
    if (timers->first)
        *due = timers->first->due;
    return timers->first != NULL;
}

bool timers_fire(struct timers *timers, uint64_t now)
{
    struct timer *timer = timers->first;

    if (!timer || timer->due > now)
        return false;
    timers->first = timer->next;
    timer->fn(timer->context);
    free(timer);
    return true;
}

void timers_clear(struct timers *timers)
{
    while (timers->first) {
        struct timer *next = timers->first->next;
        free(timers->first);
        timers->first = next;
    }
}
