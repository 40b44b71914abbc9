// SPDX-License-Identifier: Apache-2.0
/* Internal: the rows of the validation and what they say. Each file names its rows' origin. */
#ifndef AMDVI_STUDIES_ROWS_H
#define AMDVI_STUDIES_ROWS_H

#include "amdvi/studies.h"
#include "testbench/studies/world.h"

#include <stdio.h>

#define SAY(outcome, ...)    snprintf((outcome)->value, sizeof((outcome)->value), __VA_ARGS__)
#define REMARK(outcome, ...) snprintf((outcome)->remark, sizeof((outcome)->remark), __VA_ARGS__)

typedef void row(struct validation_outcome *outcome);

/* What comes out, by the name that the row's checks have for it. */
void row_metric(struct validation_outcome *outcome, const char *name, double value);
/* A setting of the row; without one the row has not run. */
double row_setting(struct validation_outcome *outcome, const char *name);
/* For who waits: how much of the row is done, 0 to 1. */
void row_share(const struct validation_outcome *outcome, double share);

struct row_case {
    struct validation public;
    row *run;
};

/* Generated from rows/; the last one has no id. */
extern const struct row_case row_cases[];

row row_counts;                                                 /* counts.c */
row row_pmu, row_nested_unmap, row_lazy;                        /* driver.c */
row row_stream, row_little, row_kept_directories, row_locality; /* stream.c */
row row_wall, row_merging;                                      /* reach.c */
row row_trap, row_modes;                                        /* trap.c */
row row_tenants;                                                /* tenants.c */

#endif
