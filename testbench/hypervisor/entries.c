// SPDX-License-Identifier: Apache-2.0
/* The device table, and what devices are attached to. */
#include "testbench/hypervisor/internal.h"

#include "tables/layout.h"

#include <string.h>

enum hv_status hv_entry_read(const struct hv_driver *driver, uint16_t device, uint64_t entry[4])
{
    uint64_t at = driver->device_table + (uint64_t)device * HV_DTE_BYTES;

    if (driver->shared)
        return driver->owner.entry_read(driver->owner.context, device, entry);
    for (unsigned i = 0; i < 4; i++)
        entry[i] = hv_memory_get(driver->memory, at + i * sizeof(entry[i]));
    return HV_OK;
}

/* As an emulator that hears of one store at a time (viommu 10). */
static enum hv_status write_live(struct hv_driver *driver, uint16_t device, const uint64_t entry[4])
{
    uint64_t at = driver->device_table + (uint64_t)device * HV_DTE_BYTES;

    for (unsigned i = 0; i < 4; i++)
        hv_memory_set(driver->memory, at + i * sizeof(entry[i]), entry[i]);
    return hv_flush_entry(driver, device);
}

/* V=0 entries let requests pass, so an entry changes through a blocked one: word 0 first down, last up. */
enum hv_status hv_entry_put(struct hv_driver *driver, uint16_t device, const uint64_t entry[4])
{
    uint64_t at = driver->device_table + (uint64_t)device * HV_DTE_BYTES, blocked[4];

    if (driver->shared)
        return driver->owner.entry_write(driver->owner.context, device, entry);
    hv_dte_blocked(blocked);
    hv_memory_set(driver->memory, at, blocked[0]);
    for (unsigned i = 4; i-- > 0;)
        hv_memory_set(driver->memory, at + i * sizeof(entry[i]), entry[i]);
    return hv_flush_entry(driver, device);
}

/* The interrupt part stays what it was (viommu 5.3). */
enum hv_status hv_entry_write(struct hv_driver *driver, uint16_t device, const uint64_t entry[4])
{
    uint64_t old[4], now[4];
    enum hv_status status = hv_entry_read(driver, device, old);

    if (status)
        return status;
    for (unsigned i = 0; i < 4; i++)
        now[i] = entry[i];
    now[2] |= old[2] & ~DTE_GUESTPAGINGMODE_MASK;
    if (hv_driver_mistakes(driver, HV_MISTAKE_PARTIAL_ENTRY) && !driver->shared)
        return write_live(driver, device, now);
    return hv_entry_put(driver, device, now);
}

enum hv_status hv_entry_give_back(struct hv_driver *driver, uint16_t device, const uint64_t before[4])
{
    uint64_t entry[4];

    hv_dte_blocked(entry);
    for (unsigned i = 0; driver->shared && i < 4; i++)
        entry[i] = i == DTE_IV_WORD ? before[i] & DTE_GUESTPAGINGMODE_MASK : before[i];
    return hv_entry_write(driver, device, entry);
}

/* Somebody else's entry is kept, and blocked until the device is attached here. */
static enum hv_status take_over(struct hv_driver *driver, uint16_t device)
{
    struct hv_device *d = &driver->devices[device];
    uint64_t blocked[4];
    enum hv_status status = driver->shared ? hv_entry_read(driver, device, d->before) : HV_OK;

    hv_dte_blocked(blocked);
    if (!status && driver->shared)
        status = hv_entry_write(driver, device, blocked);
    if (!status && driver->shared)
        status = hv_device_forget(driver, device, d);
    if (status) {
        *d = (struct hv_device){0};
        hv_ids_give(&driver->trans_ids, device);
    }
    return status;
}

