// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts by wire: the kernel's driver of the I/O interrupt controller below the interrupt remapping of
 * the IOMMU.
 */
#include "scenarios.h"

#include "testbench/platform/ioapic.h"

struct wire {
    const char *preset, *command_line;
    bool remapped;
};

enum { GSI = 9, OTHER = 16, SOUTHBRIDGE = 0x14 << 3, PULSES = 3 };

static void pulse(struct world *world, unsigned pin)
{
    machine_set_pin(world->machine, 0, pin, true);
    machine_set_pin(world->machine, 0, pin, false);
    world_run(world);
}

/* What the kernel wrote into the controller for a pin. */
static uint64_t redirection(struct world *world, unsigned pin)
{
    struct ioapic *ioapic = machine_ioapic(world->machine, 0);
    uint64_t low, high;

    ioapic_write(ioapic, IOAPIC_INDEX, 4, 0x10 + 2 * pin);
    low = ioapic_read(ioapic, IOAPIC_DATA, 4);
    ioapic_write(ioapic, IOAPIC_INDEX, 4, 0x11 + 2 * pin);
    high = ioapic_read(ioapic, IOAPIC_DATA, 4);
    return high << 32 | low;
}

static uint64_t remapped(struct world *world)
{
    struct amdvi_device *iommu = machine_iommu_of(world->machine, 0, SOUTHBRIDGE);

    return iommu ? statistics_of(iommu).interrupts_remapped : 0;
}

/* The device of the level input stops asking when its register is written. */
static void content(struct world *world, uint64_t offset, uint64_t value)
{
    (void)offset;
    (void)value;
    machine_set_pin(world->machine, 0, OTHER, false);
}

static uint64_t registers_of_nic(struct world *world)
{
    uint32_t low = 0;

    machine_cfg_read(world->machine, 0, 0, 1 << 3, 0x10, 4, &low);
    return low & ~0xfu;
}

static void edges(struct world *world)
{
    EXPECT(world, !world->api->pin_request(GSI, 0, 0), "pin %d is refused", GSI);
    for (unsigned count = 1; count <= PULSES; count++) {
        pulse(world, GSI);
        EXPECT(world, world->api->pin_count(GSI) == count, "after pulse %u the handler ran %llu times", count,
               world->api->pin_count(GSI));
    }
    pulse(world, OTHER);
    EXPECT(world, world->api->pin_count(GSI) == PULSES, "another pin reaches the handler");
}

/* A level input asks until its device is content, and again after the end of an interrupt. */
static void levels(struct world *world)
{
    world->nic_written = content;
    EXPECT(world, !world->api->pin_request(OTHER, 1, registers_of_nic(world)), "pin %d is refused", OTHER);
    EXPECT(world, redirection(world, OTHER) & IOAPIC_LEVEL, "the entry of a level input says edge");
    for (unsigned count = 1; count <= PULSES; count++) {
        machine_set_pin(world->machine, 0, OTHER, true);
        world_run(world);
        EXPECT(world, world->api->pin_count(OTHER) == count, "after level %u the handler ran %llu times",
               count, world->api->pin_count(OTHER));
        EXPECT(world, !(redirection(world, OTHER) & IOAPIC_REMOTE_IRR), "no end of interrupt after level %u",
               count);
    }
}

static void release(struct world *world, int gsi)
{
    uint64_t count = world->api->pin_count(gsi);

    world->api->pin_release(gsi);
    EXPECT(world, redirection(world, (unsigned)gsi) & IOAPIC_MASKED, "pin %d is not masked after its release",
           gsi);
    pulse(world, (unsigned)gsi);
    EXPECT(world, world->api->pin_count(gsi) == count, "the handler of a released pin runs");
}

static void wires(struct world *world)
{
    const struct wire *wire = world->scenario->about;
    uint64_t before;

    if (!world_boot(world, &(struct world_setup){.preset = wire->preset, .command_line = wire->command_line}))
        return;
    for (unsigned round = 0; round < 3; round++) {
        before = remapped(world);
        edges(world);
        levels(world);
        EXPECT(world, remapped(world) - before == (wire->remapped ? 2 * PULSES : 0),
               "%" PRIu64 " of %d were remapped", remapped(world) - before, 2 * PULSES);
        release(world, GSI);
        release(world, OTHER);
    }
}

#define WIRE(name_, what_, ...)                                                                              \
    {                                                                                                        \
        .name = "wires/" name_, .what = "edge and level inputs of the IOAPIC: " what_, .run = wires,         \
        .about = &(const struct wire)                                                                        \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

const struct scenario wire_scenarios[] = {
    WIRE("narrow", "32-bit entries", .preset = "emulator-min", .command_line = "", .remapped = true),
    WIRE("wide", "128-bit entries", .preset = "raphael", .command_line = "amd_iommu_intr=legacy",
         .remapped = true),
    WIRE("x2apic", "128-bit entries, x2APIC destinations", .preset = "genoa", .command_line = "",
         .remapped = true),
    WIRE("unremapped", "without remapping", .preset = "genoa", .command_line = "intremap=off"),
    {.name = NULL},
};
