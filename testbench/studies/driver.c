// SPDX-License-Identifier: Apache-2.0
/* V9, V12, V13: what Linux's driver does, seen by performance counters and by the clock. */
#include "testbench/studies/rows.h"

#include <inttypes.h>

enum { DEVICE = 0x10, DOMAIN = 5, PAGE = 4096 };
#define DATA UINT64_C(0x3000000)
#define IOVA UINT64_C(0x40000000)

/* ---------------------------------------------------------------- V9: counters of Linux's events */

enum {
    TRANSLATIONS = 0x05,
    PTE_HIT = 0x06,
    PTE_MISS = 0x07,
    GUEST_READS = 0x0e,
    COMMANDS = 0x11,
    INVALIDATIONS = 0x12
};
enum { COUNTERS = 0x40000, BANK = 0x1000, COUNTER = 0x100, SOURCE = 8 };

static uint64_t counter_at(unsigned i)
{
    return COUNTERS + (uint64_t)(i / 4) * BANK + (uint64_t)(i % 4) * COUNTER;
}

static void count_events(struct world *w, const uint8_t *events, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        w->failed |= amdvi_mmio_write(w->device, counter_at(i) + SOURCE, 8, events[i]) != AMDVI_OK ||
                     amdvi_mmio_write(w->device, counter_at(i), 8, 0) != AMDVI_OK;
    }
}

static uint64_t counted(struct world *w, unsigned i)
{
    uint64_t value = 0;

    w->failed |= amdvi_mmio_read(w->device, counter_at(i), 8, &value) != AMDVI_OK;
    return value;
}

/* Strict: a page is mapped, used, unmapped and flushed, with one COMPLETION_WAIT an invalidation. */
static void strict(struct world *w, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t iova = IOVA + world_draw(w, 4096) * PAGE;
        for (unsigned uses = 1 + (unsigned)world_draw(w, 6); uses; uses--)
            world_read(w, DEVICE, iova);
        world_invalidate_page(w, DOMAIN, iova, false);
        world_ring(w);
    }
}

void row_pmu(struct validation_outcome *o)
{
    static const uint8_t events[] = {TRANSLATIONS, PTE_HIT, PTE_MISS, GUEST_READS, COMMANDS, INVALIDATIONS};
    enum { EVENTS = sizeof(events) };
    uint64_t n[EVENTS] = {0};
    struct world w;

    if (world_open(&w, NULL, NULL, NULL)) {
        world_dte_host(&w, DEVICE, DOMAIN, 4, world_host_everything(&w, 4, DATA));
        count_events(&w, events, EVENTS);
        strict(&w, (unsigned)row_setting(o, "rounds"));
        for (unsigned i = 0; i < EVENTS; i++)
            n[i] = counted(&w, i);
    }
    o->ran &= !w.failed && !w.faults;
    row_metric(o, "invalidations", (double)n[5]);
    row_metric(o, "commands_per_invalidation", n[5] ? (double)n[4] / (double)n[5] : 0);
    row_metric(o, "guest_reads", (double)n[3]);
    row_metric(o, "translations_neither_hit_nor_miss", (double)n[0] - (double)n[1] - (double)n[2]);
    if (o->ran)
        SAY(o,
            "commands:invalidations %" PRIu64 ":%" PRIu64 "; guest reads %" PRIu64 "; hit %" PRIu64
            " + miss %" PRIu64 " = %" PRIu64 " of %" PRIu64,
            n[4], n[5], n[3], n[1], n[2], n[1] + n[2], n[0]);
    world_close(&w);
}

/* ---------------------------------------------------------------- V12: one invalidation a nested domain */

/* Linux's nested code: a change of stage 2 is flushed in each guest domain's host domain. */
static uint64_t unmap_parent(struct world *w, unsigned domains, uint64_t *commands)
{
    enum { AT_ONCE = 16384 };
    struct amdvi_statistics before, after;
    uint64_t took = 0;

    amdvi_get_statistics(w->device, &before);
    for (unsigned i = 0; i < domains && !w->failed; i++) {
        world_invalidate_page(w, (uint16_t)(i + 1), IOVA, false);
        if ((i + 1) % AT_ONCE == 0 && i + 1 < domains)
            took += world_ring(w); /* the ring is full: what is there must be consumed first */
    }
    took += world_ring(w);
    amdvi_get_statistics(w->device, &after);
    *commands = after.commands - before.commands - (domains - 1) / AT_ONCE;
    return took;
}

