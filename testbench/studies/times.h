// SPDX-License-Identifier: Apache-2.0
/* Times that a workload measures: all of them are kept, so shares of them are exact. */
#ifndef AMDVI_STUDIES_TIMES_H
#define AMDVI_STUDIES_TIMES_H

#include "amdvi/experiment.h"

struct times {
    uint64_t *all; /* ps */
    size_t count, room;
    bool failed; /* no memory: some are missing */
    bool sorted; /* since the last one was added */
};

void times_add(struct times *times, uint64_t ps);
void times_restart(struct times *times);
double times_mean(const struct times *times); /* ps */
void times_free(struct times *times);
/* The smallest time at or below which `ppm` of a million lie; 0 when there is none. Sorts what is there. */
uint64_t times_share(struct times *times, uint32_t ppm);
/* NAME_mean_ns, NAME_p50_ns to NAME_p99_99_ns, NAME_max_ns. */
void times_report(struct times *times, struct experiment_result *result, const char *name);

#endif
