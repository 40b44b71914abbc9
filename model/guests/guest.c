// SPDX-License-Identifier: Apache-2.0
/* The guests of a device: made on first touch, found by GuestID in two steps. */
#include "model/guests/guest_work.h"

#include "model/base/allocator.h"

bool guests_create(struct amdvi_device *device)
{
    if (!reg_efr_viommusup(device->config.value[CONFIG_EFR]))
        return true;
    device->guest_pages =
        allocate_zeroed(&device->allocator, GUESTS / GUEST_PAGE * sizeof(*device->guest_pages));
    return held_create(device) && device->guest_pages != NULL;
}

void guests_forget_names(struct amdvi_device *device)
{
    for (; device->named; device->named = device->named->next_named) {
        release(&device->allocator, device->named->names);
        device->named->names = NULL;
    }
}

static void free_all(struct amdvi_device *device)
{
    struct guest *guest = device->guests;

    guests_forget_names(device);
    while (guest) {
        struct guest *next = guest->next;
        release(&device->allocator, guest);
        guest = next;
    }
    device->guests = device->queue_first = device->queue_last = NULL;
    device->guest_count = 0;
    for (unsigned i = 0; device->guest_pages && i < GUESTS / GUEST_PAGE; i++) {
        release(&device->allocator, device->guest_pages[i]);
        device->guest_pages[i] = NULL;
    }
}

void guests_destroy(struct amdvi_device *device)
{
    free_all(device);
    release(&device->allocator, device->guest_pages);
    device->guest_pages = NULL;
    held_destroy(device);
}

void guests_reset(struct amdvi_device *device)
{
    free_all(device);
}

struct guest *guest_find(const struct amdvi_device *device, uint16_t id)
{
    struct guest **page = device->guest_pages ? device->guest_pages[id / GUEST_PAGE] : NULL;

    return page ? page[id % GUEST_PAGE] : NULL;
}

static struct guest *new_guest(struct amdvi_device *device, uint16_t id)
{
    struct guest *guest = allocate_zeroed(&device->allocator, sizeof(*guest));

    if (!guest)
        return NULL;
    guest->id = id;
    guest->ats.guest = guest;
    guest->next = device->guests;
    device->guests = guest;
    device->guest_count++;
    return guest;
}

/* By choice, GuestID 0 and the secure ones have no registers (11 #26). */
bool guest_rejected(const struct amdvi_device *device, uint16_t id)
{
    return device->config.value[CONFIG_RESERVED_GID] && (id == 0 || id >> 15);
}

/* Null when there is no memory, no HW-vIOMMU, or no such guest by choice (11 #26). */
struct guest *guest_get(struct amdvi_device *device, uint16_t id)
{
    struct guest **page;

    if (!device->guest_pages || guest_rejected(device, id))
        return NULL;
    if (!device->guest_pages[id / GUEST_PAGE])
        device->guest_pages[id / GUEST_PAGE] =
            allocate_zeroed(&device->allocator, GUEST_PAGE * sizeof(*page));
    page = device->guest_pages[id / GUEST_PAGE];
    if (page && !page[id % GUEST_PAGE])
        page[id % GUEST_PAGE] = new_guest(device, id);
    return page ? page[id % GUEST_PAGE] : NULL;
}

/* IommuEn and vIommuEn: the private space is live (E1, 7.2). */
bool guests_enabled(const struct amdvi_device *device)
{
    return iommu_enabled(device) && reg_control_viommuen(control(device));
}
