// SPDX-License-Identifier: Apache-2.0
/*
 * Translations that a guest's command engine holds of its own pages: register slot, rings, maps, stores. Each
 * is what the DTC and the PTC answered, and stays until a command covers the device table entry or the domain
 * it came from, whatever the two caches throw out meanwhile; so a guest's turn does not depend on how many
 * other guests there are.
 */
#ifndef AMDVI_MODEL_HELD_H
#define AMDVI_MODEL_HELD_H

#include "model/device.h"

enum { HELD_PAGE_BITS = 12, HELD_DIRTY_PAGES = 2 };

/* What a translation is wanted for; of each the last page is held. */
enum held_use {
    HELD_REGISTERS,
    HELD_DIRTY,
    HELD_RING,
    HELD_DEVICE_MAP,
    HELD_DOMAIN_MAP,
    HELD_STORE,
    HELD_LOG,
    HELD_USES,
};

struct held {
    uint64_t page;  /* address >> HELD_PAGE_BITS */
    uint64_t place; /* SPA of the page | enum walk_perm; 0: nothing is held */
    uint64_t epoch; /* held_epoch() when it was made */
    uint32_t domain_gen;
    uint16_t device, domain;
};

/* An access to an address of a guest's hardware: what is wanted and what was found. */
struct space_access {
    uint16_t device; /* whose device table entry translates */
    bool write;
    bool fleeting; /* in: the translation is not worth a line of the PTC */
    uint64_t address;
    uint64_t spa; /* out */
    enum reason reason;
    /* Only after a lookup: */
    uint8_t perm; /* all that may be done with the page */
    uint8_t error;
    uint16_t domain;
    uint64_t fault_address;
};

/* Changes with everything that ends all held translations at once. */
static inline uint64_t held_epoch(const struct amdvi_device *device)
{
    return device->held.epoch + device->tlb.wipes;
}

/* The SPA of `address`, if it is held with all of `need`. */
static inline bool held_find(const struct amdvi_device *device, const struct held *held, uint16_t requester,
                             uint64_t address, uint8_t need, uint64_t *spa)
{
    const uint64_t offsets = ((uint64_t)1 << HELD_PAGE_BITS) - 1;

    if (!held || held->page != address >> HELD_PAGE_BITS || need & ~held->place ||
        held->device != requester || held->epoch != held_epoch(device) ||
        held->domain_gen != device->tlb.domains[held->domain].combined)
        return false;
    *spa = (held->place & ~offsets) | (address & offsets);
    return true;
}

bool held_create(struct amdvi_device *device);
void held_destroy(struct amdvi_device *device);
/* What a lookup has just found; not without caches, and not while there is a plan of failures (inject.h),
 * which must reach every lookup. */
void held_keep(struct amdvi_device *device, struct held *held, const struct space_access *access);
/* The entry of this DeviceID, or any entry, may be another now. */
void held_forget_entry(struct amdvi_device *device, uint16_t requester);
void held_forget_all(struct amdvi_device *device);

#endif
