// SPDX-License-Identifier: GPL-2.0-or-later
/* The types of device and their life: properties, making, reset. */
#include "unit.h"

#include <exec/address-spaces.h>
#include <hw/i386/pc.h>
#include <hw/i386/x86.h>
#include <hw/qdev-properties.h>
#include <qapi/error.h>

struct unit *units[UNITS_MAX];
unsigned units_count;

/* Where the registers of a unit lie unless mmio_base says: 512 KiB each, below the local APICs and below the
 * HPET, where no PCI memory is. */
static const char *const places[] = {"0xfed80000", "0xfec80000"};
enum { INTERRUPTS_WAITING = 1024 };

void unit_enter(struct unit *unit)
{
    qemu_rec_mutex_lock(&unit->lock);
    if (unit->depth++ == 0)
        watch_now(&unit->watch);
}

void unit_leave(struct unit *unit)
{
    if (unit->depth == 1) {
        if (unit->stale_spaces)
            notify_stale_spaces(unit);
        interrupts_deliver(unit);
    }
    unit->depth--;
    qemu_rec_mutex_unlock(&unit->lock);
}

bool unit_remaps(const struct unit *unit)
{
    return unit->parent.x86.intr_supported != ON_OFF_AUTO_OFF;
}

static PCIBus *find_root(const struct unit *unit, Error **errp)
{
    PCIBus *first = PC_MACHINE(qdev_get_machine())->bus, *bus;

    if (!unit->root_name)
        return first;
    QLIST_FOREACH(bus, &first->child, sibling)
    {
        if (pci_bus_is_root(bus) && !strcmp(BUS(bus)->name, unit->root_name))
            return bus;
    }
    error_setg(errp, "root=%s: there is no root bus of that name (-device pxb-pcie,id=%s,bus_nr=...)",
               unit->root_name, unit->root_name);
    return NULL;
}

/* QEMU takes only bridges on a further root bus, so all functions stand on the first one. */
static bool place_function(struct unit *unit, Error **errp)
{
    PCIBus *bus = PC_MACHINE(qdev_get_machine())->bus;
    char text[16];

    unit->function.unit = unit;
    if (unit->address >= 0)
        qdev_prop_set_int32(DEVICE(&unit->function), "addr", unit->address);
    if (!qdev_realize(DEVICE(&unit->function), BUS(bus), errp))
        return false;
    snprintf(text, sizeof(text), "0x%x", PCI_BUILD_BDF(pci_bus_num(bus), unit->function.pci.devfn));
    amdvi_config_set(unit->config, "devid", text);
    return true;
}

static bool is_set(const struct unit *unit, const char *key)
{
    const struct setting *setting = unit->settings;

    while (setting && strcmp(setting->key->name, key))
        setting = setting->next;
    return setting != NULL;
}

static bool place_registers(struct unit *unit, Error **errp)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, memory_end());
    amdvi_config_set(unit->config, "ram", text);
    if (is_set(unit, "mmio_base"))
        return true;
    if (unit->index >= ARRAY_SIZE(places)) {
        error_setg(errp, "unit %u has no usual place for its registers: say mmio_base=", unit->index);
        return false;
    }
    amdvi_config_set(unit->config, "mmio_base", places[unit->index]);
    return true;
}

static bool make_device(struct unit *unit, Error **errp)
{
    const struct amdvi_memory memory = memory_callbacks();
    const struct amdvi_callbacks callbacks = {.context = unit, .atc_invalidate = notify_atc};
    enum amdvi_status status = amdvi_create(unit->config, &memory, &callbacks, NULL, &unit->device);

    if (status == AMDVI_OK)
        status = amdvi_irq_queue_create(unit->device, INTERRUPTS_WAITING, &unit->interrupts);
    if (status == AMDVI_OK && !memory_add_windows(unit->device))
        status = AMDVI_ERR_NO_MEMORY;
    if (status == AMDVI_OK)
        return true;
    error_setg(errp, "the IOMMU cannot be made: %s", amdvi_status_text(status));
    return false;
}

static void join_machine(struct unit *unit)
{
    X86MachineState *machine = X86_MACHINE(qdev_get_machine());

    units[units_count++] = unit;
    registers_init(unit);
    if (!unit->extra && unit_remaps(unit))
        southbridge_make(unit->root);
    if (!unit->extra)
        machine->ioapic_as = spaces_of(unit->root, unit, IOAPIC_REQUESTER);
    pci_setup_iommu(unit->root, spaces_of, unit);
    ivrs_on_machine_done();
}

