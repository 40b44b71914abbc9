// SPDX-License-Identifier: Apache-2.0
/*
 * Random software on a random machine: accesses of any width anywhere, devices that come, ask, misbehave and
 * go. Nothing may stop the program, and what the machine says of itself must stay consistent. The same seed
 * gives the same run.
 *
 *     platform-random [--steps N] [--seed N]
 */
#include "testbench/platform/dma_device.h"
#include "testbench/platform/ioapic.h"
#include "testbench/platform/ram.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES = 6, RAM_BYTES = 16 << 20 };

static uint64_t state;
static struct machine *machine;
static struct dma_device *devices[DEVICES];
static struct pcie_function *bridges[2];
static uint64_t delivered, depth, hash;

static uint64_t draw(uint64_t below)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

/* Of any length; what is drawn first does not depend on the compiler, here and below. */
static uint64_t draw_word(void)
{
    uint64_t word = draw(UINT64_MAX), shift = draw(64);

    return word >> shift;
}

static bool bit(uint64_t word, unsigned number)
{
    return word >> number & 1;
}

static void demand(bool condition, const char *what)
{
    if (condition)
        return;
    printf("platform-random: %s\n", what);
    exit(EXIT_FAILURE);
}

static void mix(uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x100000001b3);
}

static void deliver(void *context, uint64_t address, uint32_t data)
{
    delivered++;
    mix(address + data);
    if (depth++ < 3 && draw(4) == 0)
        machine_eoi(machine, (uint8_t)data);
    depth--;
}

/* ---------------------------------------------------------------- machine */

static void create_machine(void)
{
    static const char *const keys[] = {"preset=genoa", "ptc.log2_entries=5", NULL};
    struct machine_config config;
    struct machine_error error = {""};

    machine_config_default(&config);
    config.ram[0].size = RAM_BYTES;
    config.iommus[0].keys = keys;
    config.iommus[0].last = 0x3fff;
    config.iommus[1] = (struct machine_iommu){.device = 0x4002, .first = 0x4003, .last = 0x7fff};
    config.iommus_count = 2;
    config.deliver = deliver;
    demand(machine_create(&config, &machine, &error) == AMDVI_OK, error.text);
}

static struct pcie_description draw_description(unsigned index)
{
    uint64_t word = draw(UINT64_MAX);
    struct pcie_description what = {.kind = PCIE_INTEGRATED,
                                    .root_bus = bit(word, 0) && bit(word, 1) ? 0x40 : 0,
                                    .devfn = (uint8_t)(0x40 + index * 8),
                                    .bar = {{.bytes = 0x4000, .wide = bit(word, 2)}},
                                    .msi = 1u << (word >> 3 & 7) % 6,
                                    .msi_mask = bit(word, 6),
                                    .msi_narrow = bit(word, 7),
                                    .msix = (unsigned)(word >> 8 & 7),
                                    .power = bit(word, 11),
                                    .flr = bit(word, 12),
                                    .ats = bit(word, 13) || bit(word, 14),
                                    .pri = bit(word, 15) || bit(word, 16),
                                    .pri_pasid = bit(word, 17),
                                    .pasid = bit(word, 18) || bit(word, 19),
                                    .pasid_execute = bit(word, 20),
                                    .pasid_privileged = bit(word, 21),
                                    .acs = bit(word, 22)};

    if (index < 2) {
        what.kind = PCIE_ENDPOINT;
        what.bridge = bridges[index];
        what.devfn = 0;
    }
    return what;
}

static void plug_in(unsigned index)
{
    const struct pcie_description what = draw_description(index);

    devices[index] = dma_device_create(machine, &what, NULL);
    demand(devices[index] != NULL, "a device was refused");
}

static void add_devices(void)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct pcie_description port = {
            .kind = PCIE_ROOT_PORT, .devfn = (uint8_t)(0x10 + 8 * i), .power = draw(2), .acs = true};
        demand(pcie_add(machine_pci(machine), &port, &bridges[i]) == AMDVI_OK, "a port was refused");
    }
    for (unsigned i = 0; i < DEVICES; i++)
        plug_in(i);
    demand(machine_power_on(machine) == AMDVI_OK, "firmware gave up");
}

/* ---------------------------------------------------------------- software */

