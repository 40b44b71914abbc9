// SPDX-License-Identifier: Apache-2.0
/* What is measured. */
#include "amdvi/replay.h"
#include "testbench/bench/machine.h"
#include "testbench/bench/run.h"
#include "testbench/bench/timed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { SAME_PAGE, RANDOM_PAGES, BATCH, TIMED_NEAR, TIMED_LINK, TIMED_FAR, INVALIDATE, REPLAY };
enum { PER_DOORBELL = 64, BATCH_SIZE = 1024, SETTINGS = 6, SMALL_PAGES = 1 << 12 };

struct definition {
    struct bench_case public;
    enum kind kind;
    struct geometry geometry;
    unsigned log2_entries; /* of the PTC */
    const char *settings[SETTINGS + 1];
};

#define PTC(log2) "ptc.log2_entries", log2, "ptc.ways", "8"
#define CACHED                                                                                               \
    {                                                                                                        \
        PTC("12")                                                                                            \
    }
#define UNCACHED                                                                                             \
    {                                                                                                        \
        "caches", "off"                                                                                      \
    }
#define DENSE(kind)                                                                                          \
    {                                                                                                        \
        kind, 1 << 16, 512                                                                                   \
    }
#define SPREAD(kind)                                                                                         \
    {                                                                                                        \
        kind, 1 << 22, 32                                                                                    \
    }

static const char hit_anchor[] = "RISC-V IOMMU reference model, TLB hit (2 entries)";
static const char host_anchor[] = "RISC-V IOMMU reference model, stage-2 4-level miss";
static const char nested_anchor[] = "RISC-V IOMMU reference model, nested Sv48 miss";
static const char command_anchor[] = "RISC-V IOMMU reference model, invalidations (2 entries)";

