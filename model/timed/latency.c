// SPDX-License-Identifier: Apache-2.0
/* How long memory takes: constant, or one of two (performance 1.1 no. 7). */
#include "model/timed/state.h"

static uint64_t draw(struct amdvi_timed *t, uint64_t below)
{
    t->random ^= t->random << 13;
    t->random ^= t->random >> 7;
    t->random ^= t->random << 17;
    return t->random % below;
}

uint64_t memory_latency(struct amdvi_timed *t, bool write)
{
    enum { PPM = 1000000 };
    uint64_t share = t->p[PARAMETER_MEMORY_SLOW_SHARE], latency = t->p[PARAMETER_MEMORY_LATENCY];

    if (write)
        latency = t->p[PARAMETER_MEMORY_WRITE];
    else if (share && draw(t, PPM) < share)
        latency = t->p[PARAMETER_MEMORY_SLOW_LATENCY];
    return latency + t->p[PARAMETER_MEMORY_REMOTE];
}
