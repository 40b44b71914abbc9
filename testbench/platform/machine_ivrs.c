// SPDX-License-Identifier: Apache-2.0
/* The table that tells software about the IOMMUs of a machine, as its firmware would write it [1.3]. */
#include "testbench/platform/machine_internal.h"

#include <stdlib.h>

enum { SOUTHBRIDGE = 0x00a0 };

struct specials {
    struct amdvi_ivrs_special special[MACHINE_IOAPICS_MAX + 1];
    size_t count;
};

/* A source counts for the IOMMU that takes its interrupts. */
static bool takes(const struct machine_unit *unit, uint16_t segment, uint16_t source)
{
    return unit->what.segment == segment && source >= unit->what.first && source <= unit->what.last;
}

static void list_specials(const struct machine *machine, const struct machine_unit *unit,
                          struct specials *specials)
{
    specials->count = 0;
    for (size_t i = 0; i < machine->config.ioapics_count; i++) {
        const struct machine_ioapic *ioapic = &machine->config.ioapics[i];
        bool southbridge = ioapic->segment == 0 && ioapic->requester == SOUTHBRIDGE;
        if (takes(unit, ioapic->segment, ioapic->requester))
            specials->special[specials->count++] =
                (struct amdvi_ivrs_special){.handle = ioapic->id,
                                            .source = ioapic->requester,
                                            .setting = southbridge ? AMDVI_IVRS_SOUTHBRIDGE : 0};
    }
    if (!machine->config.no_southbridge && takes(unit, 0, SOUTHBRIDGE))
        specials->special[specials->count++] =
            (struct amdvi_ivrs_special){.hpet = true, .source = SOUTHBRIDGE};
}

static void describe(const struct machine *machine, const struct machine_unit *unit,
                     struct specials *specials, struct amdvi_ivrs_unit *out)
{
    list_specials(machine, unit, specials);
    *out = (struct amdvi_ivrs_unit){.config = unit->config,
                                    .segment = unit->what.segment,
                                    .first = unit->what.first,
                                    .last = unit->what.last,
                                    .aliases = unit->what.aliases,
                                    .aliases_count = unit->what.aliases_count,
                                    .specials = specials->special,
                                    .specials_count = specials->count,
                                    .memory = unit->what.memory,
                                    .memory_count = unit->what.memory_count};
}

static enum amdvi_status build(struct machine *machine, const struct amdvi_ivrs_table *table)
{
    size_t bytes = 0;
    enum amdvi_status status = amdvi_ivrs_build(table, NULL, 0, &bytes);
    void *buffer;

    if (status != AMDVI_ERR_TOO_SMALL)
        return status;
    buffer = malloc(bytes);
    if (!buffer)
        return AMDVI_ERR_NO_MEMORY;
    status = amdvi_ivrs_build(table, buffer, bytes, &bytes);
    if (status == AMDVI_OK && !acpi_put(&machine->tables, "IVRS", buffer, bytes, false))
        status = AMDVI_ERR_NO_MEMORY;
    free(buffer);
    return status;
}

enum amdvi_status machine_build_ivrs(struct machine *machine)
{
    struct amdvi_ivrs_unit units[MACHINE_IOMMUS_MAX];
    struct specials specials[MACHINE_IOMMUS_MAX];
    const struct amdvi_ivrs_table table = {
        .units = units, .units_count = machine->config.iommus_count, .types = machine->config.ivrs_types};

    if (machine->config.iommus_count == 0)
        return AMDVI_OK;
    for (size_t i = 0; i < machine->config.iommus_count; i++)
        describe(machine, &machine->unit[i], &specials[i], &units[i]);
    return build(machine, &table);
}
