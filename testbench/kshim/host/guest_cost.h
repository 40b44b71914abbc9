/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest's flushes cost. A flush begins with the first doorbell after the end of the one before, and
 * ends when the word of the guest's COMPLETION_WAIT is in memory. The unit of time is a command that the
 * IOMMU takes, from whatever ring: each that it takes meanwhile is one that the guest waits for. In hardware
 * mode these are the guest's own; in mediated mode they are the host's, and the VMM has read the guest's in
 * software before.
 */
#ifndef KSHIM_GUEST_COST_H
#define KSHIM_GUEST_COST_H

#include "amdvi/amdvi.h"

struct ram;

struct guest_cost {
    uint64_t commands; /* that the guest has put into its ring */
    uint64_t flushes;  /* that have ended */
    uint64_t taken;    /* commands of any ring during flushes */
    uint64_t longest;  /* most of one flush */

    struct ram *ram;
    uint64_t spa, bytes;      /* the guest's memory */
    uint64_t base;            /* its register of the ring's base */
    uint64_t tail;            /* up to where the ring has been read */
    uint64_t ran, since;      /* commands so far, and when the flush began */
    uint64_t waiting, wanted; /* where the last store goes, 0: nowhere; and what */
    bool flushing;
    struct amdvi_observation *observation;
};

/* From here on, with the guest's memory at `spa`. The structure must stay where it is until the end. */
void guest_cost_start(struct guest_cost *cost, struct amdvi_device *iommu, struct ram *ram, uint64_t spa,
                      uint64_t bytes);
/* Before and after each write of the guest to a register of its IOMMU. */
void guest_cost_before(struct guest_cost *cost, uint64_t offset, uint64_t value);
void guest_cost_after(struct guest_cost *cost);
void guest_cost_end(struct guest_cost *cost);

#endif
