// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_COMMAND_H
#define AMDVI_MODEL_COMMAND_H

#include "model/port/job.h"

enum command_progress {
    COMMAND_DONE,    /* consumed */
    COMMAND_BLOCKED, /* behind remote invalidations: try again later */
    COMMAND_HALTED,  /* an event was logged, the ring stops at this command */
};

struct command {
    uint64_t words[2];
    uint64_t address; /* SPA, of guests the address as the guest names it */
};

/* Where the head is after a command that halts the ring (13 #18, viommu 12 E4). */
enum faulty_head { FAULTY_STAY, FAULTY_NEXT, FAULTY_TAIL };

static inline uint32_t command_faulty_head(const struct amdvi_device *device, const struct ring *ring,
                                           uint32_t head, uint32_t tail)
{
    switch (device->config.value[CONFIG_CMD_HEAD]) {
    case FAULTY_NEXT:
        return ring_next(ring, head);
    case FAULTY_TAIL:
        return tail;
    default:
        return head;
    }
}

/* Known, without reserved bits; by choice also without a PASID that does not count (15 D12). */
bool command_legal(const struct amdvi_device *device, const uint64_t words[2]);

/* What host and guests have in common, once all IDs in `c` are the host's; `guest` is null for the host. */
enum command_progress command_common(struct amdvi_device *device, struct job *job, const struct command *c,
                                     struct guest *guest);

/* guest_command.c: the guests' turns. */
void guests_run(struct amdvi_device *device);

#endif
