// SPDX-License-Identifier: Apache-2.0
/* Weights and caps of guests' rings (performance 1.1 no. 6). */
#include "model/guests/guest_work.h"

enum { MOST_WEIGHT = 65535 };

enum amdvi_status amdvi_set_guest_share(struct amdvi_device *device, uint16_t guest_id,
                                        const struct amdvi_guest_share *share)
{
    struct guest *guest;

    if (!device || !share || share->weight == 0 || share->weight > MOST_WEIGHT ||
        (share->commands && !share->period_ns))
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (!device->guests.pages || guest_rejected(device, guest_id))
        return AMDVI_ERR_UNSUPPORTED;
    guest = guest_get(device, guest_id);
    if (!guest)
        return AMDVI_ERR_NO_MEMORY;
    guest->share = *share;
    guest->share_used = 0;
    return AMDVI_OK;
}

uint64_t guest_share_turn(const struct amdvi_device *device, const struct guest *guest)
{
    return device->config.value[CONFIG_GUEST_TURN] * (guest->share.weight ? guest->share.weight : 1);
}

bool guest_share_spent(const struct amdvi_device *device, struct guest *guest)
{
    uint64_t since;

    if (!guest->share.commands)
        return false;
    since = device->now / guest->share.period_ns * guest->share.period_ns;
    if (since != guest->share_since) {
        guest->share_since = since;
        guest->share_used = 0;
    }
    return guest->share_used >= guest->share.commands;
}

enum amdvi_status amdvi_guest_share_next(const struct amdvi_device *device, uint64_t *when)
{
    if (!device || !when)
        return AMDVI_ERR_ARGUMENT;
    *when = UINT64_MAX;
    for (const struct guest *guest = device->guests.queue_first; guest; guest = guest->next_queued) {
        uint64_t next = guest->share_since + guest->share.period_ns;
        if (guest->share.commands && guest->share_used >= guest->share.commands && next < *when)
            *when = next;
    }
    return AMDVI_OK;
}
