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
    RING_BYTES = 512 * 16,
    NESTED = 0x208,
    PASID = 5,
    GVA = 0x4000,
    OPEN = 256
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

/* Through four levels of guest tables, each on three of host tables. */
static void nested_hit(unsigned i)
{
    (void)i;
    machine_read_pasid(&m, NESTED, PASID, GVA);
}

static void write_entry(uint64_t at, uint64_t value)
{
    if (lint)
        amdvi_lint_write(lint, at, &value, 8);
    machine_poke(&m, at, value);
}

/* Pages of the nested device's domain that answer stale, as a flush queue leaves them. */
static void leave_open(void)
{
    for (unsigned i = 0; i < OPEN; i++) {
        uint64_t iova = IOVA + UINT64_C(0x1000) * (PAGES + i);
        machine_map(&m, root, 3, iova, MACHINE_DATA, MACHINE_READ_WRITE);
        machine_read(&m, DEVICE, iova);
        write_entry(machine_host_entry(&m, root, 3, 1, iova), 0);
        machine_read(&m, DEVICE, iova);
    }
}

/* For somebody else. */
static void invalidate_other(unsigned i)
{
    give((uint64_t)CMD_INVALIDATE_IOMMU_PAGES << 60 | (uint64_t)(DOMAIN + 2) << 32, page(i) | 2);
    if (i % 128 == 127) {
        machine_set_register(&m, reg_info[REG_CMD_TAIL].offset, m.tail);
        amdvi_run(m.device);
    }
}

static void map_and_unmap(unsigned i)
{
    uint64_t at = machine_host_entry(&m, root, 3, 1, page(i)), entry = machine_peek(&m, at);

    write_entry(at, 0);
    machine_invalidate_page(&m, DOMAIN, page(i));
    machine_wait(&m);
    write_entry(at, entry);
    hit(i);
}

/* 64 leaf entries, their directories, and the device table entry are read under the lint's eyes. */
static void read_tables(void)
{
    machine_invalidate_domain(&m, DOMAIN);
    machine_invalidate_device(&m, DEVICE);
    for (unsigned i = 0; i < PAGES; i++)
        hit(i);
}

static void scan(unsigned i)
{
    (void)i;
    if (lint)
        amdvi_lint_scan(lint);
}

static const struct {
    const char *name;
    void (*act)(unsigned i);
    void (*before)(void);
} acts[] = {{"a request that hits", hit, NULL},
            {"the same, guest tables on host tables", nested_hit, NULL},
            {"an invalidation, command alone", invalidate, NULL},
            {"the same, 256 stale answers open", invalidate_other, leave_open},
            {"unmap, invalidate, wait, map, DMA", map_and_unmap, NULL},
            {"a scan of 70 remembered words", scan, read_tables}};

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

static double with(unsigned at, const struct amdvi_lint_options *options)
{
    double ns;

    lint = NULL;
    if (options && amdvi_lint_create(m.device, options, &lint) != AMDVI_OK)
        return 0;
    for (unsigned i = 0; i < PAGES; i++)
        hit(i);
    if (acts[at].before)
        acts[at].before();
    ns = measure(acts[at].act);
    amdvi_lint_destroy(lint);
    return ns;
}

/* A guest's tables in memory that a host table maps one to one. */
static void nested(void)
{
    uint64_t host = machine_page(&m), gcr3 = machine_page(&m), guest = machine_page(&m);

    machine_dte(&m, NESTED, DOMAIN + 1, 3, host);
    machine_dte_guest(&m, NESTED, gcr3);
    machine_poke(&m, gcr3 + PASID * 8, guest | 1);
    machine_guest_map(&m, guest, GVA, MACHINE_DATA);
    for (uint64_t spa = 0; spa < MACHINE_DATA + 0x1000; spa += 0x1000)
        machine_map(&m, host, 3, spa, spa, MACHINE_READ_WRITE);
}

int main(void)
{
    const struct amdvi_lint_options plain = {0}, told = {.told = true}, costs = {.costs = true};

    machine_init(&m);
    machine_start(&m);
    root = machine_page(&m);
    machine_dte(&m, DEVICE, DOMAIN, 3, root);
    for (unsigned i = 0; i < PAGES; i++)
        machine_map(&m, root, 3, page(i), MACHINE_DATA + page(i), MACHINE_READ_WRITE);
    nested();
    printf("%-38s %10s %10s %10s %10s\n", "ns", "no lint", "lint", "told", "with costs");
    for (unsigned i = 0; i < sizeof(acts) / sizeof(*acts); i++)
        printf("%-38s %10.1f %10.1f %10.1f %10.1f\n", acts[i].name, with(i, NULL), with(i, &plain),
               with(i, &told), with(i, &costs));
    machine_free(&m);
    return 0;
}
