// SPDX-License-Identifier: Apache-2.0
/*
 * Disks with queues: each I/O is submitted by a processor that maps its pages; the disk reads the command,
 * reads or writes the pages, all at once, takes its own time, and writes a completion; the processor unmaps
 * the pages, flushes as `mapping` says, and submits the next one. Disks are spread over any number of IOMMUs.
 */
#include "testbench/studies/lazy.h"
#include "testbench/studies/processors.h"
#include "testbench/studies/workload.h"

#include <stdlib.h>

enum {
    FIRST_DEVICE = 0x100,
    MODE = 4, /* levels, of guest tables too */
    PASID = 1,
    PAGE_BYTES = 4096,
    COMMAND_BYTES = 64,
    COMPLETION_BYTES = 16
};
#define QUEUE_AT UINT64_C(0x10000000) /* IOVA */
#define DATA_AT  UINT64_C(0x40000000)
#define DATA_SPA UINT64_C(0x200000000)

enum stage { STAGE_COMMAND, STAGE_DATA, STAGE_COMPLETION };

/* One of a device's I/Os under way; each is followed by the next one in the same place. */
struct io {
    uint64_t submitted, ready; /* ready: when the disk itself is done */
    uint32_t pages_left;
};

struct nvme {
    const struct workload *l;
    struct scene m;
    struct processors p;
    struct lazy lazy;
    struct io *ios;
    uint64_t count, span; /* span: pages of an I/O's addresses */
    unsigned ports;
    uint64_t done, stop_at, began;
    struct times latency;
};

/* ---------------------------------------------------------------- which is whose */

static uint64_t device_of(const struct nvme *n, uint64_t io)
{
    return io / n->l->queue_depth;
}

static unsigned iommu_of(const struct nvme *n, uint64_t io)
{
    return (unsigned)(device_of(n, io) % n->l->iommus);
}

static uint16_t device_id(const struct nvme *n, uint64_t device)
{
    return (uint16_t)(FIRST_DEVICE + device / n->l->iommus);
}

static uint16_t domain_of(const struct nvme *n, uint64_t device)
{
    return (uint16_t)(1 + device / n->l->iommus);
}

static unsigned processor_of(const struct nvme *n, uint64_t io)
{
    return (unsigned)(io % n->p.count);
}

static uint64_t data_address(const struct nvme *n, uint64_t io)
{
    return DATA_AT + io % n->l->queue_depth * n->span * PAGE_BYTES;
}

/* ---------------------------------------------------------------- tables */

/* Host tables, or a guest's whose pages the host maps one to one. */
struct tables {
    struct world *w;
    bool both;
    uint64_t root; /* of the host's, or of the guest's for PASID */
    struct nested nested;
};

static void map_run(struct tables *t, uint64_t address, uint64_t bytes, unsigned shift)
{
    for (uint64_t at = 0; at < bytes && !t->w->failed; at += UINT64_C(1) << shift) {
        if (t->both)
            world_guest_map(t->w, &t->nested, t->root, address + at, WORLD_GPA_BASE + DATA_SPA, shift);
        else
            world_host_map(t->w, t->root, MODE, address + at, DATA_SPA, shift);
    }
}

static void begin_tables(struct tables *t, unsigned shift)
{
    if (!t->both) {
        t->root = world_page(t->w);
        return;
    }
    t->nested = (struct nested){.host_levels = MODE, .guest_levels = MODE, .host_shift = SHIFT_4K};
    world_nested(t->w, &t->nested);
    t->root = world_pasid(t->w, &t->nested, PASID);
    for (uint64_t at = 0; at < UINT64_C(1) << shift; at += PAGE_BYTES)
        world_back(t->w, &t->nested, WORLD_GPA_BASE + DATA_SPA + at);
}

