// SPDX-License-Identifier: GPL-2.0-only
/* Several kernel threads in the driver at once, stopped at locks and register accesses as the seed says. */
#include "scenarios.h"

#include <stdlib.h>

/* COMPLETION_WAITs of a unit store rising numbers: one that goes back leaves a waiter behind, or lets one go
 * early. */
struct order {
    uint64_t last, waits, backwards;
};

static void command(void *context, const struct amdvi_command_info *info)
{
    struct order *order = context;

    if (info->guest || cmd_opcode(info->words) != CMD_COMPLETION_WAIT || !cmd_completion_wait_s(info->words))
        return;
    order->waits++;
    order->backwards += cmd_completion_wait_data(info->words) < order->last;
    order->last = cmd_completion_wait_data(info->words);
}

static void watch(struct world *world)
{
    struct amdvi_observer observer = {.context = world->own, .command = command};
    struct amdvi_observation *observation;

    EXPECT(world,
           amdvi_observer_attach(machine_iommu(world->machine, 0), &observer, &observation) == AMDVI_OK,
           "the commands cannot be watched");
}

static void race(struct world *world, const char *command_line)
{
    static const char *const devices[] = {WORLD_NIC, WORLD_USB, WORLD_NIC, WORLD_USB};
    static struct order order; /* the kernel's end has commands, too */
    int steps = world->options->steps ? (int)world->options->steps : 300;
    struct world_setup setup = {
        .command_line = command_line, .flags = KSHIM_INTERLEAVE, .before_boot = watch, .late = true};

    world->own = &order;
    if (!world_boot(world, &setup))
        return;
    int failures = world->api->race(devices, 4, steps);

    EXPECT(world, !failures, "%d mappings failed", failures);
    EXPECT(world, !order.backwards, "COMPLETION_WAIT went backwards %" PRIu64 " times of %" PRIu64,
           order.backwards, order.waits);
    EXPECT(world, order.waits > (uint64_t)steps, "only %" PRIu64 " COMPLETION_WAITs: nothing was raced",
           order.waits);
    world_tell(world, "%d steps of 4 threads, %" PRIu64 " COMPLETION_WAITs in order", steps, order.waits);
}

static void race_v1(struct world *world)
{
    race(world, "");
}

static void race_v2(struct world *world)
{
    race(world, "amd_iommu=pgtbl_v2");
}

const struct scenario race_scenarios[] = {
    {.name = "race/flush", .what = "four threads map, unmap and wait at once", .run = race_v1},
    {.name = "race/flush-v2", .what = "the same with v2 tables", .run = race_v2},
    {.name = NULL},
};
