// SPDX-License-Identifier: Apache-2.0
/* Commands of the host's ring (6). */
#include "model/commands/command.h"
#include "model/logs/record.h"
#include "model/lookup/invalidate.h"
#include "model/lookup/itc.h"
#include "model/signals/signals.h"

/* The event of an error; the ring stops. */
static bool halt(struct amdvi_device *device, struct command_job *c, const struct event *event)
{
    device->command_run = false;
    c->progress = COMMAND_HALTED;
    return event_report(device, &c->job, event, NULL);
}

static bool halt_hardware(struct amdvi_device *device, struct command_job *c, uint64_t address)
{
    const struct event event = {
        .code = EVT_COMMAND_HARDWARE_ERROR, .flags = event_type(c->failure), .address = address};

    return halt(device, c, &event);
}

bool host_command_illegal(struct amdvi_device *device, struct command_job *c)
{
    const struct event event = {.code = EVT_ILLEGAL_COMMAND_ERROR, .address = c->at.address};

    return halt(device, c, &event);
}

bool host_command_fetch(struct amdvi_device *device, struct command_job *c)
{
    const struct place place = {.spa = c->at.address, .access = AMDVI_ACCESS_COMMAND};

    STEPS_BEGIN(&c->fetch);
    if (!c->fetched)
        STEPS_WAIT(&c->fetch, job_read(device, &c->job, &place, c->at.words, CMD_BYTES, &c->failure));
    c->fetched = false;
    if (c->failure)
        STEPS_WAIT(&c->fetch, halt_hardware(device, c, c->at.address));
    STEPS_END(&c->fetch);
}

/* ---------------------------------------------------------------- COMPLETION_WAIT */

/* With SNP the exclusion registers bound what may be stored to (2.3). */
static bool store_allowed(const struct amdvi_device *device, uint64_t address)
{
    uint64_t base = reg_exclusion_base_base(device->reg[REG_EXCLUSION_BASE]);
    uint64_t limit = reg_exclusion_limit_limit(device->reg[REG_EXCLUSION_LIMIT]) | 0xfff;

    return !device->env.snp || (address >= base && address <= limit);
}

static bool store(struct amdvi_device *device, struct command_job *c)
{
    const uint64_t address = cmd_completion_wait_address(c->at.words);
    const struct place place = {.spa = address, .access = AMDVI_ACCESS_STORE};

    STEPS_BEGIN(&c->more);
    c->failure = WALK_ERROR_TARGET_ABORT;
    if (store_allowed(device, address))
        STEPS_WAIT(&c->more, job_write(device, &c->job, &place, &c->at.words[1], 8, &c->failure));
    if (c->failure)
        STEPS_WAIT(&c->more, halt_hardware(device, c, address));
    STEPS_END(&c->more);
}

/* For answers of devices, for lookups that an invalidation has overtaken, and for records on their way. */
static bool must_wait(struct amdvi_device *device, struct command_job *c)
{
    return device->atc.host.count > 0 || (device->jobs && !jobs_settled(device, &c->at.wait)) ||
           !records_settled(device, &c->at.records);
}

/* Store, then status, then interrupt (6.4). */
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
    if (cmd_completion_wait_i(c->at.words)) {
        status_set(device, REG_STATUS_COMWAITINT_MASK);
        irq_raise(device, AMDVI_IRQ_COMPLETION_WAIT);
    }
    STEPS_END(&c->execute);
}

/* ---------------------------------------------------------------- for guests */

/* The bit All is 28; by choice the host's software may use 27 too (viommu 11 #28). */
static bool reset_vmmio(struct amdvi_device *device, struct command_job *c)
{
    const uint64_t *words = c->at.words;
    bool all = cmd_reset_vmmio_all(words) ||
               (device->config.value[CONFIG_RESET_ALL_BIT] == 27 && words[0] >> 27 & 1);

    return guest_reset_registers(device, &c->job, (uint16_t)cmd_reset_vmmio_guestid(words), all,
                                 cmd_reset_vmmio_vcmd(words), &c->reset);
}

/* The record that it makes is unknown; off by default (11 #38). */
static bool insert_guest_event(struct amdvi_device *device, struct command_job *c)
{
    uint16_t id = (uint16_t)cmd_insert_guest_event_guestid(c->at.words);
    const uint64_t record[2] = {(c->at.words[0] >> 56 & 0xf) << 60, c->at.words[1]};

    return !device->config.value[CONFIG_INSERT_EVENT] || !guest_find(device, id) ||
           guest_record(device, &c->job, id, AMDVI_LOG_EVENT, record, NULL);
}

static void invalidate_all(struct amdvi_device *device, struct command_job *c)
{
    invalidate_translations(device);
    itc_invalidate_all(device);
    command_invalidated(c);
}

bool host_command_execute(struct amdvi_device *device, struct command_job *c)
{
    switch (cmd_opcode(c->at.words)) {
    case CMD_COMPLETION_WAIT:
        return completion_wait(device, c);
    case CMD_INVALIDATE_IOMMU_ALL:
        invalidate_all(device, c);
        return true;
    case CMD_RESET_VMMIO:
        return reset_vmmio(device, c);
    case CMD_INSERT_GUEST_EVENT:
        return insert_guest_event(device, c);
    default:
        return command_common(device, c);
    }
}
