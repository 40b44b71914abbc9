// SPDX-License-Identifier: Apache-2.0
/* The generated table of parameters. */
#ifndef AMDVI_MODEL_TIMED_TABLE_H
#define AMDVI_MODEL_TIMED_TABLE_H

#include "amdvi/timed.h"
#include "model/timed_parameters.h"

struct parameter_row {
    struct amdvi_timed_parameter public;
    uint64_t fallback;
};

struct preset_row {
    const char *name, *meaning, *settings, *device;
};

extern const struct parameter_row parameter_rows[PARAMETERS];
extern const struct preset_row preset_rows[]; /* the last one has no name */

_Static_assert((int)PARAMETERS <= (int)AMDVI_TIMED_PARAMETERS_MAX, "all parameters have a place");

#endif
