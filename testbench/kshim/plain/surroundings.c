// SPDX-License-Identifier: GPL-2.0-only
/* A scenario in a plain process. */
#include "host/surroundings.h"

#include "testbench/platform/way_timed.h"

int surroundings_run(int (*run)(void *argument), void *argument)
{
    return run(argument);
}

const struct machine_way *surroundings_way(bool timed)
{
    return timed ? &way_timed : NULL;
}

bool surroundings_take(const char *scenario)
{
    (void)scenario;
    return true;
}

const char *surroundings_finish(void)
{
    return NULL;
}
