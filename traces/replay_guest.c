// SPDX-License-Identifier: Apache-2.0
/* Logs and interrupts of guests, as far as a trace asks for them. */
#include "traces/replay_internal.h"

void guest_log_keep(struct amdvi_replay *replay, const struct amdvi_event_info *info)
{
    struct guest_logged logged = {.gid = info->guest_id,
                                  .log = (uint8_t)info->log,
                                  .index = info->index,
                                  .record = {info->record[0], info->record[1]}};

    replay->out_of_memory |= !list_add(&replay->guest_logs, &logged);
}

/* The latest record of that index: a log that was enabled anew starts from 0 again. */
const uint64_t *guest_log_find(const struct amdvi_replay *replay, uint16_t gid, enum amdvi_log log,
                               uint64_t index)
{
    const struct guest_logged *all = replay->guest_logs.items;
    uint64_t count = 0;

    if (amdvi_guest_log_count(replay->device, gid, log, &count) != AMDVI_OK || index >= count)
        return NULL;
    for (size_t i = replay->guest_logs.count; i-- > 0;)
        if (all[i].gid == gid && all[i].log == log && all[i].index == index)
            return all[i].record;
    return NULL;
}

/* Made when it is first asked for; null when there is no memory. */
struct irq_seen *guest_irq_of(struct amdvi_replay *replay, uint16_t gid, uint8_t kind)
{
    struct guest_irq *all = replay->guest_irqs.items;
    struct guest_irq fresh = {.gid = gid, .kind = kind};

    for (size_t i = 0; i < replay->guest_irqs.count; i++)
        if (all[i].gid == gid && all[i].kind == kind)
            return &all[i].seen;
    if (!list_add(&replay->guest_irqs, &fresh)) {
        replay->out_of_memory = true;
        return NULL;
    }
    all = replay->guest_irqs.items;
    return &all[replay->guest_irqs.count - 1].seen;
}
