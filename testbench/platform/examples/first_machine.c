// SPDX-License-Identifier: Apache-2.0
/* A machine, a device on it, and what an operating system would see and do first. */
#include "testbench/platform/dma_device.h"
#include "testbench/platform/ram.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { REGISTERS = 0x18, CONTROL_IOMMUEN = 1 };

static void print_interrupt(void *context, uint64_t address, uint32_t data)
{
    printf("interrupt: %08" PRIx32 "h written to %" PRIx64 "h\n", data, address);
}

static void print_functions(struct machine *machine)
{
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        uint32_t id, revision;
        if (!machine_cfg_read(machine, 0, 0, (uint8_t)devfn, 0, 4, &id))
            continue;
        machine_cfg_read(machine, 0, 0, (uint8_t)devfn, 8, 4, &revision);
        printf("00:%02x.%u %04x:%04x class %06x\n", devfn >> 3, devfn & 7, id & 0xffff, id >> 16,
               revision >> 8);
    }
}

int main(void)
{
    struct pcie_description nic = {.devfn = 1 << 3, .bar = {{.bytes = 0x4000}}, .msi = 1, .ats = true};
    struct machine_config config;
    struct machine *machine;
    struct machine_error error;
    struct dma_device *device;
    uint64_t word = 42;
    size_t bytes;

    machine_config_default(&config);
    config.deliver = print_interrupt;
    if (machine_create(&config, &machine, &error) != AMDVI_OK) {
        fprintf(stderr, "%s\n", error.text);
        return EXIT_FAILURE;
    }
    device = dma_device_create(machine, &nic, NULL);
    if (!device || machine_power_on(machine) != AMDVI_OK)
        return EXIT_FAILURE;
    print_functions(machine);
    machine_acpi_table(machine, "IVRS", &bytes);
    printf("IVRS: %zu bytes\n", bytes);

    /* A driver of the device: bus master, one MSI. Nobody has set up the IOMMU: everything passes. */
    machine_cfg_write(machine, 0, 0, nic.devfn, 0x04, 2, 6);
    unsigned msi = pcie_capability(dma_device_function(device), 5);
    machine_cfg_write(machine, 0, 0, nic.devfn, msi + 4, 4, 0xfee00000);
    machine_cfg_write(machine, 0, 0, nic.devfn, msi + 12, 2, 0x41);
    machine_cfg_write(machine, 0, 0, nic.devfn, msi + 2, 2, 1);
    printf("DMA: outcome %d\n", dma_write(device, 0x100000, &word, sizeof(word)));
    printf("RAM at 100000h: %" PRIu64 "\n", ram_get(machine_ram(machine), 0x100000));
    dma_interrupt(device, 0);

    /* IommuEn without a device table: the entry is whatever RAM holds, here zeros: V=0, which passes, too. */
    machine_mmio_write(machine, 0xfd180000 + REGISTERS, CONTROL_IOMMUEN, 8);
    printf("DMA: outcome %d\n", dma_write(device, 0x100000, &word, sizeof(word)));
    machine_destroy(machine);
    return EXIT_SUCCESS;
}
