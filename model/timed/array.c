// SPDX-License-Identifier: Apache-2.0
#include "model/timed/array.h"

static uint64_t later_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The end of the invalidation's present burst: requests have their turn then. */
static uint64_t next_turn(const struct array *a, uint64_t from)
{
    uint64_t into = from > a->burst_from ? (from - a->burst_from) % a->invalidates : 0;

    return smaller(later_of(from, a->burst_from) - into + a->invalidates, a->end);
}

/* As many probes as the requests may have in a row; the invalidation ends that much later. */
static uint64_t share(struct array *a, uint64_t from, uint64_t wanted)
{
    uint64_t used;

    if (from != a->free || a->granted < a->cycle) {
        from = next_turn(a, from);
        a->granted = a->requests;
    }
    used = smaller(wanted, a->granted / a->cycle * a->cycle);
    a->granted -= used;
    a->free = a->burst_from = from + used;
    a->end += used;
    return used;
}

uint64_t array_probe(struct array *a, uint64_t from, uint64_t count)
{
    uint64_t left = count * a->cycle;

    from = later_of(from, a->free);
    if (from < a->burst_from) { /* before it begins */
        uint64_t before = smaller(left, a->burst_from - from);
        left -= before;
        a->free = from = from + before;
    }
    while (left && from < a->end) {
        left -= share(a, from, left);
        from = a->free;
    }
    if (left)
        a->free = from + left;
    return a->free - a->cycle;
}

uint64_t array_invalidate(struct array *a, uint64_t from, uint64_t count)
{
    if (from >= a->end) {
        a->end = a->burst_from = later_of(from, a->free);
        a->granted = 0;
    }
    return a->end += count * a->cycle;
}
