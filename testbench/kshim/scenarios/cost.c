// SPDX-License-Identifier: GPL-2.0-only
/* What a pair of map and unmap costs the host's processor: driver, glue and model together. Figures, no
 * verdict. */
#include "scenarios.h"

#include <time.h>

enum { PAIRS = 20000 };

static double seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void dma_pairs(struct world *world, uint64_t page)
{
    double start = seconds();

    for (unsigned each = 0; each < PAIRS; each++) {
        uint64_t iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);

        EXPECT(world, iova != UINT64_MAX, "the DMA API refuses a page");
        world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    }
    world_tell(world, "DMA API: %.2f us a pair with its flush", (seconds() - start) * 1e6 / PAIRS);
}

static void domain_pairs(struct world *world, uint64_t page)
{
    void *domain = world->api->domain_alloc(WORLD_USB);
    double start;

    EXPECT(world, domain && !world->api->attach(domain, WORLD_USB), "a domain cannot be attached");
    if (!domain)
        return;
    start = seconds();
    for (unsigned each = 0; each < PAIRS; each++) {
        uint64_t iova = 0x40000000 + (uint64_t)each * PAGE;

        EXPECT(world, !world->api->map(domain, iova, page, PAGE, 3), "a page cannot be mapped");
        EXPECT(world, world->api->unmap(domain, iova, PAGE) == PAGE, "a page cannot be unmapped");
    }
    world_tell(world, "domain: %.2f us a pair with its flush", (seconds() - start) * 1e6 / PAIRS);
    world->api->detach(domain, WORLD_USB);
    world->api->domain_free(domain);
}

static void pairs(struct world *world)
{
    uint64_t page;

    if (!world_boot(world, &(struct world_setup){0}))
        return;
    page = world->api->page_alloc(0);
    dma_pairs(world, page);
    domain_pairs(world, page);
    world->api->page_free(page, 0);
}

const struct scenario cost_scenarios[] = {
    {.name = "cost/pair",
     .what = "processor time of map, unmap and flush (with --no-lint: without it)",
     .run = pairs},
    {.name = NULL},
};
