// SPDX-License-Identifier: Apache-2.0
/* What an experiment does, and what comes out of it. */
#include "testbench/studies/workload.h"

#include <stdio.h>

enum { FIRST_DEVICE = 0x100, DOMAIN = 5, MODE = 4, PAGE_BYTES = 4096 };
#define IOVA UINT64_C(0x40000000)
#define DATA UINT64_C(0x3000000)

static unsigned shift_of(const struct workload *l)
{
    static const unsigned shifts[] = {[PAGE_4K] = SHIFT_4K, [PAGE_2M] = SHIFT_2M, [PAGE_1G] = SHIFT_1G};

    return shifts[l->page];
}

/* ---------------------------------------------------------------- tables */

static void map_host(struct world *w, const struct workload *l)
{
    uint64_t root = world_page(w), step = UINT64_C(1) << shift_of(l);

    for (uint64_t at = 0; at < l->pages * PAGE_BYTES; at += step)
        world_host_map(w, root, MODE, IOVA + at, l->page == PAGE_4K ? DATA : 0, shift_of(l));
    for (unsigned i = 0; i < l->devices; i++)
        world_dte_host(w, (uint16_t)(FIRST_DEVICE + i), DOMAIN, MODE, root);
}

static void map_both(struct world *w, const struct workload *l)
{
    struct nested n = {.host_levels = MODE, .guest_levels = 4, .host_shift = shift_of(l)};
    uint64_t root;

    world_nested(w, &n);
    root = world_pasid(w, &n, 1);
    for (uint64_t i = 0; i < l->pages; i++) {
        uint64_t gpa = WORLD_GPA_BASE + WORLD_SIZE + i * PAGE_BYTES;
        world_guest_map(w, &n, root, IOVA + i * PAGE_BYTES, gpa, SHIFT_4K);
        world_back(w, &n, gpa);
    }
    for (unsigned i = 0; i < l->devices; i++)
        world_dte_nested(w, (uint16_t)(FIRST_DEVICE + i), DOMAIN, &n);
}

static void map_tables(struct world *w, const struct workload *l)
{
    if (l->tables == TABLES_BOTH)
        map_both(w, l);
    else
        map_host(w, l);
}

/* ---------------------------------------------------------------- requests */

struct source {
    const struct workload *l;
    uint64_t left, sent, page, group;
    uint64_t link_free; /* ps */
    unsigned ports;
};

static uint64_t next_page(struct source *s, struct world *w)
{
    const struct workload *l = s->l;

    if (l->order == ORDER_SERIAL)
        return s->page = (s->page + l->stride) % l->pages;
    if (world_draw(w, 1000) >= l->neighbours)
        s->group = world_draw(w, (l->pages + 7) / 8);
    return (s->group * 8 + world_draw(w, 8)) % l->pages;
}

/* On a link of `rate` Gb/s a request leaves when the one before is through. */
static uint64_t departure(struct source *s, const struct world *w)
{
    uint64_t now = amdvi_timed_now(w->timed), begins = s->link_free > now ? s->link_free : now;

    if (!s->l->rate)
        return now;
    s->link_free = begins + s->l->bytes * 8000 / s->l->rate;
    return begins;
}

static void send(struct source *s, struct world *w)
{
    const struct workload *l = s->l;
    struct amdvi_request request = {.device = (uint16_t)(FIRST_DEVICE + s->sent % l->devices),
                                    .op = AMDVI_READ,
                                    .has_pasid = l->tables == TABLES_BOTH,
                                    .pasid = l->tables == TABLES_BOTH,
                                    .length = l->bytes};

    request.address = IOVA + next_page(s, w) * PAGE_BYTES;
    s->left--;
    w->failed |= amdvi_timed_request(w->timed, departure(s, w), (unsigned)(s->sent++ % s->ports), &request,
                                     0) != AMDVI_OK;
}

static void on_end(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct source *s = context;

    if (c->what->kind == AMDVI_SUBMITTED_REQUEST && s->left)
        send(s, w);
}

