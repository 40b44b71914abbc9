// SPDX-License-Identifier: Apache-2.0
/*
 * A player under time (timing=on): the device's surroundings are the timed executor, and each record that
 * acts runs to its end before the next one begins, so results are those without time. A record with t= acts
 * at that time or, when the device is late, at the present. Data of requests moves in no time.
 */
#include "traces/replay_internal.h"

#include <stdio.h>
#include <string.h>

enum { PS_PER_NS = 1000 };
static const char prefix[] = "timing.";

/* ---------------------------------------------------------------- settings */

bool replay_time_is_setting(const char *key)
{
    return !strncmp(key, prefix, sizeof(prefix) - 1);
}

/* timing.preset, or timing.PARAMETER. */
enum amdvi_status replay_time_set(struct replay_time *time, const char *key, const char *value)
{
    const char *name = key + sizeof(prefix) - 1;

    if (!time->has_parameters)
        amdvi_timed_preset_parameters(&time->parameters, NULL);
    time->has_parameters = true;
    if (!strcmp(name, "preset"))
        return amdvi_timed_preset_parameters(&time->parameters, value);
    return amdvi_timed_set(&time->parameters, name, value);
}

/* ---------------------------------------------------------------- life */

static void ended(void *context, const struct amdvi_timed_completion *c)
{
    struct amdvi_replay *replay = context;
    struct replay_time *time = &replay->time;

    time->ended = true;
    time->status = c->what->status;
    time->answered = c->done / PS_PER_NS;
    switch (c->what->kind) {
    case AMDVI_SUBMITTED_REQUEST:
        if (!c->what->status)
            replay->last.result = *c->what->result;
        break;
    case AMDVI_SUBMITTED_INTERRUPT:
        if (!c->what->status)
            replay->last.message = *c->what->interrupt;
        break;
    case AMDVI_SUBMITTED_PAGE_REQUEST:
        if (!c->what->status)
            replay->last.page = *c->what->page_request;
        break;
    default:
        time->value = c->what->value;
    }
}

enum amdvi_status replay_time_start(struct amdvi_replay *replay)
{
    const struct amdvi_timed_host host = {.context = replay, .complete = ended};
    struct replay_time *time = &replay->time;
    uint64_t on = 0;

    amdvi_config_number(replay->config, "timing", &on);
    if (!on)
        return AMDVI_OK;
    return amdvi_timed_create(replay->device, time->has_parameters ? &time->parameters : NULL, &host, NULL,
                              &time->timed);
}

/* ---------------------------------------------------------------- one thing after the other */

/* Nothing is left to happen. AMDVI_ERR_BUSY: something waits for ever. */
static enum amdvi_status settle(struct replay_time *time)
{
    enum amdvi_status status = amdvi_timed_run(time->timed, AMDVI_TIMED_NEVER);

    return !status && amdvi_timed_pending(time->timed) ? AMDVI_ERR_BUSY : status;
}

static enum amdvi_status outcome(struct replay_time *time, enum amdvi_status submitted)
{
    enum amdvi_status status = submitted ? submitted : settle(time);

    if (status)
        return status;
    return time->ended ? time->status : AMDVI_ERR_BUSY;
}

static uint64_t begin(struct replay_time *time)
{
    time->ended = false;
    return amdvi_timed_now(time->timed);
}

/* Until the record's t=. */
enum amdvi_status replay_time_pass(struct replay_time *time, const struct amdvi_trace_record *record)
{
    uint64_t ns = amdvi_trace_num(record, AMDVI_TRACE_KEY_T, 0);

    if (!time->timed || ns <= amdvi_timed_now(time->timed) / PS_PER_NS)
        return AMDVI_OK;
    if (ns > AMDVI_TIMED_LAST / PS_PER_NS)
        return AMDVI_ERR_ARGUMENT;
    return amdvi_timed_run(time->timed, ns * PS_PER_NS);
}

enum amdvi_status replay_time_translate(struct replay_time *time, const struct amdvi_request *request)
{
    return outcome(time, amdvi_timed_request(time->timed, begin(time), 0, request, 0));
}

enum amdvi_status replay_time_interrupt(struct replay_time *time, uint16_t device, uint64_t address,
                                        uint32_t data)
{
    return outcome(time, amdvi_timed_interrupt(time->timed, begin(time), 0, device, address, data, 0));
}

enum amdvi_status replay_time_page_request(struct replay_time *time, const struct amdvi_page_request *request)
{
    return outcome(time, amdvi_timed_page_request(time->timed, begin(time), 0, request, 0));
}

/* `access->value` is what was read. */
enum amdvi_status replay_time_register(struct replay_time *time, struct amdvi_register_access *access)
{
    enum amdvi_status status = outcome(time, amdvi_timed_register(time->timed, begin(time), access, 0));

    if (!access->write)
        access->value = time->value;
    return status;
}

/* Rings that are not at their end go on. */
enum amdvi_status replay_time_run(struct amdvi_replay *replay)
{
    enum amdvi_status status = amdvi_run(replay->device);

    return status ? status : settle(&replay->time);
}

struct amdvi_timed *amdvi_replay_timed(struct amdvi_replay *replay)
{
    return replay ? replay->time.timed : NULL;
}
