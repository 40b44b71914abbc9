// SPDX-License-Identifier: Apache-2.0
/* V8 and V11: streams of concurrent requests: beyond the reach of the PTC, and with neighbours in a line of
 * tables. */
#include "testbench/studies/rows.h"

#include <math.h>

enum { DEVICE = 0x10, DOMAIN = 5, MODE = 4, PAGE_BYTES = 4096, PAGES = 1 << 18 };
#define DATA UINT64_C(0x3000000)
#define IOVA UINT64_C(0x40000000)

/* ---------------------------------------------------------------- V8: the wall */

/* A 200 Gb/s NIC that writes buffers in transfers of 256 bytes: one every 10.24 ns at the most, and no more
 * than `window` between departure and arrival in memory. */
struct nic {
    uint64_t pages, transfer;  /* of buffers; transfers so far */
    uint64_t left, free, page; /* free: the link is, ps; page: the buffer that is being written */
};

enum { TRANSFER = 256, PER_PAGE = PAGE_BYTES / TRANSFER, TRANSFER_PS = 10240, MEMORY_PS = 400000 };

static void depart(struct nic *nic, struct world *w)
{
    uint64_t now = amdvi_timed_now(w->timed), when = nic->free > now ? nic->free : now;
    struct amdvi_request request = {.device = DEVICE, .op = AMDVI_WRITE, .length = TRANSFER};

    if (nic->transfer % PER_PAGE == 0)
        nic->page = world_draw(w, nic->pages);
    request.address = IOVA + nic->page * PAGE_BYTES + nic->transfer % PER_PAGE * TRANSFER;
    nic->transfer++;
    nic->left--;
    nic->free = when + TRANSFER_PS;
    w->failed |= amdvi_timed_request(w->timed, when, 0, &request, 0) != AMDVI_OK;
}

/* The window is a closed loop: memory's part of a transfer is its own time behind the translation. */
static void arrived(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct nic *nic = context;

    if (c->what->kind == AMDVI_SUBMITTED_REQUEST && nic->left) {
        uint64_t back = c->done + MEMORY_PS;
        nic->free = nic->free > back ? nic->free : back;
        depart(nic, w);
    }
}

/* Gb/s; the host's pages are of 4 KiB or of 2 MiB. */
static double stream(struct validation_outcome *o, uint64_t pages, unsigned shift)
{
    unsigned window = (unsigned)row_setting(o, "window");
    uint64_t transfers = (uint64_t)row_setting(o, "transfers");
    struct nic nic = {.pages = pages, .left = transfers};
    uint64_t from = 0;
    struct world w;

    if (world_open(&w, NULL, NULL, NULL)) {
        uint64_t root = world_page(&w);
        for (uint64_t at = 0; at < pages * PAGE_BYTES; at += UINT64_C(1) << shift)
            world_host_map(&w, root, MODE, IOVA + at, shift == SHIFT_4K ? DATA : 0, shift);
        world_dte_host(&w, DEVICE, DOMAIN, MODE, root);
        for (uint64_t i = 0; i < pages; i++)
            world_read(&w, DEVICE, IOVA + i * PAGE_BYTES);
        w.context = &nic;
        w.complete = arrived;
        from = nic.free = amdvi_timed_now(w.timed);
        for (unsigned i = 0; i < window; i++)
            depart(&nic, &w);
        amdvi_timed_run(w.timed, AMDVI_TIMED_NEVER);
    }
    o->ran &= !w.failed && !w.faults;
    world_close(&w);
    return (double)(transfers * TRANSFER) * 8e3 / (double)(w.last_end - from);
}

