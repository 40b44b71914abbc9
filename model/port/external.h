// SPDX-License-Identifier: Apache-2.0
/* What the port knows of those who answer later: a place for each job, and the jobs whose answer has come. */
#ifndef AMDVI_MODEL_EXTERNAL_H
#define AMDVI_MODEL_EXTERNAL_H

#include "amdvi/external.h"
#include "model/port/job.h"

struct external_slot {
    struct job *job;   /* null: free */
    uint32_t sequence; /* of the last question */
    uint32_t next_free;
};

struct external {
    struct amdvi_external face;
    struct external_slot *slots;
    uint32_t capacity, free_slot, count;
    struct job *ready_first, *ready_last;
    bool pumping;
    bool busy[UNITS];   /* the device's own jobs: in the middle of something */
    bool wanted[UNITS]; /* to be run once more */
    bool stirred;       /* something ended that a ring may wait for */
};

enum { NO_SLOT = UINT32_MAX };

/* The job goes on at the next turn of the pump. */
void external_ready(struct external *external, struct job *job);
struct job *external_take_ready(struct external *external);
/* False: no such question is open. */
bool external_answer(struct external *external, uint64_t id, enum amdvi_memory_result result,
                     const void *data);

#endif
