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
    bool calling;       /* one of its functions runs, and may submit and answer */
    bool cancelling;    /* everything is taken back: none may */
    bool busy[UNITS];   /* the device's own jobs: in the middle of something */
    bool wanted[UNITS]; /* to be run once more */
    bool stirred;       /* something ended that a ring may wait for */
};

/* Around each call of the surroundings' functions. */
static inline bool external_call_begin(struct amdvi_device *device)
{
    device->external->calling = !device->external->cancelling;
    return device_leave(device);
}

static inline void external_call_end(struct amdvi_device *device, bool was)
{
    device_return(device, was);
    device->external->calling = false;
}

/* Somebody else's callback runs: it must neither submit nor answer. */
static inline bool external_refuses(const struct amdvi_device *device)
{
    return device_busy(device) && !(device->external && device->external->calling);
}

enum { NO_SLOT = UINT32_MAX };

/* The job goes on at the next turn of the pump. */
void external_ready(struct external *external, struct job *job);
struct job *external_take_ready(struct external *external);
/* False: no such question is open. */
bool external_answer(struct external *external, uint64_t id, enum amdvi_memory_result result,
                     const void *data);
/* The same from the device's own memory. */
bool external_answer_now(struct amdvi_device *device, uint64_t id);

#endif
