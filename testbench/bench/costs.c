// SPDX-License-Identifier: Apache-2.0
/*
 * What something costs that may be left out: the same work with it and without it, in turn, the fastest of
 * several runs each, so that what else the machine does at that moment meets both.
 */
#include "amdvi/experiment.h"
#include "testbench/bench/machine.h"
#include "testbench/bench/run.h"

#include <stdio.h>

enum { SETTINGS = 12, LEAST = 1000 };

struct pair {
    struct bench_pair public;
    double m_per_s;                     /* about, to know how many operations a run has */
    const char *settings[SETTINGS + 1]; /* of an experiment: FIELD, VALUE; or of a device, with `off` */
    bool off, random;                   /* without time; off: whether pages are random */
};

static const struct pair pairs[] = {
    {{"details-hits", "amdvi run with --details: pages that an L1 has", 15, 5},
     2,
     {"workload.pages", "64", "workload.order", "random", "workload.outstanding", "64"},
     false,
     false},
    {{"details-misses", "amdvi run with --details: nested tables, every request walks", 15, 5},
     0.5,
     {"workload.pages", "65536", "workload.order", "random", "workload.tables", "nested",
      "workload.outstanding", "64"},
     false,
     false},
    {{"details-unmaps", "amdvi run with --details: pages used, unmapped, flushed one by one", 15, 5},
     0.2,
     {"workload.kind", "unmaps"},
     false,
     false},
    {{"timing-off-hits", "amdvi_translate() beside a timed executor that rests: hits", 1, 0},
     20,
     {"ptc.log2_entries", "12", "ptc.ways", "8"},
     true,
     false},
    {{"timing-off-walks", "the same, random pages, v1 4 levels, caches off", 1, 0},
     8,
     {"caches", "off"},
     true,
     true},
};

enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

const struct bench_pair *bench_pair_at(size_t index)
{
    return index < PAIRS ? &pairs[index].public : NULL;
}

/* ---------------------------------------------------------------- details of experiments */

static bool prepare(const struct pair *p, struct experiment *e, char *error, size_t size)
{
    experiment_init(e);
    for (const char *const *s = p->settings; *s; s += 2)
        if (!experiment_set(e, s[0], s[1], error, size))
            return false;
    e->warm_up = 0;
    return true;
}

/* Seconds; negative: it failed. */
static double run_experiment(const struct pair *p, bool with, uint64_t count, char *error, size_t size)
{
    struct experiment_result result;
    struct experiment e;
    double begin;
    bool good;

    if (!prepare(p, &e, error, size))
        return -1;
    e.length = count;
    begin = bench_seconds();
    good = (!with || experiment_ledger_open(&e, NULL, NULL)) && experiment_run(&e, &result, error, size);
    good &= experiment_ledger_close(&e, &result);
    return good ? bench_seconds() - begin : -1;
}

/* ---------------------------------------------------------------- no time */

static bool translate(struct machine *machine, bool random, uint64_t count)
{
    struct amdvi_request request = machine_request(machine, 0);
    struct amdvi_result result;
    bool good = true;

    for (uint64_t i = 0; good && i < count; i++) {
        if (random)
            request.address = machine_address(&machine->geometry, machine_random_page(machine));
        good = amdvi_translate(machine->device, &request, &result) == AMDVI_OK && result.ok;
    }
    return good;
}

static double run_without_time(const struct pair *p, struct machine *machine, bool with, uint64_t count)
{
    struct amdvi_timed *timed = NULL;
    double begin;
    bool good;

    if (with && amdvi_timed_create(machine->device, NULL, NULL, NULL, &timed) != AMDVI_OK)
        return -1;
    begin = bench_seconds();
    good = translate(machine, p->random, count);
    begin = bench_seconds() - begin;
    amdvi_timed_destroy(timed);
    return good ? begin : -1;
}

/* ---------------------------------------------------------------- either */

struct measured {
    struct machine machine;
    uint64_t count;
    double fastest[2]; /* seconds; 1: with it */
};

static bool one_run(const struct pair *p, struct measured *m, bool with, char *error, size_t size)
{
    double took = p->off ? run_without_time(p, &m->machine, with, m->count)
                         : run_experiment(p, with, m->count, error, size);

    if (took >= 0 && (m->fastest[with] <= 0 || took < m->fastest[with]))
        m->fastest[with] = took;
    return took >= 0;
}

static bool runs_in_turn(const struct pair *p, struct measured *m, unsigned runs, char *error, size_t size)
{
    snprintf(error, size, "the measured code failed");
    for (unsigned i = 0; i < runs; i++)
        if (!one_run(p, m, false, error, size) || !one_run(p, m, true, error, size))
            return false;
    return true;
}

bool bench_compare(size_t index, double seconds, unsigned runs, struct bench_cost *cost, char *error,
                   size_t size)
{
    static const struct geometry dense = {TABLES_V1, 1 << 16, 512};
    const struct pair *p = &pairs[index];
    struct measured m = {.count = (uint64_t)(seconds * p->m_per_s * 1e6)};
    bool good;

    m.count = m.count < LEAST ? LEAST : m.count;
    if (p->off && !machine_open(&m.machine, &dense, p->settings, error, size))
        return false;
    good = runs_in_turn(p, &m, runs, error, size);
    if (p->off)
        machine_close(&m.machine);
    cost->without_ns = m.fastest[0] * 1e9 / (double)m.count;
    cost->with_ns = m.fastest[1] * 1e9 / (double)m.count;
    cost->percent = good ? 100 * (cost->with_ns / cost->without_ns - 1) : 0;
    return good;
}
