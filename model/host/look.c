// SPDX-License-Identifier: Apache-2.0
/* A translation as memory has it now, without any effect on the device. */
#include "amdvi/host.h"

#include "model/lint/shadow.h"
#include "model/requests/request.h"

/* The pages behind the first; the first that fails makes the whole request fail [15 D11]. */
static void look_at_rest(struct amdvi_device *device, const struct amdvi_request *request,
                         struct amdvi_result *result, bool *updates)
{
    uint64_t done = request_answered(device, result, request->address, request->length);
    struct shadow shadow;

    while (result->ok && done < request->length) {
        shadow_page(device, request, request->address + done, &shadow);
        *updates |= shadow.updates;
        if (!shadow.result.ok)
            *result = shadow.result;
        done += request_answered(device, &shadow.result, request->address + done, request->length - done);
    }
}

enum amdvi_status amdvi_look_updates(struct amdvi_device *device, const struct amdvi_request *request,
                                     struct amdvi_result *result, bool *updates)
{
    struct shadow shadow;

    if (!device || !result || !updates || !request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (request_is_interrupt(request))
        return AMDVI_ERR_UNSUPPORTED;
    shadow_page(device, request, request->address, &shadow);
    *result = shadow.result;
    *updates = shadow.updates;
    if (result->ok && request->at != AMDVI_TRANSLATION_REQUEST)
        look_at_rest(device, request, result, updates);
    return AMDVI_OK;
}

enum amdvi_status amdvi_look(struct amdvi_device *device, const struct amdvi_request *request,
                             struct amdvi_result *result)
{
    bool updates;

    return amdvi_look_updates(device, request, result, &updates);
}
