// SPDX-License-Identifier: GPL-2.0-or-later
/* Hooks around QEMU's own `amd-iommu`: each calls the method that it stands for, and writes what came of it.
 */
#include "capture.h"
#include "unit.h"

#include <exec/address-spaces.h>
#include <hw/i386/apic_internal.h>
#include <hw/i386/pc.h>
#include <hw/i386/x86.h>
#include <qapi/error.h>
#include <qemu/error-report.h>

#include "amdvi/layout.h"

#define OWN_TYPE     "amd-iommu"
#define OWN_REGION   "amd-iommu-iommu-memory-region"
#define OWN_FUNCTION "AMDVI-PCI"

enum {
    CAPABILITY = 0x0f,
    REQUESTERS = 0x10000,
    CONFIG_BYTES = 256,
};

/* QEMU has one such device in a machine. */
static struct {
    struct capture_text text;
    DeviceRealize realize;
    void (*reset)(DeviceState *device);
    IOMMUTLBEntry (*translate)(IOMMUMemoryRegion *region, hwaddr address, IOMMUAccessFlags access, int index);
    void (*send_msi)(MSIMessage *message);
    PCIIOMMUFunc space_of;
    const MemoryRegionOps *registers, *interrupts;
    PCIDevice *function;
    PCIConfigReadFunc *config_read;
    PCIConfigWriteFunc *config_write;
    GHashTable *requesters; /* DeviceID of each translated region, plus 1 */
    bool npcache_off;
    bool inside; /* of an interrupt's remapping */
    bool sent;
    MSIMessage message; /* the one that left it */
} own;

/* ------------------------------------------------------------------ registers */

static bool in_format(uint64_t offset, unsigned size)
{
    if (size == 4 || size == 8)
        return true;
    capture_line(&own.text, "# access of %u bytes at 0x%" PRIx64 ": the format has none", size, offset);
    return false;
}

static uint64_t read_register(void *opaque, hwaddr offset, unsigned size)
{
    uint64_t value = own.registers->read(opaque, offset, size);

    if (in_format(offset, size))
        capture_line(&own.text, "R %04" PRIx64 " %u %" PRIx64, offset, size, value);
    return value;
}

static void write_register(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    bool told = in_format(offset, size);

    if (told)
        capture_register_written(&own.text, offset, value, size);
    if (told)
        capture_line(&own.text, "W %04" PRIx64 " %u %" PRIx64, offset, size, value);
    own.registers->write(opaque, offset, value, size);
    capture_stores(&own.text);
}

static MemoryRegionOps register_hooks;

static void hook_registers(MemoryRegion *region)
{
    own.registers = region->ops;
    register_hooks = *region->ops;
    register_hooks.read = read_register;
    register_hooks.write = write_register;
    region->ops = &register_hooks;
}

/* ------------------------------------------------------------------ configuration space */

static uint32_t read_config(PCIDevice *pci, uint32_t offset, int size)
{
    uint32_t value = own.config_read(pci, offset, size);

    capture_line(&own.text, "r %02x %d %x", offset, size, value);
    return value;
}

static void write_config(PCIDevice *pci, uint32_t offset, uint32_t value, int size)
{
    capture_line(&own.text, "w %02x %d %x", offset, size, value);
    own.config_write(pci, offset, value, size);
}

static void hook_function(PCIBus *bus)
{
    for (size_t i = 0; i < ARRAY_SIZE(bus->devices) && !own.function; i++)
        if (bus->devices[i] && object_dynamic_cast(OBJECT(bus->devices[i]), OWN_FUNCTION))
            own.function = bus->devices[i];
    if (!own.function)
        return;
    own.config_read = own.function->config_read;
    own.config_write = own.function->config_write;
    own.function->config_read = read_config;
    own.function->config_write = write_config;
}

/* ------------------------------------------------------------------ interrupts */

static void send_message(MSIMessage *message)
{
    if (own.inside) {
        own.message = *message;
        own.sent = true;
    }
    own.send_msi(message);
}

static const char *mark_of(struct capture_text *text)
{
    return !capture_on(text) ? " !" : text->changed ? " ~" : "";
}

