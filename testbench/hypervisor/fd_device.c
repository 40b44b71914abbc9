// SPDX-License-Identifier: Apache-2.0
/* Devices of a context, and what they are attached to (viommu 9.4 steps 1 and 7). */
#include "testbench/hypervisor/fd_objects.h"

enum hv_status hv_fd_bind(struct hv_fd *fd, struct hv_driver *driver, uint16_t device, hv_handle *handle)
{
    struct fd_device *made;

    if (!fd || !driver || !handle)
        return HV_ERR_ARGUMENT;
    if (!driver->devices[device].known)
        return HV_ERR_NO_OBJECT;
    if (driver->devices[device].bound || driver->devices[device].stage2)
        return HV_ERR_BUSY;
    made = fd_new(fd, FD_DEVICE, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->driver = driver;
    made->id = device;
    driver->devices[device].bound = true;
    *handle = made->base.handle;
    return HV_OK;
}

enum hv_status hv_fd_hw_info(struct hv_fd *fd, hv_handle device, uint64_t *efr, uint64_t *efr2)
{
    const struct fd_device *d = fd_get(fd, device, FD_DEVICE);

    if (!d)
        return HV_ERR_NO_OBJECT;
    if (!efr || !efr2)
        return HV_ERR_ARGUMENT;
    hv_driver_features(d->driver, efr, efr2);
    return HV_OK;
}

/* Takes the references of an attachment away. */
static void let_go(struct fd_object *table, struct fd_vdevice *held)
{
    if (held)
        fd_drop(&held->base);
    if (table)
        fd_drop(table);
}

static void change_over(struct fd_device *device, struct fd_object *table, struct fd_vdevice *held)
{
    struct fd_object *old_table = device->table;
    struct fd_vdevice *old_held = device->held;

    if (table)
        fd_hold(table);
    if (held)
        fd_hold(&held->base);
    device->table = table;
    device->held = held;
    let_go(old_table, old_held);
}

static enum hv_status attach_parent(struct fd_device *device, struct fd_parent *parent)
{
    enum hv_status status;

    if (parent->driver != device->driver)
        return HV_ERR_FOREIGN;
    status = hv_device_attach(device->driver, device->id, parent->stage2);
    if (!status)
        change_over(device, &parent->base, NULL);
    return status;
}

static enum hv_status attach_nested(struct fd_device *device, struct fd_nested *table)
{
    struct fd_viommu *viommu = table->viommu;
    struct hv_nested nested = {
        .stage2 = viommu->parent->stage2, .host_domain = table->domain->host, .guest = viommu->guest};
    enum hv_status status = HV_OK;

    if (!device->vdevice)
        return HV_ERR_ORDER;
    if (device->vdevice->viommu != viommu)
        return HV_ERR_FOREIGN;
    nested.guest_device = device->vdevice->virt_id;
    for (unsigned i = 0; i < 4; i++)
        nested.guest_entry[i] = table->entry[i];
    if (viommu->guest && !table->domain->mapped)
        status = hv_guest_map_domain(viommu->guest, table->domain->guest, table->domain->host);
    if (status)
        return status;
    table->domain->mapped = true;
    status = hv_device_attach_nested(device->driver, device->id, &nested);
    if (!status)
        change_over(device, &table->base, device->vdevice);
    return status;
}

enum hv_status hv_fd_attach(struct hv_fd *fd, hv_handle device, hv_handle table)
{
    struct fd_device *d = fd_get(fd, device, FD_DEVICE);
    struct fd_parent *parent = fd_get(fd, table, FD_PARENT);
    struct fd_nested *nested = fd_get(fd, table, FD_NESTED);

    if (!d || (!parent && !nested))
        return HV_ERR_NO_OBJECT;
    return parent ? attach_parent(d, parent) : attach_nested(d, nested);
}

enum hv_status hv_fd_detach(struct hv_fd *fd, hv_handle device)
{
    struct fd_device *d = fd_get(fd, device, FD_DEVICE);
    enum hv_status status;

