// SPDX-License-Identifier: GPL-2.0-only
/* All scenarios, in the order in which they run. */
#include "host/world.h"

extern const struct scenario scenario_boot;

const struct scenario *const scenarios[] = {
    &scenario_boot,
    NULL,
};
