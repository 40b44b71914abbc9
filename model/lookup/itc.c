// SPDX-License-Identifier: Apache-2.0
/* The interrupt table cache (8, 10). */
#include "model/lookup/itc.h"
#include "model/port/jobs.h"

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

    return entry->epoch == device->entries.itc_epoch && entry->gen == device->entries.itc_gen[entry->device];
}

static uint64_t itc_hash(const struct amdvi_device *device, const struct itc_key *key)
{
    const struct cache_place place = {.address = key->device};

    return cache_hash_at(&device->entries.itc, cache_hash(key->device, key->index), &place);
}

static const struct itc_line *itc_find(struct amdvi_device *device, const struct job *job,
                                       const struct itc_key *key)
{
    int32_t slot = cache_find(&device->entries.itc, itc_hash(device, key), itc_match, key);

    if (slot == CACHE_NO_SLOT)
        return NULL;
    if (!itc_alive(device, cache_line(&device->entries.itc, (uint32_t)slot)) ||
        (job_injects(device, job) && inject_cache(device, AMDVI_CACHE_ITC, key->device, 0))) {
        cache_remove(&device->entries.itc, (uint32_t)slot);
        return NULL;
    }
    cache_touch(&device->entries.itc, (uint32_t)slot);
    return cache_line(&device->entries.itc, (uint32_t)slot);
}

/* Another job may have asked for the same entry, and been answered first: a cache holds no entry twice. */
static uint32_t slot_for(struct amdvi_device *device, const struct job *job, const struct itc_key *key)
{
    int32_t slot = job_is_direct(job)
                       ? CACHE_NO_SLOT
                       : cache_find(&device->entries.itc, itc_hash(device, key), itc_match, key);

    return slot != CACHE_NO_SLOT
               ? (uint32_t)slot
               : cache_insert(&device->entries.itc, itc_hash(device, key), itc_alive, device);
}

static void itc_keep(struct amdvi_device *device, const struct job *job, const struct itc_key *key,
                     const uint64_t raw[2])
{
    uint32_t slot = slot_for(device, job, key);

    *(struct itc_line *)cache_line(&device->entries.itc, slot) =
        (struct itc_line){.device = key->device,
                          .index = key->index,
                          .gen = device->entries.itc_gen[key->device],
                          .epoch = device->entries.itc_epoch,
                          .raw = {raw[0], raw[1]}};
}

bool itc_read(struct amdvi_device *device, struct job *job, uint64_t address, uint64_t raw[2], uint8_t *error)
{
    struct place place = {.spa = address, .access = AMDVI_ACCESS_IRTE};

    raw[0] = raw[1] = 0;
    if (!job_read(device, job, &place, raw, irte_bytes(&device->env), error))
        return false;
    job->counts->reads_irte++;
    return true;
}

/* IRTCacheDis: every interrupt reads its entry (2.4). */
static bool itc_usable(const struct amdvi_device *device, const struct job *job)
{
    return job_caches(device, job) && !reg_control_irtcachedis(control(device));
}

/* True: answered by the cache, or there is nothing to read. */
static bool fetch_from_cache(struct amdvi_device *device, struct job *job, const struct dte *dte,
                             const struct itc_key *key, struct irte_fetch *fetch)
{
    const struct itc_line *line = itc_usable(device, job) ? itc_find(device, job, key) : NULL;

    fetch->error = WALK_ERROR_NONE;
    fetch->reason = irte_address(dte, &device->env, key->index, &fetch->address);
    fetch->cached = line != NULL;
    if (fetch->reason)
        return true;
    if (itc_usable(device, job))
        JOB_USED(job, itc);
    job->counts->itc_hits += fetch->cached;
    job->counts->itc_misses += !fetch->cached;
    if (line) {
        struct place place = {.spa = fetch->address, .access = AMDVI_ACCESS_IRTE};
        memcpy(fetch->raw, line->raw, sizeof(fetch->raw));
        if (job_seen(device, job))
            tap_cached(device, &place, AMDVI_CACHE_ITC, fetch->raw, irte_bytes(&device->env));
    }
    if (!job_is_direct(job))
        ticket_take_interrupt(&job->ticket);
    return fetch->cached;
}

bool itc_fetch(struct amdvi_device *device, struct job *job, const struct dte *dte, uint16_t requester,
               uint32_t index, struct irte_fetch *fetch)
{
    struct itc_key key = {.device = requester, .index = index};

    if (!fetch->asked && fetch_from_cache(device, job, dte, &key, fetch))
        return true;
    fetch->asked = true;
    if (!itc_read(device, job, fetch->address, fetch->raw, &fetch->error))
        return false;
    fetch->asked = false;
    if (fetch->error)
        fetch->reason = REASON_INT_READ_ERROR;
    else if (itc_usable(device, job) && (job_is_direct(job) || !job->ticket.interrupt_stale))
        itc_keep(device, job, &key, fetch->raw);
    return true;
}

void itc_invalidate(struct amdvi_device *device, uint16_t requester)
{
    jobs_mark_interrupts(device, requester);
    if (++device->entries.itc_gen[requester] == 0)
        itc_invalidate_all(device);
}

void itc_invalidate_all(struct amdvi_device *device)
{
    jobs_mark_all(device);
    if (++device->entries.itc_epoch == 0)
        cache_clear(&device->entries.itc);
}

const uint64_t *itc_peek(const struct amdvi_device *device, uint16_t requester, uint32_t index)
{
    struct itc_key key = {.device = requester, .index = index};
    int32_t slot = cache_find(&device->entries.itc, itc_hash(device, &key), itc_match, &key);
    const struct itc_line *line =
        slot == CACHE_NO_SLOT ? NULL : cache_line(&device->entries.itc, (uint32_t)slot);

    return line && itc_alive(device, line) ? line->raw : NULL;
}
