// SPDX-License-Identifier: Apache-2.0
/* Interrupt remapping and posting (8). */
#include "model/requests/interrupt.h"
#include "model/lookup/dtc.h"
#include "model/lookup/itc.h"

#include "tables/layout.h"

/* The reason is told in INTERRUPT_REPORT. */
static enum interrupt_state fail(struct interrupt_job *d, enum reason reason, uint64_t address, uint8_t error)
{
    d->reason = reason;
    d->fault_address = address;
    d->error = error;
    d->result = (struct amdvi_int_result){0};
    if (d->dte)
        d->dte = dtc_own(&d->device_entry);
    fault_report_begin(&d->report);
    return INTERRUPT_REPORT;
}

/* False: the record is on its way. */
static bool report(struct amdvi_device *device, struct interrupt_job *d)
{
    struct fault_facts facts = {.device = d->requester,
                                .domain = d->dte ? d->dte->domain : 0,
                                .address = d->fault_address,
                                .interrupt = true,
                                .suppressed = d->suppressed,
                                .error = d->error};

    if (!fault_raise(device, d->job, d->reason, &facts, d->dte, &d->result.fault, &d->report))
        return false;
    d->job->counts->interrupts_faulted++;
    return true;
}

static void deliver(struct interrupt_job *d, const struct int_message *message)
{
    d->result = (struct amdvi_int_result){
        .ok = true,
        .address = message->address,
        .data = message->data,
        .vector = (uint8_t)message->data,
        .type = (uint8_t)int_message_type(message),
        .destination = (uint32_t)(message->address >> 12 & 0xff) | (uint32_t)(message->address >> 40) << 8,
        .logical = int_message_logical(message),
    };
}

/* SMI filter, 8.5: forwarded if the filter is off or a register names the device. */
static bool smi_passes(const struct amdvi_device *device, uint16_t requester)
{
    if (!device->env.smi_filter)
        return true;
    for (unsigned id = REG_SMI_FILTER0; id <= REG_SMI_FILTER15; id++)
        if (device->mask[id].exists && reg_smi_filter_smidv(device->reg[id]) &&
            reg_smi_filter_smidid(device->reg[id]) == requester)
            return true;
    return false;
}

/* ---------------------------------------------------------------- posted to a guest, 8.6 */

static bool post(struct amdvi_device *device, struct interrupt_job *d)
{
    if (!posting_deliver(device, d->job, d->requester, &d->irte, NULL, &d->posting))
        return false;
    d->state = INTERRUPT_DONE;
    if (d->posting.error)
        d->state = fail(d, REASON_INT_READ_ERROR, d->irte.vapic_page, d->posting.error);
    else
        d->result = (struct amdvi_int_result){.ok = true,
                                              .posted = true,
                                              .vector = d->irte.vector,
                                              .destination = d->irte.destination,
                                              .address = d->message.address,
                                              .data = d->message.data};
    return true;
}

/* IsRun, Destination, GATag and, unless a key says otherwise, GALogIntr are not cached: they are read for
 * every interrupt (8.6), and one whose entry cannot be read fails (8.5). */
static bool refresh_guest_fields(struct amdvi_device *device, struct interrupt_job *d)
{
    bool ga_log = d->irte.ga_log;
    uint64_t raw[2];
    uint8_t error = WALK_ERROR_NONE;

    if (d->entry.cached && !itc_read(device, d->job, d->entry.address, raw, &error))
        return false;
    d->state = error ? fail(d, REASON_INT_READ_ERROR, d->entry.address, error) : INTERRUPT_POST;
    if (!d->entry.cached || error)
        return true;
    irte_refresh(raw, &device->env, &d->irte);
    if (device->config.value[CONFIG_GA_LOG_BIT])
        d->irte.ga_log = ga_log;
    return true;
}

/* ---------------------------------------------------------------- remapping */

static enum interrupt_state remap(struct amdvi_device *device, struct interrupt_job *d)
{
    enum reason reason = d->entry.reason;
    struct int_message out;

    if (reason == REASON_INT_READ_ERROR)
        return fail(d, reason, d->entry.address, d->entry.error);
    if (!reason) {
        reason = irte_decode(d->entry.raw, &device->env, &d->irte);
        d->suppressed = d->irte.suppress;
    }
    if (reason)
        return fail(d, reason, d->message.address, 0);
    d->job->counts->interrupts_remapped++;
    if (d->irte.guest_mode)
        return INTERRUPT_REFRESH;
    out = irte_apply(&d->irte, &device->env, &d->message);
    deliver(d, &out);
    d->result.destination = d->irte.destination;
    return INTERRUPT_DONE;
}

