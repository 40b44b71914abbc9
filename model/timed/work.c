// SPDX-License-Identifier: Apache-2.0
/* What use of the arrays costs (performance 1.1, 1.2). */
#include "model/timed/state.h"

/* The arrays of L2A are pipelined: a lookup takes its latency, and every probe after the first a cycle more.
 */
static uint64_t work_l2a(struct amdvi_timed *t, uint64_t from, const struct amdvi_work *w)
{
    uint64_t lookups = (uint64_t)w->dtc + w->itc + w->ptc;
    uint64_t probes = (uint64_t)w->dtc + w->itc + w->ptc_sizes;
    uint64_t begun;

    if (!probes)
        return from;
    begun = array_probe(&t->l2a, from, probes) - cycles(t, lookups - 1);
    return begun + cycles(t, lookups * t->p[PARAMETER_L2A_LATENCY]);
}

/* Each lookup needs the answer of the one before. */
static uint64_t work_l2b(struct amdvi_timed *t, uint64_t from, const struct amdvi_work *w)
{
    for (unsigned i = 0; i < (unsigned)w->pdc + w->gcr3; i++)
        from = array_probe(&t->l2b, from, 1) + cycles(t, t->p[PARAMETER_L2B_LATENCY]);
    return from;
}

uint64_t work_of_lookup(struct amdvi_timed *t, uint64_t from, const struct amdvi_work *w)
{
    return work_l2b(t, work_l2a(t, from, w), w);
}

static uint64_t array_cycles(const struct amdvi_timed *t, uint64_t sets, uint64_t lines)
{
    uint64_t rate = t->p[PARAMETER_INVALIDATION_LINES_PER_CYCLE];

    return sets + (lines + rate - 1) / rate;
}

static uint64_t invalidate(struct amdvi_timed *t, struct array *array, uint64_t from, uint64_t count,
                           uint64_t *stolen)
{
    *stolen += cycles(t, count);
    return count ? array_invalidate(array, from, count) : from;
}

uint64_t work_of_commands(struct amdvi_timed *t, uint64_t from, const struct amdvi_work *w)
{
    uint64_t a =
        array_cycles(t, (uint64_t)w->ptc_sets + w->entry_sets, (uint64_t)w->ptc_lines + w->entry_lines);
    uint64_t b = array_cycles(t, w->pdc_sets, w->pdc_lines);
    uint64_t end_a, end_b;

    from += cycles(t, w->commands * t->p[PARAMETER_COMMAND_DECODE]);
    from = work_of_lookup(t, from, w);
    end_a = invalidate(t, &t->l2a, from, a, &t->statistics.stolen_l2a_ps);
    end_b = invalidate(t, &t->l2b, from, b, &t->statistics.stolen_l2b_ps);
    t->statistics.commands += w->commands;
    t->statistics.invalidations += w->invalidations;
    return later(end_a, end_b);
}
