// SPDX-License-Identifier: Apache-2.0
/* The device table cache (3.1, 10). An entry stays as it was read until opcode 2 or 8 names it. */
#include "model/lookup/held.h"
#include "model/port/memory.h"

#include "tables/layout.h"

static bool dtc_match(const void *line, const void *key)
{
    return ((const struct dtc_line *)line)->device == *(const uint16_t *)key;
}

static uint64_t dtc_hash(uint16_t requester)
{
    return cache_hash(requester, 0);
}

/* The raw words are as old as they are; what they mean follows the modes of the device. */
static void decode_again(struct amdvi_device *device, struct dtc_line *line)
{
    uint64_t raw[4];

    memcpy(raw, line->dte.raw, sizeof(raw));
    dte_decode(raw, &device->env, &line->dte);
    line->decoded = device->decode_epoch;
}

static struct dtc_line *dtc_find(struct amdvi_device *device, uint16_t requester)
{
    int32_t slot = cache_find(&device->dtc, dtc_hash(requester), dtc_match, &requester);
    struct dtc_line *line;

    if (slot == CACHE_NO_SLOT)
        return NULL;
    if (__builtin_expect(device->inject.active, 0) && inject_cache(device, AMDVI_CACHE_DTC, requester, 0)) {
        cache_remove(&device->dtc, (uint32_t)slot);
        return NULL;
    }
    cache_touch(&device->dtc, (uint32_t)slot);
    line = cache_line(&device->dtc, (uint32_t)slot);
    if (line->decoded != device->decode_epoch)
        decode_again(device, line);
    return line;
}

static uint8_t read_entry(struct amdvi_device *device, uint64_t address, uint64_t raw[4])
{
    uint8_t error = memory_read(device, AMDVI_ACCESS_DTE, address, raw, DTE_BYTES);

    device->statistics.reads_dte++;
    tap(device, AMDVI_ACCESS_DTE, false, 0, address, raw, DTE_BYTES, error);
    return error;
}

/* By choice NpCache=0 keeps entries that are not valid out (13 #39). */
static bool cacheable(const struct amdvi_device *device, const uint64_t raw[4])
{
    return device->caches &&
           (dte_v(raw) || !device->config.value[CONFIG_DTE_V0_CACHED] || cap_header_npcache(device->env.cap));
}

static struct dtc_line *new_line(struct amdvi_device *device, uint16_t requester, struct dtc_line *spare,
                                 const uint64_t raw[4])
{
    if (!cacheable(device, raw))
        return spare;
    device->dtc_last = NULL;
    return cache_line(&device->dtc, cache_insert(&device->dtc, dtc_hash(requester), NULL, NULL));
}

/* What the same words meant a moment ago they still mean, unless the modes have changed. */
static void decode_uncached(struct amdvi_device *device, const uint64_t raw[4], struct dte *dte)
{
    struct dtc_line *last = &device->uncached;

    if (last->decoded != device->decode_epoch || memcmp(last->dte.raw, raw, DTE_BYTES) != 0) {
        dte_decode(raw, &device->env, &last->dte);
        last->decoded = device->decode_epoch;
    }
    *dte = last->dte;
}

static struct dte_fetch fetch_from_memory(struct amdvi_device *device, uint16_t requester,
                                          struct dtc_line *spare)
{
    struct dte_fetch fetch = {0};
    struct dtc_line *line;
    uint64_t raw[4];

    fetch.reason = dte_address(&device->segments, requester, &fetch.address);
    if (fetch.reason)
        return fetch;
    fetch.error = read_entry(device, fetch.address, raw);
    if (fetch.error) {
        fetch.reason = REASON_DTE_READ_ERROR;
        return fetch;
    }
    line = new_line(device, requester, spare, raw);
    line->device = requester;
    line->decoded = device->decode_epoch;
    if (device->caches)
        dte_decode(raw, &device->env, &line->dte);
    else
        decode_uncached(device, raw, &line->dte);
    fetch.dte = &line->dte;
    return fetch;
}

struct dte_fetch dtc_fetch(struct amdvi_device *device, uint16_t requester, struct dtc_line *spare)
{
    struct dtc_line *line = device->caches ? dtc_find(device, requester) : NULL;

    if (line) {
        device->statistics.dtc_hits++;
        device->dtc_last = line;
        return (struct dte_fetch){.dte = &line->dte};
    }
    device->statistics.dtc_misses++;
    return fetch_from_memory(device, requester, spare);
}

/* Also lets the next fault of a device with SE=1 be logged (6.4, 7.5). */
void dtc_invalidate(struct amdvi_device *device, uint16_t requester)
{
    int32_t slot = cache_find(&device->dtc, dtc_hash(requester), dtc_match, &requester);

    if (slot != CACHE_NO_SLOT)
        cache_remove(&device->dtc, (uint32_t)slot);
    device->dtc_last = NULL;
    held_forget_entry(device, requester);
    device->reported[requester >> 6] &= ~((uint64_t)1 << (requester & 63));
}

/* The entries of one guest's devices: a sweep of an array of fixed size, for a command that guests rarely
 * give. */
void dtc_invalidate_guest(struct amdvi_device *device, uint16_t guest_id)
{
    for (uint32_t slot = 0; slot < device->dtc.entries; slot++) {
        const struct dtc_line *line = cache_line(&device->dtc, slot);
        if (device->dtc.tags[slot] && line->dte.vimu && line->dte.guest_id == guest_id)
            dtc_invalidate(device, line->device);
    }
}

void dtc_invalidate_all(struct amdvi_device *device)
{
    cache_clear(&device->dtc);
    device->dtc_last = NULL;
    held_forget_all(device);
    memset(device->reported, 0, DEVICES / 8);
}

const struct dte *dtc_peek(const struct amdvi_device *device, uint16_t requester)
{
    int32_t slot = cache_find(&device->dtc, dtc_hash(requester), dtc_match, &requester);

    return slot == CACHE_NO_SLOT ? NULL : &((struct dtc_line *)cache_line(&device->dtc, (uint32_t)slot))->dte;
}

enum amdvi_status amdvi_inspect_dte(struct amdvi_device *device, uint16_t requester,
                                    struct amdvi_dte_view *view)
{
    int32_t slot;

    if (!device || !view)
        return AMDVI_ERR_ARGUMENT;
    *view = (struct amdvi_dte_view){0};
    view->beyond_table = dte_address(&device->segments, requester, &view->address) != REASON_NONE;
    slot = cache_find(&device->dtc, dtc_hash(requester), dtc_match, &requester);
    if (slot != CACHE_NO_SLOT) {
        view->cached = true;
        memcpy(view->words, ((struct dtc_line *)cache_line(&device->dtc, (uint32_t)slot))->dte.raw,
               DTE_BYTES);
    } else if (!view->beyond_table) {
        view->read_error =
            memory_read(device, AMDVI_ACCESS_DTE, view->address, view->words, DTE_BYTES) != WALK_ERROR_NONE;
    }
    return AMDVI_OK;
}
