// SPDX-License-Identifier: Apache-2.0
#include "model/commands/command.h"
#include "model/observe/pmu.h"

static void tell(struct amdvi_device *device, struct command_job *c)
{
    const struct command_held *at = &c->at;
    struct amdvi_command_info info = {.guest = c->guest != NULL,
                                      .guest_id = c->guest ? c->guest->id : 0,
                                      .address = at->address,
                                      .words = {at->words[0], at->words[1]},
                                      .executed = {at->host[0], at->host[1]},
                                      .legal = at->legal};

    if (!at->told && device->observer.command)
        device->observer.command(device->observer.context, &info);
    c->at.told = true;
}

static inline void observe(struct amdvi_device *device, struct command_job *c)
{
    if (__builtin_expect(device->observed, 0))
        tell(device, c);
}

/* The words are as they were fetched, whatever lies in memory by now, unless the ring has moved away. */
static bool take_blocked(struct command_job *c, struct command_held *blocked)
{
    bool same = blocked->address == c->at.address;

    if (__builtin_expect(!blocked->held, 1))
        return false;
    blocked->held = false;
    if (same)
        c->at = *blocked;
    return same;
}

static void block(const struct command_job *c, struct command_held *blocked)
{
    *blocked = c->at;
    blocked->held = true;
}

static bool fetch(struct amdvi_device *device, struct command_job *c)
{
    if (!(c->guest ? guest_command_fetch(device, c) : host_command_fetch(device, c)))
        return false;
    c->at.host[0] = c->at.words[0];
    c->at.host[1] = c->at.words[1];
    c->at.mapped = c->at.told = c->at.wait.waiting = false;
    c->at.records = 0;
    return true;
}

static bool execute(struct amdvi_device *device, struct command_job *c)
{
    if (c->guest)
        return c->at.legal ? guest_command_execute(device, c) : guest_command_illegal(device, c);
    return c->at.legal ? host_command_execute(device, c) : host_command_illegal(device, c);
}

static void tell_counters(struct amdvi_device *device, const struct command_job *c)
{
    const struct watched_command did = {.words = c->at.host,
                                        .done = c->progress == COMMAND_DONE,
                                        .invalidations = c->invalidations,
                                        .entries = c->entries};

    pmu_command(device, &c->job, &did);
}

static void count(struct amdvi_device *device, struct command_job *c)
{
    if (!job_is_direct(&c->job))
        command_use(device, c);
    if (c->counted && device->pmu.active)
        tell_counters(device, c);
    if (c->progress != COMMAND_DONE)
        return;
    if (c->guest) {
        c->job.counts->guest_commands++;
        return;
    }
    c->job.counts->commands++;
    c->job.counts->commands_by_opcode[cmd_opcode(c->at.words)]++;
}

/* An observer hears of a host's command before it is executed, of a guest's once the host's IDs are known. */
bool command_process(struct amdvi_device *device, struct command_job *c, struct command_held *blocked)
{
    STEPS_BEGIN(&c->machine);
    c->progress = COMMAND_DONE;
    if (!take_blocked(c, blocked)) {
        STEPS_WAIT(&c->machine, fetch(device, c));
        job_rest(device, &c->job);
        if (c->progress != COMMAND_DONE)
            STEPS_DONE(&c->machine);
        c->at.legal = command_legal(device, c->at.words);
        JOB_USED(&c->job, commands);
    }
    if (!c->guest)
        observe(device, c);
    c->counted = device->pmu.active;
    c->invalidations = c->entries = 0;
    STEPS_WAIT(&c->machine, execute(device, c));
    count(device, c);
    if (c->guest)
        observe(device, c);
    if (c->progress == COMMAND_BLOCKED)
        block(c, blocked);
    job_rest(device, &c->job);
    STEPS_END(&c->machine);
}
