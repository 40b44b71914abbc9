// SPDX-License-Identifier: Apache-2.0
#include "model/port/watched.h"

#include <stddef.h>
#include <string.h>

/* What requests and interrupts count, all of it numbers of 64 bits. What commands and records count stands
 * behind and is the device's at once. */
enum { COUNTERS = offsetof(struct amdvi_statistics, commands) / sizeof(uint64_t) };

_Static_assert(offsetof(struct amdvi_statistics, requests) == 0, "the first counter");
_Static_assert(offsetof(struct amdvi_statistics, commands) ==
                   offsetof(struct amdvi_statistics, updates) + sizeof(uint64_t),
               "behind the last counter");

void watch_start(struct job *job, struct watch *watch)
{
    watch->outer = job->counts;
    memset(&watch->counts, 0, COUNTERS * sizeof(uint64_t));
    job->counts = &watch->counts;
}

static void add(struct amdvi_statistics *to, const struct amdvi_statistics *more)
{
    uint64_t *restrict a = &to->requests;
    const uint64_t *restrict b = &more->requests;

    for (unsigned i = 0; i < COUNTERS; i++)
        a[i] += b[i];
}

void watch_stop(struct job *job, struct watch *watch)
{
    add(watch->outer, &watch->counts);
    job->counts = watch->outer;
}
