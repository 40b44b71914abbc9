// SPDX-License-Identifier: Apache-2.0
#include "model/lint/shadow.h"

#include "model/guests/guest_work.h"
#include "model/lookup/itc.h"
#include "tables/layout.h"

static void note(struct shadow *shadow, const struct walk *walk)
{
    if (shadow->count < SHADOW_WORDS)
        shadow->words[shadow->count++] = (struct shadow_word){
            .address = walk->address, .value = walk->value, .kind = walk->kind, .level = walk->level};
}

static bool sets_dirty(const struct walk *walk)
{
    uint64_t set = walk->desired & ~walk->expected;

    return walk->kind == WALK_GUEST ? v2_d(set) : v1_d(set);
}

static void walk_all(struct amdvi_device *device, struct translation *t, struct walk *walk,
                     struct shadow *shadow)
{
    enum walk_ask ask;

    for (ask = walk_start(walk, &t->walk); ask != WALK_DONE; ask = walk_step(walk)) {
        shadow->updates |= ask == WALK_UPDATE;
        if (ask == WALK_UPDATE) { /* pretended: what it needs is checked, memory stays as it is */
            walk->value = walk->expected;
            shadow->dirty_due |= sets_dirty(walk);
        } else {
            exec_answer(device, t->job, walk, ask, &t->space);
        }
        if (ask == WALK_READ && !walk->failed)
            note(shadow, walk);
    }
}

static void translate(struct amdvi_device *device, struct translation *t, struct shadow *shadow)
{
    struct walk walk;
    bool walked = translation_decide(device, t) == DECISION_WALK;

    if (walked) {
        walk_all(device, t, &walk, shadow);
        t->reason = walk.reason;
    }
    if (walked && !t->reason)
        translation_conclude(device, t, &walk);
    if (t->reason)
        shadow->result = (struct amdvi_result){.fault.reason = (uint8_t)t->reason};
    shadow->dte_known = t->dte != NULL;
    shadow->dte = t->dte ? *t->dte : (struct dte){0};
}

void shadow_page(struct amdvi_device *device, const struct amdvi_request *request, uint64_t address,
                 struct shadow *shadow)
{
    struct amdvi_statistics unused = {0};
    struct translation t;
    struct job job;

    job_begin_apart(&job, JOB_SILENT, &unused);
    translation_begin(&t, &job, request, address, &shadow->result);
    shadow->count = 0;
    shadow->dte_address = 0;
    shadow->dirty_due = false;
    shadow->updates = false;
    translate(device, &t, shadow);
    dte_address(&device->segments, request->device, &shadow->dte_address);
}

void shadow_dte(struct amdvi_device *device, uint16_t requester, struct shadow *shadow)
{
    struct amdvi_statistics unused = {0};
    struct dte_fetch fetch;
    struct job job;

    job_begin_apart(&job, JOB_SILENT, &unused);
    fetch.asked = false;
    dtc_fetch(device, &job, requester, &fetch);
    shadow->count = 0;
    shadow->dte_address = 0;
    shadow->dte_known = fetch.reason == REASON_NONE;
    shadow->dte = shadow->dte_known ? *fetch.dte : (struct dte){0};
    dte_address(&device->segments, requester, &shadow->dte_address);
}

bool shadow_irte(struct amdvi_device *device, uint64_t address, uint64_t raw[2])
{
    struct amdvi_statistics unused = {0};
    struct job job;
    uint8_t error;

    job_begin_apart(&job, JOB_SILENT, &unused);
    itc_read(device, &job, address, raw, &error);
    return error == WALK_ERROR_NONE;
}

bool shadow_map_names(struct amdvi_device *device, uint16_t guest_id, enum amdvi_guest_map map,
                      uint16_t host_id)
{
    struct map_collection collection = {.steps = {0}};
    const uint64_t *bits;
    struct amdvi_statistics unused = {0};
    struct job job;

    job_begin_apart(&job, JOB_SILENT, &unused);
    map_collect(device, &job, guest_id, map, &collection);
    bits = map == AMDVI_MAP_DEVICES ? collection.names.devices : collection.names.domains;
    return bits[host_id / 64] >> host_id % 64 & 1;
}

bool shadow_guest_domain(struct amdvi_device *device, uint16_t guest_id, uint16_t host_domain,
                         uint16_t *guest_domain)
{
    struct map_search search = {.steps = {0}};
    struct amdvi_statistics unused = {0};
    struct job job;

    job_begin_apart(&job, JOB_SILENT, &unused);
    map_find_domain(device, &job, guest_id, host_domain, &search);
    *guest_domain = search.found;
    return search.named;
}

bool shadow_read(struct amdvi_device *device, uint64_t address, uint64_t *value)
{
    const struct place place = {.spa = address, .access = AMDVI_ACCESS_HOST_ENTRY};
    struct amdvi_statistics unused = {0};
    struct job job;

    job_begin_apart(&job, JOB_SILENT, &unused);
    return port_read(device, &job, &place, value, sizeof(*value)) == WALK_ERROR_NONE;
}
