// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The object uses QEMU's own structures, so it fits one version. A QEMU that is another one is refused by its
 * version; one that was built with other options, by the sizes of the structures that the object shares with
 * it.
 */
#include "unit.h"

#include <hw/i386/apic_internal.h>
#include <hw/i386/pc.h>
#include <qapi/qapi-commands-control.h>
#include <qemu/error-report.h>

struct shared_type {
    const char *name;
    size_t bytes;
};

static const struct shared_type shared_types[] = {
    {TYPE_DEVICE, sizeof(DeviceState)},
    {TYPE_PCI_DEVICE, sizeof(PCIDevice)},
    {TYPE_PCI_BUS, sizeof(PCIBus)},
    {TYPE_SYS_BUS_DEVICE, sizeof(SysBusDevice)},
    {TYPE_X86_IOMMU_DEVICE, sizeof(X86IOMMUState)},
    {TYPE_PC_MACHINE, sizeof(PCMachineState)},
    {TYPE_MEMORY_REGION, sizeof(MemoryRegion)},
    {TYPE_IOMMU_MEMORY_REGION, sizeof(IOMMUMemoryRegion)},
};

static bool same_version(void)
{
    VersionInfo *version = qmp_query_version(&error_abort);
    char *running = g_strdup_printf("%" PRId64 ".%" PRId64 ".%" PRId64, version->qemu->major,
                                    version->qemu->minor, version->qemu->micro);
    bool same = !strcmp(running, QEMU_VERSION_OF_HEADERS);

    if (!same)
        error_report("amdvi: this object was built for QEMU " QEMU_VERSION_OF_HEADERS
                     ", and this is %s %s: build it anew with scripts/qemu object",
                     running, version->package);
    g_free(running);
    qapi_free_VersionInfo(version);
    return same;
}

static bool same_layout(const struct shared_type *type)
{
    size_t bytes = object_class_by_name(type->name) ? object_type_get_instance_size(type->name) : 0;

    if (bytes == type->bytes)
        return true;
    error_report("amdvi: this QEMU was built with options that the object does not know: a %s has %zu bytes, "
                 "expected %zu",
                 type->name, bytes, type->bytes);
    return false;
}

bool version_check(void)
{
    if (!same_version())
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(shared_types); i++)
        if (!same_layout(&shared_types[i]))
            return false;
    if (!object_dynamic_cast(qdev_get_machine(), TYPE_PC_MACHINE)) {
        error_report("amdvi: an AMD IOMMU needs a machine of type q35 (-machine q35)");
        return false;
    }
    return true;
}