static uint64_t draw_place(void)
{
    static const uint64_t windows[] = {0xfd180000, 0xfd200000, 0xe000000000, 0xe010000000, 0xfec00000,
                                       0xe0000000, 0xe0100000, 0xe0004000,   0x100000};
    static const uint16_t registers[] = {0x00,   0x08,   0x10,   0x18,   0x38,
                                         0x2000, 0x2008, 0x2010, 0x2018, 0x2020};
    uint64_t window = windows[draw(9)], offset = draw(0x5000), unaligned = draw(16);

    if (window < 0xfd000000 || window > 0xfe000000 || draw(2))
        return window + (unaligned ? offset & ~UINT64_C(7) : offset);
    return window + registers[draw(10)];
}

/* Mostly what software would write there: pointers into RAM, bits of control, tails. */
static uint64_t draw_value(void)
{
    switch (draw(4)) {
    case 0:
        return (draw(RAM_BYTES) & ~UINT64_C(4095)) | UINT64_C(8) << 56;
    case 1:
        return draw(512) * 16;
    case 2:
        return draw(1 << 28);
    default:
        return draw_word();
    }
}

static void access_memory_space(void)
{
    uint64_t place = draw_place(), value = draw_value();
    unsigned size = (unsigned)draw(40);

    size = size < 10 ? size : 8;
    if (draw(2))
        machine_mmio_write(machine, place, value, size);
    else
        mix(machine_mmio_read(machine, place, size));
}

static void access_configuration_space(void)
{
    static const uint8_t buses[] = {0, 0, 0, 1, 2, 3, 0x40};
    uint64_t word = draw(UINT64_MAX);
    uint8_t bus = buses[draw(7)], devfn = (uint8_t)(draw(18) << 3);
    unsigned offset = (unsigned)draw(0x140), size = 1u << (word & 3);
    uint32_t value = (uint32_t)draw_word();

    if (bit(word, 2) && bit(word, 3))
        devfn |= word >> 4 & 7;
    if (bit(word, 7))
        offset &= ~(size - 1);
    if (bit(word, 8))
        machine_cfg_write(machine, 0, bus, devfn, offset, size, value);
    else if (machine_cfg_read(machine, 0, bus, devfn, offset, size, &value))
        mix(value);
}

static void write_memory(void)
{
    uint64_t place = draw(RAM_BYTES) & ~UINT64_C(7);

    ram_set(machine_ram(machine), place, draw_value());
}

/* ---------------------------------------------------------------- devices */

static void access_data(struct dma_device *device)
{
    static uint8_t bytes[4096];
    uint64_t word = draw(UINT64_MAX), near = draw(RAM_BYTES), far = draw_word();
    const struct dma_access access = {.address = (word & 7) ? near : far,
                                      .length = (word >> 3 & 4095) + 1,
                                      .write = bit(word, 15),
                                      .execute = bit(word, 16) && bit(word, 17),
                                      .has_pasid = bit(word, 18),
                                      .privileged = bit(word, 19) && bit(word, 20),
                                      .pasid = (uint32_t)(word >> 21 & 0x1fffff),
                                      .ats = bit(word, 42),
                                      .forced = bit(word, 43)};

    mix(dma_access(device, &access, bytes, NULL));
}

static void ask_for_pages(struct dma_device *device)
{
    uint64_t word = draw(UINT64_MAX), seed = draw_word();
    const struct dma_page_request page = {.address = draw_word(),
                                          .has_pasid = bit(word, 0),
                                          .privileged = bit(word, 1),
                                          .read = bit(word, 2),
                                          .write = bit(word, 3),
                                          .pasid = (uint32_t)(word >> 4 & 0xfffff),
                                          .group = (uint16_t)(word >> 24 & 511)};
    struct dma_page_response response;

    mix(dma_page_group(device, &page, (unsigned)(word >> 33 & 63) % 34,
                       (enum dma_page_mishap)((word >> 40 & 63) % DMA_PAGE_MISHAPS), seed));
    while (dma_page_next_response(device, &response))
        mix(response.code);
}

/* A register of a capability, as a driver writes it. */
static void configure(const struct pcie_function *function, unsigned at, unsigned offset, unsigned size,
                      uint32_t value)
{
    uint16_t id = pcie_device_id(function);

    if (at)
        machine_cfg_write(machine, 0, (uint8_t)(id >> 8), (uint8_t)id, at + offset, size, value);
}

