// SPDX-License-Identifier: Apache-2.0
#include "model/port/memory.h"

static uint8_t answer(enum amdvi_memory_result result)
{
    /* A callback may return anything: what is not a known error is the mildest one. */
    return result <= AMDVI_MEMORY_DATA_ERROR ? (uint8_t)result : WALK_ERROR_MASTER_ABORT;
}

/* Where `spa` is in one of the windows beside the first, or null. */
static uint8_t *in_windows(const struct amdvi_device *device, uint64_t spa, size_t length, bool write)
{
    for (unsigned i = 0; i < device->window_count; i++) {
        const struct amdvi_window *window = &device->windows[i];
        uint64_t offset = spa - window->base;
        if (offset < window->size && length <= window->size - offset)
            return write && window->read_only ? NULL : (uint8_t *)window->bytes + offset;
    }
    return NULL;
}

uint8_t memory_read_slow(struct amdvi_device *device, uint64_t spa, void *data, size_t length)
{
    const uint8_t *bytes = in_windows(device, spa, length, false);
    enum amdvi_memory_result result;
    bool was;

    if (bytes) {
        memcpy(data, bytes, length);
        return WALK_ERROR_NONE;
    }

    if (!device->memory.read)
        return WALK_ERROR_MASTER_ABORT;
    was = device_leave(device);
    result = device->memory.read(device->memory.context, spa, data, length);
    device_return(device, was);
    return answer(result);
}

uint8_t memory_write_slow(struct amdvi_device *device, uint64_t spa, const void *data, size_t length)
{
    uint8_t *bytes = in_windows(device, spa, length, true);
    enum amdvi_memory_result result;
    bool was;

    if (bytes) {
        memcpy(bytes, data, length);
        return WALK_ERROR_NONE;
    }

    if (!device->memory.write)
        return WALK_ERROR_MASTER_ABORT;
    was = device_leave(device);
    result = device->memory.write(device->memory.context, spa, data, length);
    device_return(device, was);
    return answer(result);
}

static uint8_t update_direct(uint8_t *direct, uint64_t expected, uint64_t desired, uint64_t *seen)
{
    *seen = expected;
    __atomic_compare_exchange_n((uint64_t *)(void *)direct, seen, desired, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return WALK_ERROR_NONE;
}

uint8_t memory_update(struct amdvi_device *device, uint64_t spa, uint64_t expected, uint64_t desired,
                      uint64_t *seen)
{
    uint8_t *direct = memory_direct(device, spa, sizeof(uint64_t));
    enum amdvi_memory_result result;
    bool was;

    if (!direct)
        direct = in_windows(device, spa, sizeof(uint64_t), true);
    if (direct && ((uintptr_t)direct & 7) == 0)
        return update_direct(direct, expected, desired, seen);
    if (!device->memory.compare_exchange)
        return WALK_ERROR_TARGET_ABORT;
    was = device_leave(device);
    result = device->memory.compare_exchange(device->memory.context, spa, expected, desired, seen);
    device_return(device, was);
    return answer(result);
}

static void tell_access(struct amdvi_device *device, struct amdvi_access_info *info, const void *data)
{
    if (!device->observer.access)
        return;
    if (data) {
        memcpy(info->value, data, info->length < sizeof(info->value) ? info->length : sizeof(info->value));
        info->data = data;
    }
    device->observer.access(device->observer.context, info);
}

static struct amdvi_access_info info_of(const struct place *place, size_t length)
{
    return (struct amdvi_access_info){
        .access = place->access, .level = place->level, .address = place->spa, .length = (uint32_t)length};
}

void tap(struct amdvi_device *device, const struct place *place, bool write, const void *data, size_t length,
         uint8_t error)
{
    struct amdvi_access_info info = info_of(place, length);

    info.write = write;
    info.result = (enum amdvi_memory_result)error;
    tell_access(device, &info, error ? NULL : data);
}

void tap_cached(struct amdvi_device *device, const struct place *place, enum amdvi_cache cache,
                const void *data, size_t length)
{
    struct amdvi_access_info info = info_of(place, length);

    info.cached = true;
    info.cache = (uint8_t)cache;
    tell_access(device, &info, data);
}
