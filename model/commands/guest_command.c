// SPDX-License-Identifier: Apache-2.0
/*
 * Guest command buffers, executed by the hardware: fetched from the guest's memory, IDs replaced by the
 * host's, one command of each ready guest in turn (viommu 7).
 */
#include "model/commands/command.h"
#include "model/guests/guest.h"
#include "model/lookup/invalidate.h"
#include "model/observe/watch.h"

/* ---------------------------------------------------------------- errors */

/* Errors of the guest's own making go to the guest, with the address as it knows it (7.3). */
static enum command_progress illegal(struct amdvi_device *device, struct guest *guest,
                                     const struct command *c)
{
    guest->command_stopped = true;
    guest_status_set(device, guest, 0);
    guest_event(device, guest->id, &(struct event){.code = EVT_ILLEGAL_COMMAND_ERROR, .address = c->address});
    return COMMAND_HALTED;
}

static enum command_progress stop(struct amdvi_device *device, struct guest *guest)
{
    guest->command_stopped = true;
    guest_status_set(device, guest, 0);
    return COMMAND_HALTED;
}

/* TransDevID does not lead to the buffer: the host hears of it, the queue stops (11 #18). */
static enum command_progress unreachable(struct amdvi_device *device, struct guest *guest,
                                         const struct space_access *access)
{
    struct event event = {.code = EVT_VIOMMU_HARDWARE_ERROR,
                          .guest_id = guest->id,
                          .vflags = VFLAG_PTR | VFLAG_CMD,
                          .address = access->address};

    if (device->config.value[CONFIG_SPACE_FAULT])
        event_report(device, &event);
    else
        guest_space_report(device, access, VFLAG_PTR | VFLAG_CMD);
    return stop(device, guest);
}

static enum command_progress memory_failed(struct amdvi_device *device, struct guest *guest, uint64_t spa,
                                           uint8_t error)
{
    event_report(device, &(struct event){.code = EVT_COMMAND_HARDWARE_ERROR,
                                         .flags = event_type(error),
                                         .vflags = VFLAG_CMD,
                                         .address = spa});
    return stop(device, guest);
}

/* ---------------------------------------------------------------- commands */

static enum command_progress store(struct amdvi_device *device, struct guest *guest, const struct command *c)
{
    uint64_t data = c->words[1];
    struct space_access access;
    uint8_t error;

    /* Through TransDevID in both buffer modes (E3). */
    if (!guest_translate(device, guest, HELD_STORE, cmd_completion_wait_address(c->words), true, &access))
        return unreachable(device, guest, &access);
    error = direct_write(device, AMDVI_ACCESS_STORE, access.spa, &data, sizeof(data));
    return error ? memory_failed(device, guest, access.spa, error) : COMMAND_DONE;
}

/* After all earlier commands of this guest (11 #17). */
static enum command_progress completion_wait(struct amdvi_device *device, struct job *job,
                                             struct guest *guest, const struct command *c)
{
    if (device->config.value[CONFIG_WAIT_SCOPE] ? device->atc.count > 0 : guest->ats.count > 0)
        return COMMAND_BLOCKED;
    if (device->jobs && !jobs_settled(device, &guest->jobs_wait))
        return COMMAND_BLOCKED;
    if (cmd_completion_wait_s(c->words) && store(device, guest, c) == COMMAND_HALTED)
        return COMMAND_HALTED;
    job->counts->completion_waits++;
    if (!cmd_completion_wait_i(c->words))
        return COMMAND_DONE;
    guest_status_set(device, guest, VF_STATUS_COMWAITINT_MASK);
    if (vfc_cmd_control_comwaitinten(guest->vfc[VFC_CMD_CONTROL]))
        guest_irq_raise(device, guest, AMDVI_IRQ_COMPLETION_WAIT);
    return COMMAND_DONE;
}

/* Replaces the guest's ID in the command by the host's. */
static enum map_result replace_ids(struct amdvi_device *device, struct guest *guest, uint64_t words[2])
{
    uint16_t host = 0, queue = 0;
    enum map_result result;

