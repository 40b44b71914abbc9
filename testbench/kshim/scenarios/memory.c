// SPDX-License-Identifier: GPL-2.0-only
/* What a device must not reach: memory of the kernel's that was freed while an IOMMU still let the device in.
 * The test plays the driver of a device that does so, and the shim, or the kernel itself, has to see it. */
#include "scenarios.h"

/* A page is freed, a device that still may goes on writing, and the next one who gets the page is told. */
static void freed(struct world *world)
{
    uint64_t page, iova, word = 1;
    size_t before;

    if (!boot_plain(world, ""))
        return;
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    world->api->page_free(page, 0);
    EXPECT(world, dma_write(world->nic, iova + 0x80, &word, sizeof(word)) == DMA_DONE,
           "the device is refused");
    instance_excuse(world->kernel, "was written after its page was freed");
    before = instance_excused(world->kernel);
    page = world->api->page_alloc(0);
    EXPECT(world, instance_excused(world->kernel) == before + 1, "a write to a freed page is not seen");
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    world->api->page_free(page, 0);
}

/* The kernel's own check, of versions that have it. */
static void checked_by_kernel(struct world *world)
{
    uint64_t page, iova;
    size_t before;

    if (!boot_plain(world, "iommu.debug_pagealloc=1"))
        return;
    use_dma(world, WORLD_NIC, world->nic);
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    instance_excuse(world->kernel, "iommu_debug");
    before = instance_excused(world->kernel);
    world->api->page_free(page, 0);
    EXPECT(world, instance_excused(world->kernel) > before,
           "the kernel does not warn of a mapped page being freed");
    EXPECT_LOG(world, "Detected page leak");
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
}

const struct scenario memory_scenarios[] = {
    {.name = "memory/freed", .what = "a device writes to a page that was freed", .run = freed},
    {.name = "memory/checked-by-kernel",
     .what = "iommu.debug_pagealloc=1 tells of a page that is freed while it is mapped",
     .run = checked_by_kernel,
     .since = KSHIM_V(7, 0)},
    {.name = NULL},
};
