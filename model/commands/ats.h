// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_ATS_H
#define AMDVI_MODEL_ATS_H

#include "model/device.h"

/* False: too many of this issuer are unanswered, or there is no memory: try again later. */
bool atc_invalidate(struct amdvi_device *device, const uint64_t command[2], uint64_t address,
                    struct atc_issuer *issuer);
/* `job` is whose the records of time-outs are. */
void atc_check_timeouts(struct amdvi_device *device, const struct job *job);

#endif
