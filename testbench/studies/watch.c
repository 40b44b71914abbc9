// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/watch.h"

/* Operations as workloads count them: each guest's first reads in a storm of boots; flushes in either way,
 * where those that are measured are so many for each processor. A recording may end before. */
static uint64_t operations(const struct experiment *e)
{
    const struct workload *l = &e->workload;

    if (l->kind == WORKLOAD_STORM)
        return l->guests * l->touches;
    if (l->kind == WORKLOAD_GUESTS)
        return 2 * (e->warm_up + e->length * l->processors * l->guests);
    return e->warm_up + e->length;
}

void watch_begin(const struct experiment *e)
{
    if (!e->watch)
        return;
    e->watch->done = 0;
    e->watch->total = operations(e);
}

void watch_one(struct experiment_watch *watch)
{
    if (!watch)
        return;
    watch->done += watch->done < watch->total;
    watch->tell(watch->context, (double)watch->done / (double)watch->total);
}
