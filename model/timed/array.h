// SPDX-License-Identifier: Apache-2.0
/*
 * An array that requests and invalidations share: one probe a cycle. While an invalidation is under way it
 * gets `burst.invalidations` cycles, then requests that wait get `burst.requests`, and so on (performance
 * a.1).
 */
#ifndef AMDVI_MODEL_TIMED_ARRAY_H
#define AMDVI_MODEL_TIMED_ARRAY_H

#include <stdint.h>

struct array {
    uint64_t cycle;                 /* ps */
    uint64_t requests, invalidates; /* bursts, ps */
    uint64_t free;                  /* the last request's probes end then */
    uint64_t end;                   /* of the invalidation that is under way */
    uint64_t burst_from;            /* it has the array since then */
    uint64_t granted;               /* ps left of the requests' burst, which is the one that ends at `free` */
};

/* `count` probes from `from` on: when the last one begins. */
uint64_t array_probe(struct array *array, uint64_t from, uint64_t count);
/* An invalidation of `count` cycles, behind others: when it ends, if no requests come. */
uint64_t array_invalidate(struct array *array, uint64_t from, uint64_t count);

#endif
