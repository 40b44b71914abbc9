// SPDX-License-Identifier: Apache-2.0
/*
 * Hostile guests for as long as one likes: the victim's script alone and beside an attacker, seed after seed,
 * under one set of keys after the other.
 *
 *     guests-run_isolation [--seconds N] [--seed S] [--steps N]
 *
 * Ends with status 1 at the first difference, and says how to see it again.
 */
#define _POSIX_C_SOURCE 200809L
#include "testbench/unit/guests/isolation.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct {
    bool by_gpa;
    const char *settings;
} variants[] = {
    {true, NULL},
    {false, NULL},
    {true, "caches=off viommu.commands_per_turn=0"},
    {false, "viommu.commands_per_turn=32 ats.unanswered=2"},
    {true, "ptc.log2_entries=4 pdc.log2_entries=4 dtc.log2_entries=3 viommu.hold=off"},
    {false, "caches=off viommu.dirty_stride=16"},
    {true, "viommu.slot_is_register=off viommu.unmapped_id=skip"},
    {true, "viommu.unmapped_id=skip viommu.guest_gn0=range ats.unanswered=4096"},
};

enum { VARIANTS = sizeof(variants) / sizeof(variants[0]) };

struct options {
    uint64_t seconds, seed, steps;
};

static void options_read(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {{"seconds", required_argument, NULL, 't'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"steps", required_argument, NULL, 'n'},
                                          {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        uint64_t value = optarg ? strtoull(optarg, NULL, 0) : 0;
        if (option == '?' || option == ':') {
            fprintf(stderr, "usage: %s [--seconds N] [--seed S] [--steps N]\n", argv[0]);
            exit(2);
        }
        *(option == 't' ? &options->seconds : option == 's' ? &options->seed : &options->steps) = value;
    }
}

static uint64_t seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

int main(int argc, char **argv)
{
    struct options options = {.seconds = 10, .seed = 1, .steps = 60};
    struct isolation run = {0};
    uint64_t start = seconds_now(), rounds = 0, seed;
    const char *what = NULL;

    options_read(&options, argc, argv);
    for (seed = options.seed; !what && (!rounds || seconds_now() - start < options.seconds); seed++)
        for (unsigned i = 0; !what && i < VARIANTS; i++, rounds++) {
            run.seed = seed;
            run.by_gpa = variants[i].by_gpa;
            run.settings = variants[i].settings;
            run.steps = (unsigned)options.steps;
            what = isolation_run(&run);
            if (what)
                printf("%s differs: again with --seconds 0 --seed %" PRIu64 " --steps %" PRIu64
                       " (buffers by %s, %s)\n",
                       what, seed, options.steps, run.by_gpa ? "GPA" : "private address",
                       run.settings ? run.settings : "default keys");
        }
    printf("seeds %" PRIu64 " to %" PRIu64 ", %" PRIu64 " rounds of %" PRIu64 " steps: %" PRIu64
           " commands of the victim, %" PRIu64 " of the attacker, %" PRIu64
           " invalidations left unanswered; %d differences in results and progress\n",
           options.seed, seed - 1, rounds, options.steps, run.victims, run.attackers, run.unanswered,
           what != NULL);
    if (!what && (!run.attackers || !run.unanswered))
        printf("the attacker did nothing\n");
    return what || !run.attackers || !run.unanswered ? EXIT_FAILURE : EXIT_SUCCESS;
}
