// SPDX-License-Identifier: Apache-2.0
/*
 * Counts of one operation. While somebody watches (device_watch()), a request or an interrupt counts into
 * statistics of its own, so that afterwards it can be told what it did, whatever else was under way.
 */
#ifndef AMDVI_MODEL_WATCHED_H
#define AMDVI_MODEL_WATCHED_H

#include "model/port/job.h"

struct watch {
    bool on;
    struct amdvi_statistics *outer; /* where the job counted before */
    struct amdvi_statistics counts; /* of this operation alone; up to `updates` */
};

void watch_start(struct job *job, struct watch *watch);
void watch_stop(struct job *job, struct watch *watch);

static inline void watch_begin(const struct amdvi_device *device, struct job *job, struct watch *watch)
{
    watch->on = __builtin_expect(device->watched, 0) && !(job->options & JOB_UNWATCHED);
    if (watch->on)
        watch_start(job, watch);
}

#endif
