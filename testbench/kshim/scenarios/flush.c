// SPDX-License-Identifier: GPL-2.0-only
/* What a driver must flush after an unmap, a freed table, and a device that has gone: small and without
 * chance, so that planted defects are found by name. */
#include "scenarios.h"

enum { PAGES = 5, OWN = WORLD_KERNEL_BYTES };

/* A domain of its own for the network card. */
static void *own_domain(struct world *world)
{
    void *domain;

    if (!boot_plain(world, ""))
        return NULL;
    instance_excuse(world->kernel, SAYS_FAULT);
    domain = world->api->domain_alloc(WORLD_NIC);
    EXPECT(world, domain && !world->api->attach(domain, WORLD_NIC), "a domain cannot be attached");
    return world->failures ? NULL : domain;
}

static void give_back(struct world *world, void *domain)
{
    world_run(world);
    world->api->detach(domain, WORLD_NIC);
    world->api->domain_free(domain);
}

/* Five pages need a range of eight. From the beginning of such a range they need only four without the last
 * of them, up to its end only four without the first. */
static void five_pages(struct world *world)
{
    void *domain = own_domain(world);

    if (!domain)
        return;
    for (unsigned round = 0; round < 4 && !world->failures; round++) {
        uint64_t iova = 8 * MIB + round * 8 * PAGE + round % 2 * 3 * PAGE;

        world->api->map(domain, iova, OWN, PAGES * PAGE, 3);
        for (unsigned page = 0; page < PAGES; page++)
            expect_reaches(world, world->nic, iova + page * PAGE, OWN + page * PAGE, "mapped");
        EXPECT(world, world->api->unmap(domain, iova, PAGES * PAGE) == PAGES * PAGE, "not all is unmapped");
        world_unmapped(world);
        for (unsigned page = 0; page < PAGES; page++)
            expect_refused(world, world->nic, iova + page * PAGE, "unmapped");
    }
    give_back(world, domain);
}

/* The driver frees a table of small pages when a large page takes its place. */
static void freed_table(struct world *world)
{
    uint64_t iova = 64 * MIB, large = 2 * MIB;
    void *domain = own_domain(world);

    if (!domain)
        return;
    world->api->map(domain, iova, OWN, PAGE, 3);
    expect_reaches(world, world->nic, iova, OWN, "small");
    world->api->unmap(domain, iova, PAGE);
    world_unmapped(world);
    EXPECT(world, !world->api->map(domain, iova, 0, large, 3), "the large page is not mapped");
    EXPECT(world, try_read(world->nic, iova + PAGE) == DMA_DONE, "the large page is not reached");
    EXPECT(world, world->api->unmap(domain, iova, large) == large, "not all is unmapped");
    world_unmapped(world);
    expect_refused(world, world->nic, iova, "unmapped");
    give_back(world, domain);
}

/* In passthrough mode what a device reaches hangs on its device table entry alone. */
static void removed(struct world *world)
{
    uint64_t page;

    if (!boot_plain(world, "iommu.passthrough=1"))
        return;
    instance_excuse(world->kernel, SAYS_FAULT);
    page = world->api->page_alloc(0);
    expect_reaches(world, world->gpu, page, page, "passthrough");
    EXPECT(world, !world->api->device_remove(WORLD_GPU), "the device cannot be removed");
    world_unmapped(world);
    expect_refused(world, world->gpu, page, "removed");
    world_run(world);
    EXPECT(world, !world->api->bus_rescan(0, 1), "the bus cannot be scanned");
    EXPECT(world, !world->api->device_enable(WORLD_GPU), "the device does not come back");
    world_unmapped(world);
    expect_reaches(world, world->gpu, page, page, "back again");
    world->api->page_free(page, 0);
}

const struct scenario flush_scenarios[] = {
    {.name = "flush/five-pages",
     .what = "five pages are unmapped: none of them is reached",
     .run = five_pages},
    {.name = "flush/freed-table",
     .what = "a large page takes the place of a table, which is freed",
     .run = freed_table},
    {.name = "flush/removed",
     .what = "a device in passthrough mode is removed and comes back",
     .run = removed},
    {.name = NULL},
};
