/* SPDX-License-Identifier: GPL-2.0-only */
/* Random steps of a guest: pages mapped, used and unmapped by the DMA API, each looked at by its device. */
#ifndef KSHIM_GUEST_STEPS_H
#define KSHIM_GUEST_STEPS_H

#include "virtual.h"

enum { STEPS_LIVE = 64 /* mappings at a time */ };

struct steps_mapping {
    uint64_t page, iova;
};

struct steps {
    struct world *world;
    struct guest *guest;
    struct steps_mapping live[STEPS_LIVE];
    unsigned count;
    uint64_t maps, unmaps, accesses, faults;
    uint64_t digest; /* of all that the guest has seen */
    uint64_t random; /* the state of this guest's own choices */
};

/* The same seed, the same steps. */
void steps_start(struct steps *steps, struct world *world, struct guest *guest, uint64_t seed);
void steps_one(struct steps *steps);
/* Its faults are all in the guest's log, and nobody else's. */
void steps_end(struct steps *steps);

/* A guest's life of so many steps, with its figures; from virtual_boot() to virtual_stop(). */
struct steps steps_run(struct world *world, const struct virtual_setup *setup, uint64_t count);
/* The same in hardware and mediated mode: what the guest sees is the same. */
void steps_compare(struct world *world, const struct virtual_setup *setup, uint64_t count);

#endif
