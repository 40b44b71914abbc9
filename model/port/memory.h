// SPDX-License-Identifier: Apache-2.0
/*
 * The device's way to system memory: the direct window first, then the callbacks. Only executors call this:
 * jobs ask (job.h).
 */
#ifndef AMDVI_MODEL_MEMORY_H
#define AMDVI_MODEL_MEMORY_H

#include "model/device.h"

#include <string.h>

/* Which memory, and what for. */
struct place {
    uint64_t spa;
    enum amdvi_access access;
    uint8_t level; /* of a table entry, from 1 */
};

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
uint8_t memory_update(struct amdvi_device *device, uint64_t spa, uint64_t expected, uint64_t desired,
                      uint64_t *seen);

/* Results are enum walk_error, the same numbers as enum amdvi_memory_result. */
__attribute__((always_inline)) static inline uint8_t memory_read(struct amdvi_device *device, uint64_t spa,
                                                                 void *data, size_t length)
{
    const uint8_t *direct = memory_direct(device, spa, length);

    if (!direct)
        return memory_read_slow(device, spa, data, length);
    memcpy(data, direct, length);
    return WALK_ERROR_NONE;
}

static inline uint8_t memory_write(struct amdvi_device *device, uint64_t spa, const void *data, size_t length)
{
    uint8_t *direct = memory_direct(device, spa, length);

    if (!direct)
        return memory_write_slow(device, spa, data, length);
    memcpy(direct, data, length);
    return WALK_ERROR_NONE;
}

/* Tells the observer of an access; `data` is what was read or written. */
void tap(struct amdvi_device *device, const struct place *place, bool write, const void *data, size_t length,
         uint8_t error);

/* The same of an answer that a cache gave; null when it has no words to show. */
void tap_cached(struct amdvi_device *device, const struct place *place, enum amdvi_cache cache,
                const void *data, size_t length);

#endif
