// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/ledger.h"

#include "testbench/studies/tracks.h"
#include "testbench/studies/workload.h"

#include "amdvi/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- life */

bool ledger_open(struct ledger *l)
{
    *l = (struct ledger){.count = 1};
    for (unsigned i = 0; i < EXPERIMENT_DETAIL_KINDS; i++) {
        l->by_id[i] = calloc(LEDGER_IDS, sizeof(uint32_t));
        l->failed |= !l->by_id[i];
    }
    l->guest_doorbell = calloc(LEDGER_IDS, sizeof(uint64_t));
    l->failed |= !l->guest_doorbell;
    return !l->failed;
}

void ledger_close(struct ledger *l)
{
    for (uint32_t i = 1; i < l->count; i++)
        spread_free(&l->rows[i].latency);
    for (unsigned i = 0; i < EXPERIMENT_DETAIL_KINDS; i++)
        free(l->by_id[i]);
    free(l->rows);
    free(l->guest_doorbell);
    spread_free(&l->port_wait);
    spread_free(&l->walker_wait);
}

/* ---------------------------------------------------------------- rows */

static bool room_for_row(struct ledger *l)
{
    uint32_t room = l->room ? 2 * l->room : 64;
    struct ledger_row *rows;

    if (l->count < l->room)
        return true;
    rows = realloc(l->rows, room * sizeof(*rows));
    l->failed |= !rows;
    if (!rows)
        return false;
    l->rows = rows;
    l->room = room;
    return true;
}

/* 0: no memory. */
static uint32_t row_of(struct ledger *l, enum experiment_detail_kind kind, uint32_t id)
{
    uint32_t *row = &l->by_id[kind][id];

    if (*row || !room_for_row(l))
        return *row;
    l->rows[l->count] = (struct ledger_row){.kind = kind, .id = id};
    return *row = l->count++;
}

static uint32_t dte_field(const struct amdvi_dte_view *view, const char *name)
{
    return (uint32_t)amdvi_field_get(amdvi_layout_field(amdvi_layout_find("dte"), name), view->words);
}

/* DomainID; GuestID where the entry is one of a guest's device (iommu 3.1, viommu 5). */
static void find_owner(struct ledger *l, struct world *w, uint32_t row)
{
    struct amdvi_dte_view view;
    uint32_t domain, guest = 0;

    if (amdvi_inspect_dte(w->device, (uint16_t)l->rows[row].id, &view) != AMDVI_OK)
        return;
    domain = row_of(l, EXPERIMENT_DOMAIN, dte_field(&view, "DomainID"));
    if (dte_field(&view, "vImuEn"))
        guest = row_of(l, EXPERIMENT_GUEST, dte_field(&view, "GuestID"));
    l->rows[row].domain = domain;
    l->rows[row].guest = guest;
}

static uint32_t row_of_device(struct ledger *l, struct world *w, uint16_t device)
{
    uint32_t row = l->by_id[EXPERIMENT_DEVICE][device];

    if (row)
        return row;
    row = row_of(l, EXPERIMENT_DEVICE, device);
    if (row)
        find_owner(l, w, row);
    return row;
}

void ledger_completed(struct ledger *l, struct world *w, const struct amdvi_timed_completion *c)
{
    struct ledger_row *row;
    uint32_t device;

    if (w != l->world || c->what->kind != AMDVI_SUBMITTED_REQUEST || c->place == AMDVI_TIMED_DROPPED)
        return;
    device = row_of_device(l, w, c->what->request->device);
    if (!device)
        return;
    row = &l->rows[device];
    spread_add(&row->latency, c->done - c->submitted);
    row->reads += c->reads;
    row->faults += c->what->status == AMDVI_OK && !c->what->result->ok;
    if (c->waited_port)
        spread_add(&l->port_wait, c->waited_port);
    if (c->waited_walker)
        spread_add(&l->walker_wait, c->waited_walker);
    if (l->tracks)
        tracks_request(l->tracks, c);
}

/* ---------------------------------------------------------------- commands */

enum { HOST_TAIL = 0x2008, GUEST_TAIL = 8, GUESTS_COMMANDS = LEDGER_COMMANDS };

static void on_command(void *context, const struct amdvi_command_info *info)
{
    struct ledger *l = context;
    unsigned code = (unsigned)(info->words[0] >> 60);
    uint32_t row = row_of(l, EXPERIMENT_COMMAND, code + (info->guest ? GUESTS_COMMANDS : 0));
    uint64_t since = info->guest ? l->guest_doorbell[info->guest_id] : l->host_doorbell;
    uint64_t now = amdvi_timed_now(l->world->timed);

    if (row)
        spread_add(&l->rows[row].latency, now - since);
    if (l->tracks)
        tracks_command(l->tracks, info, code, since, now);
}

