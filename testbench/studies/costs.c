// SPDX-License-Identifier: Apache-2.0
/* How long single things take with nothing else under way: from the doorbell to the store of the
 * COMPLETION_WAIT behind a command, from a request to its answer. Cold: the first one after reset; warm: the
 * third. */
#include "testbench/studies/guests.h"
#include "testbench/studies/workload.h"

enum {
    HOST_DEVICE = 0x10,
    NESTED_DEVICE = 0x18,
    DOMAIN = 5,
    NESTED_DOMAIN = 6,
    MODE = 4,
    PASID = 1,
    TIMES = 3
};
#define IOVA UINT64_C(0x40000000)
#define DATA UINT64_C(0x3000000)

/* The command before the COMPLETION_WAIT (iommu 6.4). */
enum kind { NOTHING, ENTRY, PAGES, INTERRUPTS, ALL };

static const struct {
    const char *name;
    enum kind kind;
    uint64_t pages; /* 0: the whole domain */
    bool directories;
} commands[] = {
    {"COMPLETION_WAIT alone", NOTHING, 0, false},
    {"INVALIDATE_DEVTAB_ENTRY", ENTRY, 0, false},
    {"INVALIDATE_IOMMU_PAGES, one page", PAGES, 1, false},
    {"INVALIDATE_IOMMU_PAGES, one page and directories", PAGES, 1, true},
    {"INVALIDATE_IOMMU_PAGES, 64 pages", PAGES, 64, false},
    {"INVALIDATE_IOMMU_PAGES, 2 MiB", PAGES, 512, false},
    {"INVALIDATE_IOMMU_PAGES, whole domain", PAGES, 0, false},
    {"INVALIDATE_IOMMU_PAGES, whole domain and directories", PAGES, 0, true},
    {"INVALIDATE_INTERRUPT_TABLE", INTERRUPTS, 0, false},
    {"INVALIDATE_IOMMU_ALL", ALL, 0, false},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void put_command(struct world *w, unsigned index)
{
    const struct command_pages pages = {.domain = DOMAIN,
                                        .directories = commands[index].directories,
                                        .address = IOVA,
                                        .count = commands[index].pages};
    uint64_t words[COMMAND_WORDS];

    switch (commands[index].kind) {
    case NOTHING:
        return;
    case ENTRY:
        command_of_device(&w->places, PLACE_DEVTAB_DEVICE, HOST_DEVICE, words);
        break;
    case PAGES:
        command_pages(&w->places, &pages, words);
        break;
    case INTERRUPTS:
        command_of_device(&w->places, PLACE_INTERRUPTS_DEVICE, HOST_DEVICE, words);
        break;
    case ALL:
        command_all(&w->places, words);
        break;
    }
    world_command(w, words);
}

static bool cost_of_command(const struct experiment *e, unsigned index, double ns[2])
{
    struct world w;

    if (workload_world(&w, e)) {
        world_dte_host(&w, HOST_DEVICE, DOMAIN, MODE, world_host_everything(&w, MODE, DATA));
        for (unsigned i = 0; i < TIMES; i++) {
            put_command(&w, index);
            ns[i > 0] = (double)world_ring(&w) / 1e3;
        }
    }
    world_close(&w);
    return !w.failed;
}

/* ---------------------------------------------------------------- a guest */

static bool cost_of_guest(const struct experiment *e, double ns[2])
{
    struct guests g = {0};
    struct world w;

    if (workload_world(&w, e)) {
        guests_open(&w, &g, 1);
        for (unsigned i = 0; i < TIMES && !w.failed; i++) {
            uint64_t from = amdvi_timed_now(w.timed);
            guests_flush(&w, &g, 0, from);
            while (!w.failed && !guests_flushed(&w, &g, 0))
                w.failed |= amdvi_timed_next(w.timed) == AMDVI_TIMED_NEVER ||
                            amdvi_timed_run(w.timed, amdvi_timed_next(w.timed)) != AMDVI_OK;
            ns[i > 0] = (double)(amdvi_timed_now(w.timed) - from) / 1e3;
            amdvi_timed_run(w.timed, AMDVI_TIMED_NEVER);
        }
    }
    guests_close(&g);
    world_close(&w);
    return !w.failed;
}

/* ---------------------------------------------------------------- requests */

static double one_read(struct world *w, uint16_t device, bool nested, uint64_t address)
{
    uint64_t from = amdvi_timed_now(w->timed);

    if (nested)
        world_read_pasid(w, device, PASID, address);
    else
        world_read(w, device, address);
    return (double)(w->last_end - from) / 1e3;
}

/* Cold; a neighbour, for which the directories are there. */
static bool cost_of_walks(const struct experiment *e, bool nested, double ns[2])
{
    struct nested n = {.host_levels = MODE, .guest_levels = 4, .host_shift = SHIFT_4K};
    struct world w;

    if (workload_world(&w, e)) {
        world_dte_host(&w, HOST_DEVICE, DOMAIN, MODE, world_host_everything(&w, MODE, DATA));
        world_nested(&w, &n);
        for (uint64_t i = 0; i < 2; i++) {
            world_guest_map(&w, &n, world_pasid(&w, &n, PASID), IOVA + i * 4096,
                            WORLD_GPA_BASE + DATA + i * 4096, SHIFT_4K);
            world_back(&w, &n, WORLD_GPA_BASE + DATA + i * 4096);
        }
        world_dte_nested(&w, NESTED_DEVICE, NESTED_DOMAIN, &n);
        for (uint64_t i = 0; i < 2; i++)
            ns[i] = one_read(&w, nested ? NESTED_DEVICE : HOST_DEVICE, nested, IOVA + i * 4096);
    }
    world_close(&w);
    return !w.failed && !w.faults;
}

/* ---------------------------------------------------------------- all of them */

static void add(struct experiment_cost *costs, unsigned *count, const char *name, const double ns[2])
{
    costs[(*count)++] = (struct experiment_cost){name, ns[0], ns[1]};
}

bool experiment_costs(const struct experiment *e, struct experiment_cost costs[EXPERIMENT_COSTS],
                      unsigned *count)
{
    double ns[2];
    bool good = true;

    *count = 0;
    for (unsigned i = 0; i < COMMANDS; i++) {
        good = good && cost_of_command(e, i, ns);
        add(costs, count, commands[i].name, ns);
    }
    good = good && cost_of_guest(e, ns);
    add(costs, count, "guest's INVALIDATE_IOMMU_PAGES, one page", ns);
    good = good && cost_of_walks(e, false, ns);
    add(costs, count, "translation by host tables, four levels; warm: a neighbour", ns);
    good = good && cost_of_walks(e, true, ns);
    add(costs, count, "translation by nested tables, four by four; warm: a neighbour", ns);
    return good;
}
