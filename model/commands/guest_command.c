// SPDX-License-Identifier: Apache-2.0
/*
 * Commands of guests' rings: fetched from the guest's memory, IDs replaced by the host's (viommu 7).
 */
#include "model/commands/command.h"
#include "model/logs/record.h"
#include "model/lookup/invalidate.h"

/* ---------------------------------------------------------------- errors */

static bool stop(struct amdvi_device *device, struct command_job *c)
{
    c->guest->command_stopped = true;
    c->progress = COMMAND_HALTED;
    return guest_status_set(device, &c->job, c->guest, 0, &c->work);
}

/* Errors of the guest's own making go to the guest, with the address as it knows it (7.3). */
bool guest_command_illegal(struct amdvi_device *device, struct command_job *c)
{
    const struct event event = {.code = EVT_ILLEGAL_COMMAND_ERROR, .address = c->at.address};

    STEPS_BEGIN(&c->error);
    STEPS_WAIT(&c->error, stop(device, c));
    STEPS_WAIT(&c->error, guest_event(device, &c->job, c->guest->id, &event, NULL));
    STEPS_END(&c->error);
}

static bool report_to_host(struct amdvi_device *device, struct command_job *c, const struct event *event)
{
    STEPS_BEGIN(&c->error);
    STEPS_WAIT(&c->error, event_report(device, &c->job, event, NULL));
    STEPS_WAIT(&c->error, stop(device, c));
    STEPS_END(&c->error);
}

/* TransDevID does not lead to the buffer: the host hears of it, the queue stops (11 #18). */
static bool unreachable(struct amdvi_device *device, struct command_job *c)
{
    const struct space_access *access = &c->work.io.access;
    const struct event event = {.code = EVT_VIOMMU_HARDWARE_ERROR,
                                .guest_id = c->guest->id,
                                .vflags = VFLAG_PTR | VFLAG_CMD,
                                .address = access->address};

    if (device->config.value[CONFIG_SPACE_FAULT])
        return report_to_host(device, c, &event);
    STEPS_BEGIN(&c->error);
    STEPS_WAIT(&c->error, guest_space_report(device, &c->job, access, VFLAG_PTR | VFLAG_CMD));
    STEPS_WAIT(&c->error, stop(device, c));
    STEPS_END(&c->error);
}

static bool memory_failed(struct amdvi_device *device, struct command_job *c)
{
    const struct event event = {.code = EVT_COMMAND_HARDWARE_ERROR,
                                .flags = event_type(c->failure),
                                .vflags = VFLAG_CMD,
                                .address = c->work.io.access.spa};

    return report_to_host(device, c, &event);
}

static bool private_failed(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->error);
    STEPS_WAIT(&c->error, private_report(device, &c->job, c->guest->id, &c->work.io.access, VFLAG_CMD));
    STEPS_WAIT(&c->error, stop(device, c));
    STEPS_END(&c->error);
}

/* What an access to the guest's own memory has come to, if it has not worked. */
static bool check_access(struct amdvi_device *device, struct command_job *c, bool private)
{
    STEPS_BEGIN(&c->access);
    c->lost = c->work.io.access.reason != REASON_NONE;
    c->failure = c->work.io.error;
    if (private)
        STEPS_WAIT(&c->access, private_failed(device, c));
    else if (c->lost)
        STEPS_WAIT(&c->access, unreachable(device, c));
    else
        STEPS_WAIT(&c->access, memory_failed(device, c));
    STEPS_END(&c->access);
}

/* ---------------------------------------------------------------- fetching */

/* By GPA through TransDevID, or by private address (2.1, 7.2). */
static void aim(const struct amdvi_device *device, struct command_job *c)
{
    uint64_t area = private_address(PRIVATE_COMMANDS, c->guest->id);

    c->private = !reg_control_gstbuffertrpmode(control(device));
    if (c->private)
        space_aim_private(device, &c->work.io, area + c->head, false);
    else
        space_aim_guest(c->guest, &c->work.io, c->ring.base + c->head, false);
}

/* at_once.c has found the place and read it. */
static void take_over(struct command_job *c)
{
    c->fetched = false;
    c->work.io.access.spa = c->fetched_from;
    c->work.io.error = c->failure;
}

bool guest_command_fetch(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->fetch);
    aim(device, c);
    if (c->fetched)
        take_over(c);
    else
        STEPS_WAIT(&c->fetch, space_read(device, &c->job, &c->guest->held[HELD_RING], &c->work.io,
                                         AMDVI_ACCESS_COMMAND, c->at.words, CMD_BYTES));
    if (__builtin_expect(!space_worked(&c->work.io), 0))
        STEPS_WAIT(&c->fetch, check_access(device, c, c->private));
    STEPS_END(&c->fetch);
}

/* ---------------------------------------------------------------- COMPLETION_WAIT */

/* Through TransDevID in both buffer modes (E3). */
static bool store(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->more);
    space_aim_guest(c->guest, &c->work.io, cmd_completion_wait_address(c->at.words), true);
    STEPS_WAIT(&c->more, space_write(device, &c->job, &c->guest->held[HELD_STORE], &c->work.io,
                                     AMDVI_ACCESS_STORE, &c->at.words[1], sizeof(c->at.words[1])));
    if (!space_worked(&c->work.io))
        STEPS_WAIT(&c->more, check_access(device, c, false));
    STEPS_END(&c->more);
}

