// SPDX-License-Identifier: Apache-2.0
/*
 * A noisy neighbour: guests that flush from time to time and whose devices read, beside a guest that fills
 * its command ring again and again, a host that does, or a device that faults without end. What is measured
 * is the others.
 */
#include "testbench/studies/guests.h"
#include "testbench/studies/scene.h"
#include "testbench/studies/times.h"
#include "testbench/studies/workload.h"

#include <stdlib.h>

enum { PAGE_BYTES = 4096, NOISY = 0, PS_PER_US = 1000000 };

struct neighbour {
    uint64_t asked; /* ps */
};

struct flood {
    const struct workload *l;
    struct scene m;
    struct guests g;
    struct neighbour *all;
    uint64_t ended, faults, floods, seen; /* seen: answers of memory so far */
    uint64_t began;
    unsigned ports;
    struct times flush, read;
};

static struct world *world_of(struct flood *f)
{
    return scene_world(&f->m, 0);
}

static bool is_noisy(const struct flood *f, uint64_t guest)
{
    return guest == NOISY && f->l->attacker != ATTACKER_NONE;
}

/* ---------------------------------------------------------------- commands */

static void flush(void *self, uint64_t guest)
{
    struct flood *f = self;

    f->all[guest] = (struct neighbour){.asked = f->m.now};
    guests_flush(world_of(f), &f->g, (unsigned)guest, f->m.now);
}

static void flush_later(struct flood *f, uint64_t guest)
{
    uint64_t period = f->l->period * PS_PER_US;

    scene_put(&f->m, f->m.now + period / 2 + world_draw(world_of(f), period), flush, f, guest);
}

static void flood_guest(struct flood *f)
{
    for (uint64_t i = 0; i < f->l->batch; i++)
        guests_invalidate(world_of(f), &f->g, NOISY, f->l->attacker == ATTACKER_DOMAINS);
    guests_ring(world_of(f), &f->g, NOISY, f->m.now);
}

static void flood_host(void *self, uint64_t argument)
{
    struct flood *f = self;

    (void)argument;
    f->floods++;
    for (uint64_t i = 0; i < f->l->batch; i++)
        world_invalidate_domain(world_of(f), (uint16_t)(f->l->guests + i));
    scene_flush(&f->m, 0, flood_host, f, 0);
}

static void flushed(struct flood *f, uint64_t guest)
{
    if (is_noisy(f, guest)) {
        f->floods++;
        flood_guest(f);
        return;
    }
    times_add(&f->flush, f->m.now - f->all[guest].asked);
    scene_operation(&f->m);
    flush_later(f, guest);
}

/* Guests' stores are only looked for when memory has answered something. */
static void look_at_stores(struct flood *f)
{
    uint64_t answers;
    unsigned guest;
    double mean;

    amdvi_timed_mean(world_of(f)->timed, AMDVI_TIMED_MEMORY, &answers, &mean);
    if (answers == f->seen)
        return;
    f->seen = answers;
    while (guests_next_flushed(world_of(f), &f->g, &guest))
        flushed(f, guest);
}

/* ---------------------------------------------------------------- reads */

static void read_page(struct flood *f, uint64_t guest)
{
    bool faults = is_noisy(f, guest) && f->l->attacker == ATTACKER_FAULTS;
    struct amdvi_request request = {.device = guests_device((unsigned)guest), .op = AMDVI_READ, .length = 64};

    request.address =
        GUEST_DATA_GPA + (world_draw(world_of(f), f->l->pages) + (faults ? f->l->pages : 0)) * PAGE_BYTES;
    scene_request(&f->m, 0, (unsigned)(guest % f->ports), &request, guest);
}

static void answered(void *context, unsigned iommu, const struct amdvi_timed_completion *c)
{
    struct flood *f = context;
    uint64_t guest = c->what->tag;

    (void)iommu;
    if (is_noisy(f, guest)) {
        f->faults += c->what->status == AMDVI_OK && !c->what->result->ok;
    } else {
        times_add(&f->read, c->done - c->submitted);
        f->ended++;
    }
    read_page(f, guest);
}

/* ---------------------------------------------------------------- from first to last */

/* Who floods gets its cap, the others their weight. */
static void share(struct flood *f)
{
    struct world *w = world_of(f);

    for (uint64_t i = 0; i < f->l->guests; i++) {
        bool noisy = is_noisy(f, i);
        const struct amdvi_guest_share s = {.weight = noisy ? 1 : (uint32_t)f->l->weight,
                                            .commands = noisy ? (uint32_t)f->l->cap : 0,
                                            .period_ns = f->l->cap_period * 1000};
        w->failed |= amdvi_timed_guest_share(w->timed, (uint16_t)i, &s) != AMDVI_OK;
    }
}

static bool make(struct flood *f, const struct experiment *e)
{
    const struct workload *l = &e->workload;

    f->l = l;
    f->ports = workload_ports(e);
    f->all = calloc(l->guests, sizeof(*f->all));
    if (!scene_open(&f->m, e, 1) || !f->all)
        return false;
    guests_open(world_of(f), &f->g, (unsigned)l->guests);
    for (unsigned i = 0; i < l->guests && !world_of(f)->failed; i++)
        guests_map(world_of(f), &f->g, i, l->pages);
    share(f);
    f->m.now = amdvi_timed_now(world_of(f)->timed);
    f->m.context = f;
    f->m.answered = answered;
    return !world_of(f)->failed;
}

static void begin(struct flood *f)
{
    for (uint64_t i = 0; i < f->l->guests; i++) {
        if (!is_noisy(f, i))
            flush_later(f, i);
        for (uint64_t n = 0; n < f->l->outstanding && !(is_noisy(f, i) && f->l->attacker != ATTACKER_FAULTS);
             n++)
            read_page(f, i);
    }
    if (f->l->attacker == ATTACKER_PAGES || f->l->attacker == ATTACKER_DOMAINS)
        flood_guest(f);
    if (f->l->attacker == ATTACKER_HOST)
        flood_host(f, 0);
}

static void run_flushes(struct flood *f, uint64_t count)
{
    uint64_t stop_at = f->flush.count + count;

    while (f->flush.count < stop_at && scene_next(&f->m))
        look_at_stores(f);
}

static void restart(struct flood *f)
{
    scene_restart(&f->m);
    times_restart(&f->flush);
    times_restart(&f->read);
    f->ended = f->floods = 0;
    f->began = f->m.now;
}

static void report(struct flood *f, struct experiment_result *r)
{
    uint64_t time = f->m.now - f->began;

    times_report(&f->flush, r, "flush");
    times_report(&f->read, r, "read");
    metric_add(r, "reads_m_per_s", metric_per(f->ended * 1000000, time));
    metric_add(r, "floods_k_per_s", metric_per(f->floods * 1000000000, time));
    metric_add_scene(r, &f->m);
}

bool workload_flood(const struct experiment *e, struct experiment_result *r)
{
    struct flood f = {0};
    bool good = make(&f, e);

    if (good) {
        begin(&f);
        run_flushes(&f, e->warm_up);
        restart(&f);
        run_flushes(&f, e->length);
        report(&f, r);
        world_of(&f)->faults -= f.faults;
        good = scene_good(&f.m) && f.flush.count >= e->length && !f.flush.failed && !f.read.failed;
    }
    guests_close(&f.g);
    times_free(&f.flush);
    times_free(&f.read);
    scene_close(&f.m);
    free(f.all);
    return good;
}
