// SPDX-License-Identifier: Apache-2.0
/*
 * ATS invalidations that devices have not answered: counted for each issuer, the host or a guest, so that
 * none waits for the devices of another; found by tag, and by the time at which they end by themselves.
 */
#ifndef AMDVI_MODEL_ATC_PENDING_H
#define AMDVI_MODEL_ATC_PENDING_H

#include "amdvi/amdvi.h"

struct guest;
struct atc_issuer;

enum { ATC_BUCKETS = 4096 };

struct atc_pending {
    struct atc_issuer *issuer;
    struct atc_pending *older, *newer; /* of the same issuer */
    struct atc_pending *next;          /* of the same bucket, or free */
    size_t place;                      /* in the heap */
    uint32_t tag;
    uint16_t device;
    bool lost;        /* the completion goes astray (inject.h) */
    uint64_t command; /* for IOTLB_INV_TIMEOUT: SPA, of guests the address as the guest names it */
    uint64_t deadline;
    uint64_t answer; /* when the completion comes by itself */
};

/* Who sent commands; `guest` is null for the host. */
struct atc_issuer {
    struct guest *guest;
    struct atc_pending *oldest, *newest;
    uint32_t count;
};

struct atc_table {
    struct atc_pending *bucket[ATC_BUCKETS]; /* by tag */
    struct atc_pending **heap;               /* the one that ends first is at 0 */
    size_t count, room;
    struct atc_pending *free;
    uint32_t next_tag;
    struct atc_issuer host;
};

/* Makes room for one more; false without memory. */
bool atc_reserve(struct amdvi_device *device);
/* Takes `wanted` over, after atc_reserve(). */
void atc_add(struct amdvi_device *device, struct atc_issuer *issuer, const struct atc_pending *wanted);
void atc_remove(struct amdvi_device *device, struct atc_pending *entry);
/* The engine of this issuer was reset: its commands in flight are nobody's any more. */
void atc_forget(struct amdvi_device *device, struct atc_issuer *issuer);
/* All, and the memory. */
void atc_clear(struct amdvi_device *device);
struct atc_pending *atc_find(const struct amdvi_device *device, uint32_t tag);
/* One that has ended by itself until now, the first first; or null. */
struct atc_pending *atc_ended(const struct amdvi_device *device);

#endif
