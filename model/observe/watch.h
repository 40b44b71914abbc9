// SPDX-License-Identifier: Apache-2.0
/*
 * For those who want to see every request (device_watch()): the statistics before an operation are kept, so
 * that afterwards it can be told what the operation did. Counters and the observer's `hit` live on this.
 */
#ifndef AMDVI_MODEL_WATCH_H
#define AMDVI_MODEL_WATCH_H

#include "model/lookup/translate.h"

void watch_begin(struct amdvi_device *device);
void watch_page(struct amdvi_device *device, const struct translation *t);

struct watched_interrupt {
    uint16_t requester;
    uint64_t address;
    uint32_t data;
    const struct dte *dte; /* null if there is none */
    bool smi;
    const struct amdvi_int_result *result;
};
void watch_interrupt(struct amdvi_device *device, const struct watched_interrupt *interrupt);

#endif
