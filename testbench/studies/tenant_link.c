// SPDX-License-Identifier: Apache-2.0
/*
 * Tenants that share a link, synthesised as HyperSIO does: packets come in turn, one a tenant; each
 * translates a page of its tenant's ring, one of its data buffer and one of its completions, one behind the
 * other. All tenants use the same addresses, each in a domain of its own. With `outstanding` packets under
 * way the next one's time on the link passes unused (full=drop), or it waits.
 */
#include "testbench/studies/scene.h"
#include "testbench/studies/times.h"
#include "testbench/studies/workload.h"

#include <stdlib.h>

enum { FIRST_DEVICE = 0x100, MODE = 4, PAGE_BYTES = 4096, PARTS = 3 };
#define RING_AT  UINT64_C(0x10000000) /* IOVA */
#define DONE_AT  UINT64_C(0x10001000)
#define DATA_AT  UINT64_C(0x40000000)
#define DATA_SPA UINT64_C(0x200000000)

struct flying {
    uint64_t began;
    uint32_t tenant, next; /* next: free one */
};

struct link {
    const struct workload *l;
    struct scene m;
    struct flying *packets;
    uint64_t *sent, *received; /* by tenant */
    uint32_t free_packet;
    uint64_t under_way, turn, slots, stop_at, free_at, began;
    bool waits; /* a packet, for a place */
    unsigned ports, shift;
    uint64_t done, lost;
    struct times latency;
};

/* ---------------------------------------------------------------- tables */

static void make_tenant(struct link *k, uint64_t tenant)
{
    struct world *w = scene_world(&k->m, 0);
    uint64_t root = world_page(w);

    world_host_map(w, root, MODE, RING_AT, DATA_SPA, SHIFT_4K);
    world_host_map(w, root, MODE, DONE_AT, DATA_SPA, SHIFT_4K);
    for (uint64_t i = 0; i < k->l->data_pages; i++)
        world_host_map(w, root, MODE, DATA_AT + (i << k->shift), DATA_SPA, k->shift);
    world_dte_host(w, (uint16_t)(FIRST_DEVICE + tenant), (uint16_t)(1 + tenant), MODE, root);
}

/* ---------------------------------------------------------------- packets */

static uint64_t data_address(const struct link *k, uint32_t tenant)
{
    uint64_t buffer = k->sent[tenant] / k->l->data_packets % k->l->data_pages;

    return DATA_AT + (buffer << k->shift);
}

static void ask(struct link *k, uint32_t index, unsigned part)
{
    uint32_t tenant = k->packets[index].tenant;
    struct amdvi_request request = {
        .device = (uint16_t)(FIRST_DEVICE + tenant), .op = AMDVI_WRITE, .length = 16};

    request.address = part == 0 ? RING_AT : part == 1 ? data_address(k, tenant) : DONE_AT;
    request.op = part ? AMDVI_WRITE : AMDVI_READ;
    scene_request(&k->m, 0, tenant % k->ports, &request, (uint64_t)index << 2 | part);
}

static void start(struct link *k)
{
    uint32_t index = k->free_packet;

    k->free_packet = k->packets[index].next;
    k->packets[index] = (struct flying){.began = k->m.now, .tenant = (uint32_t)(k->turn++ % k->l->tenants)};
    k->under_way++;
    ask(k, index, 0);
}

static void slot(void *self, uint64_t argument);

static void next_slot(struct link *k)
{
    k->slots++;
    scene_operation(&k->m);
    k->free_at += workload_link_time(k->l->bytes, k->l->rate);
    if (k->slots < k->stop_at)
        scene_put(&k->m, k->free_at, slot, k, 0);
}

/* The time of one packet on the link. */
static void slot(void *self, uint64_t argument)
{
    struct link *k = self;

    (void)argument;
    if (k->under_way < k->l->outstanding) {
        start(k);
        next_slot(k);
    } else if (k->l->full == FULL_DROP) {
        k->lost++;
        next_slot(k);
    } else {
        k->waits = true;
    }
}

