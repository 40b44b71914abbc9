// SPDX-License-Identifier: Apache-2.0
/* The same script of a victim, alone and beside an attacker: nothing of it differs. */
#ifndef AMDVI_TEST_GUESTS_ISOLATION_H
#define AMDVI_TEST_GUESTS_ISOLATION_H

#include <stdbool.h>
#include <stdint.h>

enum { VICTIM, ATTACKER, OTHER };

struct isolation {
    uint64_t seed;
    bool by_gpa;          /* GstBufferTRPMode */
    const char *settings; /* "key=value key=value"; null: the defaults */
    unsigned steps;
    /* Out: what was seen in all. */
    uint64_t victims, attackers, unanswered; /* commands of both; invalidations left unanswered */
};

/* Null, or what differs: results, memory, registers, progress, or a run that is too dear; the details go to
 * stderr. Adds to what was seen. */
const char *isolation_run(struct isolation *run);

#endif
