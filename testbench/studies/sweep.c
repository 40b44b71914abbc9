// SPDX-License-Identifier: Apache-2.0
/* Devices that ask one after the other, each in a domain and with tables of its own: whether the device table
 * cache and the directories hold them all. */
#include "testbench/studies/scene.h"
#include "testbench/studies/workload.h"

enum { FIRST_DEVICE = 0x100, MODE = 4, PAGE_BYTES = 4096 };
#define DATA_AT  UINT64_C(0x40000000) /* IOVA */
#define DATA_SPA UINT64_C(0x200000000)

struct sweep {
    const struct workload *l;
    struct scene m;
    uint64_t sent, ended, stop_at;
    unsigned ports;
};

static uint16_t device_id(const struct sweep *s, uint64_t device)
{
    return (uint16_t)(FIRST_DEVICE + device * s->l->device_stride);
}

static void make_device(struct sweep *s, uint64_t device)
{
    struct world *w = scene_world(&s->m, 0);
    uint64_t root = world_page(w);

    for (uint64_t i = 0; i < s->l->pages && !w->failed; i++)
        world_host_map(w, root, MODE, DATA_AT + i * PAGE_BYTES, DATA_SPA, SHIFT_4K);
    world_dte_host(w, device_id(s, device), (uint16_t)(1 + device), MODE, root);
}

static void send(struct sweep *s)
{
    struct amdvi_request request = {.op = AMDVI_READ, .length = s->l->bytes};
    uint64_t page = s->sent / s->l->devices % s->l->pages;

    request.device = device_id(s, s->sent % s->l->devices);
    request.address = DATA_AT + page * PAGE_BYTES;
    scene_request(&s->m, 0, (unsigned)(s->sent++ % s->ports), &request, 0);
}

static void answered(void *context, unsigned iommu, const struct amdvi_timed_completion *c)
{
    struct sweep *s = context;

    (void)iommu;
    (void)c;
    s->ended++;
    scene_operation(&s->m);
    if (s->sent < s->stop_at)
        send(s);
}

static void run(struct sweep *s, uint64_t count)
{
    s->stop_at = s->sent + count;
    for (uint64_t i = 0; i < s->l->outstanding && s->sent < s->stop_at; i++)
        send(s);
    while (s->ended < s->stop_at && scene_next(&s->m))
        ;
}

static void report(struct sweep *s, struct experiment_result *r, uint64_t count)
{
    struct amdvi_statistics device;
    struct amdvi_timed_statistics time;

    amdvi_timed_get_statistics(scene_world(&s->m, 0)->timed, &time);
    amdvi_get_statistics(scene_world(&s->m, 0)->device, &device);
    metric_add(r, "requests_m_per_s", metric_per(count * 1000000, time.now - time.since));
    metric_add(r, "device_entry_misses_share",
               metric_per(device.dtc_misses, device.dtc_hits + device.dtc_misses));
    metric_add_scene(r, &s->m);
}

bool workload_sweep(const struct experiment *e, struct experiment_result *r)
{
    struct sweep s = {.l = &e->workload, .ports = workload_ports(e)};
    bool good = scene_open(&s.m, e, 1);

    s.m.context = &s;
    s.m.answered = answered;
    for (uint64_t i = 0; good && i < s.l->devices; i++)
        make_device(&s, i);
    if (good) {
        run(&s, e->warm_up);
        scene_restart(&s.m);
        run(&s, e->length);
        report(&s, r, e->length);
        good = scene_good(&s.m);
    }
    scene_close(&s.m);
    return good;
}
