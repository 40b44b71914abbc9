// SPDX-License-Identifier: Apache-2.0
/*
 * All mappings of a device: the tables are asked address by address, each answer telling how far it reaches.
 * An entry that is not there makes a hole as large as what it would map.
 */
#include "amdvi/host.h"

#include "model/lint/shadow.h"
#include "model/lookup/ranges.h"
#include "tables/layout.h"

enum { PAGE_BITS = 12, LEVEL_BITS = 9, EVERYWHERE = 64 };

/* The walk under way: what is next, and the stretch that may still grow. */
struct tour {
    struct amdvi_device *device;
    const struct amdvi_mappings *walk;
    struct amdvi_mapping open;
    bool has_open, stopped;
};

/* ---------------------------------------------------------------- telling */

static void close_open(struct tour *tour)
{
    if (tour->has_open && !tour->stopped)
        tour->stopped = tour->walk->mapping(tour->walk->context, &tour->open) != 0;
    tour->has_open = false;
}

static bool continues(const struct amdvi_mapping *open, const struct amdvi_mapping *next)
{
    return open->last + 1 == next->iova && open->spa + (open->last - open->iova) + 1 == next->spa &&
           open->perm == next->perm && open->identity == next->identity;
}

static void add(struct tour *tour, const struct amdvi_mapping *next)
{
    if (tour->has_open && continues(&tour->open, next)) {
        tour->open.last = next->last;
        return;
    }
    close_open(tour);
    tour->open = *next;
    tour->has_open = true;
}

/* ---------------------------------------------------------------- how far an answer reaches */

/* Whether the requests go through guest tables. */
static bool by_guest(const struct tour *tour, const struct dte *dte)
{
    return dte->guest && (tour->walk->has_pasid || dte->giov);
}

/* Last address of the aligned 2^bits bytes around `address`. */
static uint64_t end_of(uint64_t address, unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : address | (((uint64_t)1 << bits) - 1);
}

static unsigned bits_of(unsigned level)
{
    return PAGE_BITS + LEVEL_BITS * ((level ? level : 1) - 1);
}

static const struct shadow_word *last_of(const struct shadow *shadow, unsigned kind)
{
    for (unsigned i = shadow->count; i-- > 0;)
        if (shadow->words[i].kind == kind)
            return &shadow->words[i];
    return NULL;
}

static bool maps_a_page(const struct shadow_word *guest)
{
    return guest->level == 1 || v2_ps(guest->value);
}

/* The hole around an address whose walk ended with these words. What fails without a table read fails
 * everywhere: the entry forbids it, or the range. */
static unsigned hole_bits(const struct shadow *shadow, bool guest_tables)
{
    const struct shadow_word *last = shadow->count ? &shadow->words[shadow->count - 1] : NULL;
    const struct shadow_word *guest = last_of(shadow, WALK_GUEST), *host = last_of(shadow, WALK_HOST);

    if (!last)
        return EVERYWHERE;
    if (!guest_tables)
        return bits_of(last->level);
    if (!guest) /* no root: nothing is mapped; page by page of the root's reach */
        return bits_of(shadow->dte.guest_levels + 1u);
    if (last == guest || !maps_a_page(guest)) /* the entry itself, or the table that it names */
        return bits_of(guest->level);
    return host && host->level < guest->level ? bits_of(host->level) : bits_of(guest->level);
}

/* ---------------------------------------------------------------- asking */

static struct amdvi_request question(const struct tour *tour, uint64_t address, uint8_t op)
{
    return (struct amdvi_request){.device = tour->walk->device,
                                  .op = op,
                                  .has_pasid = tour->walk->has_pasid,
                                  .pasid = tour->walk->pasid,
                                  .privileged = tour->walk->privileged,
                                  .address = address,
                                  .length = 1};
}

/* Pages that only a write may use are mapped, too. If neither may, `*hole` is the smaller of the two. */
static bool ask(struct tour *tour, uint64_t address, struct shadow *shadow, unsigned *hole)
{
    struct amdvi_request read = question(tour, address, AMDVI_READ);
    struct amdvi_request write = question(tour, address, AMDVI_WRITE);
    unsigned of_write;

    shadow_page(tour->device, &read, address, shadow);
    if (shadow->result.ok)
        return true;
    *hole = hole_bits(shadow, by_guest(tour, &shadow->dte));
    shadow_page(tour->device, &write, address, shadow);
    of_write = hole_bits(shadow, by_guest(tour, &shadow->dte));
    *hole = of_write < *hole ? of_write : *hole;
    return shadow->result.ok;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Ranges with a meaning of their own end what the tables, or the entry, say (8.1). Without an entry there are
 * none. */
static uint64_t alike_until(const struct tour *tour, const struct shadow *shadow, uint64_t address)
{
    if (!iommu_enabled(tour->device) || !shadow->dte_known || !shadow->dte.valid)
        return UINT64_MAX;
    return range_alike_until(tour->device, address);
}

static uint64_t answer(struct tour *tour, uint64_t address, const struct shadow *shadow)
{
    const struct amdvi_result *r = &shadow->result;
    struct amdvi_mapping next = {.iova = address,
                                 .last = alike_until(tour, shadow, address),
                                 .spa = r->pa,
                                 .perm = r->perm & (AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE),
                                 .identity = r->identity};

    if (!r->identity)
        next.last = smaller(next.last, address + (r->covered - 1));
    next.last = smaller(next.last, tour->walk->last);
    add(tour, &next);
    return next.last;
}

/* The last of the addresses from this one on that the levels of the tables cannot express, which have no
 * mapping; those with a PASID go on at the upper half [4.1, 5.2]. False: it is none of them. */
static bool inexpressible(const struct tour *tour, const struct dte *dte, uint64_t address, uint64_t *last)
{
    bool guest = by_guest(tour, dte);
    unsigned bits = PAGE_BITS + LEVEL_BITS * (guest ? dte->guest_levels : dte->mode);
    uint64_t half;

    *last = UINT64_MAX;
    if (bits >= 64 || (!guest && dte->mode == 0))
        return false;
    if (!guest || !tour->walk->has_pasid)
        return address >> bits != 0;
    half = (uint64_t)1 << (bits - 1);
    *last = 0 - half - 1;
    return address >= half && address <= *last;
}

static uint64_t hole_until(const struct tour *tour, uint64_t address, const struct shadow *shadow,
                           unsigned hole)
{
    uint64_t last;

    if (!inexpressible(tour, &shadow->dte, address, &last))
        last = end_of(address, hole);
    return smaller(last, alike_until(tour, shadow, address));
}

static void tour_all(struct tour *tour)
{
    uint64_t address = tour->walk->first & ~(uint64_t)0xfff, last;
    struct shadow shadow;

    for (;;) {
        unsigned hole = EVERYWHERE;
        bool ok = ask(tour, address, &shadow, &hole);
        if (!ok && (!shadow.dte_known || !shadow.dte.valid || shadow.dte.verdict))
            break;
        last = ok ? answer(tour, address, &shadow) : hole_until(tour, address, &shadow, hole);
        if (last >= tour->walk->last || tour->stopped)
            break;
        address = last + 1;
    }
    close_open(tour);
}

enum amdvi_status amdvi_walk_mappings(struct amdvi_device *device, const struct amdvi_mappings *walk)
{
    struct amdvi_mappings rounded;
    struct tour tour = {.device = device, .walk = &rounded};

    if (!device || !walk || !walk->mapping || walk->pasid >= 1u << 20 || walk->first > walk->last)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    rounded = *walk;
    rounded.last |= 0xfff;
    tour_all(&tour);
    return AMDVI_OK;
}
