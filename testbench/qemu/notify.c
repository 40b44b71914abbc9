// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Those who keep translations (vhost, assigned devices, virtio devices with ATS) are told what is no longer
 * valid, and, where they want it, what is mapped now.
 *
 * Unmappings are told in the middle of the command, before its COMPLETION_WAIT. Mappings are told when the
 * ring is empty: looking for them is a call on the device.
 */
#include "unit.h"

#include <exec/address-spaces.h>
#include <qapi/error.h>
#include <sysemu/dma.h>

enum { ADDRESS_BITS = 64 };

/* Notifications are about ranges of a power of two, aligned to it, within what the notifier wants. */
static void tell_range(IOMMUNotifier *notifier, IOMMUNotifierFlag type, const struct amdvi_mapping *mapping,
                       IOMMUAccessFlags perm)
{
    uint64_t address = MAX(mapping->iova, notifier->start), last = MIN(mapping->last, notifier->end);

    while (address <= last) {
        uint64_t mask = dma_aligned_pow2_mask(address, last, ADDRESS_BITS);
        IOMMUTLBEvent event = {.type = type,
                               .entry = {.target_as = &address_space_memory,
                                         .iova = address,
                                         .translated_addr = mapping->spa + (address - mapping->iova),
                                         .addr_mask = mask,
                                         .perm = perm}};
        memory_region_notify_iommu_one(notifier, &event);
        if (address + mask == UINT64_MAX)
            return;
        address += mask + 1;
    }
}

static void tell_unmapped(struct space *space, IOMMUNotifierFlag type, uint64_t first, uint64_t last)
{
    const struct amdvi_mapping range = {.iova = first, .last = last};
    IOMMUNotifier *notifier;

    IOMMU_NOTIFIER_FOREACH(notifier, &space->translated)
    {
        if (notifier->notifier_flags & type)
            tell_range(notifier, type, &range, IOMMU_NONE);
    }
}

static void note_stale(struct space *space, uint64_t first, uint64_t last)
{
    space->first = space->stale ? MIN(space->first, first) : first;
    space->last = space->stale ? MAX(space->last, last) : last;
    space->stale = true;
    space->unit->stale_spaces = true;
}

static void invalidated(void *context, const struct amdvi_invalidated *what)
{
    struct space *space = context;

    if (what->interrupts || what->has_pasid)
        return;
    tell_unmapped(space, IOMMU_NOTIFIER_UNMAP, what->first, what->last);
    if (space->maps)
        note_stale(space, what->first, what->last);
}

enum amdvi_atc_answer notify_atc(void *opaque, const struct amdvi_atc_invalidation *invalidation)
{
    struct unit *unit = opaque;
    struct space *space;
    uint64_t first = invalidation->size ? invalidation->address & ~(invalidation->size - 1) : 0;
    uint64_t last = invalidation->size ? first + invalidation->size - 1 : UINT64_MAX;

    QLIST_FOREACH(space, &unit->spaces, next)
    {
        if (space_device(space) == invalidation->device)
            tell_unmapped(space, IOMMU_NOTIFIER_DEVIOTLB_UNMAP, first, last);
    }
    return AMDVI_ATC_DONE;
}

static int tell_mapping(void *context, const struct amdvi_mapping *mapping)
{
    IOMMUAccessFlags perm =
        IOMMU_ACCESS_FLAG(mapping->perm & AMDVI_RIGHT_READ, mapping->perm & AMDVI_RIGHT_WRITE);

    tell_range(context, IOMMU_NOTIFIER_MAP, mapping, perm);
    return 0;
}

static void tell_mappings(struct space *space, IOMMUNotifier *notifier, uint64_t first, uint64_t last)
{
    const struct amdvi_mappings walk = {.device = space_device(space),
                                        .first = MAX(first, notifier->start),
                                        .last = MIN(last, notifier->end),
                                        .context = notifier,
                                        .mapping = tell_mapping};

    if (walk.first <= walk.last)
        amdvi_walk_mappings(space->unit->device, &walk);
}

void notify_stale_spaces(struct unit *unit)
{
    struct space *space;
    IOMMUNotifier *notifier;

    unit->stale_spaces = false;
    QLIST_FOREACH(space, &unit->spaces, next)
    {
        if (!space->stale)
            continue;
        space->stale = false;
        IOMMU_NOTIFIER_FOREACH(notifier, &space->translated)
        {
            if (notifier->notifier_flags & IOMMU_NOTIFIER_MAP)
                tell_mappings(space, notifier, space->first, space->last);
        }
    }
}

void notify_replay(IOMMUMemoryRegion *region, IOMMUNotifier *notifier)
{
    struct space *space = container_of(region, struct space, translated);
    const struct amdvi_mapping all = {.last = UINT64_MAX};

    unit_enter(space->unit);
    tell_range(notifier, IOMMU_NOTIFIER_UNMAP, &all, IOMMU_NONE);
    tell_mappings(space, notifier, 0, UINT64_MAX);
    unit_leave(space->unit);
}

static bool start(struct space *space)
{
    struct unit *unit = space->unit;

    space->notified = space_device(space);
    if (amdvi_notifier_create(unit->device, space->notified, invalidated, space, &space->notifier) !=
        AMDVI_OK)
        return false;
    unit->notifiers++;
    return true;
}

static void stop(struct space *space)
{
    if (!space->notifier)
        return;
    amdvi_notifier_destroy(space->notifier);
    space->notifier = NULL;
    space->unit->notifiers--;
}

void notify_renumber(struct unit *unit)
{
    struct space *space;

    if (!unit->notifiers)
        return;
    QLIST_FOREACH(space, &unit->spaces, next)
    {
        if (space->notifier && space->notified != space_device(space)) {
            stop(space);
            start(space);
        }
    }
}

int notify_flag_changed(IOMMUMemoryRegion *region, IOMMUNotifierFlag before, IOMMUNotifierFlag now,
                        Error **errp)
{
    struct space *space = container_of(region, struct space, translated);
    bool wanted = now & (IOMMU_NOTIFIER_MAP | IOMMU_NOTIFIER_UNMAP), ok = true;

    unit_enter(space->unit);
    space->maps = now & IOMMU_NOTIFIER_MAP;
    if (!wanted)
        stop(space);
    else if (!space->notifier)
        ok = start(space);
    unit_leave(space->unit);
    if (!ok)
        error_setg(errp, "no memory for notifications of device %04x", space_device(space));
    return ok ? 0 : -ENOMEM;
}
