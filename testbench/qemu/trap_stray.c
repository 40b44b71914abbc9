// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that no driver has asked for: of strangers, of devices gone wild, of firmware that goes on. */
#include "unit.h"

#include <hw/pci/pci_ids.h>

enum { STRANGER_REQUESTS = 2000, UNITY_REQUESTS = 400, OVERFLOW_REQUESTS = 40000, BUSY_REQUESTS = 200 };
/* The chipset's own functions stand in slot 1fh; COMMON is beyond all slots and functions. */
enum { CHIPSET = 0x1e, COMMON = 0x100 };
/* From one request for the shared range to the next. */
enum { STEP = 0x400 };
enum { NOWHERE = 0x5a5a5a5000 };
static const int64_t pause_ns = INT64_C(100) * SCALE_MS;
static const int64_t recovery_ns = INT64_C(500) * SCALE_MS,
                     patience_ns = INT64_C(15) * NANOSECONDS_PER_SECOND;

/* ------------------------------------------------------------------ who */

static void look_at(PCIBus *bus, PCIDevice *device, void *opaque)
{
    int *found = opaque;
    unsigned class = pci_get_word(device->config + PCI_CLASS_DEVICE) >> 8;
    bool common = class == PCI_BASE_CLASS_STORAGE || class == PCI_BASE_CLASS_NETWORK;

    if (PCI_SLOT(device->devfn) < CHIPSET && (common || class == PCI_CLASS_OTHERS))
        *found = MAX(*found, (common ? COMMON : 0) + (int)device->devfn);
}

bool stray_choose(struct unit *unit, uint16_t *device)
{
    int found = -1;

    pci_for_each_device_under_bus(unit->root, look_at, &found);
    if (found < 0)
        return false;
    *device = (uint16_t)PCI_BUILD_BDF(pci_bus_num(unit->root), found % COMMON);
    return true;
}

/* The last function before the chipset's: nobody puts a device there. */
static uint16_t stranger(const struct unit *unit)
{
    return (uint16_t)PCI_BUILD_BDF(pci_bus_num(unit->root), PCI_DEVFN(0x1e, 7));
}

/* ------------------------------------------------------------------ what */

static bool ask(struct unit *unit, uint16_t device, uint64_t address)
{
    const struct amdvi_request request = {
        .device = device, .op = AMDVI_READ, .address = address, .length = 1};
    struct amdvi_result result = {0};
    bool ok = amdvi_translate(unit->device, &request, &result) == AMDVI_OK && result.ok;

    unit->traps.sent++;
    unit->traps.passed_after += ok && unit->traps.refused;
    unit->traps.refused_after += !ok && unit->traps.passed;
    unit->traps.passed += ok;
    unit->traps.refused += !ok;
    return ok;
}

void stray_stranger(struct unit *unit)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (now - unit->traps.stage_began < pause_ns)
        return;
    unit->traps.stage_began = now;
    if (unit->traps.sent < STRANGER_REQUESTS && trap_field(unit, "control", "IommuEn"))
        ask(unit, stranger(unit), NOWHERE);
}

void stray_unity(struct unit *unit)
{
    struct traps *traps = &unit->traps;

    if (!traps->chosen || traps->sent >= UNITY_REQUESTS || !trap_field(unit, "control", "IommuEn"))
        return;
    ask(unit, traps->victim, FIRMWARE_SHARED + traps->sent * STEP % FIRMWARE_SHARED_BYTES);
}

/* ------------------------------------------------------------------ overflow */

static uint64_t events_of(struct unit *unit)
{
    struct amdvi_statistics statistics = {0};

    amdvi_get_statistics(unit->device, &statistics);
    return statistics.events;
}

/* Faults come from a device that nobody has, or, where its requests pass, from the one that worked last. */
static void flood(struct unit *unit)
{
    struct traps *traps = &unit->traps;
    uint16_t device = stranger(unit);

    if (ask(unit, device, NOWHERE))
        device = traps->any ? traps->last : device;
    for (unsigned i = 0; i < OVERFLOW_REQUESTS && !trap_field(unit, "status", "EventOverflow"); i++)
        if (ask(unit, device, NOWHERE + (uint64_t)i * 0x1000))
            return;
    traps->wild = device;
}

static bool is_busy(struct unit *unit)
{
    struct amdvi_statistics statistics = {0};

    amdvi_get_statistics(unit->device, &statistics);
    return statistics.translated > BUSY_REQUESTS && trap_field(unit, "status", "EventLogRun");
}

/* 0: waiting for a driver at work; 1: overflowed, and probed until a fault is logged again; 2: it was; 3: no
 * overflow could be made, 4: the driver was given time, and nothing was logged any more. */
void stray_overflow(struct unit *unit)
{
    struct traps *traps = &unit->traps;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (traps->stage == 0 && is_busy(unit)) {
        flood(unit);
        traps->stage = trap_field(unit, "status", "EventOverflow") ? 1 : 3;
        traps->events = events_of(unit);
        traps->stage_began = now;
    } else if (traps->stage == 1 && now - traps->stage_began >= recovery_ns) {
        ask(unit, traps->wild, NOWHERE);
        if (events_of(unit) > traps->events)
            traps->stage = 2;
        else if (now - traps->stage_began > patience_ns)
            traps->stage = 4;
        traps->recovered_ns = now - traps->stage_began;
    }
}
