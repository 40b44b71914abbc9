// SPDX-License-Identifier: Apache-2.0
/* All that walks can come to, over all versions of the entries on their way (4, 5, 8). */
#include "tickets_walk.h"

#include <stdlib.h>

enum { READ = 1, WRITE = 2, OUTCOMES = 512, UNBOUND = 63 };

static const uint64_t address_bits = UINT64_C(0xffffffffff000);

struct outcome {
    bool fault;
    uint8_t perm, shift;
    uint64_t spa;
};

struct outcomes {
    unsigned count;
    struct outcome at[OUTCOMES];
};

/* The tables of a device table entry. */
struct roots {
    unsigned mode;
    uint64_t host, gcr3;
};

static void add(struct outcomes *all, const struct outcome *o)
{
    for (unsigned i = 0; i < all->count; i++)
        if (all->at[i].fault == o->fault && all->at[i].perm == o->perm && all->at[i].shift == o->shift &&
            all->at[i].spa == o->spa)
            return;
    if (all->count == OUTCOMES)
        abort();
    all->at[all->count++] = *o;
}

static void add_fault(struct outcomes *all)
{
    add(all, &(struct outcome){.fault = true});
}

static void add_page(struct outcomes *all, uint64_t base, unsigned shift, unsigned perm, uint64_t address)
{
    uint64_t offset = address & (((uint64_t)1 << shift) - 1);

    add(all, &(struct outcome){.perm = (uint8_t)perm, .shift = (uint8_t)shift, .spa = base | offset});
}

static unsigned index_of(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (12 + 9 * (level - 1)) & 511);
}

/* ---------------------------------------------------------------- host tables (4) */

/* NextLevel 7: the lowest zero bit of the address gives the size (4.4). */
static unsigned leaf_shift(uint64_t entry, unsigned level)
{
    unsigned k = 12;

    if ((entry >> 9 & 7) != 7)
        return 12 + 9 * (level - 1);
    while (entry >> k & 1)
        k++;
    return k + 1;
}

static void host_level(const struct model *m, const struct way *way, uint64_t table, unsigned level,
                       unsigned perm, uint64_t address, struct outcomes *all)
{
    uint64_t dirs = dir_floor(m, way, address), smallest = leaf_floor(m, way, address, 12);
    struct versions v = versions_of(m, table + 8 * index_of(address, level), 1, 0);
    const struct version *version;

    while ((version = next_version(&v))) {
        uint64_t e = version->words[0];
        unsigned next = e >> 9 & 7, granted = perm & (unsigned)(e >> 61 & 3);
        unsigned shift = leaf_shift(e, level);
        if (!(e & 1)) {
            if (version_kept(&v, version, smallest))
                add_fault(all);
        } else if (next == 0 || next == 7) {
            if (version_kept(&v, version, leaf_floor(m, way, address, shift)))
                add_page(all, (e & address_bits) >> shift << shift, shift, granted, address);
        } else if (version_kept(&v, version, dirs)) {
            host_level(m, way, e & address_bits, next, granted, address, all);
        }
    }
}

static void host_walk(const struct model *m, uint16_t domain, const struct roots *roots, uint64_t address,
                      struct outcomes *all)
{
    struct way way = {.domain = domain};

    if (!roots->mode)
        add_page(all, address, 12, READ | WRITE, address);
    else if (address >> (12 + 9 * roots->mode))
        add_fault(all);
    else
        host_level(m, &way, roots->host, roots->mode, READ | WRITE, address, all);
    if (!roots->mode)
        all->at[0].shift = UNBOUND;
}

/* ---------------------------------------------------------------- guest tables (5) */

struct nested {
    const struct model *m;
    struct way way;
    struct roots roots;
    uint64_t address;
    struct outcomes *all;
};

static void guest_level(const struct nested *n, uint64_t gpa, unsigned level, unsigned perm);

static void guest_page(const struct nested *n, uint64_t entry, unsigned level, unsigned perm)
{
    unsigned shift = 12 + 9 * (level - 1);
    uint64_t gpa = (entry & address_bits) >> shift << shift | (n->address & (((uint64_t)1 << shift) - 1));
    struct outcomes host = {0};

    host_walk(n->m, n->way.domain, &n->roots, gpa, &host);
    for (unsigned i = 0; i < host.count; i++) {
        struct outcome o = host.at[i];
        o.perm &= (uint8_t)perm;
        if (shift < o.shift)
            o.shift = (uint8_t)shift;
        if (o.fault)
            add_fault(n->all);
        else
            add(n->all, &o);
    }
}

