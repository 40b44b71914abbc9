// SPDX-License-Identifier: Apache-2.0
/* Interrupts posted to a guest's vAPIC backing page (8.6). */
#include "model/logs/posting.h"

/* Sets the vector's bit in the IRR of the backing page, atomically with the software that reads it. */
static uint8_t set_irr(struct amdvi_device *device, const struct irte *irte)
{
    uint64_t address = irte->vapic_page + 0x200 + irte->vector / 32 * 0x10u;
    uint64_t bit = (uint64_t)1 << irte->vector % 32, old, seen;
    uint8_t error = memory_read(device, AMDVI_ACCESS_VAPIC, address, &old, sizeof(old));

    for (int tries = 0; !error && tries < 8; tries++) {
        error = memory_update(device, AMDVI_ACCESS_VAPIC, address, old, old | bit, &seen);
        if (error || seen == old)
            break;
        old = seen;
    }
    tap(device, AMDVI_ACCESS_VAPIC, true, 0, address, &bit, sizeof(bit), error);
    return error;
}

/* A doorbell to the processor the guest runs on, or a physical interrupt that wakes it. */
static void signal_processor(struct amdvi_device *device, const struct irte *irte)
{
    struct amdvi_irq irq = {.cause = AMDVI_IRQ_VAPIC,
                            .deliverable = true,
                            .vector = irte->vector,
                            .destination = irte->destination};

    if (device->callbacks.interrupt)
        device->callbacks.interrupt(device->callbacks.context, &irq);
}

uint8_t posting_deliver(struct amdvi_device *device, uint16_t requester, const struct irte *irte)
{
    uint64_t record[2] = {ga_encode(irte->ga_tag, requester), 0};
    uint8_t error = set_irr(device, irte);

    if (error)
        return error;
    if (irte->is_run) {
        signal_processor(device, irte);
        return WALK_ERROR_NONE;
    }
    if (irte->ga_log)
        log_append(device, AMDVI_LOG_GA, record);
    if (reg_control_gappien(control(device)) && !irte->gappi_disabled)
        signal_processor(device, irte);
    return WALK_ERROR_NONE;
}
