// SPDX-License-Identifier: Apache-2.0
/* DevIDMap and DomIDMap: in memory, written by the DID map registers, read by commands (viommu 3.1, 6). */
#include "model/guests/guest_work.h"

#include "model/logs/record.h"

#include "tables/layout.h"

enum { DEVICE_ENTRY_BYTES = 16, DOMAIN_ENTRY_BYTES = 8 };

uint64_t map_device_entry(uint16_t id, uint16_t guest_device)
{
    return private_address(PRIVATE_DEVICE_MAP, id) + (uint64_t)guest_device * DEVICE_ENTRY_BYTES;
}

uint64_t map_domain_entry(uint16_t id, uint16_t guest_domain)
{
    return private_address(PRIVATE_DOMAIN_MAP, id) + (uint64_t)guest_domain * DOMAIN_ENTRY_BYTES;
}

uint64_t map_host_domain(const struct amdvi_device *device, uint64_t entry)
{
    return entry >> device->config.value[CONFIG_DOMAIN_MAP_SHIFT] & UINT16_MAX;
}

static uint64_t domain_entry(const struct amdvi_device *device, uint64_t valid, uint64_t host_domain)
{
    return domidmap_set_v(0, valid) | host_domain << device->config.value[CONFIG_DOMAIN_MAP_SHIFT];
}

static uint64_t queue_of(const struct amdvi_device *device, const uint64_t entry[2])
{
    return entry[1] >> device->config.value[CONFIG_QUEUE_MAP_SHIFT] & UINT16_MAX;
}

static void make_device_entry(const struct amdvi_device *device, uint64_t valid, uint64_t host_device,
                              uint64_t queue, uint64_t entry[2])
{
    entry[0] = entry[1] = 0;
    devidmap_set_v(entry, valid);
    devidmap_set_hdevid(entry, host_device);
    entry[1] |= queue << device->config.value[CONFIG_QUEUE_MAP_SHIFT];
}

/* A write to a page of a map that is not mapped is dropped, and by choice the host hears of it (viommu 11
 * #7). What else fails is an error of the private space (7.3). */
static bool write_failed(struct amdvi_device *device, struct job *job, uint16_t id,
                         const struct space_access *access)
{
    if (access->reason == REASON_HOST_NOT_PRESENT && !device->config.value[CONFIG_MAP_FAULT])
        return true;
    return private_report(device, job, id, access, 0);
}

/* Of `w->entry`. */
static bool write_entry(struct amdvi_device *device, struct job *job, struct guest *guest, enum held_use use,
                        uint64_t ipa, size_t bytes, struct guest_work *w)
{
    STEPS_BEGIN(&w->map);
    space_aim_private(device, &w->io, ipa, true);
    STEPS_WAIT(&w->map,
               space_write(device, job, &guest->held[use], &w->io, AMDVI_ACCESS_MAP, w->entry, bytes));
    if (!space_worked(&w->io))
        STEPS_WAIT(&w->map, write_failed(device, job, guest->id, &w->io.access));
    STEPS_END(&w->map);
}

bool map_write(struct amdvi_device *device, struct job *job, struct guest *guest, enum vfc_id id,
               uint64_t value, struct guest_work *w)
{
    if (id == VFC_DID_MAP0) {
        make_device_entry(device, vfc_did_map0_v(value), vfc_did_map0_hdevid(value),
                          vfc_did_map0_queueid(value), w->entry);
        return write_entry(device, job, guest, HELD_DEVICE_MAP,
                           map_device_entry(guest->id, (uint16_t)vfc_did_map0_gdevid(value)),
                           DEVICE_ENTRY_BYTES, w);
    }
    w->entry[0] = domain_entry(device, vfc_did_map1_v(value), vfc_did_map1_hdomid(value));
    return write_entry(device, job, guest, HELD_DOMAIN_MAP,
                       map_domain_entry(guest->id, (uint16_t)vfc_did_map1_gdomid(value)), DOMAIN_ENTRY_BYTES,
                       w);
}

/* Into `w->entry`, if `w->worked`. */
static bool read_entry(struct amdvi_device *device, struct job *job, struct guest *guest, enum held_use use,
                       uint64_t ipa, size_t bytes, struct guest_work *w)
{
    STEPS_BEGIN(&w->map);
    space_aim_private(device, &w->io, ipa, false);
    STEPS_WAIT(&w->map,
               space_read(device, job, &guest->held[use], &w->io, AMDVI_ACCESS_MAP, w->entry, bytes));
    w->worked = space_worked(&w->io);
    if (!w->worked)
        STEPS_WAIT(&w->map, private_report(device, job, guest->id, &w->io.access, VFLAG_CMD));
    STEPS_END(&w->map);
}

bool map_device(struct amdvi_device *device, struct job *job, struct guest *guest, uint16_t guest_device,
                struct map_entry *found, struct guest_work *w)
{
    if (!read_entry(device, job, guest, HELD_DEVICE_MAP, map_device_entry(guest->id, guest_device),
                    DEVICE_ENTRY_BYTES, w))
        return false;
    found->result = MAP_UNREACHABLE;
    if (!w->worked)
        return true;
    found->id = (uint16_t)devidmap_hdevid(w->entry);
    found->queue = (uint16_t)queue_of(device, w->entry);
    found->result = devidmap_v(w->entry) ? MAP_FOUND : MAP_UNMAPPED;
    if (found->id == 0 && device->config.value[CONFIG_ZERO_HOST_ID]) /* by choice never a device (11 #6) */
        found->result = MAP_UNMAPPED;
    return true;
}