void row_wall(struct validation_outcome *o)
{
    static const uint64_t sets[] = {512, 1024, 2048, 4096, 8192};
    enum { SETS = sizeof(sets) / sizeof(sets[0]) };
    double small[SETS], large[SETS], best, loss, loss_large;

    for (unsigned i = 0; i < SETS; i++) {
        small[i] = stream(o, sets[i], SHIFT_4K);
        large[i] = stream(o, sets[i], SHIFT_2M);
    }
    best = fmax(small[0], large[0]);
    loss = 100 * (1 - small[SETS - 1] / best);
    loss_large = 100 * (1 - large[SETS - 1] / best);
    row_metric(o, "loss_4k_percent", loss);
    row_metric(o, "loss_2m_percent", loss_large);
    row_metric(o, "loss_4k_within_reach_percent", 100 * (1 - small[1] / best));
    SAY(o, "4 KiB, 512 to 8,192 pages: %.0f %.0f %.0f %.0f %.0f Gb/s, loss %.0f %%; 2 MiB: loss %.1f %%",
        small[0], small[1], small[2], small[3], small[4], loss, loss_large);
}

/* ---------------------------------------------------------------- V11: merging of lines */

struct walkers {
    uint64_t left, group;
    unsigned neighbours; /* of 1,000 requests: to another page of the last line of eight */
    uint64_t stride;     /* not 0: pages one after the other instead */
};

static void next_page(struct walkers *g, struct world *w)
{
    struct amdvi_request request = {.device = DEVICE, .op = AMDVI_READ, .length = 64};
    uint64_t page;

    if (!g->stride && world_draw(w, 1000) >= g->neighbours)
        g->group = world_draw(w, PAGES / 8);
    page = g->stride ? (g->group += g->stride) % PAGES : g->group * 8 + world_draw(w, 8);
    g->left--;
    request.address = IOVA + page * PAGE_BYTES;
    w->failed |= amdvi_timed_request(w->timed, amdvi_timed_now(w->timed), (unsigned)(g->left % 4), &request,
                                     0) != AMDVI_OK;
}

static void walked(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct walkers *g = context;

    if (c->what->kind == AMDVI_SUBMITTED_REQUEST && g->left)
        next_page(g, w);
}

/* Reads of tables. */
static double table_reads(struct validation_outcome *o, unsigned neighbours, uint64_t stride,
                          const char *merge)
{
    enum { REQUESTS = 60000, AT_ONCE = 128 };
    const char *const settings[] = {
        "walk.merge_line", merge, "walk.merge_page", "off", "walk.slots", "64", "memory.credits", "64", NULL};
    static const char *const keys[] = {"ptc.log2_entries", "5", "pdc.log2_entries", "12", NULL};
    struct walkers g = {.left = REQUESTS, .neighbours = neighbours, .stride = stride};
    struct amdvi_timed_statistics s = {0};
    struct world w;

    if (world_open(&w, keys, NULL, settings)) {
        uint64_t root = world_page(&w);
        for (uint64_t i = 0; i < PAGES; i++)
            world_host_map(&w, root, MODE, IOVA + i * PAGE_BYTES, DATA, SHIFT_4K);
        world_dte_host(&w, DEVICE, DOMAIN, MODE, root);
        for (uint64_t i = 0; i < PAGES; i += 512) /* the directories are there */
            world_read(&w, DEVICE, IOVA + i * PAGE_BYTES);
        amdvi_timed_restart(w.timed);
        w.context = &g;
        w.complete = walked;
        for (unsigned i = 0; i < AT_ONCE; i++)
            next_page(&g, &w);
        amdvi_timed_run(w.timed, AMDVI_TIMED_NEVER);
        amdvi_timed_get_statistics(w.timed, &s);
    }
    o->ran &= !w.failed && !w.faults;
    world_close(&w);
    return (double)s.asks[AMDVI_TIMED_TABLES];
}

static double saving(struct validation_outcome *o, unsigned neighbours, uint64_t stride)
{
    return 100 * (1 - table_reads(o, neighbours, stride, "on") / table_reads(o, neighbours, stride, "off"));
}

void row_merging(struct validation_outcome *o)
{
    double irregular, strided, always;

    irregular = saving(o, (unsigned)row_setting(o, "neighbours"), 0);
    strided = saving(o, 0, (uint64_t)row_setting(o, "stride"));
    always = saving(o, 0, 1);
    row_metric(o, "irregular_percent", irregular);
    row_metric(o, "strided_percent", strided);
    row_metric(o, "page_serial_percent", always);
    SAY(o, "%.0f %% with 40 %% neighbours; %.1f %% with a stride of 8 pages; %.1f %% page after page",
        irregular, strided, always);
}
