// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/lazy.h"

#include <stdlib.h>

bool lazy_open(struct lazy *l, struct processors *p, const struct workload *w)
{
    enum { PS_PER_US = 1000000 };

    *l = (struct lazy){.processors = p,
                       .entries = w->lazy_entries,
                       .time = w->lazy_time * PS_PER_US,
                       .iommus = p->scene->count,
                       .queues = calloc((size_t)p->count * p->scene->count, sizeof(*l->queues))};
    for (unsigned i = 0; l->queues && i < p->count * l->iommus; i++)
        l->queues[i].lazy = l;
    return l->queues != NULL;
}

void lazy_close(struct lazy *l)
{
    free(l->queues);
}

static void flushed(void *context, uint64_t argument)
{
    (void)context;
    (void)argument;
}

static void flush(struct lazy *l, struct lazy_queue *q)
{
    unsigned number = (unsigned)(q - l->queues);
    struct chore chore = {
        .flushes = true, .iommu = number % l->iommus, .done = flushed, .argument = LAZY_FLUSH};

    q->count = 0;
    q->flushes++;
    processors_do(l->processors, number / l->iommus, chore);
}

/* `flushes`: how many there were when the timer was set; others since then make it void. */
static void time_is_up(void *self, uint64_t flushes)
{
    struct lazy_queue *q = self;

    if (q->count && q->flushes == flushes)
        flush(q->lazy, q);
}

void lazy_unmap(struct lazy *l, unsigned processor, unsigned iommu)
{
    struct lazy_queue *q = &l->queues[processor * l->iommus + iommu];
    struct scene *m = l->processors->scene;

    if (!q->count++)
        scene_put(m, m->now + l->time, time_is_up, q, q->flushes);
    if (q->count == l->entries)
        flush(l, q);
}
