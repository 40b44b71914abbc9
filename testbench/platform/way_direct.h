// SPDX-License-Identifier: Apache-2.0
/* What ways to a device of the library's own share. */
#ifndef AMDVI_PLATFORM_WAY_DIRECT_H
#define AMDVI_PLATFORM_WAY_DIRECT_H

#include "testbench/platform/way.h"

/* A device that reads RAM in place. As amdvi_create(). */
enum amdvi_status way_direct_device(const struct machine_order *order, struct amdvi_device **device);

#endif
