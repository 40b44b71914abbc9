// SPDX-License-Identifier: GPL-2.0-or-later
/* Accesses of processors: the register window and the configuration space of the unit's PCI function. */
#include "unit.h"

static uint64_t read_register(void *opaque, hwaddr offset, unsigned size)
{
    struct unit *unit = opaque;
    uint64_t value = 0;

    unit_enter(unit);
    amdvi_mmio_read(unit->device, offset, size, &value);
    unit_leave(unit);
    return value;
}

static void write_register(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    struct unit *unit = opaque;

    unit_enter(unit);
    notify_renumber(unit);
    traps_before_write(unit);
    watch_register_write(&unit->watch, offset, value, size);
    amdvi_mmio_write(unit->device, offset, size, value);
    if (!traps_hold(unit, offset))
        amdvi_run(unit->device);
    unit_leave(unit);
}

static const MemoryRegionOps operations = {
    .read = read_register,
    .write = write_register,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = {.min_access_size = 4, .max_access_size = 8},
    .valid = {.min_access_size = 1, .max_access_size = 8},
};

void registers_init(struct unit *unit)
{
    uint64_t base = 0;

    amdvi_config_number(unit->config, "mmio_base", &base);
    memory_region_init_io(&unit->registers, OBJECT(unit), &operations, unit, "amdvi-registers",
                          amdvi_mmio_size(unit->device));
    sysbus_init_mmio(SYS_BUS_DEVICE(unit), &unit->registers);
    sysbus_mmio_map(SYS_BUS_DEVICE(unit), 0, base);
}

uint32_t registers_pci_read(PCIDevice *pci, uint32_t offset, int size)
{
    struct unit *unit = container_of(pci, struct function, pci)->unit;
    uint64_t value = UINT32_MAX;

    unit_enter(unit);
    amdvi_pci_read(unit->device, offset, (unsigned)size, &value);
    unit_leave(unit);
    return (uint32_t)value;
}

void registers_pci_write(PCIDevice *pci, uint32_t offset, uint32_t value, int size)
{
    struct unit *unit = container_of(pci, struct function, pci)->unit;

    unit_enter(unit);
    amdvi_pci_write(unit->device, offset, (unsigned)size, value);
    amdvi_run(unit->device);
    unit_leave(unit);
}
