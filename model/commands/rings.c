// SPDX-License-Identifier: Apache-2.0
/* Who has a turn: the host's ring from head to tail (6.1), guests one command after the other (viommu 7). */
#include "model/commands/command.h"

#include "model/base/allocator.h"

/* ---------------------------------------------------------------- life */

static struct command_job *create(struct amdvi_device *device)
{
    return allocate_zeroed(&device->allocator, sizeof(struct command_job));
}

bool commands_create(struct amdvi_device *device)
{
    device->host_commands = create(device);
    device->guest_commands = create(device);
    return device->host_commands && device->guest_commands;
}

void commands_destroy(struct amdvi_device *device)
{
    release(&device->allocator, device->host_commands);
    release(&device->allocator, device->guest_commands);
}

void commands_reset(struct amdvi_device *device)
{
    memset(device->host_commands, 0, sizeof(struct command_job));
    memset(device->guest_commands, 0, sizeof(struct command_job));
}

/* ---------------------------------------------------------------- the host */

/* False: there is nothing to do. */
static bool open_ring(const struct amdvi_device *device, struct command_job *c)
{
    uint64_t base = device->reg[REG_CMD_BASE];

    c->ring = ring_make(reg_cmd_base_base(base), (unsigned)reg_cmd_base_len(base), CMD_BYTES);
    if (!device->command_run || c->ring.bytes == 0)
        return false;
    c->restarts = device->command_restarts;
    c->head = ring_wrap(&c->ring, device->reg[REG_CMD_HEAD]);
    c->tail = ring_wrap(&c->ring, device->reg[REG_CMD_TAIL]);
    return true;
}

/* False: the ring was stopped or started anew meanwhile, or goes on another time. */
static bool consume(struct amdvi_device *device, struct command_job *c)
{
    if (c->restarts != device->command_restarts)
        return false;
    if (c->progress == COMMAND_HALTED)
        device->reg[REG_CMD_HEAD] = command_faulty_head(device, c);
    if (c->progress != COMMAND_DONE)
        return false;
    c->head = ring_next(&c->ring, c->head);
    device->reg[REG_CMD_HEAD] = c->head;
    return device->command_run;
}

/* A tail that moves meanwhile counts next time, so the work is bounded by the ring (15 D16). */
bool host_ring_run(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->run);
    if (!open_ring(device, c))
        STEPS_DONE(&c->run);
    for (;;) {
        host_commands_at_once(device, c);
        if (c->head == c->tail)
            break;
        c->at.address = c->ring.base + c->head;
        c->progress = COMMAND_DONE;
        STEPS_WAIT(&c->run, command_process(device, c, &device->command_blocked));
        if (!consume(device, c))
            STEPS_DONE(&c->run);
    }
    STEPS_END(&c->run);
}

/* ---------------------------------------------------------------- a guest's turn */

static struct ring ring_of(const struct guest *guest)
{
    uint64_t value = guest->vfc[VFC_CMD_CONTROL];

    return ring_make(vfc_cmd_control_base(value), (unsigned)vfc_cmd_control_len(value), CMD_BYTES);
}

/* SPENT: goes on in the next run. So does who is blocked, unless an answer to a command of its own will wake
 * it: it waits for others (11 #17, by choice), or for memory. */
enum outcome { IDLE, MORE, SPENT };

/* A guest can move its own tail from its ring where its buffers reach the private space, so one run gives it
 * no more commands than its ring has room for. */
static void set_budget(struct amdvi_device *device, struct command_job *c)
{
    struct guest *guest = c->guest;

    if (guest->run == device->guests.run)
        return;
    guest->run = device->guests.run;
    guest->budget = c->ring.bytes / CMD_BYTES;
}

static void open_guest_ring(struct amdvi_device *device, struct command_job *c)
{
    c->ring = ring_of(c->guest);
    c->restarts = c->guest->restarts;
    c->left = guest_share_turn(device, c->guest);
    set_budget(device, c);
}

static void take_pointers(struct command_job *c)
{
    c->head = ring_wrap(&c->ring, c->guest->vf[VF_CMD_HEAD]);
    c->tail = ring_wrap(&c->ring, c->guest->vf[VF_CMD_TAIL]);
}

static void take_command(struct amdvi_device *device, struct command_job *c)
{
    bool by_gpa = reg_control_gstbuffertrpmode(control(device));

    c->guest->budget--;
    c->guest->share_used++;
    c->at.address = by_gpa ? c->ring.base + c->head : c->head;
}

