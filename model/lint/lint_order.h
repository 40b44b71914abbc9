// SPDX-License-Identifier: Apache-2.0
/*
 * In which order software did things: which operation of the driver a change or a command belongs to.
 *
 * Software that waits for its commands changes tables, moves the tail, and changes tables again only for what
 * it does next. So a write to a table after the tail has moved begins a new operation. What a command belongs
 * to is noted when it is given to the device, not when it is executed.
 */
#ifndef AMDVI_MODEL_LINT_ORDER_H
#define AMDVI_MODEL_LINT_ORDER_H

#include "amdvi/lint.h"

enum { LINT_SLOTS = 32768, LINT_WAITS = 64 };

struct lint_moment {
    uint64_t time;      /* counts what software does */
    uint64_t operation; /* of software */
};

/* When a command was given to the device. */
struct lint_slot {
    struct lint_moment given;
    struct amdvi_lint_mark at;
};

struct lint_order {
    struct lint_moment now;
    bool moved;                 /* the tail, since the last write to a table */
    uint64_t relied;            /* time of amdvi_lint_rely() */
    struct lint_slot *slots;    /* of the host's ring */
    uint64_t waits[LINT_WAITS]; /* times when COMPLETION_WAITs that have run were given, the newest last */
    uint64_t wait_count;
};

/* Software writes to a table. */
struct lint_moment lint_order_change(struct lint_order *order);
/* The tail of the host's ring moves over the slots [first, end) of `slots`. */
void lint_order_doorbell(struct amdvi_lint *lint, uint32_t first, uint32_t end, uint32_t slots);
/* A COMPLETION_WAIT that was given at `time` has run. */
void lint_order_wait(struct lint_order *order, uint64_t time);
/* How many COMPLETION_WAITs have run that were given after `time`, at most LINT_WAITS. */
unsigned lint_order_waits(const struct lint_order *order, uint64_t time);

#endif
