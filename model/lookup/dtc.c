// SPDX-License-Identifier: Apache-2.0
/* The device table cache (3.1, 10). An entry stays as it was read until opcode 2 or 8 names it. */
#include "model/lookup/dtc.h"
#include "model/lookup/held.h"
#include "model/port/jobs.h"

#include "tables/layout.h"

static bool dtc_match(const void *line, const void *key)
{
    return ((const struct dtc_line *)line)->device == *(const uint16_t *)key;
}

/* By address: by its low bits, which are those of the function, then of the device, then of the bus. */
static uint64_t dtc_hash(const struct amdvi_device *device, uint16_t requester)
{
    const struct cache_place place = {.address = requester};

    return cache_hash_at(&device->entries.dtc, cache_hash(requester, 0), &place);
}

/* The raw words are as old as they are; what they mean follows the modes of the device. */
static void decode_again(struct amdvi_device *device, struct dtc_line *line)
{
    uint64_t raw[4];

    memcpy(raw, line->dte.raw, sizeof(raw));
    dte_decode(raw, &device->env, &line->dte);
    line->decoded = device->entries.decode_epoch;
}

static struct dtc_line *dtc_find(struct amdvi_device *device, const struct job *job, uint16_t requester)
{
    int32_t slot = cache_find(&device->entries.dtc, dtc_hash(device, requester), dtc_match, &requester);
    struct dtc_line *line;

    if (slot == CACHE_NO_SLOT)
        return NULL;
    if (job_injects(device, job) && inject_cache(device, AMDVI_CACHE_DTC, requester, 0)) {
        cache_remove(&device->entries.dtc, (uint32_t)slot);
        device->entries.dtc_last = NULL;
        return NULL;
    }
    cache_touch(&device->entries.dtc, (uint32_t)slot);
    line = cache_line(&device->entries.dtc, (uint32_t)slot);
    if (line->decoded != device->entries.decode_epoch)
        decode_again(device, line);
    return line;
}

/* By choice NpCache=0 keeps entries that are not valid out (13 #39). */
static bool cacheable(const struct amdvi_device *device, const struct job *job, const uint64_t raw[4])
{
    return job_caches(device, job) &&
           (dte_v(raw) || !device->config.value[CONFIG_DTE_V0_CACHED] || cap_header_npcache(device->env.cap));
}

/* Another job may have asked for the same entry, and been answered first: a cache holds no entry twice. */
static uint32_t slot_for(struct amdvi_device *device, const struct job *job, uint16_t requester)
{
    int32_t slot = job_is_direct(job)
                       ? CACHE_NO_SLOT
                       : cache_find(&device->entries.dtc, dtc_hash(device, requester), dtc_match, &requester);

    return slot != CACHE_NO_SLOT
               ? (uint32_t)slot
               : cache_insert(&device->entries.dtc, dtc_hash(device, requester), NULL, NULL);
}

/* An answer that an invalidation has overtaken is this job's alone. */
static struct dtc_line *new_line(struct amdvi_device *device, struct job *job, uint16_t requester,
                                 struct dte_fetch *fetch)
{
    if (!cacheable(device, job, fetch->raw) || (!job_is_direct(job) && job->ticket.entry_stale))
        return &fetch->spare;
    device->entries.dtc_last = NULL;
    return cache_line(&device->entries.dtc, slot_for(device, job, requester));
}

/* What the same words meant a moment ago they still mean, unless the modes have changed. */
static void decode_uncached(struct amdvi_device *device, const uint64_t raw[4], struct dte *dte)
{
    struct dtc_line *last = &device->entries.uncached;

    if (last->decoded != device->entries.decode_epoch || memcmp(last->dte.raw, raw, DTE_BYTES) != 0) {
        dte_decode(raw, &device->env, &last->dte);
        last->decoded = device->entries.decode_epoch;
    }
    *dte = last->dte;
}

/* While a job waits the cache may lose the line. */
static const struct dte *entry_of(const struct job *job, struct dte_fetch *fetch, const struct dtc_line *line)
{
    if (!job_is_direct(job) && line != &fetch->spare) {
        fetch->spare = *line;
        return &fetch->spare.dte;
    }
    return &line->dte;
}

static void keep_entry(struct amdvi_device *device, struct job *job, uint16_t requester,
                       struct dte_fetch *fetch)
{
    struct dtc_line *line = new_line(device, job, requester, fetch);

    line->device = requester;
    line->decoded = device->entries.decode_epoch;
    if (job_caches(device, job))
        dte_decode(fetch->raw, &device->env, &line->dte);
    else
        decode_uncached(device, fetch->raw, &line->dte);
    fetch->dte = entry_of(job, fetch, line);
}

static bool fetch_from_memory(struct amdvi_device *device, struct job *job, uint16_t requester,
                              struct dte_fetch *fetch)
{
    struct place place = {.spa = fetch->address, .access = AMDVI_ACCESS_DTE};

