// SPDX-License-Identifier: Apache-2.0
/* Who answers an access of the processor. */
#include "testbench/platform/machine_internal.h"

#include "testbench/platform/ioapic.h"
#include "testbench/platform/pcie.h"

static uint64_t all_ones(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

/* ---------------------------------------------------------------- IOAPICs */

static struct machine_input *input_at(struct machine *machine, uint64_t pa)
{
    for (size_t i = 0; i < machine->config.ioapics_count; i++)
        if (pa - machine->input[i].what.base < IOAPIC_BYTES)
            return &machine->input[i];
    return NULL;
}

/* ---------------------------------------------------------------- memory space */

static bool read_units(struct machine *machine, uint64_t pa, unsigned size, uint64_t *value)
{
    for (size_t i = 0; i < machine->config.iommus_count; i++)
        if (machine_way_of(machine)->bus_read(machine->unit[i].unit, pa, size, value) == AMDVI_OK)
            return true;
    return false;
}

static bool write_units(struct machine *machine, uint64_t pa, unsigned size, uint64_t value)
{
    for (size_t i = 0; i < machine->config.iommus_count; i++)
        if (machine_way_of(machine)->bus_write(machine->unit[i].unit, pa, size, value) == AMDVI_OK)
            return true;
    return false;
}

static bool read_any(struct machine *machine, uint64_t pa, unsigned size, uint64_t *value)
{
    struct machine_input *input;

    if (read_units(machine, pa, size, value))
        return true;
    input = input_at(machine, pa);
    if (!input)
        return pcie_memory_read(machine->pci, pa, size, value);
    *value = ioapic_read(input->ioapic, pa - input->what.base, size);
    return true;
}

static bool write_any(struct machine *machine, uint64_t pa, unsigned size, uint64_t value)
{
    struct machine_input *input;

    if (write_units(machine, pa, size, value))
        return true;
    input = input_at(machine, pa);
    if (!input)
        return pcie_memory_write(machine->pci, pa, size, value);
    ioapic_write(input->ioapic, pa - input->what.base, size, (uint32_t)value);
    return true;
}

uint64_t machine_mmio_read(struct machine *machine, uint64_t pa, unsigned size)
{
    uint64_t value;

    machine->statistics.mmio_reads++;
    if (!read_any(machine, pa, size, &value)) {
        machine->statistics.mmio_unanswered++;
        return all_ones(size);
    }
    machine_finish(machine);
    return value;
}

void machine_mmio_write(struct machine *machine, uint64_t pa, uint64_t value, unsigned size)
{
    machine->statistics.mmio_writes++;
    if (!write_any(machine, pa, size, value))
        machine->statistics.mmio_unanswered++;
    machine_finish(machine);
}

/* ---------------------------------------------------------------- configuration space */

bool machine_cfg_read(struct machine *machine, uint16_t segment, uint8_t bus, uint8_t devfn, unsigned offset,
                      unsigned size, uint32_t *value)
{
    bool answered = pcie_config_read(machine->pci, segment, bus, devfn, offset, size, value);

    machine->statistics.cfg_reads++;
    machine->statistics.cfg_unanswered += !answered;
    return answered;
}

bool machine_cfg_write(struct machine *machine, uint16_t segment, uint8_t bus, uint8_t devfn, unsigned offset,
                       unsigned size, uint32_t value)
{
    bool answered = pcie_config_write(machine->pci, segment, bus, devfn, offset, size, value);

    machine->statistics.cfg_writes++;
    machine->statistics.cfg_unanswered += !answered;
    machine_finish(machine);
    return answered;
}

void machine_eoi(struct machine *machine, uint8_t vector)
{
    for (size_t i = 0; i < machine->config.ioapics_count; i++)
        ioapic_eoi(machine->input[i].ioapic, vector);
    machine_finish(machine);
}

void machine_set_pin(struct machine *machine, size_t ioapic, unsigned pin, bool active)
{
    if (ioapic >= machine->config.ioapics_count)
        return;
    ioapic_set_pin(machine->input[ioapic].ioapic, pin, active);
    machine_finish(machine);
}