static void run_requests(struct world *w, struct source *s, uint64_t count)
{
    s->left = count;
    w->context = s;
    w->complete = on_end;
    for (uint64_t i = 0; i < s->l->outstanding && s->left; i++)
        send(s, w);
    w->failed |=
        amdvi_timed_run(w->timed, AMDVI_TIMED_NEVER) != AMDVI_OK || amdvi_timed_pending(w->timed) != 0;
    w->complete = NULL;
}

/* ---------------------------------------------------------------- metrics */

void metric_add(struct experiment_result *r, const char *name, double value)
{
    if (r->count == EXPERIMENT_METRICS)
        return;
    snprintf(r->metrics[r->count].name, sizeof(r->metrics[0].name), "%s", name);
    r->metrics[r->count++].value = value;
}

static void add_latencies(struct experiment_result *r, const struct amdvi_timed *timed,
                          enum amdvi_timed_histogram which, const char *name)
{
    static const struct {
        const char *name;
        uint32_t ppm;
    } shares[] = {{"p50", 500000},   {"p90", 900000},    {"p99", 990000},
                  {"p99_9", 999000}, {"p99_99", 999900}, {"max", 1000000}};
    char text[EXPERIMENT_TEXT];
    uint64_t count, ps;
    double mean;

    amdvi_timed_mean(timed, which, &count, &mean);
    snprintf(text, sizeof(text), "%s_mean_ns", name);
    metric_add(r, text, mean / 1e3);
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        amdvi_timed_percentile(timed, which, shares[i].ppm, &ps);
        snprintf(text, sizeof(text), "%s_%s_ns", name, shares[i].name);
        metric_add(r, text, (double)ps / 1e3);
    }
}

static double per(uint64_t count, uint64_t of)
{
    return of ? (double)count / (double)of : 0;
}

static void add_counts(struct experiment_result *r, const struct amdvi_timed_statistics *s,
                       const struct amdvi_timed *timed)
{
    uint64_t requests = s->completed - s->dropped, time = s->now - s->since;

    add_latencies(r, timed, AMDVI_TIMED_ALL_REQUESTS, "latency");
    add_latencies(r, timed, AMDVI_TIMED_MEMORY, "memory");
    metric_add(r, "time_us", (double)time / 1e6);
    metric_add(r, "dropped", (double)s->dropped);
    metric_add(r, "l1_hits_share", per(s->requests[AMDVI_TIMED_L1], requests));
    metric_add(r, "l2_answers_share", per(s->requests[AMDVI_TIMED_L2], requests));
    metric_add(r, "walked_share", per(s->requests[AMDVI_TIMED_WALK], requests));
    metric_add(r, "table_reads_per_request", per(s->asks[AMDVI_TIMED_TABLES], requests));
    metric_add(r, "merged_lines_per_request", per(s->merged_lines, requests));
    metric_add(r, "merged_pages_per_request", per(s->merged_pages, requests));
    metric_add(r, "port_wait_mean_ns", per(s->port_wait_ps, requests) / 1e3);
    metric_add(r, "walker_wait_mean_ns", per(s->walker_wait_ps, s->walks) / 1e3);
    metric_add(r, "walkers_busy_mean", per(s->walker_busy_ps, time));
    metric_add(r, "credit_wait_mean_ns",
               per(s->credit_wait_ps[AMDVI_TIMED_TABLES], s->asks[AMDVI_TIMED_TABLES]) / 1e3);
    metric_add(r, "table_reads_busy_mean", per(s->busy_ps[AMDVI_TIMED_TABLES], time));
    metric_add(r, "l2a_stolen_share", per(s->stolen_l2a_ps, time));
    metric_add(r, "commands", (double)s->commands);
    metric_add(r, "flush_wait_us", (double)s->flush_wait_ps / 1e6);
}

bool workload_requests(struct world *w, const struct experiment *e, struct experiment_result *r)
{
    struct source s = {.l = &e->workload};
    struct amdvi_timed_statistics after;
    uint64_t ports = 0;

    map_tables(w, s.l);
    amdvi_timed_get(&w->parameters, "l1.ports", &ports);
    s.ports = (unsigned)(s.l->ports < ports ? s.l->ports : ports);
    run_requests(w, &s, e->warm_up);
    amdvi_timed_restart(w->timed);
    run_requests(w, &s, e->length);
    amdvi_timed_get_statistics(w->timed, &after);
    metric_add(r, "throughput_gbps",
               per((after.completed - after.dropped) * s.l->bytes * 8000, after.now - after.since));
    metric_add(r, "requests_m_per_s",
               per((after.completed - after.dropped) * 1000000, after.now - after.since));
    add_counts(r, &after, w->timed);
    return !w->failed && !w->faults;
}