static const struct definition definitions[] = {
    {{"hit-v1", "same page again and again, v1, translation cache hit", "translation", hit_anchor, 29.6, 15,
      30, false},
     SAME_PAGE,
     DENSE(TABLES_V1),
     12,
     CACHED},
    {{"hit-nested", "same page again and again, nested, translation cache hit", "translation", hit_anchor,
      29.6, 15, 30, false},
     SAME_PAGE,
     DENSE(TABLES_NESTED),
     12,
     CACHED},
    {{"cold-v1", "random pages, v1 4 levels, caches off", "translation", host_anchor, 8.0, 5, 10, false},
     RANDOM_PAGES,
     DENSE(TABLES_V1),
     0,
     UNCACHED},
    {{"cold-v2", "random pages, v2 4 levels (Mode 0), caches off", "translation", host_anchor, 8.0, 5, 10,
      false},
     RANDOM_PAGES,
     DENSE(TABLES_V2),
     0,
     UNCACHED},
    {{"cold-nested", "random pages, nested 4x4, 30 reads, caches off", "translation", nested_anchor, 2.45,
      1.5, 3, false},
     RANDOM_PAGES,
     DENSE(TABLES_NESTED),
     0,
     UNCACHED},
    {{"random-v1", "random pages, v1 4 levels, caches on, PTC holds 1/16 of them", "translation", NULL, 0, 0,
      0, false},
     RANDOM_PAGES,
     DENSE(TABLES_V1),
     12,
     CACHED},
    {{"random-v2", "random pages, v2 4 levels (Mode 0), caches on, PTC holds 1/16", "translation", NULL, 0, 0,
      0, false},
     RANDOM_PAGES,
     DENSE(TABLES_V2),
     12,
     CACHED},
    {{"random-nested", "random pages, nested 4x4, caches on, PTC holds 1/16", "translation", NULL, 0, 0, 0,
      false},
     RANDOM_PAGES,
     DENSE(TABLES_NESTED),
     12,
     CACHED},
    {{"invalidate-64", "invalidate page, 64 a doorbell and COMPLETION_WAIT, PTC of 64 kept full",
      "invalidation", command_anchor, 30.0, 10, 30, false},
     INVALIDATE,
     DENSE(TABLES_V1),
     6,
     {PTC("6")}},
    {{"invalidate-4096", "invalidate page, 64 a doorbell and COMPLETION_WAIT, PTC of 4,096 kept full",
      "invalidation", command_anchor, 30.0, 10, 30, false},
     INVALIDATE,
     DENSE(TABLES_V1),
     12,
     {PTC("12")}},
    {{"invalidate-65536", "invalidate page, 64 a doorbell and COMPLETION_WAIT, PTC of 65,536 kept full",
      "invalidation", command_anchor, 30.0, 10, 30, false},
     INVALIDATE,
     DENSE(TABLES_V1),
     16,
     {PTC("16")}},
    {{"large-v1-loop", "4 M pages in 512 MiB of v1 leaf tables, one at a time, caches off", "translation",
      NULL, 0, 0, 0, true},
     RANDOM_PAGES,
     SPREAD(TABLES_V1),
     0,
     UNCACHED},
    {{"large-v1-batch", "the same, amdvi_translate_batch()", "translation", NULL, 0, 0, 0, true},
     BATCH,
     SPREAD(TABLES_V1),
     0,
     UNCACHED},
    {{"large-nested-loop", "4 M pages in 1 GiB of nested leaf tables, one at a time, caches off",
      "translation", NULL, 0, 0.1, 0.6, true},
     RANDOM_PAGES,
     SPREAD(TABLES_NESTED),
     0,
     UNCACHED},
    {{"large-nested-batch", "the same, amdvi_translate_batch()", "translation", NULL, 0, 0.1, 0.6, true},
     BATCH,
     SPREAD(TABLES_NESTED),
     0,
     UNCACHED},
    {{"large-nested-loop-cached", "the same tables, one at a time, caches on", "translation", NULL, 0, 0, 0,
      true},
     RANDOM_PAGES,
     SPREAD(TABLES_NESTED),
     12,
     CACHED},
    {{"large-nested-batch-cached", "the same, amdvi_translate_batch()", "translation", NULL, 0, 0, 0, true},
     BATCH,
     SPREAD(TABLES_NESTED),
     12,
     CACHED},
    {{"timed-v1-hit90", "under time: v1, 64 requests at once, 90 % of them hits", "translation", NULL, 0, 2,
      5, false},
     TIMED_NEAR,
     DENSE(TABLES_V1),
     12,
     CACHED},
    {{"timed-link", "under time: pages of a 400 Gb/s link; 10 s of it are 122 M, 1.02 M/s are two minutes",
      "translation", NULL, 0, 1.02, 4.07, false},
     TIMED_LINK,
     DENSE(TABLES_V1),
     12,
     CACHED},
    {{"timed-v1-miss", "under time: v1, random pages, PTC holds 1/16", "translation", NULL, 0, 0, 0, false},
     TIMED_FAR,
     DENSE(TABLES_V1),
     12,
     CACHED},
    {{"timed-nested-miss", "under time: nested 4x4, random pages, PTC holds 1/16", "translation", NULL, 0,
      0.3, 1, false},
     TIMED_FAR,
     DENSE(TABLES_NESTED),
     12,
     CACHED},
    {{"timed-nested-cold", "under time: nested 4x4, random pages, caches off, 30 reads", "translation", NULL,
      0, 0, 0, false},
     TIMED_FAR,
     DENSE(TABLES_NESTED),
     0,
     UNCACHED},
    {{"replay", "a capture, read, decompressed, played and checked", "record", NULL, 0, 0, 0, false},
     REPLAY,
     {TABLES_V1, 0, 0},
     0,
     {NULL}},
};

enum { DEFINITIONS = sizeof(definitions) / sizeof(definitions[0]) };

struct bench {
    const struct definition *definition;
    struct machine machine;
    const char *capture;
    struct amdvi_request requests[BATCH_SIZE];
    struct amdvi_result results[BATCH_SIZE];
    uint64_t victims[PER_DOORBELL * 64];
};

size_t bench_count(void)
{
    return DEFINITIONS;
}

const struct bench_case *bench_case_at(size_t index)
{
    return index < DEFINITIONS ? &definitions[index].public : NULL;
}

/* ---------------------------------------------------------------- translations */

