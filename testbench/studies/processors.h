// SPDX-License-Identifier: Apache-2.0
/*
 * Processors that run an IOMMU's driver: each does one chore after the other; a chore costs time of its
 * processor and may end with a flush, for which it takes the lock of the command ring, writes commands, and
 * spins until they are done. The lock is a server of its own for each IOMMU, first come first served.
 */
#ifndef AMDVI_STUDIES_PROCESSORS_H
#define AMDVI_STUDIES_PROCESSORS_H

#include "testbench/studies/scene.h"
#include "testbench/studies/times.h"

struct chore {
    uint64_t cost; /* ps */
    bool flushes;
    uint64_t after; /* ps of computing behind the flush */
    unsigned iommu;
    scene_step *done; /* called with the workload and `argument` */
    uint64_t argument;
};

struct processors {
    struct scene *scene;
    struct processor *all;
    unsigned count;
    uint64_t lock_hold; /* ps for which a flush holds the lock */
    uint64_t lock_free[SCENE_IOMMUS];
    void *context; /* the workload */
    /* The commands of a flush go into the IOMMU's ring. */
    void (*commands)(void *context, struct world *world, uint64_t argument);
    struct times flush; /* from asking for the lock to the end of the wait */
    struct times lock;  /* for the lock alone */
    uint64_t busy, since;
};

bool processors_open(struct processors *p, struct scene *m, unsigned count, uint64_t lock_hold);
void processors_close(struct processors *p);
void processors_do(struct processors *p, unsigned processor, struct chore chore);
/* Warm-up is over. */
void processors_restart(struct processors *p);
/* flush_..., lock_wait_mean_ns, processors_busy_share. */
void processors_report(struct processors *p, struct experiment_result *result);

#endif
