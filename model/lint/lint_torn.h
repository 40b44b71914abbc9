// SPDX-License-Identifier: Apache-2.0
/*
 * Entries of several words that software writes in pieces: what a device reads between two of them is neither
 * the old nor the new entry. Pieces belong to one update when nothing else happens to tables between them.
 */
#ifndef AMDVI_MODEL_LINT_TORN_H
#define AMDVI_MODEL_LINT_TORN_H

#include "amdvi/lint.h"

enum { LINT_TORN_STATES = 8 };

/* The entry after one of the pieces. */
struct torn_state {
    uint64_t raw[4];
    uint64_t word; /* that was written */
    bool read;     /* by hardware, in this state */
    bool whole;    /* large enough a piece */
    bool told;
    struct amdvi_lint_mark at, read_at;
};

/* The update under way. */
struct lint_torn {
    bool open, interrupt;
    uint64_t entry, time; /* address; of the last piece */
    uint16_t device;
    uint64_t before[4];
    struct torn_state states[LINT_TORN_STATES];
    unsigned count;
};

/* A write that meets an entry. */
struct torn_write {
    bool meets, interrupt;
    uint64_t entry;
    uint16_t device;
    uint64_t before[4];
};

struct torn_write lint_torn_before(struct amdvi_lint *lint, uint64_t spa, uint64_t length);
void lint_torn_after(struct amdvi_lint *lint, const struct torn_write *write, uint64_t spa, uint64_t length);
/* Hardware reads the word. */
void lint_torn_read(struct amdvi_lint *lint, uint64_t address);
/* The update is over. */
void lint_torn_end(struct amdvi_lint *lint);

#endif
