// SPDX-License-Identifier: Apache-2.0
/* The IOMMUs of a machine: made from their keys, put on their buses, opened by firmware. */
#include "testbench/platform/machine_internal.h"

#include "testbench/platform/pcie.h"
#include "testbench/platform/refuse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CAPABILITY_POINTER = 0x34, CAPABILITY_BASE = 4, BASE_ENABLE = 1 };

/* ---------------------------------------------------------------- keys */

static bool set_text(struct machine_unit *unit, size_t index, const char *text, struct machine_error *error)
{
    char key[64];
    const char *value = strchr(text, '=');
    size_t length = value ? (size_t)(value - text) : 0;
    enum amdvi_status status;

    if (!value || length >= sizeof(key))
        return refuse(error, "iommus[%zu].keys: '%s' is not key=value", index, text);
    snprintf(key, sizeof(key), "%.*s", (int)length, text);
    status = amdvi_config_set(unit->config, key, value + 1);
    if (status == AMDVI_OK)
        return true;
    return refuse(error, "iommus[%zu].keys: '%s': %s", index, text, amdvi_status_text(status));
}

static void set_number(struct machine_unit *unit, const char *key, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "0x%" PRIx64, value);
    amdvi_config_set(unit->config, key, text);
}

/* A place as given, else that of the key, moved up behind those of the units before. */
static void set_place(struct machine_unit *unit, size_t index, const char *key, uint64_t given,
                      uint64_t stride)
{
    uint64_t place = 0;

    amdvi_config_number(unit->config, key, &place);
    set_number(unit, key, given ? given : place + index * stride);
}

static bool set_keys(struct machine_unit *unit, size_t index, struct machine_error *error)
{
    for (const char *const *text = unit->what.keys; text && *text; text++)
        if (!set_text(unit, index, *text, error))
            return false;
    set_number(unit, "devid", unit->what.device);
    set_place(unit, index, "mmio_base", unit->what.registers, 512 << 10);
    set_place(unit, index, "vf_base", unit->what.vf, 1 << 30);
    set_place(unit, index, "vfc_base", unit->what.vf_control, 1 << 30);
    return true;
}

/* ---------------------------------------------------------------- surroundings */

static void on_interrupt(void *context, const struct amdvi_irq *irq)
{
    struct machine_unit *unit = context;

    messages_put_irq(&unit->machine->messages, irq);
}

static enum amdvi_atc_answer on_atc_invalidate(void *context,
                                               const struct amdvi_atc_invalidation *invalidation)
{
    struct machine_unit *unit = context;

    return dma_devices_invalidate(unit->machine, unit, invalidation);
}

static void on_prg_response(void *context, const struct amdvi_prg_response *response)
{
    struct machine_unit *unit = context;

    dma_devices_respond(unit->machine, unit, response);
}

static bool create_device(struct machine_unit *unit, size_t index)
{
    struct machine *machine = unit->machine;
    const struct machine_order order = {.index = index,
                                        .config = unit->config,
                                        .ram = machine->ram,
                                        .memory = machine_memory(machine),
                                        .callbacks = {.context = unit,
                                                      .interrupt = on_interrupt,
                                                      .atc_invalidate = on_atc_invalidate,
                                                      .prg_response = on_prg_response}};

    return machine_way_of(machine)->create(machine->config.way_context, &order, &unit->unit, &unit->device) ==
           AMDVI_OK;
}

/* ---------------------------------------------------------------- on the bus */

static uint32_t read_config(void *context, unsigned offset, unsigned size)
{
    struct machine_unit *unit = context;
    uint64_t value = 0;

    machine_way_of(unit->machine)->pci_read(unit->unit, offset, size, &value);
    return (uint32_t)value;
}

static void write_config(void *context, unsigned offset, unsigned size, uint32_t value)
{
    struct machine_unit *unit = context;

    machine_way_of(unit->machine)->pci_write(unit->unit, offset, size, value);
}

/* Function 0 of a device must be there for others to be found: the host bridge of the root bus. */
static void add_host_bridge(struct machine_unit *unit)
{
    const struct pcie_description bridge = {.kind = PCIE_HOST_BRIDGE,
                                            .segment = unit->what.segment,
                                            .root_bus = (uint8_t)(unit->what.device >> 8),
                                            .devfn = (uint8_t)(unit->what.device & 0xf8),
                                            .vendor = 0x1022,
                                            .device = 0x14d8};

    pcie_add(unit->machine->pci, &bridge, NULL);
}

static bool add_function(struct machine_unit *unit)
{
    const struct pcie_description function = {.kind = PCIE_HOST_BRIDGE,
                                              .segment = unit->what.segment,
                                              .root_bus = (uint8_t)(unit->what.device >> 8),
                                              .devfn = (uint8_t)unit->what.device,
                                              .context = unit,
                                              .read = read_config,
                                              .write = write_config};

    return pcie_add(unit->machine->pci, &function, NULL) == AMDVI_OK;
}

static enum amdvi_status no_memory(struct machine_error *error, size_t index)
{
    refuse(error, "iommus[%zu]: no memory", index);
    return AMDVI_ERR_NO_MEMORY;
}

static enum amdvi_status add_unit(struct machine *machine, size_t index, struct machine_error *error)
{
    struct machine_unit *unit = &machine->unit[index];

    *unit = (struct machine_unit){.machine = machine, .what = machine->config.iommus[index]};
    if (amdvi_config_create(&unit->config) != AMDVI_OK)
        return no_memory(error, index);
    if (!set_keys(unit, index, error))
        return AMDVI_ERR_BAD_VALUE;
    if (!create_device(unit, index) || !add_function(unit))
        return no_memory(error, index);
    if (unit->what.device & 7)
        add_host_bridge(unit);
    if (machine->config.attach)
        machine->config.attach(machine->config.context, index, unit->device, unit->config);
    return AMDVI_OK;
}

enum amdvi_status machine_add_units(struct machine *machine, struct machine_error *error)
{
    for (size_t i = 0; i < machine->config.iommus_count; i++) {
        enum amdvi_status status = add_unit(machine, i, error);
        if (status != AMDVI_OK)
            return status;
    }
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- firmware */

enum amdvi_status machine_open_units(struct machine *machine)
{
    const struct machine_way *way = machine_way_of(machine);

    for (size_t i = 0; i < machine->config.iommus_count; i++) {
        void *unit = machine->unit[i].unit;
        uint64_t capability = 0, base = 0;
        enum amdvi_status status = way->reset(unit);
        if (status != AMDVI_OK)
            return status;
        way->pci_read(unit, CAPABILITY_POINTER, 1, &capability);
        way->pci_read(unit, (unsigned)capability + CAPABILITY_BASE, 4, &base);
        way->pci_write(unit, (unsigned)capability + CAPABILITY_BASE, 4, base | BASE_ENABLE);
    }
    return AMDVI_OK;
}