static void drive(const struct pcie_function *function)
{
    unsigned msi = pcie_capability(function, 0x05), msix = pcie_capability(function, 0x11);
    uint64_t table = pcie_bar_address(function, 0), word = draw(UINT64_MAX);

    configure(function, 4, 0, 2, 6); /* memory space, bus master */
    configure(function, msi, 4, 4, 0xfee00000);
    configure(function, msi, 2, 2, 1 | (word & 7) << 4);
    for (unsigned i = 0; i < 8 && msix; i++)
        machine_mmio_write(machine, table + i * 16, 0xfee00000 | i << 12, 8);
    for (unsigned i = 0; i < 8 && msix; i++)
        machine_mmio_write(machine, table + i * 16 + 8, 0x40 + i, 8);
    configure(function, msix, 2, 2, bit(word, 3) ? 1u << 15 : 0);
    configure(function, pcie_extended(function, 0x0f), 6, 2, 1u << 15);
    configure(function, pcie_extended(function, 0x13), 12, 4, 16);
    configure(function, pcie_extended(function, 0x13), 4, 2, 1);
    configure(function, pcie_extended(function, 0x1b), 6, 2, 7);
}

static void act_as_device(void)
{
    unsigned index = (unsigned)draw(DEVICES);
    struct dma_device *device = devices[index];

    switch (draw(8)) {
    case 0:
        mix(dma_interrupt(device, (unsigned)draw(12)));
        break;
    case 1:
        ask_for_pages(device);
        break;
    case 2:
        dma_set_invalidation(device, (enum dma_invalidation)draw(6), 1500);
        break;
    case 3:
        drive(dma_device_function(device));
        dma_answer_invalidations(device);
        break;
    case 4:
        if (draw(20) == 0) {
            dma_device_remove(device);
            plug_in(index);
        }
        break;
    default:
        access_data(device);
    }
}

/* ---------------------------------------------------------------- the machine's word */

static void check_device(const struct dma_device *device)
{
    struct dma_statistics counts = dma_statistics(device);
    struct dma_translation translation;
    size_t held = 0;

    while (dma_atc_entry(device, held, &translation)) {
        demand(translation.size >= 4096 && (translation.size & (translation.size - 1)) == 0,
               "size of a translation");
        demand(translation.address % translation.size == 0, "address of a translation");
        held++;
    }
    demand(held <= DMA_ATC_ENTRIES, "too many translations");
    demand(dma_pages_outstanding(device) <= counts.page_requests, "more requests are open than were made");
    demand(counts.invalidations_answered <= counts.invalidations, "more answers than invalidations");
}

static void check(uint64_t now)
{
    struct machine_statistics counts = machine_statistics(machine);

    demand(machine_now(machine) >= now, "time went back");
    demand(counts.messages == delivered, "messages that nobody took");
    demand(counts.messages == counts.own_messages + counts.wakes + counts.device_messages,
           "kinds of messages");
    for (unsigned i = 0; i < DEVICES; i++)
        check_device(devices[i]);
}

static void step(void)
{
    uint64_t now = machine_now(machine);

    switch (draw(8)) {
    case 0:
    case 1:
        access_memory_space();
        break;
    case 2:
    case 3:
        access_configuration_space();
        break;
    case 4:
        write_memory();
        break;
    case 5:
        machine_delay(machine, draw(3000));
        break;
    default:
        act_as_device();
    }
    if (draw(16) == 0)
        machine_set_pin(machine, 0, (unsigned)draw(26), machine_now(machine) & 1);
    if (draw(500) == 0)
        machine_set_late(machine, draw(2));
    if (draw(5000) == 0)
        demand(machine_power_on(machine) == AMDVI_OK, "firmware gave up");
    check(now);
}

static uint64_t number_after(int argc, char **argv, const char *option, uint64_t fallback)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], option) == 0)
            return strtoull(argv[i + 1], NULL, 0);
    return fallback;
}

int main(int argc, char **argv)
{
    uint64_t steps = number_after(argc, argv, "--steps", 20000), seed = number_after(argc, argv, "--seed", 1);
    struct machine_statistics counts;

    state = seed;
    create_machine();
    add_devices();
    for (uint64_t i = 0; i < steps; i++)
        step();
    counts = machine_statistics(machine);
    demand(steps < 20000 || (counts.messages > 100 && counts.refused_messages > 0),
           "hardly anything happened");
    printf("seed %" PRIu64 ", %" PRIu64 " steps: %" PRIu64 " of %" PRIu64
           " register accesses answered, %" PRIu64 " messages, %" PRIu64 " refused, hash %016" PRIx64 "\n",
           seed, steps, counts.mmio_reads + counts.mmio_writes - counts.mmio_unanswered,
           counts.mmio_reads + counts.mmio_writes, counts.messages, counts.refused_messages, hash);
    machine_destroy(machine);
    return EXIT_SUCCESS;
}
