// SPDX-License-Identifier: Apache-2.0
/* The interrupt table cache (8, 10). */
#include "model/port/memory.h"

struct itc_key {
    uint16_t device;
    uint32_t index;
};

static bool itc_match(const void *line, const void *key)
{
    const struct itc_line *a = line;
    const struct itc_key *b = key;

    return a->device == b->device && a->index == b->index;
}

static bool itc_alive(const void *context, const void *line)
{
    const struct amdvi_device *device = context;
    const struct itc_line *entry = line;

    return entry->epoch == device->itc_epoch && entry->gen == device->itc_gen[entry->device];
}

static uint64_t itc_hash(const struct itc_key *key)
{
    return cache_hash(key->device, key->index);
}

static const struct itc_line *itc_find(struct amdvi_device *device, const struct itc_key *key)
{
    int32_t slot = cache_find(&device->itc, itc_hash(key), itc_match, key);

    if (slot == CACHE_NO_SLOT)
        return NULL;
    if (!itc_alive(device, cache_line(&device->itc, (uint32_t)slot)) ||
        (__builtin_expect(device->inject.active, 0) &&
         inject_cache(device, AMDVI_CACHE_ITC, key->device, 0))) {
        cache_remove(&device->itc, (uint32_t)slot);
        return NULL;
    }
    cache_touch(&device->itc, (uint32_t)slot);
    return cache_line(&device->itc, (uint32_t)slot);
}

static void itc_keep(struct amdvi_device *device, const struct itc_key *key, const uint64_t raw[2])
{
    uint32_t slot = cache_insert(&device->itc, itc_hash(key), itc_alive, device);

    *(struct itc_line *)cache_line(&device->itc, slot) =
        (struct itc_line){.device = key->device,
                          .index = key->index,
                          .gen = device->itc_gen[key->device],
                          .epoch = device->itc_epoch,
                          .raw = {raw[0], raw[1]}};
}

uint8_t itc_read(struct amdvi_device *device, uint64_t address, uint64_t raw[2])
{
    unsigned bytes = irte_bytes(&device->env);
    uint8_t error;

    raw[0] = raw[1] = 0;
    error = memory_read(device, AMDVI_ACCESS_IRTE, address, raw, bytes);
    device->statistics.reads_irte++;
    tap(device, AMDVI_ACCESS_IRTE, false, 0, address, raw, bytes, error);
    return error;
}

/* IRTCacheDis: every interrupt reads its entry (2.4). */
static bool itc_usable(const struct amdvi_device *device)
{
    return device->caches && !reg_control_irtcachedis(control(device));
}

enum reason itc_fetch(struct amdvi_device *device, const struct dte *dte, uint16_t requester, uint32_t index,
                      struct irte_fetch *fetch)
{
    struct itc_key key = {.device = requester, .index = index};
    const struct itc_line *line = itc_usable(device) ? itc_find(device, &key) : NULL;
    enum reason reason = irte_address(dte, &device->env, index, &fetch->address);

    fetch->error = WALK_ERROR_NONE;
    fetch->cached = line != NULL;
    if (reason)
        return reason;
    if (line) {
        device->statistics.itc_hits++;
        memcpy(fetch->raw, line->raw, sizeof(fetch->raw));
        return REASON_NONE;
    }
    device->statistics.itc_misses++;
    fetch->error = itc_read(device, fetch->address, fetch->raw);
    if (fetch->error)
        return REASON_INT_READ_ERROR;
    if (itc_usable(device))
        itc_keep(device, &key, fetch->raw);
    return REASON_NONE;
}

void itc_invalidate(struct amdvi_device *device, uint16_t requester)
{
    if (++device->itc_gen[requester] == 0)
        itc_invalidate_all(device);
}

void itc_invalidate_all(struct amdvi_device *device)
{
    if (++device->itc_epoch == 0)
        cache_clear(&device->itc);
}

const uint64_t *itc_peek(const struct amdvi_device *device, uint16_t requester, uint32_t index)
{
    struct itc_key key = {.device = requester, .index = index};
    int32_t slot = cache_find(&device->itc, itc_hash(&key), itc_match, &key);
    const struct itc_line *line = slot == CACHE_NO_SLOT ? NULL : cache_line(&device->itc, (uint32_t)slot);

    return line && itc_alive(device, line) ? line->raw : NULL;
}
