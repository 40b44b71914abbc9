// SPDX-License-Identifier: Apache-2.0
/* When things happen: IOMMUs work, devices answer late, messages are delivered, time passes. */
#include "testbench/platform/machine_internal.h"

static void run_units(struct machine *machine)
{
    for (size_t i = 0; i < machine->config.iommus_count; i++) {
        struct machine_unit *unit = &machine->unit[i];
        if (!unit->held)
            machine->statistics.runs += machine_way_of(machine)->work(unit->unit);
    }
}

void machine_work(struct machine *machine)
{
    do
        run_units(machine);
    while (timers_fire(&machine->timers, machine->now));
}

/* ---------------------------------------------------------------- delivery */

static void ring_doorbell(struct machine *machine, const struct message *message)
{
    machine->statistics.doorbells++;
    if (machine->config.doorbell)
        machine->config.doorbell(machine->config.context, (uint32_t)message->address, (uint8_t)message->data);
}

static void deliver_message(struct machine *machine, const struct message *message)
{
    struct machine_statistics *counts = &machine->statistics;

    counts->messages++;
    counts->own_messages += message->kind == MESSAGE_OWN;
    counts->wakes += message->kind == MESSAGE_WAKE;
    counts->device_messages += message->kind == MESSAGE_DEVICE;
    if (machine->config.deliver)
        machine->config.deliver(machine->config.context, message->address, message->data);
}

/* Each is taken out before it is delivered: who takes it may call the machine, which then delivers the next.
 */
static void deliver(struct machine *machine)
{
    struct message message;

    while (messages_take(&machine->messages, &message)) {
        if (message.kind == MESSAGE_DOORBELL)
            ring_doorbell(machine, &message);
        else
            deliver_message(machine, &message);
    }
}

/* IOMMUs whose accesses take time have a clock of their own, which the machine's follows. */
static void follow_clocks(struct machine *machine)
{
    for (size_t i = 0; i < machine->config.iommus_count; i++) {
        uint64_t now = machine_way_of(machine)->now(machine->unit[i].unit);
        if (now > machine->now)
            machine->now = now;
    }
}

void machine_finish(struct machine *machine)
{
    follow_clocks(machine);
    if (!machine->config.late)
        machine_work(machine);
    deliver(machine);
}

void machine_settle(struct machine *machine)
{
    machine_work(machine);
    deliver(machine);
}

/* ---------------------------------------------------------------- time */

static void advance(struct machine *machine, uint64_t nanoseconds)
{
    machine->now += nanoseconds;
    for (size_t i = 0; i < machine->config.iommus_count; i++)
        machine_way_of(machine)->advance(machine->unit[i].unit, nanoseconds, machine->now);
}

/* To what happens next, or to `end`. A call that delivery makes may have moved the clock beyond it. */
static void step(struct machine *machine, uint64_t end)
{
    uint64_t next = end;

    if (!timers_next(&machine->timers, &next) || next > end)
        next = end;
    if (next > machine->now)
        advance(machine, next - machine->now);
    machine_settle(machine);
}

void machine_delay(struct machine *machine, uint64_t nanoseconds)
{
    uint64_t end = machine->now + nanoseconds < nanoseconds ? UINT64_MAX : machine->now + nanoseconds;

    machine->statistics.delays++;
    machine_settle(machine);
    while (machine->now < end)
        step(machine, end);
}

uint64_t machine_now(const struct machine *machine)
{
    return machine->now;
}

void machine_set_late(struct machine *machine, bool late)
{
    machine->config.late = late;
}
