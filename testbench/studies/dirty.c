// SPDX-License-Identifier: Apache-2.0
/*
 * Dirty bits as a migration reads them: a device writes pages, drawn at random; the host then reads and
 * clears the bit of every page, invalidates in the domain of each nested guest that shares the tables (those
 * pages that were dirty, or all by one command), and waits. What is still cached would not set its bit again
 * (iommu 4.5), so each sweep makes the device walk anew.
 */
#include "testbench/studies/watch.h"
#include "testbench/studies/workload.h"

enum { DEVICE = 0x100, DOMAIN = 5, PAGE_BYTES = 4096, RING_COMMANDS = 1 << 14 };
#define IOVA UINT64_C(0x40000000)
#define DATA UINT64_C(0x3000000)

struct migration {
    const struct workload *l;
    struct world w;
    uint64_t root, left, sent;
    unsigned ports;
    uint32_t commands; /* in the ring that nobody has waited for */
    /* Since warm-up. */
    uint64_t dirty, sweeps, flush_ps, sweep_ps;
};

static uint64_t address_of(uint64_t page)
{
    return IOVA + page * PAGE_BYTES;
}

/* HAD=3: the device sets accessed and dirty bits of host tables (iommu 3.1). */
static void make_tables(struct migration *m)
{
    enum { MODE = 4 };

    m->root = world_page(&m->w);
    for (uint64_t i = 0; i < m->l->pages; i++)
        world_host_map(&m->w, m->root, MODE, address_of(i), DATA, SHIFT_4K);
    world_dte_host(&m->w, DEVICE, DOMAIN, MODE, m->root);
    world_dte_set(&m->w, DEVICE, PLACE_DTE_HAD, 3);
}

/* ---------------------------------------------------------------- the device */

static void write_page(struct migration *m)
{
    struct world *w = &m->w;
    struct amdvi_request request = {
        .device = DEVICE, .op = AMDVI_WRITE, .address = address_of(world_draw(w, m->l->pages)), .length = 64};
    unsigned port = (unsigned)(m->sent++ % m->ports);

    m->left--;
    w->failed |= amdvi_timed_request(w->timed, amdvi_timed_now(w->timed), port, &request, 0) != AMDVI_OK;
}

static void written(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct migration *m = context;

    (void)w;
    if (c->what->kind == AMDVI_SUBMITTED_REQUEST && m->left)
        write_page(m);
}

static void write_pages(struct migration *m)
{
    m->left = m->l->writes;
    for (uint64_t i = 0; i < m->l->outstanding && m->left; i++)
        write_page(m);
    m->w.failed |= amdvi_timed_run(m->w.timed, AMDVI_TIMED_NEVER) != AMDVI_OK;
}

/* ---------------------------------------------------------------- the host */

/* Commands that would not fit into the ring wait for those before them. */
static void wait_for_room(struct migration *m)
{
    if (m->commands++ < RING_COMMANDS)
        return;
    m->flush_ps += world_ring(&m->w);
    m->commands = 1;
}

static void invalidate(struct migration *m, uint64_t page)
{
    for (uint64_t i = 0; i < m->l->domains; i++) {
        wait_for_room(m);
        world_invalidate_page(&m->w, (uint16_t)(DOMAIN + i), address_of(page), true);
    }
}

static void invalidate_all(struct migration *m)
{
    for (uint64_t i = 0; i < m->l->domains; i++) {
        wait_for_room(m);
        world_invalidate_domain(&m->w, (uint16_t)(DOMAIN + i));
    }
}

static bool take_dirty(struct migration *m, uint64_t page)
{
    enum { MODE = 4 };
    uint64_t at = world_host_entry(&m->w, m->root, MODE, address_of(page)), entry = world_peek(&m->w, at);

    bool dirty = place_get(&m->w.places, PLACE_HOST_DIRTY, &entry);

    place_set(&m->w.places, PLACE_HOST_DIRTY, &entry, 0);
    world_poke(&m->w, at, entry);
    return dirty;
}

static void sweep(struct migration *m)
{
    uint64_t began = amdvi_timed_now(m->w.timed), scan = m->l->pages * m->l->scan_cost * 1000;

    m->w.failed |= amdvi_timed_run(m->w.timed, began + scan) != AMDVI_OK;
    for (uint64_t page = 0; page < m->l->pages && !m->w.failed; page++) {
        bool dirty = take_dirty(m, page);
        m->dirty += dirty;
        if (dirty && !m->l->ranged)
            invalidate(m, page);
    }
    if (m->l->ranged)
        invalidate_all(m);
    m->flush_ps += world_ring(&m->w);
    m->commands = 0;
    m->sweeps++;
    m->sweep_ps += amdvi_timed_now(m->w.timed) - began;
}

/* ---------------------------------------------------------------- from first to last */

static void run(struct migration *m, uint64_t sweeps)
{
    m->w.context = m;
    m->w.complete = written;
    m->dirty = m->sweeps = m->flush_ps = m->sweep_ps = 0;
    for (uint64_t i = 0; i < sweeps && !m->w.failed; i++) {
        write_pages(m);
        sweep(m);
        watch_one(m->w.watch);
    }
}

static void report(struct migration *m, struct experiment_result *r)
{
    metric_add(r, "flush_mean_ns", metric_per(m->flush_ps, m->sweeps) / 1e3);
    metric_add(r, "sweep_mean_us", metric_per(m->sweep_ps, m->sweeps) / 1e6);
    metric_add(r, "dirty_pages_mean", metric_per(m->dirty, m->sweeps));
    metric_add_world(r, &m->w);
}

bool workload_dirty(const struct experiment *e, struct experiment_result *r)
{
    struct migration m = {.l = &e->workload, .ports = workload_ports(e)};
    bool good = workload_world(&m.w, e);

    if (good) {
        make_tables(&m);
        run(&m, e->warm_up);
        world_restart(&m.w);
        run(&m, e->length);
        report(&m, r);
        good = !m.w.failed && !m.w.faults;
    }
    world_close(&m.w);
    return good;
}
