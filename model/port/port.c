// SPDX-License-Identifier: Apache-2.0
/* The executor whose answers come from outside (amdvi/external.h). */
#include "model/port/external.h"

static uint64_t id_of(const struct external *external, const struct job *job)
{
    return (uint64_t)external->slots[job->slot].sequence << 32 | (job->slot + 1);
}

/* The question goes out. Its answer may come before this returns; the job still goes on with the pump. */
static bool issue(struct amdvi_device *device, struct job *job)
{
    struct external *external = device->external;
    const struct ask *ask = &job->ask;
    struct amdvi_ask out = {.kind = (enum amdvi_ask_kind)ask->kind,
                            .access = (enum amdvi_access)ask->access,
                            .level = ask->level,
                            .length = ask->length,
                            .address = ask->spa,
                            .expected = ask->expected,
                            .desired = ask->desired,
                            .asker = (enum amdvi_asker)job->unit,
                            .tag = job->tag,
                            .work = job->work};
    bool was;

    if (ask->kind == ASK_WRITE)
        memcpy(out.data, ask->words, ask->length);
    job->ask.state = ASK_OPEN;
    external->slots[job->slot].sequence++;
    out.id = id_of(external, job);
    memset(&job->work, 0, sizeof(job->work));
    was = external_call_begin(device);
    external->face.issue(external->face.context, &out);
    external_call_end(device, was);
    return false;
}

/* Begins a question; true: a plan of failures has answered it at once. */
static bool begin(struct amdvi_device *device, struct job *job, enum ask_kind kind, const struct place *place,
                  size_t length)
{
    uint8_t error = WALK_ERROR_NONE;

    if (job_injects(device, job))
        error = inject_memory(device, place->access, kind != ASK_READ, place->spa, length);
    job->ask.kind = (uint8_t)kind;
    job->ask.access = (uint8_t)place->access;
    job->ask.level = place->level;
    job->ask.spa = place->spa;
    job->ask.length = (uint32_t)length;
    job->ask.error = error;
    memset(job->ask.words, 0, sizeof(job->ask.words));
    if (error)
        job->ask.state = ASK_ANSWERED;
    return error != WALK_ERROR_NONE;
}

/* True: the answer is there, and is used up. */
static bool take_answer(struct job *job, uint8_t *error)
{
    if (job->ask.state != ASK_ANSWERED)
        return false;
    job->ask.state = ASK_NOTHING;
    *error = job->ask.error;
    return true;
}

bool port_ask_read(struct amdvi_device *device, struct job *job, const struct place *place, void *data,
                   size_t length, uint8_t *error)
{
    if (job->ask.state == ASK_NOTHING && !begin(device, job, ASK_READ, place, length))
        return issue(device, job);
    if (!take_answer(job, error))
        return false;
    if (!*error)
        memcpy(data, job->ask.words, length < ASK_BYTES ? length : ASK_BYTES);
    if (job_seen(device, job))
        tap(device, place, false, data, length, *error);
    return true;
}

bool port_ask_write(struct amdvi_device *device, struct job *job, const struct place *place, const void *data,
                    size_t length, uint8_t *error)
{
    if (job->ask.state == ASK_NOTHING && !begin(device, job, ASK_WRITE, place, length)) {
        memcpy(job->ask.words, data, length < ASK_BYTES ? length : ASK_BYTES);
        return issue(device, job);
    }
    if (!take_answer(job, error))
        return false;
    if (job_seen(device, job))
        tap(device, place, true, data, length, *error);
    return true;
}

bool port_ask_update(struct amdvi_device *device, struct job *job, const struct place *place,
                     uint64_t expected, uint64_t desired, uint64_t *seen, uint8_t *error)
{
    if (job->ask.state == ASK_NOTHING && !begin(device, job, ASK_UPDATE, place, sizeof(desired))) {
        job->ask.expected = expected;
        job->ask.desired = desired;
        return issue(device, job);
    }
    if (!take_answer(job, error))
        return false;
    if (!*error)
        *seen = job->ask.words[0];
    if (job_seen(device, job))
        tap(device, place, true, &desired, sizeof(desired), *error);
    return true;
}

static struct job *job_of(const struct external *external, uint64_t id)
{
    uint32_t slot = (uint32_t)id - 1;
    struct job *job;

    if ((uint32_t)id == 0 || slot >= external->capacity)
        return NULL;
    job = external->slots[slot].job;
    return job && job->ask.state == ASK_OPEN && external->slots[slot].sequence == id >> 32 ? job : NULL;
}

void external_ready(struct external *external, struct job *job)
{
    if (job->ready)
        return;
    job->ready = true;
    job->next_ready = NULL;
    if (external->ready_last)
        external->ready_last->next_ready = job;
    else
        external->ready_first = job;
    external->ready_last = job;
}

struct job *external_take_ready(struct external *external)
{
    struct job *job = external->ready_first;

    if (!job)
        return NULL;
    external->ready_first = job->next_ready;
    if (!external->ready_first)
        external->ready_last = NULL;
    job->ready = false;
    return job;
}

static uint8_t error_of(enum amdvi_memory_result result)
{
    /* The surroundings may say anything: what is not a known error is the mildest one. */
    return result <= AMDVI_MEMORY_DATA_ERROR ? (uint8_t)result : WALK_ERROR_MASTER_ABORT;
}

bool external_answer(struct external *external, uint64_t id, enum amdvi_memory_result result,
                     const void *data)
{
    struct job *job = job_of(external, id);
    struct ask *ask;

    if (!job)
        return false;
    ask = &job->ask;
    ask->error = error_of(result);
    if (!ask->error && ask->kind != ASK_WRITE) {
        if (data)
            memcpy(ask->words, data, ask->length < ASK_BYTES ? ask->length : ASK_BYTES);
        else
            ask->error = WALK_ERROR_TARGET_ABORT;
    }
    ask->state = ASK_ANSWERED;
    external_ready(external, job);
    return true;
}

bool external_answer_now(struct amdvi_device *device, uint64_t id)
{
    struct job *job = job_of(device->external, id);
    struct ask *ask;
    uint64_t seen = 0;

    if (!job)
        return false;
    ask = &job->ask;
    if (ask->kind == ASK_WRITE) {
        ask->error = memory_write(device, ask->spa, ask->words, ask->length);
    } else if (ask->kind == ASK_UPDATE) {
        ask->error = memory_update(device, ask->spa, ask->expected, ask->desired, &seen);
        ask->words[0] = seen;
    } else {
        ask->error = memory_read(device, ask->spa, ask->words, ask->length);
    }
    ask->state = ASK_ANSWERED;
    external_ready(device->external, job);
    return true;
}

void job_wake(struct amdvi_device *device, struct job *job)
{
    if (device->external)
        external_ready(device->external, job);
}
