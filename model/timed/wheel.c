// SPDX-License-Identifier: Apache-2.0
#include "model/timed/wheel.h"

#include "model/base/allocator.h"

#include <string.h>

enum { FIRST_EVENTS = 256 };

bool wheel_create(struct wheel *wheel, const struct amdvi_allocator *allocator)
{
    memset(wheel, 0, sizeof(*wheel));
    wheel->allocator = allocator;
    wheel->free_first = WHEEL_NONE;
    wheel->all = wheel->loud = (struct wheel_head){UINT64_MAX, UINT64_MAX};
    for (unsigned level = 0; level < WHEEL_LEVELS; level++)
        for (unsigned i = 0; i < WHEEL_SLOTS; i++)
            wheel->slots[level][i].first = wheel->slots[level][i].last = WHEEL_NONE;
    return wheel_reserve(wheel, FIRST_EVENTS);
}

void wheel_destroy(struct wheel *wheel)
{
    release(wheel->allocator, wheel->events);
}

bool wheel_reserve(struct wheel *wheel, uint32_t more)
{
    uint64_t wanted = wheel->count + more;
    uint32_t capacity = wheel->capacity ? wheel->capacity : FIRST_EVENTS;
    struct wheel_event *events;

    if (wanted <= wheel->capacity)
        return true;
    while (capacity < wanted)
        capacity *= 2;
    events = allocate_zeroed(wheel->allocator, (size_t)capacity * sizeof(*events));
    if (!events || capacity > INT32_MAX) {
        release(wheel->allocator, events);
        return false;
    }
    if (wheel->events)
        memcpy(events, wheel->events, wheel->capacity * sizeof(*events));
    for (uint32_t i = capacity; i-- > wheel->capacity;) {
        events[i].next = wheel->free_first;
        wheel->free_first = (int32_t)i;
    }
    release(wheel->allocator, wheel->events);
    wheel->events = events;
    wheel->capacity = capacity;
    return true;
}

/* ---------------------------------------------------------------- places */

/* Level and slot are those of the highest bits in which the time differs from now. */
static unsigned level_of(const struct wheel *wheel, uint64_t time)
{
    uint64_t differs = (time ^ wheel->now) >> WHEEL_BITS;

    return differs ? (63 - (unsigned)__builtin_clzll(differs)) / WHEEL_BITS : 0;
}

static unsigned slot_of(uint64_t time, unsigned level)
{
    return time >> (WHEEL_BITS * (level + 1)) & (WHEEL_SLOTS - 1);
}

/* Behind all that are not later. Mostly it belongs at the end. */
static void insert_sorted(struct wheel *wheel, struct wheel_slot *slot, int32_t index)
{
    struct wheel_event *events = wheel->events;
    int32_t *link = &slot->first;

    if (slot->last != WHEEL_NONE && events[slot->last].time <= events[index].time)
        link = &events[slot->last].next;
    while (*link != WHEEL_NONE && events[*link].time <= events[index].time)
        link = &events[*link].next;
    events[index].next = *link;
    if (*link == WHEEL_NONE)
        slot->last = index;
    *link = index;
}

static void append(struct wheel *wheel, struct wheel_slot *slot, int32_t index)
{
    wheel->events[index].next = WHEEL_NONE;
    if (slot->last == WHEEL_NONE)
        slot->first = index;
    else
        wheel->events[slot->last].next = index;
    slot->last = index;
}

static void place(struct wheel *wheel, int32_t index)
{
    uint64_t time = wheel->events[index].time;
    unsigned level = level_of(wheel, time), i = slot_of(time, level);

    if (level == 0)
        insert_sorted(wheel, &wheel->slots[0][i], index);
    else
        append(wheel, &wheel->slots[level][i], index);
    wheel->used[level][i / 64] |= UINT64_C(1) << i % 64;
}

static void head_put(struct wheel_head *head, uint64_t time)
{
    if (head->first == WHEEL_UNKNOWN)
        return;
    if (time < head->first) {
        head->second = head->first;
        head->first = time;
    } else if (time < head->second && head->second != WHEEL_UNKNOWN) {
        head->second = time;
    }
}

static void head_take(struct wheel_head *head)
{
    head->first = head->first == WHEEL_UNKNOWN ? WHEEL_UNKNOWN : head->second;
    head->second = head->first == UINT64_MAX ? UINT64_MAX : WHEEL_UNKNOWN;
}

static void put(struct wheel *wheel, const struct wheel_event *event)
{
    int32_t index = wheel->free_first;

    wheel->free_first = wheel->events[index].next;
    wheel->events[index] = *event;
    wheel->count++;
    head_put(&wheel->all, event->time);
    place(wheel, index);
}

