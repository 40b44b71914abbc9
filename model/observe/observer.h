// SPDX-License-Identifier: Apache-2.0
/* Those who look on: a list, and one observer that stands for all of them. */
#ifndef AMDVI_MODEL_OBSERVER_H
#define AMDVI_MODEL_OBSERVER_H

#include "amdvi/amdvi.h"

struct amdvi_observation {
    struct amdvi_observation *next;
    struct amdvi_device *device;
    struct amdvi_observer observer;
};

/* After a change of what wants to see every request. */
void device_watch(struct amdvi_device *device);
/* With the device, whoever is still attached. */
void observers_free(struct amdvi_device *device);

#endif
