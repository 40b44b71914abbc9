// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_FAULT_ROUTE_H
#define AMDVI_MODEL_FAULT_ROUTE_H

#include "model/logs/fault.h"
#include "model/lookup/fault_report.h"

static inline void fault_report_begin(struct fault_report *report)
{
    report->steps.at = 0;
}

/* Makes the fault and puts its record into the log that it belongs to (viommu 8.1); `fault->logged` says
 * whether it is there. Steps: false means that the record is on its way. */
bool fault_raise(struct amdvi_device *device, struct job *job, enum reason reason,
                 const struct fault_facts *facts, const struct dte *dte, struct amdvi_fault *fault,
                 struct fault_report *report);

#endif