static void make_device(struct nvme *n, uint64_t device)
{
    struct tables t = {.w = scene_world(&n->m, (unsigned)(device % n->l->iommus)),
                       .both = n->l->tables == TABLES_BOTH};
    unsigned shift = workload_shift(n->l);

    if (n->l->mapping == MAPPING_DIRECT) {
        world_dte_host(t.w, device_id(n, device), domain_of(n, device), 0, 0);
        return;
    }
    begin_tables(&t, shift);
    map_run(&t, QUEUE_AT, n->l->queue_depth * COMMAND_BYTES, SHIFT_4K);
    map_run(&t, QUEUE_AT + (1 << 20), n->l->queue_depth * COMPLETION_BYTES, SHIFT_4K);
    map_run(&t, DATA_AT, n->l->queue_depth * n->span * PAGE_BYTES, shift);
    if (t.both)
        world_dte_nested(t.w, device_id(n, device), domain_of(n, device), &t.nested);
    else
        world_dte_host(t.w, device_id(n, device), domain_of(n, device), MODE, t.root);
}

/* ---------------------------------------------------------------- a disk */

static void ask(struct nvme *n, uint64_t io, enum stage stage, uint64_t page)
{
    bool guests = n->l->tables == TABLES_BOTH && n->l->mapping != MAPPING_DIRECT;
    struct amdvi_request request = {.device = device_id(n, device_of(n, io)),
                                    .op = AMDVI_WRITE,
                                    .has_pasid = guests,
                                    .pasid = guests ? PASID : 0};
    uint64_t place = io % n->l->queue_depth;

    switch (stage) {
    case STAGE_COMMAND:
        request.op = AMDVI_READ;
        request.address = QUEUE_AT + place * COMMAND_BYTES;
        request.length = COMMAND_BYTES;
        break;
    case STAGE_DATA:
        request.address = data_address(n, io) + page * PAGE_BYTES;
        request.length = PAGE_BYTES;
        break;
    case STAGE_COMPLETION:
        request.address = QUEUE_AT + (1 << 20) + place * COMPLETION_BYTES;
        request.length = COMPLETION_BYTES;
        break;
    }
    scene_request(&n->m, iommu_of(n, io), (unsigned)(device_of(n, io) % n->ports), &request, io << 2 | stage);
}

static void rings_doorbell(void *context, uint64_t io)
{
    ask(context, io, STAGE_COMMAND, 0);
}

static void disk_done(void *self, uint64_t io)
{
    ask(self, io, STAGE_COMPLETION, 0);
}

static void moves_data(struct nvme *n, uint64_t io)
{
    n->ios[io].pages_left = (uint32_t)n->l->io_pages;
    n->ios[io].ready = n->m.now + n->l->service * 1000;
    for (uint64_t page = 0; page < n->l->io_pages; page++)
        ask(n, io, STAGE_DATA, page);
}

static void page_moved(struct nvme *n, uint64_t io)
{
    uint64_t now = n->m.now;

    if (!--n->ios[io].pages_left)
        scene_put(&n->m, n->ios[io].ready > now ? n->ios[io].ready : now, disk_done, n, io);
}

/* ---------------------------------------------------------------- a processor */

static void submit(struct nvme *n, uint64_t io)
{
    struct chore chore = {.cost = n->l->io_cost * 1000, .done = rings_doorbell, .argument = io};

    if (n->l->mapping < MAPPING_STATIC)
        chore.cost += n->l->io_pages * n->l->map_cost * 1000;
    n->ios[io].submitted = n->m.now;
    processors_do(&n->p, processor_of(n, io), chore);
}

static void completed(void *context, uint64_t io)
{
    struct nvme *n = context;

    n->done++;
    scene_operation(&n->m);
    times_add(&n->latency, n->m.now - n->ios[io].submitted);
    submit(n, io);
}

static void complete(struct nvme *n, uint64_t io)
{
    struct chore chore = {.cost = n->l->io_cost * 1000,
                          .flushes = n->l->mapping == MAPPING_STRICT,
                          .iommu = iommu_of(n, io),
                          .done = completed,
                          .argument = io};

    if (n->l->mapping < MAPPING_STATIC)
        chore.cost += n->l->io_pages * n->l->unmap_cost * 1000;
    if (n->l->mapping == MAPPING_LAZY)
        lazy_unmap(&n->lazy, processor_of(n, io), iommu_of(n, io));
    processors_do(&n->p, processor_of(n, io), chore);
}