    if (cmd_opcode(words) == CMD_INVALIDATE_IOMMU_PAGES) {
        result = map_domain(device, guest, (uint16_t)cmd_inv_pages_domainid(words), &host);
        cmd_inv_pages_set_domainid(words, host);
        return result;
    }
    /* All others name the device in the same bits. */
    result = map_device(device, guest, (uint16_t)cmd_inv_devtab_deviceid(words), &host, &queue);
    cmd_inv_devtab_set_deviceid(words, host);
    if (cmd_opcode(words) == CMD_INVALIDATE_IOTLB_PAGES)
        cmd_inv_iotlb_set_queueid(words, queue);
    return result;
}

/* 11 #8. */
static enum command_progress unmapped(struct amdvi_device *device, struct guest *guest,
                                      const struct command *c)
{
    enum { GUEST_ERROR, HOST_ERROR, SKIP };

    switch (device->config.value[CONFIG_UNMAPPED_ID]) {
    case SKIP:
        return COMMAND_DONE;
    case HOST_ERROR:
        event_report(
            device,
            &(struct event){.code = EVT_ILLEGAL_COMMAND_ERROR, .vflags = VFLAG_CMD, .address = c->address});
        return stop(device, guest);
    default:
        return illegal(device, guest, c);
    }
}

static enum command_progress execute_mapped(struct amdvi_device *device, struct job *job, struct guest *guest,
                                            const struct command *c, struct command *host)
{
    *host = *c;
    switch (replace_ids(device, guest, host->words)) {
    case MAP_FOUND:
        if (cmd_opcode(c->words) == CMD_INVALIDATE_DEVTAB_ENTRY && device->config.value[CONFIG_GUEST_DEVTAB])
            return COMMAND_DONE; /* 11 #15 */
        return command_common(device, job, host, guest);
    case MAP_UNMAPPED:
        return unmapped(device, guest, c);
    default:
        return stop(device, guest);
    }
}

/* What this guest's devices have cached, and what its maps name, and no more (11 #14). */
static enum command_progress invalidate_all(struct amdvi_device *device, struct job *job, struct guest *guest)
{
    if (device->config.value[CONFIG_GUEST_INVALIDATE_ALL]) {
        invalidate_translations(device);
    } else {
        invalidate_owner(device, guest->id);
        map_invalidate_all(device, guest);
    }
    job->counts->invalidations++;
    return COMMAND_DONE;
}

static enum command_progress execute(struct amdvi_device *device, struct job *job, struct guest *guest,
                                     const struct command *c, struct command *host)
{
    *host = *c;
    switch (cmd_opcode(c->words)) {
    case CMD_COMPLETION_WAIT:
        return completion_wait(device, job, guest, c);
    case CMD_INVALIDATE_IOMMU_ALL:
        return invalidate_all(device, job, guest);
    case CMD_INSERT_GUEST_EVENT:
    case CMD_RESET_VMMIO:
        return illegal(device, guest, c); /* host only (11 #13) */
    default:
        return execute_mapped(device, job, guest, c, host);
    }
}

static void observe(struct amdvi_device *device, const struct guest *guest, const struct command *c,
                    const struct command *host, bool legal)
{
    struct amdvi_command_info info = {.guest = true,
                                      .guest_id = guest->id,
                                      .address = c->address,
                                      .words = {c->words[0], c->words[1]},
                                      .executed = {host->words[0], host->words[1]},
                                      .legal = legal};

    if (device->observer.command)
        device->observer.command(device->observer.context, &info);
}

/* ---------------------------------------------------------------- fetching */

static struct ring ring_of(const struct guest *guest)
{
    uint64_t value = guest->vfc[VFC_CMD_CONTROL];

    return ring_make(vfc_cmd_control_base(value), (unsigned)vfc_cmd_control_len(value), CMD_BYTES);
}

/* By GPA through TransDevID, or by private address (2.1, 7.2). */
static enum command_progress fetch(struct amdvi_device *device, struct guest *guest, uint64_t base,
                                   uint32_t head, struct command *c)
{
    bool by_gpa = reg_control_gstbuffertrpmode(control(device));
    struct space_access access;
    uint8_t error;

    c->address = by_gpa ? base + head : head;
    if (by_gpa && !guest_translate(device, guest, HELD_RING, base + head, false, &access))
        return unreachable(device, guest, &access);
    if (!by_gpa && !private_translate(device, &guest->held[HELD_RING],
                                      private_address(PRIVATE_COMMANDS, guest->id) + head, false, &access)) {
        private_report(device, guest->id, &access, VFLAG_CMD);
        return stop(device, guest);
    }
    error = direct_read(device, AMDVI_ACCESS_COMMAND, access.spa, c->words, CMD_BYTES);
    if (!error)
        return COMMAND_DONE;
    if (by_gpa)
        return memory_failed(device, guest, access.spa, error);
    private_report(device, guest->id, &access, VFLAG_CMD);
    return stop(device, guest);
}

