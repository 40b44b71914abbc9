// SPDX-License-Identifier: Apache-2.0
#include "model/port/watched.h"

#include <stddef.h>

void watch_start(struct job *job, struct watch *watch)
{
    watch->outer = job->counts;
    watch->counts = (struct amdvi_statistics){0};
    job->counts = &watch->counts;
}

/* All counters are numbers of 64 bits. */
static void add(struct amdvi_statistics *to, const struct amdvi_statistics *more)
{
    enum { COUNTERS = sizeof(struct amdvi_statistics) / sizeof(uint64_t) };
    uint64_t *restrict a = &to->requests;
    const uint64_t *restrict b = &more->requests;

    _Static_assert(offsetof(struct amdvi_statistics, requests) == 0, "the first counter");
    for (unsigned i = 0; i < COUNTERS; i++)
        a[i] += b[i];
}

void watch_stop(struct job *job, struct watch *watch)
{
    add(watch->outer, &watch->counts);
    job->counts = watch->outer;
}
