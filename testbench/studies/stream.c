// SPDX-License-Identifier: Apache-2.0
/* V2 to V5: the page-serial stream of F&S (SOSP'24), and the bound by Little's law. */
#include "testbench/studies/rows.h"

#include <math.h>

enum { DEVICE = 0x10, DOMAIN = 5, MODE = 4, PAGE_BYTES = 4096, PER_DESCRIPTOR = 64 };
#define DATA    UINT64_C(0x3000000)
#define L0_PS   UINT64_C(65000)
#define IOVA    UINT64_C(0x40000000)
#define IOVA_2M (UINT64_C(1) << 21)

static double gbps(uint64_t bytes, uint64_t ps)
{
    return ps ? (double)bytes * 8e3 / (double)ps : 0;
}

static void think(struct world *w, uint64_t ps)
{
    amdvi_timed_run(w->timed, amdvi_timed_now(w->timed) + ps);
}

/* No time but memory's; PTC of one line, so that every request walks, and directories that are never used
 * again. */
static const char *const walking[] = {"ptc.log2_entries", "0",   "ptc.ways", "1", "pdc.log2_entries", "7",
                                      "cache.policy",     "lru", NULL};

/* ---------------------------------------------------------------- V2: reads a page and throughput */

struct mix {
    double requests, level3, level2,
        level1; /* misses a page: IOTLB, and caches of directories from the leaf up */
};

struct cursor {
    uint64_t top, gigabyte, two_megabytes, page;
};

/* A page whose directories are known down to a level: `missing` of them are not. */
static uint64_t next_address(struct cursor *c, unsigned missing)
{
    if (missing == 3) {
        c->top++;
        c->gigabyte = c->two_megabytes = c->page = 0;
    } else if (missing == 2) {
        c->gigabyte++;
        c->two_megabytes = c->page = 0;
    } else if (missing == 1) {
        c->two_megabytes++;
        c->page = 0;
    }
    c->page++;
    return (c->top % 511 << 39) | (c->gigabyte % 512 << 30) | (c->two_megabytes % 512 << 21) |
           (c->page % 512 << 12);
}

static unsigned draw_missing(struct world *w, const struct mix *m)
{
    double at = (double)world_draw(w, 1000000) / 1e6 * m->requests;

    return at < m->level1 ? 3 : at < m->level2 ? 2 : at < m->level3 ? 1 : 0;
}

/* A miss of a cache includes those of the ones below it: one read more each. */
static void stream_page(struct world *w, struct cursor *c, const struct mix *m)
{
    uint64_t whole = (uint64_t)m->requests;
    double rest = m->requests - (double)whole;

    think(w, L0_PS);
    for (uint64_t i = 0; i < whole; i++)
        world_read(w, DEVICE, next_address(c, draw_missing(w, m)));
    if (rest > 0 && (double)world_draw(w, 1000000) < rest * 1e6)
        world_read(w, DEVICE, next_address(c, draw_missing(w, m)));
}

static double run_stream(struct validation_outcome *o, const struct mix *m, double *reads)
{
    unsigned pages = (unsigned)row_setting(o, "pages");
    struct cursor c = {0};
    struct world w;
    uint64_t from = 0, to = 0;

    if (world_open(&w, walking, "fands24", NULL)) {
        world_dte_host(&w, DEVICE, DOMAIN, MODE, world_host_everything(&w, MODE, DATA));
        world_read(&w, DEVICE, 0);
        from = amdvi_timed_now(w.timed);
        w.reads = 0;
        for (unsigned i = 0; i < pages; i++)
            stream_page(&w, &c, m);
        to = amdvi_timed_now(w.timed);
    }
    o->ran &= !w.failed && !w.faults;
    *reads = (double)w.reads / pages;
    world_close(&w);
    return gbps((uint64_t)pages * PAGE_BYTES, to - from);
}

void row_stream(struct validation_outcome *o)
{
    const struct mix five = {row_setting(o, "iotlb_5"), row_setting(o, "level3_5"),
                             row_setting(o, "level2_5"), row_setting(o, "level1_5")};
    const struct mix forty = {row_setting(o, "iotlb_40"), row_setting(o, "level3_40"),
                              row_setting(o, "level2_40"), row_setting(o, "level1_40")};
    double reads5, reads40, five_flows, forty_flows;

    five_flows = run_stream(o, &five, &reads5);
    forty_flows = run_stream(o, &forty, &reads40);
    row_metric(o, "five_flows_gbps", five_flows);
    row_metric(o, "forty_flows_gbps", forty_flows);
    row_metric(o, "five_flows_reads_per_page", reads5);
    row_metric(o, "forty_flows_reads_per_page", reads40);
    SAY(o, "%.1f Gb/s at %.2f reads a page; %.1f Gb/s at %.2f", five_flows, reads5, forty_flows, reads40);
}

/* ---------------------------------------------------------------- V3: directories that stay */

