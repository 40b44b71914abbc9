// SPDX-License-Identifier: Apache-2.0
/*
 * The lint against the truth (truth.h): every wrong answer is covered by a finding or lies in a window, and
 * no finding is about what was right. Machines live for some thousand steps each, by turns with a driver that
 * invalidates at once and with one that queues, which the lint is told or has to find out.
 *
 *     lint-test_truth [--steps N] [--seed S] [--life L] [--must-fail]
 */
#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/lint/truth/truth.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIFE = 3000 };

static void make_twin(struct truth *t)
{
    struct amdvi_memory memory = {.direct = t->m.ram, .direct_size = MACHINE_RAM};
    uint64_t control = machine_register(&t->m, reg_info[REG_CONTROL].offset);
    struct amdvi_config *config;

    control &= ~(REG_CONTROL_CMDBUFEN_MASK | REG_CONTROL_EVENTLOGEN_MASK | REG_CONTROL_PPRLOGEN_MASK);
    amdvi_config_create(&config);
    amdvi_config_set(config, "caches", "off");
    amdvi_create(config, &memory, NULL, NULL, &t->twin);
    amdvi_config_destroy(config);
    amdvi_mmio_write(t->twin, reg_info[REG_DEVTAB_BASE].offset, 8, MACHINE_DEVICES | 0x1ff);
    amdvi_mmio_write(t->twin, reg_info[REG_CONTROL].offset, 8, control);
}

static void on_write(void *context, uint64_t spa, const void *bytes, size_t length)
{
    struct truth *t = context;

    amdvi_lint_write(t->lint, spa, bytes, length);
}

void truth_open(struct truth *t, uint64_t seed, bool queues, bool told, enum amdvi_lint_regime regime)
{
    memset(t, 0, sizeof(*t));
    t->random = seed;
    t->queues = queues;
    t->told = told;
    machine_init(&t->m);
    machine_start(&t->m);
    truth_tables(t);
    make_twin(t);
    truth_attach(t, regime);
    t->m.context = t;
    t->m.wrote = on_write;
}

void truth_close(struct truth *t)
{
    amdvi_lint_destroy(t->lint);
    amdvi_destroy(t->twin);
    machine_free(&t->m);
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 0);
    return otherwise;
}

static bool flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

struct totals {
    uint64_t steps, answers, windows, mistakes, findings[8];
};

static void add(struct totals *sum, const struct truth *t)
{
    sum->steps += LIFE;
    sum->answers += t->answers;
    sum->windows += t->windows;
    sum->mistakes += t->mistakes;
    for (unsigned i = 0; i < 8; i++)
        sum->findings[i] += t->found_by[i];
}

static void print(const struct totals *sum)
{
    printf("%" PRIu64 " steps, %" PRIu64 " answers, of these %" PRIu64 " in windows and %" PRIu64 " wrong; "
           "findings:",
           sum->steps, sum->answers, sum->windows, sum->mistakes);
    for (unsigned i = 0; i < 6; i++)
        printf(" %" PRIu64, sum->findings[i]);
    printf("\n    (never, waited, not waited, reused, overdue, relied)\n");
}

/* One machine's life. */
static bool live(struct truth *t, uint64_t seed, uint64_t life, struct totals *sum)
{
    bool queues = life & 1, known = life & 2, right;

    truth_open(t, seed << 32 | life, queues, life & 8,
               !known   ? AMDVI_LINT_AUTO
               : queues ? AMDVI_LINT_QUEUED
                        : AMDVI_LINT_SYNCHRONOUS);
    t->relies = !queues && life & 4;
    for (unsigned i = 0; i < LIFE && !t->failure; i++)
        truth_act(t);
    if (!t->failure)
        truth_close_down(t);
    right = truth_judge(t);
    if (!right)
        printf("seed %" PRIu64 ", life %" PRIu64 " (%s, regime %s): %s\n", seed, life,
               queues      ? "queued"
               : t->relies ? "told"
                           : "synchronous",
               known ? "known" : "unknown", t->failure);
    add(sum, t);
    truth_close(t);
    return right;
}

int main(int argc, char **argv)
{
    uint64_t steps = number(argc, argv, "--steps", 120000), seed = number(argc, argv, "--seed", 1);
    bool must_fail = flag(argc, argv, "--must-fail"), right = true;
    struct truth *t = malloc(sizeof(*t));
    struct totals sum = {0};

    if (!t)
        return 2;
    printf("seed %" PRIu64 "\n", seed);
    for (uint64_t life = number(argc, argv, "--life", 0), end = life + steps / LIFE; life < end && right;
         life++)
        right = live(t, seed, life, &sum);
    print(&sum);
    free(t);
    return right == must_fail;
}
