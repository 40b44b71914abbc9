// SPDX-License-Identifier: Apache-2.0
/*
 * For those who want to see every request (device_watch()): while somebody watches, a request or an interrupt
 * counts into statistics of its own, so that afterwards it can be told what it did, whatever else was under
 * way. Performance counters and the observer's `hit` live on this; what a command did it notes itself.
 */
#ifndef AMDVI_MODEL_WATCH_H
#define AMDVI_MODEL_WATCH_H

#include "model/port/watched.h"

struct translation;
/* Ends of operations that are watched. */
void watch_page(struct amdvi_device *device, struct translation *t);

struct watched_interrupt {
    uint16_t requester;
    uint64_t address;
    uint32_t data;
    const struct dte *dte; /* null if there is none */
    bool smi;
    const struct amdvi_int_result *result;
};
void watch_interrupt(struct amdvi_device *device, struct job *job, struct watch *watch,
                     const struct watched_interrupt *interrupt);

#endif
