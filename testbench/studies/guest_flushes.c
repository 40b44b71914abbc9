// SPDX-License-Identifier: Apache-2.0
/*
 * Guests that flush: each processor of each guest, again and again, once trapped by a VMM (amdvi_trap) and
 * once through the guest's own ring in the device. In the device the processors of a guest share its ring:
 * who comes while another one waits begins behind it. Other guests are not waited for, except in the device.
 */
#include "testbench/studies/guests.h"
#include "testbench/studies/scene.h"
#include "testbench/studies/times.h"
#include "testbench/studies/workload.h"

#include <stdio.h>
#include <stdlib.h>

enum { PS_PER_US = 1000000, LOCK_GUEST = 1 };

struct actor {
    uint64_t asked;
    uint32_t guest, next; /* next: that waits for the guest's ring */
};

struct ring_of_guest {
    bool busy;
    uint32_t first, last; /* actors: the one under way, and those that wait */
};

enum { NONE = UINT32_MAX };

struct flushes {
    const struct workload *l;
    struct scene m;
    struct guests g;
    struct actor *actors;
    struct ring_of_guest *rings;
    struct amdvi_trap *traps; /* one, or one a guest */
    uint32_t count;
    bool direct, own_locks; /* own_locks: a trap's lock is its guest's */
    uint64_t seen, began, trap_count;
    struct times took;
};

static struct world *world_of(struct flushes *f)
{
    return scene_world(&f->m, 0);
}

/* ---------------------------------------------------------------- one flush */

static void ask(void *self, uint64_t actor);

/* Between half of the period and one and a half. */
static void ask_later(struct flushes *f, uint32_t actor)
{
    uint64_t period = f->l->period * PS_PER_US;

    scene_put(&f->m, f->m.now + period / 2 + world_draw(world_of(f), period), ask, f, actor);
}

static void flushed(struct flushes *f, uint32_t actor)
{
    times_add(&f->took, f->m.now - f->actors[actor].asked);
    scene_operation(&f->m);
    ask_later(f, actor);
}

static void trap_ends(void *self, uint64_t actor)
{
    flushed(self, (uint32_t)actor);
}

static void trapped(struct flushes *f, uint32_t actor)
{
    uint32_t guest = f->actors[actor].guest;
    uint64_t done = 0;

    f->m.failed |= amdvi_trap_submit(&f->traps[f->own_locks ? guest : 0], f->m.now, guest, &done) != AMDVI_OK;
    scene_put(&f->m, done, trap_ends, f, actor);
}

static void into_ring(struct flushes *f, uint32_t guest)
{
    f->rings[guest].busy = true;
    guests_flush(world_of(f), &f->g, guest, f->m.now);
}

static void through_device(struct flushes *f, uint32_t actor)
{
    struct ring_of_guest *r = &f->rings[f->actors[actor].guest];

    f->actors[actor].next = NONE;
    if (r->first == NONE)
        r->first = actor;
    else
        f->actors[r->last].next = actor;
    r->last = actor;
    if (!r->busy)
        into_ring(f, f->actors[actor].guest);
}

static void ask(void *self, uint64_t actor)
{
    struct flushes *f = self;

    f->actors[actor].asked = f->m.now;
    if (f->direct)
        through_device(f, (uint32_t)actor);
    else
        trapped(f, (uint32_t)actor);
}

static void ring_done(struct flushes *f, uint32_t guest)
{
    struct ring_of_guest *r = &f->rings[guest];
    uint32_t actor = r->first;

    r->busy = false;
    r->first = f->actors[actor].next;
    if (r->first != NONE)
        into_ring(f, guest);
    flushed(f, actor);
}

/* Guests' stores are only looked for when memory has answered something. */
static void look_at_stores(struct flushes *f)
{
    uint64_t answers;
    unsigned guest;
    double mean;

    amdvi_timed_mean(world_of(f)->timed, AMDVI_TIMED_MEMORY, &answers, &mean);
    if (!f->direct || answers == f->seen)
        return;
    f->seen = answers;
    while (guests_next_flushed(world_of(f), &f->g, &guest))
        ring_done(f, guest);
}

/* ---------------------------------------------------------------- one way, from first to last */

