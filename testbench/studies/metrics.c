// SPDX-License-Identifier: Apache-2.0
/* What comes out of an experiment, by name. */
#include "testbench/studies/latencies.h"
#include "testbench/studies/ledger.h"
#include "testbench/studies/scene.h"
#include "testbench/studies/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct experiment_share experiment_shares[EXPERIMENT_SHARES] = {{"p50", 500000},    {"p90", 900000},
                                                                      {"p99", 990000},    {"p99_9", 999000},
                                                                      {"p99_99", 999900}, {"max", 1000000}};

void metric_add(struct experiment_result *r, const char *name, double value)
{
    if (r->count == EXPERIMENT_METRICS || strlen(name) >= EXPERIMENT_TEXT) {
        if (!*r->problem)
            snprintf(r->problem, sizeof(r->problem),
                     "metric '%s' has no place: at most %d, of at most %d characters", name,
                     EXPERIMENT_METRICS, EXPERIMENT_TEXT - 1);
        return;
    }
    memcpy(r->metrics[r->count].name, name, strlen(name) + 1);
    r->metrics[r->count++].value = value;
}

bool metrics_judge(const struct experiment_result *r, bool ran, char *error, size_t size)
{
    if (ran && !*r->problem)
        return true;
    snprintf(error, size, "%s",
             *r->problem
                 ? r->problem
                 : "it could not be run: no memory, or a request faulted or failed with these settings");
    return false;
}

const struct metric *experiment_metric(const struct experiment_result *result, const char *name)
{
    for (unsigned i = 0; i < result->count; i++)
        if (!strcmp(result->metrics[i].name, name))
            return &result->metrics[i];
    return NULL;
}

double metric_per(uint64_t count, uint64_t of)
{
    return of ? (double)count / (double)of : 0;
}

/* ---------------------------------------------------------------- of the timed executor */

static void add_latencies(struct experiment_result *r, const struct amdvi_timed *timed,
                          enum amdvi_timed_histogram which, const char *name)
{
    char text[EXPERIMENT_TEXT];
    uint64_t count, ps;
    double mean;

    amdvi_timed_mean(timed, which, &count, &mean);
    snprintf(text, sizeof(text), "%s_mean_ns", name);
    metric_add(r, text, mean / 1e3);
    for (size_t i = 0; i < EXPERIMENT_SHARES; i++) {
        amdvi_timed_percentile(timed, which, experiment_shares[i].ppm, &ps);
        snprintf(text, sizeof(text), "%s_%s_ns", name, experiment_shares[i].name);
        metric_add(r, text, (double)ps / 1e3);
    }
}

static void add_counts(struct experiment_result *r, const struct amdvi_timed_statistics *s)
{
    uint64_t requests =
        s->requests[AMDVI_TIMED_L1] + s->requests[AMDVI_TIMED_L2] + s->requests[AMDVI_TIMED_WALK];
    uint64_t time = s->now - s->since;

    metric_add(r, "time_us", (double)time / 1e6);
    metric_add(r, "dropped", (double)s->dropped);
    metric_add(r, "l1_hits_share", metric_per(s->requests[AMDVI_TIMED_L1], requests));
    metric_add(r, "l2_answers_share", metric_per(s->requests[AMDVI_TIMED_L2], requests));
    metric_add(r, "walked_share", metric_per(s->requests[AMDVI_TIMED_WALK], requests));
    metric_add(r, "table_reads_per_request", metric_per(s->asks[AMDVI_TIMED_TABLES], requests));
    metric_add(r, "merged_lines_per_request", metric_per(s->merged_lines, requests));
    metric_add(r, "merged_pages_per_request", metric_per(s->merged_pages, requests));
    metric_add(r, "port_wait_mean_ns", metric_per(s->port_wait_ps, requests) / 1e3);
    metric_add(r, "walker_wait_mean_ns", metric_per(s->walker_wait_ps, s->walks) / 1e3);
    metric_add(r, "walkers_busy_mean", metric_per(s->walker_busy_ps, time));
    metric_add(r, "credit_wait_mean_ns",
               metric_per(s->credit_wait_ps[AMDVI_TIMED_TABLES], s->asks[AMDVI_TIMED_TABLES]) / 1e3);
    metric_add(r, "table_reads_busy_mean", metric_per(s->busy_ps[AMDVI_TIMED_TABLES], time));
    metric_add(r, "l2a_stolen_share", metric_per(s->stolen_l2a_ps, time));
    metric_add(r, "commands", (double)s->commands);
    metric_add(r, "flush_wait_us", (double)s->flush_wait_ps / 1e6);
}

