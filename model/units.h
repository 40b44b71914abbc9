// SPDX-License-Identifier: Apache-2.0
/* The device's own jobs while its memory is answered from outside: the ring of the host, those of guests, the
 * writer of records. Without surroundings amdvi_run() runs the rings, and records are written at once. */
#ifndef AMDVI_MODEL_UNITS_H
#define AMDVI_MODEL_UNITS_H

#include "model/port/external.h"

/* With the surroundings, and again after a reset. */
void units_begin(struct amdvi_device *device);
void units_end(struct amdvi_device *device);

/* Something has happened that a ring may wait for. */
void units_stir(struct amdvi_device *device);
void unit_step(struct amdvi_device *device, const struct job *job);
/* Whether one of them is in the middle of something. */
bool units_busy(const struct amdvi_device *device);

#endif