static void on_mmio(void *context, bool write, uint64_t offset, unsigned size, uint64_t value)
{
    struct ledger *l = context;

    (void)size;
    (void)value;
    if (write && offset == HOST_TAIL)
        l->host_doorbell = amdvi_timed_now(l->world->timed);
}

static void on_guest_mmio(void *context, uint16_t guest, bool control, bool write, uint64_t offset,
                          unsigned size, uint64_t value)
{
    struct ledger *l = context;

    (void)size;
    (void)value;
    if (write && !control && offset == GUEST_TAIL)
        l->guest_doorbell[guest] = amdvi_timed_now(l->world->timed);
}

/* ---------------------------------------------------------------- performance counters (performance a.2) */

enum { COUNTERS = 0x40000, BANK = 0x1000, COUNTER = 0x100, SOURCE = 8, PER_BANK = 4 };

static uint64_t counter_at(unsigned event)
{
    return COUNTERS + (uint64_t)(event / PER_BANK) * BANK + (uint64_t)(event % PER_BANK) * COUNTER;
}

static void start_counters(struct world *w)
{
    for (unsigned i = 0; i < LEDGER_EVENTS; i++)
        w->failed |= amdvi_mmio_write(w->device, counter_at(i) + SOURCE, 8, i + 1) != AMDVI_OK ||
                     amdvi_mmio_write(w->device, counter_at(i), 8, 0) != AMDVI_OK;
}

static void read_counters(struct world *w, struct experiment_details *d)
{
    for (unsigned i = 0; i < LEDGER_EVENTS; i++)
        w->failed |= amdvi_mmio_read(w->device, counter_at(i), 8, &d->events[i]) != AMDVI_OK;
}

void ledger_watch(struct ledger *l, struct world *w)
{
    const struct amdvi_observer observer = {
        .context = l, .command = on_command, .mmio = on_mmio, .guest_mmio = on_guest_mmio};

    if (l->world)
        return;
    l->world = w;
    w->failed |= amdvi_observe(w->device, &observer) != AMDVI_OK;
    start_counters(w);
}

void ledger_restart(struct ledger *l, struct world *w)
{
    if (w != l->world)
        return;
    for (uint32_t i = 1; i < l->count; i++) {
        spread_restart(&l->rows[i].latency);
        l->rows[i].reads = l->rows[i].faults = 0;
    }
    spread_restart(&l->port_wait);
    spread_restart(&l->walker_wait);
    start_counters(w);
}

/* ---------------------------------------------------------------- with an experiment */

bool experiment_ledger_open(struct experiment *e, amdvi_trace_write_fn write, void *context)
{
    e->ledger = calloc(1, sizeof(*e->ledger));
    if (!e->ledger)
        return false;
    if (ledger_open(e->ledger) && write) {
        e->ledger->tracks = tracks_open(write, context, e->name);
        e->ledger->failed = !e->ledger->tracks;
    }
    return !e->ledger->failed;
}

bool experiment_ledger_close(struct experiment *e, struct experiment_result *result)
{
    bool good = e->ledger && !e->ledger->failed;

    if (!e->ledger)
        return true;
    good &= tracks_close(e->ledger->tracks);
    free(e->ledger->details.rows);
    ledger_close(e->ledger);
    free(e->ledger);
    e->ledger = NULL;
    result->details.rows = NULL;
    return good;
}

/* ---------------------------------------------------------------- the report */

static void report_latency(const struct spread *s, struct experiment_latency *latency)
{
    latency->count = s->count;
    latency->mean_ns = spread_mean(s) / 1e3;
    for (unsigned i = 0; i < EXPERIMENT_SHARES; i++)
        latency->share_ns[i] = (double)spread_share(s, experiment_shares[i].ppm) / 1e3;
}

static void add_to_owner(struct ledger *l, uint32_t owner, const struct ledger_row *device)
{
    if (!owner)
        return;
    spread_merge(&l->rows[owner].latency, &device->latency);
    l->rows[owner].reads += device->reads;
    l->rows[owner].faults += device->faults;
}

