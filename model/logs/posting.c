// SPDX-License-Identifier: Apache-2.0
/* Interrupts posted to a guest's vAPIC backing page (8.6). */
#include "model/logs/posting.h"

#include "model/logs/record.h"
#include "model/signals/signals.h"

/* Software may change other bits of the word meanwhile. */
enum { MOST_TRIES = 8 };

/* Sets the vector's bit in the IRR of the backing page, atomically with the software that reads it. */
static bool set_irr(struct amdvi_device *device, struct job *job, const struct irte *irte, struct posting *p)
{
    struct place place = {.spa = irte->vapic_page + 0x200 + irte->vector / 32 * 0x10u,
                          .access = AMDVI_ACCESS_VAPIC};
    uint64_t bit = (uint64_t)1 << irte->vector % 32;

    if (p->state == POSTING_BEGIN) {
        if (!job_read(device, job, &place, &p->old, sizeof(p->old), &p->error))
            return false;
        p->state = POSTING_UPDATE;
        p->tries = 0;
    }
    for (; !p->error && p->tries < MOST_TRIES; p->tries++, p->old = p->seen) {
        if (!job_update(device, job, &place, p->old, p->old | bit, &p->seen, &p->error))
            return false;
        if (p->seen == p->old)
            break;
    }
    return true;
}

static void tell(struct amdvi_device *device, struct amdvi_irq *irq, const struct irte *irte,
                 const uint16_t *owner)
{
    irq->guest = owner != NULL;
    irq->guest_id = owner ? *owner : 0;
    irq->deliverable = true;
    irq->destination = irte->destination;
    irq_tell(device, irq);
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

static bool log_guest_interrupt(struct amdvi_device *device, struct job *job, uint16_t requester,
                                const struct irte *irte)
{
    const struct record record = {.log = AMDVI_LOG_GA, .words = {ga_encode(irte->ga_tag, requester), 0}};

    return record_write(device, job, &record, NULL);
}

bool posting_deliver(struct amdvi_device *device, struct job *job, uint16_t requester,
                     const struct irte *irte, const uint16_t *owner, struct posting *p)
{
    if (p->state != POSTING_LOG && !set_irr(device, job, irte, p))
        return false;
    p->state = POSTING_LOG;
    if (p->error)
        return true;
    if (irte->is_run) {
        ring(device, irte, owner);
        return true;
    }
    if (irte->ga_log && !log_guest_interrupt(device, job, requester, irte))
        return false;
    if (reg_control_gappien(control(device)) && !irte->gappi_disabled)
        wake(device, irte, owner);
    return true;
}
