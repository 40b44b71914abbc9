// SPDX-License-Identifier: Apache-2.0
/*
 * A network card that receives: packets arrive at the rate of a link, each for a ring drawn at random. A
 * packet takes a page of a posted descriptor; the card reads the descriptor, writes the data and writes a
 * completion, one behind the other. A processor of the ring then handles the packet, and a used-up descriptor
 * is unmapped, flushed as `mapping` says, mapped and posted again.
 */
#include "testbench/studies/lazy.h"
#include "testbench/studies/processors.h"
#include "testbench/studies/workload.h"

#include <stdlib.h>

enum {
    DEVICE = 0x100,
    DOMAIN = 5,
    MODE = 4,
    PAGE_BYTES = 4096,
    LINE = 64,
    MOST_RINGS = 256,
    NONE = UINT32_MAX
};
#define RING_AT  UINT64_C(0x10000000) /* descriptors and completions, 1 MiB a ring */
#define HALF_MIB (UINT64_C(1) << 19)
#define DATA_AT  UINT64_C(0x100000000) /* IOVA */
#define DATA_SPA UINT64_C(0x200000000)

enum stage { STAGE_DESCRIPTOR, STAGE_DATA, STAGE_COMPLETION };

struct packet {
    uint64_t arrived, address;
    uint32_t ring, descriptor, bytes;
    uint32_t next; /* free one, or waiting one */
};

struct descriptor {
    uint32_t slot;       /* of addresses */
    uint32_t used, done; /* pages */
};

/* Numbers in the order in which they were put in. */
struct fifo {
    uint32_t *all;
    uint32_t room, first, count;
};

struct ring {
    struct descriptor *descriptors;
    struct fifo posted, slots;
    uint32_t open; /* descriptor that has pages left; NONE: none */
};

struct nic {
    const struct workload *l;
    struct scene m;
    struct processors p;
    struct lazy lazy;
    struct ring *rings;
    struct packet *packets;
    uint32_t free_packet, first_waiting, last_waiting;
    uint64_t waiting, under_way, span, slots; /* span: pages that a descriptor's addresses take */
    unsigned ports;
    uint64_t link_free, arrived, stop_at, began;
    /* Since warm-up. */
    uint64_t received, bytes, offered_bytes, dropped_empty, dropped_full;
    struct times latency;
};

/* ---------------------------------------------------------------- numbers in order */

static bool fifo_open(struct fifo *f, uint64_t room)
{
    f->all = calloc(room, sizeof(*f->all));
    f->room = (uint32_t)room;
    return f->all != NULL;
}

static void fifo_put(struct fifo *f, uint32_t value)
{
    f->all[(f->first + f->count++) % f->room] = value;
}

static uint32_t fifo_take(struct fifo *f)
{
    uint32_t value = f->count ? f->all[f->first] : NONE;

    if (f->count) {
        f->first = (f->first + 1) % f->room;
        f->count--;
    }
    return value;
}

/* ---------------------------------------------------------------- addresses */

static uint64_t power_of_two(uint64_t least)
{
    uint64_t power = 1;

    while (power < least)
        power *= 2;
    return power;
}

/* Scattered: an odd factor permutes the numbers below a power of two. */
static uint64_t page_address(const struct nic *n, uint32_t ring, uint32_t slot, uint64_t page)
{
    uint64_t number = (ring * n->slots + slot) * n->span + page;

    if (n->l->iova == IOVA_SCATTERED)
        number = number * 0x9e3779b1 % power_of_two(n->l->rings * n->slots * n->span);
    return DATA_AT + number * PAGE_BYTES;
}

static void map_rings(struct nic *n, struct world *w, uint64_t root)
{
    for (uint64_t r = 0; r < n->l->rings; r++)
        for (uint64_t at = 0; at < n->l->descriptors * 16; at += PAGE_BYTES) {
            world_host_map(w, root, MODE, RING_AT + (2 * r) * HALF_MIB + at, DATA_SPA, SHIFT_4K);
            world_host_map(w, root, MODE, RING_AT + (2 * r + 1) * HALF_MIB + at, DATA_SPA, SHIFT_4K);
        }
}

