// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/host_table.h"

#include "tables/layout.h"

enum { ENTRIES = 512, LEVEL_BITS = 9, PAGE_BITS = 12, LARGEST_LEVEL = 3, CODED = 7 };

static unsigned shift_of(unsigned level)
{
    return PAGE_BITS + LEVEL_BITS * (level - 1);
}

static uint64_t bytes_of(unsigned level)
{
    return UINT64_C(1) << shift_of(level);
}

static uint64_t slot(uint64_t table, uint64_t address, unsigned level)
{
    return table + (address >> shift_of(level)) % ENTRIES * sizeof(uint64_t);
}

enum hv_status hv_table_create(struct hv_table *table, struct hv_memory *memory, unsigned mode)
{
    *table = (struct hv_table){.memory = memory, .mode = mode};
    if (mode < 1 || mode > 6)
        return HV_ERR_ARGUMENT;
    table->root = hv_memory_page(memory);
    return table->root ? HV_OK : HV_ERR_NO_MEMORY;
}

static void release(struct hv_memory *memory, uint64_t table, unsigned level)
{
    for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
        uint64_t entry = hv_memory_get(memory, table + i * sizeof(entry));
        if (v1_pr(entry) && v1_nextlevel(entry))
            release(memory, v1_addr(entry), level - 1);
    }
    hv_memory_give(memory, table, HV_PAGE);
}

void hv_table_destroy(struct hv_table *table)
{
    if (table->root)
        release(table->memory, table->root, table->mode);
    table->root = 0;
}

static uint64_t entry_to(uint64_t spa, unsigned next, unsigned perm)
{
    uint64_t entry = v1_set_pr(v1_set_addr(0, spa), 1);

    entry = v1_set_nextlevel(entry, next);
    return v1_set_iw(v1_set_ir(entry, !!(perm & HV_READ)), !!(perm & HV_WRITE));
}

/* The entry that decides about an address: the leaf, or the first hole. */
static uint64_t descend(const struct hv_table *table, uint64_t address, unsigned *level)
{
    uint64_t at = table->root;

    for (*level = table->mode;; (*level)--) {
        uint64_t place = slot(at, address, *level), entry = hv_memory_get(table->memory, place);
        if (!v1_pr(entry) || !v1_nextlevel(entry) || *level == 1)
            return place;
        at = v1_addr(entry);
    }
}

static bool inside(const struct hv_table *table, uint64_t address, uint64_t length)
{
    unsigned bits = shift_of(table->mode + 1);
    uint64_t last = address + length - 1;

    return length && (address | length) % HV_PAGE == 0 && last >= address && (bits >= 64 || !(last >> bits));
}

/* The last byte that the entry of an address decides about. What follows may be the end of all addresses, and
 * then has no number: ranges are walked by their last byte. */
static uint64_t last_of(uint64_t address, unsigned level)
{
    return address | (bytes_of(level) - 1);
}

/* NextLevel 7: the lowest zero bit n of the address at or above bit 12 says 2^(n+1) bytes (iommu 4). */
static uint64_t coded_bytes(uint64_t entry)
{
    uint64_t bytes = 2 * HV_PAGE;

    while (v1_addr(entry) & bytes / 2)
        bytes *= 2;
    return bytes;
}

/* A directory leads to any lower level; the address bits of levels left out are then zero. */
static bool leads_down(uint64_t address, unsigned level, unsigned next)
{
    return next < level && (address & (bytes_of(level) - 1)) >> shift_of(next + 1) == 0;
}

static unsigned rights_of(uint64_t entry)
{
    return (v1_ir(entry) ? HV_READ : 0) | (v1_iw(entry) ? HV_WRITE : 0);
}

/* Tables of others may hold what those of this file do not: sizes by NextLevel 7, levels left out,
 * directories that withhold a right. */