void wheel_put(struct wheel *wheel, uint64_t time, uint32_t what, uint32_t which)
{
    time = wheel_moment(time);
    head_put(&wheel->loud, time);
    put(wheel, &(struct wheel_event){.time = time, .what = what, .which = which});
}

void wheel_put_quiet(struct wheel *wheel, uint64_t time, uint32_t what, uint32_t which)
{
    put(wheel,
        &(struct wheel_event){.time = wheel_moment(time), .what = what, .which = which, .quiet = true});
}

/* ---------------------------------------------------------------- the first one */

/* The first used slot of a level from one on; WHEEL_SLOTS: none. */
static unsigned used_from(const struct wheel *wheel, unsigned level, unsigned from)
{
    uint64_t word = wheel->used[level][from / 64] & (UINT64_MAX << from % 64);

    for (unsigned w = from / 64;; word = wheel->used[level][w]) {
        if (word)
            return w * 64 + (unsigned)__builtin_ctzll(word);
        if (++w == WHEEL_SLOTS / 64)
            return WHEEL_SLOTS;
    }
}

/* None lies behind. */
static unsigned first_used(const struct wheel *wheel, unsigned level)
{
    return used_from(wheel, level, slot_of(wheel->now, level));
}

static uint64_t earliest(const struct wheel *wheel, const struct wheel_slot *slot)
{
    uint64_t time = UINT64_MAX;

    for (int32_t i = slot->first; i != WHEEL_NONE; i = wheel->events[i].next)
        if (wheel->events[i].time < time)
            time = wheel->events[i].time;
    return time;
}

uint64_t wheel_search(const struct wheel *wheel)
{
    for (unsigned level = 0; wheel->count && level < WHEEL_LEVELS; level++) {
        unsigned i = first_used(wheel, level);
        if (i < WHEEL_SLOTS)
            return level ? earliest(wheel, &wheel->slots[level][i])
                         : wheel->events[wheel->slots[0][i].first].time;
    }
    return UINT64_MAX;
}

/* What lies in a slot is before all that lies in later ones, and in those of higher levels. */
static uint64_t earliest_loud(const struct wheel *wheel, const struct wheel_slot *slot, uint64_t *left)
{
    uint64_t time = UINT64_MAX;

    for (int32_t i = slot->first; i != WHEEL_NONE; i = wheel->events[i].next, --*left)
        if (wheel->events[i].time < time && !wheel->events[i].quiet)
            time = wheel->events[i].time;
    return time;
}

uint64_t wheel_search_loud(const struct wheel *wheel)
{
    uint64_t left = wheel->count, time = UINT64_MAX;

    for (unsigned level = 0; left && level < WHEEL_LEVELS && time == UINT64_MAX; level++) {
        unsigned i = first_used(wheel, level);
        while (i < WHEEL_SLOTS && time == UINT64_MAX && left) {
            time = earliest_loud(wheel, &wheel->slots[level][i], &left);
            i = i + 1 < WHEEL_SLOTS ? used_from(wheel, level, i + 1) : WHEEL_SLOTS;
        }
    }
    return time;
}

static void clear_used(struct wheel *wheel, unsigned level, unsigned i)
{
    wheel->slots[level][i].first = wheel->slots[level][i].last = WHEEL_NONE;
    wheel->used[level][i / 64] &= ~(UINT64_C(1) << i % 64);
}

/* Time moves on to `now`: what shares a slot of a higher level with it comes down, in the order it has. */
static void move_to(struct wheel *wheel, uint64_t now)
{
    unsigned top = level_of(wheel, now);

    wheel->now = now;
    for (unsigned level = top; level > 0; level--) {
        unsigned i = slot_of(now, level);
        int32_t index = wheel->slots[level][i].first;

        clear_used(wheel, level, i);
        while (index != WHEEL_NONE) {
            int32_t next = wheel->events[index].next;
            place(wheel, index);
            index = next;
        }
    }
}

bool wheel_take(struct wheel *wheel, uint64_t until, struct wheel_event *event)
{
    uint64_t time = wheel->all.first = wheel_next(wheel);
    struct wheel_slot *slot;
    unsigned i;
    int32_t index;

    if (time == UINT64_MAX || time > until)
        return false;
    move_to(wheel, time);
    i = slot_of(time, 0);
    slot = &wheel->slots[0][i];
    index = slot->first;
    *event = wheel->events[index];
    slot->first = event->next;
    head_take(&wheel->all);
    if (!event->quiet)
        head_take(&wheel->loud);
    if (slot->first == WHEEL_NONE)
        clear_used(wheel, 0, i);
    else if (wheel->all.first == WHEEL_UNKNOWN)
        wheel->all.first = wheel->events[slot->first].time;
    wheel->events[index].next = wheel->free_first;
    wheel->free_first = index;
    wheel->count--;
    return true;
}
