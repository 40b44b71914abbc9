// SPDX-License-Identifier: Apache-2.0
/*
 * Interrupts of a guest's virtual IOMMU: a two-level table of guest-mode entries behind the interrupt part
 * of the IOMMU's own device table entry (viommu 2.4, 8.5).
 */
#include "model/guests/guest_work.h"
#include "model/signals/signals.h"

#include "tables/layout.h"

enum irq_type { TYPE_EVENT = 0, TYPE_PPR = 1, TYPE_SHIFT = 16, LEVEL1_BYTES = 8, LEVEL2_BYTES = 16 };

static uint32_t index_of(const struct amdvi_device *device, const struct guest *guest,
                         enum amdvi_irq_cause cause)
{
    uint32_t type = TYPE_EVENT;

    if (cause == AMDVI_IRQ_PPR)
        type = TYPE_PPR;
    else if (cause == AMDVI_IRQ_COMPLETION_WAIT)
        type =
            (uint32_t)device->config.value[CONFIG_COMWAIT_IRQ]; /* as events, or a type of its own (11 #23) */
    return type << TYPE_SHIFT | guest->id;
}

static bool level1_leads(uint32_t index, uint64_t entry)
{
    return extirt_l1_v(entry) && (index & 0xff) >> extirt_l1_l2len(entry) == 0;
}

static bool read_entry(struct amdvi_device *device, struct job *job, void *data, size_t length,
                       struct guest_irq *q)
{
    struct place place = {.spa = q->address, .access = AMDVI_ACCESS_IRTE};

    return job_read(device, job, &place, data, length, &q->error);
}

/* The entry of this guest and cause, if the table leads to one. */
static bool find_entry(struct amdvi_device *device, struct job *job, uint32_t index, struct guest_irq *q)
{
    uint16_t own = (uint16_t)device->config.value[CONFIG_DEVID];

    STEPS_BEGIN(&q->find);
    q->found = false;
    STEPS_WAIT(&q->find, dtc_fetch(device, job, own, &q->fetch));
    if (q->fetch.reason || !q->fetch.dte->iv || q->fetch.dte->int_control != DTE_INTCTL_REMAP)
        STEPS_DONE(&q->find);
    q->address = q->fetch.dte->int_root + (uint64_t)(index >> 8) * LEVEL1_BYTES;
    STEPS_WAIT(&q->find, read_entry(device, job, &q->level1, LEVEL1_BYTES, q));
    if (q->error || !level1_leads(index, q->level1))
        STEPS_DONE(&q->find);
    q->address = extirt_l1_l2_root(q->level1) + (uint64_t)(index & 0xff) * LEVEL2_BYTES;
    STEPS_WAIT(&q->find, read_entry(device, job, q->raw, LEVEL2_BYTES, q));
    q->found = !q->error && irte_decode(q->raw, &device->env, &q->irte) == REASON_NONE && q->irte.guest_mode;
    STEPS_END(&q->find);
}

static void tell(struct amdvi_device *device, const struct guest *guest, enum amdvi_irq_cause cause,
                 const struct guest_irq *q)
{
    struct amdvi_irq irq = {.cause = cause, .guest = true, .guest_id = guest->id, .deliverable = q->found};

    if (q->found) {
        irq.vector = q->irte.vector;
        irq.destination = q->irte.destination;
    }
    irq_tell(device, &irq);
}

bool guest_irq_raise(struct amdvi_device *device, struct job *job, const struct guest *guest,
                     enum amdvi_irq_cause cause, struct guest_irq *q)
{
    STEPS_BEGIN(&q->raise);
    STEPS_WAIT(&q->raise, find_entry(device, job, index_of(device, guest, cause), q));
    if (q->found) {
        q->posting.state = POSTING_BEGIN;
        STEPS_WAIT(&q->raise, posting_deliver(device, job, (uint16_t)device->config.value[CONFIG_DEVID],
                                              &q->irte, &guest->id, &q->posting));
    }
    tell(device, guest, cause, q);
    STEPS_END(&q->raise);
}