enum hv_status hv_device_add(struct hv_driver *driver, uint16_t device, bool ats)
{
    if (!driver || device == driver->options.devid)
        return HV_ERR_ARGUMENT;
    if (driver->devices[device].known)
        return HV_ERR_EXISTS;
    for (struct hv_guest *guest = driver->guests; guest; guest = guest->next) {
        enum hv_status status = guest->own_trans && guest->trans == device ? hv_guest_relocate(guest) : HV_OK;
        if (status)
            return status;
    }
    hv_ids_take(&driver->trans_ids, device);
    driver->devices[device] = (struct hv_device){.known = true, .ats = ats};
    return take_over(driver, device);
}

enum hv_status hv_device_remove(struct hv_driver *driver, uint16_t device)
{
    if (!driver)
        return HV_ERR_ARGUMENT;
    if (!driver->devices[device].known)
        return HV_ERR_NO_OBJECT;
    if (driver->devices[device].stage2)
        return HV_ERR_BUSY;
    hv_device_interrupts_off(driver, device);
    if (driver->shared)
        hv_entry_give_back(driver, device, driver->devices[device].before);
    driver->devices[device] = (struct hv_device){0};
    hv_ids_give(&driver->trans_ids, device);
    return HV_OK;
}

bool hv_device_known(const struct hv_driver *driver, uint16_t device)
{
    return driver && driver->devices[device].known;
}

enum hv_status hv_device_enter(struct hv_driver *driver, uint16_t device, struct hv_stage2 *stage2,
                               const uint64_t entry[4])
{
    struct hv_device *d = &driver->devices[device], old = *d;
    enum hv_status status;

    if (stage2)
        stage2->users++;
    if (d->stage2)
        d->stage2->users--;
    d->stage2 = stage2;
    memcpy(d->entry, entry, sizeof(d->entry));
    status = hv_entry_write(driver, device, entry);
    return status || !old.stage2 ? status : hv_device_forget(driver, device, &old);
}

static enum hv_status check(const struct hv_driver *driver, uint16_t device, const struct hv_stage2 *stage2)
{
    if (!driver->devices[device].known)
        return HV_ERR_NO_OBJECT;
    return stage2->driver == driver ? HV_OK : HV_ERR_FOREIGN;
}

enum hv_status hv_device_block(struct hv_driver *driver, uint16_t device)
{
    uint64_t entry[4];

    if (!driver)
        return HV_ERR_ARGUMENT;
    if (!driver->devices[device].known)
        return HV_ERR_NO_OBJECT;
    hv_dte_blocked(entry);
    return hv_device_enter(driver, device, NULL, entry);
}

enum hv_status hv_device_attach(struct hv_driver *driver, uint16_t device, struct hv_stage2 *stage2)
{
    uint64_t entry[4];
    enum hv_status status;

    if (!driver || !stage2)
        return HV_ERR_ARGUMENT;
    status = check(driver, device, stage2);
    if (status)
        return status;
    hv_dte_host(entry, stage2->table.root, stage2->table.mode, stage2->domain);
    dte_set_i(entry, driver->devices[device].ats);
    return hv_device_enter(driver, device, stage2, entry);
}

enum hv_status hv_device_attach_nested(struct hv_driver *driver, uint16_t device,
                                       const struct hv_nested *nested)
{
    uint64_t entry[4];
    enum hv_status status;

    if (!driver || !nested || !nested->stage2)
        return HV_ERR_ARGUMENT;
    status = check(driver, device, nested->stage2);
    if (status)
        return status;
    if (nested->guest && nested->guest->driver != driver)
        return HV_ERR_FOREIGN;
    if (hv_dte_check(nested->guest_entry, driver->efr))
        return HV_ERR_DTE;
    hv_dte_host(entry, nested->stage2->table.root, nested->stage2->table.mode, nested->host_domain);
    dte_set_i(entry, driver->devices[device].ats);
    hv_dte_nest(entry, nested->guest_entry);
    if (nested->guest)
        hv_dte_own(entry, nested->guest->id, nested->guest_device);
    return hv_device_enter(driver, device, nested->stage2, entry);
}
