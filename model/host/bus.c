// SPDX-License-Identifier: Apache-2.0
/* The device's registers by system physical address, where its configuration space puts them. */
#include "amdvi/host.h"

#include "model/signals/signals.h"

enum { GUEST_IDS = 65536 };

static bool inside(const struct amdvi_device *device, enum pci_window window, uint64_t spa, uint64_t bytes,
                   uint64_t *offset)
{
    uint64_t base;

    if (!pci_window(device, window, &base))
        return false;
    *offset = spa - base;
    return *offset < bytes;
}

enum amdvi_status amdvi_bus_find(const struct amdvi_device *device, uint64_t spa,
                                 struct amdvi_bus_place *place)
{
    uint64_t offset;

    if (!device || !place)
        return AMDVI_ERR_ARGUMENT;
    *place = (struct amdvi_bus_place){.space = AMDVI_BUS_NOTHING};
    if (inside(device, PCI_WINDOW_REGISTERS, spa, amdvi_mmio_size(device), &offset))
        *place = (struct amdvi_bus_place){.space = AMDVI_BUS_REGISTERS, .offset = offset};
    else if (inside(device, PCI_WINDOW_VF, spa, (uint64_t)GUEST_IDS * VF_SPACE_STRIDE, &offset))
        *place = (struct amdvi_bus_place){.space = AMDVI_BUS_VF,
                                          .guest_id = (uint16_t)(offset / VF_SPACE_STRIDE),
                                          .offset = offset % VF_SPACE_STRIDE};
    else if (inside(device, PCI_WINDOW_VFC, spa, (uint64_t)GUEST_IDS * VFC_SPACE_STRIDE, &offset))
        *place = (struct amdvi_bus_place){.space = AMDVI_BUS_VF_CONTROL,
                                          .guest_id = (uint16_t)(offset / VFC_SPACE_STRIDE),
                                          .offset = offset % VFC_SPACE_STRIDE};
    return AMDVI_OK;
}

enum amdvi_status amdvi_bus_read(struct amdvi_device *device, uint64_t spa, unsigned size, uint64_t *value)
{
    struct amdvi_bus_place place;

    if (!value || amdvi_bus_find(device, spa, &place) != AMDVI_OK)
        return AMDVI_ERR_ARGUMENT;
    *value = 0;
    switch (place.space) {
    case AMDVI_BUS_REGISTERS:
        return amdvi_mmio_read(device, place.offset, size, value);
    case AMDVI_BUS_VF:
        return amdvi_vf_read(device, place.guest_id, place.offset, size, value);
    case AMDVI_BUS_VF_CONTROL:
        return amdvi_vfc_read(device, place.guest_id, place.offset, size, value);
    default:
        return AMDVI_ERR_UNSUPPORTED;
    }
}

enum amdvi_status amdvi_bus_write(struct amdvi_device *device, uint64_t spa, unsigned size, uint64_t value)
{
    struct amdvi_bus_place place;

    if (amdvi_bus_find(device, spa, &place) != AMDVI_OK)
        return AMDVI_ERR_ARGUMENT;
    switch (place.space) {
    case AMDVI_BUS_REGISTERS:
        return amdvi_mmio_write(device, place.offset, size, value);
    case AMDVI_BUS_VF:
        return amdvi_vf_write(device, place.guest_id, place.offset, size, value);
    case AMDVI_BUS_VF_CONTROL:
        return amdvi_vfc_write(device, place.guest_id, place.offset, size, value);
    default:
        return AMDVI_ERR_UNSUPPORTED;
    }
}
