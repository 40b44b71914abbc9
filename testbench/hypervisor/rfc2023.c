// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/rfc2023.h"

#include "testbench/hypervisor/features.h"
#include "testbench/hypervisor/guest_registers.h"
#include "testbench/hypervisor/internal.h"

#include "model/layout.h"
#include "tables/layout.h"

#include <stdlib.h>

/* A guest's DomainID and the host's for it, as long as a guest table names it. */
struct rfc_domain {
    uint16_t host, guest;
    unsigned refs;
    struct rfc_domain *next;
};

struct rfc_device {
    uint16_t host, guest;
    struct rfc_domain *domain; /* null without guest table */
    struct rfc_device *next;
};

struct rfc_guest {
    struct hv_guest *guest;
    struct hv_driver *driver;
    uint32_t iommu_id;
    struct hv_stage2 *stage2; /* of the devices */
    struct rfc_device *devices;
    struct rfc_domain *domains;
    struct hv_registers registers;
    struct rfc_guest *next;
};

struct hv_rfc {
    struct hv_driver **drivers;
    unsigned count;
    struct rfc_guest *guests;
};

enum hv_status hv_rfc_create(struct hv_driver *const *drivers, unsigned count, struct hv_rfc **rfc)
{
    struct hv_rfc *made;

    if (!drivers || count == 0 || !rfc)
        return HV_ERR_ARGUMENT;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->drivers = calloc(count, sizeof(struct hv_driver *));
    if (!made->drivers) {
        free(made);
        return HV_ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < count; i++)
        made->drivers[i] = drivers[i];
    made->count = count;
    *rfc = made;
    return HV_OK;
}

static struct rfc_guest *find_guest(struct hv_rfc *rfc, uint32_t iommu_id, uint32_t gid)
{
    struct rfc_guest *g = rfc->guests;

    while (g && (g->iommu_id != iommu_id || hv_guest_id(g->guest) != gid))
        g = g->next;
    return g;
}

static struct rfc_device **find_device(struct rfc_guest *guest, uint16_t guest_device)
{
    struct rfc_device **link = &guest->devices;

    while (*link && (*link)->guest != guest_device)
        link = &(*link)->next;
    return link;
}

/* ---------------------------------------------------------------- guests */

enum hv_status hv_rfc_iommu_init(struct hv_rfc *rfc, struct hv_rfc_iommu_info *info)
{
    struct rfc_guest *made;
    enum hv_status status;
    uint64_t efr, efr2;

    if (!rfc || !info || info->size != sizeof(*info))
        return HV_ERR_ARGUMENT;
    if (info->iommu_id >= rfc->count)
        return HV_ERR_NO_OBJECT;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->driver = rfc->drivers[info->iommu_id];
    made->iommu_id = info->iommu_id;
    status = hv_guest_create(made->driver, NULL, &made->guest);
    if (status) {
        free(made);
        return status;
    }
    hv_driver_features(made->driver, &efr, &efr2);
    made->registers.efr = hv_guest_features(efr);
    made->next = rfc->guests;
    rfc->guests = made;
    info->gid = hv_guest_id(made->guest);
    return HV_OK;
}

static void forget(struct hv_rfc *rfc, struct rfc_guest *guest)
{
    struct rfc_guest **link = &rfc->guests;

    while (*link != guest)
        link = &(*link)->next;
    *link = guest->next;
    hv_guest_destroy(guest->guest);
    free(guest);
}

enum hv_status hv_rfc_iommu_destroy(struct hv_rfc *rfc, const struct hv_rfc_iommu_info *info)
{
    struct rfc_guest *guest;

    if (!rfc || !info || info->size != sizeof(*info))
        return HV_ERR_ARGUMENT;
    guest = find_guest(rfc, info->iommu_id, info->gid);
    if (!guest)
        return HV_ERR_NO_OBJECT;
    if (guest->devices)
        return HV_ERR_BUSY;
    forget(rfc, guest);
    return HV_OK;
}

/* ---------------------------------------------------------------- host domains */

static struct rfc_domain **find_domain(struct rfc_guest *guest, uint16_t guest_domain)
{
    struct rfc_domain **link = &guest->domains;

