// SPDX-License-Identifier: Apache-2.0
#include "model/port/lock.h"

#include "model/port/job.h"

static void wait_for(struct job *job, struct job_lock *lock)
{
    job->waits = true;
    job->next_waiting = NULL;
    if (lock->last)
        lock->last->next_waiting = job;
    else
        lock->first = job;
    lock->last = job;
}

bool job_wait_lock(struct job *job, struct job_lock *lock)
{
    if (lock->owner && lock->owner != job) {
        if (!job->waits)
            wait_for(job, lock);
        return false;
    }
    lock->owner = job;
    lock->depth++;
    return true;
}

/* To the one that waits longest. */
void job_pass_lock(struct amdvi_device *device, struct job_lock *lock)
{
    if (--lock->depth)
        return;
    lock->owner = lock->first;
    if (!lock->owner)
        return;
    lock->first = lock->owner->next_waiting;
    if (!lock->first)
        lock->last = NULL;
    lock->owner->waits = false;
    job_wake(device, lock->owner);
}
