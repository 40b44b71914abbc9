// SPDX-License-Identifier: Apache-2.0
/*
 * Benchmarks of the model: translations, invalidations and replays, one thread. `amdvi bench` and
 * amdvi-gbench are its faces.
 */
#ifndef AMDVI_BENCH_H
#define AMDVI_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A figure of another program or a goal, in millions of operations a second; 0: none. */
struct bench_case {
    const char *name;
    const char *what;
    const char *unit;   /* of an operation */
    const char *anchor; /* what the anchor is, or null */
    double anchor_m_per_s, must_m_per_s, aim_m_per_s;
    bool large; /* needs a gigabyte of memory and some seconds to set up */
};

size_t bench_count(void);
const struct bench_case *bench_case_at(size_t index);

struct bench;

struct bench_settings {
    const char *capture; /* for the replay; null: no such case */
    bool small;          /* large tables are made small: figures mean nothing, the code runs */
};

/* Sets up a case. On failure null, and `error` says why. */
struct bench *bench_open(size_t index, const struct bench_settings *settings, char *error, size_t size);
void bench_close(struct bench *bench);

/* Does about `operations` operations, sets it to how many they were, and returns the seconds they took.
 * Preparations in between are not part of it. Negative when something went wrong. */
double bench_do(struct bench *bench, uint64_t *operations);

struct bench_result {
    double ns_per_op, m_per_s; /* median of the runs */
    double fastest_ns_per_op, slowest_ns_per_op;
    unsigned runs;
    uint64_t operations;       /* of all runs */
    bool counted;              /* the next two say something */
    uint64_t allocations;      /* calls of the allocator while it was measured */
    uint64_t memory_calls;     /* calls of memory callbacks while it was measured */
    double table_reads_per_op; /* by the device; of translations only, else 0 */
};

/* `runs` runs of about `seconds` each. False when something went wrong. */
bool bench_measure(struct bench *bench, double seconds, unsigned runs, struct bench_result *result);

/* What many guests of HW-vIOMMU cost. Times are of one thread's processor time. */
struct bench_crowd {
    unsigned guests;
    unsigned active;         /* guests that have commands */
    double driver_us;        /* per guest, 131,072 writes of DID Map Control as Linux does; 0: not measured */
    double bulk_us;          /* per guest, with amdvi_guest_map_fill() */
    double library_bytes;    /* per guest, of the library's own memory */
    double memory_bytes;     /* per guest, of system memory: maps, tables, register slots */
    uint64_t total_bytes;    /* resident memory of the process */
    double commands_m_per_s; /* guest commands: 63 INVALIDATE_IOMMU_PAGES and a COMPLETION_WAIT a doorbell */
    double commands_ns;
    double hit_ns;     /* translation cache hit with all guests there */
    double hit_one_ns; /* with one guest */
    /* Under time: one doorbell of every active guest, 2 us apart, and a read of its device. */
    double timed_command_ns;                     /* processor time, with the reads */
    double timed_round_us;                       /* the device's time until all of it is done */
    double timed_read_p50_ns, timed_read_p99_ns; /* the device's time, to 3 % */
    double timed_seconds;                        /* processor time of it all */
};

enum { BENCH_GUESTS_MAX = 65536 };

/* `seconds` of commands and of hits. False when something went wrong, and `error` says what. */
bool bench_guests(unsigned guests, double seconds, struct bench_crowd *result, char *error, size_t size);

/* What something costs that can be left out. Percent of the time without it; 0: no such goal. */
struct bench_pair {
    const char *name;
    const char *what;
    double must_percent, aim_percent;
};

struct bench_cost {
    double without_ns, with_ns; /* of an operation, processor time, the fastest of all runs */
    double percent;             /* more with it */
};

/* Number `index`, from 0; null after the last one. */
const struct bench_pair *bench_pair_at(size_t index);
/* `runs` runs with it and `runs` without, in turn, of about `seconds` each. `index` is of a pair. False when
 * something went wrong, and `error` says what. */
bool bench_compare(size_t index, double seconds, unsigned runs, struct bench_cost *cost, char *error,
                   size_t size);

/* What it ran on: never null. */
const char *bench_machine(void);
const char *bench_compiler(void);
const char *bench_build(void);

#ifdef __cplusplus
}
#endif

#endif
