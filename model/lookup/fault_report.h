// SPDX-License-Identifier: Apache-2.0
/* What a lookup ended with, on its way into a log. */
#ifndef AMDVI_MODEL_FAULT_REPORT_H
#define AMDVI_MODEL_FAULT_REPORT_H

#include "cmdbuf/event.h"
#include "model/port/steps.h"

/* A fault whose record is on its way (guests/fault_route.h). */
struct fault_report {
    struct steps steps, both;
    struct event event;
};

#endif