bool map_domain(struct amdvi_device *device, struct job *job, struct guest *guest, uint16_t guest_domain,
                struct map_entry *found, struct guest_work *w)
{
    if (!read_entry(device, job, guest, HELD_DOMAIN_MAP, map_domain_entry(guest->id, guest_domain),
                    DOMAIN_ENTRY_BYTES, w))
        return false;
    found->result = MAP_UNREACHABLE;
    if (!w->worked)
        return true;
    found->id = (uint16_t)map_host_domain(device, w->entry[0]);
    found->result = domidmap_v(w->entry[0]) ? MAP_FOUND : MAP_UNMAPPED;
    return true;
}

static uint64_t device_register(const struct amdvi_device *device, uint64_t value, const uint64_t entry[2])
{
    value = vfc_did_map0_set_v(value, devidmap_v(entry));
    value = vfc_did_map0_set_queueid(value, queue_of(device, entry));
    return vfc_did_map0_set_hdevid(value, devidmap_hdevid(entry));
}

/* By choice a write without W reads the entry that it names (11 #4). */
bool map_read(struct amdvi_device *device, struct job *job, struct guest *guest, enum vfc_id id,
              uint64_t *value, struct guest_work *w)
{
    if (id == VFC_DID_MAP0) {
        if (!read_entry(device, job, guest, HELD_DEVICE_MAP,
                        map_device_entry(guest->id, (uint16_t)vfc_did_map0_gdevid(*value)),
                        DEVICE_ENTRY_BYTES, w))
            return false;
        if (w->worked)
            *value = device_register(device, *value, w->entry);
        return true;
    }
    if (!read_entry(device, job, guest, HELD_DOMAIN_MAP,
                    map_domain_entry(guest->id, (uint16_t)vfc_did_map1_gdomid(*value)), DOMAIN_ENTRY_BYTES,
                    w))
        return false;
    if (w->worked)
        *value = vfc_did_map1_set_hdomid(vfc_did_map1_set_v(*value, domidmap_v(w->entry[0])),
                                         map_host_domain(device, w->entry[0]));
    return true;
}

/* ---------------------------------------------------------------- many entries at once */

struct fill {
    uint64_t page[MAP_PAGE_BYTES / 8]; /* the entry over and over: what a whole page holds */
    uint64_t ipa;                      /* of the next entry */
    uint64_t left;                     /* bytes still to write */
};

static void repeat(struct fill *fill, const uint64_t entry[2], unsigned words)
{
    for (unsigned i = 0; i < MAP_PAGE_BYTES / 8; i++)
        fill->page[i] = entry[i % words];
}

/* At once: nobody else does anything meanwhile. */
static enum amdvi_status fill_pages(struct amdvi_device *device, uint16_t id, struct fill *fill)
{
    struct space_io io;
    struct job job;

    job_begin(device, &job);
    while (fill->left) {
        size_t room = MAP_PAGE_BYTES - fill->ipa % MAP_PAGE_BYTES;
        size_t length = fill->left < room ? (size_t)fill->left : room;
        space_aim_private(device, &io, fill->ipa, true);
        space_write(device, &job, NULL, &io, AMDVI_ACCESS_MAP, fill->page, length);
        if (!space_worked(&io)) {
            write_failed(device, &job, id, &io.access);
            return AMDVI_ERR_MEMORY;
        }
        fill->ipa += length;
        fill->left -= length;
    }
    return AMDVI_OK;
}

enum amdvi_status amdvi_guest_map_fill(struct amdvi_device *device, uint16_t guest_id,
                                       enum amdvi_guest_map map, uint32_t first, uint32_t count,
                                       uint16_t host_id, uint16_t queue_id, bool valid)
{
    bool devices = map == AMDVI_MAP_DEVICES;
    unsigned bytes = devices ? DEVICE_ENTRY_BYTES : DOMAIN_ENTRY_BYTES;
    uint64_t entry[2] = {0, 0};
    struct fill fill;

    if (!device || map > AMDVI_MAP_DOMAINS || first >= MAP_IDS || count > MAP_IDS - first)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (!device->guests.pages || !guests_enabled(device))
        return AMDVI_ERR_UNSUPPORTED;
    if (device->observed)
        tell_call_with(device, &(struct amdvi_call_info){.call = AMDVI_CALL_MAP_FILL,
                                                         .guest_id = guest_id,
                                                         .map = map,
                                                         .first = first,
                                                         .count = count,
                                                         .host_id = host_id,
                                                         .queue_id = queue_id,
                                                         .valid = valid});
    if (devices)
        make_device_entry(device, valid, host_id, queue_id, entry);
    else
        entry[0] = domain_entry(device, valid, host_id);
    repeat(&fill, entry, bytes / 8);
    fill.ipa =
        devices ? map_device_entry(guest_id, (uint16_t)first) : map_domain_entry(guest_id, (uint16_t)first);
    fill.left = (uint64_t)count * bytes;
    return fill_pages(device, guest_id, &fill);
}