static enum command_progress process(struct amdvi_device *device, struct guest *guest,
                                     const struct ring *ring, uint32_t head)
{
    struct command c, host;
    enum command_progress progress = fetch(device, guest, ring->base, head, &c);
    struct watch watch;
    struct job job;
    bool legal;

    if (progress != COMMAND_DONE)
        return progress;
    host = c;
    legal = command_legal(device, c.words);
    job_begin(device, &job);
    watch_begin(device, &job, &watch);
    progress = legal ? execute(device, &job, guest, &c, &host) : illegal(device, guest, &c);
    if (watch.on)
        watch_command(device, &job, &watch, host.words, progress == COMMAND_DONE);
    if (__builtin_expect(device->observed, 0))
        observe(device, guest, &c, &host, legal);
    job.counts->guest_commands += progress == COMMAND_DONE;
    return progress;
}

/* SPENT: goes on in the next run. So does who is blocked, unless an answer to a command of its own will wake
 * it: it waits for others (11 #17, by choice), or for memory. */
enum outcome { IDLE, MORE, SPENT };

/* A guest can move its own tail from its ring where its buffers reach the private space, so one run gives it
 * no more commands than its ring has room for. */
static void set_budget(struct amdvi_device *device, struct guest *guest, const struct ring *ring)
{
    if (guest->run == device->guest_run)
        return;
    guest->run = device->guest_run;
    guest->budget = ring->bytes / CMD_BYTES;
}

static enum outcome rest_of(struct amdvi_device *device, struct guest *guest, bool empty)
{
    if (empty) {
        guest_mark_dirty(device, guest, false); /* 11 #10 */
        return IDLE;
    }
    return guest->budget ? MORE : SPENT;
}

/* One turn of one guest. */
static enum outcome turn(struct amdvi_device *device, struct guest *guest)
{
    struct ring ring = ring_of(guest);
    uint64_t commands = device->config.value[CONFIG_GUEST_TURN];
    enum command_progress progress;
    uint32_t head, tail;

    if (!guest_command_running(device, guest))
        return IDLE;
    set_budget(device, guest, &ring);
    vf_get_command_pointers(device, guest);
    head = ring_wrap(&ring, guest->vf[VF_CMD_HEAD]);
    tail = ring_wrap(&ring, guest->vf[VF_CMD_TAIL]);
    while (head != tail && guest->budget > 0) {
        guest->budget--;
        progress = process(device, guest, &ring, head);
        if (progress == COMMAND_HALTED && device->config.value[CONFIG_CMD_HEAD])
            vf_set(device, guest, VF_CMD_HEAD, command_faulty_head(device, &ring, head, tail));
        if (progress != COMMAND_DONE)
            return progress == COMMAND_BLOCKED && !guest->ats.count ? SPENT : IDLE;
        head = ring_next(&ring, head);
        vf_set(device, guest, VF_CMD_HEAD, head);
        if (commands && --commands == 0)
            break;
    }
    return rest_of(device, guest, head == tail);
}

/* Round robin until nobody has work (11 #34). Guests that have spent their budget go on in the next run. */
void guests_run(struct amdvi_device *device)
{
    struct guest *spent = NULL;

    device->guest_run++;
    dirty_scan(device);
    while (device->queue_first) {
        struct guest *guest = guests_take_first(device);
        enum outcome outcome = turn(device, guest);
        if (outcome == MORE) {
            guest_queue(device, guest);
        } else if (outcome == SPENT) {
            guest->next_queued = spent;
            spent = guest;
        }
    }
    while (spent) {
        struct guest *guest = spent;
        spent = guest->next_queued;
        guest_queue(device, guest);
    }
    map_forget_names(device);
}
