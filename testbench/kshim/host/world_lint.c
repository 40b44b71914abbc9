// SPDX-License-Identifier: GPL-2.0-only
#include "world_lint.h"

#include "places.h"

#include <inttypes.h>

enum { BLAME_DEPTH = 5, LINUX_QUEUE = 256 };

static bool queue_allowed;

static void finding(void *context, const struct amdvi_lint_finding *finding)
{
    struct world *world = context;

    if (finding->severity != AMDVI_LINT_MISTAKE)
        return;
    if (world->awaited[finding->kind]) {
        if (world->awaited[finding->kind] == 1)
            world_tell(world, "lint: %s", finding->text);
        world->awaited[finding->kind] = 2;
        return;
    }
    world->findings++;
    world_report_finding(world->report, finding->text);
    world_report_first(world->report, finding->text);
    if (world->findings <= 10)
        fprintf(stderr, "lint: %s\n", finding->text);
}

static bool place_text(void *context, uint64_t place, char *text, size_t size)
{
    (void)context;
    return places_text(place, BLAME_DEPTH, text, size);
}

void world_lint_setup(struct world *world, bool queued)
{
    (void)world;
    queue_allowed = queued;
}

void world_lint_attach(struct world *world, size_t index, struct amdvi_device *device)
{
    struct amdvi_lint_options options = {.context = world,
                                         .finding = finding,
                                         .regime = queue_allowed ? AMDVI_LINT_AUTO : AMDVI_LINT_SYNCHRONOUS,
                                         .queue_entries = LINUX_QUEUE,
                                         .processors = world->options->interleave ? 4 : 1,
                                         .place_text = place_text};

    if (world->options->no_lint)
        return;
    if (amdvi_lint_create(device, &options, &world->lint[index]) != AMDVI_OK)
        FAIL(world, "the lint cannot be attached");
}

void world_lint_place(struct world *world, const struct instance *instance)
{
    uint64_t place;

    if (!world->lint[0])
        return;
    place = places_now(instance);
    for (size_t index = 0; index < MACHINE_IOMMUS_MAX && world->lint[index]; index++) {
        amdvi_lint_place(world->lint[index], place);
        amdvi_lint_mark(world->lint[index], 0, machine_now(world->machine));
    }
}

static void scan(struct world *world)
{
    for (size_t index = 0; index < MACHINE_IOMMUS_MAX && world->lint[index]; index++)
        amdvi_lint_scan(world->lint[index]);
}

void world_lint_look(struct world *world)
{
    if (world->options->blame)
        scan(world);
}

/* Stores that no doorbell followed: the kernel is elsewhere by now, so nobody is named. */
void world_unmapped(struct world *world)
{
    for (size_t index = 0; index < MACHINE_IOMMUS_MAX && world->lint[index]; index++)
        amdvi_lint_place(world->lint[index], 0);
    scan(world);
    for (size_t index = 0; !queue_allowed && index < MACHINE_IOMMUS_MAX && world->lint[index]; index++)
        amdvi_lint_rely(world->lint[index]);
}

void world_await(struct world *world, enum amdvi_lint_kind kind)
{
    world->awaited[kind] = world->options->no_lint ? 2 : 1;
}

void world_lint_finish(struct world *world)
{
    for (size_t index = 0; index < MACHINE_IOMMUS_MAX; index++) {
        if (!world->lint[index])
            continue;
        amdvi_lint_finish(world->lint[index]);
        amdvi_lint_destroy(world->lint[index]);
        world->lint[index] = NULL;
    }
    EXPECT(world, !world->findings, "the lint has %u findings", world->findings);
    for (unsigned kind = 0; kind < AMDVI_LINT_KINDS; kind++)
        EXPECT(world, world->awaited[kind] != 1, "the lint does not find what the driver does wrong (%s)",
               amdvi_lint_kind_name((enum amdvi_lint_kind)kind));
}