static void realize(DeviceState *dev, Error **errp)
{
    struct unit *unit = (struct unit *)dev;

    unit->index = units_count;
    unit->root = find_root(unit, errp);
    if (!unit->root)
        return;
    if (units_count == UNITS_MAX || (unit->extra && units_count == 0)) {
        error_setg(errp, units_count ? "more than %d IOMMUs" : "-device " UNIT_TYPE " comes first",
                   UNITS_MAX);
        return;
    }
    if (!keys_apply(unit, errp) || !place_function(unit, errp) || !place_registers(unit, errp) ||
        !make_device(unit, errp))
        return;
    unit->watch_options.unit = unit->index;
    unit->watch_options.lock = &unit->lock;
    unit->watch_options.ram = memory_end();
    unit->watch_options.processors = MACHINE(qdev_get_machine())->smp.cpus;
    if (watch_start(&unit->watch, &unit->watch_options, unit->device, unit->config, errp) &&
        traps_init(unit, errp))
        join_machine(unit);
}

static void reset(DeviceState *dev)
{
    struct unit *unit = (struct unit *)dev;

    unit_enter(unit);
    amdvi_reset(unit->device);
    traps_reset(unit);
    unit_leave(unit);
}

static void instance_init(Object *object)
{
    struct unit *unit = (struct unit *)object;

    QLIST_INIT(&unit->spaces);
    qemu_rec_mutex_init(&unit->lock);
    amdvi_config_create(&unit->config);
    unit->extra = object_dynamic_cast(object, UNIT_TYPE_EXTRA) != NULL;
    object_initialize_child(object, "function", &unit->function, FUNCTION_TYPE);
}

static Property properties[] = {
    DEFINE_PROP_STRING("root", struct unit, root_name),
    DEFINE_PROP_INT32("addr", struct unit, address, -1),
    DEFINE_PROP_STRING("ivrs", struct unit, ivrs),
    DEFINE_PROP_STRING("trap", struct unit, trap),
    DEFINE_PROP_STRING("lint", struct unit, watch_options.lint),
    DEFINE_PROP_STRING("record", struct unit, watch_options.record),
    DEFINE_PROP_STRING("findings", struct unit, watch_options.findings),
    DEFINE_PROP_STRING("live", struct unit, watch_options.live),
    DEFINE_PROP_END_OF_LIST(),
};

static void common_class_init(ObjectClass *klass)
{
    DeviceClass *device = DEVICE_CLASS(klass);

    device->reset = reset;
    device->vmsd = &unit_state;
    device->hotpluggable = false;
    device->user_creatable = true;
    device->desc = "AMD IOMMU, model of libamdvi";
    set_bit(DEVICE_CATEGORY_MISC, device->categories);
    device_class_set_props(device, properties);
    keys_add_properties(klass);
}

static void class_init(ObjectClass *klass, void *data)
{
    X86IOMMUClass *x86 = X86_IOMMU_DEVICE_CLASS(klass);

    common_class_init(klass);
    x86->realize = realize;
    x86->int_remap = interrupts_remap_route;
}

static void extra_class_init(ObjectClass *klass, void *data)
{
    common_class_init(klass);
    DEVICE_CLASS(klass)->realize = realize;
}

static void function_class_init(ObjectClass *klass, void *data)
{
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(klass);

    pci->config_read = registers_pci_read;
    pci->config_write = registers_pci_write;
    DEVICE_CLASS(klass)->user_creatable = false;
}

void device_register_types(void)
{
    static InterfaceInfo interfaces[] = {{INTERFACE_CONVENTIONAL_PCI_DEVICE}, {}};
    static const TypeInfo function = {.name = FUNCTION_TYPE,
                                      .parent = TYPE_PCI_DEVICE,
                                      .instance_size = sizeof(struct function),
                                      .class_init = function_class_init,
                                      .interfaces = interfaces};
    static const TypeInfo unit = {.name = UNIT_TYPE,
                                  .parent = TYPE_X86_IOMMU_DEVICE,
                                  .instance_size = sizeof(struct unit),
                                  .instance_init = instance_init,
                                  .class_init = class_init};
    static const TypeInfo extra = {.name = UNIT_TYPE_EXTRA,
                                   .parent = TYPE_SYS_BUS_DEVICE,
                                   .instance_size = sizeof(struct unit),
                                   .instance_init = instance_init,
                                   .class_init = extra_class_init};

    type_register_static(&function);
    type_register_static(&unit);
    type_register_static(&extra);
}
