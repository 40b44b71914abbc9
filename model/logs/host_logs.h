// SPDX-License-Identifier: Apache-2.0
/* Where the logs of the host stand. */
#ifndef AMDVI_MODEL_HOST_LOGS_H
#define AMDVI_MODEL_HOST_LOGS_H

#include <stdbool.h>
#include <stdint.h>

/* A log of the host or of a guest. `stopped`: overflowed, waits for its enable bit to rise (7.1). */
struct log_state {
    bool stopped[2]; /* A, B */
    bool active_b;   /* dual logs: which one is written */
    uint64_t count;  /* records since the enable bit last rose */
};

struct host_logs {
    struct log_state log[3]; /* enum amdvi_log */
};

#endif