static void tell_interrupt(uint16_t device, const char *kind, uint64_t address, uint32_t data)
{
    capture_read_for_interrupt(&own.text, device, address, data);
    if (own.sent)
        capture_line(&own.text, "I %04x %s %" PRIx64 " %x %" PRIx64 " %x%s", device, kind, address, data,
                     own.message.address, own.message.data, mark_of(&own.text));
    else
        capture_line(&own.text, "I %04x %s %" PRIx64 " %x abort%s", device, kind, address, data,
                     mark_of(&own.text));
}

static MemTxResult write_interrupt(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                                   MemTxAttrs attrs)
{
    uint16_t device = attrs.unspecified ? IOAPIC_REQUESTER : attrs.requester_id;
    uint64_t address = INTERRUPTS_FIRST + offset;
    MemTxResult result;

    capture_read_for_interrupt(&own.text, device, address, (uint32_t)value);
    own.inside = true;
    own.sent = false;
    result = own.interrupts->write_with_attrs(opaque, offset, value, size, attrs);
    own.inside = false;
    tell_interrupt(device, attrs.unspecified ? "ioapic" : "msi", address, (uint32_t)value);
    return result;
}

static MemoryRegionOps interrupt_hooks;

static void hook_interrupts(MemoryRegion *region)
{
    if (!own.interrupts) {
        own.interrupts = region->ops;
        interrupt_hooks = *region->ops;
        interrupt_hooks.write_with_attrs = write_interrupt;
    }
    region->ops = &interrupt_hooks;
}

/* ------------------------------------------------------------------ translations */

/* Out of its cache QEMU's device answers a write to a read-only page with that page; the caller refuses it.
 */
static bool allows(const IOMMUTLBEntry *entry, bool write)
{
    return entry->perm & (write ? IOMMU_WO : IOMMU_RO);
}

static void tell_translation(uint16_t device, hwaddr address, bool write, const IOMMUTLBEntry *entry)
{
    struct capture_text *text = &own.text;
    bool mapped = entry->perm != IOMMU_NONE || capture_mapped(text, device, address);
    char direction = write ? 'w' : 'r';

    capture_read_for_dma(text, device, address, write);
    if (!allows(entry, write))
        capture_line(text, "T %04x %c %" PRIx64 " fault %s%s", device, direction, address,
                     mapped ? "perm" : "none", mark_of(text));
    else
        capture_line(text, "T %04x %c %" PRIx64 " %" PRIx64 " %" PRIx64 " %d%s", device, direction, address,
                     entry->translated_addr, entry->addr_mask, entry->perm, mark_of(text));
}

static IOMMUTLBEntry translate(IOMMUMemoryRegion *region, hwaddr address, IOMMUAccessFlags access, int index)
{
    gpointer found = g_hash_table_lookup(own.requesters, region);
    uint16_t device = (uint16_t)(GPOINTER_TO_UINT(found) - 1);
    bool told = found && access != IOMMU_NONE;
    IOMMUTLBEntry entry;

    if (told)
        capture_read_for_dma(&own.text, device, address, access & IOMMU_WO);
    entry = own.translate(region, address, access, index);
    if (told)
        tell_translation(device, address, access & IOMMU_WO, &entry);
    return entry;
}

/* ------------------------------------------------------------------ requesters */

static void hook_space(MemoryRegion *region, uint16_t device)
{
    MemoryRegion *below;

    if (object_dynamic_cast(OBJECT(region), OWN_REGION))
        g_hash_table_insert(own.requesters, region, GUINT_TO_POINTER(device + 1u));
    else if (region->ops && region->ops->write_with_attrs && region->addr == INTERRUPTS_FIRST)
        hook_interrupts(region);
    QTAILQ_FOREACH(below, &region->subregions, subregions_link)
    {
        hook_space(below, device);
    }
}

static void hook_requester(AddressSpace *space, uint16_t device)
{
    static bool seen[REQUESTERS];

    if (seen[device])
        return;
    seen[device] = true;
    hook_space(space->root, device);
    capture_line(&own.text, "D %04x", device);
}

