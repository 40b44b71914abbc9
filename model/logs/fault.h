// SPDX-License-Identifier: Apache-2.0
/* Faults: what the device is told and what is recorded. */
#ifndef AMDVI_MODEL_FAULT_H
#define AMDVI_MODEL_FAULT_H

#include "model/base/fault_facts.h"
#include "model/device.h"

/* The answer to the device and the record of the fault; false: nothing is to be recorded. */
bool fault_make(struct amdvi_device *device, enum reason reason, const struct fault_facts *facts,
                const struct dte *dte, struct event *event, struct amdvi_fault *fault);

/* event.c: after an event's record was written or lost. */
void event_written(struct amdvi_device *device, const uint64_t record[2], bool logged);

#endif
