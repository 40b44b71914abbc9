// SPDX-License-Identifier: Apache-2.0
/*
 * Interrupts of a guest's virtual IOMMU: a two-level table of guest-mode entries behind the interrupt part
 * of the IOMMU's own device table entry (viommu 2.4, 8.5).
 */
#include "model/guests/guest.h"

#include "model/logs/posting.h"
#include "tables/layout.h"

enum irq_type { TYPE_EVENT = 0, TYPE_PPR = 1, TYPE_SHIFT = 16, LEVEL1_BYTES = 8, LEVEL2_BYTES = 16 };

static uint32_t index_of(const struct amdvi_device *device, const struct guest *guest,
                         enum amdvi_irq_cause cause)
{
    uint32_t type = TYPE_EVENT;

    if (cause == AMDVI_IRQ_PPR)
        type = TYPE_PPR;
    else if (cause == AMDVI_IRQ_COMPLETION_WAIT)
        type = (uint32_t)device->config.value[CONFIG_COMWAIT_IRQ]; /* 11 #23 */
    return type << TYPE_SHIFT | guest->id;
}

static bool read_level1(struct amdvi_device *device, const struct dte *dte, uint32_t index, uint64_t *entry)
{
    uint64_t address = dte->int_root + (uint64_t)(index >> 8) * LEVEL1_BYTES;
    uint8_t error = direct_read(device, AMDVI_ACCESS_IRTE, address, entry, LEVEL1_BYTES);

    return !error && extirt_l1_v(*entry) && (index & 0xff) >> extirt_l1_l2len(*entry) == 0;
}

/* The entry of this guest and cause; false where the table does not lead to one. */
static bool find_entry(struct amdvi_device *device, uint32_t index, struct irte *irte)
{
    uint16_t own = (uint16_t)device->config.value[CONFIG_DEVID];
    struct dte_fetch fetch = {.asked = false};
    struct job job;
    uint64_t level1, raw[2], address;
    uint8_t error;

    job_begin(device, &job);
    dtc_fetch(device, &job, own, &fetch);
    if (fetch.reason || !fetch.dte->iv || fetch.dte->int_control != DTE_INTCTL_REMAP ||
        !read_level1(device, fetch.dte, index, &level1))
        return false;
    address = extirt_l1_l2_root(level1) + (uint64_t)(index & 0xff) * LEVEL2_BYTES;
    error = direct_read(device, AMDVI_ACCESS_IRTE, address, raw, LEVEL2_BYTES);
    return !error && irte_decode(raw, &device->env, irte) == REASON_NONE && irte->guest_mode;
}

/* The condition counts even where no entry leads to a processor: then nobody can be told. */
void guest_irq_raise(struct amdvi_device *device, const struct guest *guest, enum amdvi_irq_cause cause)
{
    struct amdvi_irq irq = {.cause = cause, .guest = true, .guest_id = guest->id};
    struct irte irte;

    irq.deliverable = find_entry(device, index_of(device, guest, cause), &irte);
    if (irq.deliverable) {
        irq.vector = irte.vector;
        irq.destination = irte.destination;
        struct posting posting = {.state = POSTING_BEGIN};
        struct job job;
        job_begin(device, &job);
        posting_deliver(device, &job, (uint16_t)device->config.value[CONFIG_DEVID], &irte, &guest->id,
                        &posting);
    }
    irq_tell(device, &irq);
}
