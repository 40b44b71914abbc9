// SPDX-License-Identifier: Apache-2.0
/* Who looks on: the observer of the public header, and all that want every request to go the whole way. */
#include "model/device.h"

void device_watch(struct amdvi_device *device)
{
    device->watched =
        device->pmu.active || device->inject.active || (device->observed && device->observer.hit);
}

enum amdvi_status amdvi_observe(struct amdvi_device *device, const struct amdvi_observer *observer)
{
    if (!device)
        return AMDVI_ERR_ARGUMENT;
    device->observed = observer != NULL;
    device->observer = observer ? *observer : (struct amdvi_observer){0};
    device_watch(device);
    return AMDVI_OK;
}
