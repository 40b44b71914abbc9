// SPDX-License-Identifier: GPL-2.0-only
#include "guest_messages.h"

#include "testbench/platform/pcie.h"

#include <string.h>

/* The capability: id and next, control, address and data, mask, pending. */
enum { CONTROL = 2, ADDRESS = 4, ENABLE = 1, COUNT_SHIFT = 4, COUNT_MASK = 7, MASKS = 0x100 };

static uint16_t real_control(const struct guest_device *passed)
{
    return (uint16_t)pcie_peek(dma_device_function(passed->device), passed->msi.offset + CONTROL, 2);
}

/* Mask bits follow the data, which takes four bytes then. */
static unsigned mask_at(const struct guest_device *passed)
{
    return ADDRESS + passed->msi.bytes + 2;
}

bool guest_messages_are_at(const struct guest_device *passed, unsigned offset)
{
    unsigned end = mask_at(passed) - 2;

    if (passed->msi.offset && real_control(passed) & MASKS)
        end = mask_at(passed) + 8;
    return passed->msi.offset && offset - passed->msi.offset < end;
}

/* What the capability holds for the guest. */
static void make_view(const struct guest_device *passed, uint8_t view[32])
{
    const uint16_t writable = ENABLE | COUNT_MASK << COUNT_SHIFT;
    uint16_t control = (uint16_t)((real_control(passed) & ~writable) | passed->msi.control);
    uint16_t head = (uint16_t)pcie_peek(dma_device_function(passed->device), passed->msi.offset, 2);

    memset(view, 0, 32);
    memcpy(view, &head, 2);
    memcpy(view + CONTROL, &control, 2);
    memcpy(view + ADDRESS, passed->msi.shadow, passed->msi.bytes);
    memcpy(view + mask_at(passed), &passed->msi.mask, 4);
}

uint32_t guest_messages_read(const struct guest_device *passed, unsigned offset, unsigned bytes)
{
    uint8_t view[32];
    uint32_t value = 0;

    make_view(passed, view);
    memcpy(&value, view + (offset - passed->msi.offset), bytes);
    return value;
}

static const struct kshim_api *kernel_of(const struct guest *guest)
{
    return instance_api(guest->world->kernel);
}

static void stop(const struct guest *guest, struct guest_device *passed)
{
    char name[HOST_NAME];

    host_name_of(passed->device, name);
    if (passed->msi.vectors)
        kernel_of(guest)->irq_release(name);
    passed->msi.vectors = 0;
}

static void start(const struct guest *guest, struct guest_device *passed)
{
    int wanted = 1 << (passed->msi.control >> COUNT_SHIFT & COUNT_MASK), given;
    char name[HOST_NAME];

    host_name_of(passed->device, name);
    given = kernel_of(guest)->irq_request(name, wanted < GUEST_MESSAGES ? wanted : GUEST_MESSAGES, 0);
    EXPECT(guest->world, given == wanted, "guest %u: the host's kernel gives %d of %d interrupts",
           guest->number, given, wanted);
    passed->msi.vectors = given > 0 ? (unsigned)given : 0;
    memset(passed->msi.seen, 0, sizeof(passed->msi.seen));
}

void guest_messages_write(struct guest *guest, struct guest_device *passed, unsigned offset, unsigned bytes,
                          uint32_t value)
{
    bool was = passed->msi.control & ENABLE, now;
    uint8_t view[32];

    make_view(passed, view);
    memcpy(view + (offset - passed->msi.offset), &value, bytes);
    memcpy(&passed->msi.control, view + CONTROL, 2);
    passed->msi.control &= ENABLE | COUNT_MASK << COUNT_SHIFT;
    memcpy(passed->msi.shadow, view + ADDRESS, passed->msi.bytes);
    memcpy(&passed->msi.mask, view + mask_at(passed), 4);
    now = passed->msi.control & ENABLE;
    if (was && !now)
        stop(guest, passed);
    if (!was && now)
        start(guest, passed);
}

static void inject(struct guest *guest, const struct guest_device *passed, unsigned index)
{
    struct hv_message message = {.address = 0};
    struct amdvi_int_result result;
    uint16_t data;

    memcpy(&message.address, passed->msi.shadow, passed->msi.bytes - 2);
    memcpy(&data, passed->msi.shadow + passed->msi.bytes - 2, 2);
    message.data = data + index;
    if (hv_vmm_remap(guest->vmm, passed->id, &message, &result) == HV_OK && result.ok)
        guest_take_message(guest, result.address, result.data);
}

/* Masked ones stay pending; several that wait are one. */
static void take(struct guest *guest, struct guest_device *passed, const char *name)
{
    for (unsigned index = 0; index < passed->msi.vectors; index++) {
        uint64_t count = kernel_of(guest)->irq_count(name, (int)index);

        if (count == passed->msi.seen[index] || passed->msi.mask >> index & 1)
            continue;
        passed->msi.seen[index] = count;
        inject(guest, passed, index);
    }
}

void guest_messages_take(struct guest *guest)
{
    char name[HOST_NAME];

    for (unsigned each = 0; each < guest->device_count; each++) {
        if (!guest->devices[each].msi.vectors)
            continue;
        host_name_of(guest->devices[each].device, name);
        take(guest, &guest->devices[each], name);
    }
}

void guest_messages_end(struct guest *guest)
{
    for (unsigned each = 0; each < guest->device_count; each++)
        stop(guest, &guest->devices[each]);
}