struct way {
    bool keep, contiguous, ranged; /* PDE=0; IOVAs in a row; one invalidation a descriptor */
};

struct flow {
    double reads, gbps, per_page;
};

static uint64_t iova_of(struct world *w, const struct way *way, uint64_t page)
{
    return way->contiguous ? IOVA + page % 65536 * PAGE_BYTES
                           : IOVA + world_draw(w, 1 << 18) * 512 * PAGE_BYTES;
}

static void unmap_descriptor(struct world *w, const struct way *way, const uint64_t *pages)
{
    if (way->ranged)
        world_invalidate_range(w, DOMAIN, pages[0], PER_DESCRIPTOR, !way->keep);
    for (unsigned i = 0; !way->ranged && i < PER_DESCRIPTOR; i++)
        world_invalidate_page(w, DOMAIN, pages[i], !way->keep);
    world_ring(w);
}

/* The queue is emptied beside the stream: its time does not count, its effect on the caches does. */
static void flow_descriptor(struct world *w, const struct way *way, uint64_t number, uint64_t *busy)
{
    uint64_t pages[PER_DESCRIPTOR], from = amdvi_timed_now(w->timed);

    for (unsigned i = 0; i < PER_DESCRIPTOR; i++) {
        pages[i] = iova_of(w, way, number * PER_DESCRIPTOR + i);
        think(w, L0_PS);
        world_read(w, DEVICE, pages[i]);
    }
    *busy += amdvi_timed_now(w->timed) - from;
    unmap_descriptor(w, way, pages);
}

static struct flow run_flow(struct validation_outcome *o, const struct way *way)
{
    unsigned descriptors = (unsigned)row_setting(o, "descriptors");
    static const char *const keys[] = {"ptc.log2_entries", "7", "pdc.log2_entries", "7", NULL};
    struct amdvi_statistics before = {0}, after = {0};
    struct flow flow = {0};
    uint64_t busy = 0;
    struct world w;

    if (world_open(&w, keys, "fands24", NULL)) {
        world_dte_host(&w, DEVICE, DOMAIN, MODE, world_host_everything(&w, MODE, DATA));
        flow_descriptor(&w, way, 0, &busy);
        w.reads = busy = 0;
        amdvi_get_statistics(w.device, &before);
        for (unsigned i = 1; i <= descriptors; i++)
            flow_descriptor(&w, way, i, &busy);
        amdvi_get_statistics(w.device, &after);
        flow.per_page = (double)(after.invalidations - before.invalidations) / descriptors / PER_DESCRIPTOR;
        flow.reads = (double)w.reads / descriptors / PER_DESCRIPTOR;
        flow.gbps = gbps((uint64_t)descriptors * PER_DESCRIPTOR * PAGE_BYTES, busy);
    }
    o->ran &= !w.failed && !w.faults;
    world_close(&w);
    return flow;
}

/* The link of F&S' machines. */
static double on_link(struct validation_outcome *o, double value)
{
    double link = row_setting(o, "link_gbps");

    return value < link ? value : link;
}

/* Throughput without an IOMMU is that of the link: p / l0 is five times as much. */
void row_kept_directories(struct validation_outcome *o)
{
    const struct way before = {false, false, false}, after = {true, true, true},
                     no_range = {true, true, false};
    struct flow bad, good, single;

    bad = run_flow(o, &before);
    good = run_flow(o, &after);
    single = run_flow(o, &no_range);
    row_metric(o, "directory_misses_per_page", good.reads - 1);
    row_metric(o, "reads_per_page", good.reads);
    row_metric(o, "reads_saved_per_page", bad.reads - good.reads);
    row_metric(o, "invalidations_ratio", single.per_page / good.per_page);
    row_metric(o, "throughput_percent", 100 * on_link(o, good.gbps) / on_link(o, gbps(PAGE_BYTES, L0_PS)));
    SAY(o,
        "reads a page %.3f, not %.3f; directory misses a page %.3f; invalidations / %.0f; %.1f of %.1f Gb/s, "
        "%.1f before",
        good.reads, bad.reads, good.reads - 1, single.per_page / good.per_page, on_link(o, good.gbps),
        on_link(o, gbps(PAGE_BYTES, L0_PS)), on_link(o, bad.gbps));
}

/* ---------------------------------------------------------------- V4: reach of the directory cache */

/* The next region of a ring whose buffers come back in another order each time. */
static uint64_t next_region(struct world *w, uint16_t *order, uint64_t i, unsigned regions)
{
    unsigned at = (unsigned)(i % regions), other = at + (unsigned)world_draw(w, regions - at);
    uint16_t region = order[other];

    order[other] = order[at];
    return order[at] = region;
}

