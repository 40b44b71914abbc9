// SPDX-License-Identifier: Apache-2.0
/* DevIDMap and DomIDMap (viommu 6): zeroed memory in the private space, filled through DID Map Control. */
#include "testbench/hypervisor/guest_maps.h"

#include "model/layout.h"
#include "tables/layout.h"

enum { IDS = 65536, DEVICE_ENTRY = 16, DOMAIN_ENTRY = 8 };

static uint64_t device_ipa(const struct hv_guest *guest)
{
    return HV_PRIVATE_DEVICES + guest->id * HV_DEVICE_MAP_BYTES;
}

static uint64_t domain_ipa(const struct hv_guest *guest)
{
    return HV_PRIVATE_DOMAINS + guest->id * HV_DOMAIN_MAP_BYTES;
}

static uint64_t commands_ipa(const struct hv_guest *guest)
{
    return HV_PRIVATE_COMMANDS + guest->id * HV_BUFFER_BYTES;
}

static enum hv_status commit(struct hv_guest *guest, unsigned offset, uint64_t value)
{
    return amdvi_vfc_write(guest->driver->device, guest->id, offset, 8, value) ? HV_ERR_DEVICE : HV_OK;
}

static enum hv_status write_device(struct hv_guest *guest, uint16_t guest_device, uint16_t device,
                                   uint16_t queue, bool valid)
{
    uint64_t value = vfc_did_map0_set_gdevid(vfc_did_map0_set_w(0, 1), guest_device);

    value = vfc_did_map0_set_hdevid(vfc_did_map0_set_queueid(value, queue), device);
    return commit(guest, VFC_DID_MAP0_OFFSET, vfc_did_map0_set_v(value, valid));
}

static enum hv_status write_domain(struct hv_guest *guest, uint16_t guest_domain, uint16_t host_domain,
                                   bool valid)
{
    uint64_t value = vfc_did_map1_set_gdomid(vfc_did_map1_set_w(0, 1), guest_domain);

    value = vfc_did_map1_set_hdomid(value, host_domain);
    return commit(guest, VFC_DID_MAP1_OFFSET, vfc_did_map1_set_v(value, valid));
}

/* A command for a device that the guest does not have must not reach anybody's: it goes to the IOMMU itself,
 * which has neither a cache of translations nor page requests. */
enum hv_status hv_guest_unmap_device(struct hv_guest *guest, uint16_t guest_device)
{
    if (!guest)
        return HV_ERR_ARGUMENT;
    return write_device(guest, guest_device, guest->driver->options.devid, 0,
                        !guest->driver->options.invalid_entries);
}

enum hv_status hv_guest_unmap_domain(struct hv_guest *guest, uint16_t guest_domain)
{
    bool parent;

    if (!guest)
        return HV_ERR_ARGUMENT;
    parent = guest->stage2 && !guest->driver->options.invalid_entries;
    return write_domain(guest, guest_domain, parent ? guest->stage2->domain : 0, parent);
}

enum hv_status hv_guest_map_device(struct hv_guest *guest, uint16_t guest_device, uint16_t device,
                                   uint16_t queue)
{
    return guest ? write_device(guest, guest_device, device, queue, true) : HV_ERR_ARGUMENT;
}

enum hv_status hv_guest_map_domain(struct hv_guest *guest, uint16_t guest_domain, uint16_t host_domain)
{
    return guest ? write_domain(guest, guest_domain, host_domain, true) : HV_ERR_ARGUMENT;
}

/* 131,072 register writes, as the drivers do it (viommu 9.4 step 2). */
enum hv_status hv_guest_maps_clear(struct hv_guest *guest)
{
    enum hv_status status = HV_OK;

    for (unsigned i = 0; i < IDS && !status; i++)
        status = hv_guest_unmap_domain(guest, (uint16_t)i);
    for (unsigned i = 0; i < IDS && !status; i++)
        status = hv_guest_unmap_device(guest, (uint16_t)i);
    return status;
}

