// SPDX-License-Identifier: Apache-2.0
/*
 * Where a job stands that works at a guest's hardware: its registers, its maps, its status bits in memory.
 * All functions are steps (port/steps.h): false means that they have asked, and are to be called again.
 */
#ifndef AMDVI_MODEL_GUEST_WORK_H
#define AMDVI_MODEL_GUEST_WORK_H

#include "model/guests/guest.h"
#include "model/logs/posting.h"
#include "model/port/steps.h"
#include "tables/irte.h"

/* ---------------------------------------------------------------- one access, guest_space.c */

enum space_state { SPACE_AIMED, SPACE_LOOKS_UP, SPACE_FOUND };

/* The place is found (held, in caches, in tables), then read or written. */
struct space_io {
    uint8_t state; /* enum space_state */
    uint8_t error; /* of memory: enum walk_error */
    struct space_access access;
    struct space_walk walk;
};

/* Once, before the steps. */
static inline void space_aim(struct space_io *io, uint64_t requester, uint64_t address, bool write)
{
    io->state = SPACE_AIMED;
    io->error = WALK_ERROR_NONE;
    io->access.device = (uint16_t)requester;
    io->access.address = address;
    io->access.write = write;
    io->access.fleeting = false;
    io->access.reason = REASON_NONE;
}

static inline void space_aim_private(const struct amdvi_device *device, struct space_io *io, uint64_t address,
                                     bool write)
{
    space_aim(io, device->config.value[CONFIG_DEVID], address, write);
}

static inline void space_aim_guest(const struct guest *guest, struct space_io *io, uint64_t address,
                                   bool write)
{
    space_aim(io, vfc_misc_transdevid(guest->vfc[VFC_MISC]), address, write);
}

/* `io->access` tells where it is, or why it is nowhere. Kept in `held` unless that is null. */
static inline bool space_find(struct amdvi_device *device, struct job *job, struct held *held,
                              struct space_io *io)
{
    const struct space_access *access = &io->access;

    if (io->state == SPACE_AIMED) {
        io->state = SPACE_FOUND;
        if (held_find(device, held, access->device, access->address, access->write ? PERM_WRITE : PERM_READ,
                      &io->access.spa)) {
            if (__builtin_expect(device->observed, 0))
                space_tell(device, access, held->domain, held->place & ((1u << HELD_PAGE_BITS) - 1));
            return true;
        }
        space_walk_begin(&io->walk);
        io->state = SPACE_LOOKS_UP;
    }
    if (io->state == SPACE_LOOKS_UP && !space_look_up(device, job, held, &io->access, &io->walk))
        return false;
    io->state = SPACE_FOUND;
    return true;
}

static inline bool space_read(struct amdvi_device *device, struct job *job, struct held *held,
                              struct space_io *io, enum amdvi_access kind, void *data, size_t length)
{
    struct place place = {.access = kind};

    if (!space_find(device, job, held, io))
        return false;
    place.spa = io->access.spa;
    return io->access.reason || job_read(device, job, &place, data, length, &io->error);
}

static inline bool space_write(struct amdvi_device *device, struct job *job, struct held *held,
                               struct space_io *io, enum amdvi_access kind, const void *data, size_t length)
{
    struct place place = {.access = kind};

    if (!space_find(device, job, held, io))
        return false;
    place.spa = io->access.spa;
    return io->access.reason || job_write(device, job, &place, data, length, &io->error);
}

/* Afterwards: whether the data went over. */
static inline bool space_worked(const struct space_io *io)
{
    return !io->access.reason && !io->error;
}

enum { MAP_PAGE_BYTES = 4096, MAP_IDS = 65536 };

/* A page of the private space. */
struct page_read {
    struct steps steps;
    bool there;
    size_t done;
    struct space_io io; /* to be aimed before */
    uint64_t words[MAP_PAGE_BYTES / 8];
};

bool space_read_page(struct amdvi_device *device, struct job *job, struct held *held, struct page_read *page);

/* ---------------------------------------------------------------- registers, status, dirty bits, map entries
 */

struct guest_work {
    struct steps get, set, status, mirror, slot, look, dirty, map;
    uint8_t i;    /* the register that is mirrored */
    bool adopt;   /* memory is the register: it is read, not written */
    bool in_slot; /* the register is to be read from memory */
    bool worked;  /* the last access to the slot */
    uint32_t word;
    uint64_t value, wanted;
    uint64_t entry[2];
    struct space_io io;
};

static inline void guest_work_begin(struct guest_work *work)
{
    const struct steps beginning = {0};

    work->get = work->set = work->status = work->mirror = beginning;
    work->slot = work->look = work->dirty = work->map = beginning;
}

/* guest_slot.c: the register as the device has it. */
uint64_t vf_value(const struct amdvi_device *device, const struct guest *guest, enum vf_id id);
/* Afterwards vf_value() is the register's value as memory has it now. */
bool vf_get(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id,
            struct guest_work *work);
