// SPDX-License-Identifier: Apache-2.0
/*
 * What all jobs have in common (house idea I). Everything the device does is a job that asks: code that never
 * waits for memory, but asks for it and, when the answer is not there yet, returns false and is called again
 * with the same arguments once it is. All of a job's state is in plain structures of its own, so any number
 * can be under way.
 *
 *     bool fetch(device, job, f)
 *     {
 *         if (!f->asked) { ...look into the caches...; f->asked = true; }
 *         if (!job_read(device, job, &place, f->raw, sizeof(f->raw), &f->error))
 *             return false;
 *         f->asked = false;
 *         ...
 *         return true;
 *     }
 *
 * Functions that ask more than once or twice are written as steps (steps.h). A job may also wait for another
 * one, for a lock (lock.h) or for its record to be written (logs/record.h): it returns false without an open
 * question, and job_wake() lets it go on.
 *
 * Who answers is the executor. The direct one answers at once, so nothing above ever returns false; the port
 * hands the question to the surroundings, which answer when they like (amdvi/external.h).
 */
#ifndef AMDVI_MODEL_JOB_H
#define AMDVI_MODEL_JOB_H

#include "model/port/memory.h"

/* What a job leaves alone: reading for the debugger and for diagnosis must not show. */
enum job_option {
    JOB_UNCACHED = 1,  /* every answer is memory's, and nothing is kept */
    JOB_UNSEEN = 2,    /* observers do not hear of it */
    JOB_SAFE = 4,      /* plans of failures do not reach it (inject.h) */
    JOB_UNWATCHED = 8, /* performance counters and hits do not show it */
    JOB_SILENT = JOB_UNCACHED | JOB_UNSEEN | JOB_SAFE | JOB_UNWATCHED,
};

static inline void job_begin(struct amdvi_device *device, struct job *job)
{
    job->executor = EXECUTOR_DIRECT;
    job->options = 0;
    job->counts = &device->statistics;
}

/* As above, and what it counts goes to `counts`. */
static inline void job_begin_apart(struct job *job, unsigned options, struct amdvi_statistics *counts)
{
    job->executor = EXECUTOR_DIRECT;
    job->options = (uint8_t)options;
    job->counts = counts;
}

static inline bool job_is_direct(const struct job *job)
{
    return __builtin_expect(job->executor == EXECUTOR_DIRECT, 1);
}

/* What it has used, for those who keep time (struct amdvi_work): one more of `what`. */
#define JOB_USED(job, what)                                                                                  \
    do {                                                                                                     \
        if (!job_is_direct(job))                                                                             \
            (job)->work.what++;                                                                              \
    } while (0)

static inline bool job_caches(const struct amdvi_device *device, const struct job *job)
{
    return device->caches && !(job->options & JOB_UNCACHED);
}

static inline bool job_seen(const struct amdvi_device *device, const struct job *job)
{
    return __builtin_expect(device->accesses_seen, 0) && !(job->options & JOB_UNSEEN);
}

static inline bool job_injects(const struct amdvi_device *device, const struct job *job)
{
    return __builtin_expect(device->inject.active, 0) && !(job->options & JOB_SAFE);
}

/* Memory as the direct executor reaches it, failures on demand and observers included. */
__attribute__((always_inline)) static inline uint8_t port_read(struct amdvi_device *device,
                                                               const struct job *job,
                                                               const struct place *place, void *data,
                                                               size_t length)
{
    uint8_t error = job_injects(device, job) ? inject_memory(device, place->access, false, place->spa, length)
                                             : (uint8_t)WALK_ERROR_NONE;

    if (!error)
        error = memory_read(device, place->spa, data, length);
    if (job_seen(device, job))
        tap(device, place, false, data, length, error);
    return error;
}

__attribute__((always_inline)) static inline uint8_t port_write(struct amdvi_device *device,
                                                                const struct job *job,
                                                                const struct place *place, const void *data,
                                                                size_t length)
{
    uint8_t error = job_injects(device, job) ? inject_memory(device, place->access, true, place->spa, length)
                                             : (uint8_t)WALK_ERROR_NONE;

    if (!error)
        error = memory_write(device, place->spa, data, length);
    if (job_seen(device, job))
        tap(device, place, true, data, length, error);
    return error;
}

