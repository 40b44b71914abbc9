// SPDX-License-Identifier: Apache-2.0
/*
 * The device's way to system memory: the direct window first, then the callbacks.
 */
#ifndef AMDVI_MODEL_MEMORY_H
#define AMDVI_MODEL_MEMORY_H

#include "model/device.h"

#include <string.h>

/* Where `spa` is in the direct window, or null. */
static inline uint8_t *memory_direct(const struct amdvi_device *device, uint64_t spa, size_t length)
{
    uint64_t offset = spa - device->memory.direct_base;

    if (offset >= device->memory.direct_size || length > device->memory.direct_size - offset)
        return NULL;
    return (uint8_t *)device->memory.direct + offset;
}

uint8_t memory_read_slow(struct amdvi_device *device, uint64_t spa, void *data, size_t length);
uint8_t memory_write_slow(struct amdvi_device *device, uint64_t spa, const void *data, size_t length);
uint8_t memory_update(struct amdvi_device *device, enum amdvi_access access, uint64_t spa, uint64_t expected,
                      uint64_t desired, uint64_t *seen);

/* An error that the plan of faults wants here (inject.h). */
static inline uint8_t memory_injected(struct amdvi_device *device, enum amdvi_access access, bool write,
                                      uint64_t spa, size_t length)
{
    if (__builtin_expect(device->inject.active, 0))
        return inject_memory(device, access, write, spa, length);
    return WALK_ERROR_NONE;
}

/* Results are enum walk_error, the same numbers as enum amdvi_memory_result. */
static inline uint8_t memory_read(struct amdvi_device *device, enum amdvi_access access, uint64_t spa,
                                  void *data, size_t length)
{
    const uint8_t *direct = memory_direct(device, spa, length);
    uint8_t injected = memory_injected(device, access, false, spa, length);

    if (injected)
        return injected;
    if (!direct)
        return memory_read_slow(device, spa, data, length);
    memcpy(data, direct, length);
    return WALK_ERROR_NONE;
}

static inline uint8_t memory_write(struct amdvi_device *device, enum amdvi_access access, uint64_t spa,
                                   const void *data, size_t length)
{
    uint8_t *direct = memory_direct(device, spa, length);
    uint8_t injected = memory_injected(device, access, true, spa, length);

    if (injected)
        return injected;
    if (!direct)
        return memory_write_slow(device, spa, data, length);
    memcpy(direct, data, length);
    return WALK_ERROR_NONE;
}

void tap_access(struct amdvi_device *device, struct amdvi_access_info *info, const void *data);

/* Tells the observer, if there is one, of an access. */
static inline void tap(struct amdvi_device *device, enum amdvi_access access, bool write, unsigned level,
                       uint64_t spa, const void *data, uint32_t length, uint8_t error)
{
    if (__builtin_expect(device->observed, 0))
        tap_access(device,
                   &(struct amdvi_access_info){.access = access,
                                               .write = write,
                                               .level = (uint8_t)level,
                                               .address = spa,
                                               .length = length,
                                               .result = (enum amdvi_memory_result)error},
                   data);
}

#endif
