// SPDX-License-Identifier: Apache-2.0
#include "model/lint/shadow.h"

#include "model/guests/guest.h"

/* Everything that looks on, kept while the shadow walks. */
struct muted {
    bool caches, observed, watched, failing;
    struct amdvi_statistics statistics;
};

static struct muted mute(struct amdvi_device *device)
{
    struct muted m = {.caches = device->caches,
                      .observed = device->observed,
                      .watched = device->watched,
                      .failing = device->inject.active,
                      .statistics = device->statistics};

    device->caches = device->observed = device->watched = device->inject.active = false;
    return m;
}

static void unmute(struct amdvi_device *device, const struct muted *m)
{
    device->caches = m->caches;
    device->observed = m->observed;
    device->watched = m->watched;
    device->inject.active = m->failing;
    device->statistics = m->statistics;
}

static void note(struct shadow *shadow, const struct walk *walk)
{
    if (shadow->count < SHADOW_WORDS)
        shadow->words[shadow->count++] = (struct shadow_word){
            .address = walk->address, .value = walk->value, .kind = walk->kind, .level = walk->level};
}

static void walk_all(struct amdvi_device *device, struct translation *t, struct walk *walk,
                     struct shadow *shadow)
{
    enum walk_ask ask;

    for (ask = walk_start(walk, &t->walk); ask != WALK_DONE; ask = walk_step(walk)) {
        if (ask == WALK_UPDATE) /* pretended: what it needs is checked, memory stays as it is */
            walk->value = walk->expected;
        else
            exec_answer(device, walk, ask, &t->space);
        if (ask == WALK_READ && !walk->failed)
            note(shadow, walk);
    }
}

static void translate(struct amdvi_device *device, struct translation *t, struct shadow *shadow)
{
    struct walk walk;
    bool walked = translation_decide(device, t);

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
    struct muted muted = mute(device);
    struct translation t;

    t.request = request;
    t.address = address;
    t.result = &shadow->result;
    shadow->count = 0;
    shadow->dte_address = 0;
    translate(device, &t, shadow);
    dte_address(&device->segments, request->device, &shadow->dte_address);
    unmute(device, &muted);
}

void shadow_dte(struct amdvi_device *device, uint16_t requester, struct shadow *shadow)
{
    struct muted muted = mute(device);
    struct dtc_line line;
    struct dte_fetch fetch = dtc_fetch(device, requester, &line);

    shadow->count = 0;
    shadow->dte_address = 0;
    shadow->dte_known = fetch.reason == REASON_NONE;
    shadow->dte = shadow->dte_known ? *fetch.dte : (struct dte){0};
    dte_address(&device->segments, requester, &shadow->dte_address);
    unmute(device, &muted);
}

bool shadow_irte(struct amdvi_device *device, uint64_t address, uint64_t raw[2])
{
    struct muted muted = mute(device);
    bool read = itc_read(device, address, raw) == WALK_ERROR_NONE;

    unmute(device, &muted);
    return read;
}

bool shadow_map_names(struct amdvi_device *device, uint16_t guest_id, enum amdvi_guest_map map,
                      uint16_t host_id)
{
    struct muted muted = mute(device);
    bool names = map_names(device, guest_id, map, host_id);

    unmute(device, &muted);
    return names;
}

bool shadow_read(struct amdvi_device *device, uint64_t address, uint64_t *value)
{
    struct muted muted = mute(device);
    bool read = memory_read(device, AMDVI_ACCESS_DATA, address, value, sizeof(*value)) == WALK_ERROR_NONE;

    unmute(device, &muted);
    return read;
}
