// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long calls of the driver take for the code that waits for them: the driver's own polls and delays move
 * the clock of an IOMMU under time, its instructions cost what --set cpu.call=NS says. Figures; what is
 * expected is that they are those of a flush, and that lazy ones wait for none.
 */
#include "timed.h"

enum {
    ROUNDS = 400,
    LAZY_ROUNDS = 3000,
    MOST_PAGES = 512,
    POLL_NS = 1000 /* udelay(1) of the driver's loop */
};

/* ------------------------------------------------------------------------------ looking at one call */

static uint64_t now(struct world *world)
{
    return machine_now(world->machine);
}

void timed_begin(struct world *world, struct timed_call *call)
{
    world_run(world);
    *call = (struct timed_call){.since = now(world), .commands = world->report->commands};
    world_spend(world, world->options->times.call);
}

void timed_end(struct world *world, const struct timed_call *call, struct samples *samples)
{
    samples_add(samples, now(world) - call->since);
    samples->commands += world->report->commands - call->commands;
}

void timed_tell(struct world *world, const char *what, const struct samples *samples)
{
    static const unsigned shares[] = {500000, 900000, 990000, 999000, 999900, 1000000};
    char figures[COUNT(shares) * 24];
    size_t used = 0;

    for (size_t i = 0; i < COUNT(shares); i++)
        used += (size_t)snprintf(figures + used, sizeof(figures) - used, " %" PRIu64 " |",
                                 samples_percentile(samples, shares[i]));
    world_tell(world, "| %s | %zu | %" PRIu64 " |%s %.2f |", what, samples->count + 1, samples->first,
               figures, (double)samples->commands / (double)(samples->count + 1));
}