/* ---------------------------------------------------------------- unmaps */

static void invalidate(struct world *w, const struct workload *l, uint64_t page)
{
    if (!l->ranged)
        world_invalidate_page(w, DOMAIN, IOVA + page * PAGE_BYTES, !l->keep_directories);
}

/* Pages are used and unmapped; the wait behind a batch holds everything up. */
static double run_unmaps(struct world *w, struct source *s, uint64_t count)
{
    const struct workload *l = s->l;
    uint64_t flushes = 0, took = 0;

    for (uint64_t i = 1; i <= count && !w->failed; i++) {
        uint64_t page = next_page(s, w);
        world_read(w, FIRST_DEVICE, IOVA + page * PAGE_BYTES);
        invalidate(w, l, page);
        if (i % l->batch && i != count)
            continue;
        if (l->ranged)
            world_invalidate_domain(w, DOMAIN);
        took += world_ring(w);
        flushes++;
    }
    return per(took, flushes) / 1e3;
}

bool workload_unmaps(struct world *w, const struct experiment *e, struct experiment_result *r)
{
    struct source s = {.l = &e->workload};
    struct amdvi_timed_statistics after;
    double flush;

    if (s.l->tables != TABLES_HOST)
        return false;
    map_tables(w, s.l);
    run_unmaps(w, &s, e->warm_up);
    amdvi_timed_restart(w->timed);
    flush = run_unmaps(w, &s, e->length);
    amdvi_timed_get_statistics(w->timed, &after);
    metric_add(r, "flush_mean_ns", flush);
    metric_add(r, "page_mean_ns", per(after.now - after.since, e->length) / 1e3);
    add_counts(r, &after, w->timed);
    return !w->failed && !w->faults;
}

/* ---------------------------------------------------------------- guests */

bool workload_guests(struct world *w, const struct experiment *e, struct experiment_result *r)
{
    const struct workload *l = &e->workload;
    double trapped = guests_trapped(w, (unsigned)l->processors, (unsigned)e->length, l->period);
    double direct = guests_direct(w, (unsigned)l->processors, (unsigned)e->length, l->period);

    metric_add(r, "trapped_mean_us", trapped);
    metric_add(r, "direct_mean_us", direct);
    metric_add(r, "saved_percent", 100 * (1 - direct / trapped));
    return trapped > 0 && direct > 0;
}

/* ---------------------------------------------------------------- all of them */

static bool open_world(struct world *w, const struct experiment *e)
{
    const char *keys[2 * EXPERIMENT_KEYS + 1] = {NULL};

    for (unsigned i = 0; i < e->key_count; i++) {
        keys[2 * i] = e->keys[i][0];
        keys[2 * i + 1] = e->keys[i][1];
    }
    return world_open_with(w, keys, &e->parameters, e->seed);
}

bool experiment_run(const struct experiment *e, struct experiment_result *result, char *error, size_t size)
{
    struct world w;
    bool good;

    *result = (struct experiment_result){0};
    good = open_world(&w, e);
    if (good && e->workload.kind == WORKLOAD_REQUESTS)
        good = workload_requests(&w, e, result);
    else if (good && e->workload.kind == WORKLOAD_UNMAPS)
        good = workload_unmaps(&w, e, result);
    else if (good)
        good = workload_guests(&w, e, result);
    if (!good)
        snprintf(error, size,
                 "it could not be run: no memory, or a request faulted or failed with these settings");
    world_close(&w);
    return good;
}

const struct metric *experiment_metric(const struct experiment_result *result, const char *name)
{
    for (unsigned i = 0; i < result->count; i++) {
        const char *a = result->metrics[i].name, *b = name;
        while (*a && *a == *b)
            a++, b++;
        if (*a == *b)
            return &result->metrics[i];
    }
    return NULL;
}
