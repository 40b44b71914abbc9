// SPDX-License-Identifier: Apache-2.0
/*
 * What the host does meanwhile for the guest that may be an attacker, drawn from a seed: the same whether
 * that guest is idle or not. VMs end and others get their GuestID, with and without RESET_VMMIO; areas of the
 * private space and the entry of TransDevID go and come.
 */
#ifndef AMDVI_TEST_GUESTS_HOST_SCRIPT_H
#define AMDVI_TEST_GUESTS_HOST_SCRIPT_H

#include "testbench/unit/guests/world.h"

struct host_script {
    struct world *w;
    unsigned g;      /* the guest that may be an attacker */
    unsigned served; /* one whose device the host invalidates at each step */
    uint64_t random, step;
};

/* Returns what the host's COMPLETION_WAIT of this step has stored: the number of the step, if the ring goes
 * on. */
uint64_t host_script_step(struct host_script *h);

#endif
