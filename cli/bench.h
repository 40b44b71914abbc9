// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_CLI_BENCH_H
#define AMDVI_CLI_BENCH_H

#include "cli/cli.h"

#include "amdvi/bench.h"

/* bench_costs.c: what may be left out, with `filter` in its name or null: printed, or appended to `all`.
 * `*count` grows by how many there were. Returns an exit code. */
int costs_run(const char *filter, double seconds, unsigned runs, struct json_object *all, unsigned *count);
void costs_list(void);

/* bench_guests.c */
void guests_print(const struct bench_crowd *result);
struct json_object *guests_json(const struct bench_crowd *result);

#endif
