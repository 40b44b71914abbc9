// SPDX-License-Identifier: Apache-2.0
#include "model/port/job.h"

bool port_ask_read(struct amdvi_device *device, struct job *job, const struct place *place, void *data,
                   size_t length, uint8_t *error)
{
    return false;
}

bool port_ask_write(struct amdvi_device *device, struct job *job, const struct place *place, const void *data,
                    size_t length, uint8_t *error)
{
    return false;
}

bool port_ask_update(struct amdvi_device *device, struct job *job, const struct place *place,
                     uint64_t expected, uint64_t desired, uint64_t *seen, uint8_t *error)
{
    return false;
}

void job_wake(struct amdvi_device *device, struct job *job)
{
    job->ready = true;
}
