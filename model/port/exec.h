// SPDX-License-Identifier: Apache-2.0
/* Runs page walks: answers what a walk asks from the caches, and hands its reads to the job's executor. */
#ifndef AMDVI_MODEL_EXEC_H
#define AMDVI_MODEL_EXEC_H

#include "model/port/job.h"

/* A walk under way. */
struct walk_run {
    bool begun; /* false before the first call; false again when the walk has ended */
    uint8_t ask;
    struct walk walk;
};

/* Runs a walk to its end; false: it has asked. `space` and `request` stay the same until then. */
bool exec_walk(struct amdvi_device *device, struct job *job, struct walk_run *run,
               const struct walk_request *request, const struct tlb_space *space);

/* The same at once, for the direct executor. */
void exec_walk_now(struct amdvi_device *device, struct job *job, struct walk *walk,
                   const struct walk_request *request, const struct tlb_space *space);

/* The direct window as loops over walks want it: empty when somebody watches the accesses. */
struct exec_window {
    const uint8_t *bytes;
    uint64_t first, limit;
};

static inline struct exec_window exec_open_window(const struct amdvi_device *device)
{
    const struct amdvi_memory *memory = &device->memory;
    bool usable = memory->direct_size >= sizeof(uint64_t) && !(device->observed | device->watched);

    return (struct exec_window){.bytes = memory->direct,
                                .first = memory->direct_base,
                                .limit = usable ? memory->direct_size - sizeof(uint64_t) + 1 : 0};
}

/* False: not a read, or not from the window. */
static inline bool exec_read_at_once(const struct exec_window *window, struct walk *walk, enum walk_ask ask)
{
    uint64_t offset = walk->address - window->first;

    if (ask != WALK_READ || offset >= window->limit)
        return false;
    memcpy(&walk->value, window->bytes + offset, sizeof(walk->value));
    return true;
}

/* Answers one question of a walk; false: it has been asked. */
bool exec_answer(struct amdvi_device *device, struct job *job, struct walk *walk, enum walk_ask ask,
                 const struct tlb_space *space);

#endif