    if (!d)
        return HV_ERR_NO_OBJECT;
    if (!d->table)
        return HV_ERR_ORDER;
    status = hv_device_block(d->driver, d->id);
    if (!status)
        change_over(d, NULL, NULL);
    return status;
}

/* The user lets the device go: it is blocked at once, whoever still refers to it. */
void fd_device_unbind(struct fd_device *device)
{
    if (!device->table)
        return;
    hv_device_block(device->driver, device->id);
    change_over(device, NULL, NULL);
}

/* The next owner must not inherit where interrupts go. */
void fd_device_end(struct fd_device *device)
{
    hv_device_interrupts_off(device->driver, device->id);
    device->driver->devices[device->id].bound = false;
}

/* ---------------------------------------------------------------- nest parents */

/* With `foreign` over that, without over a table of the driver's own. */
static enum hv_status make_parent(struct hv_fd *fd, hv_handle device, const struct hv_foreign_stage2 *foreign,
                                  hv_handle *parent)
{
    const struct fd_device *d = fd_get(fd, device, FD_DEVICE);
    struct hv_stage2 *stage2;
    struct fd_parent *made;
    enum hv_status status;

    if (!d)
        return HV_ERR_NO_OBJECT;
    if (!parent)
        return HV_ERR_ARGUMENT;
    status = foreign ? hv_stage2_adopt(d->driver, foreign, &stage2) : hv_stage2_create(d->driver, &stage2);
    if (status)
        return status;
    made = fd_new(fd, FD_PARENT, sizeof(*made));
    if (!made) {
        hv_stage2_destroy(stage2);
        return HV_ERR_NO_MEMORY;
    }
    made->driver = d->driver;
    made->stage2 = stage2;
    *parent = made->base.handle;
    return HV_OK;
}

enum hv_status hv_fd_parent_alloc(struct hv_fd *fd, hv_handle device, hv_handle *parent)
{
    return make_parent(fd, device, NULL, parent);
}

enum hv_status hv_fd_parent_adopt(struct hv_fd *fd, hv_handle device, const struct hv_foreign_stage2 *foreign,
                                  hv_handle *parent)
{
    return foreign ? make_parent(fd, device, foreign, parent) : HV_ERR_ARGUMENT;
}

enum hv_status hv_fd_parent_show(struct hv_fd *fd, hv_handle parent, uint16_t guest_domain)
{
    struct fd_parent *p = fd_get(fd, parent, FD_PARENT);

    if (!p)
        return HV_ERR_NO_OBJECT;
    p->shown = true;
    p->guest_domain = guest_domain;
    return HV_OK;
}

struct hv_stage2 *hv_fd_stage2(struct hv_fd *fd, hv_handle parent)
{
    const struct fd_parent *p = fd_get(fd, parent, FD_PARENT);

    return p ? p->stage2 : NULL;
}

enum hv_status hv_fd_map(struct hv_fd *fd, hv_handle parent, uint64_t gpa, uint64_t spa, uint64_t length,
                         unsigned perm, uint64_t largest)
{
    struct fd_parent *p = fd_get(fd, parent, FD_PARENT);

    return p ? hv_stage2_map(p->stage2, gpa, spa, length, perm, largest) : HV_ERR_NO_OBJECT;
}

enum hv_status hv_fd_unmap(struct hv_fd *fd, hv_handle parent, uint64_t gpa, uint64_t length)
{
    struct fd_parent *p = fd_get(fd, parent, FD_PARENT);

    return p ? hv_stage2_unmap(p->stage2, gpa, length) : HV_ERR_NO_OBJECT;
}

bool hv_fd_lookup(struct hv_fd *fd, hv_handle parent, uint64_t gpa, uint64_t *spa, unsigned *perm)
{
    const struct fd_parent *p = fd_get(fd, parent, FD_PARENT);

    return p && spa && perm && hv_stage2_lookup(p->stage2, gpa, spa, perm);
}
