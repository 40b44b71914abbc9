// SPDX-License-Identifier: Apache-2.0
/* What a guest's maps name, all in all: maps read from end to end (viommu 6). */
#include "model/guests/guest_work.h"

#include "model/lookup/invalidate.h"

#include "model/base/allocator.h"
#include "tables/layout.h"

/* Pages that are not there map nothing. They are read once, and so not kept in caches that everybody shares.
 */
static void aim(const struct amdvi_device *device, uint64_t ipa, struct page_read *page)
{
    space_aim_private(device, &page->io, ipa, false);
    page->io.access.fleeting = true;
}

static void collect_page(const struct amdvi_device *device, struct map_collection *c, unsigned entry_words,
                         uint64_t *bits)
{
    const uint64_t *page = c->page.words;

    for (unsigned i = 0; i < MAP_PAGE_BYTES / 8; i += entry_words) {
        uint64_t id = entry_words == 2 ? devidmap_hdevid(page + i) : map_host_domain(device, page[i]);
        bool valid = entry_words == 2 ? devidmap_v(page + i) : domidmap_v(page[i]);
        if (page[i] == c->last) /* unused entries are all alike, and most are unused (6) */
            continue;
        c->last = page[i];
        bits[id / 64] |= (uint64_t)valid << id % 64;
    }
}

static bool collect(struct amdvi_device *device, struct job *job, uint64_t start, unsigned entry_words,
                    uint64_t *bits, struct map_collection *c)
{
    const uint64_t end = start + (uint64_t)MAP_IDS * entry_words * 8;

    STEPS_BEGIN(&c->steps);
    memset(bits, 0, MAP_IDS / 8);
    c->last = 0;
    for (c->ipa = start; c->ipa < end; c->ipa += MAP_PAGE_BYTES) {
        aim(device, c->ipa, &c->page);
        STEPS_WAIT(&c->steps, space_read_page(device, job, NULL, &c->page));
        if (c->page.there)
            collect_page(device, c, entry_words, bits);
    }
    STEPS_END(&c->steps);
}

bool map_collect(struct amdvi_device *device, struct job *job, uint16_t id, enum amdvi_guest_map map,
                 struct map_collection *c)
{
    if (map == AMDVI_MAP_DEVICES)
        return collect(device, job, map_device_entry(id, 0), 2, c->names.devices, c);
    return collect(device, job, map_domain_entry(id, 0), 1, c->names.domains, c);
}

static bool page_names(const struct amdvi_device *device, struct map_search *s, uint16_t host_domain)
{
    for (unsigned i = 0; i < MAP_PAGE_BYTES / 8; i++) {
        uint64_t entry = s->page.words[i];
        if (domidmap_v(entry) && map_host_domain(device, entry) == host_domain) {
            s->found = (uint16_t)(s->first + i);
            s->named = true;
            return true;
        }
    }
    return false;
}

bool map_find_domain(struct amdvi_device *device, struct job *job, uint16_t id, uint16_t host_domain,
                     struct map_search *s)
{
    STEPS_BEGIN(&s->steps);
    s->found = 0;
    s->named = false;
    for (s->first = 0; s->first < MAP_IDS; s->first += MAP_PAGE_BYTES / 8) {
        aim(device, map_domain_entry(id, (uint16_t)s->first), &s->page);
        STEPS_WAIT(&s->steps, space_read_page(device, job, NULL, &s->page));
        if (s->page.there && page_names(device, s, host_domain))
            STEPS_DONE(&s->steps);
    }
    STEPS_END(&s->steps);
}

bool map_guest_domain(struct amdvi_device *device, struct job *job, const struct guest *guest,
                      uint16_t host_domain, struct map_search *s)
{
    s->found = 0;
    return device->config.value[CONFIG_RECORD_DOMAIN] ||
           map_find_domain(device, job, guest->id, host_domain, s);
}

/* ---------------------------------------------------------------- INVALIDATE_IOMMU_ALL of a guest */

static void invalidate_domain(struct amdvi_device *device, uint16_t id)
{
    struct tlb_space space = {.domain = id};
    struct cmd_range all = {.shift = CMD_RANGE_ALL};

    invalidate_pages(device, &space, &all, true);
}

static void each(struct amdvi_device *device, const uint64_t bits[MAP_IDS / 64],
                 void act(struct amdvi_device *device, uint16_t id))
{
    for (unsigned word = 0; word < MAP_IDS / 64; word++)
        for (uint64_t left = bits[word]; left; left &= left - 1)
            act(device, (uint16_t)(word * 64 + (unsigned)__builtin_ctzll(left)));
}

/*
 * Software changes the maps by DID Map Control only (6), and so never within a run: the first
 * INVALIDATE_IOMMU_ALL of a run reads them, and the others of that guest remember. The next run reads them
 * again, whoever wrote there.
 */
static void remember(struct amdvi_device *device, struct guest *guest, const struct guest_names *names)
{
    guest->names = allocate_zeroed(&device->allocator, sizeof(*guest->names));
    if (!guest->names)
        return;
    *guest->names = *names;
    guest->next_named = device->guests.named;
    device->guests.named = guest;
}

bool map_invalidate_all(struct amdvi_device *device, struct job *job, struct guest *guest,
                        struct map_collection *c)
{
    const struct guest_names *names = guest->names ? guest->names : &c->names;

    STEPS_BEGIN(&c->all);
    if (!guest->names) {
        STEPS_WAIT(&c->all, map_collect(device, job, guest->id, AMDVI_MAP_DOMAINS, c));
        STEPS_WAIT(&c->all, map_collect(device, job, guest->id, AMDVI_MAP_DEVICES, c));
        remember(device, guest, &c->names);
    }
    each(device, names->domains, invalidate_domain);
    each(device, names->devices, dtc_invalidate);
    STEPS_END(&c->all);
}