/* Of what was collected, each domain is flushed: a disk has one of its own. */
static void flush_domains(const struct nvme *n, struct world *w)
{
    for (uint64_t i = 0; i * n->l->iommus < n->l->devices; i++)
        world_invalidate_domain(w, (uint16_t)(1 + i));
}

/* Pages of an I/O: a power of two if there are several. */
static void invalidate(const struct nvme *n, struct world *w, uint64_t io, uint64_t page, uint64_t pages)
{
    uint64_t address = data_address(n, io) + page * PAGE_BYTES;
    uint16_t domain = domain_of(n, device_of(n, io));
    bool pde = !n->l->keep_directories;

    if (n->l->tables == TABLES_BOTH)
        world_invalidate_guest(w, domain, PASID, address, pages, pde);
    else if (pages > 1)
        world_invalidate_range(w, domain, address, pages, pde);
    else
        world_invalidate_page(w, domain, address, pde);
}

static void write_commands(void *context, struct world *w, uint64_t io)
{
    const struct nvme *n = context;

    if (io == LAZY_FLUSH)
        flush_domains(n, w);
    else if (n->l->ranged && n->l->io_pages > 1)
        invalidate(n, w, io, 0, n->span);
    else
        for (uint64_t page = 0; page < n->l->io_pages; page++)
            invalidate(n, w, io, page, 1);
}

static void answered(void *context, unsigned iommu, const struct amdvi_timed_completion *c)
{
    struct nvme *n = context;
    uint64_t io = c->what->tag >> 2;

    (void)iommu;
    switch ((enum stage)(c->what->tag & 3)) {
    case STAGE_COMMAND:
        moves_data(n, io);
        break;
    case STAGE_DATA:
        page_moved(n, io);
        break;
    case STAGE_COMPLETION:
        complete(n, io);
        break;
    }
}

/* ---------------------------------------------------------------- from first to last */

static bool make(struct nvme *n, const struct experiment *e)
{
    const struct workload *l = &e->workload;
    bool good;

    n->l = l;
    n->ports = workload_ports(e);
    n->count = l->devices * l->queue_depth;
    for (n->span = 1; n->span < l->io_pages;)
        n->span *= 2;
    n->ios = calloc(n->count, sizeof(*n->ios));
    good = scene_open(&n->m, e, (unsigned)l->iommus) && n->ios &&
           processors_open(&n->p, &n->m, (unsigned)l->processors, l->lock_cost * 1000) &&
           lazy_open(&n->lazy, &n->p, l);
    n->m.context = n->p.context = n;
    n->m.answered = answered;
    n->p.commands = write_commands;
    for (uint64_t i = 0; good && i < l->devices; i++)
        make_device(n, i);
    return good;
}

static void run_ios(struct nvme *n, uint64_t count)
{
    n->stop_at = n->done + count;
    while (n->done < n->stop_at && scene_next(&n->m))
        ;
}

static void restart(struct nvme *n)
{
    scene_restart(&n->m);
    processors_restart(&n->p);
    times_restart(&n->latency);
    n->began = n->m.now;
}

static void report(struct nvme *n, struct experiment_result *r, uint64_t ios)
{
    uint64_t time = n->m.now - n->began;

    metric_add(r, "iops_k", metric_per(ios * 1000000000, time));
    metric_add(r, "throughput_gbps", metric_per(ios * n->l->io_pages * PAGE_BYTES * 8000, time));
    times_report(&n->latency, r, "io");
    processors_report(&n->p, r);
    metric_add_scene(r, &n->m);
}

static void free_all(struct nvme *n)
{
    free(n->ios);
    times_free(&n->latency);
    lazy_close(&n->lazy);
    processors_close(&n->p);
    scene_close(&n->m);
}

bool workload_nvme(const struct experiment *e, struct experiment_result *r)
{
    struct nvme n = {0};
    bool good = make(&n, e);

    if (good) {
        for (uint64_t i = 0; i < n.count; i++)
            submit(&n, i);
        run_ios(&n, e->warm_up);
        restart(&n);
        run_ios(&n, e->length);
        report(&n, r, e->length);
        good = scene_good(&n.m) && n.done >= n.stop_at && !n.latency.failed;
    }
    free_all(&n);
    return good;
}
