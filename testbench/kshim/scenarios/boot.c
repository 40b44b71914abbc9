// SPDX-License-Identifier: GPL-2.0-only
/* Boot over presets, parameters and numbers of IOMMUs, and in each machine a round of what drivers of devices
 * do. */
#include "scenarios.h"

struct parameter {
    const char *command_line, *preset;
    unsigned iommus, ivrs_types;
    void (*check)(struct world *world, uint64_t efr);
};

static const struct parameter *about(const struct world *world)
{
    return world->scenario->about;
}

static void check_default(struct world *world, uint64_t efr)
{
    bool remaps_wide = reg_efr_gasup(efr);

    EXPECT_LOG(world, "Interrupt remapping enabled");
    EXPECT(world, !dte_gv(entry_of(world, world->nic).words), "v1 was the default");
    EXPECT(world, dte_iv(entry_of(world, world->nic).words), "interrupts are not remapped");
    EXPECT(world,
           remaps_wide ==
               (reg_control_gaen(register_of(iommu_of(world, world->nic), REG_CONTROL_OFFSET)) != 0),
           "128-bit interrupt entries: EFR %#" PRIx64, efr);
}

static void check_v2(struct world *world, uint64_t efr)
{
    bool v2 = reg_efr_gtsup(efr) && reg_efr_giosup(efr);

    EXPECT(world, v2 == (instance_log_count(world->kernel, "V2 page table enabled") != 0),
           "EFR %#" PRIx64 " and the driver's line about v2 tables do not agree", efr);
    EXPECT(world, v2 == (dte_gv(entry_of(world, world->nic).words) != 0),
           "EFR %#" PRIx64 " and GV of the entry do not agree", efr);
}

/* "legacy" is the mode without guests; how wide entries are depends on the hardware alone. */
static void check_legacy(struct world *world, uint64_t efr)
{
    check_default(world, efr);
    EXPECT(world, !instance_log_count(world->kernel, "Virtual APIC enabled"), "vAPIC in legacy mode");
}

static void check_vapic(struct world *world, uint64_t efr)
{
    bool offered = reg_efr_gasup(efr) && reg_efr_gamsup(efr);

    EXPECT(world, offered == (instance_log_count(world->kernel, "Virtual APIC enabled") != 0),
           "EFR offers vAPIC: %d, and the driver's line does not agree", offered);
}

static void check_identity(struct world *world, uint64_t efr)
{
    const char *type = world->api->domain_type(WORLD_NIC);

    (void)efr;
    EXPECT(world, !strcmp(type, "identity"), "the default domain is %s", type);
    EXPECT(world, !dte_mode(entry_of(world, world->nic).words), "paging mode of an identity domain");
}

/* NpCache of the capability [1.2]: entries that are not present may be cached, as in an emulator. */
static bool caches_absent(struct amdvi_device *iommu)
{
    uint64_t where = 0, header = 0;

    amdvi_pci_read(iommu, 0x34, 1, &where);
    amdvi_pci_read(iommu, (unsigned)where, 4, &header);
    return cap_header_npcache(header);
}

/* The driver does not queue where each mapping needs an invalidation as well. */
static void check_lazy(struct world *world, uint64_t efr)
{
    const char *type = world->api->domain_type(WORLD_NIC);
    const char *wanted = caches_absent(iommu_of(world, world->nic)) ? "DMA" : "DMA-FQ";

    (void)efr;
    EXPECT(world, !strcmp(type, wanted), "the default domain is %s", type);
}

static void check_unremapped(struct world *world, uint64_t efr)
{
    (void)efr;
    EXPECT(world, !instance_log_count(world->kernel, "Interrupt remapping enabled"), "remapping was off");
    EXPECT(world, !dte_iv(entry_of(world, world->nic).words), "IV of an entry without remapping");
}

static void check_dump(struct world *world, uint64_t efr)
{
    EXPECT_LOG(world, "device: 0000:00:00.2");
    EXPECT(world, about(world)->iommus < 2 || instance_log_count(world->kernel, "device: 0000:00:04.2"),
           "the second IOMMU is not told");
    check_default(world, efr);
}

static void boot(struct world *world)
{
    const struct parameter *parameter = about(world);
    struct world_setup setup = {.preset = parameter->preset,
                                .command_line = parameter->command_line,
                                .iommus = parameter->iommus,
                                .ivrs_types = parameter->ivrs_types,
                                .queued = parameter->check == check_lazy};

    if (!world_boot(world, &setup))
        return;
    parameter->check(world, register_of(iommu_of(world, world->nic), REG_EFR_OFFSET));
    use_dma(world, WORLD_NIC, world->nic);
    use_dma(world, WORLD_GPU, world->gpu);
    use_interrupt(world, WORLD_NIC, world->nic, 0);
    use_interrupt(world, WORLD_GPU, world->gpu, 1);
}

#define CELL(preset_, name_, line_, check_, iommus_)                                                         \
    {                                                                                                        \
        .name = "boot/" preset_ "/" name_ "/" #iommus_, .what = "boot, DMA, fault and interrupts: " line_,   \
        .run = boot, .about = &(const struct parameter)                                                      \
        {                                                                                                    \
            .preset = preset_, .command_line = line_, .check = check_, .iommus = iommus_                     \
        }                                                                                                    \
    }
#define CELLS(preset, name, line, check)                                                                     \
    CELL(preset, name, line, check, 1), CELL(preset, name, line, check, 2)
#define PRESET(preset)                                                                                       \
    CELLS(preset, "default", "", check_default), CELLS(preset, "pgtbl_v2", "amd_iommu=pgtbl_v2", check_v2),  \
        CELLS(preset, "intr-legacy", "amd_iommu_intr=legacy", check_legacy),                                 \
        CELLS(preset, "intr-vapic", "amd_iommu_intr=vapic", check_vapic),                                    \
        CELLS(preset, "passthrough", "iommu.passthrough=1", check_identity),                                 \
        CELLS(preset, "pt", "iommu=pt", check_identity),                                                     \
        CELLS(preset, "lazy", "iommu.strict=0", check_lazy),                                                 \
        CELLS(preset, "intremap-off", "intremap=off", check_unremapped),                                     \
        CELLS(preset, "dump", "amd_iommu_dump", check_dump)
#define TABLE(type)                                                                                          \
    {                                                                                                        \
        .name = "boot/ivrs-" #type, .what = "an IVRS with blocks of type " #type "h only", .run = boot,      \
        .about = &(const struct parameter)                                                                   \
        {                                                                                                    \
            .preset = "milan", .command_line = "amd_iommu_dump", .check = check_dump,                        \
            .ivrs_types = AMDVI_IVRS_##type                                                                  \
        }                                                                                                    \
    }

const struct scenario boot_scenarios[] = {
    PRESET("genoa"),   PRESET("rome"),   PRESET("milan"),        PRESET("turin"),
    PRESET("raphael"), PRESET("legacy"), PRESET("emulator-min"), TABLE(10),
    TABLE(11),         TABLE(40),        {.name = NULL},
};