void timed_heading(struct world *world)
{
    world_tell(world,
               "| call, ns | number | first | p50 | p90 | p99 | p99.9 | p99.99 | longest | commands each |");
    world_tell(world, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
}

/* ------------------------------------------------------------------------------ what the IOMMU took */

/* From the driver's doorbell to the store of its COMPLETION_WAIT. */
struct device_time {
    struct world *world;
    struct samples *samples;
};

static void stored(void *context, const struct amdvi_access_info *info)
{
    const struct device_time *time = context;
    uint64_t now_ps = way_timed_now(&time->world->timing, 0);

    if (info->access == AMDVI_ACCESS_STORE && info->write && now_ps > time->world->doorbell)
        samples_add(time->samples, (now_ps - time->world->doorbell + 999) / 1000);
}

/* ------------------------------------------------------------------------------ map and unmap */

struct pair {
    struct samples map, unmap, flush; /* flush: the IOMMU's part */
};

static void one_pair(struct world *world, uint64_t pa, uint64_t bytes, struct pair *pair)
{
    struct timed_call call;
    uint64_t iova;

    timed_begin(world, &call);
    iova = world->api->dma_map(WORLD_NIC, pa, bytes, 0);
    timed_end(world, &call, &pair->map);
    EXPECT(world, iova != NO_IOVA, "the DMA API refuses %" PRIu64 " bytes", bytes);
    for (uint64_t at = 0; at < bytes; at += bytes / 2 ? bytes / 2 : bytes)
        EXPECT(world, try_write(world->nic, iova + at) == DMA_DONE, "what is mapped is not reached");
    timed_begin(world, &call);
    world->api->dma_unmap(WORLD_NIC, iova, bytes, 0);
    timed_end(world, &call, &pair->unmap);
}

static void tell_pair(struct world *world, const char *regime, uint64_t bytes, const struct pair *pair)
{
    char what[64];

    snprintf(what, sizeof(what), "%s: map %" PRIu64 " KiB", regime, bytes >> 10);
    timed_tell(world, what, &pair->map);
    snprintf(what, sizeof(what), "%s: unmap %" PRIu64 " KiB", regime, bytes >> 10);
    timed_tell(world, what, &pair->unmap);
}

/* A strict unmap is over when its flush is, which takes two commands and at least one poll; a lazy one waits
 * for none. */
static void expect_waits(struct world *world, const struct pair *pair, bool strict)
{
    uint64_t half = samples_percentile(&pair->unmap, 500000);

    EXPECT(world, samples_percentile(&pair->map, 500000) < POLL_NS, "a map waits");
    EXPECT(world, strict == (half >= POLL_NS), "half of the unmaps take no more than %" PRIu64 " ns", half);
    EXPECT(world, !strict || pair->unmap.commands >= 2 * (pair->unmap.count + 1),
           "unmaps without their flush");
    EXPECT(world, !strict || half >= samples_percentile(&pair->flush, 500000),
           "an unmap ends before its flush");
}

/* Sizes one after the other; the IOMMU's part of the flush of each beside. */
static void pairs(struct world *world, const char *regime, unsigned rounds)
{
    static const uint64_t sizes[] = {PAGE, 16 * PAGE, MOST_PAGES * (uint64_t)PAGE};
    uint64_t pa = world->api->page_alloc(9);
    struct amdvi_observation *observation = NULL;

    EXPECT(world, pa, "there is no memory for two megabytes");
    for (size_t each = 0; pa && each < COUNT(sizes); each++) {
        struct pair pair = {0};
        struct device_time time = {world, &pair.flush};
        struct amdvi_observer observer = {.context = &time, .access = stored};

        amdvi_observer_attach(machine_iommu(world->machine, 0), &observer, &observation);
        for (unsigned round = 0; round < rounds && !world->failures; round++)
            one_pair(world, pa, sizes[each], &pair);
        amdvi_observer_detach(observation);
        tell_pair(world, regime, sizes[each], &pair);
        if (pair.flush.count)
            timed_tell(world, "of these, the IOMMU from doorbell to store", &pair.flush);
        expect_waits(world, &pair, !strcmp(regime, "strict"));
    }
    world->api->page_free(pa, 9);
}

/* Who unmaps waits for his flush: at least for one poll of a microsecond, the driver's own. */
static void strict(struct world *world)
{
    if (!world_boot(world, &(struct world_setup){.timed = true, .command_line = world->scenario->about}))
        return;
    timed_heading(world);
    pairs(world, "strict", ROUNDS);
}

static void lazy(struct world *world)
{
    if (!world_boot(world,
                    &(struct world_setup){.timed = true, .queued = true, .command_line = "iommu.strict=0"}))
        return;
    timed_heading(world);
    pairs(world, "lazy", LAZY_ROUNDS);
}

/* ------------------------------------------------------------------------------ domains */

static void map_pages(struct world *world, void *domain, uint64_t pa, struct samples *map,
                      struct samples *unmap)
{
    struct timed_call call;

    for (unsigned round = 0; round < ROUNDS && !world->failures; round++) {
        uint64_t iova = 0x40000000 + (uint64_t)round * PAGE;

        timed_begin(world, &call);
        EXPECT(world, !world->api->map(domain, iova, pa, PAGE, 3), "a page cannot be mapped");
        timed_end(world, &call, map);
        timed_begin(world, &call);
        EXPECT(world, world->api->unmap(domain, iova, PAGE) == PAGE, "a page cannot be unmapped");
        timed_end(world, &call, unmap);
    }
}

static void domains(struct world *world)
{
    static struct samples attach, detach, map, unmap;
    struct timed_call call;
    uint64_t pa;

    if (!world_boot(world, &(struct world_setup){.timed = true, .command_line = "iommu.strict=1"}))
        return;
    pa = world->api->page_alloc(0);
    for (unsigned round = 0; round < 50 && !world->failures; round++) {
        void *domain = world->api->domain_alloc(WORLD_USB);

        timed_begin(world, &call);
        EXPECT(world, domain && !world->api->attach(domain, WORLD_USB), "a domain cannot be attached");
        timed_end(world, &call, &attach);
        if (round == 0)
            map_pages(world, domain, pa, &map, &unmap);
        timed_begin(world, &call);
        world->api->detach(domain, WORLD_USB);
        timed_end(world, &call, &detach);
        world->api->domain_free(domain);
    }
    timed_heading(world);
    timed_tell(world, "iommu_attach_device()", &attach);
    timed_tell(world, "iommu_detach_device()", &detach);
    timed_tell(world, "iommu_map() of a page", &map);
    timed_tell(world, "iommu_unmap() of a page", &unmap);
    world->api->page_free(pa, 0);
}

const struct scenario timed_scenarios[] = {
    {.name = "time/strict",
     .what = "map and unmap under time, each with its flush",
     .run = strict,
     .about = "iommu.strict=1"},
    {.name = "time/strict-v2",
     .what = "the same with v2 tables",
     .run = strict,
     .about = "iommu.strict=1 amd_iommu=pgtbl_v2"},
    {.name = "time/lazy", .what = "map and unmap under time, flushed later", .run = lazy},
    {.name = "time/domain", .what = "attach, detach, map and unmap of a domain under time", .run = domains},
    {.name = NULL},
};