/* Of a straight line through the points. */
static double r_squared(const double *x, const double *y, unsigned count)
{
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0, n = count;

    for (unsigned i = 0; i < count; i++) {
        sx += x[i], sy += y[i];
        sxx += x[i] * x[i], syy += y[i] * y[i], sxy += x[i] * y[i];
    }
    return (n * sxy - sx * sy) * (n * sxy - sx * sy) / ((n * sxx - sx * sx) * (n * syy - sy * sy));
}

void row_nested_unmap(struct validation_outcome *o)
{
    static const unsigned domains[] = {1, 16, 1024, 65535};
    enum { POINTS = sizeof(domains) / sizeof(domains[0]) };
    double x[POINTS] = {0}, y[POINTS] = {0}, fit;
    unsigned exact = 0;
    struct world w;

    if (world_open(&w, NULL, NULL, NULL))
        for (unsigned i = 0; i < POINTS; i++) {
            uint64_t commands;
            x[i] = domains[i];
            y[i] = (double)unmap_parent(&w, domains[i], &commands);
            exact += commands == domains[i] + 1;
        }
    o->ran = !w.failed;
    fit = o->ran ? r_squared(x, y, POINTS) : 0;
    row_metric(o, "points_with_n_plus_1_commands", exact);
    row_metric(o, "r_squared", fit);
    if (o->ran)
        SAY(o, "commands %s N + 1 for N = 1, 16, 1024, 65535; R^2 %.6f; %.1f us at 1,024",
            exact == POINTS ? "are" : "are not", fit, y[2] / 1e6);
    world_close(&w);
}

/* ---------------------------------------------------------------- V13: deferred flushing */

enum { QUEUE = 250 };
#define TIMEOUT_PS UINT64_C(10000000000)

/* Linux's flush queue: unmapped pages wait until there are 250, or for 10 ms. */
struct lazy {
    uint64_t first; /* when the oldest one was unmapped, ps */
    unsigned waiting, most;
    uint64_t window; /* the longest time from an unmap to the end of waiting */
    unsigned flushes, by_count, by_time;
};

static void flush(struct world *w, struct lazy *l)
{
    uint64_t age = amdvi_timed_now(w->timed) - l->first;

    l->window = age > l->window ? age : l->window;
    l->most = l->waiting > l->most ? l->waiting : l->most;
    l->waiting = 0;
    l->flushes++;
    world_invalidate_domain(w, DOMAIN);
    world_ring(w);
}

static void unmap(struct world *w, struct lazy *l)
{
    if (!l->waiting++)
        l->first = amdvi_timed_now(w->timed);
    if (l->waiting == QUEUE) {
        l->by_count++;
        flush(w, l);
    }
}

/* Until `when`, or the timer before it. */
static void pass(struct world *w, struct lazy *l, uint64_t when)
{
    if (l->waiting && l->first + TIMEOUT_PS <= when) {
        amdvi_timed_run(w->timed, l->first + TIMEOUT_PS);
        l->by_time++;
        flush(w, l);
    }
    if (when > amdvi_timed_now(w->timed))
        amdvi_timed_run(w->timed, when);
}

/* Unmapped at all rates: what is unmapped is still translated before the flush, and never behind it. */
void row_lazy(struct validation_outcome *o)
{
    unsigned unmaps = (unsigned)row_setting(o, "unmaps");
    struct lazy l = {0};
    struct world w;

    if (world_open(&w, NULL, NULL, NULL)) {
        world_dte_host(&w, DEVICE, DOMAIN, 4, world_host_everything(&w, 4, DATA));
        for (unsigned i = 0; i < unmaps; i++) {
            uint64_t gap = world_draw(&w, i / 1000 % 2 ? 1000000000 : 1000000);
            pass(&w, &l, amdvi_timed_now(w.timed) + gap);
            unmap(&w, &l);
        }
    }
    o->ran &= !w.failed;
    row_metric(o, "window_ms", (double)l.window / 1e9);
    row_metric(o, "entries", l.most);
    row_metric(o, "flushes_by_count", l.by_count);
    row_metric(o, "flushes_by_time", l.by_time);
    SAY(o, "window at most %.3f ms and %u entries; %u flushes by count, %u by time", (double)l.window / 1e9,
        l.most, l.by_count, l.by_time);
    world_close(&w);
}
