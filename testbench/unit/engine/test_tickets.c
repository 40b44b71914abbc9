// SPDX-License-Identifier: Apache-2.0
/*
 * Tickets (6.4): requests, edits of tables and invalidations of every kind in a drawn order, while memory
 * answers late and in a drawn order, against a model without caches (tickets_model.h).
 *
 *     test_tickets [--interleavings N] [--seed S] [--settings "key=value ..."] [--must-fail]
 *
 * No answer may show what was replaced before the newest invalidation that covers it and whose
 * COMPLETION_WAIT has completed; when all has settled no line may, either. A failure is made as short as it
 * gets by leaving steps out, and printed.
 */
#include "tickets_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS_MOST = 90, INTERLEAVINGS_EACH = 48, TRACE = (STEPS_MOST + 1) * INTERLEAVINGS_EACH };

struct trace {
    const char *settings;
    unsigned count;
    struct step step[TRACE];
};

struct options {
    uint64_t interleavings, seed;
    const char *settings; /* null: all in turn */
    bool must_fail;
};

struct totals {
    uint64_t interleavings, answers, faults, waits;
    unsigned most_open;
};

static const char *const all_settings[] = {
    "ptc.log2_entries=7",
    ("ptc.log2_entries=2 ptc.ways=2 pdc.log2_entries=2 pdc.ways=1 dtc.log2_entries=2 dtc.ways=1 "
     "gcr3.log2_entries=0 gcr3.ways=1 itc.log2_entries=1 itc.ways=1"),
    "ptc.log2_entries=6 ptc.page_sizes=0x7f pdc.log2_entries=5",
    "ptc.log2_entries=6 ptc.page_sizes=1 dtc.log2_entries=1 dtc.ways=1",
};

/* ---------------------------------------------------------------- drawing */

