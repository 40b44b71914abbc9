// SPDX-License-Identifier: Apache-2.0
/*
 * One hostile life after the other, drawn and not searched for: the harness of fuzz_isolation.c without a
 * fuzzer, so that any compiler builds it, with sanitizers or without, at full speed.
 *
 *     guests-run_hostile [--runs N] [--seed S] [--first N] [--steps N]
 *
 * A run is one input: at most --steps steps of the attacker, then all checks of what is not its own. Each is
 * drawn from the seed and its own number. The harness ends the program at the first difference; then the
 * number is printed.
 */
#define _POSIX_C_SOURCE 200809L
#include "testbench/unit/guests/world.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP = 8, STEPS_MOST = 64, ADDRESS_BYTES = 0x20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct options {
    uint64_t runs, seed, first, steps;
};

static char where[160]; /* how to see the run again that is under way */

static void on_signal(int number)
{
    ssize_t ignored = write(STDERR_FILENO, where, strlen(where));

    (void)ignored;
    signal(number, SIG_DFL);
    raise(number);
}

static uint64_t draw(uint64_t *state)
{
    uint64_t word = (*state += 0x9e3779b97f4a7c15u);

    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

/* A command that is mostly legal: an opcode, a name of the guest's own or a PASID, a domain of its own or
 * nothing. */
static uint64_t own_command(uint64_t bits)
{
    uint64_t who = bits & 2 ? guest_device(bits >> 2 & 1) : bits >> 2 & 1;

    return (bits & UINT64_C(0xf00000000000)) | who |
           (bits & 1 ? (uint64_t)guest_domain(bits >> 3 & 1) << 32 : 0);
}

/* Kind, argument, value: anything, an address of the guest with low bits, a small number, a command. */
static void draw_step(uint64_t *state, uint8_t step[STEP])
{
    uint64_t head = draw(state), bits = draw(state);
    const uint64_t values[] = {bits, (bits & (ADDRESS_BYTES - 1)) | (bits & UINT64_C(0xf00000000000)),
                               bits & 0xff, own_command(bits)};
    uint64_t value = values[head >> 32 & 3];

    step[0] = (uint8_t)head;
    step[1] = (uint8_t)(head >> 8);
    for (int i = 0; i < 6; i++)
        step[2 + i] = (uint8_t)(value >> 8 * i);
}

/* How many steps there were. */
static unsigned one_run(const struct options *options, uint64_t number)
{
    uint8_t input[STEPS_MOST * STEP];
    uint64_t state = options->seed * UINT64_C(0xd1342543de82ef95) + number;
    unsigned steps = 1 + (unsigned)(draw(&state) % options->steps);

    for (unsigned i = 0; i < steps; i++)
        draw_step(&state, input + (size_t)i * STEP);
    snprintf(where, sizeof(where),
             "in run %" PRIu64 "; again with --seed %" PRIu64 " --steps %" PRIu64 " --first %" PRIu64
             " --runs 1, or from a multiple of 64 on\n",
             number, options->seed, options->steps, number);
    LLVMFuzzerTestOneInput(input, (size_t)steps * STEP);
    return steps;
}

static void options_read(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {{"runs", required_argument, NULL, 'r'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"first", required_argument, NULL, 'f'},
                                          {"steps", required_argument, NULL, 'n'},
                                          {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        uint64_t value = optarg ? strtoull(optarg, NULL, 0) : 0;
        if (option == '?' || option == ':' || (option == 'n' && (!value || value > STEPS_MOST))) {
            fprintf(stderr, "usage: %s [--runs N] [--seed S] [--first N] [--steps 1 to %d]\n", argv[0],
                    STEPS_MOST);
            exit(2);
        }
        *(option == 'r'   ? &options->runs
          : option == 's' ? &options->seed
          : option == 'f' ? &options->first
                          : &options->steps) = value;
    }
}

int main(int argc, char **argv)
{
    struct options options = {.runs = 1000, .seed = 1, .steps = 12};
    uint64_t steps = 0;

    options_read(&options, argc, argv);
    signal(SIGABRT, on_signal);
    signal(SIGSEGV, on_signal);
    for (uint64_t i = 0; i < options.runs; i++)
        steps += one_run(&options, options.first + i);
    printf("seed %" PRIu64 ": %" PRIu64 " runs, %" PRIu64 " steps of the attacker; nothing differs\n",
           options.seed, options.runs, steps);
    return EXIT_SUCCESS;
}
