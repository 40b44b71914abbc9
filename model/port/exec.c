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

static struct place place_of(const struct walk *walk)
{
    return (struct place){.spa = walk->address, .access = access_of(walk->kind), .level = walk->level};
}

static bool answer_read(struct amdvi_device *device, struct job *job, struct walk *walk)
{
    struct place place = place_of(walk);

    return job_read(device, job, &place, &walk->value, sizeof(walk->value), &walk->failed);
}

static bool answer_update(struct amdvi_device *device, struct job *job, struct walk *walk)
{
    struct place place = place_of(walk);

    return job_update(device, job, &place, walk->expected, walk->desired, &walk->value, &walk->failed);
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

static void tell_directory(struct amdvi_device *device, const struct walk_dir *found)
{
    struct place place = {.spa = found->table, .access = access_of(found->kind), .level = found->level};

    tap_cached(device, &place, found->kind == WALK_GCR3 ? AMDVI_CACHE_GCR3 : AMDVI_CACHE_PDC, NULL, 0);
}

static void answer_probe(struct amdvi_device *device, struct job *job, struct walk *walk,
                         const struct tlb_space *space)
{
    const struct dte *dte = walk->rq.dte;
    unsigned levels = walk->probe.kind == WALK_HOST ? dte->mode : dte->guest_levels;
    bool hit = tlb_probe(&device->tlb, space, &walk->probe, levels);

    if (job_injects(device, job) && hit)
        hit = probe_survives(device, walk, space);
    if (hit && job_seen(device, job))
        tell_directory(device, &walk->probe);
    if (walk->probe.kind == WALK_GCR3) {
        job->counts->gcr3_hits += hit;
        job->counts->gcr3_misses += !hit;
        JOB_USED(job, gcr3);
    } else {
        job->counts->pdc_hits += hit;
        job->counts->pdc_misses += !hit;
        JOB_USED(job, pdc);
    }
}

bool exec_answer(struct amdvi_device *device, struct job *job, struct walk *walk, enum walk_ask ask,
                 const struct tlb_space *space)
{
    if (ask == WALK_READ)
        return answer_read(device, job, walk);
    if (ask == WALK_UPDATE)
        return answer_update(device, job, walk);
    answer_probe(device, job, walk, space);
    return true;
}

void exec_walk_now(struct amdvi_device *device, struct job *job, struct walk *walk,
                   const struct walk_request *request, const struct tlb_space *space)
{
    struct exec_window window = exec_open_window(device);
    enum walk_ask ask = walk_start_inline(walk, request);

    while (ask != WALK_DONE) {
        if (!exec_read_at_once(&window, walk, ask))
            exec_answer(device, job, walk, ask, space);
        ask = walk_step_inline(walk);
    }
}

static bool walk_by_asking(struct amdvi_device *device, struct job *job, struct walk_run *run,
                           const struct walk_request *request, const struct tlb_space *space)
{
    if (!run->begun) {
        ticket_take_space(&job->ticket, space, request->address);
        run->ask = (uint8_t)walk_start(&run->walk, request);
        run->begun = true;
    }
    while (run->ask != WALK_DONE) {
        if (!exec_answer(device, job, &run->walk, (enum walk_ask)run->ask, space))
            return false;
        run->ask = (uint8_t)walk_step(&run->walk);
    }
    run->begun = false;
    return true;
}

bool exec_walk(struct amdvi_device *device, struct job *job, struct walk_run *run,
               const struct walk_request *request, const struct tlb_space *space)
{
    if (!job_is_direct(job))
        return walk_by_asking(device, job, run, request, space);
    exec_walk_now(device, job, &run->walk, request, space);
    return true;
}
