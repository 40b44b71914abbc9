// SPDX-License-Identifier: Apache-2.0
/*
 * Any register writes, any command ring: no crash, and the device comes to rest. The input is a list of
 * register accesses; what follows them is the content of memory from the command ring on.
 */
#include "amdvi/amdvi.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES = 0x100000, RING = 0x10000, STEP = 11, STEPS_MAX = 200, READS_MAX = 200000, PAGE = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[BYTES];
static bool touched[BYTES / PAGE]; /* pages that may hold something else than zeros */
static unsigned accesses;

static enum amdvi_memory_result on_read(void *context, uint64_t address, void *data, size_t length)
{
    if (++accesses > READS_MAX)
        abort(); /* work must be bounded by the rings (15 D16) */
    if (address >= BYTES || length > BYTES - address)
        return (enum amdvi_memory_result)(1 + address % 3);
    memcpy(data, memory + address, length);
    return AMDVI_MEMORY_OK;
}

static void put(uint64_t address, const void *data, size_t length)
{
    for (uint64_t page = address / PAGE; page * PAGE < address + length; page++)
        touched[page] = true;
    memcpy(memory + address, data, length);
}

/* Only what was written: most inputs write little, and the whole of it costs more than the run. */
static void clear_memory(void)
{
    for (unsigned page = 0; page < BYTES / PAGE; page++)
        if (touched[page])
            memset(memory + (size_t)page * PAGE, 0, PAGE);
    memset(touched, 0, sizeof(touched));
}

static enum amdvi_memory_result on_write(void *context, uint64_t address, const void *data, size_t length)
{
    if (address >= BYTES || length > BYTES - address)
        return AMDVI_MEMORY_MASTER_ABORT;
    put(address, data, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result on_exchange(void *context, uint64_t address, uint64_t expected,
                                            uint64_t desired, uint64_t *seen)
{
    enum amdvi_memory_result result = on_read(context, address, seen, 8);

    return result == AMDVI_MEMORY_OK && *seen == expected ? on_write(context, address, &desired, 8) : result;
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    if (invalidation->size & (invalidation->size - 1))
        abort();
    return invalidation->tag % 3 ? AMDVI_ATC_DONE : AMDVI_ATC_PENDING;
}

static struct amdvi_device *create(void)
{
    struct amdvi_memory surroundings = {.read = on_read, .write = on_write, .compare_exchange = on_exchange};
    struct amdvi_callbacks callbacks = {.atc_invalidate = on_atc};
    struct amdvi_config *config;
    struct amdvi_device *device;

    if (amdvi_config_create(&config) != AMDVI_OK ||
        amdvi_config_set(config, "efr", "0x25bf732fa2295bff") != AMDVI_OK)
        abort();
    if (amdvi_create(config, &surroundings, &callbacks, NULL, &device) != AMDVI_OK)
        abort();
    amdvi_config_destroy(config);
    return device;
}

static uint64_t word(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static void everything_enabled(struct amdvi_device *device)
{
    static const uint64_t writes[][2] = {{0x0, 0x1ff},
                                         {0x8, (uint64_t)8 << 56 | RING},
                                         {0x10, (uint64_t)8 << 56 | 0x20000},
                                         {0x38, (uint64_t)8 << 56 | 0x30000},
                                         {0xe0, (uint64_t)8 << 56 | 0x40000},
                                         {0x18, 0x000c22003203f48d}};

    for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        amdvi_mmio_write(device, writes[i][0], 8, writes[i][1]);
}

/* offset (2 bytes), kind (1), value (8) */
static void step(struct amdvi_device *device, const uint8_t *bytes)
{
    uint64_t offset = bytes[0] | (uint64_t)bytes[1] << 8, value = word(bytes + 3), read;
    unsigned size = 1u << (bytes[2] & 3);

    accesses = 0;
    if (bytes[2] & 4)
        amdvi_pci_write(device, bytes[0], size, value);
    else if (bytes[2] & 8)
        amdvi_mmio_write(device, 0x2000 + (offset & 0x7f), size, value);
    else
        amdvi_mmio_write(device, offset, size, value);
    amdvi_mmio_read(device, offset, size, &read);
    amdvi_advance(device, bytes[2] & 16 ? 1000000000 : 0);
    if (amdvi_run(device) != AMDVI_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct amdvi_device *device;
    size_t steps, rest;

    if (!device)
        device = create();
    if (size < 1)
        return 0;
    amdvi_reset(device);
    clear_memory();
    steps = data[0] % STEPS_MAX;
    if (steps * STEP > size - 1)
        steps = (size - 1) / STEP;
    rest = size - 1 - steps * STEP;
    put(RING, data + 1 + steps * STEP, rest < BYTES - RING ? rest : BYTES - RING);
    if (data[0] & 1)
        everything_enabled(device);
    for (size_t i = 0; i < steps; i++)
        step(device, data + 1 + i * STEP);
    return 0;
}
