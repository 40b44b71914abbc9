// SPDX-License-Identifier: Apache-2.0
/* How long memory takes: constant, one of two, or as a list says (performance 1.1 no. 7). */
#include "model/timed/state.h"

#include "model/base/allocator.h"

#include <string.h>

enum { PPM = 1000000 };

uint64_t random_below(struct amdvi_timed *t, uint64_t below)
{
    t->random ^= t->random << 13;
    t->random ^= t->random >> 7;
    t->random ^= t->random << 17;
    return t->random % below;
}

static bool acceptable(const uint64_t *latencies, uint32_t count)
{
    for (uint32_t i = 0; latencies && i < count; i++)
        if (latencies[i] > AMDVI_TIMED_LATENCY_MAX)
            return false;
    return count == 0 || latencies;
}

enum amdvi_status amdvi_timed_set_latencies(struct amdvi_timed *t, enum amdvi_timed_latency_order order,
                                            const uint64_t *latencies, uint32_t count)
{
    uint64_t *kept = NULL;

    if (!t || order > AMDVI_TIMED_IN_TURN || !acceptable(latencies, count))
        return AMDVI_ERR_ARGUMENT;
    if (count) {
        kept = allocate_zeroed(&t->allocator, count * sizeof(*kept));
        if (!kept)
            return AMDVI_ERR_NO_MEMORY;
        memcpy(kept, latencies, count * sizeof(*kept));
    }
    release(&t->allocator, t->latencies);
    t->latencies = kept;
    t->latency_count = count;
    t->latency_next = 0;
    t->latencies_in_turn = order == AMDVI_TIMED_IN_TURN;
    return AMDVI_OK;
}

static uint64_t listed(struct amdvi_timed *t)
{
    uint64_t i = t->latencies_in_turn ? t->latency_next : random_below(t, t->latency_count);

    t->latency_next = (t->latency_next + 1) % t->latency_count;
    return t->latencies[i];
}

/* The share of accesses that go to another node. */
static uint64_t remote(struct amdvi_timed *t)
{
    uint64_t adder = t->p[PARAMETER_MEMORY_REMOTE], share = t->p[PARAMETER_MEMORY_REMOTE_SHARE];

    if (!adder || share == PPM)
        return adder;
    return random_below(t, PPM) < share ? adder : 0;
}

uint64_t memory_latency(struct amdvi_timed *t, bool write)
{
    uint64_t share = t->p[PARAMETER_MEMORY_SLOW_SHARE], latency = t->p[PARAMETER_MEMORY_LATENCY];

    if (write)
        latency = t->p[PARAMETER_MEMORY_WRITE];
    else if (t->latency_count)
        latency = listed(t);
    else if (share && random_below(t, PPM) < share)
        latency = t->p[PARAMETER_MEMORY_SLOW_LATENCY];
    return latency + remote(t);
}
