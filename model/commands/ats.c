// SPDX-License-Identifier: Apache-2.0
/* What goes to the devices: ATS invalidations with their time-out, PRG responses (6.4 opcodes 4 and 7, 9). */
#include "model/commands/ats.h"

#include "model/guests/guest.h"
#include "model/logs/record.h"

/* InvTimeOut in nanoseconds; 0: never (2.4). 7 is reserved and taken as never. */
static uint64_t timeout(const struct amdvi_device *device)
{
    static const uint64_t table[8] = {0,          1000000,     10000000,     100000000,
                                      1000000000, 10000000000, 100000000000, 0};

    return table[reg_control_invtimeout(control(device))];
}

/* The end of time is not before now. */
static uint64_t after(const struct amdvi_device *device, uint64_t nanoseconds)
{
    return device->now + nanoseconds < nanoseconds ? UINT64_MAX : device->now + nanoseconds;
}

static void set_range(struct amdvi_atc_invalidation *invalidation, const uint64_t command[2])
{
    struct cmd_range range = cmd_range_decode(cmd_inv_iotlb_address(command), cmd_inv_iotlb_s(command));

    if (range.shift == CMD_RANGE_ALL)
        return;
    invalidation->address = range.base;
    invalidation->size = (uint64_t)1 << range.shift;
}

/* A completion that a plan of faults delays or loses, whether the device has answered at once or not. */
static bool disturbed(struct amdvi_device *device, bool waits, struct atc_pending *entry)
{
    uint64_t delay;
    unsigned action = inject_atc(device, entry->device, &delay);

    if (!action)
        return waits;
    if (!waits)
        entry->answer = after(device, delay);
    entry->lost = action == AMDVI_INJECT_TIMEOUT;
    return true;
}

/* Tags of commands that are still unanswered after so many others are left out. */
static uint32_t new_tag(struct amdvi_device *device)
{
    while (atc_find(device, device->atc.next_tag))
        device->atc.next_tag++;
    return device->atc.next_tag++;
}

static bool asked_device_waits(struct amdvi_device *device, const struct amdvi_atc_invalidation *invalidation)
{
    enum amdvi_atc_answer answer = AMDVI_ATC_DONE;
    bool was = device_leave(device);

    if (device->callbacks.atc_invalidate)
        answer = device->callbacks.atc_invalidate(device->callbacks.context, invalidation);
    if (device->observed && device->observer.atc_invalidate)
        device->observer.atc_invalidate(device->observer.context, invalidation, answer);
    device_return(device, was);
    return answer == AMDVI_ATC_PENDING;
}

bool atc_invalidate(struct amdvi_device *device, const uint64_t command[2], uint64_t address,
                    struct atc_issuer *issuer)
{
    uint64_t limit = timeout(device);
    struct amdvi_atc_invalidation invalidation = {.device = (uint16_t)cmd_inv_iotlb_deviceid(command),
                                                  .has_pasid = cmd_inv_iotlb_gn(command)};
    struct atc_pending entry = {.device = invalidation.device,
                                .command = address,
                                .deadline = limit ? after(device, limit) : UINT64_MAX,
                                .answer = UINT64_MAX};
    bool waits;

    if (issuer->count >= device->config.value[CONFIG_ATS_UNANSWERED] || !atc_reserve(device))
        return false;
    if (invalidation.has_pasid)
        invalidation.pasid = cmd_iotlb_pasid(&device->rules, command);
    set_range(&invalidation, command);
    invalidation.tag = entry.tag = new_tag(device);
    waits = asked_device_waits(device, &invalidation);
    if (__builtin_expect(device->inject.active, 0))
        waits = disturbed(device, waits, &entry);
    if (waits)
        atc_add(device, issuer, &entry);
    return true;
}

static void finish(struct amdvi_device *device, struct atc_pending *entry)
{
    struct guest *guest = entry->issuer->guest;

    atc_remove(device, entry);
    if (guest)
        guest_queue(device, guest);
}

enum amdvi_status amdvi_atc_complete(struct amdvi_device *device, uint32_t tag)
{
    struct atc_pending *entry;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    entry = atc_find(device, tag);
    if (!entry)
        return AMDVI_ERR_ARGUMENT;
    tell_call(device, AMDVI_CALL_ATC_COMPLETE, tag);
    if (!entry->lost)
        finish(device, entry);
    return AMDVI_OK;
}

static void report(struct amdvi_device *device, const struct job *job, const struct event *event)
{
    struct record record = {.log = AMDVI_LOG_EVENT};

    event_encode(event, record.words);
    record_post(device, job, &record);
}

/* After a time-out the command counts as complete, and the device is suspect (6.5, 9.3). Records that are on
 * their way come first. */
void atc_check_timeouts(struct amdvi_device *device, const struct job *job)
{
    struct atc_pending *entry;

    while ((entry = atc_ended(device)) && record_has_room(device, job)) {
        bool answered = !entry->lost && entry->answer <= entry->deadline;
        const struct event event = {
            .code = EVT_IOTLB_INV_TIMEOUT, .device = entry->device, .address = entry->command};

        finish(device, entry);
        if (!answered)
            report(device, job, &event);
    }
}
