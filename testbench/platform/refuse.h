// SPDX-License-Identifier: Apache-2.0
/* Texts about mistakes in a configuration. */
#ifndef AMDVI_PLATFORM_REFUSE_H
#define AMDVI_PLATFORM_REFUSE_H

#include "testbench/platform/machine.h"

/* Puts a text into `error`, which may be null; false, always. */
__attribute__((format(printf, 2, 3))) bool refuse(struct machine_error *error, const char *format, ...);

#endif
