// SPDX-License-Identifier: Apache-2.0
/* A VMM that traps each submission: exit on the guest's processor, the rest under a lock (performance 1.1 no.
 * 9). */
#include "model/timed/table.h"

#include <string.h>

enum { SERVERS = 64, LOCK_GUEST = 1, LOCK_CONVOY = 2, PPM = 1000000 };

enum amdvi_status amdvi_trap_begin(struct amdvi_trap *trap, const struct amdvi_timed_parameters *parameters)
{
    if (!trap || !parameters)
        return AMDVI_ERR_ARGUMENT;
    memset(trap, 0, sizeof(*trap));
    trap->parameters = *parameters;
    return amdvi_timed_check(parameters, NULL);
}

/* Those before it that still wait or are served, as far as they are remembered. */
static uint64_t waiters(const struct amdvi_trap *trap, uint64_t when)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < SERVERS; i++)
        count += trap->ends[i] > when;
    return count;
}

static uint64_t service(const struct amdvi_trap *trap, uint64_t when)
{
    const uint64_t *p = trap->parameters.value;
    uint64_t time = p[PARAMETER_TRAP_DISPATCH] + p[PARAMETER_TRAP_SUBMIT] + p[PARAMETER_TRAP_FLUSH];

    if (p[PARAMETER_TRAP_LOCK] == LOCK_CONVOY)
        time += time / PPM * p[PARAMETER_TRAP_CONVOY] * waiters(trap, when);
    return time;
}

enum amdvi_status amdvi_trap_submit(struct amdvi_trap *trap, uint64_t when, unsigned guest, uint64_t *done)
{
    uint64_t asks, begins, *free_at;

    if (!trap || !done || when > AMDVI_TIMED_LAST)
        return AMDVI_ERR_ARGUMENT;
    free_at = &trap->free_at[trap->parameters.value[PARAMETER_TRAP_LOCK] == LOCK_GUEST ? guest % SERVERS : 0];
    asks = when + trap->parameters.value[PARAMETER_TRAP_EXIT];
    begins = *free_at > asks ? *free_at : asks;
    *free_at = begins + service(trap, asks);
    trap->ends[trap->submissions++ % SERVERS] = *free_at;
    trap->wait_ps += begins - asks;
    trap->busy_ps += *free_at - begins;
    *done = *free_at;
    return AMDVI_OK;
}