static void ended(struct link *k, uint32_t index)
{
    uint32_t tenant = k->packets[index].tenant;

    times_add(&k->latency, k->m.now - k->packets[index].began);
    k->sent[tenant]++;
    k->received[tenant]++;
    k->done++;
    k->under_way--;
    k->packets[index].next = k->free_packet;
    k->free_packet = index;
    if (!k->waits)
        return;
    k->waits = false;
    k->free_at = k->m.now;
    scene_put(&k->m, k->m.now, slot, k, 0);
}

static void answered(void *context, unsigned iommu, const struct amdvi_timed_completion *c)
{
    struct link *k = context;
    unsigned part = (unsigned)(c->what->tag & 3);

    (void)iommu;
    if (part + 1 < PARTS)
        ask(k, (uint32_t)(c->what->tag >> 2), part + 1);
    else
        ended(k, (uint32_t)(c->what->tag >> 2));
}

/* ---------------------------------------------------------------- from first to last */

static bool make(struct link *k, const struct experiment *e)
{
    const struct workload *l = &e->workload;

    k->l = l;
    k->ports = workload_ports(e);
    k->shift = l->page == PAGE_4K ? SHIFT_2M : workload_shift(l);
    k->packets = calloc(l->outstanding, sizeof(*k->packets));
    k->sent = calloc(l->tenants, sizeof(*k->sent));
    k->received = calloc(l->tenants, sizeof(*k->received));
    if (!scene_open(&k->m, e, 1) || !k->packets || !k->sent || !k->received)
        return false;
    k->m.context = k;
    k->m.answered = answered;
    for (uint32_t i = 0; i < l->outstanding; i++)
        k->packets[i].next = i + 1;
    for (uint64_t i = 0; i < l->tenants; i++)
        make_tenant(k, i);
    return true;
}

static void run_slots(struct link *k, uint64_t count)
{
    k->stop_at = k->slots + count;
    k->free_at = k->m.now;
    if (count)
        scene_put(&k->m, k->m.now, slot, k, 0);
    while (k->slots < k->stop_at && scene_next(&k->m))
        ;
}

static void restart(struct link *k)
{
    scene_restart(&k->m);
    times_restart(&k->latency);
    for (uint64_t i = 0; i < k->l->tenants; i++)
        k->received[i] = 0;
    k->done = k->lost = 0;
    k->began = k->m.now;
}

static void report_fairness(const struct link *k, struct experiment_result *r)
{
    uint64_t least = UINT64_MAX, most = 0;

    for (uint64_t i = 0; i < k->l->tenants; i++) {
        least = k->received[i] < least ? k->received[i] : least;
        most = k->received[i] > most ? k->received[i] : most;
    }
    metric_add(r, "least_of_mean_share", metric_per(least * k->l->tenants, k->done));
    metric_add(r, "most_of_mean_share", metric_per(most * k->l->tenants, k->done));
}

static void report(struct link *k, struct experiment_result *r)
{
    uint64_t time = k->m.now - k->began;

    metric_add(r, "throughput_gbps", metric_per(k->done * k->l->bytes * 8000, time));
    metric_add(r, "packets_m_per_s", metric_per(k->done * 1000000, time));
    metric_add(r, "lost_share", metric_per(k->lost, k->lost + k->done));
    report_fairness(k, r);
    times_report(&k->latency, r, "packet");
    metric_add_scene(r, &k->m);
}

bool workload_tenants(const struct experiment *e, struct experiment_result *r)
{
    struct link k = {0};
    bool good = make(&k, e);

    if (good) {
        run_slots(&k, e->warm_up);
        restart(&k);
        run_slots(&k, e->length);
        report(&k, r);
        good = scene_good(&k.m) && !k.latency.failed;
    }
    times_free(&k.latency);
    scene_close(&k.m);
    free(k.packets);
    free(k.sent);
    free(k.received);
    return good;
}
