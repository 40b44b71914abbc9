// SPDX-License-Identifier: Apache-2.0
/* What a machine can be: numbers in their ranges, nothing in the place of something else. */
#include "testbench/platform/machine_internal.h"

#include "amdvi/host.h"

#include "testbench/platform/ioapic.h"
#include "testbench/platform/ram.h"
#include "testbench/platform/refuse.h"

#include <stdio.h>

static const uint64_t FOUR_GIB = UINT64_C(1) << 32;

void machine_config_default(struct machine_config *config)
{
    *config = (struct machine_config){
        .ram = {{.base = 0, .size = 256 << 20}},
        .iommus = {{.device = 0x0002, .first = 0x0003, .last = 0xffff}},
        .iommus_count = 1,
        .ioapics = {{.id = 32, .base = 0xfec00000, .requester = 0x00a0}},
        .ioapics_count = 1,
        .pci_memory = 0xe0000000,
        .pci_memory_bytes = 0x18000000,
    };
}

/* ---------------------------------------------------------------- numbers */

static bool takes_the_same(const struct machine_iommu *a, const struct machine_iommu *b)
{
    return a->segment == b->segment &&
           ((a->first <= b->last && b->first <= a->last) || a->device == b->device);
}

static bool iommu_good(const struct machine_config *config, size_t index, struct machine_error *error)
{
    const struct machine_iommu *iommu = &config->iommus[index];

    if (iommu->first > iommu->last)
        return refuse(error, "iommus[%zu].last: below first", index);
    for (size_t i = 0; i < index; i++)
        if (takes_the_same(iommu, &config->iommus[i]))
            return refuse(error, "iommus[%zu]: takes DeviceIDs of iommus[%zu]", index, i);
    return true;
}

bool machine_config_good(const struct machine_config *config, struct machine_error *error)
{
    if (config->iommus_count > MACHINE_IOMMUS_MAX)
        return refuse(error, "iommus_count: more than %d", MACHINE_IOMMUS_MAX);
    if (config->ioapics_count > MACHINE_IOAPICS_MAX)
        return refuse(error, "ioapics_count: more than %d", MACHINE_IOAPICS_MAX);
    if (config->pci_memory > FOUR_GIB || config->pci_memory_bytes > FOUR_GIB - config->pci_memory)
        return refuse(error, "pci_memory: not below 4 GiB");
    for (size_t i = 0; i < config->iommus_count; i++)
        if (!iommu_good(config, i, error))
            return false;
    return true;
}

/* ---------------------------------------------------------------- places */

struct place {
    char name[48];
    uint64_t first, bytes;
};

enum { PLACES_MAX = MACHINE_RAM_MAX + 3 * MACHINE_IOMMUS_MAX + MACHINE_IOAPICS_MAX + 1 };

struct places {
    struct place place[PLACES_MAX];
    size_t count;
};

/* `format` has one %zu, for the index. */
static void claim(struct places *places, uint64_t first, uint64_t bytes, const char *format, size_t index)
{
    struct place *place = &places->place[places->count++];

    place->first = first;
    place->bytes = bytes;
    snprintf(place->name, sizeof(place->name), format, index);
}

struct aperture {
    const char *key, *name;
    uint64_t bytes;
};

static bool aperture_there(const struct machine_unit *unit, uint64_t first)
{
    struct amdvi_bus_place found = {.space = AMDVI_BUS_NOTHING};

    return amdvi_bus_find(unit->device, first, &found) == AMDVI_OK && found.space != AMDVI_BUS_NOTHING;
}

/* Configuration space cuts addresses down to a multiple of the size. */
static bool claim_aperture(struct places *places, const struct machine *machine, size_t index,
                           const struct aperture *aperture, struct machine_error *error)
{
    uint64_t first = 0;

    amdvi_config_number(machine->unit[index].config, aperture->key, &first);
    claim(places, first, aperture->bytes, aperture->name, index);
    if (first % aperture->bytes == 0)
        return true;
    return refuse(error, "%s: not a multiple of its size", places->place[places->count - 1].name);
}

static bool claim_unit(struct places *places, const struct machine *machine, size_t index,
                       struct machine_error *error)
{
    const struct machine_unit *unit = &machine->unit[index];
    const struct aperture registers = {"mmio_base", "iommus[%zu].registers", amdvi_mmio_size(unit->device)};
    static const struct aperture for_guests[] = {{"vf_base", "iommus[%zu].vf", 256 << 20},
                                                 {"vfc_base", "iommus[%zu].vf_control", 4 << 20}};

    if (!claim_aperture(places, machine, index, &registers, error))
        return false;
    for (size_t i = 0; i < 2; i++) {
        uint64_t first = 0;
        amdvi_config_number(unit->config, for_guests[i].key, &first);
        if (aperture_there(unit, first & ~(for_guests[i].bytes - 1)) &&
            !claim_aperture(places, machine, index, &for_guests[i], error))
            return false;
    }
    return true;
}

static bool claim_all(struct places *places, const struct machine *machine, struct machine_error *error)
{
    const struct machine_config *config = &machine->config;
    const struct ram_window *window;

    for (size_t i = 0; (window = ram_window(machine->ram, i)); i++)
        claim(places, window->base, window->size, "RAM window %zu", i);
    claim(places, config->pci_memory, config->pci_memory_bytes, "pci_memory", 0);
    for (size_t i = 0; i < config->ioapics_count; i++)
        claim(places, config->ioapics[i].base, IOAPIC_BYTES, "ioapics[%zu].base", i);
    for (size_t i = 0; i < config->iommus_count; i++)
        if (!claim_unit(places, machine, i, error))
            return false;
    return true;
}

static bool overlap(const struct place *a, const struct place *b)
{
    return a->bytes && b->bytes && a->first - b->first < b->bytes;
}

bool machine_places_good(const struct machine *machine, struct machine_error *error)
{
    struct places places = {.count = 0};

    if (!claim_all(&places, machine, error))
        return false;
    for (size_t i = 0; i < places.count; i++)
        for (size_t j = 0; j < i; j++)
            if (overlap(&places.place[i], &places.place[j]) || overlap(&places.place[j], &places.place[i]))
                return refuse(error, "%s: overlaps %s", places.place[i].name, places.place[j].name);
    return true;
}
