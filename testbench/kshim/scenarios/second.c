// SPDX-License-Identifier: GPL-2.0-only
/* A second kernel on the machine of a first one: kexec after a shutdown, kdump after a crash. */
#include "scenarios.h"

static const struct world_setup setups[] = {{.preset = "genoa"}, {.command_line = "amd_iommu=pgtbl_v2"}};

static void use_all(struct world *world)
{
    use_dma(world, WORLD_NIC, world->nic);
    use_dma(world, WORLD_GPU, world->gpu);
    use_interrupt(world, WORLD_NIC, world->nic, 0);
    use_interrupt(world, WORLD_GPU, world->gpu, 1);
}

/* The first kernel turns the IOMMU off before it goes. */
static void kexec(struct world *world)
{
    const struct world_setup *setup = world->scenario->about;

    if (!world_boot(world, setup))
        return;
    use_all(world);
    world->api->dma_map(WORLD_NIC, world->api->page_alloc(0), PAGE, 0);
    world->api->shutdown();
    EXPECT(world, !reg_control_iommuen(register_of(iommu_of(world, world->nic), REG_CONTROL_OFFSET)),
           "IommuEn after a shutdown");
    if (world_boot_again(world, setup))
        use_all(world);
}

/* In 6.1 and 6.12 the copied entry has lost its guest tables and kept V, TV, IR and IW with paging mode 0:
 * the device's own addresses are physical ones until its driver takes it (docs/findings.md). */
static void expect_passed(struct world *world)
{
    struct amdvi_dte_view entry = entry_of(world, world->nic);

    EXPECT(world,
           !dte_gv(entry.words) && !dte_mode(entry.words) && dte_ir(entry.words) && dte_iw(entry.words),
           "the first word of the copied entry is %#" PRIx64, entry.words[0]);
    expect_reaches(world, world->nic, WORLD_KERNEL_BYTES - PAGE, WORLD_KERNEL_BYTES - PAGE, "untranslated");
}

/* Translation is on, and a device of the first kernel goes on with what it has: its mapping lasts until the
 * second kernel's driver takes that device for its own. */
static void kdump(struct world *world)
{
    const struct world_setup *setup = world->scenario->about;
    struct world_setup second = *setup;
    uint64_t page, iova;

    if (!world_boot(world, setup))
        return;
    use_all(world);
    page = world->api->page_alloc(0);
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    expect_reaches(world, world->nic, iova, page, "before the crash");
    second.flags |= KSHIM_KDUMP;
    if (!world_boot_again(world, &second))
        return;
    EXPECT(world, instance_log_count(world->kernel, "Translation is already enabled") != 0,
           "the driver does not see that translation is on");
    if (setup == &setups[0] || KERNEL_AT_LEAST(world, 7, 0))
        expect_reaches(world, world->nic, iova, page, "while nobody has taken the device");
    else
        expect_passed(world);
    use_all(world);
}

const struct scenario second_scenarios[] = {
    {.name = "second/kexec",
     .what = "shutdown, and a second kernel in its place",
     .run = kexec,
     .about = &setups[0]},
    {.name = "second/kexec-v2", .what = "the same with v2 tables", .run = kexec, .about = &setups[1]},
    {.name = "second/kdump",
     .what = "a crash kernel beside the first one, with translation on",
     .run = kdump,
     .about = &setups[0]},
    {.name = "second/kdump-v2", .what = "the same with v2 tables", .run = kdump, .about = &setups[1]},
    {.name = NULL},
};
