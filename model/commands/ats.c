// SPDX-License-Identifier: Apache-2.0
/* What goes to the devices: ATS invalidations with their time-out, PRG responses (6.4 opcodes 4 and 7, 9). */
#include "model/commands/command.h"
#include "model/guests/guest.h"

/* InvTimeOut in nanoseconds; 0: never (2.4). 7 is reserved and taken as never. */
static uint64_t timeout(const struct amdvi_device *device)
{
    static const uint64_t table[8] = {0,          1000000,     10000000,     100000000,
                                      1000000000, 10000000000, 100000000000, 0};

    return table[reg_control_invtimeout(control(device))];
}

static struct atc_pending *free_entry(struct amdvi_device *device)
{
    for (unsigned i = 0; i < ATC_PENDING_MAX; i++)
        if (!device->atc[i].used)
            return &device->atc[i];
    return NULL;
}

static void set_range(struct amdvi_atc_invalidation *invalidation, const uint64_t command[2])
{
    struct cmd_range range = cmd_range_decode(cmd_inv_iotlb_address(command), cmd_inv_iotlb_s(command));

    if (range.shift == CMD_RANGE_ALL)
        return;
    invalidation->address = range.base;
    invalidation->size = (uint64_t)1 << range.shift;
}

/* COMPLETION_WAIT of the host and of each guest waits for its own (6.1, viommu 11 #17). */
static unsigned *outstanding_of(struct amdvi_device *device, struct guest *guest)
{
    return guest ? &guest->atc_outstanding : &device->atc_outstanding;
}

static void wait_for(struct amdvi_device *device, struct atc_pending *entry,
                     const struct amdvi_atc_invalidation *invalidation, uint64_t address, struct guest *guest,
                     uint64_t answer)
{
    uint64_t limit = timeout(device);

    *entry = (struct atc_pending){.used = true,
                                  .guest = guest,
                                  .tag = invalidation->tag,
                                  .device = invalidation->device,
                                  .command = address,
                                  .deadline = limit ? device->now + limit : UINT64_MAX,
                                  .answer = answer};
    ++*outstanding_of(device, guest);
    device->atc_pending++;
}

/* A completion that a plan of faults delays or loses, whether the device has answered at once or not. */
static void disturb(struct amdvi_device *device, struct atc_pending *entry,
                    const struct amdvi_atc_invalidation *invalidation, uint64_t address, struct guest *guest)
{
    uint64_t delay;
    unsigned action = inject_atc(device, invalidation->device, &delay);

    if (!action)
        return;
    if (!entry->used)
        wait_for(device, entry, invalidation, address, guest,
                 device->now + delay < delay ? UINT64_MAX : device->now + delay);
    entry->lost = action == AMDVI_INJECT_TIMEOUT;
}

bool atc_invalidate(struct amdvi_device *device, const uint64_t command[2], uint64_t address,
                    struct guest *guest)
{
    struct atc_pending *entry = free_entry(device);
    struct amdvi_atc_invalidation invalidation = {.device = (uint16_t)cmd_inv_iotlb_deviceid(command),
                                                  .has_pasid = cmd_inv_iotlb_gn(command)};

    if (!entry)
        return false;
    if (invalidation.has_pasid)
        invalidation.pasid = cmd_iotlb_pasid(&device->rules, command);
    set_range(&invalidation, command);
    invalidation.tag = device->atc_next_tag++;
    if (device->callbacks.atc_invalidate &&
        device->callbacks.atc_invalidate(device->callbacks.context, &invalidation) == AMDVI_ATC_PENDING)
        wait_for(device, entry, &invalidation, address, guest, UINT64_MAX);
    if (__builtin_expect(device->inject.active, 0))
        disturb(device, entry, &invalidation, address, guest);
    return true;
}

static void finish(struct amdvi_device *device, struct atc_pending *entry)
{
    entry->used = false;
    --*outstanding_of(device, entry->guest);
    device->atc_pending--;
    if (entry->guest)
        guest_queue(device, entry->guest);
}

enum amdvi_status amdvi_atc_complete(struct amdvi_device *device, uint32_t tag)
{
    if (!device)
        return AMDVI_ERR_ARGUMENT;
    for (unsigned i = 0; i < ATC_PENDING_MAX; i++) {
        if (!device->atc[i].used || device->atc[i].tag != tag)
            continue;
        if (!device->atc[i].lost)
            finish(device, &device->atc[i]);
        return AMDVI_OK;
    }
    return AMDVI_ERR_ARGUMENT;
}

static bool answered_by_now(const struct amdvi_device *device, const struct atc_pending *entry)
{
    return !entry->lost && entry->answer <= device->now && entry->answer <= entry->deadline;
}

/* The command counts as complete, the device is suspect (6.5, 9.3). */
void atc_check_timeouts(struct amdvi_device *device)
{
    for (unsigned i = 0; i < ATC_PENDING_MAX && device->atc_pending; i++) {
        struct atc_pending *entry = &device->atc[i];
        if (entry->used && answered_by_now(device, entry))
            finish(device, entry);
        if (!entry->used || entry->deadline > device->now)
            continue;
        finish(device, entry);
        event_report(device, &(struct event){.code = EVT_IOTLB_INV_TIMEOUT,
                                             .device = entry->device,
                                             .address = entry->command});
    }
}