    while (*link && (*link)->guest != guest_domain)
        link = &(*link)->next;
    return link;
}

static enum hv_status make_domain(struct rfc_guest *guest, uint16_t guest_domain, struct rfc_domain **link)
{
    struct rfc_domain *made = calloc(1, sizeof(*made));
    enum hv_status status;

    if (!made)
        return HV_ERR_NO_MEMORY;
    made->guest = guest_domain;
    status = hv_domain_take(guest->stage2, &made->host);
    if (status) {
        free(made);
        return status;
    }
    *link = made;
    return HV_OK;
}

/* The number goes back to the parent's, where drivers since 2025 lead those that are not used (viommu 6). */
static void give_domain(struct rfc_guest *guest, struct rfc_domain *domain)
{
    struct rfc_domain **link;

    if (!domain || --domain->refs > 0)
        return;
    link = find_domain(guest, domain->guest);
    *link = domain->next;
    hv_guest_map_domain(guest->guest, domain->guest, guest->stage2->domain);
    hv_domain_give(guest->stage2, domain->host);
    free(domain);
}

/* The same PASID may mean another table in another guest domain, so each has a host domain (viommu 7.6). */
static enum hv_status take_domain(struct rfc_guest *guest, uint16_t guest_domain, struct rfc_domain **domain)
{
    struct rfc_domain **link = find_domain(guest, guest_domain);
    enum hv_status status = *link ? HV_OK : make_domain(guest, guest_domain, link);

    if (status)
        return status;
    (*link)->refs++;
    *domain = *link;
    status = hv_guest_map_domain(guest->guest, guest_domain, (*domain)->host);
    if (status)
        give_domain(guest, *domain);
    return status;
}

/* ---------------------------------------------------------------- devices */

static bool owned(const struct hv_rfc *rfc, const struct hv_driver *driver, uint16_t host)
{
    for (const struct rfc_guest *g = rfc->guests; g; g = g->next)
        for (const struct rfc_device *d = g->devices; g->driver == driver && d; d = d->next)
            if (d->host == host)
                return true;
    return false;
}

static enum hv_status may_attach(const struct hv_rfc *rfc, struct rfc_guest *guest,
                                 const struct hv_rfc_dev_info *info)
{
    const struct hv_device *device = &guest->driver->devices[info->hdev_id];

    if (!device->known || !device->stage2)
        return HV_ERR_ORDER;
    if (owned(rfc, guest->driver, info->hdev_id))
        return HV_ERR_BUSY;
    if (*find_device(guest, info->gdev_id))
        return HV_ERR_EXISTS;
    return guest->devices && guest->stage2 != device->stage2 ? HV_ERR_FOREIGN : HV_OK;
}

/* vImuEn, gDevID and GuestID in the host's entry, from a clean one (9.1). */
static enum hv_status own_entry(struct rfc_guest *guest, uint16_t host, uint16_t guest_device)
{
    uint64_t entry[4];

    hv_dte_host(entry, guest->stage2->table.root, guest->stage2->table.mode, guest->stage2->domain);
    dte_set_i(entry, guest->driver->devices[host].ats);
    hv_dte_own(entry, hv_guest_id(guest->guest), guest_device);
    return hv_device_enter(guest->driver, host, guest->driver->devices[host].stage2, entry);
}

static enum hv_status give_device(struct rfc_guest *guest, const struct hv_rfc_dev_info *info)
{
    enum hv_status status = own_entry(guest, info->hdev_id, info->gdev_id);

    if (!status)
        status = hv_guest_map_device(guest->guest, info->gdev_id, info->hdev_id, info->queue_id);
    if (!status && !guest->devices)
        status = hv_guest_set_trans(guest->guest, info->hdev_id);
    return status;
}

enum hv_status hv_rfc_device_attach(struct hv_rfc *rfc, const struct hv_rfc_dev_info *info)
{
    struct rfc_guest *guest;
    struct rfc_device *made;
    enum hv_status status;

