// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts of devices through the remapping, in each form of its entries. */
#include "scenarios.h"

enum { VECTORS = 16, MSI_CAPABILITY = 5 };

struct form {
    const char *preset, *command_line;
};

static void expect_all_arrive(struct world *world, const char *name, struct dma_device *device,
                              uint64_t times)
{
    for (unsigned each = 0; each < VECTORS; each++)
        EXPECT(world, dma_interrupt(device, each) == PCIE_INTERRUPT_SENT, "%s: vector %u is not sent", name,
               each);
    world_run(world);
    for (int each = 0; each < VECTORS; each++)
        EXPECT(world, world->api->irq_count(name, each) == times, "%s: vector %d arrived %llu times", name,
               each, world->api->irq_count(name, each));
}

/* The message that the function would send now, as software has written it. */
static void message_of(const struct pcie_function *function, uint64_t *address, uint32_t *data)
{
    unsigned at = pcie_capability(function, MSI_CAPABILITY);

    *address = pcie_peek(function, at + 4, 4) | (uint64_t)pcie_peek(function, at + 8, 4) << 32;
    *data = pcie_peek(function, at + 12, 2);
}

static void expect_message_refused(struct world *world, uint64_t address, uint32_t data)
{
    struct amdvi_int_result result = {0};

    EXPECT(world,
           amdvi_interrupt(iommu_of(world, world->nic), dma_device_id(world->nic), address, data, &result) ==
                   AMDVI_OK &&
               !result.ok,
           "a message of an interrupt that was released reaches vector %u", result.vector);
    world_run(world);
}

static void many(struct world *world, const char *name, struct dma_device *device, int msix)
{
    int given = world->api->irq_request(name, VECTORS, msix);
    uint64_t address = 0;
    uint32_t data = 0;

    EXPECT(world, given == VECTORS, "%s: %d vectors of %d", name, given, VECTORS);
    if (given != VECTORS)
        return;
    expect_all_arrive(world, name, device, 1);
    for (int each = 0; each < VECTORS; each++)
        EXPECT(world, !world->api->irq_affinity(name, each), "%s: affinity of vector %d", name, each);
    expect_all_arrive(world, name, device, 2);
    if (!msix)
        message_of(dma_device_function(device), &address, &data);
    world->api->irq_release(name);
    EXPECT(world, dma_interrupt(device, 0) != PCIE_INTERRUPT_SENT, "%s still sends", name);
    if (!msix)
        expect_message_refused(world, address, data);
}

static void forms(struct world *world)
{
    const struct form *form = world->scenario->about;
    struct amdvi_statistics before, after;

    if (!world_boot(world, &(struct world_setup){.preset = form->preset, .command_line = form->command_line}))
        return;
    instance_excuse(world->kernel, SAYS_FAULT);
    instance_excuse(world->kernel, "INVALID_DEVICE_REQUEST");
    before = statistics_of(iommu_of(world, world->nic));
    for (unsigned round = 0; round < 5; round++) {
        many(world, WORLD_NIC, world->nic, 0);
        many(world, WORLD_GPU, world->gpu, 1);
        use_interrupt(world, WORLD_USB, world->usb, 0);
    }
    after = statistics_of(iommu_of(world, world->nic));
    EXPECT(world, after.interrupts_remapped - before.interrupts_remapped >= 5 * (4 * VECTORS + 1),
           "only %" PRIu64 " interrupts were remapped",
           after.interrupts_remapped - before.interrupts_remapped);
    EXPECT(world, after.interrupts_faulted - before.interrupts_faulted >= 5, "no message was refused");
}

#define FORM(name_, what_, ...)                                                                              \
    {                                                                                                        \
        .name = "interrupts/" name_, .what = "16 vectors of MSI and MSI-X, affinity, release: " what_,       \
        .run = forms, .about = &(const struct form)                                                          \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

const struct scenario interrupt_scenarios[] = {
    FORM("narrow", "32-bit entries", .preset = "emulator-min", .command_line = ""),
    FORM("wide", "128-bit entries", .preset = "raphael", .command_line = "amd_iommu_intr=legacy"),
    FORM("vapic", "128-bit entries that may post", .preset = "rome", .command_line = "amd_iommu_intr=vapic"),
    FORM("x2apic", "128-bit entries, x2APIC destinations", .preset = "genoa", .command_line = ""),
    {.name = NULL},
};
