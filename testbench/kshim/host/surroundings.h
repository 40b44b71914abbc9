/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program puts around the machine of its scenarios: nothing, or the clock of the timed executor
 * (plain/, kshim-run), or a SystemC simulation in which IOMMUs are modules behind sockets (systemc/,
 * kshim-systemc). Scenarios are the same.
 */
#ifndef KSHIM_SURROUNDINGS_H
#define KSHIM_SURROUNDINGS_H

#include "testbench/platform/way.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the process of the scenario: calls run(argument), once, and gives its result. */
int surroundings_run(int (*run)(void *argument), void *argument);
/* From the machine to its IOMMUs; null: by calls. `timed`: requests and commands take time; the context is
 * then a struct way_timed, which may be left as it is. */
const struct machine_way *surroundings_way(bool timed);
/* Whether a scenario of that name can run here at all. */
bool surroundings_take(const char *scenario);
/* The machine is about to go. Prints what passed; what was wrong on the way, or null. */
const char *surroundings_finish(void);

#ifdef __cplusplus
}
#endif

#endif
