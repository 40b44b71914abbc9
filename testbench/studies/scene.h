// SPDX-License-Identifier: Apache-2.0
/*
 * What stands around the devices of an experiment, on one clock: any number of IOMMUs, each a world, and an
 * agenda of what processors, links and devices do next. Things of one moment happen in a fixed order: IOMMUs
 * by number, then the agenda in the order in which it was written.
 */
#ifndef AMDVI_STUDIES_SCENE_H
#define AMDVI_STUDIES_SCENE_H

#include "amdvi/experiment.h"
#include "testbench/studies/world.h"

enum { SCENE_IOMMUS = 64 };

typedef void scene_step(void *self, uint64_t argument);

struct scene_event {
    uint64_t when, order;
    scene_step *happens;
    void *self;
    uint64_t argument;
};

struct scene_wait {
    uint64_t number; /* of the COMPLETION_WAIT */
    scene_step *flushed;
    void *self;
    uint64_t argument;
};

struct scene_iommu {
    struct world world;
    struct scene *scene;
    unsigned number;
    struct scene_wait *waits; /* those not stored yet, oldest first: a ring */
    size_t first, count, room;
};

struct scene {
    struct scene_iommu *iommus;
    unsigned count;
    struct scene_event *agenda; /* a heap */
    size_t events, room;
    uint64_t order, now; /* now: ps */
    bool failed;
    void *context; /* the workload's */
    void (*answered)(void *context, unsigned iommu, const struct amdvi_timed_completion *completion);
};

/* Several IOMMUs with one experiment's keys and parameters. False: no memory or a wrong value;
 * scene_close() all the same. */
bool scene_open(struct scene *m, const struct experiment *e, unsigned iommus);
void scene_close(struct scene *m);
struct world *scene_world(struct scene *m, unsigned iommu);

/* `happens` is called with `self` and `argument` at `when`, the present or later. */
void scene_put(struct scene *m, uint64_t when, scene_step *happens, void *self, uint64_t argument);
/* Submits a request now; its end is told by answered(). */
void scene_request(struct scene *m, unsigned iommu, unsigned port, const struct amdvi_request *request,
                   uint64_t tag);
/* Commands that were put into the ring, and a COMPLETION_WAIT behind them, are seen now; `flushed` is called
 * when its store is there. */
void scene_flush(struct scene *m, unsigned iommu, scene_step *flushed, void *self, uint64_t argument);
/* The next thing happens. False: nothing is left, or something failed. */
bool scene_next(struct scene *m);

/* One of the experiment's operations has ended: for who waits. */
void scene_operation(struct scene *m);

/* Warm-up is over: statistics of all IOMMUs start again. */
void scene_restart(struct scene *m);
bool scene_good(const struct scene *m);

#endif
