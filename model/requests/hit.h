// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_MODEL_HIT_H
#define AMDVI_MODEL_HIT_H

#include "model/device.h"

/*
 * The shortest way: a request of one page by the device that asked last, without anything special about it,
 * whose translation is cached. False: the request has to go the whole way, which gives the same answer.
 */
bool answer_hit(struct amdvi_device *device, const struct amdvi_request *request,
                struct amdvi_result *result);

#endif
