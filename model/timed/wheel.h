// SPDX-License-Identifier: Apache-2.0
/*
 * Events in the order of their time, and of equal times in the order in which they were put in. A wheel of
 * wheels: a slot of the first one holds the events of 2^10 ps, sorted; one of the second those of a whole
 * turn of the first, and so on. Putting in and taking out cost the same however many there are.
 */
#ifndef AMDVI_MODEL_TIMED_WHEEL_H
#define AMDVI_MODEL_TIMED_WHEEL_H

#include "amdvi/amdvi.h"

#define WHEEL_UNKNOWN (UINT64_MAX - 1)
/* As far as the levels reach. */
#define WHEEL_LAST ((UINT64_C(1) << (WHEEL_LEVELS + 1) * WHEEL_BITS) - 1)

enum { WHEEL_LEVELS = 5, WHEEL_SLOTS = 1024, WHEEL_BITS = 10, WHEEL_NONE = -1 };

struct wheel_event {
    uint64_t time;  /* ps, up to WHEEL_LAST */
    uint32_t what;  /* the user's */
    uint32_t which; /* the user's */
    int32_t next;
    bool quiet;
};

struct wheel_slot {
    int32_t first, last;
};

/* Times of the first event of a kind and of the one behind it; UINT64_MAX: there is none, WHEEL_UNKNOWN: to
 * be looked for. What is put in to happen at once and taken out again needs no looking. */
struct wheel_head {
    uint64_t first, second;
};

struct wheel {
    const struct amdvi_allocator *allocator;
    struct wheel_event *events;
    uint32_t capacity;
    int32_t free_first;
    uint64_t now; /* nothing is before */
    uint64_t count;
    struct wheel_head all, loud;
    struct wheel_slot slots[WHEEL_LEVELS][WHEEL_SLOTS];
    uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64];
};

bool wheel_create(struct wheel *wheel, const struct amdvi_allocator *allocator);
void wheel_destroy(struct wheel *wheel);

/* What would be later than the last moment happens at it. */
static inline uint64_t wheel_moment(uint64_t time)
{
    return time < WHEEL_LAST ? time : WHEEL_LAST;
}

/* Room for `more` events beyond those that are there; false: no memory. */
bool wheel_reserve(struct wheel *wheel, uint32_t more);
/* There must be room; `time` is not before `wheel->now`, and above WHEEL_LAST counts as that. */
void wheel_put(struct wheel *wheel, uint64_t time, uint32_t what, uint32_t which);
/* One that wheel_next_loud() passes over. */
void wheel_put_quiet(struct wheel *wheel, uint64_t time, uint32_t what, uint32_t which);

/* UINT64_MAX: there is none. */
uint64_t wheel_search(const struct wheel *wheel);
static inline uint64_t wheel_next(const struct wheel *wheel)
{
    return wheel->all.first == WHEEL_UNKNOWN ? wheel_search(wheel) : wheel->all.first;
}
uint64_t wheel_search_loud(const struct wheel *wheel);
static inline uint64_t wheel_next_loud(struct wheel *wheel)
{
    if (wheel->loud.first == WHEEL_UNKNOWN)
        wheel->loud.first = wheel_search_loud(wheel);
    return wheel->loud.first;
}
/* The first event, if it is not after `until`; its time is now. */
bool wheel_take(struct wheel *wheel, uint64_t until, struct wheel_event *event);

#endif