static void guest_entries(const struct nested *n, uint64_t table, unsigned level, unsigned perm)
{
    uint64_t dirs = dir_floor(n->m, &n->way, n->address);
    uint64_t smallest = leaf_floor(n->m, &n->way, n->address, 12);
    uint64_t pages = leaf_floor(n->m, &n->way, n->address, 12 + 9 * (level - 1));
    struct versions v = versions_of(n->m, table + 8 * index_of(n->address, level), 1, 0);
    const struct version *version;

    while ((version = next_version(&v))) {
        uint64_t e = version->words[0];
        unsigned granted = e & 2 ? perm : perm & READ;
        bool leaf = level == 1 || e >> 7 & 1;
        if (!(e & 1)) {
            if (version_kept(&v, version, smallest))
                add_fault(n->all);
        } else if (version_kept(&v, version, leaf ? pages : dirs)) {
            if (leaf)
                guest_page(n, e, level, granted);
            else
                guest_level(n, e & address_bits, level - 1, granted);
        }
    }
}

/* A table of the guest lies where the host's tables say; they must let it be read (5.4). */
static void guest_level(const struct nested *n, uint64_t gpa, unsigned level, unsigned perm)
{
    struct outcomes host = {0};

    host_walk(n->m, n->way.domain, &n->roots, gpa, &host);
    for (unsigned i = 0; i < host.count; i++)
        if (host.at[i].fault || !(host.at[i].perm & READ))
            add_fault(n->all);
        else
            guest_entries(n, host.at[i].spa, level, perm);
}

/* The table of guest roots has one level here; the roots are of four-level tables (5.1). */
static void guest_walk(const struct nested *n)
{
    uint64_t dirs = dir_floor(n->m, &n->way, n->address);
    uint64_t smallest = leaf_floor(n->m, &n->way, n->address, 12);
    struct outcomes host = {0};

    host_walk(n->m, n->way.domain, &n->roots, n->roots.gcr3, &host);
    for (unsigned i = 0; i < host.count; i++) {
        struct versions v;
        const struct version *version;
        if (host.at[i].fault || !(host.at[i].perm & READ)) {
            add_fault(n->all);
            continue;
        }
        v = versions_of(n->m, host.at[i].spa + 8 * n->way.pasid, 1, 0);
        while ((version = next_version(&v)))
            if (!(version->words[0] & 1) && version_kept(&v, version, smallest))
                add_fault(n->all);
            else if (version->words[0] & 1 && version_kept(&v, version, dirs))
                guest_level(n, version->words[0] & address_bits, 4, READ | WRITE);
    }
}

/* ---------------------------------------------------------------- device table entries (3) */

static bool translates(const struct version *entry)
{
    return (entry->words[0] & 3) == 3;
}

static uint16_t domain_of(const struct version *entry)
{
    return (uint16_t)entry->words[1];
}

static unsigned rights_of(const struct version *entry)
{
    return (unsigned)(entry->words[0] >> 61 & 3);
}

static struct roots roots_of(const struct version *entry)
{
    const uint64_t *q = entry->words;

    return (struct roots){.mode = (unsigned)(q[0] >> 9 & 7),
                          .host = q[0] & address_bits,
                          .gcr3 = (q[0] >> 58 & 7) << 12 | (q[1] >> 16 & 0xffff) << 15 | q[1] >> 43 << 31};
}

static void walk(const struct model *m, const struct way *way, const struct roots *roots, uint64_t address,
                 struct outcomes *all)
{
    struct nested n = {.m = m, .way = *way, .roots = *roots, .address = address, .all = all};

    if (way->guest)
        guest_walk(&n);
    else
        host_walk(m, way->domain, roots, address, all);
}

/* What is kept for a domain may come from any entry that gave the domain its tables, of any device, and is
 * kept until the translations are invalidated, too (10.2). */
static void walk_domain(const struct model *m, const struct way *way, uint64_t address, struct outcomes *all)
{
    const struct fence *dirs = dir_fence(m, way, address);

    for (unsigned i = 0; i < m->device_count; i++) {
        struct versions v = versions_of(m, H_DEVTAB + 32 * (uint64_t)m->devices[i], 4,
                                        entry_floor_before(m, m->devices[i], dirs));
        const struct version *entry;
        while ((entry = next_version(&v))) {
            struct roots roots = roots_of(entry);
            if (translates(entry) && domain_of(entry) == way->domain && (way->guest || roots.mode))
                walk(m, way, &roots, address, all);
        }
    }
}

