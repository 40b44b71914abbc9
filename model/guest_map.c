// SPDX-License-Identifier: Apache-2.0
/* DevIDMap and DomIDMap: in memory, written by the DID map registers, read by commands (viommu 3.1, 6). */
#include "model/guest.h"

#include "tables/layout.h"

enum { DEVICE_ENTRY_BYTES = 16, DOMAIN_ENTRY_BYTES = 8 };

static uint64_t device_entry(uint16_t id, uint16_t guest_device)
{
    return private_address(PRIVATE_DEVICE_MAP, id) + (uint64_t)guest_device * DEVICE_ENTRY_BYTES;
}

static uint64_t domain_entry(uint16_t id, uint16_t guest_domain)
{
    return private_address(PRIVATE_DOMAIN_MAP, id) + (uint64_t)guest_domain * DOMAIN_ENTRY_BYTES;
}

/* 11 #7: an unmapped table drops the write, and the host hears of it. */
static void write_entry(struct amdvi_device *device, uint16_t id, uint64_t ipa, const uint64_t *entry,
                        size_t bytes)
{
    struct space_access access;
    uint8_t error;

    if (!private_translate(device, ipa, true, &access)) {
        private_report(device, id, &access, 0);
        return;
    }
    error = memory_write(device, AMDVI_ACCESS_MAP, access.spa, entry, bytes);
    tap(device, AMDVI_ACCESS_MAP, true, 0, access.spa, entry, (uint32_t)bytes, error);
    if (error)
        private_report(device, id, &access, 0);
}

void map_write(struct amdvi_device *device, const struct guest *guest, enum vfc_id id, uint64_t value)
{
    uint64_t entry[2] = {0, 0};

    if (id == VFC_DID_MAP0) {
        devidmap_set_v(entry, vfc_did_map0_v(value));
        devidmap_set_hdevid(entry, vfc_did_map0_hdevid(value));
        devidmap_set_queueid(entry, vfc_did_map0_queueid(value));
        write_entry(device, guest->id, device_entry(guest->id, (uint16_t)vfc_did_map0_gdevid(value)), entry,
                    DEVICE_ENTRY_BYTES);
        return;
    }
    entry[0] = domidmap_set_v(entry[0], vfc_did_map1_v(value));
    entry[0] = domidmap_set_hdomid(entry[0], vfc_did_map1_hdomid(value));
    write_entry(device, guest->id, domain_entry(guest->id, (uint16_t)vfc_did_map1_gdomid(value)), entry,
                DOMAIN_ENTRY_BYTES);
}

static bool read_entry(struct amdvi_device *device, uint16_t id, uint64_t ipa, uint64_t *entry, size_t bytes)
{
    struct space_access access;
    uint8_t error;

    if (!private_translate(device, ipa, false, &access)) {
        private_report(device, id, &access, VFLAG_CMD);
        return false;
    }
    error = memory_read(device, AMDVI_ACCESS_MAP, access.spa, entry, bytes);
    tap(device, AMDVI_ACCESS_MAP, false, 0, access.spa, entry, (uint32_t)bytes, error);
    if (!error)
        return true;
    private_report(device, id, &access, VFLAG_CMD);
    return false;
}

enum map_result map_device(struct amdvi_device *device, const struct guest *guest, uint16_t guest_device,
                           uint16_t *host_device, uint16_t *queue)
{
    uint64_t entry[2];

    if (!read_entry(device, guest->id, device_entry(guest->id, guest_device), entry, sizeof(entry)))
        return MAP_UNREACHABLE;
    *host_device = (uint16_t)devidmap_hdevid(entry);
    *queue = (uint16_t)devidmap_queueid(entry);
    return devidmap_v(entry) ? MAP_FOUND : MAP_UNMAPPED;
}

enum map_result map_domain(struct amdvi_device *device, const struct guest *guest, uint16_t guest_domain,
                           uint16_t *host_domain)
{
    uint64_t entry;

    if (!read_entry(device, guest->id, domain_entry(guest->id, guest_domain), &entry, sizeof(entry)))
        return MAP_UNREACHABLE;
    *host_domain = (uint16_t)domidmap_hdomid(entry);
    return domidmap_v(entry) ? MAP_FOUND : MAP_UNMAPPED;
}
