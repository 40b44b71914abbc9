// SPDX-License-Identifier: Apache-2.0
/*
 * Bursts of page requests into the device's log, and the driver that reads it: interrupted at the first
 * entry, or when the log holds `threshold` entries (overflow early indicator, iommu 2.8), in any case when it
 * is full, and once a period. What comes while the log is full, or until it has been started again, is lost
 * (iommu 7.7).
 */
#include "testbench/studies/scene.h"
#include "testbench/studies/times.h"
#include "testbench/studies/workload.h"

#include <stdlib.h>

enum {
    DEVICE = 0x100,
    DOMAIN = 5,
    PASID = 1,
    PAGE_BYTES = 4096,
    ENTRY_BYTES = 16,
    PS_PER_US = 1000000,
    PS_PER_NS = 1000,
};
#define IOVA UINT64_C(0x40000000)

/* What the driver reads and writes with every request: offsets of registers, bits of the status (iommu 2.7).
 */
struct known {
    uint64_t control, status, head, tail;
    uint64_t overflow, written, early;
};

struct pressure {
    struct known at;
    const struct workload *l;
    struct scene m;
    uint64_t control;
    uint32_t head, tail; /* entries, as the driver knows them */
    bool awake;          /* the driver: interrupted, or at work */
    uint64_t left;       /* of the burst */
    uint64_t *sent_at;   /* of each entry of the log, ps */
    uint64_t sent, logged, stop_at;
    /* Since warm-up. */
    uint64_t counted, lost, overflows, wakes, most, began;
    struct times answer;
};

static struct world *world_of(struct pressure *p)
{
    return scene_world(&p->m, 0);
}

static uint32_t entries(const struct pressure *p)
{
    return 1u << p->l->log2_log;
}

static uint64_t read_register(struct pressure *p, uint64_t offset)
{
    uint64_t value = 0;

    p->m.failed |= amdvi_mmio_read(world_of(p)->device, offset, 8, &value) != AMDVI_OK;
    return value;
}

static void write_register(struct pressure *p, uint64_t offset, uint64_t value)
{
    p->m.failed |= amdvi_mmio_write(world_of(p)->device, offset, 8, value) != AMDVI_OK;
}

/* ---------------------------------------------------------------- the device */

static void ask(struct pressure *p)
{
    const struct amdvi_page_request request = {.device = DEVICE,
                                               .has_pasid = true,
                                               .pasid = PASID,
                                               .read = true,
                                               .last = true,
                                               .prg_index = (uint16_t)(p->sent % 512),
                                               .address = IOVA + p->sent % 65536 * PAGE_BYTES};
    struct world *w = world_of(p);

    p->left--;
    p->sent++;
    p->m.failed |= amdvi_timed_page_request(w->timed, p->m.now, 0, &request, 0) != AMDVI_OK;
}

static void burst(void *self, uint64_t argument)
{
    struct pressure *p = self;
    uint64_t period = p->l->period * PS_PER_US;

    (void)argument;
    scene_put(&p->m, p->m.now + period / 2 + world_draw(world_of(p), period), burst, p, 0);
    if (!p->left) {
        p->left = p->l->burst;
        ask(p);
    } else {
        p->left += p->l->burst;
    }
}

/* ---------------------------------------------------------------- the driver */

static void handle(void *self, uint64_t argument);

static void wake(struct pressure *p)
{
    if (p->awake)
        return;
    p->awake = true;
    p->wakes++;
    scene_put(&p->m, p->m.now + p->l->reaction * PS_PER_US, handle, p, 0);
}

/* What the device tells: by the first entry, by the early indicator, or that the log is full. */
static void look_at_status(struct pressure *p)
{
    uint64_t told = p->at.overflow | (p->l->threshold ? p->at.early : p->at.written);

    if (read_register(p, p->at.status) & told)
        wake(p);
}

/* Entries are handled one by one, and their place is given back. */
static void handled(void *self, uint64_t argument)
{
    struct pressure *p = self;

    (void)argument;
    times_add(&p->answer, p->m.now - p->sent_at[p->head]);
    p->head = (p->head + 1) % entries(p);
    write_register(p, p->at.head, (uint64_t)p->head * ENTRY_BYTES);
    handle(p, 0);
}

/* PPRLogEn off, PprOverflow written 1, PPRLogEn on; pointers as they are (iommu 7.1). */
static void start_again(struct pressure *p)
{
    uint64_t stopped = p->control;

    p->overflows++;
    place_set(&world_of(p)->places, PLACE_CONTROL_PPR_LOG, &stopped, 0);
    write_register(p, p->at.control, stopped);
    write_register(p, p->at.status, p->at.overflow);
    write_register(p, p->at.control, p->control);
}

static void handle(void *self, uint64_t argument)
{
    struct pressure *p = self;
    uint32_t used;

    (void)argument;
    write_register(p, p->at.status, p->at.written | p->at.early);
    p->tail = (uint32_t)read_register(p, p->at.tail) / ENTRY_BYTES;
    used = (p->tail - p->head) % entries(p);
    p->most = used > p->most ? used : p->most;
    if (used) {
        scene_put(&p->m, p->m.now + p->l->record_cost * PS_PER_NS, handled, p, 0);
        return;
    }
    if (read_register(p, p->at.status) & p->at.overflow)
        start_again(p);
    p->awake = false;
}

