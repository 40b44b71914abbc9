// SPDX-License-Identifier: Apache-2.0
/* What a guest's maps name, all in all: maps read from end to end (viommu 6). */
#include "model/guests/guest.h"

#include "model/lookup/invalidate.h"

#include "model/base/allocator.h"
#include "tables/layout.h"

enum { MAP_PAGE_BYTES = 4096, MAP_IDS = 65536 };

/* One bit for each host ID. */
struct id_set {
    uint64_t bits[MAP_IDS / 64];
};

/* What is in a map's pages; those that are not there map nothing. They are read once, and so not kept in
 * caches that everybody shares. */
static bool read_page(struct amdvi_device *device, struct job *job, uint64_t ipa,
                      uint64_t page[MAP_PAGE_BYTES / 8])
{
    struct space_access access = {
        .device = (uint16_t)device->config.value[CONFIG_DEVID], .address = ipa, .fleeting = true};

    struct place place = {.access = AMDVI_ACCESS_MAP};

    if (!space_look_up_now(device, job, NULL, &access))
        return false;
    place.spa = access.spa;
    return !port_read(device, job, &place, page, MAP_PAGE_BYTES);
}

static void collect(struct amdvi_device *device, struct job *job, uint64_t ipa, unsigned entry_words,
                    struct id_set *set)
{
    uint64_t page[MAP_PAGE_BYTES / 8], last = 0;

    memset(set, 0, sizeof(*set));
    for (uint64_t end = ipa + (uint64_t)MAP_IDS * entry_words * 8; ipa < end; ipa += MAP_PAGE_BYTES) {
        if (!read_page(device, job, ipa, page))
            continue;
        for (unsigned i = 0; i < MAP_PAGE_BYTES / 8; i += entry_words) {
            uint64_t id = entry_words == 2 ? devidmap_hdevid(page + i) : map_host_domain(device, page[i]);
            bool valid = entry_words == 2 ? devidmap_v(page + i) : domidmap_v(page[i]);
            if (page[i] == last) /* unused entries are all alike, and most are unused (6) */
                continue;
            last = page[i];
            set->bits[id / 64] |= (uint64_t)valid << id % 64;
        }
    }
}

static void collect_domains(struct amdvi_device *device, struct job *job, uint16_t id, struct id_set *set)
{
    collect(device, job, map_domain_entry(id, 0), 1, set);
}

static void collect_devices(struct amdvi_device *device, struct job *job, uint16_t id, struct id_set *set)
{
    collect(device, job, map_device_entry(id, 0), 2, set);
}

bool map_names(struct amdvi_device *device, struct job *job, uint16_t id, enum amdvi_guest_map map,
               uint16_t host_id)
{
    struct id_set set;

    if (map == AMDVI_MAP_DEVICES)
        collect_devices(device, job, id, &set);
    else
        collect_domains(device, job, id, &set);
    return set.bits[host_id / 64] >> host_id % 64 & 1;
}

/* The lowest gDomID that is mapped to this host domain, else 0 (11 #21). */
uint16_t map_guest_domain(struct amdvi_device *device, const struct guest *guest, uint16_t host_domain)
{
    uint64_t page[MAP_PAGE_BYTES / 8], ipa = map_domain_entry(guest->id, 0);
    struct job own, *job = &own;

    job_begin(device, job);
    if (device->config.value[CONFIG_RECORD_DOMAIN])
        return 0;
    for (unsigned first = 0; first < MAP_IDS; first += MAP_PAGE_BYTES / 8, ipa += MAP_PAGE_BYTES) {
        if (!read_page(device, job, ipa, page))
            continue;
        for (unsigned i = 0; i < MAP_PAGE_BYTES / 8; i++)
            if (domidmap_v(page[i]) && map_host_domain(device, page[i]) == host_domain)
                return (uint16_t)(first + i);
    }
    return 0;
}

/* ---------------------------------------------------------------- INVALIDATE_IOMMU_ALL of a guest */

/*
 * Software changes the maps by DID Map Control only (6), and so never within a run: the first
 * INVALIDATE_IOMMU_ALL of a run reads them, and the others of that guest remember. The next run reads them
 * again, whoever wrote there.
 */
struct guest_names {
    struct id_set domains, devices;
};

static void invalidate_domain(struct amdvi_device *device, uint16_t id)
{
    struct tlb_space space = {.domain = id};
    struct cmd_range all = {.shift = CMD_RANGE_ALL};

    invalidate_pages(device, &space, &all, true);
}

static void each(struct amdvi_device *device, const struct id_set *set,
                 void act(struct amdvi_device *device, uint16_t id))
{
    for (unsigned word = 0; word < MAP_IDS / 64; word++)
        for (uint64_t left = set->bits[word]; left; left &= left - 1)
            act(device, (uint16_t)(word * 64 + (unsigned)__builtin_ctzll(left)));
}

static void read_names(struct amdvi_device *device, uint16_t id, struct guest_names *names)
{
    struct job own, *job = &own;

    job_begin(device, job);
    collect_domains(device, job, id, &names->domains);
    collect_devices(device, job, id, &names->devices);
}

/* Where there is no memory to remember in, they are read into `here`. */
static const struct guest_names *names_of(struct amdvi_device *device, struct guest *guest,
                                          struct guest_names *here)
{
    if (guest->names)
        return guest->names;
    guest->names = allocate_zeroed(&device->allocator, sizeof(*guest->names));
    if (!guest->names) {
        read_names(device, guest->id, here);
        return here;
    }
    guest->next_named = device->named;
    device->named = guest;
    read_names(device, guest->id, guest->names);
    return guest->names;
}

void map_invalidate_all(struct amdvi_device *device, struct guest *guest)
{
    struct guest_names here;
    const struct guest_names *names = names_of(device, guest, &here);

    each(device, &names->domains, invalidate_domain);
    each(device, &names->devices, dtc_invalidate);
}

void map_forget_names(struct amdvi_device *device)
{
    for (; device->named; device->named = device->named->next_named) {
        release(&device->allocator, device->named->names);
        device->named->names = NULL;
    }
}