/* After all earlier commands of this guest (11 #17), and behind the records that are on their way. */
static bool must_wait(struct amdvi_device *device, struct command_job *c)
{
    return (device->config.value[CONFIG_WAIT_SCOPE] ? device->atc.count > 0 : c->guest->ats.count > 0) ||
           (device->jobs && !jobs_settled(device, &c->at.wait)) || !records_settled(device, &c->at.records);
}

static bool completion_wait(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->execute);
    if (must_wait(device, c)) {
        c->progress = COMMAND_BLOCKED;
        STEPS_DONE(&c->execute);
    }
    if (cmd_completion_wait_s(c->at.words))
        STEPS_WAIT(&c->execute, store(device, c));
    if (c->progress != COMMAND_DONE)
        STEPS_DONE(&c->execute);
    c->job.counts->completion_waits++;
    if (!cmd_completion_wait_i(c->at.words))
        STEPS_DONE(&c->execute);
    STEPS_WAIT(&c->execute, guest_status_set(device, &c->job, c->guest, VF_STATUS_COMWAITINT_MASK, &c->work));
    if (vfc_cmd_control_comwaitinten(c->guest->vfc[VFC_CMD_CONTROL]))
        STEPS_WAIT(&c->execute,
                   guest_irq_raise(device, &c->job, c->guest, AMDVI_IRQ_COMPLETION_WAIT, &c->irq));
    STEPS_END(&c->execute);
}

/* ---------------------------------------------------------------- commands that name devices and domains */

static bool find_ids(struct amdvi_device *device, struct command_job *c)
{
    const uint64_t *words = c->at.words;

    if (cmd_opcode(words) == CMD_INVALIDATE_IOMMU_PAGES)
        return map_domain(device, &c->job, c->guest, (uint16_t)cmd_inv_pages_domainid(words), &c->mapped,
                          &c->work);
    /* All others name the device in the same bits. */
    return map_device(device, &c->job, c->guest, (uint16_t)cmd_inv_devtab_deviceid(words), &c->mapped,
                      &c->work);
}

/* Replaces the guest's ID in the command by the host's. */
static void replace_ids(struct command_job *c)
{
    if (cmd_opcode(c->at.words) == CMD_INVALIDATE_IOMMU_PAGES) {
        cmd_inv_pages_set_domainid(c->at.host, c->mapped.id);
        return;
    }
    cmd_inv_devtab_set_deviceid(c->at.host, c->mapped.id);
    if (cmd_opcode(c->at.words) == CMD_INVALIDATE_IOTLB_PAGES)
        cmd_inv_iotlb_set_queueid(c->at.host, c->mapped.queue);
}

/* An ID without a valid map entry is the guest's mistake, or by choice the host's, or the command is
 * passed over (11 #8). */
static bool unmapped(struct amdvi_device *device, struct command_job *c)
{
    enum { GUEST_ERROR, HOST_ERROR, SKIP };
    const struct event event = {
        .code = EVT_ILLEGAL_COMMAND_ERROR, .vflags = VFLAG_CMD, .address = c->at.address};

    switch (device->config.value[CONFIG_UNMAPPED_ID]) {
    case SKIP:
        return true;
    case HOST_ERROR:
        return report_to_host(device, c, &event);
    default:
        return guest_command_illegal(device, c);
    }
}

/* By choice a guest does not reach the host's device table cache (11 #15). */
static bool left_out(const struct amdvi_device *device, const struct command_job *c)
{
    return cmd_opcode(c->at.words) == CMD_INVALIDATE_DEVTAB_ENTRY &&
           device->config.value[CONFIG_GUEST_DEVTAB];
}

static bool execute_mapped(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->execute);
    if (!c->at.mapped) {
        STEPS_WAIT(&c->execute, find_ids(device, c));
        replace_ids(c);
        c->at.mapped = c->mapped.result == MAP_FOUND;
    }
    if (c->at.mapped && left_out(device, c))
        STEPS_DONE(&c->execute);
    if (c->at.mapped)
        STEPS_WAIT(&c->execute, command_common(device, c));
    else if (c->mapped.result == MAP_UNMAPPED)
        STEPS_WAIT(&c->execute, unmapped(device, c));
    else
        STEPS_WAIT(&c->execute, stop(device, c));
    STEPS_END(&c->execute);
}

/* What this guest's devices have cached, and what its maps name, and no more (11 #14). */
static bool invalidate_all(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->execute);
    if (device->config.value[CONFIG_GUEST_INVALIDATE_ALL]) {
        invalidate_translations(device);
    } else {
        invalidate_owner(device, c->guest->id);
        STEPS_WAIT(&c->execute, map_invalidate_all(device, &c->job, c->guest, &c->maps));
    }
    command_invalidated(c);
    STEPS_END(&c->execute);
}

bool guest_command_execute(struct amdvi_device *device, struct command_job *c)
{
    switch (cmd_opcode(c->at.words)) {
    case CMD_COMPLETION_WAIT:
        return completion_wait(device, c);
    case CMD_INVALIDATE_IOMMU_ALL:
        return invalidate_all(device, c);
    case CMD_INSERT_GUEST_EVENT:
    case CMD_RESET_VMMIO:
        return guest_command_illegal(device, c); /* host only (11 #13) */
    default:
        return execute_mapped(device, c);
    }
}