    if (!rfc || !info || info->size != sizeof(*info))
        return HV_ERR_ARGUMENT;
    guest = find_guest(rfc, info->iommu_id, info->gid);
    if (!guest)
        return HV_ERR_NO_OBJECT;
    status = may_attach(rfc, guest, info);
    if (status)
        return status;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    *made = (struct rfc_device){.host = info->hdev_id, .guest = info->gdev_id, .next = guest->devices};
    if (!guest->devices) /* the first one decides */
        guest->stage2 = guest->driver->devices[info->hdev_id].stage2;
    status = give_device(guest, info);
    if (status) {
        free(made);
        return status;
    }
    guest->devices = made;
    return HV_OK;
}

/* Only the host's half of the entry is left. */
static enum hv_status let_go(struct rfc_guest *guest, struct rfc_device *device)
{
    enum hv_status status = hv_device_attach(guest->driver, device->host, guest->stage2);

    give_domain(guest, device->domain);
    free(device);
    return status;
}

enum hv_status hv_rfc_device_detach(struct hv_rfc *rfc, const struct hv_rfc_dev_info *info)
{
    struct rfc_guest *guest;
    struct rfc_device **link, *gone;

    if (!rfc || !info || info->size != sizeof(*info))
        return HV_ERR_ARGUMENT;
    guest = find_guest(rfc, info->iommu_id, info->gid);
    if (!guest)
        return HV_ERR_NO_OBJECT;
    link = find_device(guest, info->gdev_id);
    gone = *link;
    if (!gone || gone->host != info->hdev_id)
        return HV_ERR_NO_OBJECT;
    if (gone->host == hv_guest_trans(guest->guest) && (guest->devices != gone || gone->next))
        return HV_ERR_BUSY;
    *link = gone->next;
    hv_guest_unmap_device(guest->guest, info->gdev_id);
    return let_go(guest, gone);
}

/* ---------------------------------------------------------------- domains */

enum hv_status hv_rfc_domain_attach(struct hv_rfc *rfc, const struct hv_rfc_dom_info *info)
{
    struct rfc_guest *guest;
    const struct rfc_device *device;
    enum hv_status status;
    uint64_t entry[4];

    if (!rfc || !info || info->size != sizeof(*info))
        return HV_ERR_ARGUMENT;
    guest = find_guest(rfc, info->iommu_id, info->gid);
    device = guest ? *find_device(guest, info->gdev_id) : NULL;
    if (!device)
        return HV_ERR_NO_OBJECT;
    status = hv_entry_read(guest->driver, device->host, entry);
    return status ? status : hv_guest_map_domain(guest->guest, info->gdom_id, (uint16_t)dte_domainid(entry));
}

enum hv_status hv_rfc_domain_detach(struct hv_rfc *rfc, const struct hv_rfc_dom_info *info)
{
    struct rfc_guest *guest;

    if (!rfc || !info || info->size != sizeof(*info))
        return HV_ERR_ARGUMENT;
    guest = find_guest(rfc, info->iommu_id, info->gid);
    if (!guest || !*find_device(guest, info->gdev_id))
        return HV_ERR_NO_OBJECT;
    return hv_guest_unmap_domain(guest->guest, info->gdom_id);
}

/* A null domain takes the guest's half away. */
static enum hv_status write_table(struct rfc_guest *guest, struct rfc_device *device,
                                  const struct rfc_domain *domain, const uint64_t guest_entry[4])
{
    uint64_t entry[4];

    if (!domain)
        return own_entry(guest, device->host, device->guest);
    hv_dte_host(entry, guest->stage2->table.root, guest->stage2->table.mode, domain->host);
    dte_set_i(entry, guest->driver->devices[device->host].ats);
    hv_dte_nest(entry, guest_entry);
    hv_dte_own(entry, hv_guest_id(guest->guest), device->guest);
    return hv_device_enter(guest->driver, device->host, guest->driver->devices[device->host].stage2, entry);
}

static enum hv_status set_table(struct rfc_guest *guest, struct rfc_device *device,
                                const uint64_t guest_entry[4])
{
    bool none = !(guest_entry[0] | guest_entry[1] | guest_entry[2] | guest_entry[3]);
    struct rfc_domain *domain = NULL, *old = device->domain;
    enum hv_status status = HV_OK;

    if (!none && hv_dte_check(guest_entry, guest->driver->efr))
        return HV_ERR_DTE;
    if (!none)
        status = take_domain(guest, (uint16_t)dte_domainid(guest_entry), &domain);
    if (status)
        return status;
    status = write_table(guest, device, domain, guest_entry);
    device->domain = status ? old : domain;
    give_domain(guest, status ? domain : old);
    return status;
}

