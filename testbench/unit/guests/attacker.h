// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that does anything it likes, drawn from a seed: its ring, tables and pages, registers, what its VMM
 * hands on for it, requests of its devices, devices that leave invalidations unanswered.
 */
#ifndef AMDVI_TEST_GUESTS_ATTACKER_H
#define AMDVI_TEST_GUESTS_ATTACKER_H

#include "testbench/unit/guests/world.h"

enum { ATTACKER_TAGS = 512 };

struct attacker {
    struct world *w;
    unsigned g;
    uint64_t random;
    enum attacker_silence { ANSWER, SOMETIMES, NEVER } silence; /* what its devices do */
    uint32_t tags[ATTACKER_TAGS];
    uint64_t unanswered; /* invalidations, in all */
};

/* So many actions, and perhaps a run. */
void attacker_act(struct attacker *a, unsigned actions);
/* An attacker that stopped its own queue is let go on by its VMM. */
void attacker_revive(struct attacker *a);
void attacker_put_command(struct attacker *a);
unsigned attacker_pick(struct attacker *a, unsigned below);
/* What a device of the attacker answers; `context` is the attacker. */
enum amdvi_atc_answer attacker_answers(void *context, const struct amdvi_atc_invalidation *invalidation);

#endif
