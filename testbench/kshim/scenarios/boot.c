// SPDX-License-Identifier: GPL-2.0-only
/* Boot over presets and parameters, and in each machine one round of all that a driver of a device does. */
#include "scenarios.h"

static void one_mapping(struct world *world, const char *name, struct dma_device *device)
{
    uint64_t page = world->api->page_alloc(0);
    uint64_t iova = world->api->dma_map(name, page + 0x40, 0x100, 0);

    EXPECT(world, iova != UINT64_MAX, "%s: the DMA API refuses a page", name);
    expect_reaches(world, device, iova, page + 0x40, "mapped");
    world->api->dma_unmap(name, iova, 0x100, 0);
    world->api->page_free(page, 0);
}

static void one_interrupt(struct world *world, const char *name, struct dma_device *device, int msix)
{
    int vectors = world->api->irq_request(name, 1, msix);

    EXPECT(world, vectors == 1, "%s: a message interrupt is refused with %d", name, vectors);
    if (vectors != 1)
        return;
    EXPECT(world, dma_interrupt(device, 0) == PCIE_INTERRUPT_SENT, "%s sends no interrupt", name);
    world_run(world);
    EXPECT(world, world->api->irq_count(name, 0) == 1, "%s: its interrupt arrived %llu times", name,
           world->api->irq_count(name, 0));
    world->api->irq_release(name);
}

static void boot_and_use(struct world *world, const struct world_setup *setup)
{
    if (!world_boot(world, setup))
        return;
    one_mapping(world, WORLD_NIC, world->nic);
    one_mapping(world, WORLD_GPU, world->gpu);
    one_interrupt(world, WORLD_NIC, world->nic, 0);
    one_interrupt(world, WORLD_GPU, world->gpu, 1);
}

static void boot_default(struct world *world)
{
    boot_and_use(world, &(struct world_setup){.command_line = "amd_iommu_dump"});
    EXPECT_LOG(world, "Interrupt remapping enabled");
    EXPECT_LOG(world, "Extended features");
    EXPECT_LOG(world, "device: 0000:00:00.2");
}

const struct scenario scenario_boot = {"boot/default", "boot, DMA and an interrupt with the default preset",
                                       boot_default, 0, 0};
