// SPDX-License-Identifier: Apache-2.0
/* The answer to a device whose page request group is served (9). */
#include "model/device.h"
#include "model/signals/signals.h"

bool prg_carries_pasid(const struct amdvi_device *device, const struct dte *dte)
{
    return device->config.value[CONFIG_PPR_PASID] || (dte && dte->prg_pasid);
}

void prg_respond(struct amdvi_device *device, const struct amdvi_prg_response *response)
{
    bool was;

    if (__builtin_expect(device->inject.active, 0) && inject_prg(device, response->device))
        return;
    was = device_leave(device);
    if (device->callbacks.prg_response)
        device->callbacks.prg_response(device->callbacks.context, response);
    if (device->observed && device->observer.prg_response)
        device->observer.prg_response(device->observer.context, response);
    device_return(device, was);
}
