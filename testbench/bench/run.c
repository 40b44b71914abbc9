// SPDX-License-Identifier: Apache-2.0
/* Median of several runs. */
#include "testbench/bench/run.h"

#include <stdlib.h>
#include <time.h>

enum { RUNS_MAX = 101 };

/* Processor time of this thread: what else the machine does must not be in the figures. */
double bench_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Nanoseconds per operation over about `seconds`; negative when something went wrong. */
static double one_run(struct bench *bench, double seconds, uint64_t *operations)
{
    double begin = bench_seconds(), measured = 0;
    uint64_t done = 0, ask = 1024;

    do {
        uint64_t n = ask;
        double took = bench_do(bench, &n);
        if (took < 0 || n == 0)
            return -1;
        measured += took;
        done += n;
        if (took < 0.01 && ask < UINT64_C(1) << 24)
            ask *= 2;
        /* What is not measured counts for the end, too, but not without limit. */
    } while (measured < seconds && bench_seconds() - begin < 4 * seconds);
    *operations += done;
    return measured / (double)done * 1e9;
}

static int compare(const void *a, const void *b)
{
    double x, y;

    x = *(const double *)a;
    y = *(const double *)b;
    return (x > y) - (x < y);
}

bool bench_measure(struct bench *bench, double seconds, unsigned runs, struct bench_result *result)
{
    double ns[RUNS_MAX];
    uint64_t warm = 0, allocations, calls, reads;

    *result = (struct bench_result){.runs = runs < 1 ? 1 : runs > RUNS_MAX ? RUNS_MAX : runs};
    if (one_run(bench, seconds / 4, &warm) < 0)
        return false;
    result->counted = bench_counters(bench, &allocations, &calls);
    result->allocations = allocations;
    result->memory_calls = calls;
    reads = bench_table_reads(bench);
    for (unsigned i = 0; i < result->runs; i++)
        if ((ns[i] = one_run(bench, seconds, &result->operations)) < 0)
            return false;
    bench_counters(bench, &allocations, &calls);
    result->allocations = allocations - result->allocations;
    result->memory_calls = calls - result->memory_calls;
    result->table_reads_per_op = (double)(bench_table_reads(bench) - reads) / (double)result->operations;
    qsort(ns, result->runs, sizeof(ns[0]), compare);
    result->ns_per_op = ns[result->runs / 2];
    result->m_per_s = 1e3 / result->ns_per_op;
    result->fastest_ns_per_op = ns[0];
    result->slowest_ns_per_op = ns[result->runs - 1];
    return true;
}