enum hv_status hv_rfc_guest_table(struct hv_rfc *rfc, const struct hv_rfc_dev_info *info,
                                  const uint64_t guest_entry[4])
{
    struct rfc_guest *guest;
    struct rfc_device *device;

    if (!rfc || !info || info->size != sizeof(*info) || !guest_entry)
        return HV_ERR_ARGUMENT;
    guest = find_guest(rfc, info->iommu_id, info->gid);
    device = guest ? *find_device(guest, info->gdev_id) : NULL;
    return device ? set_table(guest, device, guest_entry) : HV_ERR_NO_OBJECT;
}

/* ---------------------------------------------------------------- registers and buffers */

static enum hv_status access_vf(struct rfc_guest *guest, struct hv_rfc_mmio_data *data)
{
    struct amdvi_device *device = hv_driver_device(guest->driver);
    uint16_t id = hv_guest_id(guest->guest);
    uint64_t offset = data->offset - HV_VF_PAGE;

    if (!data->is_write)
        return amdvi_vf_read(device, id, offset, data->mmio_size, &data->value) ? HV_ERR_ARGUMENT : HV_OK;
    if (amdvi_vf_write(device, id, offset, data->mmio_size, data->value))
        return HV_ERR_ARGUMENT;
    return amdvi_run(device) ? HV_ERR_DEVICE : HV_OK;
}

enum hv_status hv_rfc_mmio_access(struct hv_rfc *rfc, struct hv_rfc_mmio_data *data)
{
    struct rfc_guest *guest;
    enum hv_status status;

    if (!rfc || !data || data->size != sizeof(*data))
        return HV_ERR_ARGUMENT;
    guest = find_guest(rfc, data->iommu_id, data->gid);
    if (!guest)
        return HV_ERR_NO_OBJECT;
    if (data->offset >= HV_VF_PAGE && data->offset < HV_VF_PAGE_END)
        return access_vf(guest, data);
    if (!data->is_write)
        return hv_registers_read(&guest->registers, data->offset, data->mmio_size, &data->value);
    status = hv_registers_write(&guest->registers, data->offset, data->mmio_size, data->value);
    return status ? status : hv_registers_apply(&guest->registers, guest->guest);
}

enum hv_status hv_rfc_cmdbuf_update(struct hv_rfc *rfc, const struct hv_rfc_cmdbuf_data *data)
{
    struct rfc_guest *guest;
    uint64_t pages[HV_BUFFER_BYTES / HV_PAGE], spa;
    unsigned count;

    if (!rfc || !data || data->size != sizeof(*data))
        return HV_ERR_ARGUMENT;
    guest = find_guest(rfc, data->iommu_id, data->gid);
    if (!guest)
        return HV_ERR_NO_OBJECT;
    if (!hv_driver_private_buffers(guest->driver))
        return HV_ERR_MODE;
    if (!data->cmdbuf_size || data->cmdbuf_size % HV_PAGE || data->cmdbuf_size > HV_BUFFER_BYTES)
        return HV_ERR_ARGUMENT;
    if (!hv_memory_address(guest->driver->memory, data->hva, &spa) ||
        !hv_memory_at(guest->driver->memory, spa, data->cmdbuf_size))
        return HV_ERR_UNMAPPED;
    if (spa % HV_PAGE)
        return HV_ERR_ARGUMENT;
    count = data->cmdbuf_size / (unsigned)HV_PAGE;
    for (unsigned i = 0; i < count; i++)
        pages[i] = spa + i * HV_PAGE;
    return hv_guest_map_commands(guest->guest, pages, count);
}

void hv_rfc_destroy(struct hv_rfc *rfc)
{
    if (!rfc)
        return;
    while (rfc->guests) {
        struct rfc_guest *guest = rfc->guests;
        while (guest->devices) {
            struct rfc_device *device = guest->devices;
            guest->devices = device->next;
            let_go(guest, device);
        }
        forget(rfc, guest);
    }
    free(rfc->drivers);
    free(rfc);
}