static uint64_t draw(uint64_t *state)
{
    uint64_t word = (*state += 0x9e3779b97f4a7c15u);

    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

static enum step_kind drawn_kind(uint32_t word)
{
    static const uint8_t weights[] = {[STEP_REQUEST] = 26,   [STEP_INTERRUPT] = 6,     [STEP_EDIT] = 13,
                                      [STEP_COMMAND] = 6,    [STEP_GUEST_COMMAND] = 4, [STEP_WAIT] = 4,
                                      [STEP_GUEST_WAIT] = 2, [STEP_ANSWER] = 32,       [STEP_MEND] = 7};
    unsigned left = word % 100, kind = 0;

    while (left >= weights[kind])
        left -= weights[kind++];
    return (enum step_kind)kind;
}

/* Most requests and edits of an interleaving meet at few places. */
static struct step drawn_step(uint64_t *state, const uint32_t focus[2])
{
    uint64_t first = draw(state), second = draw(state);
    struct step step = {drawn_kind(first >> 32 & 0xffff), (uint32_t)first, (uint32_t)second,
                        (uint32_t)(second >> 32)};

    if (first >> 62 && (step.kind == STEP_REQUEST || step.kind == STEP_EDIT))
        step.a = focus[step.a >> 8 & 1] + step.a % 3;
    if (first >> 62 && step.kind == STEP_EDIT)
        step.b |= 1;
    return step;
}

static void draw_interleaving(uint64_t *state, struct trace *trace)
{
    unsigned steps = 20 + (unsigned)(draw(state) % (STEPS_MOST - 20));
    uint64_t word = draw(state);
    const uint32_t focus[2] = {(uint32_t)word >> 8, (uint32_t)(word >> 40)};

    for (unsigned i = 0; i < steps; i++)
        trace->step[trace->count++] = drawn_step(state, focus);
    trace->step[trace->count++] = (struct step){.kind = STEP_SETTLE};
}

/* ---------------------------------------------------------------- running and shrinking */

static struct bench bench;
static bool with_time; /* --timed */

/* True: it fails; then the trace ends where it has failed. */
static bool fails(struct trace *trace, struct totals *totals, bool verbose)
{
    static const char *const names[] = {"request", "interrupt",    "edit",   "command", "guest's command",
                                        "wait",    "guest's wait", "answer", "mend",    "settle"};

    bench_open(&bench, trace->settings, with_time);
    bench.verbose = verbose;
    for (unsigned i = 0; i < trace->count && !bench.failure[0]; i++) {
        if (verbose)
            printf("%4u  %s\n", i, names[trace->step[i].kind]);
        bench_step(&bench, &trace->step[i]);
        if (bench.failure[0])
            trace->count = i + 1;
    }
    if (totals) {
        totals->answers += bench.answers;
        totals->faults += bench.faults;
        totals->waits += bench.waits;
        totals->most_open = bench.most_open > totals->most_open ? bench.most_open : totals->most_open;
    }
    bench_close(&bench);
    return bench.failure[0];
}

static bool fails_without(const struct trace *trace, unsigned first, unsigned count, struct trace *shorter)
{
    shorter->settings = trace->settings;
    shorter->count = trace->count - count;
    memcpy(shorter->step, trace->step, first * sizeof(trace->step[0]));
    memcpy(shorter->step + first, trace->step + first + count,
           (trace->count - first - count) * sizeof(trace->step[0]));
    return fails(shorter, NULL, false);
}

/* Ever smaller pieces are left out, as long as it still fails. */
static void shrink(struct trace *trace)
{
    static struct trace shorter;

    for (unsigned piece = trace->count / 2; piece; piece /= 2)
        for (unsigned first = trace->count; first-- > 0;) {
            if (first % piece || first + piece > trace->count)
                continue;
            if (fails_without(trace, first, piece, &shorter))
                *trace = shorter;
        }
    for (unsigned before = trace->count + 1; trace->count < before;) {
        before = trace->count;
        for (unsigned first = trace->count; first-- > 0;)
            if (first < trace->count && fails_without(trace, first, 1, &shorter))
                *trace = shorter;
    }
}

static void report(struct trace *trace, const struct options *options, uint64_t seed)
{
    printf("FAILS: %s\n  with --seed %llu --settings \"%s\"; the shortest trace:\n", bench.failure,
           (unsigned long long)seed, trace->settings);
    if (options->must_fail)
        printf("  (as it must)\n");
    shrink(trace);
    fails(trace, NULL, true);
    printf("      %s\n", bench.failure);
}

/* Interleavings on one device. */
static bool one_device(const struct options *options, uint64_t seed, struct totals *totals)
{
    static struct trace trace;
    uint64_t state = seed, count = options->interleavings - totals->interleavings;

    trace.count = 0;
    trace.settings = options->settings
                         ? options->settings
                         : all_settings[seed % (sizeof(all_settings) / sizeof(all_settings[0]))];
    if (count > INTERLEAVINGS_EACH)
        count = INTERLEAVINGS_EACH;
    for (uint64_t i = 0; i < count; i++)
        draw_interleaving(&state, &trace);
    totals->interleavings += count;
    if (!fails(&trace, totals, false))
        return true;
    report(&trace, options, seed);
    return false;
}

static struct options options_of(int argc, char **argv)
{
    struct options options = {.interleavings = 3000, .seed = 1};

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--must-fail"))
            options.must_fail = true;
        else if (!strcmp(argv[i], "--timed"))
            with_time = true;
        else if (!strcmp(argv[i], "--interleavings"))
            options.interleavings = strtoull(value, NULL, 0), i++;
        else if (!strcmp(argv[i], "--seed"))
            options.seed = strtoull(value, NULL, 0), i++;
        else if (!strcmp(argv[i], "--settings"))
            options.settings = value, i++;
        else
            fprintf(stderr, "unknown option %s\n", argv[i]), exit(2);
    }
    return options;
}

int main(int argc, char **argv)
{
    struct options options = options_of(argc, argv);
    struct totals totals = {0};
    clock_t began = clock();
    bool good = true;
    double seconds;

    for (uint64_t seed = options.seed; good && totals.interleavings < options.interleavings; seed++)
        good = one_device(&options, seed, &totals);
    seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    printf("seed %llu: %llu interleavings, %llu answers, %llu records, %llu COMPLETION_WAITs, at most %u "
           "questions "
           "open; %.0f interleavings/s\n",
           (unsigned long long)options.seed, (unsigned long long)totals.interleavings,
           (unsigned long long)totals.answers, (unsigned long long)totals.faults,
           (unsigned long long)totals.waits, totals.most_open,
           (double)totals.interleavings / (seconds + 1e-9));
    return good == options.must_fail;
}
