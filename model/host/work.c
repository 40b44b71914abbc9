// SPDX-License-Identifier: Apache-2.0
/* Whether a run would find something to do. */
#include "amdvi/host.h"

#include "model/guests/guest.h"

static bool host_ring_waits(const struct amdvi_device *device)
{
    uint64_t base = device->reg[REG_CMD_BASE];
    struct ring ring = ring_make(reg_cmd_base_base(base), (unsigned)reg_cmd_base_len(base), CMD_BYTES);

    return device->command_run && ring.bytes &&
           ring_wrap(&ring, device->reg[REG_CMD_HEAD]) != ring_wrap(&ring, device->reg[REG_CMD_TAIL]);
}

enum amdvi_status amdvi_has_work(const struct amdvi_device *device, bool *work)
{
    if (!device || !work)
        return AMDVI_ERR_ARGUMENT;
    *work = host_ring_waits(device) || device->guests.queue_first || atc_ended(device);
    return AMDVI_OK;
}
