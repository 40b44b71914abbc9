// SPDX-License-Identifier: Apache-2.0
/*
 * What a lint costs: each line is one thing a machine does, in nanoseconds without and with a lint, and with
 * one that counts costs. The best of some rounds.
 */
#define _POSIX_C_SOURCE 199309L
#include "amdvi/lint.h"
#include "cmdbuf/layout.h"
#include "machine/machine.h"
#include "model/layout.h"
#include "model/registers.h"

#include <stdio.h>
#include <time.h>

enum {
    DEVICE = 0x100,
    DOMAIN = 7,
    IOVA = 0x10000,
    PAGES = 64,
    COUNT = 100000,
    ROUNDS = 7,
    RING_BYTES = 512 * 16
};

static struct machine m;
static struct amdvi_lint *lint;
static uint64_t root;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t page(unsigned i)
{
    return IOVA + UINT64_C(0x1000) * (i % PAGES);
}

static void hit(unsigned i)
{
    machine_read(&m, DEVICE, page(i));
}

/* Commands in a row, as a device meets them that runs late. */
static void give(uint64_t low, uint64_t high)
{
    machine_poke(&m, MACHINE_COMMANDS + m.tail, low);
    machine_poke(&m, MACHINE_COMMANDS + m.tail + 8, high);
    m.tail = (m.tail + 16) % RING_BYTES;
}

static void invalidate(unsigned i)
{
    give((uint64_t)CMD_INVALIDATE_IOMMU_PAGES << 60 | (uint64_t)DOMAIN << 32, page(i) | 2);
    if (i % 128 == 127) {
        machine_set_register(&m, reg_info[REG_CMD_TAIL].offset, m.tail);
        amdvi_run(m.device);
    }
}

static void map_and_unmap(unsigned i)
{
    uint64_t at = machine_host_entry(&m, root, 3, 1, page(i)), entry = machine_peek(&m, at), zero = 0;

    if (lint)
        amdvi_lint_write(lint, at, &zero, 8);
    machine_poke(&m, at, 0);
    machine_invalidate_page(&m, DOMAIN, page(i));
    machine_wait(&m);
    if (lint)
        amdvi_lint_write(lint, at, &entry, 8);
    machine_poke(&m, at, entry);
    hit(i);
}

static const struct {
    const char *name;
    void (*act)(unsigned i);
} acts[] = {{"a request that hits", hit},
            {"an invalidation, command alone", invalidate},
            {"unmap, invalidate, wait, map, DMA", map_and_unmap}};

static double measure(void (*act)(unsigned i))
{
    double best = 1e18;

    for (unsigned round = 0; round < ROUNDS; round++) {
        double begin = now();
        for (unsigned i = 0; i < COUNT; i++)
            act(i);
        if (now() - begin < best)
            best = now() - begin;
    }
    return best / COUNT;
}

static double with(void (*act)(unsigned i), const struct amdvi_lint_options *options)
{
    double ns;

    lint = NULL;
    if (options && amdvi_lint_create(m.device, options, &lint) != AMDVI_OK)
        return 0;
    for (unsigned i = 0; i < PAGES; i++)
        hit(i);
    ns = measure(act);
    amdvi_lint_destroy(lint);
    return ns;
}

int main(void)
{
    const struct amdvi_lint_options plain = {0}, costs = {.costs = true};

    machine_init(&m);
    machine_start(&m);
    root = machine_page(&m);
    machine_dte(&m, DEVICE, DOMAIN, 3, root);
    for (unsigned i = 0; i < PAGES; i++)
        machine_map(&m, root, 3, page(i), MACHINE_DATA + page(i), MACHINE_READ_WRITE);
    printf("%-36s %10s %10s %10s\n", "ns", "no lint", "lint", "with costs");
    for (unsigned i = 0; i < sizeof(acts) / sizeof(*acts); i++)
        printf("%-36s %10.1f %10.1f %10.1f\n", acts[i].name, with(acts[i].act, NULL),
               with(acts[i].act, &plain), with(acts[i].act, &costs));
    machine_free(&m);
    return 0;
}