/* A ring of buffers in as many regions of 2 MiB; directory misses a page. */
static double misses_of_ring(struct validation_outcome *o, unsigned log2_pdc, unsigned regions,
                             bool contiguous)
{
    unsigned rounds = (unsigned)row_setting(o, "rounds");
    char size[8];
    const char *const keys[] = {"ptc.log2_entries", "0",  "ptc.ways", "1", "pdc.log2_entries", size,
                                "pdc.ways",         "16", NULL};
    uint64_t pages = (uint64_t)rounds * regions;
    uint16_t order[256];
    struct world w;

    for (unsigned i = 0; i < regions; i++)
        order[i] = (uint16_t)i;
    snprintf(size, sizeof(size), "%u", log2_pdc);
    if (world_open(&w, keys, "fands24", NULL)) {
        world_dte_host(&w, DEVICE, DOMAIN, MODE, world_host_everything(&w, MODE, DATA));
        for (uint64_t i = 0; i < pages + regions; i++) {
            uint64_t at =
                next_region(&w, order, i, regions) * (contiguous ? PAGE_BYTES : IOVA_2M + PAGE_BYTES);
            if (i == regions)
                w.reads = 0;
            world_read(&w, DEVICE, IOVA + at);
        }
    }
    o->ran &= !w.failed && !w.faults;
    world_close(&w);
    return fmax((double)w.reads / (double)pages - 1, 0);
}

void row_locality(struct validation_outcome *o)
{
    static const unsigned rings[] = {32, 48, 64, 96, 128, 192, 256};
    enum { RINGS = sizeof(rings) / sizeof(rings[0]) };
    double small[RINGS], large[RINGS], flat[RINGS];
    double noise = row_setting(o, "noise"), flattest = 0;
    bool rises = true;

    for (unsigned i = 0; i < RINGS; i++) {
        small[i] = misses_of_ring(o, 6, rings[i], false);
        large[i] = misses_of_ring(o, 7, rings[i], false);
        flat[i] = misses_of_ring(o, 6, rings[i], true);
        rises &= i == 0 || (small[i] >= small[i - 1] - noise && large[i] >= large[i - 1] - noise);
        flattest = fmax(flattest, flat[i]);
    }
    row_metric(o, "rises", rises);
    row_metric(o, "contiguous_misses", flattest);
    row_metric(o, "lines_64_at_64", small[2]);
    row_metric(o, "lines_64_at_128", small[4]);
    row_metric(o, "lines_128_at_128", large[4]);
    row_metric(o, "lines_128_at_256", large[RINGS - 1]);
    SAY(o,
        "misses a page, 64 lines: %.2f at 48, %.2f at 64, %.2f at 96, %.2f at 128 regions; 128 lines: %.2f "
        "at 64, %.2f at 128, %.2f at 256; contiguous %.2f",
        small[1], small[2], small[3], small[4], large[2], large[4], large[RINGS - 1], flat[RINGS - 1]);
}

/* ---------------------------------------------------------------- V5: Little's law */

struct closed_loop {
    uint64_t next, left;
};

static void again(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct closed_loop *loop = context;
    struct amdvi_request request = {.device = DEVICE, .op = AMDVI_READ, .length = 64};

    if (c->what->kind != AMDVI_SUBMITTED_REQUEST || !loop->left)
        return;
    loop->left--;
    request.address = loop->next++ % 511 << 39;
    w->failed |= amdvi_timed_request(w->timed, c->done, 0, &request, 0) != AMDVI_OK;
}

/* 100 lines of 64 bytes under way, each behind four reads of 100 ns one after the other. */
void row_little(struct validation_outcome *o)
{
    enum { LINES = 40000, OUTSTANDING = 100, LINE = 64 };
    static const char *const settings[] = {"memory.latency",
                                           "100ns",
                                           "l1.outstanding",
                                           "100",
                                           "memory.credits",
                                           "65536",
                                           "walk.slots",
                                           "4096",
                                           "walk.merge_line",
                                           "off",
                                           NULL};
    static const char *const keys[] = {"ptc.log2_entries", "0",   "ptc.ways", "1", "pdc.log2_entries", "4",
                                       "cache.policy",     "lru", NULL};
    struct closed_loop loop = {.next = 1, .left = LINES};
    double value = 0;
    struct world w;

    if (world_open(&w, keys, "fands24", settings)) {
        uint64_t from;
        world_dte_host(&w, DEVICE, DOMAIN, MODE, world_host_everything(&w, MODE, DATA));
        world_read(&w, DEVICE, 0);
        from = amdvi_timed_now(w.timed);
        w.context = &loop;
        w.complete = again;
        for (unsigned i = 0; i < OUTSTANDING; i++)
            amdvi_timed_request(
                w.timed, from, 0,
                &(struct amdvi_request){
                    .device = DEVICE, .op = AMDVI_READ, .length = LINE, .address = loop.next++ << 39},
                0);
        amdvi_timed_run(w.timed, AMDVI_TIMED_NEVER);
        value = gbps((LINES + OUTSTANDING) * (uint64_t)LINE, w.last_end - from);
    }
    o->ran &= !w.failed && !w.faults;
    row_metric(o, "throughput_gbps", value);
    SAY(o, "%.1f Gb/s", value);
    world_close(&w);
}