/* ---------------------------------------------------------------- answers */

/* Of a page behind the first it is only known that it has worked. */
static const uint64_t anywhere = UINT64_MAX;

/* A translation request is told of a page fault by an answer without rights (9.2). */
static bool refused(const struct amdvi_result *result)
{
    return !result->ok || (result->identity && !result->perm);
}

static bool fits(const struct outcome *o, unsigned need, unsigned rights, const struct amdvi_result *result)
{
    if (o->fault || need & ~o->perm)
        return refused(result);
    if (result->pa == anywhere)
        return result->ok;
    return result->ok && !result->identity && result->pa == o->spa &&
           (result->perm & 3) == (o->perm & rights) && result->size == (uint64_t)1 << o->shift;
}

static bool allowed_by_entry(const struct model *m, const struct version *entry,
                             const struct amdvi_request *request, const struct amdvi_result *result)
{
    struct way way = {.domain = domain_of(entry), .guest = request->has_pasid, .pasid = request->pasid};
    bool asks = request->at == AMDVI_TRANSLATION_REQUEST; /* for whatever there is */
    unsigned need = asks ? 0 : request->op == AMDVI_WRITE ? WRITE : READ;
    static struct outcomes all;

    if (asks && !translates(entry))
        return !result->ok;
    if (!(entry->words[0] & 1))
        return result->ok && (result->pa == anywhere || (result->identity && result->pa == request->address));
    if (!translates(entry) || need & ~rights_of(entry))
        return refused(result);
    all.count = 0;
    walk_domain(m, &way, request->address, &all);
    for (unsigned i = 0; i < all.count; i++)
        if (fits(&all.at[i], need, rights_of(entry), result))
            return true;
    return false;
}

static bool page_allows(const struct model *m, const struct amdvi_request *request,
                        const struct amdvi_result *result)
{
    struct versions v =
        versions_of(m, H_DEVTAB + 32 * (uint64_t)request->device, 4, entry_floor(m, request->device));
    const struct version *entry;

    while ((entry = next_version(&v)))
        if (allowed_by_entry(m, entry, request, result))
            return true;
    return false;
}

/* A request of two pages fails with either of them. */
bool model_allows(const struct model *m, const struct amdvi_request *request,
                  const struct amdvi_result *result)
{
    const struct amdvi_result works = {.ok = true, .pa = anywhere};
    struct amdvi_request second = *request;

    if (request->at || request->address % PAGE_BYTES + request->length <= PAGE_BYTES)
        return page_allows(m, request, result);
    second.address = (request->address | (PAGE_BYTES - 1)) + 1;
    if (result->ok)
        return page_allows(m, request, result) && page_allows(m, &second, &works);
    return page_allows(m, request, result) || page_allows(m, &second, result);
}

static bool allowed_by_table(const struct model *m, uint16_t device, uint64_t table, uint32_t index,
                             const struct amdvi_int_result *result)
{
    struct versions v = versions_of(m, table + 16 * (uint64_t)index, 2, floor_of(interrupt_fence(m, device)));
    const struct version *e;

    while ((e = next_version(&v))) {
        bool enabled = e->words[0] & 1;
        if (enabled == result->ok && (!enabled || (result->vector == (e->words[1] & 0xff) &&
                                                   result->destination == (e->words[0] >> 8 & 0xff))))
            return true;
    }
    return false;
}

bool model_allows_interrupt(const struct model *m, uint16_t device, uint32_t index,
                            const struct amdvi_int_result *result)
{
    struct versions v = versions_of(m, H_DEVTAB + 32 * (uint64_t)device, 4,
                                    entry_floor_before(m, device, interrupt_fence(m, device)));
    const struct version *entry;

    while ((entry = next_version(&v)))
        if (allowed_by_table(m, device, entry->words[2] & UINT64_C(0xfffffffffffc0), index, result))
            return true;
    return false;
}

bool model_allows_line(const struct model *m, const struct amdvi_cache_line *line)
{
    struct way way = {.domain = line->domain, .guest = line->has_pasid, .pasid = line->pasid};
    static struct outcomes all;

    all.count = 0;
    walk_domain(m, &way, line->address, &all);
    for (unsigned i = 0; i < all.count; i++)
        if (!all.at[i].fault && all.at[i].spa == line->target && (line->perm & 3) == all.at[i].perm)
            return true;
    return false;
}
