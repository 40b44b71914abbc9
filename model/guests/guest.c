// SPDX-License-Identifier: Apache-2.0
/* The guests of a device: made on first touch, found by GuestID in two steps. */
#include "model/guests/guest_work.h"

#include "model/base/allocator.h"

bool guests_create(struct amdvi_device *device)
{
    if (!reg_efr_viommusup(device->config.value[CONFIG_EFR]))
        return true;
    device->guests.pages =
        allocate_zeroed(&device->allocator, GUESTS / GUEST_PAGE * sizeof(*device->guests.pages));
    return held_create(device) && device->guests.pages != NULL;
}

void guests_forget_names(struct amdvi_device *device)
{
    for (; device->guests.named; device->guests.named = device->guests.named->next_named) {
        release(&device->allocator, device->guests.named->names);
        device->guests.named->names = NULL;
    }
}

static void free_all(struct amdvi_device *device)
{
    struct guest *guest = device->guests.first;

    guests_forget_names(device);
    while (guest) {
        struct guest *next = guest->next;
        release(&device->allocator, guest);
        guest = next;
    }
    device->guests.first = device->guests.queue_first = device->guests.queue_last = NULL;
    device->guests.count = 0;
    for (unsigned i = 0; device->guests.pages && i < GUESTS / GUEST_PAGE; i++) {
        release(&device->allocator, device->guests.pages[i]);
        device->guests.pages[i] = NULL;
    }
}

void guests_destroy(struct amdvi_device *device)
{
    free_all(device);
    release(&device->allocator, device->guests.pages);
    device->guests.pages = NULL;
    held_destroy(device);
}

void guests_reset(struct amdvi_device *device)
{
    free_all(device);
}

struct guest *guest_find(const struct amdvi_device *device, uint16_t id)
{
    struct guest **page = device->guests.pages ? device->guests.pages[id / GUEST_PAGE] : NULL;

    return page ? page[id % GUEST_PAGE] : NULL;
}

static struct guest *new_guest(struct amdvi_device *device, uint16_t id)
{
    struct guest *guest = allocate_zeroed(&device->allocator, sizeof(*guest));

    if (!guest)
        return NULL;
    guest->id = id;
    guest->ats.guest = guest;
    guest->next = device->guests.first;
    device->guests.first = guest;
    device->guests.count++;
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

    if (!device->guests.pages || guest_rejected(device, id))
        return NULL;
    if (!device->guests.pages[id / GUEST_PAGE])
        device->guests.pages[id / GUEST_PAGE] =
            allocate_zeroed(&device->allocator, GUEST_PAGE * sizeof(*page));
    page = device->guests.pages[id / GUEST_PAGE];
    if (page && !page[id % GUEST_PAGE])
        page[id % GUEST_PAGE] = new_guest(device, id);
    return page ? page[id % GUEST_PAGE] : NULL;
}

/* IommuEn and vIommuEn: the private space is live (E1, 7.2). */
bool guests_enabled(const struct amdvi_device *device)
{
    return iommu_enabled(device) && reg_control_viommuen(control(device));
}
