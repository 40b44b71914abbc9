// SPDX-License-Identifier: Apache-2.0
/* How software treats the host's command ring. */
#ifndef AMDVI_MODEL_LINT_RING_H
#define AMDVI_MODEL_LINT_RING_H

#include "amdvi/lint.h"

/* LINT_TOLD: words of 64 bits, one for each 8 bytes of the largest ring. */
enum { LINT_SEQUENCES = 8, LINT_TOLD = 1024 };

/* What COMPLETION_WAITs have stored at one place. */
struct lint_sequence {
    uint64_t address, data;
    unsigned steps; /* how often it rose by one */
};

struct lint_ring {
    bool beyond; /* a command was written that the tail has not moved over */
    uint32_t slot;
    struct amdvi_lint_mark written;
    struct lint_sequence sequences[LINT_SEQUENCES];
    unsigned next;
    uint64_t told[LINT_TOLD]; /* a store there was told since it was fetched last */
};

/* Software writes memory: into the ring? */
void lint_ring_write(struct amdvi_lint *lint, uint64_t spa, uint64_t length);
/* The device has fetched a command of the host. */
void lint_ring_fetched(struct amdvi_lint *lint, uint64_t address);
/* The tail moves over the slots [first, end). */
void lint_ring_doorbell(struct amdvi_lint *lint, uint32_t first, uint32_t end, uint32_t slots);
/* The ring is set up anew: whoever does that counts its waits anew, such as a kernel that another one has
 * started. */
void lint_ring_moved(struct amdvi_lint *lint);
/* A COMPLETION_WAIT runs. */
void lint_ring_wait(struct amdvi_lint *lint, const uint64_t words[2]);
void lint_ring_finish(struct amdvi_lint *lint);

#endif
