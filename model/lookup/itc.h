// SPDX-License-Identifier: Apache-2.0
/* Interrupt remapping entries, from the cache or from memory. */
#ifndef AMDVI_MODEL_ITC_H
#define AMDVI_MODEL_ITC_H

#include "model/device.h"

struct irte_fetch {
    bool asked; /* false before the first call */
    uint64_t raw[2];
    uint64_t address;
    enum reason reason;
    uint8_t error; /* enum walk_error of REASON_INT_READ_ERROR */
    bool cached;
};
bool itc_fetch(struct amdvi_device *device, struct job *job, const struct dte *dte, uint16_t requester,
               uint32_t index, struct irte_fetch *fetch);
bool itc_read(struct amdvi_device *device, struct job *job, uint64_t address, uint64_t raw[2],
              uint8_t *error);
void itc_invalidate(struct amdvi_device *device, uint16_t requester);
void itc_invalidate_all(struct amdvi_device *device);
/* The entry that the cache holds, untouched; null if there is none. */
const uint64_t *itc_peek(const struct amdvi_device *device, uint16_t requester, uint32_t index);

#endif
