// SPDX-License-Identifier: GPL-2.0-only
#include "guest_tables.h"

enum { BITS = 9, LEAF_SHIFT = 12, LARGE_SHIFT = LEAF_SHIFT + BITS };

uint64_t tables_page(struct guest_tables *tables)
{
    uint64_t page = tables->next;

    if (page >= tables->end)
        return 0;
    tables->next += PAGE;
    return page;
}

static uint64_t place_of(const struct guest_tables *tables, uint64_t table, uint64_t gva, unsigned shift)
{
    return tables->lies + table + (gva >> shift & ((1u << BITS) - 1)) * 8;
}

/* The rights that a process's tables give [iommu 5.3]: present, user, accessed, dirty. */
static uint64_t entry_to(uint64_t target, bool writable)
{
    uint64_t entry = v2_set_p(target, 1);

    entry = v2_set_rw(v2_set_us(entry, 1), writable);
    return v2_set_d(v2_set_a(entry, 1), 1);
}

/* The table below an entry, made when there is none. */
static uint64_t table_below(struct guest_tables *tables, uint64_t place)
{
    uint64_t entry = ram_get(tables->ram, place), page;

    if (v2_p(entry))
        return v2_addr(entry);
    page = tables_page(tables);
    if (page)
        ram_set(tables->ram, place, entry_to(page, true));
    return page;
}

bool tables_map(struct guest_tables *tables, uint64_t gva, uint64_t gpa, uint64_t bytes, bool writable)
{
    unsigned leaf = bytes == LARGE ? LARGE_SHIFT : LEAF_SHIFT;
    uint64_t table;

    if (!tables->root)
        tables->root = tables_page(tables);
    table = tables->root;
    for (unsigned shift = LEAF_SHIFT + (tables->levels - 1) * BITS; table && shift > leaf; shift -= BITS)
        table = table_below(tables, place_of(tables, table, gva, shift));
    if (!table)
        return false;
    ram_set(tables->ram, place_of(tables, table, gva, leaf),
            v2_set_ps(entry_to(gpa, writable), bytes == LARGE));
    return true;
}

void tables_unmap(struct guest_tables *tables, uint64_t gva)
{
    uint64_t table = tables->root;

    for (unsigned shift = LEAF_SHIFT + (tables->levels - 1) * BITS; shift > LEAF_SHIFT; shift -= BITS)
        table = v2_addr(ram_get(tables->ram, place_of(tables, table, gva, shift)));
    ram_set(tables->ram, place_of(tables, table, gva, LEAF_SHIFT), 0);
}

void tables_set_gcr3(const struct guest_tables *tables, uint64_t gcr3, unsigned index, uint64_t root)
{
    ram_set(tables->ram, tables->lies + gcr3 + index * 8, root ? gcr3_set_addr(gcr3_set_v(0, 1), root) : 0);
}
