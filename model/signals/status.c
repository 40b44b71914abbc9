// SPDX-License-Identifier: Apache-2.0
/* The status bits that software clears (2.7). */
#include "model/device.h"
#include "model/signals/signals.h"

void status_set(struct amdvi_device *device, uint64_t bits)
{
    device->reg[REG_STATUS] |= bits & device->mask[REG_STATUS].w1c;
}