static bool make_traps(struct flushes *f, const struct experiment *e)
{
    uint64_t lock = 0;

    amdvi_timed_get(&e->parameters, "trap.lock", &lock);
    f->own_locks = lock == LOCK_GUEST;
    f->trap_count = f->own_locks ? f->l->guests : 1;
    f->traps = calloc(f->trap_count, sizeof(*f->traps));
    for (uint64_t i = 0; f->traps && i < f->trap_count; i++)
        if (amdvi_trap_begin(&f->traps[i], &e->parameters) != AMDVI_OK)
            return false;
    return f->traps != NULL;
}

static bool make(struct flushes *f, const struct experiment *e)
{
    const struct workload *l = f->l = &e->workload;

    f->count = (uint32_t)(l->guests * l->processors);
    f->actors = calloc(f->count, sizeof(*f->actors));
    f->rings = calloc(l->guests, sizeof(*f->rings));
    if (!scene_open(&f->m, e, 1) || !f->actors || !f->rings || !make_traps(f, e))
        return false;
    if (f->direct)
        guests_open(world_of(f), &f->g, (unsigned)l->guests);
    for (uint64_t i = 0; i < l->guests; i++)
        f->rings[i].first = NONE;
    f->m.now = amdvi_timed_now(world_of(f)->timed);
    for (uint32_t i = 0; i < f->count; i++) {
        f->actors[i].guest = i / (uint32_t)l->processors;
        ask_later(f, i);
    }
    return !world_of(f)->failed;
}

static void run(struct flushes *f, uint64_t count)
{
    uint64_t stop_at = f->took.count + count;

    while (f->took.count < stop_at && scene_next(&f->m))
        look_at_stores(f);
}

static uint64_t host_busy(const struct flushes *f)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < f->trap_count; i++)
        sum += f->traps[i].busy_ps;
    return sum;
}

static void restart(struct flushes *f)
{
    times_restart(&f->took);
    scene_restart(&f->m);
    f->began = f->m.now;
}

static double report(struct flushes *f, struct experiment_result *r, uint64_t busy_before)
{
    const char *name = f->direct ? "direct" : "trapped";
    double mean = times_mean(&f->took), time = (double)(f->m.now - f->began);
    char text[EXPERIMENT_TEXT];

    snprintf(text, sizeof(text), "%s_mean_us", name);
    metric_add(r, text, mean / PS_PER_US);
    snprintf(text, sizeof(text), "%s_flushes_k_per_s", name);
    metric_add(r, text, time > 0 ? (double)f->took.count / time * 1e9 : 0);
    snprintf(text, sizeof(text), "%s_host_processors_busy", name);
    metric_add(r, text, f->direct || time <= 0 ? 0 : (double)(host_busy(f) - busy_before) / time);
    snprintf(text, sizeof(text), "%s_flush", name);
    times_report(&f->took, r, text);
    return mean;
}

static void free_all(struct flushes *f)
{
    guests_close(&f->g);
    times_free(&f->took);
    scene_close(&f->m);
    free(f->actors);
    free(f->rings);
    free(f->traps);
}

/* The mean in ps; 0: it could not be run. */
static double one_way(const struct experiment *e, struct experiment_result *r, bool direct)
{
    struct flushes f = {.direct = direct};
    uint64_t flushes = e->length * e->workload.processors * e->workload.guests, busy;
    double mean = 0;

    if (make(&f, e)) {
        run(&f, e->warm_up);
        restart(&f);
        busy = host_busy(&f);
        run(&f, flushes);
        mean = report(&f, r, busy);
        if (f.took.count < flushes || f.took.failed || !scene_good(&f.m))
            mean = 0;
        if (direct)
            metric_add_scene(r, &f.m);
    }
    free_all(&f);
    return mean;
}

bool workload_guests(const struct experiment *e, struct experiment_result *r)
{
    struct experiment trapped = *e;
    double trapped_mean, direct_mean;

    trapped.ledger = NULL; /* its device has nothing to do: details are of the other one */
    trapped_mean = one_way(&trapped, r, false);
    direct_mean = one_way(e, r, true);

    if (trapped_mean <= 0 || direct_mean <= 0)
        return false;
    metric_add(r, "saved_percent", 100 * (1 - direct_mean / trapped_mean));
    return true;
}
