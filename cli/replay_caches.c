// SPDX-License-Identifier: Apache-2.0
/*
 * Who asked the caches, and why a lookup missed. How many hits and misses there were is taken from the
 * device's counters, before and after each request. The classes come from the keys: DeviceID in the DTC,
 * DeviceID and index in the ITC; domain, PASID and page in the PTC.
 */
#include "cli/replay_caches.h"

#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

bool caches_open(struct replay_caches *caches)
{
    bool good = true;

    caches->devices = calloc(REUSE_GROUPS, sizeof(*caches->devices));
    caches->nested = calloc(REUSE_GROUPS, sizeof(*caches->nested));
    for (unsigned i = 0; i < FOLLOWED; i++)
        good &= reuse_open(&caches->followed[i]);
    return good && caches->devices && caches->nested;
}

void caches_close(struct replay_caches *caches)
{
    free(caches->devices);
    free(caches->nested);
    caches->devices = NULL;
    caches->nested = NULL;
    for (unsigned i = 0; i < FOLLOWED; i++)
        reuse_close(&caches->followed[i]);
}

/* ---------------------------------------------------------------- pages of a request */

/* Each page of a request begins with its device table entry. */
static void begin_page(struct replay_caches *caches, const uint64_t words[4])
{
    const struct amdvi_layout *dte = amdvi_layout_find("dte");
    unsigned at = caches->pages_count++;

    if (at >= PAGES_FOLLOWED)
        return;
    caches->pages[at] = (struct looked_up){.domain = (uint16_t)field_value(dte, "DomainID", words),
                                           .guest = field_value(dte, "GV", words),
                                           .giov = field_value(dte, "GIoV", words)};
}

void caches_access(struct replay_caches *caches, const struct amdvi_access_info *info)
{
    unsigned last = caches->pages_count - 1;

    if (info->access == AMDVI_ACCESS_DTE && info->length == 32)
        begin_page(caches, info->value);
    else if (info->cached && info->cache == AMDVI_CACHE_PTC && caches->pages_count && last < PAGES_FOLLOWED)
        caches->pages[last].hit = true;
}

/* ---------------------------------------------------------------- what the counters say */

static struct cache_counts counted(const struct amdvi_statistics *s, enum amdvi_cache cache)
{
    switch (cache) {
    case AMDVI_CACHE_DTC:
        return (struct cache_counts){s->dtc_hits, s->dtc_misses, {0}};
    case AMDVI_CACHE_ITC:
        return (struct cache_counts){s->itc_hits, s->itc_misses, {0}};
    case AMDVI_CACHE_PTC:
        return (struct cache_counts){s->ptc_hits, s->ptc_misses, {0}};
    case AMDVI_CACHE_PDC:
        return (struct cache_counts){s->pdc_hits, s->pdc_misses, {0}};
    default:
        return (struct cache_counts){s->gcr3_hits, s->gcr3_misses, {0}};
    }
}

/* Charges a device with the lookups since the last time; `out` gets them by cache. */
static void charge(struct replay_caches *caches, uint16_t device, struct cache_counts out[AMDVI_CACHES])
{
    struct amdvi_statistics now;

    memset(out, 0, AMDVI_CACHES * sizeof(*out));
    if (!caches->device || amdvi_get_statistics(caches->device, &now) != AMDVI_OK)
        return;
    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++) {
        struct cache_counts before = counted(&caches->last, cache), after = counted(&now, cache);
        out[cache].hits = after.hits - before.hits;
        out[cache].misses = after.misses - before.misses;
        caches->devices[device][cache].hits += out[cache].hits;
        caches->devices[device][cache].misses += out[cache].misses;
        caches->all[cache].hits += out[cache].hits;
        caches->all[cache].misses += out[cache].misses;
    }
    caches->last = now;
}

static void add_class(struct replay_caches *caches, uint16_t device, enum amdvi_cache cache,
                      enum miss_class class)
{
    caches->devices[device][cache].classes[class]++;
    caches->all[cache].classes[class]++;
}

/* One lookup of a key. */
static void look_up(struct replay_caches *caches, uint16_t device, enum amdvi_cache cache,
                    struct reuse *reuse, const struct reuse_key *key, bool hit)
{
    uint32_t distance = 0;
    enum reuse_use use = reuse_touch(reuse, key, &distance);