/* With 2048 entries a logical destination marks an index, whatever the type looks like (8.2). */
static bool is_smi(const struct amdvi_device *device, const struct int_message *message)
{
    return int_message_type(message) == INT_SMI && !(device->env.int_2048 && int_message_logical(message));
}

static enum interrupt_state forward(struct amdvi_device *device, struct interrupt_job *d)
{
    bool logged = reg_control_smiflogen(control(device));

    if (is_smi(device, &d->message) && !smi_passes(device, d->requester))
        return fail(d, logged ? REASON_INT_SMI_LOGGED : REASON_INT_SMI_FILTERED, d->message.address, 0);
    deliver(d, &d->message);
    return INTERRUPT_DONE;
}

static enum interrupt_state decide(struct amdvi_device *device, struct interrupt_job *d)
{
    struct int_decision decision = int_decide(d->dte, &device->env, &d->message);

    switch (decision.action) {
    case INT_FORWARD:
        return forward(device, d);
    case INT_REMAP:
        d->index = decision.index;
        d->entry.asked = false;
        return INTERRUPT_ENTRY;
    default:
        return fail(d, decision.reason, d->message.address, 0);
    }
}

static enum interrupt_state with_device_entry(struct amdvi_device *device, struct interrupt_job *d)
{
    const struct dte_fetch *fetch = &d->device_entry;

    if (fetch->reason) {
        bool read = fetch->reason == REASON_DTE_READ_ERROR;
        return fail(d, fetch->reason, read ? fetch->address : d->message.address, fetch->error);
    }
    d->dte = fetch->dte;
    /* IV counts alone; by choice V=0 lets interrupts pass whatever IV says (13 #9). */
    if (d->dte->iv && (d->dte->valid || !device->config.value[CONFIG_DTE_V0_INTERRUPTS]))
        return decide(device, d);
    deliver(d, &d->message);
    return INTERRUPT_DONE;
}

static enum interrupt_state begin(struct amdvi_device *device, struct interrupt_job *d)
{
    d->dte = NULL;
    d->suppressed = false;
    d->device_entry.asked = false;
    d->posting.state = POSTING_BEGIN;
    if (iommu_enabled(device))
        return INTERRUPT_DEVICE_ENTRY;
    deliver(d, &d->message);
    return INTERRUPT_DONE;
}

/* One state on; false: it has asked. */
static bool next(struct amdvi_device *device, struct interrupt_job *d)
{
    switch (d->state) {
    case INTERRUPT_BEGIN:
        d->state = begin(device, d);
        return true;
    case INTERRUPT_DEVICE_ENTRY:
        if (!dtc_fetch(device, d->job, d->requester, &d->device_entry))
            return false;
        d->state = with_device_entry(device, d);
        return true;
    case INTERRUPT_ENTRY:
        if (!itc_fetch(device, d->job, d->dte, d->requester, d->index, &d->entry))
            return false;
        d->state = remap(device, d);
        return true;
    case INTERRUPT_REFRESH:
        return refresh_guest_fields(device, d);
    case INTERRUPT_POST:
        return post(device, d);
    default:
        if (!report(device, d))
            return false;
        d->state = INTERRUPT_DONE;
        return true;
    }
}

static void finish(struct amdvi_device *device, struct interrupt_job *d)
{
    const struct int_message *message = &d->message;

    if (d->watch.on)
        watch_interrupt(device, d->job, &d->watch,
                        &(struct watched_interrupt){.requester = d->requester,
                                                    .address = message->address,
                                                    .data = message->data,
                                                    .dte = d->dte,
                                                    .smi = is_smi(device, message),
                                                    .result = &d->result});
    if (device->observed && device->observer.interrupt)
        device->observer.interrupt(device->observer.context, d->requester, message->address, message->data,
                                   &d->result);
}

bool interrupt_step(struct amdvi_device *device, struct interrupt_job *d)
{
    if (d->state == INTERRUPT_BEGIN) {
        d->job->counts->interrupts++;
        watch_begin(device, d->job, &d->watch);
    }
    while (d->state != INTERRUPT_DONE)
        if (!next(device, d))
            return false;
    finish(device, d);
    return true;
}

enum amdvi_status amdvi_interrupt(struct amdvi_device *device, uint16_t requester, uint64_t address,
                                  uint32_t data, struct amdvi_int_result *result)
{
    struct interrupt_job d;
    struct job job;

    if (!device || !result)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    tell_call(device, AMDVI_CALL_INTERRUPT, 0);
    job_begin(device, &job);
    interrupt_begin(&d, &job, requester, address, data);
    interrupt_step(device, &d);
    *result = d.result;
    return AMDVI_OK;
}
