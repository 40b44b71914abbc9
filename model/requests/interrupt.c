// SPDX-License-Identifier: Apache-2.0
/* Interrupt remapping and posting (8). */
#include "model/logs/posting.h"
#include "model/observe/watch.h"

#include "tables/layout.h"

struct delivery {
    uint16_t requester;
    struct int_message message;
    struct amdvi_int_result *result;
    const struct dte *dte;
    bool suppressed; /* IRTE.SupIOPF */
};

static void fail(struct amdvi_device *device, const struct delivery *d, enum reason reason, uint64_t address,
                 uint8_t error)
{
    struct fault_facts facts = {.device = d->requester,
                                .domain = d->dte ? d->dte->domain : 0,
                                .address = address,
                                .interrupt = true,
                                .suppressed = d->suppressed,
                                .error = error};

    *d->result = (struct amdvi_int_result){0};
    fault_raise(device, reason, &facts, d->dte, &d->result->fault);
    device->statistics.interrupts_faulted++;
}

static void deliver(const struct delivery *d, const struct int_message *message)
{
    *d->result = (struct amdvi_int_result){
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

static void post(struct amdvi_device *device, const struct delivery *d, const struct irte *irte)
{
    uint8_t error = posting_deliver(device, d->requester, irte, NULL);

    if (error) {
        fail(device, d, REASON_INT_READ_ERROR, irte->vapic_page, error);
        return;
    }
    *d->result = (struct amdvi_int_result){.ok = true,
                                           .posted = true,
                                           .vector = irte->vector,
                                           .destination = irte->destination,
                                           .address = d->message.address,
                                           .data = d->message.data};
}

/* IsRun, Destination, GATag and, unless a key says otherwise, GALogIntr are not cached: they are read for
 * every interrupt (8.6). */
static void refresh_guest_fields(struct amdvi_device *device, const struct irte_fetch *fetch,
                                 struct irte *irte)
{
    bool ga_log = irte->ga_log;
    uint64_t raw[2];

    if (!fetch->cached || itc_read(device, fetch->address, raw))
        return;
    irte_refresh(raw, &device->env, irte);
    if (device->config.value[CONFIG_GA_LOG_BIT])
        irte->ga_log = ga_log;
}

/* ---------------------------------------------------------------- remapping */

static void remap(struct amdvi_device *device, struct delivery *d, uint32_t index)
{
    struct irte_fetch fetch;
    struct int_message out;
    struct irte irte;
    enum reason reason = itc_fetch(device, d->dte, d->requester, index, &fetch);

    if (reason == REASON_INT_READ_ERROR) {
        fail(device, d, reason, fetch.address, fetch.error);
        return;
    }
    if (!reason) {
        reason = irte_decode(fetch.raw, &device->env, &irte);
        d->suppressed = irte.suppress;
    }
    if (reason) {
        fail(device, d, reason, d->message.address, 0);
        return;
    }
    device->statistics.interrupts_remapped++;
    if (irte.guest_mode) {
        refresh_guest_fields(device, &fetch, &irte);
        post(device, d, &irte);
        return;
    }
    out = irte_apply(&irte, &device->env, &d->message);
    deliver(d, &out);
    d->result->destination = irte.destination;
}

/* With 2048 entries a logical destination marks an index, whatever the type looks like (8.2). */
static bool is_smi(const struct amdvi_device *device, const struct int_message *message)
{
    return int_message_type(message) == INT_SMI && !(device->env.int_2048 && int_message_logical(message));
}

static void forward(struct amdvi_device *device, const struct delivery *d)
{
    if (is_smi(device, &d->message) && !smi_passes(device, d->requester))
        fail(device, d,
             reg_control_smiflogen(control(device)) ? REASON_INT_SMI_LOGGED : REASON_INT_SMI_FILTERED,
             d->message.address, 0);
    else
        deliver(d, &d->message);
}

static void decide(struct amdvi_device *device, struct delivery *d)
{
    struct int_decision decision = int_decide(d->dte, &device->env, &d->message);

    switch (decision.action) {
    case INT_FORWARD:
        forward(device, d);
        return;
    case INT_REMAP:
        remap(device, d, decision.index);
        return;
    default:
        fail(device, d, decision.reason, d->message.address, 0);
        return;
    }
}

static void handle(struct amdvi_device *device, struct delivery *d, struct dtc_line *line)
{
    struct dte_fetch fetch;

    if (!iommu_enabled(device)) {
        deliver(d, &d->message);
        return;
    }
    fetch = dtc_fetch(device, d->requester, line);
    if (fetch.reason) {
        bool read = fetch.reason == REASON_DTE_READ_ERROR;
        fail(device, d, fetch.reason, read ? fetch.address : d->message.address, fetch.error);
        return;
    }
    d->dte = fetch.dte;
    if (d->dte->iv && (d->dte->valid || !device->config.value[CONFIG_DTE_V0_INTERRUPTS])) /* 13 #9 */
        decide(device, d);
    else
        deliver(d, &d->message);
}

enum amdvi_status amdvi_interrupt(struct amdvi_device *device, uint16_t requester, uint64_t address,
                                  uint32_t data, struct amdvi_int_result *result)
{
    struct delivery d = {
        .requester = requester, .message = {.address = address, .data = data}, .result = result};
    struct dtc_line line;

    if (!device || !result)
        return AMDVI_ERR_ARGUMENT;
    device->statistics.interrupts++;
    if (__builtin_expect(device->watched, 0))
        watch_begin(device);
    handle(device, &d, &line);
    if (__builtin_expect(device->watched, 0))
        watch_interrupt(device, &(struct watched_interrupt){.requester = requester,
                                                            .address = address,
                                                            .data = data,
                                                            .dte = d.dte,
                                                            .smi = is_smi(device, &d.message),
                                                            .result = result});
    if (device->observed && device->observer.interrupt)
        device->observer.interrupt(device->observer.context, requester, address, data, result);
    return AMDVI_OK;
}
