// SPDX-License-Identifier: Apache-2.0
/* Where the logs of the host stand, as others see it. */
#ifndef AMDVI_MODEL_HOST_LOG_H
#define AMDVI_MODEL_HOST_LOG_H

#include "model/device.h"

bool log_running(const struct amdvi_device *device, enum amdvi_log log, bool b);
void log_enable_rose(struct amdvi_device *device, enum amdvi_log log);
/* The control register was `old`. */
void log_dual_changed(struct amdvi_device *device, uint64_t old);
/* Software has taken these overflow bits of the status register back. */
void log_overflow_cleared(struct amdvi_device *device, uint64_t bits);

#endif