/* The same entries in two calls. */
static enum hv_status fill(struct hv_guest *guest)
{
    struct amdvi_device *device = guest->driver->device;
    bool valid = !guest->driver->options.invalid_entries;
    uint16_t parent = valid && guest->stage2 ? guest->stage2->domain : 0;

    if (guest->driver->options.fill_by_registers)
        return hv_guest_maps_clear(guest);
    if (amdvi_guest_map_fill(device, guest->id, AMDVI_MAP_DOMAINS, 0, IDS, parent, 0,
                             valid && guest->stage2) ||
        amdvi_guest_map_fill(device, guest->id, AMDVI_MAP_DEVICES, 0, IDS, guest->driver->options.devid, 0,
                             valid))
        return HV_ERR_DEVICE;
    return HV_OK;
}

enum hv_status hv_guest_maps_create(struct hv_guest *guest)
{
    struct hv_driver *driver = guest->driver;
    enum hv_status status;

    guest->device_map = hv_memory_take(driver->memory, HV_DEVICE_MAP_BYTES, HV_PAGE);
    guest->domain_map = hv_memory_take(driver->memory, HV_DOMAIN_MAP_BYTES, HV_PAGE);
    if (!guest->device_map || !guest->domain_map)
        return HV_ERR_NO_MEMORY;
    status = hv_private_map(driver, device_ipa(guest), guest->device_map, HV_DEVICE_MAP_BYTES);
    if (!status)
        status = hv_private_map(driver, domain_ipa(guest), guest->domain_map, HV_DOMAIN_MAP_BYTES);
    return status ? status : fill(guest);
}

void hv_guest_maps_destroy(struct hv_guest *guest)
{
    struct hv_driver *driver = guest->driver;

    hv_private_unmap(driver, device_ipa(guest), HV_DEVICE_MAP_BYTES);
    hv_private_unmap(driver, domain_ipa(guest), HV_DOMAIN_MAP_BYTES);
    if (guest->commands_mapped)
        hv_private_unmap(driver, commands_ipa(guest), guest->commands_mapped);
    hv_memory_give(driver->memory, guest->device_map, HV_DEVICE_MAP_BYTES);
    hv_memory_give(driver->memory, guest->domain_map, HV_DOMAIN_MAP_BYTES);
}

bool hv_guest_device(const struct hv_guest *guest, uint16_t guest_device, uint16_t *device)
{
    uint64_t entry =
        hv_memory_get(guest->driver->memory, guest->device_map + (uint64_t)guest_device * DEVICE_ENTRY);

    *device = (uint16_t)devidmap_hdevid(&entry);
    return devidmap_v(&entry);
}

bool hv_guest_domain(const struct hv_guest *guest, uint16_t guest_domain, uint16_t *host_domain)
{
    uint64_t entry =
        hv_memory_get(guest->driver->memory, guest->domain_map + (uint64_t)guest_domain * DOMAIN_ENTRY);

    *host_domain = (uint16_t)domidmap_hdomid(entry);
    return domidmap_v(entry);
}

enum hv_status hv_guest_map_commands(struct hv_guest *guest, const uint64_t *pages, unsigned count)
{
    enum hv_status status = HV_OK;

    if (!guest || !pages || count == 0 || count > HV_BUFFER_BYTES / HV_PAGE)
        return HV_ERR_ARGUMENT;
    if (!guest->driver->options.private_buffers)
        return HV_ERR_MODE;
    if (guest->commands_mapped)
        hv_private_unmap(guest->driver, commands_ipa(guest), guest->commands_mapped);
    guest->commands_mapped = count * HV_PAGE;
    for (unsigned i = 0; i < count && !status; i++)
        status = hv_private_map(guest->driver, commands_ipa(guest) + i * HV_PAGE, pages[i], HV_PAGE);
    return status;
}