/* The number that the bus has now is the one that QEMU's device goes on using. */
static AddressSpace *space_of(PCIBus *bus, void *opaque, int devfn)
{
    AddressSpace *space = own.space_of(bus, opaque, devfn);

    hook_requester(space, (uint16_t)PCI_BUILD_BDF(pci_bus_num(bus), devfn));
    return space;
}

/* Linux 7.x remaps no interrupt when the IOAPIC's DeviceID names no function. */
static void hook_bus(PCIBus *bus)
{
    southbridge_make(bus);
    own.space_of = bus->iommu_fn;
    pci_setup_iommu(bus, space_of, bus->iommu_opaque);
    hook_requester(X86_MACHINE(qdev_get_machine())->ioapic_as, IOAPIC_REQUESTER);
}

/* ------------------------------------------------------------------ life */

static void tell_function(MemoryRegion *registers)
{
    char begin[48];

    snprintf(begin, sizeof(begin), "N %04x %" PRIx64, own.function->devfn, (uint64_t)registers->addr);
    capture_bytes(&own.text, begin, own.function->config, CONFIG_BYTES);
}

static void hook_device(DeviceState *device, Error **errp)
{
    MemoryRegion *registers = sysbus_mmio_get_region(SYS_BUS_DEVICE(device), 0);
    PCIBus *bus = PC_MACHINE(qdev_get_machine())->bus;
    uint64_t features;

    hook_function(bus);
    if (!registers || !own.function || !bus->iommu_fn) {
        error_setg(errp, "amdvi: the " OWN_TYPE " of this QEMU is another one than this object knows");
        return;
    }
    features = registers->ops->read(registers->opaque, amdvi_register_find("efr")->offset, 8);
    if (!capture_text_start(&own.text, features, memory_end(), errp))
        return;
    tell_function(registers);
    hook_registers(registers);
    own.send_msi = apic_get_class()->send_msi;
    apic_get_class()->send_msi = send_message;
    hook_bus(bus);
}

static void realize(DeviceState *device, Error **errp)
{
    Error *error = NULL;

    own.realize(device, &error);
    if (!error)
        hook_device(device, &error);
    error_propagate(errp, error);
}

static void clear_npcache(PCIDevice *function)
{
    uint8_t *header = function->config + pci_find_capability(function, CAPABILITY);
    uint64_t value = pci_get_long(header);

    amdvi_field_set(amdvi_layout_field(amdvi_layout_find("cap_header"), "NpCache"), &value, 0);
    pci_set_long(header, (uint32_t)value);
}

static void reset(DeviceState *device)
{
    own.reset(device);
    if (!own.text.reader)
        return;
    if (own.npcache_off)
        clear_npcache(own.function);
    amdvi_reset(own.text.reader);
    capture_bytes(&own.text, "Z", own.function->config, CONFIG_BYTES);
}

static bool hook_classes(void)
{
    ObjectClass *device = object_class_by_name(OWN_TYPE), *region = object_class_by_name(OWN_REGION);

    if (!device || !region)
        return false;
    own.realize = X86_IOMMU_DEVICE_CLASS(device)->realize;
    own.reset = DEVICE_CLASS(device)->reset;
    own.translate = IOMMU_MEMORY_REGION_CLASS(region)->translate;
    X86_IOMMU_DEVICE_CLASS(device)->realize = realize;
    DEVICE_CLASS(device)->reset = reset;
    IOMMU_MEMORY_REGION_CLASS(region)->translate = translate;
    return true;
}

bool capture_install(const char *path)
{
    Error *error = NULL;

    if (!capture_text_open(&own.text, path, &error)) {
        error_report_err(error);
        return false;
    }
    own.requesters = g_hash_table_new(NULL, NULL);
    if (hook_classes())
        return true;
    error_report("amdvi: this QEMU has no " OWN_TYPE);
    return false;
}

void capture_without_npcache(void)
{
    own.npcache_off = true;
}

bool capture_finish(void)
{
    return !own.text.file || capture_text_close(&own.text);
}
