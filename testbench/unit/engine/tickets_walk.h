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

uint64_t leaf_floor(const struct model *m, const struct way *way, uint64_t address, unsigned shift);
uint64_t dir_floor(const struct model *m, const struct way *way, uint64_t address);
uint64_t entry_floor(const struct model *m, uint16_t device);
uint64_t interrupt_floor(const struct model *m, uint16_t device);

#endif
