// SPDX-License-Identifier: GPL-2.0-only
#include "guest_config.h"

#include "guest_messages.h"

#include <string.h>

enum {
    HOST_BRIDGE = 0, /* both as the machine has them, read only */
    SOUTHBRIDGE = 0x14 << 3,
    CAPABILITY_MSI = 5,
    CAPABILITY_PCIE = 0x10,
    PCIE_TYPE = 2, /* offset inside it, of the byte that has the type in its upper half */
    ENDPOINT = 0,
    INTEGRATED = 9,
    MSI_CONTROL = 2, /* offsets inside the capability */
    MSI_ADDRESS = 4,
    MSI_ENABLE = 1,
    MSI_WIDE = 0x80,
};

void guest_config_start(struct guest_device *passed)
{
    const struct pcie_function *function = dma_device_function(passed->device);

    passed->msi.offset = pcie_capability(function, CAPABILITY_MSI);
    if (!passed->msi.offset)
        return;
    passed->msi.bytes = pcie_peek(function, passed->msi.offset + MSI_CONTROL, 2) & MSI_WIDE ? 10 : 6;
}

static struct guest_device *at(struct guest *guest, uint8_t devfn)
{
    for (unsigned each = 0; each < guest->device_count; each++)
        if (guest->devices[each].devfn == devfn)
            return &guest->devices[each];
    return NULL;
}

static bool is_shadowed(const struct guest_device *passed, unsigned offset)
{
    return passed->msi.offset && offset - (passed->msi.offset + MSI_ADDRESS) < passed->msi.bytes;
}

static bool host_access(struct guest *guest, const struct guest_device *passed, bool write, unsigned offset,
                        unsigned bytes, uint32_t *value)
{
    const struct pcie_function *function = dma_device_function(passed->device);
    uint16_t id = pcie_device_id(function);

    if (write)
        return machine_cfg_write(guest->world->machine, pcie_segment(function), (uint8_t)(id >> 8),
                                 (uint8_t)id, offset, bytes, *value);
    return machine_cfg_read(guest->world->machine, pcie_segment(function), (uint8_t)(id >> 8), (uint8_t)id,
                            offset, bytes, value);
}

/* On the guest's bus 0 there is no port above an endpoint, so it is one of the root complex, as other VMMs
 * show it: Linux turns PASIDs on only where all ports up to the root know of them. */
static uint32_t as_integrated(const struct guest_device *passed, unsigned offset, unsigned bytes,
                              uint32_t value)
{
    unsigned type = pcie_capability(dma_device_function(passed->device), CAPABILITY_PCIE) + PCIE_TYPE;
    unsigned shift = (type - offset) * 8 + 4;

    if (type == PCIE_TYPE || type - offset >= bytes || (value >> shift & 15) != ENDPOINT)
        return value;
    return value | (uint32_t)INTEGRATED << shift;
}

uint32_t guest_config_read(struct guest *guest, uint8_t devfn, unsigned offset, unsigned bytes)
{
    struct guest_device *passed = at(guest, devfn);
    uint32_t value = UINT32_MAX;

    if (devfn == HOST_BRIDGE || devfn == SOUTHBRIDGE) {
        machine_cfg_read(guest->world->machine, 0, 0, devfn, offset, bytes, &value);
        return value;
    }
    if (!passed)
        return UINT32_MAX;
    if (guest->below && guest_messages_are_at(passed, offset))
        return guest_messages_read(passed, offset, bytes);
    if (is_shadowed(passed, offset)) {
        value = 0;
        memcpy(&value, passed->msi.shadow + (offset - passed->msi.offset - MSI_ADDRESS), bytes);
        return value;
    }
    host_access(guest, passed, false, offset, bytes, &value);
    return as_integrated(passed, offset, bytes, value);
}

/* Where the guest's own interrupt tables lead its messages; the device itself sends the number of the
 * message. */
static void follow_messages(struct guest *guest, struct guest_device *passed)
{
    const struct pcie_function *function = dma_device_function(passed->device);
    unsigned control = pcie_peek(function, passed->msi.offset + MSI_CONTROL, 2);
    uint32_t address = 0xfee00000, number = 0;
    uint16_t data;

    if (!(control & MSI_ENABLE))
        return;
    memcpy(&data, passed->msi.shadow + passed->msi.bytes - 2, 2);
    for (unsigned index = 0; index < 1u << (control >> 4 & 7); index++) {
        struct hv_message message = {.data = data + index};

        memcpy(&message.address, passed->msi.shadow, passed->msi.bytes - 2);
        if (hv_vmm_device_message(guest->vmm, passed->id, index, &message) != HV_OK)
            FAIL(guest->world, "guest %u: message %u of %s cannot be remapped", guest->number, index,
                 passed->name);
    }
    host_access(guest, passed, true, passed->msi.offset + MSI_ADDRESS, 4, &address);
    host_access(guest, passed, true, passed->msi.offset + MSI_ADDRESS + passed->msi.bytes - 2, 2, &number);
}

void guest_config_write(struct guest *guest, uint8_t devfn, unsigned offset, unsigned bytes, uint32_t value)
{
    struct guest_device *passed = at(guest, devfn);

    if (!passed)
        return;
    if (guest->below && guest_messages_are_at(passed, offset)) {
        guest_messages_write(guest, passed, offset, bytes, value);
        return;
    }
    if (is_shadowed(passed, offset))
        memcpy(passed->msi.shadow + (offset - passed->msi.offset - MSI_ADDRESS), &value, bytes);
    else
        host_access(guest, passed, true, offset, bytes, &value);
    if (passed->msi.offset && offset - passed->msi.offset < MSI_ADDRESS + passed->msi.bytes)
        follow_messages(guest, passed);
}
