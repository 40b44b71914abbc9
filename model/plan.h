// SPDX-License-Identifier: Apache-2.0
/* Plans of faults. */
#ifndef AMDVI_MODEL_PLAN_H
#define AMDVI_MODEL_PLAN_H

#include "model/device.h"

/* The plan of the configuration. */
void inject_reset(struct amdvi_device *device);

#endif