static void map_data(struct nic *n, struct world *w, uint64_t root)
{
    uint64_t pages = power_of_two(n->l->rings * n->slots * n->span), shift = workload_shift(n->l);

    for (uint64_t at = 0; at < pages * PAGE_BYTES; at += UINT64_C(1) << shift)
        world_host_map(w, root, MODE, DATA_AT + at, DATA_SPA, (unsigned)shift);
}

static void make_tables(struct nic *n)
{
    struct world *w = scene_world(&n->m, 0);
    uint64_t root = world_page(w);

    if (n->l->mapping == MAPPING_DIRECT) {
        world_dte_host(w, DEVICE, DOMAIN, 0, 0);
        return;
    }
    map_rings(n, w, root);
    map_data(n, w, root);
    world_dte_host(w, DEVICE, DOMAIN, MODE, root);
}

/* ---------------------------------------------------------------- what a processor does */

static unsigned processor_of(const struct nic *n, uint32_t ring)
{
    return ring % n->p.count;
}

static void post(struct nic *n, uint32_t ring, uint32_t descriptor)
{
    struct ring *r = &n->rings[ring];

    r->descriptors[descriptor] = (struct descriptor){.slot = fifo_take(&r->slots)};
    fifo_put(&r->posted, descriptor);
}

/* Its addresses may be used again: by then, or behind those that a flush still has to come for. */
static void post_again(void *context, uint64_t argument)
{
    struct nic *n = context;
    uint32_t ring = (uint32_t)(argument >> 32), descriptor = (uint32_t)argument;

    fifo_put(&n->rings[ring].slots, n->rings[ring].descriptors[descriptor].slot);
    post(n, ring, descriptor);
}

static void nothing_more(void *context, uint64_t argument)
{
    (void)context;
    (void)argument;
}

/* A packet; with the last one of a descriptor its pages are unmapped, and others are mapped and posted. */
static void handle(struct nic *n, uint32_t ring, uint32_t descriptor)
{
    const struct workload *l = n->l;
    struct chore chore = {
        .cost = l->packet_cost * 1000, .done = nothing_more, .argument = (uint64_t)ring << 32 | descriptor};

    if (++n->rings[ring].descriptors[descriptor].done == l->descriptor_pages) {
        chore.done = post_again;
        chore.flushes = l->mapping == MAPPING_STRICT;
        if (l->mapping < MAPPING_STATIC) {
            chore.cost += l->descriptor_pages * l->unmap_cost * 1000;
            chore.after = l->descriptor_pages * l->map_cost * 1000;
        }
        if (l->mapping == MAPPING_LAZY)
            lazy_unmap(&n->lazy, processor_of(n, ring), 0);
    }
    processors_do(&n->p, processor_of(n, ring), chore);
}

static void write_commands(void *context, struct world *w, uint64_t argument)
{
    const struct nic *n = context;
    uint32_t ring = (uint32_t)(argument >> 32);
    bool pde = !n->l->keep_directories;

    if (argument == LAZY_FLUSH) {
        world_invalidate_domain(w, DOMAIN);
        return;
    }
    uint32_t slot = n->rings[ring].descriptors[(uint32_t)argument].slot;
    if (n->l->ranged && n->l->descriptor_pages > 1) {
        world_invalidate_range(w, DOMAIN, page_address(n, ring, slot, 0), n->span, pde);
        return;
    }
    for (uint64_t i = 0; i < n->l->descriptor_pages; i++)
        world_invalidate_page(w, DOMAIN, page_address(n, ring, slot, i), pde);
}

/* ---------------------------------------------------------------- what the card does */

static void ask(struct nic *n, uint32_t index, enum stage stage)
{
    const struct packet *p = &n->packets[index];
    struct amdvi_request request = {.device = DEVICE, .op = AMDVI_WRITE, .length = 16};
    uint64_t entry = p->descriptor * UINT64_C(16);

    switch (stage) {
    case STAGE_DESCRIPTOR:
        request.op = AMDVI_READ;
        request.address = RING_AT + (2 * (uint64_t)p->ring) * HALF_MIB + entry;
        break;
    case STAGE_DATA:
        request.address = p->address;
        request.length = p->bytes;
        break;
    case STAGE_COMPLETION:
        request.address = RING_AT + (2 * (uint64_t)p->ring + 1) * HALF_MIB + entry;
        break;
    }
    scene_request(&n->m, 0, p->ring % n->ports, &request, (uint64_t)index << 2 | stage);
}

