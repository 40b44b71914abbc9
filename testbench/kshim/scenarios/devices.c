// SPDX-License-Identifier: GPL-2.0-only
/* Devices and the whole machine come and go: hot-plug, reset, suspend, kexec; and nothing leaks. */
#include "scenarios.h"

static void hot_plug_once(struct world *world)
{
    EXPECT(world, !world->api->device_remove(WORLD_GPU), "the device cannot be removed");
    expect_refused(world, world->gpu, 0x100000, "removed");
    world_run(world);
    EXPECT(world, !world->api->bus_rescan(0, 1), "the bus cannot be scanned");
    EXPECT(world, !world->api->device_enable(WORLD_GPU), "the device does not come back");
    use_dma(world, WORLD_GPU, world->gpu);
    use_interrupt(world, WORLD_GPU, world->gpu, 1);
}

static void hot_plug(struct world *world)
{
    if (!boot_plain(world, ""))
        return;
    instance_excuse(world->kernel, SAYS_FAULT);
    for (unsigned round = 0; round < 10; round++)
        hot_plug_once(world);
}

/* A mapping outlives a reset of its device. */
static void reset(struct world *world)
{
    uint64_t page, iova;

    if (!boot_plain(world, ""))
        return;
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    EXPECT(world, !world->api->device_reset(WORLD_NIC), "the function cannot be reset");
    EXPECT(world, dma_statistics(world->nic).resets, "the device saw no reset");
    expect_reaches(world, world->nic, iova, page, "after a reset");
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    use_interrupt(world, WORLD_NIC, world->nic, 0);
    world->api->page_free(page, 0);
}

/* ------------------------------------------------------------------------------ suspend */

static void suspend(struct world *world)
{
    const struct world_setup *setup = world->scenario->about;
    uint64_t page, iova, count;

    if (!world_boot(world, setup))
        return;
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    EXPECT(world, world->api->irq_request(WORLD_NIC, 1, 0) == 1, "no interrupt");
    for (unsigned round = 0; round < 5; round++) {
        EXPECT(world, !world->api->suspend(), "the driver refuses to sleep");
        EXPECT(world, !reg_control_iommuen(register_of(iommu_of(world, world->nic), REG_CONTROL_OFFSET)),
               "IommuEn while asleep");
        world->api->resume();
        EXPECT(world, reg_control_iommuen(register_of(iommu_of(world, world->nic), REG_CONTROL_OFFSET)),
               "not enabled after waking up");
        expect_reaches(world, world->nic, iova, page, "after waking up");
        count = world->api->irq_count(WORLD_NIC, 0);
        dma_interrupt(world->nic, 0);
        world_run(world);
        EXPECT(world, world->api->irq_count(WORLD_NIC, 0) == count + 1,
               "the interrupt is lost after waking up");
        use_dma(world, WORLD_GPU, world->gpu);
    }
    world->api->irq_release(WORLD_NIC);
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    world->api->page_free(page, 0);
}

/* ------------------------------------------------------------------------------ leaks */

static void everything(struct world *world)
{
    void *domain = world->api->domain_alloc(WORLD_USB);

    EXPECT(world, domain && !world->api->attach(domain, WORLD_USB), "a domain cannot be attached");
    for (uint64_t iova = 0; iova < 1ull << 38; iova += 1ull << 32)
        world->api->map(domain, iova, WORLD_KERNEL_BYTES, 4 * MIB, 3);
    for (uint64_t iova = 0; iova < 1ull << 38; iova += 1ull << 32)
        world->api->unmap(domain, iova, 4 * MIB);
    world->api->detach(domain, WORLD_USB);
    world->api->domain_free(domain);
    use_dma(world, WORLD_NIC, world->nic);
    use_interrupt(world, WORLD_NIC, world->nic, 0);
    hot_plug_once(world);
    EXPECT(world, !world->api->device_reset(WORLD_NIC), "the function cannot be reset");
    world_pass(world, 1000000000);
}

/* The first rounds fill what caches of addresses and of objects keep; from then on nothing may grow. */
static void leaks(struct world *world)
{
    struct kshim_leaks before, after;
    int references[2];

    if (!boot_plain(world, world->scenario->about))
        return;
    instance_excuse(world->kernel, SAYS_FAULT);
    for (unsigned round = 0; round < 3; round++)
        everything(world);
    before = in_use(world);
    references[0] = world->api->device_references(WORLD_NIC);
    for (unsigned round = 0; round < 10; round++)
        everything(world);
    after = in_use(world);
    references[1] = world->api->device_references(WORLD_NIC);
    world_tell(world,
               "pages %llu to %llu, objects %llu to %llu, bytes of them %llu to %llu, references %d to %d",
               before.pages, after.pages, before.slabs, after.slabs, before.slab_bytes, after.slab_bytes,
               references[0], references[1]);
    EXPECT(world, after.pages <= before.pages && after.slabs <= before.slabs, "ten rounds leak memory");
    EXPECT(world, references[1] <= references[0], "ten rounds leak references");
    EXPECT(world,
           after.threads == before.threads && after.timers == before.timers && after.works == before.works,
           "ten rounds leave threads, timers or work behind");
}

const struct scenario device_scenarios[] = {
    {.name = "devices/hot-plug", .what = "a function is removed and found again, ten times", .run = hot_plug},
    {.name = "devices/reset", .what = "a function level reset under a mapping", .run = reset},
    {.name = "devices/suspend",
     .what = "suspend and resume under mappings and interrupts",
     .run = suspend,
     .about = &(const struct world_setup){.preset = "genoa"}},
    {.name = "devices/suspend-v2",
     .what = "the same with v2 tables and two IOMMUs",
     .run = suspend,
     .about = &(const struct world_setup){.command_line = "amd_iommu=pgtbl_v2", .iommus = 2}},
    {.name = "devices/leaks",
     .what = "ten rounds of everything leave nothing behind",
     .run = leaks,
     .about = ""},
    {.name = "devices/leaks-v2",
     .what = "the same with v2 tables",
     .run = leaks,
     .about = "amd_iommu=pgtbl_v2"},
    {.name = NULL},
};
