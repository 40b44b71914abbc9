// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts by wire: a pin of an I/O interrupt controller, as firmware describes it, and a handler that
 * counts. */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>

#include <asm/io_apic.h>

#include "api.h"

enum { PINS = 64 };

struct pin_user {
    int irq; /* 0: unused */
    u64 count;
    u32 __iomem *content; /* a register of the device, which stops asking when it is written; or null */
};

static struct pin_user pins[PINS];

static irqreturn_t count_it(int irq, void *data)
{
    struct pin_user *user = data;

    user->count++;
    if (user->content)
        writel(1, user->content);
    return IRQ_HANDLED;
}

static int request(struct pin_user *user, int gsi, int level)
{
    struct irq_alloc_info info;
    int irq, result;

    ioapic_set_alloc_attr(&info, NUMA_NO_NODE, level, level);
    irq = mp_map_gsi_to_irq(gsi, IOAPIC_MAP_ALLOC, &info);
    if (irq <= 0)
        return irq ? irq : -ENODEV;
    user->count = 0;
    result = request_irq(irq, count_it, level ? IRQF_SHARED : 0, "kshim pin", user);
    if (result)
        mp_unmap_irq(irq);
    else
        user->irq = irq;
    return result;
}

int api_pin_request(int gsi, int level, kshim_u64 content)
{
    if (gsi < 0 || gsi >= PINS || pins[gsi].irq)
        return -EINVAL;
    pins[gsi].content = content ? ioremap(content, sizeof(u32)) : NULL;
    return request(&pins[gsi], gsi, level);
}

void api_pin_release(int gsi)
{
    if (gsi < 0 || gsi >= PINS || !pins[gsi].irq)
        return;
    free_irq(pins[gsi].irq, &pins[gsi]);
    mp_unmap_irq(pins[gsi].irq);
    if (pins[gsi].content)
        iounmap(pins[gsi].content);
    pins[gsi].irq = 0;
}

kshim_u64 api_pin_count(int gsi)
{
    return gsi >= 0 && gsi < PINS ? pins[gsi].count : 0;
}
