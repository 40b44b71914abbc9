// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Address spaces of requesters. QEMU asks for one by bus and function, where a bridge to conventional PCI has
 * already taken its devices' name; below root ports and switches every function has its own.
 */
#include "unit.h"

#include <exec/address-spaces.h>
#include <hw/i386/pc.h>

enum { INTERRUPTS_BYTES = 0x100000 };
/* Interrupts lie over what is translated. */
enum { OVER_TRANSLATION = 1 };

uint16_t space_device(const struct space *space)
{
    return traps_requester(space->unit, (uint16_t)PCI_BUILD_BDF(pci_bus_num(space->bus), space->devfn));
}

static void fill_entry(IOMMUTLBEntry *entry, hwaddr address, const struct amdvi_result *result)
{
    hwaddr mask = result->size - 1;

    entry->iova = address & ~mask;
    entry->translated_addr = result->pa & ~mask;
    entry->addr_mask = mask;
    entry->perm =
        (result->perm & AMDVI_RIGHT_READ ? IOMMU_RO : 0) | (result->perm & AMDVI_RIGHT_WRITE ? IOMMU_WO : 0);
}

/* IOMMU_NONE asks what is mapped, without the effects of a request. */
static IOMMUTLBEntry translate(IOMMUMemoryRegion *region, hwaddr address, IOMMUAccessFlags access, int index)
{
    struct space *space = container_of(region, struct space, translated);
    struct unit *unit = space->unit;
    const struct amdvi_request request = {.device = space_device(space),
                                          .op = access & IOMMU_WO ? AMDVI_WRITE : AMDVI_READ,
                                          .address = address,
                                          .length = 1};
    IOMMUTLBEntry entry = {
        .target_as = &address_space_memory, .iova = address & ~(hwaddr)0xfff, .addr_mask = 0xfff};
    struct amdvi_result result = {0};
    enum amdvi_status status;

    unit_enter(unit);
    status = access == IOMMU_NONE ? amdvi_look(unit->device, &request, &result)
                                  : amdvi_translate(unit->device, &request, &result);
    if (status == AMDVI_OK && access != IOMMU_NONE)
        traps_answered(unit, &request, &result);
    unit_leave(unit);
    if (status == AMDVI_OK && result.ok)
        fill_entry(&entry, address, &result);
    return entry;
}

static struct space *find(struct unit *unit, PCIBus *bus, int devfn)
{
    struct space *space;

    QLIST_FOREACH(space, &unit->spaces, next)
    {
        if (space->bus == bus && space->devfn == devfn)
            return space;
    }
    return NULL;
}

static struct space *make(struct unit *unit, PCIBus *bus, int devfn)
{
    struct space *space = g_new0(struct space, 1);
    char name[64];

    snprintf(name, sizeof(name), "amdvi-%s-%02x", BUS(bus)->name, devfn);
    *space = (struct space){.unit = unit, .bus = bus, .devfn = (uint8_t)devfn};
    memory_region_init(&space->root, OBJECT(unit), name, UINT64_MAX);
    memory_region_init_iommu(&space->translated, sizeof(space->translated), SPACE_TYPE, OBJECT(unit), name,
                             UINT64_MAX);
    memory_region_init_io(&space->interrupts, OBJECT(unit), &interrupts_ops, unit, "amdvi-interrupts",
                          INTERRUPTS_BYTES);
    memory_region_add_subregion(&space->root, 0, MEMORY_REGION(&space->translated));
    memory_region_add_subregion_overlap(&space->root, INTERRUPTS_FIRST, &space->interrupts, OVER_TRANSLATION);
    address_space_init(&space->memory, &space->root, name);
    QLIST_INSERT_HEAD(&unit->spaces, space, next);
    return space;
}

AddressSpace *spaces_of(PCIBus *bus, void *opaque, int devfn)
{
    struct unit *unit = opaque;
    struct space *space = find(unit, bus, devfn);

    return &(space ? space : make(unit, bus, devfn))->memory;
}

static void class_init(ObjectClass *klass, void *data)
{
    IOMMUMemoryRegionClass *region = IOMMU_MEMORY_REGION_CLASS(klass);

    region->translate = translate;
    region->notify_flag_changed = notify_flag_changed;
    region->replay = notify_replay;
}

void spaces_register_types(void)
{
    static const TypeInfo info = {
        .name = SPACE_TYPE, .parent = TYPE_IOMMU_MEMORY_REGION, .class_init = class_init};

    type_register_static(&info);
}
