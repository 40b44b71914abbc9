// SPDX-License-Identifier: Apache-2.0
/* Internal: workloads of experiments, and the metrics that they give. */
#ifndef AMDVI_STUDIES_WORKLOAD_H
#define AMDVI_STUDIES_WORKLOAD_H

#include "amdvi/experiment.h"
#include "testbench/studies/world.h"

void metric_add(struct experiment_result *result, const char *name, double value);

/* Each false: it could not be run. `w` is open, with its tables still to be made. */
bool workload_requests(struct world *w, const struct experiment *e, struct experiment_result *result);
bool workload_unmaps(struct world *w, const struct experiment *e, struct experiment_result *result);
bool workload_guests(struct world *w, const struct experiment *e, struct experiment_result *result);

/* trap.c: mean microseconds of `flushes` of each processor; negative: it could not be run. */
double guests_trapped(struct world *w, unsigned processors, unsigned flushes, uint64_t period_us);
double guests_direct(struct world *w, unsigned processors, unsigned flushes, uint64_t period_us);

#endif
