// SPDX-License-Identifier: GPL-2.0-only
/* PCI: configuration space of the machine, root buses, and interrupt domains for what is found there. */
#include <linux/ioport.h>
#include <linux/msi.h>
#include <linux/pci.h>

#include <asm/irqdomain.h>
#include <asm/pci.h>

#include "glue.h"

enum { SEGMENTS = 16 };

unsigned long pci_mem_start = 0x80000000;

static int config_read(struct pci_bus *bus, unsigned int devfn, int offset, int bytes, u32 *value)
{
    *value =
        kshim_ops->config_read(kshim_ops->context, pci_domain_nr(bus), bus->number, devfn, offset, bytes);
    return PCIBIOS_SUCCESSFUL;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int offset, int bytes, u32 value)
{
    kshim_ops->config_write(kshim_ops->context, pci_domain_nr(bus), bus->number, devfn, offset, bytes, value);
    return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops operations = {.read = config_read, .write = config_write};
static struct pci_sysdata segments[SEGMENTS];

extern struct irq_domain *x86_pci_msi_default_domain;

int kshim_pcibios_device_add(struct pci_dev *device) KERNEL(pcibios_device_add);
int kshim_pcibios_device_add(struct pci_dev *device)
{
    dev_set_msi_domain(&device->dev, x86_pci_msi_default_domain);
    return 0;
}

/*
 * The window below 4 GB in which registers of devices lie. All of memory would not do: the DMA layer keeps
 * IOVAs clear of windows, so that devices do not reach each other.
 */
static struct resource *window_of(int segment)
{
    static struct resource windows[SEGMENTS];
    struct resource *window = &windows[segment];

    window->name = "PCI window";
    window->start = 0xe0000000 + segment * 0x1000000ull;
    window->end = window->start + 0xffffff;
    window->flags = IORESOURCE_MEM;
    return window;
}

static void scan(int segment, int last_bus)
{
    struct resource *window = window_of(segment);
    LIST_HEAD(resources);
    struct pci_bus *bus;

    segments[segment].domain = segment;
    insert_resource(&iomem_resource, window);
    pci_add_resource(&resources, window);
    bus = pci_scan_root_bus(NULL, 0, &operations, &segments[segment], &resources);
    if (!bus)
        panic("segment %d has no root bus", segment);
    pci_assign_unassigned_bus_resources(bus);
    pci_bus_add_devices(bus);
}

void kshim_pci_scan(void)
{
    int segment;

    for (segment = 0; segment < SEGMENTS; segment++) {
        int last_bus = kshim_ops->last_bus(kshim_ops->context, segment);

        if (last_bus >= 0)
            scan(segment, last_bus);
    }
}