void metric_add_timed(struct experiment_result *r, const struct amdvi_timed *timed)
{
    struct amdvi_timed_statistics s;

    amdvi_timed_get_statistics(timed, &s);
    add_latencies(r, timed, AMDVI_TIMED_ALL_REQUESTS, "latency");
    add_latencies(r, timed, AMDVI_TIMED_MEMORY, "memory");
    add_counts(r, &s);
}

void metric_add_world(struct experiment_result *r, const struct world *w)
{
    metric_add_timed(r, w->timed);
}

static void sum_up(struct amdvi_timed_statistics *sum, const struct amdvi_timed_statistics *s)
{
    for (unsigned i = 0; i < AMDVI_TIMED_PLACES; i++)
        sum->requests[i] += s->requests[i];
    for (unsigned i = 0; i < AMDVI_TIMED_CLASSES; i++) {
        sum->asks[i] += s->asks[i];
        sum->credit_wait_ps[i] += s->credit_wait_ps[i];
        sum->busy_ps[i] += s->busy_ps[i];
    }
    sum->since = s->since;
    sum->now = s->now > sum->now ? s->now : sum->now;
    sum->dropped += s->dropped;
    sum->merged_lines += s->merged_lines;
    sum->merged_pages += s->merged_pages;
    sum->walks += s->walks;
    sum->walker_wait_ps += s->walker_wait_ps;
    sum->walker_busy_ps += s->walker_busy_ps;
    sum->port_wait_ps += s->port_wait_ps;
    sum->commands += s->commands;
    sum->stolen_l2a_ps += s->stolen_l2a_ps;
    sum->flush_wait_ps += s->flush_wait_ps;
}

void metric_add_scene(struct experiment_result *r, const struct scene *m)
{
    struct amdvi_timed_statistics sum = {0}, s;

    for (unsigned i = 0; i < m->count; i++) {
        amdvi_timed_get_statistics(m->iommus[i].world.timed, &s);
        sum_up(&sum, &s);
    }
    add_latencies(r, m->iommus[0].world.timed, AMDVI_TIMED_ALL_REQUESTS, "latency");
    add_latencies(r, m->iommus[0].world.timed, AMDVI_TIMED_MEMORY, "memory");
    add_counts(r, &sum);
}

/* ---------------------------------------------------------------- what all workloads begin with */

static uint64_t memory_of(const struct workload *l)
{
    enum { TENANT = 32 << 10 };
    uint64_t size = WORLD_SIZE;

    if (l->kind == WORKLOAD_GUESTS || l->kind == WORKLOAD_STORM || l->kind == WORKLOAD_FLOOD)
        size += l->guests * ((48 << 10) + l->pages * 9);
    if (l->kind == WORKLOAD_TENANTS || l->kind == WORKLOAD_SWEEP || l->kind == WORKLOAD_NVME)
        size += (l->tenants + l->devices) * TENANT + l->devices * l->pages * 9;
    return (size + 0xfffff) & ~UINT64_C(0xfffff);
}

/* As many counters as Linux has events. */
static void ledger_keys(const char **keys, unsigned count)
{
    static const char *const counters[] = {"pmu.banks", "6", "pmu.counters", "4"};

    for (unsigned i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        keys[count++] = counters[i];
}

/* Whether the list is there was seen when it was named. */
static bool set_latencies(struct world *w, const struct experiment *e)
{
    char error[EXPERIMENT_TEXT];
    uint64_t *list;
    uint32_t count;
    bool good;

    if (!*e->latencies)
        return true;
    if (!latencies_read(e->latencies, &list, &count, error, sizeof(error)))
        return false;
    good = amdvi_timed_set_latencies(w->timed, e->latencies_in_turn ? AMDVI_TIMED_IN_TURN : AMDVI_TIMED_DRAWN,
                                     list, count) == AMDVI_OK;
    free(list);
    return good;
}

bool workload_world(struct world *w, const struct experiment *e)
{
    const char *keys[2 * EXPERIMENT_KEYS + 5] = {NULL};
    unsigned count = 0;

    for (unsigned i = 0; i < e->key_count; i++) {
        keys[count++] = e->keys[i][0];
        keys[count++] = e->keys[i][1];
    }
    if (e->ledger)
        ledger_keys(keys, count);
    if (!world_open_sized(w, *e->preset ? e->preset : NULL, keys, &e->parameters, e->seed,
                          memory_of(&e->workload)) ||
        !set_latencies(w, e))
        return false;
    w->ledger = e->ledger;
    w->watch = e->watch;
    if (w->ledger)
        ledger_watch(w->ledger, w);
    return !w->failed;
}

unsigned workload_ports(const struct experiment *e)
{
    uint64_t ports = 1;

    amdvi_timed_get(&e->parameters, "l1.ports", &ports);
    return (unsigned)(e->workload.ports < ports ? e->workload.ports : ports);
}

uint64_t workload_link_time(uint64_t bytes, uint64_t rate)
{
    return bytes * 8000 / rate;
}