static bool process_next(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->more_turn);
    take_command(device, c);
    STEPS_WAIT(&c->more_turn, command_process(device, c, &c->guest->blocked));
    if (c->restarts != c->guest->restarts) {
        c->progress = COMMAND_HALTED;
        STEPS_DONE(&c->more_turn);
    }
    if (c->progress == COMMAND_HALTED && device->config.value[CONFIG_CMD_HEAD])
        STEPS_WAIT(&c->more_turn,
                   vf_set(device, &c->job, c->guest, VF_CMD_HEAD, command_faulty_head(device, c), &c->work));
    if (c->progress != COMMAND_DONE)
        STEPS_DONE(&c->more_turn);
    c->head = ring_next(&c->ring, c->head);
    STEPS_WAIT(&c->more_turn, vf_set(device, &c->job, c->guest, VF_CMD_HEAD, c->head, &c->work));
    STEPS_END(&c->more_turn);
}

/* The direct executor's: it never stops on the way. */
static bool process_at_once(struct amdvi_device *device, struct command_job *c)
{
    if (!guest_command_at_once(device, c))
        return false;
    c->guest->budget--;
    c->guest->share_used++;
    c->head = ring_next(&c->ring, c->head);
    vf_set(device, &c->job, c->guest, VF_CMD_HEAD, c->head, &c->work);
    c->progress = COMMAND_DONE;
    return true;
}

static bool turn_is_over(const struct amdvi_device *device, struct command_job *c)
{
    return c->head == c->tail || !c->guest->budget || (c->left && --c->left == 0) ||
           guest_share_spent(device, c->guest);
}

/* `c->outcome` says what becomes of the guest. */
static bool turn(struct amdvi_device *device, struct command_job *c)
{
    struct guest *guest = c->guest;

    STEPS_BEGIN(&c->turn);
    c->outcome = IDLE;
    if (!guest_command_running(device, guest))
        STEPS_DONE(&c->turn);
    if (guest_share_spent(device, guest)) {
        c->outcome = SPENT;
        STEPS_DONE(&c->turn);
    }
    open_guest_ring(device, c);
    STEPS_WAIT(&c->turn, vf_get_pair(device, &c->job, guest, VF_CMD_HEAD, &c->work));
    take_pointers(c);
    while (c->head != c->tail && guest->budget) {
        if (!process_at_once(device, c))
            STEPS_WAIT(&c->turn, process_next(device, c));
        if (c->progress != COMMAND_DONE) {
            c->outcome = c->progress == COMMAND_BLOCKED && !guest->ats.count ? SPENT : IDLE;
            STEPS_DONE(&c->turn);
        }
        if (turn_is_over(device, c))
            break;
    }
    if (c->head == c->tail)
        STEPS_WAIT(&c->turn,
                   guest_mark_dirty(device, &c->job, guest, false,
                                    &c->work)); /* the hardware clears it when head = tail (11 #10) */
    else
        c->outcome = guest->budget && !guest_share_spent(device, guest) ? MORE : SPENT;
    STEPS_END(&c->turn);
}

/* ---------------------------------------------------------------- all guests */

static void put_back(struct amdvi_device *device, struct command_job *c)
{
    struct guest *guest = c->guest;

    if (c->outcome == MORE)
        guest_queue(device, guest);
    if (c->outcome != SPENT || guest->spent)
        return;
    guest->spent = true;
    guest->next_spent = c->spent;
    c->spent = guest;
}

static void queue_spent(struct amdvi_device *device, struct command_job *c)
{
    for (; c->spent; c->spent = c->spent->next_spent) {
        c->spent->spent = false;
        guest_queue(device, c->spent);
    }
}

/* Round robin until nobody has work (11 #34). Guests that have spent their budget go on in the next run. */
bool guest_rings_run(struct amdvi_device *device, struct command_job *c)
{
    STEPS_BEGIN(&c->run);
    device->guests.run++;
    STEPS_WAIT(&c->run, dirty_scan(device, &c->job, &c->scan));
    while (device->guests.queue_first) {
        c->guest = guests_take_first(device);
        STEPS_WAIT(&c->run, turn(device, c));
        put_back(device, c);
    }
    queue_spent(device, c);
    guests_forget_names(device);
    STEPS_END(&c->run);
}
