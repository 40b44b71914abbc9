// SPDX-License-Identifier: Apache-2.0
/*
 * V7: tenants that share a link, as HyperSIO's baseline (ISCA'20). Every packet needs three translations at
 * once: the ring's page, the page of data and that of completions. The device has one packet under way: a
 * packet that comes meanwhile is dropped. Tenants take turns, and their addresses are equal, so that they
 * fall into the same sets of the device's IOTLB and of the directory cache.
 */
#include "testbench/studies/rows.h"

enum { FIRST_DEVICE = 0x100, LEVELS = 2, TENANTS = 1024 };

/* The ring and the completions lie in one region of 2 MiB, data in regions behind it. */
#define RING        UINT64_C(0x20000000)
#define COMPLETIONS (RING + 0x8000)
#define DATA        (RING + (UINT64_C(1) << 21))

struct link {
    unsigned tenants, turn, under_way;
    uint64_t packets, dropped;
    uint64_t slot, per_page, pages; /* ps; packets into a page of data; such pages */
    uint64_t sent[TENANTS];         /* packets of each tenant */
};

static void on_end(void *context, struct world *w, const struct amdvi_timed_completion *c)
{
    struct link *link = context;

    (void)w;
    link->under_way -= c->what->kind == AMDVI_SUBMITTED_REQUEST;
}

static void make_tenant(struct world *w, unsigned tenant, uint64_t pages)
{
    uint64_t root = world_page(w);
    uint16_t device = (uint16_t)(FIRST_DEVICE + tenant);

    world_host_map(w, root, LEVELS, RING, WORLD_HEAP, SHIFT_4K);
    world_host_map(w, root, LEVELS, COMPLETIONS, WORLD_HEAP, SHIFT_4K);
    for (uint64_t i = 0; i < pages; i++)
        world_host_map(w, root, LEVELS, DATA + (i << SHIFT_2M), i << SHIFT_2M, SHIFT_2M);
    world_dte_host(w, device, (uint16_t)(1 + tenant), LEVELS, root);
    world_dte_set(w, device, PLACE_DTE_I, 1); /* translation requests (iommu 3.1) */
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
    uint64_t page = link->sent[link->turn]++ / link->per_page % link->pages;

    ask(w, link, RING);
    ask(w, link, DATA + (page << SHIFT_2M));
    ask(w, link, COMPLETIONS);
    link->packets++;
    link->turn = (link->turn + 1) % link->tenants;
}

/* Packets a nanosecond, of `count`. */
static double carry(struct world *w, struct link *link, uint64_t count)
{
    uint64_t from = amdvi_timed_now(w->timed), at = from;

    for (link->packets = 0; link->packets < count && !w->failed; at += link->slot) {
        w->failed |= amdvi_timed_run(w->timed, at) != AMDVI_OK;
        if (link->under_way)
            link->dropped++;
        else
            packet(w, link);
    }
    return (double)count * 1e3 / (double)(at - from);
}

/* Packets, in units of one tenant's data: many tenants carry as many as eight. */
static unsigned rounds_of(unsigned tenants)
{
    return tenants < 8 ? tenants : 8;
}

/* As many packets that every tenant's data goes around all regions at least once while few tenants share. */
static double throughput(struct validation_outcome *o, unsigned tenants)
{
    static struct link link;
    struct world w;
    uint64_t round;
    double result = 0;

    link = (struct link){.tenants = tenants,
                         .slot = (uint64_t)row_setting(o, "slot_ps"),
                         .per_page = (uint64_t)row_setting(o, "packets_per_data_page"),
                         .pages = (uint64_t)row_setting(o, "data_pages")};
    round = rounds_of(tenants) * link.per_page * link.pages;
    if (world_open(&w, NULL, "hypersio20", NULL)) {
        w.context = &link;
        w.complete = on_end;
        for (unsigned i = 0; i < tenants; i++)
            make_tenant(&w, i, link.pages);
        carry(&w, &link, (uint64_t)tenants * 4);
        result = carry(&w, &link, round) * row_setting(o, "packet_bytes") * 8;
    }
    o->ran &= !w.failed && !w.faults;
    world_close(&w);
    return result;
}

void row_tenants(struct validation_outcome *o)
{
    static const struct {
        unsigned tenants;
        const char *metric;
    } points[] = {{1, "tenants_1_gbps"},   {2, "tenants_2_gbps"},     {4, "tenants_4_gbps"},
                  {8, "tenants_8_gbps"},   {16, "tenants_16_gbps"},   {32, "tenants_32_gbps"},
                  {64, "tenants_64_gbps"}, {256, "tenants_256_gbps"}, {TENANTS, "tenants_1024_gbps"}};
    char text[128] = "";
    unsigned carried = 0, whole = 0;
    int used = 0;

    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
        whole += rounds_of(points[i].tenants);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        double gbps = throughput(o, points[i].tenants);
        row_metric(o, points[i].metric, gbps);
        carried += rounds_of(points[i].tenants);
        row_share(o, (double)carried / whole);
        used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%.1f", i ? " / " : "", gbps);
    }
    SAY(o, "%s Gb/s", text);
}