static inline uint8_t port_update(struct amdvi_device *device, const struct job *job,
                                  const struct place *place, uint64_t expected, uint64_t desired,
                                  uint64_t *seen)
{
    uint8_t error = job_injects(device, job)
                        ? inject_memory(device, place->access, true, place->spa, sizeof(desired))
                        : (uint8_t)WALK_ERROR_NONE;

    if (!error)
        error = memory_update(device, place->spa, expected, desired, seen);
    if (job_seen(device, job))
        tap(device, place, true, &desired, sizeof(desired), error);
    return error;
}

static inline uint8_t direct_read(struct amdvi_device *device, enum amdvi_access access, uint64_t spa,
                                  void *data, size_t length)
{
    struct place place = {.spa = spa, .access = access};
    struct job job;

    job_begin(device, &job);
    return port_read(device, &job, &place, data, length);
}

static inline uint8_t direct_write(struct amdvi_device *device, enum amdvi_access access, uint64_t spa,
                                   const void *data, size_t length)
{
    struct place place = {.spa = spa, .access = access};
    struct job job;

    job_begin(device, &job);
    return port_write(device, &job, &place, data, length);
}

/* It is to be stepped again: what it waits for without having asked has come. */
void job_wake(struct amdvi_device *device, struct job *job);

/* The same by the surroundings: false until they have answered. */
bool port_ask_read(struct amdvi_device *device, struct job *job, const struct place *place, void *data,
                   size_t length, uint8_t *error);
bool port_ask_write(struct amdvi_device *device, struct job *job, const struct place *place, const void *data,
                    size_t length, uint8_t *error);
bool port_ask_update(struct amdvi_device *device, struct job *job, const struct place *place,
                     uint64_t expected, uint64_t desired, uint64_t *seen, uint8_t *error);

/* True: `data` and `*error` (enum walk_error) are the answer. `length` is at most ASK_BYTES. */
static inline bool job_read(struct amdvi_device *device, struct job *job, const struct place *place,
                            void *data, size_t length, uint8_t *error)
{
    if (!job_is_direct(job))
        return port_ask_read(device, job, place, data, length, error);
    *error = port_read(device, job, place, data, length);
    return true;
}

static inline bool job_write(struct amdvi_device *device, struct job *job, const struct place *place,
                             const void *data, size_t length, uint8_t *error)
{
    if (!job_is_direct(job))
        return port_ask_write(device, job, place, data, length, error);
    *error = port_write(device, job, place, data, length);
    return true;
}

/* Replaces the aligned 8 bytes if they are `expected`; `*seen` is what was there. */
static inline bool job_update(struct amdvi_device *device, struct job *job, const struct place *place,
                              uint64_t expected, uint64_t desired, uint64_t *seen, uint8_t *error)
{
    if (!job_is_direct(job))
        return port_ask_update(device, job, place, expected, desired, seen, error);
    *error = port_update(device, job, place, expected, desired, seen);
    return true;
}

/* More than a question can hold: several, each inside a line of 64 bytes; one for the direct executor.
 * `*done` is 0 before the first call. */
static inline bool job_read_long(struct amdvi_device *device, struct job *job, const struct place *place,
                                 void *data, size_t length, size_t *done, uint8_t *error)
{
    if (job_is_direct(job))
        return job_read(device, job, place, data, length, error);
    for (*error = WALK_ERROR_NONE; *done < length && !*error;) {
        struct place part = {.spa = place->spa + *done, .access = place->access};
        size_t room = ASK_BYTES - part.spa % ASK_BYTES;
        size_t piece = length - *done < room ? length - *done : room;
        if (!port_ask_read(device, job, &part, (uint8_t *)data + *done, piece, error))
            return false;
        *done += piece;
    }
    *done = 0;
    return true;
}

#endif