/* A page of a posted descriptor. False: the ring has none. */
static bool take_page(struct nic *n, struct packet *p, bool *first)
{
    struct ring *r = &n->rings[p->ring];
    struct descriptor *d;

    *first = r->open == NONE;
    if (*first)
        r->open = fifo_take(&r->posted);
    if (r->open == NONE)
        return false;
    d = &r->descriptors[r->open];
    p->descriptor = r->open;
    p->address = page_address(n, p->ring, d->slot, d->used++);
    if (d->used == n->l->descriptor_pages)
        r->open = NONE;
    return true;
}

static void give_packet(struct nic *n, uint32_t index)
{
    n->packets[index].next = n->free_packet;
    n->free_packet = index;
}

static void start(struct nic *n, uint32_t index)
{
    bool first;

    if (!take_page(n, &n->packets[index], &first)) {
        n->dropped_empty++;
        give_packet(n, index);
        return;
    }
    n->under_way++;
    ask(n, index, first ? STAGE_DESCRIPTOR : STAGE_DATA);
}

static void start_waiting(struct nic *n)
{
    while (n->waiting && n->under_way < n->l->outstanding) {
        uint32_t index = n->first_waiting;
        n->first_waiting = n->packets[index].next;
        n->waiting--;
        start(n, index);
    }
}

static void delivered(struct nic *n, uint32_t index)
{
    const struct packet p = n->packets[index];

    n->under_way--;
    n->received++;
    n->bytes += p.bytes;
    times_add(&n->latency, n->m.now - p.arrived);
    give_packet(n, index);
    start_waiting(n);
    handle(n, p.ring, p.descriptor);
}

static void answered(void *context, unsigned iommu, const struct amdvi_timed_completion *c)
{
    struct nic *n = context;
    uint32_t index = (uint32_t)(c->what->tag >> 2);
    enum stage stage = (enum stage)(c->what->tag & 3);

    (void)iommu;
    if (stage == STAGE_COMPLETION)
        delivered(n, index);
    else
        ask(n, index, (enum stage)(stage + 1));
}

/* ---------------------------------------------------------------- what the link does */

static uint32_t draw_bytes(struct nic *n)
{
    uint64_t draw = n->l->sizes == SIZES_MIX ? world_draw(scene_world(&n->m, 0), 12) : 0;

    if (n->l->sizes == SIZES_FIXED)
        return (uint32_t)n->l->bytes;
    return draw < 7 ? 64 : draw < 11 ? 576 : 1500;
}

static void wait_in_card(struct nic *n, uint32_t index)
{
    n->packets[index].next = NONE;
    if (n->waiting++)
        n->packets[n->last_waiting].next = index;
    else
        n->first_waiting = index;
    n->last_waiting = index;
}

static void take_in(struct nic *n, uint32_t bytes)
{
    uint32_t index = n->free_packet;

    if (index == NONE) {
        n->dropped_full++;
        return;
    }
    n->free_packet = n->packets[index].next;
    n->packets[index] = (struct packet){.arrived = n->m.now,
                                        .bytes = bytes,
                                        .ring = (uint32_t)world_draw(scene_world(&n->m, 0), n->l->rings)};
    if (n->under_way < n->l->outstanding)
        start(n, index);
    else
        wait_in_card(n, index);
}

static void arrive(void *context, uint64_t argument)
{
    struct nic *n = context;
    uint32_t bytes = draw_bytes(n);

    (void)argument;
    n->arrived++;
    scene_operation(&n->m);
    n->offered_bytes += bytes;
    take_in(n, bytes);
    n->link_free += workload_link_time(bytes, n->l->rate);
    if (n->arrived < n->stop_at)
        scene_put(&n->m, n->link_free, arrive, n, 0);
}

