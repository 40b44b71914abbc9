// SPDX-License-Identifier: Apache-2.0
/*
 * Guests that start at once: a processor of the host makes tables, resets the guest, writes 65,536 entries of
 * each ID map one by one or in bulk, and the guest's device then reads its first pages, all at once, while
 * others are still being made.
 */
#include "testbench/studies/guests.h"
#include "testbench/studies/processors.h"
#include "testbench/studies/workload.h"

#include <stdlib.h>

enum { PAGE_BYTES = 4096, IDS = 65536, MAP_BYTES = (16 + 8) * IDS };

struct storm {
    const struct workload *l;
    struct scene m;
    struct processors p;
    struct guests g;
    uint64_t *began, *left; /* of a guest; left: first reads */
    uint64_t ready;
    unsigned ports;
    struct times creation, touch;
};

static uint64_t map_time(const struct workload *l)
{
    enum { BYTES_PER_NS = 8 };

    return l->bulk ? UINT64_C(1000) * (MAP_BYTES / BYTES_PER_NS) : UINT64_C(2) * IDS * l->map_write * 1000;
}

/* ---------------------------------------------------------------- the guest's device */

static void touch(struct storm *s, uint64_t guest)
{
    struct amdvi_request request = {.device = guests_device((unsigned)guest), .op = AMDVI_READ, .length = 64};

    s->left[guest] = s->l->touches;
    for (uint64_t i = 0; i < s->l->touches; i++) {
        request.address = GUEST_DATA_GPA + i * PAGE_BYTES;
        scene_request(&s->m, 0, (unsigned)(guest % s->ports), &request, guest);
    }
}

static void answered(void *context, unsigned iommu, const struct amdvi_timed_completion *c)
{
    struct storm *s = context;

    (void)iommu;
    times_add(&s->touch, c->done - c->submitted);
    scene_operation(&s->m);
    s->ready += --s->left[c->what->tag] == 0;
}

/* ---------------------------------------------------------------- the host's processors */

static void maps_written(void *context, uint64_t guest)
{
    struct storm *s = context;

    guests_start(scene_world(&s->m, 0), (unsigned)guest);
    times_add(&s->creation, s->m.now - s->began[guest]);
    touch(s, guest);
}

static void was_reset(void *context, uint64_t guest)
{
    struct storm *s = context;
    struct chore maps = {.cost = map_time(s->l), .done = maps_written, .argument = guest};

    processors_do(&s->p, (unsigned)(guest % s->p.count), maps);
}

static void create(struct storm *s, uint64_t guest)
{
    struct chore reset = {.flushes = true, .done = was_reset, .argument = guest};

    guests_tables(scene_world(&s->m, 0), &s->g, (unsigned)guest);
    guests_map(scene_world(&s->m, 0), &s->g, (unsigned)guest, s->l->touches);
    s->began[guest] = s->m.now;
    processors_do(&s->p, (unsigned)(guest % s->p.count), reset);
}

static void write_commands(void *context, struct world *w, uint64_t guest)
{
    (void)context;
    guests_reset_command(w, (unsigned)guest);
}

/* ---------------------------------------------------------------- from first to last */

static bool make(struct storm *s, const struct experiment *e)
{
    const struct workload *l = &e->workload;
    bool good;

    s->l = l;
    s->ports = workload_ports(e);
    s->began = calloc(l->guests, sizeof(*s->began));
    s->left = calloc(l->guests, sizeof(*s->left));
    good = scene_open(&s->m, e, 1) && s->began && s->left &&
           processors_open(&s->p, &s->m, (unsigned)l->processors, 0);
    s->m.context = s->p.context = s;
    s->m.answered = answered;
    s->p.commands = write_commands;
    if (good)
        guests_prepare(scene_world(&s->m, 0), &s->g, (unsigned)l->guests);
    return good && !scene_world(&s->m, 0)->failed;
}

static void report(struct storm *s, struct experiment_result *r)
{
    metric_add(r, "guests_per_s", (double)s->l->guests * 1e12 / (double)s->m.now);
    metric_add(r, "all_ready_ms", (double)s->m.now / 1e9);
    times_report(&s->creation, r, "creation");
    times_report(&s->touch, r, "first_read");
    processors_report(&s->p, r);
    metric_add_scene(r, &s->m);
}

bool workload_storm(const struct experiment *e, struct experiment_result *r)
{
    struct storm s = {0};
    bool good = make(&s, e);

    for (uint64_t i = 0; good && i < s.l->guests; i++)
        create(&s, i);
    while (good && s.ready < s.l->guests && scene_next(&s.m))
        ;
    if (good) {
        report(&s, r);
        good = scene_good(&s.m) && s.ready == s.l->guests && !s.touch.failed && !s.creation.failed;
    }
    guests_close(&s.g);
    processors_close(&s.p);
    times_free(&s.creation);
    times_free(&s.touch);
    scene_close(&s.m);
    free(s.began);
    free(s.left);
    return good;
}
