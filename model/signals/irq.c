// SPDX-License-Identifier: Apache-2.0
/* The device's own interrupts: XT registers or MSI (8.7). */
#include "model/device.h"
#include "model/signals/signals.h"

struct irq_source {
    uint64_t enable; /* in the control register */
    unsigned xt;     /* XT interrupt control register */
};

static struct irq_source source_of(enum amdvi_irq_cause cause)
{
    switch (cause) {
    case AMDVI_IRQ_PPR:
        return (struct irq_source){REG_CONTROL_PPRINTEN_MASK, REG_XT_PPR};
    case AMDVI_IRQ_GA:
        return (struct irq_source){REG_CONTROL_GAINTEN_MASK, REG_XT_GA};
    case AMDVI_IRQ_COMPLETION_WAIT:
        return (struct irq_source){REG_CONTROL_COMWAITINTEN_MASK, REG_XT_GENERAL};
    default:
        return (struct irq_source){REG_CONTROL_EVENTINTEN_MASK, REG_XT_GENERAL};
    }
}

static unsigned msi_number(const struct amdvi_device *device, enum amdvi_irq_cause cause)
{
    uint32_t misc0 = pci_read32(device, 0x50);

    if (cause == AMDVI_IRQ_PPR)
        return (unsigned)cap_misc0_msinumppr(misc0);
    if (cause == AMDVI_IRQ_GA)
        return (unsigned)cap_misc1_msinumga(pci_read32(device, 0x54));
    return (unsigned)cap_misc0_msinum(misc0);
}

/* An all-zero XT register is masked (8.7). */
static void message_from_xt(const struct amdvi_device *device, unsigned id, struct amdvi_irq *irq)
{
    uint64_t xt = device->reg[id];

    irq->deliverable = xt != 0;
    irq->vector = (uint8_t)reg_xt_general_vector(xt);
    irq->destination = (uint32_t)reg_xt_general_destination(xt);
    irq->logical = reg_xt_general_dm(xt);
    irq->address = (uint64_t)(irq->destination >> 8) << 40 | 0xfee00000u | (irq->destination & 0xff) << 12 |
                   (irq->logical ? 4u : 0);
    irq->data = (uint32_t)reg_xt_general_deliverymode(xt) << 8 | irq->vector;
}

static void message_from_msi(const struct amdvi_device *device, unsigned number, struct amdvi_irq *irq)
{
    irq->deliverable = pci_msi_message(device, number, &irq->address, &irq->data);
    irq->vector = (uint8_t)irq->data;
    irq->destination = (uint32_t)(irq->address >> 12) & 0xff;
    irq->logical = irq->address >> 2 & 1;
}

void irq_tell(struct amdvi_device *device, const struct amdvi_irq *irq)
{
    bool was = device_leave(device);

    if (device->callbacks.interrupt)
        device->callbacks.interrupt(device->callbacks.context, irq);
    if (device->observed && device->observer.irq)
        device->observer.irq(device->observer.context, irq);
    device_return(device, was);
}

void irq_raise(struct amdvi_device *device, enum amdvi_irq_cause cause)
{
    if (control(device) & source_of(cause).enable)
        irq_send(device, cause);
}

void irq_send(struct amdvi_device *device, enum amdvi_irq_cause cause)
{
    struct irq_source source = source_of(cause);
    struct amdvi_irq irq = {.cause = cause};

    if (reg_control_intcapxten(control(device)))
        message_from_xt(device, source.xt, &irq);
    else
        message_from_msi(device, msi_number(device, cause), &irq);
    device->statistics.own_interrupts++;
    irq_tell(device, &irq);
}
