// SPDX-License-Identifier: Apache-2.0
/* Interrupts posted to a guest's vAPIC backing page (8.6). */
#include "model/logs/posting.h"

/* Sets the vector's bit in the IRR of the backing page, atomically with the software that reads it. */
static uint8_t set_irr(struct amdvi_device *device, const struct irte *irte)
{
    uint64_t address = irte->vapic_page + 0x200 + irte->vector / 32 * 0x10u;
    uint64_t bit = (uint64_t)1 << irte->vector % 32, old = 0, written, seen;
    uint8_t error = memory_read(device, AMDVI_ACCESS_VAPIC, address, &old, sizeof(old));

    for (int tries = 0; !error && tries < 8; tries++) {
        error = memory_update(device, AMDVI_ACCESS_VAPIC, address, old, old | bit, &seen);
        if (error || seen == old)
            break;
        old = seen;
    }
    written = old | bit;
    tap(device, AMDVI_ACCESS_VAPIC, true, 0, address, &written, sizeof(written), error);
    return error;
}

static void tell(struct amdvi_device *device, struct amdvi_irq *irq, const struct irte *irte,
                 const uint16_t *owner)
{
    irq->guest = owner != NULL;
    irq->guest_id = owner ? *owner : 0;
    irq->deliverable = true;
    irq->destination = irte->destination;
    if (device->callbacks.interrupt)
        device->callbacks.interrupt(device->callbacks.context, irq);
}

/* A doorbell to the processor that the guest runs on. */
static void ring(struct amdvi_device *device, const struct irte *irte, const uint16_t *owner)
{
    struct amdvi_irq irq = {.cause = AMDVI_IRQ_VAPIC, .vector = irte->vector};

    tell(device, &irq, irte, owner);
}

/* A physical interrupt wakes the processor of a guest that does not run; its vector is GATag[7:0] (8.6). */
static void wake(struct amdvi_device *device, const struct irte *irte, const uint16_t *owner)
{
    uint8_t vector = (uint8_t)irte->ga_tag;
    struct amdvi_irq irq = {.cause = AMDVI_IRQ_GAPPI,
                            .vector = vector,
                            .address = (uint64_t)(irte->destination >> 8) << 40 | 0xfee00000u |
                                       (irte->destination & 0xff) << 12,
                            .data = vector};

    tell(device, &irq, irte, owner);
}

uint8_t posting_deliver(struct amdvi_device *device, uint16_t requester, const struct irte *irte,
                        const uint16_t *owner)
{
    uint64_t record[2] = {ga_encode(irte->ga_tag, requester), 0};
    uint8_t error = set_irr(device, irte);

    if (error)
        return error;
    if (irte->is_run) {
        ring(device, irte, owner);
        return WALK_ERROR_NONE;
    }
    if (irte->ga_log)
        log_append(device, AMDVI_LOG_GA, record);
    if (reg_control_gappien(control(device)) && !irte->gappi_disabled)
        wake(device, irte, owner);
    return WALK_ERROR_NONE;
}
