// SPDX-License-Identifier: Apache-2.0
#include "model/lookup/held.h"
#include "model/base/allocator.h"

enum { WORD_BITS = 64 };

bool held_create(struct amdvi_device *device)
{
    device->held.entries = allocate_zeroed(&device->allocator, DEVICES / 8);
    device->held.dirty = allocate_zeroed(&device->allocator, HELD_DIRTY_PAGES * sizeof(*device->held.dirty));
    return device->held.entries && device->held.dirty;
}

void held_destroy(struct amdvi_device *device)
{
    release(&device->allocator, device->held.entries);
    release(&device->allocator, device->held.dirty);
    device->held.entries = NULL;
    device->held.dirty = NULL;
}

void held_keep(struct amdvi_device *device, struct held *held, const struct space_access *access)
{
    if (!device->caches || device->inject.active || !device->config.value[CONFIG_HOLD] || access->fleeting)
        return;
    *held = (struct held){.page = access->address >> HELD_PAGE_BITS,
                          .place = access->spa >> HELD_PAGE_BITS << HELD_PAGE_BITS | access->perm,
                          .epoch = held_epoch(device),
                          .domain_gen = device->tlb.domains[access->domain].combined,
                          .device = access->device,
                          .domain = access->domain};
    device->held.entries[access->device / WORD_BITS] |= (uint64_t)1 << access->device % WORD_BITS;
}

/* Guests name their own devices; entries that translate for a guest's hardware are the host's to change, and
 * seldom. So all is dropped when one of these goes. */
void held_forget_entry(struct amdvi_device *device, uint16_t requester)
{
    uint64_t bit = (uint64_t)1 << requester % WORD_BITS;

    if (!device->held.entries || !(device->held.entries[requester / WORD_BITS] & bit))
        return;
    device->held.entries[requester / WORD_BITS] &= ~bit;
    device->held.epoch++;
}

void held_forget_all(struct amdvi_device *device)
{
    device->held.epoch++;
}
