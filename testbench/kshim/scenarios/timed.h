/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of a kernel under time: how long each takes, and a table of it. */
#ifndef KSHIM_TIMED_H
#define KSHIM_TIMED_H

#include "scenarios.h"

#include "host/samples.h"

struct timed_call {
    uint64_t since, commands;
};

/* Around a call of the API. The kernel's instructions are paid for at the beginning. */
void timed_begin(struct world *world, struct timed_call *call);
void timed_end(struct world *world, const struct timed_call *call, struct samples *samples);

/* The head of a table, and a row of it. */
void timed_heading(struct world *world);
void timed_tell(struct world *world, const char *what, const struct samples *samples);

#endif
