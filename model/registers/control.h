// SPDX-License-Identifier: Apache-2.0
/* The registers as the device itself uses them. */
#ifndef AMDVI_MODEL_CONTROL_H
#define AMDVI_MODEL_CONTROL_H

#include "model/device.h"

/* control.c: the control register's write, and what follows from it. */
uint64_t control_legal(const struct amdvi_device *device, uint64_t old, uint64_t value);
void control_changed(struct amdvi_device *device, uint64_t old);
/* The host's ring starts anew: what was blocked at its head is fetched again. */
void command_restart(struct amdvi_device *device);
void device_derive(struct amdvi_device *device);
void segments_derive(struct amdvi_device *device);

/* regs.c */
/* amdvi_mmio_write() without what guests see of it: guests_settle() comes after. */
enum amdvi_status mmio_write(struct amdvi_device *device, uint64_t offset, unsigned size, uint64_t value);
void regs_reset(struct amdvi_device *device);
uint64_t status_value(const struct amdvi_device *device);

#endif