/* What devices did is what their domains and guests did. Returns the time of all requests together, ps. */
static double sum_up(struct ledger *l)
{
    double all = 0;
    uint64_t requests = 0;

    for (uint32_t i = 1; i < l->count; i++) {
        add_to_owner(l, l->rows[i].domain, &l->rows[i]);
        add_to_owner(l, l->rows[i].guest, &l->rows[i]);
        if (l->rows[i].kind == EXPERIMENT_DEVICE) {
            all += l->rows[i].latency.sum;
            requests += l->rows[i].latency.count;
        }
    }
    spread_add_none(&l->port_wait, requests - l->port_wait.count);
    spread_add_none(&l->walker_wait, requests - l->walker_wait.count);
    for (uint32_t i = 1; i < l->count; i++)
        l->failed |= l->rows[i].latency.failed;
    l->failed |= l->port_wait.failed || l->walker_wait.failed;
    return all;
}

static void report_row(const struct ledger *l, const struct ledger_row *row, struct experiment_detail *detail)
{
    *detail = (struct experiment_detail){.kind = row->kind,
                                         .id = row->id,
                                         .domain = row->domain ? l->rows[row->domain].id : 0,
                                         .guest = row->guest ? l->rows[row->guest].id : 0,
                                         .has_guest = row->guest != 0,
                                         .faults = row->faults,
                                         .reads = row->reads};
    if (row->kind == EXPERIMENT_COMMAND) {
        detail->id = row->id % GUESTS_COMMANDS;
        detail->of_guests = row->id >= GUESTS_COMMANDS;
    }
    report_latency(&row->latency, &detail->latency);
}

static void report_queues(const struct ledger *l, const struct amdvi_timed_statistics *s, double latencies,
                          struct experiment_details *d)
{
    static const char *const credits[] = {"table_credits", "command_credits", "guest_credits",
                                          "write_credits"};
    double time = (double)(s->now - s->since);

    if (time <= 0)
        return;
    d->queues[d->queue_count++] =
        (struct experiment_queue){"ports", (double)s->port_wait_ps / time, latencies / time, {0}};
    report_latency(&l->port_wait, &d->queues[0].wait);
    d->queues[d->queue_count++] = (struct experiment_queue){
        "walkers", (double)s->walker_wait_ps / time, (double)s->walker_busy_ps / time, {0}};
    report_latency(&l->walker_wait, &d->queues[1].wait);
    for (unsigned i = 0; i < AMDVI_TIMED_CLASSES; i++) {
        struct experiment_queue *q = &d->queues[d->queue_count++];
        *q = (struct experiment_queue){
            credits[i], (double)s->credit_wait_ps[i] / time, (double)s->busy_ps[i] / time, {0}};
        q->wait.count = s->asks[i];
        q->wait.mean_ns = s->asks[i] ? (double)s->credit_wait_ps[i] / (double)s->asks[i] / 1e3 : 0;
    }
}

/* Of all requests together, what they waited for; the rest are arrays, links, and walks and lines of others.
 */
static void report_holds(const struct amdvi_timed_statistics *s, double latencies,
                         struct experiment_details *d)
{
    double walkers = (double)s->walker_wait_ps / 1e6, ports = (double)s->port_wait_ps / 1e6;
    double credits = (double)s->credit_wait_ps[AMDVI_TIMED_TABLES] / 1e6;
    double memory = (double)s->busy_ps[AMDVI_TIMED_TABLES] / 1e6;
    double rest = latencies / 1e6 - ports - walkers - credits - memory;

    d->hold_us[EXPERIMENT_HOLD_PORTS] = ports;
    d->hold_us[EXPERIMENT_HOLD_WALKERS] = walkers;
    d->hold_us[EXPERIMENT_HOLD_CREDITS] = credits;
    d->hold_us[EXPERIMENT_HOLD_MEMORY] = memory;
    d->hold_us[EXPERIMENT_HOLD_REST] = rest > 0 ? rest : 0;
}

void ledger_finish(struct ledger *l, struct world *w)
{
    struct experiment_details *d = &l->details;
    struct amdvi_timed_statistics s;
    double latencies;

    if (l->world != w || d->rows || amdvi_timed_get_statistics(w->timed, &s) != AMDVI_OK)
        return;
    d->since_us = (double)s.since / 1e6;
    d->until_us = (double)s.now / 1e6;
    latencies = sum_up(l);
    d->rows = calloc(l->count, sizeof(*d->rows));
    l->failed |= !d->rows;
    for (uint32_t i = 1; d->rows && i < l->count; i++)
        if (l->rows[i].latency.count)
            report_row(l, &l->rows[i], &d->rows[d->row_count++]);
    report_queues(l, &s, latencies, d);
    report_holds(&s, latencies, d);
    read_counters(w, d);
}
