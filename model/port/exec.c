// SPDX-License-Identifier: Apache-2.0
#include "model/port/exec.h"

#include "tables/walk_steps.h"

static enum amdvi_access access_of(unsigned kind)
{
    switch (kind) {
    case WALK_GCR3:
        return AMDVI_ACCESS_GCR3_ENTRY;
    case WALK_GUEST:
        return AMDVI_ACCESS_GUEST_ENTRY;
    default:
        return AMDVI_ACCESS_HOST_ENTRY;
    }
}

static void answer_read(struct amdvi_device *device, struct walk *walk)
{
    walk->failed =
        memory_read(device, access_of(walk->kind), walk->address, &walk->value, sizeof(walk->value));
    tap(device, access_of(walk->kind), false, walk->level, walk->address, &walk->value, sizeof(walk->value),
        walk->failed);
}

static void answer_update(struct amdvi_device *device, struct walk *walk)
{
    walk->failed = memory_update(device, access_of(walk->kind), walk->address, walk->expected, walk->desired,
                                 &walk->value);
    tap(device, access_of(walk->kind), true, walk->level, walk->address, &walk->desired,
        sizeof(walk->desired), walk->failed);
}

/* Without the faulty one a directory further up may still be good. */
static bool probe_survives(struct amdvi_device *device, struct walk *walk, const struct tlb_space *space)
{
    const struct dte *dte = walk->rq.dte;
    unsigned levels = walk->probe.kind == WALK_HOST ? dte->mode : dte->guest_levels;
    enum amdvi_cache cache = walk->probe.kind == WALK_GCR3 ? AMDVI_CACHE_GCR3 : AMDVI_CACHE_PDC;

    while (walk->probe.hit && inject_cache(device, cache, 0, walk->probe.tag)) {
        tlb_forget(&device->tlb, space, &walk->probe);
        tlb_probe(&device->tlb, space, &walk->probe, levels);
    }
    return walk->probe.hit;
}

static void answer_probe(struct amdvi_device *device, struct walk *walk, const struct tlb_space *space)
{
    const struct dte *dte = walk->rq.dte;
    unsigned levels = walk->probe.kind == WALK_HOST ? dte->mode : dte->guest_levels;
    bool hit = tlb_probe(&device->tlb, space, &walk->probe, levels);

    if (__builtin_expect(device->inject.active, 0) && hit)
        hit = probe_survives(device, walk, space);
    if (walk->probe.kind == WALK_GCR3) {
        device->statistics.gcr3_hits += hit;
        device->statistics.gcr3_misses += !hit;
    } else {
        device->statistics.pdc_hits += hit;
        device->statistics.pdc_misses += !hit;
    }
}

void exec_answer(struct amdvi_device *device, struct walk *walk, enum walk_ask ask,
                 const struct tlb_space *space)
{
    if (ask == WALK_READ)
        answer_read(device, walk);
    else if (ask == WALK_UPDATE)
        answer_update(device, walk);
    else
        answer_probe(device, walk, space);
}

/* The direct window as the loop below wants it: empty when somebody watches the accesses. */
struct window {
    const uint8_t *bytes;
    uint64_t first, limit;
};

static inline struct window open_window(const struct amdvi_device *device)
{
    const struct amdvi_memory *memory = &device->memory;
    bool usable = memory->direct_size >= sizeof(uint64_t) && !(device->observed | device->watched);

    return (struct window){.bytes = memory->direct,
                           .first = memory->direct_base,
                           .limit = usable ? memory->direct_size - sizeof(uint64_t) + 1 : 0};
}

void exec_direct(struct amdvi_device *device, struct walk *walk, const struct walk_request *request,
                 const struct tlb_space *space)
{
    struct window window = open_window(device);
    enum walk_ask ask = walk_start_inline(walk, request);

    while (ask != WALK_DONE) {
        uint64_t offset = walk->address - window.first;
        if (ask == WALK_READ && offset < window.limit)
            memcpy(&walk->value, window.bytes + offset, sizeof(walk->value));
        else
            exec_answer(device, walk, ask, space);
        ask = walk_step_inline(walk);
    }
}
