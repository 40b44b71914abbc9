// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_COMMAND_H
#define AMDVI_MODEL_COMMAND_H

#include "model/memory.h"

enum command_progress {
    COMMAND_DONE,    /* consumed */
    COMMAND_BLOCKED, /* behind remote invalidations: try again later */
    COMMAND_HALTED,  /* an event was logged, the ring stops at this command */
};

struct command {
    uint64_t words[2];
    uint64_t address; /* SPA, of guests the address as the guest names it */
};

/* What host and guests have in common, once all IDs in `c` are the host's; `guest` is null for the host. */
enum command_progress command_common(struct amdvi_device *device, const struct command *c,
                                     struct guest *guest);

#endif