static double do_same(struct bench *bench, uint64_t operations)
{
    struct amdvi_request request = machine_request(&bench->machine, 0);
    struct amdvi_result result;
    double begin = bench_seconds();

    for (uint64_t i = 0; i < operations; i++)
        if (amdvi_translate(bench->machine.device, &request, &result) != AMDVI_OK || !result.ok)
            return -1;
    return bench_seconds() - begin;
}

static double do_random(struct bench *bench, uint64_t operations)
{
    struct machine *machine = &bench->machine;
    struct amdvi_request request = machine_request(machine, 0);
    struct amdvi_result result;
    double begin = bench_seconds();

    for (uint64_t i = 0; i < operations; i++) {
        request.address = machine_address(&machine->geometry, machine_random_page(machine));
        if (amdvi_translate(machine->device, &request, &result) != AMDVI_OK || !result.ok)
            return -1;
    }
    return bench_seconds() - begin;
}

static bool do_one_batch(struct bench *bench)
{
    struct machine *machine = &bench->machine;
    bool good = true;

    for (unsigned i = 0; i < BATCH_SIZE; i++)
        bench->requests[i].address = machine_address(&machine->geometry, machine_random_page(machine));
    if (amdvi_translate_batch(machine->device, bench->requests, bench->results, BATCH_SIZE) != AMDVI_OK)
        return false;
    for (unsigned i = 0; i < BATCH_SIZE; i++)
        good &= bench->results[i].ok;
    return good;
}

static double do_batch(struct bench *bench, uint64_t *operations)
{
    uint64_t rounds = *operations / BATCH_SIZE + 1;
    double begin = bench_seconds();

    for (uint64_t i = 0; i < rounds; i++)
        if (!do_one_batch(bench))
            return -1;
    *operations = rounds * BATCH_SIZE;
    return bench_seconds() - begin;
}

/* ---------------------------------------------------------------- invalidations */

static bool touch(struct bench *bench, uint64_t page)
{
    struct amdvi_request request = machine_request(&bench->machine, page);
    struct amdvi_result result;

    return amdvi_translate(bench->machine.device, &request, &result) == AMDVI_OK && result.ok;
}

static bool fill_cache(struct bench *bench)
{
    for (uint64_t page = 0; page < bench->machine.geometry.pages; page++)
        if (!touch(bench, page))
            return false;
    return true;
}

/* Invalidations are random over the mapped pages; then, unmeasured, the pages come back into the cache. At
 * most a sixteenth of the cache is invalidated between. */
static double invalidate_some(struct bench *bench, unsigned doorbells)
{
    unsigned count = doorbells * PER_DOORBELL;
    double begin, took;

    for (unsigned i = 0; i < count; i++)
        bench->victims[i] = machine_random_page(&bench->machine);
    begin = bench_seconds();
    for (unsigned i = 0; i < doorbells; i++)
        if (!machine_invalidate(&bench->machine, &bench->victims[(size_t)i * PER_DOORBELL], PER_DOORBELL))
            return -1;
    took = bench_seconds() - begin;
    for (unsigned i = 0; i < count; i++)
        if (!touch(bench, bench->victims[i]))
            return -1;
    return took;
}

static double do_invalidate(struct bench *bench, uint64_t *operations)
{
    unsigned entries = 1u << bench->definition->log2_entries;
    unsigned doorbells = entries / 16 / PER_DOORBELL;
    uint64_t done = 0;
    double took = 0;

    doorbells = doorbells < 1 ? 1 : doorbells > 64 ? 64 : doorbells;
    while (done < *operations) {
        double some = invalidate_some(bench, doorbells);
        if (some < 0)
            return -1;
        took += some;
        done += (uint64_t)doorbells * PER_DOORBELL;
    }
    *operations = done;
    return took;
}

/* ---------------------------------------------------------------- replay */

