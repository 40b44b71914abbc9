// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/processors.h"

#include "testbench/studies/workload.h"

#include <stdlib.h>

struct processor {
    struct processors *all;
    struct chore *chores; /* a ring; the first one is under way */
    size_t first, count, room;
    uint64_t asked; /* for the lock, ps */
    uint64_t began;
};

bool processors_open(struct processors *p, struct scene *m, unsigned count, uint64_t lock_hold)
{
    *p = (struct processors){.scene = m, .count = count, .lock_hold = lock_hold};
    p->all = calloc(count, sizeof(*p->all));
    for (unsigned i = 0; p->all && i < count; i++)
        p->all[i].all = p;
    return p->all != NULL;
}

void processors_close(struct processors *p)
{
    for (unsigned i = 0; p->all && i < p->count; i++)
        free(p->all[i].chores);
    free(p->all);
    times_free(&p->flush);
    times_free(&p->lock);
}

/* ---------------------------------------------------------------- one chore */

static void begin(struct processor *one);

static void end(void *self, uint64_t argument)
{
    struct processor *one = self;
    struct processors *p = one->all;
    struct chore chore = one->chores[one->first];
    uint64_t began = one->began > p->since ? one->began : p->since;

    (void)argument;
    p->busy += p->scene->now - began;
    one->first = (one->first + 1) % one->room;
    one->count--;
    if (one->count)
        begin(one);
    chore.done(p->context, chore.argument);
}

static void finish(struct processor *one)
{
    struct scene *m = one->all->scene;

    scene_put(m, m->now + one->chores[one->first].after, end, one, 0);
}

static void flushed(void *self, uint64_t argument)
{
    struct processor *one = self;

    (void)argument;
    times_add(&one->all->flush, one->all->scene->now - one->asked);
    finish(one);
}

/* Has the lock, and has written its commands. */
static void rings(void *self, uint64_t argument)
{
    struct processor *one = self;
    struct processors *p = one->all;
    const struct chore *chore = &one->chores[one->first];

    (void)argument;
    p->commands(p->context, scene_world(p->scene, chore->iommu), chore->argument);
    scene_flush(p->scene, chore->iommu, flushed, one, 0);
}

static void computed(void *self, uint64_t argument)
{
    struct processor *one = self;
    struct processors *p = one->all;
    const struct chore *chore = &one->chores[one->first];
    uint64_t now = p->scene->now, *free_at = &p->lock_free[chore->iommu], begins;

    (void)argument;
    if (!chore->flushes) {
        finish(one);
        return;
    }
    begins = *free_at > now ? *free_at : now;
    *free_at = begins + p->lock_hold;
    one->asked = now;
    times_add(&p->lock, begins - now);
    scene_put(p->scene, *free_at, rings, one, 0);
}

static void begin(struct processor *one)
{
    struct scene *m = one->all->scene;

    one->began = m->now;
    scene_put(m, m->now + one->chores[one->first].cost, computed, one, 0);
}

/* ---------------------------------------------------------------- all of them */

static bool room_for_chore(struct processor *one)
{
    size_t room = one->room ? 2 * one->room : 16;
    struct chore *chores;

    if (one->count < one->room)
        return true;
    chores = calloc(room, sizeof(*chores));
    if (!chores)
        return false;
    for (size_t i = 0; i < one->count; i++)
        chores[i] = one->chores[(one->first + i) % one->room];
    free(one->chores);
    one->chores = chores;
    one->first = 0;
    one->room = room;
    return true;
}

void processors_do(struct processors *p, unsigned processor, struct chore chore)
{
    struct processor *one = &p->all[processor];

    if (!room_for_chore(one)) {
        p->scene->failed = true;
        return;
    }
    one->chores[(one->first + one->count++) % one->room] = chore;
    if (one->count == 1)
        begin(one);
}

void processors_restart(struct processors *p)
{
    times_restart(&p->flush);
    times_restart(&p->lock);
    p->busy = 0;
    p->since = p->scene->now;
}

void processors_report(struct processors *p, struct experiment_result *r)
{
    uint64_t time = (p->scene->now - p->since) * p->count;

    metric_add(r, "flushes", (double)p->flush.count);
    times_report(&p->flush, r, "flush");
    times_report(&p->lock, r, "lock_wait");
    metric_add(r, "processors_busy_share", time ? (double)p->busy / (double)time : 0);
}
