// SPDX-License-Identifier: Apache-2.0
/* One GuestID: its TransDevID, and its life from RESET_VMMIO to the release of its maps (viommu 9.4). */
#include "testbench/hypervisor/guest_maps.h"

#include "model/layout.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ORDINARY = 1, LAST_ORDINARY = 0x7fff, FIRST_OTHER = 0x8000, LAST_ID = 0xffff };

/* Bit 15 may select a secure virtual IOMMU, so ordinary guests come below it while there is room
 * (viommu 1.4). */
static bool take_id(struct hv_driver *driver, uint16_t *id)
{
    uint16_t first = driver->options.first_guest_id;

    if (driver->shared)
        return hv_id_take(driver, HV_ID_GUEST, id);
    if (first)
        return hv_ids_find(&driver->guest_ids, first, LAST_ID, id);
    return hv_ids_find(&driver->guest_ids, FIRST_ORDINARY, LAST_ORDINARY, id) ||
           hv_ids_find(&driver->guest_ids, FIRST_OTHER, LAST_ID, id);
}

enum hv_status hv_guest_control(struct hv_guest *guest, unsigned offset, uint64_t value)
{
    if (!guest)
        return HV_ERR_ARGUMENT;
    if (amdvi_vfc_write(guest->driver->device, guest->id, offset, 8, value) ||
        amdvi_run(guest->driver->device))
        return HV_ERR_DEVICE;
    return HV_OK;
}

/* ---------------------------------------------------------------- TransDevID (viommu 3.2) */

static enum hv_status point(struct hv_guest *guest, uint16_t trans)
{
    return hv_guest_control(guest, VFC_MISC_OFFSET, vfc_misc_set_transdevid(0, trans));
}

static enum hv_status write_trans(struct hv_guest *guest, uint16_t trans)
{
    uint64_t entry[4];

    hv_dte_host(entry, guest->stage2->table.root, guest->stage2->table.mode, guest->stage2->domain);
    return hv_entry_write(guest->driver, trans, entry);
}

static void clear_trans(struct hv_guest *guest, uint16_t trans, const uint64_t before[4])
{
    hv_entry_give_back(guest->driver, trans, before);
    hv_id_give(guest->driver, HV_ID_TRANS, trans);
}

enum hv_status hv_guest_trans_renew(struct hv_guest *guest)
{
    return guest->own_trans ? write_trans(guest, guest->trans) : HV_OK;
}

static enum hv_status take_trans(struct hv_guest *guest)
{
    enum hv_status status;
    uint64_t before[4];
    uint16_t trans;

    if (!hv_id_take(guest->driver, HV_ID_TRANS, &trans))
        return HV_ERR_NO_ID;
    status = hv_entry_read(guest->driver, trans, before);
    if (!status)
        status = write_trans(guest, trans);
    if (!status)
        status = point(guest, trans);
    if (status) {
        clear_trans(guest, trans, before);
        return status;
    }
    memcpy(guest->trans_before, before, sizeof(before));
    guest->trans = trans;
    guest->own_trans = true;
    return HV_OK;
}

/* 9.4: new entry and flush, VF Control, then the old entry goes. The hardware takes it between two commands.
 */
enum hv_status hv_guest_relocate(struct hv_guest *guest)
{
    uint64_t before[4];
    uint16_t old;
    enum hv_status status;

    if (!guest)
        return HV_ERR_ARGUMENT;
    if (!guest->own_trans)
        return HV_ERR_ORDER;
    old = guest->trans;
    memcpy(before, guest->trans_before, sizeof(before));
    status = take_trans(guest);
    if (!status)
        clear_trans(guest, old, before);
    return status;
}

enum hv_status hv_guest_set_trans(struct hv_guest *guest, uint16_t device)
{
    if (!guest)
        return HV_ERR_ARGUMENT;
    if (guest->own_trans)
        return HV_ERR_EXISTS;
    if (!guest->driver->devices[device].stage2)
        return HV_ERR_ORDER;
    guest->trans = device;
    return point(guest, device);
}

/* ---------------------------------------------------------------- life */

static void release(struct hv_guest *guest)
{
    struct hv_driver *driver = guest->driver;
    struct hv_interrupt none = {0};

    hv_reset_guest(driver, guest->id); /* nothing runs from here on; VF Control 10h is 0 */
    hv_guest_interrupt(guest, HV_INTERRUPT_EVENT, &none);
    hv_guest_interrupt(guest, HV_INTERRUPT_PPR, &none);
    if (guest->own_trans)
        clear_trans(guest, guest->trans, guest->trans_before);
    hv_guest_maps_destroy(guest);
    if (hv_driver_mistakes(driver, HV_MISTAKE_MAPS_FREED_FIRST))
        hv_guest_maps_clear(guest);
    if (guest->stage2)
        guest->stage2->users--;
    hv_id_give(driver, HV_ID_GUEST, guest->id);
    free(guest);
}

/* RESET_VMMIO has done it already, and at the right place; the first driver did it by hand (viommu 2.3). */
static void clear_dirty_bit(const struct hv_guest *guest)
{
    struct hv_memory *memory = guest->driver->memory;
    uint64_t byte = (uint64_t)(guest->id & 0xff) << 4 | (uint64_t)(guest->id >> 13) << 2;
    uint64_t bit = UINT64_C(1) << ((guest->id >> 8 & 31) + byte % 8 * 8);
    uint64_t at = guest->driver->low + HV_PRIVATE_DIRTY + byte / 8 * 8;

    hv_memory_set(memory, at, hv_memory_get(memory, at) & ~bit);
}

static enum hv_status build(struct hv_guest *guest)
{
    enum hv_status status = hv_reset_guest(guest->driver, guest->id);

    if (hv_driver_mistakes(guest->driver, HV_MISTAKE_DIRTY_FORMULA))
        clear_dirty_bit(guest);

    if (!status && guest->stage2)
        status = take_trans(guest);
    return status ? status : hv_guest_maps_create(guest);
}

enum hv_status hv_guest_create(struct hv_driver *driver, struct hv_stage2 *stage2, struct hv_guest **guest)
{
    struct hv_guest *made;
    enum hv_status status;

    if (!driver || !guest)
        return HV_ERR_ARGUMENT;
    if (stage2 && stage2->driver != driver)
        return HV_ERR_FOREIGN;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    *made = (struct hv_guest){.driver = driver, .stage2 = stage2};
    if (!take_id(driver, &made->id)) {
        free(made);
        return HV_ERR_NO_ID;
    }
    if (stage2)
        stage2->users++;
    status = build(made);
    if (status) {
        release(made);
        return status;
    }
    made->next = driver->guests;
    driver->guests = made;
    *guest = made;
    return HV_OK;
}

void hv_guest_destroy(struct hv_guest *guest)
{
    struct hv_guest **link;

    if (!guest)
        return;
    for (link = &guest->driver->guests; *link != guest; link = &(*link)->next)
        ;
    *link = guest->next;
    release(guest);
}

/* RESET_VMMIO takes TransDevID along: it is a register as the others. */
enum hv_status hv_guest_reset(struct hv_guest *guest)
{
    enum hv_status status;

    if (!guest)
        return HV_ERR_ARGUMENT;
    status = hv_reset_guest(guest->driver, guest->id);
    return status || !guest->trans ? status : point(guest, guest->trans);
}

uint16_t hv_guest_id(const struct hv_guest *guest)
{
    return guest->id;
}

uint16_t hv_guest_trans(const struct hv_guest *guest)
{
    return guest->trans;
}

struct hv_driver *hv_guest_driver(const struct hv_guest *guest)
{
    return guest->driver;
}