    if (hit)
        return;
    if (use == REUSE_NEW)
        add_class(caches, device, cache, MISS_COLD);
    else if (use == REUSE_DROPPED)
        add_class(caches, device, cache, MISS_INVALIDATED);
    else
        add_class(caches, device, cache, distance >= caches->lines[cache] ? MISS_CAPACITY : MISS_CONFLICT);
}

static void look_up_device(struct replay_caches *caches, uint16_t device, const struct cache_counts *dtc)
{
    struct reuse_key key = {.group = device};

    for (uint64_t i = 0; i < dtc->hits + dtc->misses; i++)
        look_up(caches, device, AMDVI_CACHE_DTC, &caches->followed[FOLLOW_DTC], &key, i >= dtc->misses);
}

/* ---------------------------------------------------------------- translations */

/* log2 of the largest page that the PTC holds and that is no larger than `size`. */
static unsigned held_log2(const struct replay_caches *caches, uint64_t size)
{
    unsigned log2 = 12;

    for (unsigned i = 1; i < 7; i++)
        if (caches->page_sizes >> i & 1 && size >> (12 + 3 * i))
            log2 = 12 + 3 * i;
    return log2;
}

enum { NO_PASID = 1 << 20 };

static struct reuse_key page_key(uint16_t domain, uint32_t pasid, uint64_t address, unsigned log2)
{
    return (struct reuse_key){.group = domain, .sub = pasid, .tag = address >> log2 << log2 | log2};
}

static void look_up_pages(struct replay_caches *caches, const struct amdvi_request *request,
                          const struct amdvi_result *result)
{
    unsigned log2 = held_log2(caches, result->ok ? result->size : 4096);
    uint64_t address = request->address;

    for (unsigned i = 0; i < caches->pages_count; i++, address = ((address >> log2) + 1) << log2) {
        const struct looked_up *page = &caches->pages[i];
        bool guest = page->guest && (request->has_pasid || page->giov);
        uint32_t pasid = !guest ? NO_PASID : request->has_pasid ? request->pasid : 0;
        struct reuse_key key = page_key(page->domain, pasid, address, log2);
        caches->nested[page->domain] |= guest;
        if (result->ok || page->hit) {
            look_up(caches, request->device, AMDVI_CACHE_PTC, &caches->followed[FOLLOW_PTC], &key, page->hit);
            continue;
        }
        reuse_miss(&caches->followed[FOLLOW_PTC]);
        add_class(caches, request->device, AMDVI_CACHE_PTC, MISS_FAULT);
    }
}

void caches_request(struct replay_caches *caches, const struct amdvi_request *request,
                    const struct amdvi_result *result)
{
    struct cache_counts counts[AMDVI_CACHES];
    const struct cache_counts *ptc = &counts[AMDVI_CACHE_PTC];

    charge(caches, request->device, counts);
    look_up_device(caches, request->device, &counts[AMDVI_CACHE_DTC]);
    if (ptc->hits + ptc->misses == caches->pages_count && caches->pages_count <= PAGES_FOLLOWED)
        look_up_pages(caches, request, result);
    else
        caches->untold += ptc->hits + ptc->misses;
    caches->pages_count = 0;
}

void caches_interrupt(struct replay_caches *caches, uint16_t requester, uint32_t data,
                      const struct amdvi_int_result *result)
{
    struct reuse_key key = {.group = requester, .tag = data & 0x7ff};
    struct reuse *reuse = &caches->followed[FOLLOW_ITC];
    struct cache_counts counts[AMDVI_CACHES];
    const struct cache_counts *itc = &counts[AMDVI_CACHE_ITC];

    charge(caches, requester, counts);
    look_up_device(caches, requester, &counts[AMDVI_CACHE_DTC]);
    if (itc->hits || result->ok) {
        for (uint64_t i = 0; i < itc->hits + itc->misses; i++)
            look_up(caches, requester, AMDVI_CACHE_ITC, reuse, &key, i >= itc->misses);
    } else if (itc->misses) {
        reuse_miss(reuse);
        add_class(caches, requester, AMDVI_CACHE_ITC, MISS_FAULT);
    }
    caches->pages_count = 0;
}

/* ---------------------------------------------------------------- invalidations */

struct range {
    uint64_t first, last; /* bytes, both in it */
    bool guest;           /* GN=1: of `pasid` only */
    uint32_t pasid;
};