/* Both at once, as they lie side by side in memory. */
bool vf_get_pair(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id first,
                 struct guest_work *work);
/* `value` only counts in the first call. */
bool vf_set(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id, uint64_t value,
            struct guest_work *work);
bool guest_status_set(struct amdvi_device *device, struct job *job, struct guest *guest, uint64_t bits,
                      struct guest_work *work);
bool guest_status_clear(struct amdvi_device *device, struct job *job, struct guest *guest, uint64_t bits,
                        struct guest_work *work);

/* guest_queue.c: after the host has switched guest processing on or off (`device->guests.unsettled`) run bits
 * follow, and whoever has work may go on (7.4), in the order of their numbers. */
struct guest_settling {
    struct steps steps;
    uint32_t id;
    struct guest_work work;
};

bool guests_settle(struct amdvi_device *device, struct job *job, struct guest_settling *settling);

/* guest_dirty.c: queues the guests whose dirty bit is set, whoever set it (2.3). */
struct dirty_scan {
    struct steps steps;
    uint32_t resets; /* when the page was asked for */
    unsigned number; /* of the page */
    struct page_read page;
};

bool dirty_scan(struct amdvi_device *device, struct job *job, struct dirty_scan *scan);
bool guest_mark_dirty(struct amdvi_device *device, struct job *job, struct guest *guest, bool dirty,
                      struct guest_work *work);

bool guest_log_rose(struct amdvi_device *device, struct job *job, struct guest *guest, enum amdvi_log log,
                    struct guest_work *work);

/* ---------------------------------------------------------------- maps, guest_map.c */

/* Private addresses of entries. */
uint64_t map_device_entry(uint16_t id, uint16_t guest_device);
uint64_t map_domain_entry(uint16_t id, uint16_t guest_domain);

/* What a write to a DID map register sets off. */
bool map_write(struct amdvi_device *device, struct job *job, struct guest *guest, enum vfc_id id,
               uint64_t value, struct guest_work *work);
bool map_read(struct amdvi_device *device, struct job *job, struct guest *guest, enum vfc_id id,
              uint64_t *value, struct guest_work *work);

enum map_result { MAP_FOUND, MAP_UNMAPPED, MAP_UNREACHABLE };

/* The host's ID for a guest's. */
struct map_entry {
    uint8_t result; /* enum map_result */
    uint16_t id, queue;
};

bool map_device(struct amdvi_device *device, struct job *job, struct guest *guest, uint16_t guest_device,
                struct map_entry *found, struct guest_work *work);
bool map_domain(struct amdvi_device *device, struct job *job, struct guest *guest, uint16_t guest_domain,
                struct map_entry *found, struct guest_work *work);

uint64_t map_host_domain(const struct amdvi_device *device, uint64_t domain_entry);

/* guest_names.c: maps are read page by page. */
struct map_search {
    struct steps steps;
    bool named; /* the map names the host domain */
    uint16_t found;
    uint32_t first; /* ID of the page's first entry */
    struct page_read page;
};

/* `search->found` is the lowest gDomID of this host domain, if it is `named`. */
bool map_find_domain(struct amdvi_device *device, struct job *job, uint16_t id, uint16_t host_domain,
                     struct map_search *search);

/* The same for records, which by choice hold 0 (viommu 11 #21). */
bool map_guest_domain(struct amdvi_device *device, struct job *job, const struct guest *guest,
                      uint16_t host_domain, struct map_search *search);

/* All host IDs that the maps of a guest name: a bit for each. */
struct guest_names {
    uint64_t domains[MAP_IDS / 64], devices[MAP_IDS / 64];
};

struct map_collection {
    struct steps all, steps;
    uint64_t ipa, last;
    struct guest_names names;
    struct page_read page;
};

/* Into one half of `collection->names`. */
bool map_collect(struct amdvi_device *device, struct job *job, uint16_t id, enum amdvi_guest_map map,
                 struct map_collection *collection);
/* INVALIDATE_IOMMU_ALL of a guest: all host domains and devices that its maps name (11 #14). */
bool map_invalidate_all(struct amdvi_device *device, struct job *job, struct guest *guest,
                        struct map_collection *collection);
/* guest.c: at the end of a run. */
void guests_forget_names(struct amdvi_device *device);

/* ---------------------------------------------------------------- interrupts, guest_irq.c */

struct guest_irq {
    struct steps raise, find;
    struct dte_fetch fetch;
    uint8_t error;
    bool found;
    uint64_t address, level1, raw[2];
    struct irte irte;
    struct posting posting;
};

static inline void guest_irq_begin(struct guest_irq *irq)
{
    irq->raise.at = irq->find.at = 0;
    irq->fetch.asked = false;
}

/* The condition counts even where no entry leads to a processor: then nobody can be told. */
bool guest_irq_raise(struct amdvi_device *device, struct job *job, const struct guest *guest,
                     enum amdvi_irq_cause cause, struct guest_irq *irq);

#endif