static void run_packets(struct nic *n, uint64_t count)
{
    n->stop_at = n->arrived + count;
    n->link_free = n->m.now;
    if (count)
        scene_put(&n->m, n->m.now, arrive, n, 0);
    while (n->arrived < n->stop_at && scene_next(&n->m))
        ;
}

/* ---------------------------------------------------------------- from first to last */

static bool make_ring(struct nic *n, struct ring *r)
{
    r->open = NONE;
    r->descriptors = calloc(n->l->descriptors, sizeof(*r->descriptors));
    if (!r->descriptors || !fifo_open(&r->posted, n->l->descriptors) || !fifo_open(&r->slots, n->slots))
        return false;
    for (uint32_t slot = 0; slot < n->slots; slot++)
        fifo_put(&r->slots, slot);
    for (uint32_t i = 0; i < n->l->descriptors; i++)
        post(n, (uint32_t)(r - n->rings), i);
    return true;
}

static bool make_packets(struct nic *n)
{
    uint64_t most = n->l->outstanding + n->l->buffer;

    n->packets = calloc(most, sizeof(*n->packets));
    n->free_packet = NONE;
    for (uint64_t i = 0; n->packets && i < most; i++)
        give_packet(n, (uint32_t)i);
    return n->packets != NULL;
}

static bool make(struct nic *n, const struct experiment *e)
{
    const struct workload *l = &e->workload;
    bool good;

    n->l = l;
    n->ports = workload_ports(e);
    n->span = power_of_two(l->descriptor_pages);
    n->slots = l->descriptors + (l->mapping == MAPPING_LAZY ? l->lazy_entries : 0);
    n->rings = calloc(l->rings, sizeof(*n->rings));
    good = scene_open(&n->m, e, 1) && n->rings && make_packets(n) &&
           processors_open(&n->p, &n->m, (unsigned)l->processors, l->lock_cost * 1000) &&
           lazy_open(&n->lazy, &n->p, l);
    for (uint64_t i = 0; good && i < l->rings; i++)
        good = make_ring(n, &n->rings[i]);
    n->m.context = n->p.context = n;
    n->m.answered = answered;
    n->p.commands = write_commands;
    if (good)
        make_tables(n);
    return good;
}

static void restart(struct nic *n)
{
    scene_restart(&n->m);
    processors_restart(&n->p);
    times_restart(&n->latency);
    n->received = n->bytes = n->offered_bytes = n->dropped_empty = n->dropped_full = 0;
    n->began = n->m.now;
}

static void report(struct nic *n, struct experiment_result *r, uint64_t packets)
{
    uint64_t time = n->m.now - n->began;

    metric_add(r, "throughput_gbps", metric_per(n->bytes * 8000, time));
    metric_add(r, "offered_gbps", metric_per(n->offered_bytes * 8000, time));
    metric_add(r, "packets_m_per_s", metric_per(n->received * 1000000, time));
    metric_add(r, "dropped_share", metric_per(n->dropped_empty + n->dropped_full, packets));
    metric_add(r, "dropped_no_descriptor_share", metric_per(n->dropped_empty, packets));
    metric_add(r, "dropped_full_share", metric_per(n->dropped_full, packets));
    times_report(&n->latency, r, "packet");
    processors_report(&n->p, r);
    metric_add_scene(r, &n->m);
}

static void free_all(struct nic *n)
{
    for (uint64_t i = 0; n->rings && i < n->l->rings; i++) {
        free(n->rings[i].descriptors);
        free(n->rings[i].posted.all);
        free(n->rings[i].slots.all);
    }
    free(n->rings);
    free(n->packets);
    times_free(&n->latency);
    lazy_close(&n->lazy);
    processors_close(&n->p);
    scene_close(&n->m);
}

bool workload_nic(const struct experiment *e, struct experiment_result *r)
{
    struct nic n = {0};
    bool good = make(&n, e);

    if (good) {
        run_packets(&n, e->warm_up);
        restart(&n);
        run_packets(&n, e->length);
        report(&n, r, e->length);
        good = scene_good(&n.m) && !n.latency.failed;
    }
    free_all(&n);
    return good;
}