/* A range of addresses; what guest tables translate goes with any range of the host's. */
static bool range_covers(void *context, const struct reuse_key *key)
{
    const struct range *range = context;
    uint64_t first = key->tag & ~UINT64_C(0xfff), size = UINT64_C(1) << (key->tag & 0xfff);

    if (range->guest != (key->sub != NO_PASID))
        return !range->guest;
    return (!range->guest || key->sub == range->pasid) && first <= range->last &&
           first + (size - 1) >= range->first;
}

/* The size is the lowest clear bit from 12 on; 51 set bits or more stand for everything (6.3). */
static struct range range_of(const struct amdvi_layout *layout, const uint64_t words[2])
{
    uint64_t address = field_value(layout, "Address", words);
    struct range range = {.last = UINT64_MAX,
                          .guest = field_value(layout, "GN", words),
                          .pasid = (uint32_t)field_value(layout, "PASID", words)};
    unsigned log2 = 12;

    if (field_value(layout, "S", words)) {
        while (log2 < 63 && address >> log2 & 1)
            log2++;
        if (++log2 >= 52)
            return range;
    }
    range.first = address >> log2 << log2;
    range.last = range.first + ((UINT64_C(1) << log2) - 1);
    return range;
}

enum { FEW_PAGES = 512 };

/* A short range asks for each key that it could cover; others look through the domain. */
static void drop_range(struct replay_caches *caches, uint16_t domain, struct range *range)
{
    struct reuse *ptc = &caches->followed[FOLLOW_PTC];
    uint64_t pages = (range->last >> 12) - (range->first >> 12);

    if (pages >= FEW_PAGES || (!range->guest && caches->nested[domain])) {
        reuse_drop_group(ptc, domain, range_covers, range);
        return;
    }
    for (unsigned i = 0; i < 7; i++)
        for (uint64_t n = range->first >> (12 + 3 * i); n <= range->last >> (12 + 3 * i); n++) {
            struct reuse_key key =
                page_key(domain, range->guest ? range->pasid : NO_PASID, n << (12 + 3 * i), 12 + 3 * i);
            reuse_drop(ptc, &key);
        }
}

void caches_command(struct replay_caches *caches, const struct amdvi_command_info *info)
{
    unsigned opcode = (unsigned)(info->words[0] >> 60);
    const struct amdvi_layout *layout = amdvi_layout_of_command(opcode);
    struct range range;

    caches->pages_count = 0;
    if (!info->legal || !layout)
        return;
    if (!strcmp(layout->title, "INVALIDATE_DEVTAB_ENTRY")) {
        reuse_drop_group(&caches->followed[FOLLOW_DTC],
                         (uint16_t)field_value(layout, "DeviceID", info->executed), NULL, NULL);
    } else if (!strcmp(layout->title, "INVALIDATE_INTERRUPT_TABLE")) {
        reuse_drop_group(&caches->followed[FOLLOW_ITC],
                         (uint16_t)field_value(layout, "DeviceID", info->executed), NULL, NULL);
    } else if (!strcmp(layout->title, "INVALIDATE_IOMMU_PAGES")) {
        range = range_of(layout, info->executed);
        drop_range(caches, (uint16_t)field_value(layout, "DomainID", info->executed), &range);
    } else if (!strcmp(layout->title, "INVALIDATE_IOMMU_ALL") && !info->guest) {
        for (unsigned i = 0; i < FOLLOWED; i++)
            reuse_drop_all(&caches->followed[i]);
    }
}

void caches_start(struct replay_caches *caches, const struct amdvi_device *device,
                  const struct amdvi_config *config)
{
    uint64_t on = 1;

    if (caches->device || !device)
        return;
    caches->device = device;
    amdvi_config_number(config, "ptc.page_sizes", &caches->page_sizes);
    amdvi_config_number(config, "caches", &on);
    for (unsigned i = 0; i < AMDVI_CACHES && on; i++)
        amdvi_cache_geometry(device, i, &caches->lines[i], &caches->ways[i]);
}

void caches_record(struct replay_caches *caches)
{
    struct amdvi_statistics now;

    caches->pages_count = 0;
    if (!caches->device || amdvi_get_statistics(caches->device, &now) != AMDVI_OK)
        return;
    if (now.requests < caches->last.requests || now.interrupts < caches->last.interrupts)
        for (unsigned i = 0; i < FOLLOWED; i++)
            reuse_drop_all(&caches->followed[i]); /* the device was reset */
    caches->last = now;
}
