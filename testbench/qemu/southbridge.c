// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function in slot 14h of the first bus, where AMD's southbridges have their SMBus controller: interrupts
 * of the IOAPIC carry its DeviceID. Drivers find the southbridge's IOAPIC by that DeviceID, or by the class
 * of the function (Linux from 7.3 on); q35 has its own chipset elsewhere. It has no registers.
 */
#include "unit.h"

#include <hw/pci/pci_ids.h>
#include <qapi/error.h>

/* QEMU's vendor, a number that none of its devices has: no driver takes it. */
enum { DEVICE_ID = 0x11a0, VENDOR_ID = 0x1234 };

static bool is_free(PCIBus *bus)
{
    return !pci_find_device(bus, pci_bus_num(bus), PCI_DEVFN(PCI_SLOT(IOAPIC_REQUESTER), 0));
}

void southbridge_make(PCIBus *bus)
{
    if (is_free(bus))
        pci_create_simple(bus, PCI_DEVFN(PCI_SLOT(IOAPIC_REQUESTER), 0), SOUTHBRIDGE_TYPE);
}

static void no_registers(PCIDevice *device, Error **errp)
{
}

static void class_init(ObjectClass *klass, void *data)
{
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(klass);

    pci->realize = no_registers;
    pci->vendor_id = VENDOR_ID;
    pci->device_id = DEVICE_ID;
    pci->class_id = PCI_CLASS_SERIAL_SMBUS;
    DEVICE_CLASS(klass)->user_creatable = false;
}

void southbridge_register_type(void)
{
    static InterfaceInfo interfaces[] = {{INTERFACE_CONVENTIONAL_PCI_DEVICE}, {}};
    static const TypeInfo info = {.name = SOUTHBRIDGE_TYPE,
                                  .parent = TYPE_PCI_DEVICE,
                                  .instance_size = sizeof(PCIDevice),
                                  .class_init = class_init,
                                  .interfaces = interfaces};

    type_register_static(&info);
}