/* Nothing lies there for ever. */
static void poll(void *self, uint64_t argument)
{
    struct pressure *p = self;

    (void)argument;
    scene_put(&p->m, p->m.now + p->l->period * PS_PER_US, poll, p, 0);
    if (read_register(p, p->at.tail) / ENTRY_BYTES != p->head)
        wake(p);
}

/* The next request follows when this one has ended. */
static void ended(struct pressure *p, const struct amdvi_timed_completion *c)
{
    p->counted++;
    scene_operation(&p->m);
    if (c->what->page_request && c->what->page_request->ok)
        p->sent_at[p->logged++ % entries(p)] = c->submitted;
    else
        p->lost++;
    look_at_status(p);
    if (p->left)
        ask(p);
}

static void completed(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct pressure *p = context;

    (void)w;
    p->m.now = c->done;
    if (c->what->kind == AMDVI_SUBMITTED_PAGE_REQUEST)
        ended(p, c);
}

/* ---------------------------------------------------------------- from first to last */

static void make_tables(struct pressure *p)
{
    struct nested n = {.host_levels = 4, .guest_levels = 4, .host_shift = SHIFT_4K};
    struct world *w = world_of(p);

    world_nested(w, &n);
    world_pasid(w, &n, PASID);
    world_dte_nested(w, DEVICE, DOMAIN, &n);
    world_dte_set(w, DEVICE, PLACE_DTE_PPR, 1); /* it may send page requests (iommu 3.1) */
}

static uint64_t bit(struct pressure *p, enum place place)
{
    const enum place list[] = {place, PLACES};

    return place_bits(&world_of(p)->places, list);
}

static void get_to_know(struct pressure *p)
{
    p->at = (struct known){.control = place_register("control"),
                           .status = place_register("status"),
                           .head = place_register("ppr_head"),
                           .tail = place_register("ppr_tail"),
                           .overflow = bit(p, PLACE_STATUS_PPR_OVERFLOW),
                           .written = bit(p, PLACE_STATUS_PPR_INT),
                           .early = bit(p, PLACE_STATUS_PPR_EARLY)};
}

/* The log in as many pages as it takes. */
static uint64_t log_base(struct pressure *p)
{
    uint64_t base = 0;

    place_set(&world_of(p)->places, PLACE_PPR_BASE, &base, world_page(world_of(p)));
    place_set(&world_of(p)->places, PLACE_PPR_LEN, &base, p->l->log2_log);
    for (uint64_t at = PAGE_BYTES; at < (uint64_t)entries(p) * ENTRY_BYTES; at += PAGE_BYTES)
        world_page(world_of(p));
    return base;
}

static void start_log(struct pressure *p)
{
    static const enum place on[] = {PLACE_CONTROL_PPR_LOG, PLACE_CONTROL_PPR_INT, PLACE_CONTROL_PPR, PLACES};
    const struct places *places = &world_of(p)->places;
    uint64_t early = bit(p, PLACE_EARLY_EN) | bit(p, PLACE_EARLY_INT);

    world_register_write(world_of(p), "ppr_base", log_base(p));
    place_set(places, PLACE_EARLY_THRESHOLD, &early, p->l->threshold);
    if (p->l->threshold)
        world_register_write(world_of(p), "ppr_overflow_early", early);
    p->control = read_register(p, p->at.control) | place_bits(places, on);
    write_register(p, p->at.control, p->control);
}

static bool make(struct pressure *p, const struct experiment *e)
{
    p->l = &e->workload;
    p->sent_at = calloc(entries(p), sizeof(*p->sent_at));
    if (!scene_open(&p->m, e, 1) || !p->sent_at)
        return false;
    world_of(p)->context = p;
    world_of(p)->complete = completed;
    get_to_know(p);
    make_tables(p);
    start_log(p);
    scene_put(&p->m, 0, burst, p, 0);
    scene_put(&p->m, 0, poll, p, 0);
    return scene_good(&p->m);
}

static void run(struct pressure *p, uint64_t requests)
{
    p->stop_at = p->counted + requests;
    while (p->counted < p->stop_at && scene_next(&p->m))
        ;
}

static void restart(struct pressure *p)
{
    scene_restart(&p->m);
    times_restart(&p->answer);
    p->counted = p->lost = p->overflows = p->wakes = p->most = 0;
    p->began = p->m.now;
}

static void report(struct pressure *p, struct experiment_result *r)
{
    uint64_t time = p->m.now - p->began;

    metric_add(r, "lost_share", metric_per(p->lost, p->counted));
    metric_add(r, "overflows_per_s", metric_per(p->overflows * UINT64_C(1000000000000), time));
    metric_add(r, "wakes_per_thousand", metric_per(p->wakes * 1000, p->counted));
    metric_add(r, "log_most_entries", (double)p->most);
    times_report(&p->answer, r, "answer");
    metric_add_scene(r, &p->m);
}

bool workload_page_requests(const struct experiment *e, struct experiment_result *r)
{
    struct pressure p = {0};
    bool good = make(&p, e);

    if (good) {
        run(&p, e->warm_up);
        restart(&p);
        run(&p, e->length);
        report(&p, r);
        good = scene_good(&p.m) && p.counted >= e->length && !p.answer.failed;
    }
    free(p.sent_at);
    times_free(&p.answer);
    scene_close(&p.m);
    return good;
}
