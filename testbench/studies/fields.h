// SPDX-License-Identifier: Apache-2.0
/* Internal: the fields of workloads, by number. */
#ifndef AMDVI_STUDIES_FIELDS_H
#define AMDVI_STUDIES_FIELDS_H

#include "amdvi/experiment.h"

/* Where the value of field number `index` is. */
uint64_t *workload_value(struct workload *workload, size_t index);
/* The number of a field that there is. */
size_t workload_field_number(const char *name);

#endif