static bool play(struct amdvi_trace_reader *reader, struct amdvi_replay *replay, uint64_t *records)
{
    struct amdvi_trace_record record;
    enum amdvi_trace_status status;

    while ((status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK) {
        if (amdvi_replay_record(replay, &record) != AMDVI_REPLAY_OK)
            return false;
        ++*records;
    }
    return status == AMDVI_TRACE_END && amdvi_replay_finish(replay) == AMDVI_REPLAY_OK &&
           amdvi_replay_counts(replay)->failed == 0;
}

static double do_replay(struct bench *bench, uint64_t *operations)
{
    struct amdvi_replay_options options = {.name = bench->capture};
    struct amdvi_trace_reader *reader;
    struct amdvi_replay *replay = NULL;
    struct amdvi_trace_error error;
    double begin = bench_seconds();
    bool good;

    *operations = 0;
    if (amdvi_trace_open(bench->capture, NULL, &reader, &error) != AMDVI_TRACE_OK)
        return -1;
    good = amdvi_replay_create(&options, &replay) == AMDVI_REPLAY_OK && play(reader, replay, operations);
    amdvi_replay_destroy(replay);
    amdvi_trace_close(reader);
    return good ? bench_seconds() - begin : -1;
}

/* ---------------------------------------------------------------- any of them */

double bench_do(struct bench *bench, uint64_t *operations)
{
    switch (bench->definition->kind) {
    case SAME_PAGE:
        return do_same(bench, *operations);
    case RANDOM_PAGES:
        return do_random(bench, *operations);
    case BATCH:
        return do_batch(bench, operations);
    case TIMED_NEAR:
        return timed_requests(&bench->machine, 229, *operations);
    case TIMED_LINK:
        return timed_link(&bench->machine, *operations);
    case TIMED_FAR:
        return timed_requests(&bench->machine, 0, *operations);
    case INVALIDATE:
        return do_invalidate(bench, operations);
    default:
        return do_replay(bench, operations);
    }
}

static bool open_machine(struct bench *bench, const struct bench_settings *settings, char *error, size_t size)
{
    const struct definition *d = bench->definition;
    struct geometry geometry = d->geometry;

    if (settings->small && d->public.large)
        geometry.pages = SMALL_PAGES;
    if (!machine_open(&bench->machine, &geometry, d->settings, error, size))
        return false;
    for (unsigned i = 0; i < BATCH_SIZE; i++)
        bench->requests[i] = machine_request(&bench->machine, 0);
    if (d->kind != INVALIDATE || fill_cache(bench))
        return true;
    snprintf(error, size, "the translation cache cannot be filled");
    machine_close(&bench->machine);
    return false;
}

static bool open_capture(struct bench *bench, const struct bench_settings *settings, char *error, size_t size)
{
    FILE *file = settings->capture ? fopen(settings->capture, "rb") : NULL;

    bench->capture = settings->capture;
    if (file)
        fclose(file);
    else
        snprintf(error, size, settings->capture ? "cannot read %s" : "no capture was named",
                 settings->capture);
    return file != NULL;
}

struct bench *bench_open(size_t index, const struct bench_settings *settings, char *error, size_t size)
{
    struct bench *bench = index < DEFINITIONS ? calloc(1, sizeof(*bench)) : NULL;
    bool good;

    if (!bench) {
        snprintf(error, size, "no such case, or out of memory");
        return NULL;
    }
    bench->definition = &definitions[index];
    good = bench->definition->kind == REPLAY ? open_capture(bench, settings, error, size)
                                             : open_machine(bench, settings, error, size);
    if (good)
        return bench;
    free(bench);
    return NULL;
}

void bench_close(struct bench *bench)
{
    if (!bench)
        return;
    machine_close(&bench->machine);
    free(bench);
}

bool bench_counters(const struct bench *bench, uint64_t *allocations, uint64_t *memory_calls)
{
    *allocations = bench->machine.allocations;
    *memory_calls = bench->machine.memory_calls;
    return bench->definition->kind != REPLAY && bench->definition->kind != TIMED_NEAR &&
           bench->definition->kind != TIMED_LINK && bench->definition->kind != TIMED_FAR;
}

uint64_t bench_table_reads(const struct bench *bench)
{
    struct amdvi_statistics s = {0};

    if (bench->definition->kind > TIMED_FAR || amdvi_get_statistics(bench->machine.device, &s) != AMDVI_OK)
        return 0;
    return s.reads_dte + s.reads_host + s.reads_guest + s.reads_gcr3;
}
