// SPDX-License-Identifier: Apache-2.0
/* The command processor of the host ring (6). */
#include "model/commands/command.h"

#include "model/guests/guest.h"
#include "model/lookup/invalidate.h"
#include "model/observe/watch.h"

static enum command_progress halt(struct amdvi_device *device, const struct event *event)
{
    device->command_run = false;
    event_report(device, event);
    return COMMAND_HALTED;
}

static enum command_progress halt_hardware(struct amdvi_device *device, uint64_t address, uint8_t error)
{
    return halt(
        device,
        &(struct event){.code = EVT_COMMAND_HARDWARE_ERROR, .flags = event_type(error), .address = address});
}

/* With SNP the exclusion registers bound what may be stored to (2.3). */
static bool store_allowed(const struct amdvi_device *device, uint64_t address)
{
    uint64_t base = reg_exclusion_base_base(device->reg[REG_EXCLUSION_BASE]);
    uint64_t limit = reg_exclusion_limit_limit(device->reg[REG_EXCLUSION_LIMIT]) | 0xfff;

    return !device->env.snp || (address >= base && address <= limit);
}

static enum command_progress store(struct amdvi_device *device, const struct command *c)
{
    uint64_t address = cmd_completion_wait_address(c->words), data = c->words[1];
    uint8_t error = WALK_ERROR_TARGET_ABORT;

    if (store_allowed(device, address))
        error = direct_write(device, AMDVI_ACCESS_STORE, address, &data, sizeof(data));
    return error ? halt_hardware(device, address, error) : COMMAND_DONE;
}

/* Store, then status, then interrupt (6.4). */
static enum command_progress completion_wait(struct amdvi_device *device, struct job *job,
                                             const struct command *c)
{
    if (device->atc.host.count > 0 || (device->jobs && !jobs_settled(device, &device->command_wait)))
        return COMMAND_BLOCKED;
    if (cmd_completion_wait_s(c->words) && store(device, c) == COMMAND_HALTED)
        return COMMAND_HALTED;
    job->counts->completion_waits++;
    if (cmd_completion_wait_i(c->words)) {
        status_set(device, REG_STATUS_COMWAITINT_MASK);
        irq_raise(device, AMDVI_IRQ_COMPLETION_WAIT);
    }
    return COMMAND_DONE;
}

static void invalidate_all(struct amdvi_device *device)
{
    invalidate_translations(device);
    itc_invalidate_all(device);
}

/* 11 #28. */
static void reset_vmmio(struct amdvi_device *device, const struct command *c)
{
    bool all = cmd_reset_vmmio_all(c->words) ||
               (device->config.value[CONFIG_RESET_ALL_BIT] == 27 && c->words[0] >> 27 & 1);

    guest_reset_registers(device, (uint16_t)cmd_reset_vmmio_guestid(c->words), all,
                          cmd_reset_vmmio_vcmd(c->words));
}

/* The record that it makes is unknown; off by default (11 #38). */
static void insert_guest_event(struct amdvi_device *device, const struct command *c)
{
    struct guest *guest = guest_find(device, (uint16_t)cmd_insert_guest_event_guestid(c->words));
    const uint64_t record[2] = {(c->words[0] >> 56 & 0xf) << 60, c->words[1]};

    if (guest && device->config.value[CONFIG_INSERT_EVENT])
        guest_log_append(device, guest, AMDVI_LOG_EVENT, record);
}

static enum command_progress execute(struct amdvi_device *device, struct job *job, const struct command *c)
{
    switch (cmd_opcode(c->words)) {
    case CMD_COMPLETION_WAIT:
        return completion_wait(device, job, c);
    case CMD_INVALIDATE_IOMMU_ALL:
        invalidate_all(device);
        job->counts->invalidations++;
        return COMMAND_DONE;
    case CMD_RESET_VMMIO:
        reset_vmmio(device, c);
        return COMMAND_DONE;
    case CMD_INSERT_GUEST_EVENT:
        insert_guest_event(device, c);
        return COMMAND_DONE;
    default:
        return command_common(device, job, c, NULL);
    }
}

static void observe(struct amdvi_device *device, const struct command *c, bool legal)
{
    struct amdvi_command_info info = {.address = c->address,
                                      .words = {c->words[0], c->words[1]},
                                      .executed = {c->words[0], c->words[1]},
                                      .legal = legal};

    if (device->observer.command)
        device->observer.command(device->observer.context, &info);
}

static enum command_progress process(struct amdvi_device *device, struct command *c)
{
    uint8_t error = direct_read(device, AMDVI_ACCESS_COMMAND, c->address, c->words, CMD_BYTES);
    enum command_progress progress;
    struct watch watch;
    struct job job;
    bool legal;

    if (error)
        return halt_hardware(device, c->address, error);
    legal = command_legal(device, c->words);
    if (__builtin_expect(device->observed, 0))
        observe(device, c, legal);
    if (!legal)
        return halt(device, &(struct event){.code = EVT_ILLEGAL_COMMAND_ERROR, .address = c->address});
    job_begin(device, &job);
    watch_begin(device, &job, &watch);
    progress = execute(device, &job, c);
    if (watch.on)
        watch_command(device, &job, &watch, c->words, progress == COMMAND_DONE);
    job.counts->commands += progress == COMMAND_DONE;
    job.counts->commands_by_opcode[cmd_opcode(c->words)] += progress == COMMAND_DONE;
    return progress;
}

/* The tail does not move while this runs, so the work is bounded by the ring (15 D16). */
void command_run(struct amdvi_device *device)
{
    uint64_t base = device->reg[REG_CMD_BASE];
    struct ring ring = ring_make(reg_cmd_base_base(base), (unsigned)reg_cmd_base_len(base), CMD_BYTES);
    enum command_progress progress;
    struct command command;
    uint32_t head, tail;

    if (!device->command_run || ring.bytes == 0)
        return;
    head = ring_wrap(&ring, device->reg[REG_CMD_HEAD]);
    tail = ring_wrap(&ring, device->reg[REG_CMD_TAIL]);
    while (head != tail) {
        command.address = ring.base + head;
        progress = process(device, &command);
        if (progress == COMMAND_HALTED)
            device->reg[REG_CMD_HEAD] = command_faulty_head(device, &ring, head, tail);
        if (progress != COMMAND_DONE)
            break;
        head = ring_next(&ring, head);
        device->reg[REG_CMD_HEAD] = head;
    }
}
