// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps jobs apart that read something, wait for memory and write it back. The direct executor does one thing
 * after the other and needs none.
 */
#ifndef AMDVI_MODEL_LOCK_H
#define AMDVI_MODEL_LOCK_H

#include "model/port/ask.h"

/* Zeroed: free. */
struct job_lock {
    struct job *owner, *first, *last; /* who has it, and who waits */
    unsigned depth;                   /* an owner may take it again */
};

bool job_wait_lock(struct job *job, struct job_lock *lock);
void job_pass_lock(struct amdvi_device *device, struct job_lock *lock);

/* False: another one has it; the job is stepped again when it is its turn. */
static inline bool job_lock(struct job *job, struct job_lock *lock)
{
    return __builtin_expect(job->executor == EXECUTOR_DIRECT, 1) || job_wait_lock(job, lock);
}

static inline void job_unlock(struct amdvi_device *device, const struct job *job, struct job_lock *lock)
{
    if (__builtin_expect(job->executor != EXECUTOR_DIRECT, 0))
        job_pass_lock(device, lock);
}

#endif
