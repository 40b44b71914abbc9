// SPDX-License-Identifier: Apache-2.0
/* What an experiment does, and what comes out of it. */
#include "testbench/studies/workload.h"
#include "testbench/studies/ledger.h"
#include "testbench/studies/watch.h"

#include <stdio.h>

enum { FIRST_DEVICE = 0x100, DOMAIN = 5, PAGE_BYTES = 4096 };
#define IOVA UINT64_C(0x40000000)
#define DATA UINT64_C(0x3000000)

unsigned workload_shift(const struct workload *l)
{
    static const unsigned shifts[] = {[PAGE_4K] = SHIFT_4K, [PAGE_2M] = SHIFT_2M, [PAGE_1G] = SHIFT_1G};

    return shifts[l->page];
}

/* ---------------------------------------------------------------- tables */

static void map_host(struct world *w, const struct workload *l)
{
    uint64_t root = world_page(w), step = UINT64_C(1) << workload_shift(l);

    for (uint64_t at = 0; at < l->pages * PAGE_BYTES; at += step)
        world_host_map(w, root, (unsigned)l->host_levels, IOVA + at, l->page == PAGE_4K ? DATA : 0,
                       workload_shift(l));
    for (unsigned i = 0; i < l->devices; i++)
        world_dte_host(w, (uint16_t)(FIRST_DEVICE + i), DOMAIN, (unsigned)l->host_levels, root);
}

static void map_both(struct world *w, const struct workload *l)
{
    struct nested n = {.host_levels = (unsigned)l->host_levels,
                       .guest_levels = (unsigned)l->guest_levels,
                       .glx = (unsigned)l->glx,
                       .host_shift = workload_shift(l)};
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

/* Each device may ask by ATS (iommu 3.1). */
static void allow_ats(struct world *w, const struct workload *l)
{
    for (unsigned i = 0; i < l->devices; i++)
        world_dte_set(w, (uint16_t)(FIRST_DEVICE + i), PLACE_DTE_I, 1);
}

static void map_tables(struct world *w, const struct workload *l)
{
    if (l->tables == TABLES_BOTH)
        map_both(w, l);
    else
        map_host(w, l);
    if (l->atc)
        allow_ats(w, l);
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
    s->link_free = begins + workload_link_time(s->l->bytes, s->l->rate);
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

    enum amdvi_status (*submit)(struct amdvi_timed *, uint64_t, unsigned, const struct amdvi_request *,
                                uint64_t) = l->atc ? amdvi_timed_atc_request : amdvi_timed_request;

    request.address = IOVA + next_page(s, w) * PAGE_BYTES;
    s->left--;
    w->failed |= submit(w->timed, departure(s, w), (unsigned)(s->sent++ % s->ports), &request, 0) != AMDVI_OK;
}

static void on_end(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct source *s = context;

    if (c->what->kind != AMDVI_SUBMITTED_REQUEST)
        return;
    watch_one(w->watch);
    if (s->left)
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

/* ---------------------------------------------------------------- requests, from first to last */

static bool run_and_report(struct world *w, const struct experiment *e, struct experiment_result *r)
{
    struct source s = {.l = &e->workload, .ports = workload_ports(e)};
    struct amdvi_timed_statistics after;

    map_tables(w, s.l);
    run_requests(w, &s, e->warm_up);
    world_restart(w);
    run_requests(w, &s, e->length);
    amdvi_timed_get_statistics(w->timed, &after);
    metric_add(r, "throughput_gbps",
               metric_per((after.completed - after.dropped) * s.l->bytes * 8000, after.now - after.since));
    metric_add(r, "requests_m_per_s",
               metric_per((after.completed - after.dropped) * 1000000, after.now - after.since));
    metric_add_world(r, w);
    return !w->failed && !w->faults;
}

bool workload_requests(const struct experiment *e, struct experiment_result *r)
{
    struct world w;
    bool good = workload_world(&w, e) && run_and_report(&w, e, r);

    world_close(&w);
    return good;
}

/* ---------------------------------------------------------------- unmaps */

static void invalidate(struct world *w, const struct workload *l, uint64_t page)
{
    for (uint64_t i = 0; i < l->domains && !l->ranged; i++)
        world_invalidate_page(w, (uint16_t)(DOMAIN + i), IOVA + page * PAGE_BYTES, !l->keep_directories);
}

/* ranged: a command a domain instead, for all pages of the batch. */
static void invalidate_all(struct world *w, const struct workload *l)
{
    for (uint64_t i = 0; i < l->domains && l->ranged; i++)
        world_invalidate_domain(w, (uint16_t)(DOMAIN + i));
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
        watch_one(w->watch);
        if (i % l->batch && i != count)
            continue;
        invalidate_all(w, l);
        took += world_ring(w);
        flushes++;
    }
    return metric_per(took, flushes) / 1e3;
}

static bool unmap_and_report(struct world *w, const struct experiment *e, struct experiment_result *r)
{
    struct source s = {.l = &e->workload};
    struct amdvi_timed_statistics after;
    double flush;

    map_tables(w, s.l);
    run_unmaps(w, &s, e->warm_up);
    world_restart(w);
    flush = run_unmaps(w, &s, e->length);
    amdvi_timed_get_statistics(w->timed, &after);
    metric_add(r, "flush_mean_ns", flush);
    metric_add(r, "page_mean_ns", metric_per(after.now - after.since, e->length) / 1e3);
    metric_add_world(r, w);
    return !w->failed && !w->faults;
}

bool workload_unmaps(const struct experiment *e, struct experiment_result *r)
{
    struct world w;
    bool good = workload_world(&w, e) && unmap_and_report(&w, e, r);

    world_close(&w);
    return good;
}

/* ---------------------------------------------------------------- all of them */

bool experiment_run(const struct experiment *e, struct experiment_result *result, char *error, size_t size)
{
    static workload_run *const runs[] = {
        [WORKLOAD_REQUESTS] = workload_requests, [WORKLOAD_UNMAPS] = workload_unmaps,
        [WORKLOAD_GUESTS] = workload_guests,     [WORKLOAD_NIC] = workload_nic,
        [WORKLOAD_NVME] = workload_nvme,         [WORKLOAD_TENANTS] = workload_tenants,
        [WORKLOAD_STORM] = workload_storm,       [WORKLOAD_FLOOD] = workload_flood,
        [WORKLOAD_SWEEP] = workload_sweep,       [WORKLOAD_REPLAY] = workload_replay,
        [WORKLOAD_DIRTY] = workload_dirty,       [WORKLOAD_PAGE_REQUESTS] = workload_page_requests};
    size_t field;

    *result = (struct experiment_result){0};
    if (!experiment_check(e, &field, error, size))
        return false;
    watch_begin(e);
    if (!metrics_judge(result, runs[e->workload.kind](e, result), error, size))
        return false;
    if (e->ledger)
        result->details = e->ledger->details;
    return true;
}
