// SPDX-License-Identifier: Apache-2.0
/*
 * V7: tenants that share a link, as HyperSIO's baseline (ISCA'20). Every packet needs three translations at
 * once: the ring's page, the page of data and that of completions. The device has one packet under way: a
 * packet that comes meanwhile is dropped. Tenants take turns, and their addresses are equal, so that they
 * fall into the same sets of the device's IOTLB and of the directory cache.
 */
#include "testbench/studies/rows.h"

#include <math.h>

enum {
    PACKET_BYTES = 1542,
    SLOT_PS = 61000, /* 1,542 bytes at 200 Gb/s take 61.68 ns; HyperSIO counts whole nanoseconds */
    PER_PACKET = 3,
    PER_DATA_PAGE = 1500,
    DATA_PAGES = 32,
    FIRST_DEVICE = 0x100,
    LEVELS = 2,
};

/* The ring and the completions lie in one region of 2 MiB, data in regions behind it. */
#define RING        UINT64_C(0x20000000)
#define COMPLETIONS (RING + 0x8000)
#define DATA        (RING + (UINT64_C(1) << 21))

struct link {
    unsigned tenants, turn, under_way;
    uint64_t packets, dropped;
    uint64_t sent[1024]; /* packets of each tenant */
};

static void on_end(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct link *link = context;

    (void)w;
    link->under_way -= c->what->kind == AMDVI_SUBMITTED_REQUEST;
}

static void make_tenant(struct world *w, unsigned tenant)
{
    uint64_t root = world_page(w), at;
    uint16_t device = (uint16_t)(FIRST_DEVICE + tenant);

    world_host_map(w, root, LEVELS, RING, WORLD_HEAP, SHIFT_4K);
    world_host_map(w, root, LEVELS, COMPLETIONS, WORLD_HEAP, SHIFT_4K);
    for (unsigned i = 0; i < DATA_PAGES; i++)
        world_host_map(w, root, LEVELS, DATA + ((uint64_t)i << SHIFT_2M), (uint64_t)i << SHIFT_2M, SHIFT_2M);
    world_dte_host(w, device, (uint16_t)(1 + tenant), LEVELS, root);
    at = WORLD_DEVTAB + (uint64_t)device * 32 + 8;
    world_poke(w, at, world_peek(w, at) | UINT64_C(1) << 32); /* I: translation requests (iommu 3.1) */
}

static void ask(struct world *w, struct link *link, uint64_t address)
{
    struct amdvi_request request = {
        .device = (uint16_t)(FIRST_DEVICE + link->turn), .op = AMDVI_READ, .address = address, .length = 64};

    link->under_way++;
    w->failed |= amdvi_timed_atc_request(w->timed, amdvi_timed_now(w->timed), 0, &request, 0) != AMDVI_OK;
}

static void packet(struct world *w, struct link *link)
{
    uint64_t page = link->sent[link->turn]++ / PER_DATA_PAGE % DATA_PAGES;

    ask(w, link, RING);
    ask(w, link, DATA + (page << SHIFT_2M));
    ask(w, link, COMPLETIONS);
    link->packets++;
    link->turn = (link->turn + 1) % link->tenants;
}

/* Gb/s of `count` packets. */
static double carry(struct world *w, struct link *link, uint64_t count)
{
    uint64_t from = amdvi_timed_now(w->timed), at = from;

    for (link->packets = 0; link->packets < count && !w->failed; at += SLOT_PS) {
        w->failed |= amdvi_timed_run(w->timed, at) != AMDVI_OK;
        if (link->under_way)
            link->dropped++;
        else
            packet(w, link);
    }
    return (double)count * PACKET_BYTES * 8e3 / (double)(at - from);
}

/* As many packets that every tenant's data goes around all regions at least once while few tenants share. */
static double throughput(struct validation_outcome *o, unsigned tenants)
{
    static struct link link;
    uint64_t count = tenants <= 8 ? (uint64_t)tenants * PER_DATA_PAGE * DATA_PAGES : 400000;
    struct world w;
    double result = 0;

    link = (struct link){.tenants = tenants};
    if (world_open(&w, NULL, "hypersio20", NULL)) {
        w.context = &link;
        w.complete = on_end;
        for (unsigned i = 0; i < tenants; i++)
            make_tenant(&w, i);
        carry(&w, &link, (uint64_t)tenants * 4);
        result = carry(&w, &link, count);
    }
    o->ran &= !w.failed && !w.faults;
    world_close(&w);
    return result;
}

void row_tenants(struct validation_outcome *o)
{
    static const struct {
        unsigned tenants;
        double gbps, share;
    } published[] = {{1, 201, 0.05},   {2, 201, 0.05},    {4, 65.9, 0.10},
                     {8, 12.6, 0.10},  {16, 12.5, 0.05},  {32, 11.9, 0.05},
                     {64, 11.9, 0.05}, {256, 11.9, 0.05}, {1024, 11.8, 0.05}};
    char text[128] = "";
    int used = 0;

    o->ran = o->holds = true;
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
        double gbps = throughput(o, published[i].tenants);
        o->holds &= fabs(gbps - published[i].gbps) <= published[i].gbps * published[i].share;
        used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%.1f", i ? " / " : "", gbps);
    }
    o->holds &= o->ran;
    SAY(o, "%s Gb/s", text);
    REMARK(o, "the device's IOTLB is its ATC; HyperSIO reads two levels at most, so tables have two here");
}
