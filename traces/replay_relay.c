// SPDX-License-Identifier: Apache-2.0
/* Hands what the device tells on to the caller's observer, with the caller's context. */
#include "traces/replay_internal.h"

static const struct amdvi_observer *caller(void *context)
{
    return ((struct amdvi_replay *)context)->options.observer;
}

static void relay_access(void *context, const struct amdvi_access_info *info)
{
    caller(context)->access(caller(context)->context, info);
}

static void relay_request(void *context, const struct amdvi_request *request,
                          const struct amdvi_result *result)
{
    caller(context)->request(caller(context)->context, request, result);
}

static void relay_interrupt(void *context, uint16_t requester, uint64_t address, uint32_t data,
                            const struct amdvi_int_result *result)
{
    caller(context)->interrupt(caller(context)->context, requester, address, data, result);
}

static void relay_command(void *context, const struct amdvi_command_info *info)
{
    caller(context)->command(caller(context)->context, info);
}

static void relay_mmio(void *context, bool write, uint64_t offset, unsigned size, uint64_t value)
{
    caller(context)->mmio(caller(context)->context, write, offset, size, value);
}

static void relay_hit(void *context, const struct amdvi_hit_info *info)
{
    caller(context)->hit(caller(context)->context, info);
}

struct amdvi_observer replay_relay(struct amdvi_replay *replay)
{
    const struct amdvi_observer *to = replay->options.observer;

    return (struct amdvi_observer){
        .context = replay,
        .access = to->access ? relay_access : NULL,
        .request = to->request ? relay_request : NULL,
        .interrupt = to->interrupt ? relay_interrupt : NULL,
        .command = to->command ? relay_command : NULL,
        .mmio = to->mmio ? relay_mmio : NULL,
        .hit = to->hit ? relay_hit : NULL,
    };
}
