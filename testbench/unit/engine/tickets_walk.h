// SPDX-License-Identifier: Apache-2.0
/* What the walks of the model need of histories and fences (tickets_model.h). */
#ifndef AMDVI_TEST_TICKETS_WALK_H
#define AMDVI_TEST_TICKETS_WALK_H

#include "tickets_model.h"

/* By which tag translations are kept. */
struct way {
    uint16_t domain;
    bool guest;
    uint32_t pasid;
};

struct versions {
    const struct history *history; /* null: never edited */
    struct version only;
    uint64_t floor;
    unsigned next;
};

/* Versions of the entry at `spa` that were there at some moment since `floor`. */
struct versions versions_of(const struct model *m, uint64_t spa, unsigned words, uint64_t floor);
const struct version *next_version(struct versions *v);
/* Whether a version was there at some moment since another floor. */
bool version_kept(const struct versions *v, const struct version *version, uint64_t floor);

/* The newest fence that covers what is kept; null: none does. */
const struct fence *leaf_fence(const struct model *m, const struct way *way, uint64_t address,
                               unsigned shift);
const struct fence *dir_fence(const struct model *m, const struct way *way, uint64_t address);
const struct fence *interrupt_fence(const struct model *m, uint16_t device);

static inline uint64_t floor_of(const struct fence *fence)
{
    return fence ? fence->time : 0;
}

static inline uint64_t leaf_floor(const struct model *m, const struct way *way, uint64_t address,
                                  unsigned shift)
{
    return floor_of(leaf_fence(m, way, address, shift));
}

static inline uint64_t dir_floor(const struct model *m, const struct way *way, uint64_t address)
{
    return floor_of(dir_fence(m, way, address));
}

/* Of a device table entry. What was kept since a fence came by an entry as it was kept then. */
uint64_t entry_floor(const struct model *m, uint16_t device);
uint64_t entry_floor_before(const struct model *m, uint16_t device, const struct fence *fence);

#endif
