// SPDX-License-Identifier: GPL-2.0-only
/* Devices that come, go, and are reset. */
#include <linux/iommu.h>

#include "api.h"

int api_device_enable(const char *name)
{
    struct device *device = api_get(name);
    int result = device ? pci_enable_device(to_pci_dev(device)) : -ENODEV;

    if (!result)
        pci_set_master(to_pci_dev(device));
    api_put(device);
    return result;
}

int api_device_remove(const char *name)
{
    struct device *device = api_get(name);

    if (!device)
        return -ENODEV;
    pci_stop_and_remove_bus_device_locked(to_pci_dev(device));
    api_put(device);
    return 0;
}

int api_bus_rescan(int segment, int number)
{
    struct pci_bus *bus = pci_find_bus(segment, number);

    if (!bus)
        return -ENODEV;
    pci_lock_rescan_remove();
    pci_rescan_bus(bus);
    pci_unlock_rescan_remove();
    return 0;
}

int api_device_reset(const char *name)
{
    struct device *device = api_get(name);
    int result = device ? pci_reset_function(to_pci_dev(device)) : -ENODEV;

    api_put(device);
    return result;
}

/* Without the one that is taken to look. */
int api_device_references(const char *name)
{
    struct device *device = api_get(name);
    int count = device ? (int)kref_read(&device->kobj.kref) - 1 : -ENODEV;

    api_put(device);
    return count;
}