bool hv_table_lookup(const struct hv_table *table, uint64_t address, uint64_t *spa, unsigned *perm)
{
    unsigned level = table->mode, next, rights = HV_READ | HV_WRITE;
    uint64_t at = table->root, entry, bytes;

    if (!inside(table, address & ~(HV_PAGE - 1), HV_PAGE))
        return false;
    for (;; level = next, at = v1_addr(entry)) {
        entry = hv_memory_get(table->memory, slot(at, address, level));
        next = (unsigned)v1_nextlevel(entry);
        if (!v1_pr(entry))
            return false;
        rights &= rights_of(entry);
        if (next == 0 || next == CODED)
            break;
        if (!leads_down(address, level, next))
            return false;
    }
    bytes = next == CODED ? coded_bytes(entry) : bytes_of(level);
    *spa = (v1_addr(entry) & ~(bytes - 1)) | (address & (bytes - 1));
    *perm = rights;
    return true;
}

static bool any_mapped(const struct hv_table *table, uint64_t address, uint64_t length)
{
    uint64_t last = address + length - 1;
    unsigned level;

    for (;; address = last_of(address, level) + 1) {
        if (v1_pr(hv_memory_get(table->memory, descend(table, address, &level))))
            return true;
        if (last_of(address, level) >= last)
            return false;
    }
}

static unsigned level_for(const struct hv_table *table, uint64_t address, uint64_t spa, uint64_t length,
                          uint64_t largest)
{
    unsigned level = table->mode < LARGEST_LEVEL ? table->mode : LARGEST_LEVEL;

    while (level > 1 &&
           (bytes_of(level) > largest || bytes_of(level) > length || (address | spa) % bytes_of(level) != 0))
        level--;
    return level;
}

/* Tables down to `level` are made; a hole table of lower levels cannot be in the way of a large page only if
 * it is released first. */
static uint64_t place_at(struct hv_table *table, uint64_t address, unsigned level)
{
    uint64_t at = table->root;

    for (unsigned l = table->mode; l > level; l--) {
        uint64_t place = slot(at, address, l), entry = hv_memory_get(table->memory, place);
        if (!v1_pr(entry)) {
            uint64_t page = hv_memory_page(table->memory);
            if (!page)
                return 0;
            entry = entry_to(page, l - 1, HV_READ | HV_WRITE);
            hv_memory_set(table->memory, place, entry);
        }
        at = v1_addr(entry);
    }
    return slot(at, address, level);
}

static bool map_one(struct hv_table *table, uint64_t address, uint64_t spa, unsigned level, unsigned perm)
{
    uint64_t place = place_at(table, address, level), old;

    if (!place)
        return false;
    old = hv_memory_get(table->memory, place);
    if (v1_pr(old) && v1_nextlevel(old)) /* an empty table of smaller pages */
        release(table->memory, v1_addr(old), level - 1);
    hv_memory_set(table->memory, place, entry_to(spa, 0, perm));
    return true;
}

enum hv_status hv_table_map(struct hv_table *table, uint64_t address, uint64_t spa, uint64_t length,
                            unsigned perm, uint64_t largest)
{
    uint64_t done = 0;

    if (!inside(table, address, length) || spa % HV_PAGE || !perm || perm > (HV_READ | HV_WRITE) ||
        largest < HV_PAGE)
        return HV_ERR_ARGUMENT;
    if (any_mapped(table, address, length))
        return HV_ERR_EXISTS;
    while (done < length) {
        unsigned level = level_for(table, address + done, spa + done, length - done, largest);
        if (!map_one(table, address + done, spa + done, level, perm)) {
            hv_table_unmap(table, address, done);
            return HV_ERR_NO_MEMORY;
        }
        done += bytes_of(level);
    }
    return HV_OK;
}

static bool cuts(const struct hv_table *table, uint64_t address)
{
    unsigned level;

    return v1_pr(hv_memory_get(table->memory, descend(table, address, &level))) && address % bytes_of(level);
}

enum hv_status hv_table_unmap(struct hv_table *table, uint64_t address, uint64_t length)
{
    uint64_t last = address + length - 1;
    unsigned level;

    if (length == 0)
        return HV_OK;
    if (!inside(table, address, length) || cuts(table, address) || cuts(table, last + 1))
        return HV_ERR_ARGUMENT;
    for (;; address = last_of(address, level) + 1) {
        hv_memory_set(table->memory, descend(table, address, &level), 0);
        if (last_of(address, level) >= last)
            return HV_OK;
    }
}
