// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_POSTING_H
#define AMDVI_MODEL_POSTING_H

#include "model/port/memory.h"

/*
 * Posts a guest-mode entry's vector to its guest (8.6). `owner` is the GuestID whose virtual IOMMU
 * interrupts, null for a device's interrupt. Returns enum walk_error of the backing page.
 */
uint8_t posting_deliver(struct amdvi_device *device, uint16_t requester, const struct irte *irte,
                        const uint16_t *owner);

#endif
