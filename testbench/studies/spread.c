// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/spread.h"

#include <stdlib.h>
#include <string.h>

void spread_free(struct spread *s)
{
    for (unsigned i = 0; i < SPREAD_DOUBLINGS; i++)
        free(s->steps[i]);
    *s = (struct spread){0};
}

void spread_restart(struct spread *s)
{
    for (unsigned i = 0; i < SPREAD_DOUBLINGS; i++)
        if (s->steps[i])
            memset(s->steps[i], 0, SPREAD_STEPS * sizeof(*s->steps[i]));
    s->count = s->greatest = 0;
    s->sum = 0;
}

bool spread_make_room(struct spread *s, unsigned doubling)
{
    s->steps[doubling] = calloc(SPREAD_STEPS, sizeof(*s->steps[doubling]));
    s->failed |= !s->steps[doubling];
    return s->steps[doubling] != NULL;
}

void spread_merge(struct spread *s, const struct spread *more)
{
    for (unsigned i = 0; i < SPREAD_DOUBLINGS; i++) {
        if (!more->steps[i] || (!s->steps[i] && !spread_make_room(s, i)))
            continue;
        for (unsigned step = 0; step < SPREAD_STEPS; step++)
            s->steps[i][step] += more->steps[i][step];
    }
    s->count += more->count;
    s->sum += more->sum;
    s->greatest = more->greatest > s->greatest ? more->greatest : s->greatest;
    s->failed |= more->failed;
}

void spread_add_none(struct spread *s, uint64_t count)
{
    if (!count || (!s->steps[0] && !spread_make_room(s, 0)))
        return;
    s->steps[0][0] += (uint32_t)count;
    s->count += count;
}

double spread_mean(const struct spread *s)
{
    return s->count ? s->sum / (double)s->count : 0;
}

static uint64_t end_of(unsigned doubling, unsigned step)
{
    unsigned shift = doubling ? doubling - 1 : 0;
    uint64_t first = doubling ? (uint64_t)(SPREAD_STEPS + step) << shift : step;

    return first + (((uint64_t)1 << shift) - 1);
}

uint64_t spread_share(const struct spread *s, uint32_t ppm)
{
    enum { ALL = 1000000 };
    uint64_t seen = 0, wanted = (s->count * (uint64_t)ppm + ALL - 1) / ALL;

    wanted = wanted ? wanted : 1;
    for (unsigned i = 0; i < SPREAD_DOUBLINGS; i++)
        for (unsigned step = 0; s->steps[i] && step < SPREAD_STEPS; step++) {
            seen += s->steps[i][step];
            if (seen >= wanted)
                return end_of(i, step) < s->greatest ? end_of(i, step) : s->greatest;
        }
    return 0;
}
