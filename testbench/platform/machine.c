// SPDX-License-Identifier: Apache-2.0
/* A machine is put together, switched on and taken apart. */
#include "testbench/platform/machine_internal.h"

#include "amdvi/inject.h"

#include "testbench/platform/ioapic.h"
#include "testbench/platform/pcie.h"
#include "testbench/platform/ram.h"
#include "testbench/platform/refuse.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- parts */

static size_t count_ram(const struct machine_config *config)
{
    size_t count = 0;

    while (count < MACHINE_RAM_MAX && config->ram[count].size)
        count++;
    return count;
}

static void on_pcie_message(void *context, uint16_t segment, uint16_t requester, uint64_t address,
                            uint32_t data)
{
    machine_message(context, segment, requester, address, data);
}

static void on_ioapic_message(void *context, uint64_t address, uint32_t data)
{
    struct machine_input *input = context;

    machine_message(input->machine, input->what.segment, input->what.requester, address, data);
}

static bool add_ioapics(struct machine *machine)
{
    for (size_t i = 0; i < machine->config.ioapics_count; i++) {
        struct machine_input *input = &machine->input[i];
        *input = (struct machine_input){.machine = machine, .what = machine->config.ioapics[i]};
        input->ioapic = ioapic_create(input->what.id, on_ioapic_message, input);
        if (!input->ioapic)
            return false;
    }
    return true;
}

/* The SMBus function of AMD's southbridge, by which drivers know it: interrupts of the IOAPIC and the HPET
 * come under its name. */
static bool add_southbridge(struct machine *machine)
{
    const struct pcie_description southbridge = {.kind = PCIE_HOST_BRIDGE,
                                                 .devfn = 0x14 << 3,
                                                 .vendor = 0x1022,
                                                 .device = 0x790b,
                                                 .class_code = 0x0c0500};

    return machine->config.no_southbridge || pcie_add(machine->pci, &southbridge, NULL) == AMDVI_OK;
}

static enum amdvi_status add_parts(struct machine *machine, struct machine_error *error)
{
    const struct machine_config *config = &machine->config;
    enum amdvi_status status;

    machine->ram = ram_create(config->ram, count_ram(config), error);
    if (!machine->ram)
        return AMDVI_ERR_ARGUMENT;
    machine->pci = pcie_create(config->pci_memory, config->pci_memory_bytes, on_pcie_message, machine);
    if (!machine->pci || !add_ioapics(machine) || !add_southbridge(machine)) {
        refuse(error, "no memory");
        return AMDVI_ERR_NO_MEMORY;
    }
    status = machine_add_units(machine, error);
    if (status != AMDVI_OK)
        return status;
    return machine_places_good(machine, error) ? AMDVI_OK : AMDVI_ERR_ARGUMENT;
}

/* ---------------------------------------------------------------- life */

enum amdvi_status machine_create(const struct machine_config *config, struct machine **machine,
                                 struct machine_error *error)
{
    struct machine *made;
    enum amdvi_status status;

    if (!config || !machine)
        return AMDVI_ERR_ARGUMENT;
    if (!machine_config_good(config, error))
        return AMDVI_ERR_ARGUMENT;
    made = calloc(1, sizeof(*made));
    if (!made) {
        refuse(error, "no memory");
        return AMDVI_ERR_NO_MEMORY;
    }
    made->config = *config;
    status = add_parts(made, error);
    if (status == AMDVI_OK)
        *machine = made;
    else
        machine_destroy(made);
    return status;
}

void machine_destroy(struct machine *machine)
{
    if (!machine)
        return;
    while (machine->pci && pcie_first(machine->pci))
        pcie_remove(pcie_first(machine->pci));
    for (size_t i = 0; i < MACHINE_IOMMUS_MAX; i++) {
        if (machine->unit[i].unit)
            machine_way_of(machine)->destroy(machine->unit[i].unit);
        amdvi_config_destroy(machine->unit[i].config);
    }
    for (size_t i = 0; i < MACHINE_IOAPICS_MAX; i++)
        ioapic_destroy(machine->input[i].ioapic);
    pcie_destroy(machine->pci);
    ram_destroy(machine->ram);
    acpi_clear(&machine->tables);
    timers_clear(&machine->timers);
    free(machine);
}

enum amdvi_status machine_power_on(struct machine *machine)
{
    enum amdvi_status status;

    pcie_reset_all(machine->pci);
    for (size_t i = 0; i < machine->config.ioapics_count; i++)
        ioapic_reset(machine->input[i].ioapic);
    machine->messages.count = 0;
    status = machine_open_units(machine);
    if (status == AMDVI_OK)
        status = pcie_firmware(machine->pci);
    return status == AMDVI_OK ? machine_build_ivrs(machine) : status;
}

/* ---------------------------------------------------------------- tables */

static bool signature_good(const char *signature)
{
    return signature && strlen(signature) == ACPI_SIGNATURE;
}

const void *machine_acpi_table(const struct machine *machine, const char *signature, size_t *bytes)
{
    const struct acpi_table *table =
        signature_good(signature) ? acpi_find(&machine->tables, signature) : NULL;

    if (bytes)
        *bytes = table ? table->size : 0;
    return table ? table->bytes : NULL;
}

enum amdvi_status machine_add_table(struct machine *machine, const char *signature, const void *table,
                                    size_t bytes)
{
    if (!signature_good(signature) || !table || bytes == 0)
        return AMDVI_ERR_ARGUMENT;
    return acpi_put(&machine->tables, signature, table, bytes, true) ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;
}

/* ---------------------------------------------------------------- mishaps */

enum amdvi_status machine_hold(struct machine *machine, size_t iommu, bool hold)
{
    if (iommu >= machine->config.iommus_count)
        return AMDVI_ERR_ARGUMENT;
    machine->unit[iommu].held = hold;
    machine_finish(machine);
    return AMDVI_OK;
}

enum amdvi_status machine_inject(struct machine *machine, size_t iommu, const char *plan)
{
    struct amdvi_inject_rule rules[AMDVI_INJECT_RULES_MAX];
    size_t count;
    enum amdvi_status status;

    if (iommu >= machine->config.iommus_count || !plan)
        return AMDVI_ERR_ARGUMENT;
    status = amdvi_inject_parse(plan, rules, AMDVI_INJECT_RULES_MAX, &count);
    return status == AMDVI_OK ? amdvi_inject(machine->unit[iommu].device, rules, count) : status;
}

void machine_lose_messages(struct machine *machine, uint64_t count)
{
    machine->messages.lose = count;
}

/* ---------------------------------------------------------------- looking */

struct ram *machine_ram(struct machine *machine)
{
    return machine->ram;
}

struct pcie_topology *machine_pci(struct machine *machine)
{
    return machine->pci;
}

struct amdvi_device *machine_iommu(struct machine *machine, size_t index)
{
    return index < machine->config.iommus_count ? machine->unit[index].device : NULL;
}

struct ioapic *machine_ioapic(struct machine *machine, size_t index)
{
    return index < machine->config.ioapics_count ? machine->input[index].ioapic : NULL;
}

struct machine_statistics machine_statistics(const struct machine *machine)
{
    struct machine_statistics counts = machine->statistics;

    counts.merged = machine->messages.merged;
    counts.lost = machine->messages.lost;
    return counts;
}
