// SPDX-License-Identifier: Apache-2.0
/*
 * All mappings of a device: the tables are asked address by address, each answer telling how far it reaches.
 * An entry that is not there makes a hole as large as what it would map.
 */
#include "amdvi/host.h"

#include "model/lint/shadow.h"
#include "model/lookup/ranges.h"
#include "tables/layout.h"

enum { PAGE_BITS = 12, LEVEL_BITS = 9, RANGE_BITS = 20 /* ranges with a meaning are multiples (8.1) */ };

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

/* The hole around an address whose walk ended with these words. */
static unsigned hole_bits(const struct shadow *shadow, bool guest_tables)
{
    const struct shadow_word *last = shadow->count ? &shadow->words[shadow->count - 1] : NULL;
    const struct shadow_word *guest = last_of(shadow, WALK_GUEST), *host = last_of(shadow, WALK_HOST);

    if (!last)
        return RANGE_BITS;
    if (!guest_tables)
        return bits_of(last->level);
    if (!guest) /* no root: nothing is mapped; page by page of the root's reach */
        return bits_of(shadow->dte.guest_levels + 1u);
    if (last == guest || !maps_a_page(guest)) /* the entry itself, or the table that it names */
        return bits_of(guest->level);
    return host && host->level < guest->level ? bits_of(host->level) : bits_of(guest->level);
}

enum { EVERYWHERE = 255 };

/* The same, or EVERYWHERE: what fails without a table read fails everywhere, since the entry forbids it; but
 * the holes of the interrupt range and of the HyperTransport ranges end. */
static unsigned hole_at(const struct tour *tour, const struct shadow *shadow, uint64_t address)
{
    bool in_a_range = is_interrupt_address(address) || (address >= 0xfd00000000 && address >> 40 == 0);

    return shadow->count == 0 && !in_a_range ? EVERYWHERE : hole_bits(shadow, by_guest(tour, &shadow->dte));
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
    *hole = hole_at(tour, shadow, address);
    shadow_page(tour->device, &write, address, shadow);
    of_write = hole_at(tour, shadow, address);
    *hole = of_write < *hole ? of_write : *hole;
    return shadow->result.ok;
}

/* How far an identity result reaches. */
static uint64_t untranslated_until(const struct tour *tour, const struct shadow *shadow, uint64_t address)
{
    const struct dte *dte = &shadow->dte;

    if (!iommu_enabled(tour->device) || !shadow->dte_known || !dte->valid)
        return UINT64_MAX;
    return dte->mode == 0 && !by_guest(tour, dte) ? range_alike_until(tour->device, address)
                                                  : end_of(address, PAGE_BITS);
}

static uint64_t answer(struct tour *tour, uint64_t address, const struct shadow *shadow)
{
    const struct amdvi_result *r = &shadow->result;
    uint64_t alike = range_alike_until(tour->device, address);
    struct amdvi_mapping next = {.iova = address,
                                 .spa = r->pa,
                                 .perm = r->perm & (AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE),
                                 .identity = r->identity};

    next.last = r->identity ? untranslated_until(tour, shadow, address) : address + (r->covered - 1);
    if (!r->identity && next.last > alike) /* a large page may lie across a range */
        next.last = alike;
    if (next.last > tour->walk->last || next.last < address)
        next.last = tour->walk->last;
    add(tour, &next);
    return next.last;
}

/* Addresses that the levels of the tables cannot express have no mapping; those with a PASID go on at the
 * upper half [4.1, 5.2]. False: nothing comes behind `*address`. */
static bool expressible(const struct tour *tour, const struct dte *dte, uint64_t *address)
{
    bool guest = by_guest(tour, dte);
    unsigned bits = PAGE_BITS + LEVEL_BITS * (guest ? dte->guest_levels : dte->mode);
    uint64_t half;

    if (bits >= 64 || (!guest && dte->mode == 0))
        return true;
    if (!guest || !tour->walk->has_pasid)
        return *address >> bits == 0;
    half = (uint64_t)1 << (bits - 1);
    if (*address >= half && *address < 0 - half)
        *address = 0 - half;
    return true;
}

static void tour_all(struct tour *tour)
{
    uint64_t address = tour->walk->first & ~(uint64_t)0xfff, last;
    struct shadow shadow;

    for (;;) {
        unsigned hole = EVERYWHERE;
        bool ok = ask(tour, address, &shadow, &hole);
        if (!ok && (!shadow.dte_known || !shadow.dte.valid || shadow.dte.verdict || !shadow.dte.tv))
            break;
        if (!ok) {
            uint64_t here = address;
            if (!expressible(tour, &shadow.dte, &address) || (address == here && hole == EVERYWHERE))
                break;
            last = address != here ? address - 1 : end_of(address, hole);
        } else {
            last = answer(tour, address, &shadow);
        }
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