    if (!job_read(device, job, &place, fetch->raw, DTE_BYTES, &fetch->error))
        return false;
    fetch->asked = false;
    job->counts->reads_dte++;
    if (fetch->error)
        fetch->reason = REASON_DTE_READ_ERROR;
    else
        keep_entry(device, job, requester, fetch);
    return true;
}

/* From now on invalidations of the entry concern the job. */
static void take_ticket(struct job *job, uint16_t requester)
{
    if (job_is_direct(job))
        return;
    ticket_next(&job->ticket);
    job->ticket.has_entry = true;
    job->ticket.device = requester;
}

__attribute__((noinline)) static void tell_cached(struct amdvi_device *device, const struct dtc_line *line)
{
    struct place place = {.access = AMDVI_ACCESS_DTE};

    dte_address(&device->segments, line->device, &place.spa);
    tap_cached(device, &place, AMDVI_CACHE_DTC, line->dte.raw, DTE_BYTES);
}

/* True: answered by the cache, or there is nothing to read. */
static bool fetch_from_cache(struct amdvi_device *device, struct job *job, uint16_t requester,
                             struct dte_fetch *fetch)
{
    struct dtc_line *line = job_caches(device, job) ? dtc_find(device, job, requester) : NULL;

    fetch->dte = NULL;
    fetch->reason = REASON_NONE;
    fetch->error = WALK_ERROR_NONE;
    if (job_caches(device, job))
        JOB_USED(job, dtc);
    take_ticket(job, requester);
    if (line) {
        job->counts->dtc_hits++;
        if (job_seen(device, job))
            tell_cached(device, line);
        device->entries.dtc_last = line;
        fetch->dte = entry_of(job, fetch, line);
        return true;
    }
    job->counts->dtc_misses++;
    fetch->reason = dte_address(&device->segments, requester, &fetch->address);
    return fetch->reason != REASON_NONE;
}

bool dtc_fetch(struct amdvi_device *device, struct job *job, uint16_t requester, struct dte_fetch *fetch)
{
    if (!fetch->asked) {
        if (fetch_from_cache(device, job, requester, fetch))
            return true;
        fetch->asked = true;
    }
    return fetch_from_memory(device, job, requester, fetch);
}

/* Also lets the next fault of a device with SE=1 be logged (6.4, 7.5). */
void dtc_invalidate(struct amdvi_device *device, uint16_t requester)
{
    int32_t slot = cache_find(&device->entries.dtc, dtc_hash(device, requester), dtc_match, &requester);

    if (slot != CACHE_NO_SLOT)
        cache_remove(&device->entries.dtc, (uint32_t)slot);
    device->entries.dtc_last = NULL;
    jobs_mark_entry(device, requester);
    held_forget_entry(device, requester);
    device->reported[requester >> 6] &= ~((uint64_t)1 << (requester & 63));
}

/* The entries of one guest's devices: a sweep of an array of fixed size, for a command that guests rarely
 * give. */
void dtc_invalidate_guest(struct amdvi_device *device, uint16_t guest_id)
{
    for (uint32_t slot = 0; slot < device->entries.dtc.entries; slot++) {
        const struct dtc_line *line = cache_line(&device->entries.dtc, slot);
        if (device->entries.dtc.tags[slot] && line->dte.vimu && line->dte.guest_id == guest_id)
            dtc_invalidate(device, line->device);
    }
}

void dtc_invalidate_all(struct amdvi_device *device)
{
    jobs_mark_all(device);
    cache_clear(&device->entries.dtc);
    device->entries.dtc_last = NULL;
    held_forget_all(device);
    memset(device->reported, 0, DEVICES / 8);
}

const struct dte *dtc_peek(const struct amdvi_device *device, uint16_t requester)
{
    int32_t slot = cache_find(&device->entries.dtc, dtc_hash(device, requester), dtc_match, &requester);

    return slot == CACHE_NO_SLOT
               ? NULL
               : &((struct dtc_line *)cache_line(&device->entries.dtc, (uint32_t)slot))->dte;
}

enum amdvi_status amdvi_inspect_dte(struct amdvi_device *device, uint16_t requester,
                                    struct amdvi_dte_view *view)
{
    int32_t slot;
    struct amdvi_statistics unused = {0};
    struct place place = {.access = AMDVI_ACCESS_DTE};
    struct job job;

    if (!device || !view)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    job_begin_apart(&job, JOB_SILENT, &unused);
    *view = (struct amdvi_dte_view){0};
    view->beyond_table = dte_address(&device->segments, requester, &view->address) != REASON_NONE;
    slot = cache_find(&device->entries.dtc, dtc_hash(device, requester), dtc_match, &requester);
    if (slot != CACHE_NO_SLOT) {
        view->cached = true;
        memcpy(view->words, ((struct dtc_line *)cache_line(&device->entries.dtc, (uint32_t)slot))->dte.raw,
               DTE_BYTES);
    } else if (!view->beyond_table) {
        place.spa = view->address;
        view->read_error = port_read(device, &job, &place, view->words, DTE_BYTES) != WALK_ERROR_NONE;
    }
    return AMDVI_OK;
}
