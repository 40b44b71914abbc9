// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_POSTING_H
#define AMDVI_MODEL_POSTING_H

#include "model/port/job.h"

enum posting_state {
    POSTING_BEGIN,
    POSTING_UPDATE, /* the IRR's old value is known */
    POSTING_LOG,
};

/* A vector on its way to a guest's vAPIC backing page. */
struct posting {
    uint8_t state; /* enum posting_state: POSTING_BEGIN before the first call */
    uint8_t error; /* enum walk_error of the backing page */
    uint8_t tries;
    uint64_t old, seen;
};

/*
 * Posts a guest-mode entry's vector to its guest (8.6). `owner` is the GuestID whose virtual IOMMU
 * interrupts, null for a device's interrupt. False: it has asked.
 */
bool posting_deliver(struct amdvi_device *device, struct job *job, uint16_t requester,
                     const struct irte *irte, const uint16_t *owner, struct posting *posting);

#endif
