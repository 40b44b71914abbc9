// SPDX-License-Identifier: Apache-2.0
/* `amdvi run`: what comes out of an experiment, and where it goes. */
#ifndef AMDVI_CLI_RUN_H
#define AMDVI_CLI_RUN_H

#include "cli/cli.h"

#include "amdvi/experiment.h"

/* run_details.c */
void details_print(const struct experiment_details *details);
struct json_object *details_json(const struct experiment_details *details);
const char *detail_kind_name(const struct experiment_detail *detail); /* device, domain, guest, command */
/* "00:02.0", a number, or a command's name, in `text`. */
void detail_name(const struct experiment_detail *detail, char *text, size_t size);

/* run_pmu.c: the same counters by the names of Linux, of papers on Intel's and of RISC-V's. */
struct json_object *pmu_json(const uint64_t events[EXPERIMENT_EVENTS]);

/* run_sqlite.c: a new database, whose place is looked for before anything runs; false, and a message: it
 * cannot be written. The caller closes `output`, also then. */
bool sqlite_open(const char *path, struct output *output);
bool sqlite_write(const struct output *output, const struct experiment *experiment,
                  const struct experiment_result *result);

/* run_costs.c: a page of the manual. False, and nothing is printed: it could not be run. */
bool costs_print(const struct experiment *experiment);

/* run_schema.c: the schema of experiment files. */
void schema_print(void);

#endif
