// SPDX-License-Identifier: Apache-2.0
/* What is asked of the owner of an IOMMU, and what a driver of its own does instead. */
#include "testbench/hypervisor/owner.h"

#include "testbench/hypervisor/internal.h"

#include "model/layout.h"

static struct hv_ids *set_of(struct hv_driver *driver, enum hv_id kind)
{
    return kind == HV_ID_DOMAIN  ? &driver->domain_ids
           : kind == HV_ID_GUEST ? &driver->guest_ids
                                 : &driver->trans_ids;
}

/* TransDevIDs come from the top down: there real devices are rare, and those that are known are taken. */
bool hv_id_take(struct hv_driver *driver, enum hv_id kind, uint16_t *id)
{
    bool down = kind == HV_ID_TRANS || (kind == HV_ID_DOMAIN && driver->shared);

    if (driver->shared && driver->owner.take)
        return driver->owner.take(driver->owner.context, kind, id);
    if (down)
        return hv_ids_find(set_of(driver, kind), UINT16_MAX, 1, id);
    return hv_ids_find(set_of(driver, kind), 1, UINT16_MAX, id);
}

void hv_id_give(struct hv_driver *driver, enum hv_id kind, uint16_t id)
{
    if (driver->shared && driver->owner.give)
        driver->owner.give(driver->owner.context, kind, id);
    else
        hv_ids_give(set_of(driver, kind), id);
}

/* ---------------------------------------------------------------- Control */

static enum hv_status change_control(struct hv_driver *driver, uint64_t mask, uint64_t value)
{
    uint64_t now = 0;

    if (driver->owner.control)
        return driver->owner.control(driver->owner.context, mask, value);
    if (amdvi_mmio_read(driver->device, REG_CONTROL_OFFSET, 8, &now) ||
        amdvi_mmio_write(driver->device, REG_CONTROL_OFFSET, 8, (now & ~mask) | value))
        return HV_ERR_DEVICE;
    return HV_OK;
}

enum hv_status hv_control_set(struct hv_driver *driver, uint64_t bits)
{
    uint64_t now = 0;

    driver->control |= bits;
    if (!driver->shared)
        return amdvi_mmio_write(driver->device, REG_CONTROL_OFFSET, 8, driver->control) ? HV_ERR_DEVICE
                                                                                        : HV_OK;
    if (amdvi_mmio_read(driver->device, REG_CONTROL_OFFSET, 8, &now))
        return HV_ERR_DEVICE;
    driver->joined |= bits & ~now;
    return bits & ~now ? change_control(driver, bits, bits) : HV_OK;
}

/* ---------------------------------------------------------------- leaving */

static void give_back(struct hv_driver *driver, uint16_t device)
{
    driver->devices[device].stage2 = NULL;
    hv_entry_give_back(driver, device, driver->devices[device].before);
}

/* Guests are gone. Their bits go before the entry behind them. */
void hv_leave(struct hv_driver *driver)
{
    for (unsigned i = 0; i <= UINT16_MAX; i++)
        if (driver->devices[i].known)
            give_back(driver, (uint16_t)i);
    if (driver->joined)
        change_control(driver, driver->joined, 0);
    if (!driver->low)
        return;
    hv_entry_put(driver, driver->options.devid, driver->own_before);
    hv_flush_interrupts(driver, driver->options.devid);
    hv_invalidate_domain(driver, driver->private_domain);
    hv_wait(driver);
}
