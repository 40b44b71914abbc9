// SPDX-License-Identifier: Apache-2.0
/* Page tables in the machine's memory. Bits come from the layout descriptions. */
#include "testbench/bench/machine.h"

#include "amdvi/layout.h"

#include <string.h>

enum { LEVELS = 4, ENTRIES = 512, ENTRY_SHIFT = 9, PAGE_SHIFT = 12 };

/* Guest tables lie here in GPA space, data pages at their own addresses. */
static const uint64_t guest_tables = UINT64_C(1) << 40;

struct templates {
    uint64_t host_leaf, host_dir[LEVELS + 1], guest;
};

static uint64_t *entry_at(struct machine *machine, uint64_t spa)
{
    return (uint64_t *)(void *)(machine->window + spa);
}

uint64_t table_page(struct machine *machine)
{
    uint64_t spa = machine->next;

    if (spa + PAGE > machine->window_size)
        return 0;
    machine->next += PAGE;
    return spa;
}

/* Sets bits: "NAME" to 1. */
void tables_entry(const char *layout, const char *const *fields, uint64_t *words)
{
    const struct amdvi_layout *described = amdvi_layout_find(layout);

    for (; *fields; fields++)
        amdvi_field_set(amdvi_layout_field(described, *fields), words, 1);
}

static void make_templates(struct templates *t)
{
    const struct amdvi_field *next = amdvi_layout_field(amdvi_layout_find("v1"), "NextLevel");

    memset(t, 0, sizeof(*t));
    tables_entry("v1", (const char *const[]){"PR", "IR", "IW", NULL}, &t->host_leaf);
    for (unsigned level = 1; level <= LEVELS; level++) {
        t->host_dir[level] = t->host_leaf;
        amdvi_field_set(next, &t->host_dir[level], level);
    }
    /* Accessed and dirty already: the measured walks only read. */
    tables_entry("v2", (const char *const[]){"P", "RW", "US", "A", "D", NULL}, &t->guest);
}

static unsigned index_at(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + ENTRY_SHIFT * (level - 1))) % ENTRIES;
}

static uint64_t address_of(uint64_t entry)
{
    return entry & UINT64_C(0x000ffffffffff000);
}

static bool map_host(struct machine *machine, const struct templates *t, uint64_t gpa, uint64_t spa)
{
    uint64_t table = machine->host_root;

    for (unsigned level = LEVELS; level > 1; level--) {
        uint64_t *entry = entry_at(machine, table + UINT64_C(8) * index_at(gpa, level));
        if (!*entry) {
            uint64_t page = table_page(machine);
            if (!page)
                return false;
            *entry = page | t->host_dir[level - 1];
        }
        table = address_of(*entry);
    }
    *entry_at(machine, table + UINT64_C(8) * index_at(gpa, 1)) = spa | t->host_leaf;
    return true;
}

/* SPA of a guest table: they are given out in order, so that GPA and SPA stay apart by one host walk. */
static uint64_t guest_spa(const struct machine *machine, uint64_t gpa)
{
    return machine->geometry.tables == TABLES_NESTED ? gpa - guest_tables + PAGE * UINT64_C(64) : gpa;
}

/* Nested: guest tables fill memory from page 64 on; host tables come after them. */
static uint64_t guest_page(struct machine *machine, const struct templates *t)
{
    uint64_t gpa;

    if (machine->geometry.tables != TABLES_NESTED)
        return table_page(machine);
    gpa = guest_tables + machine->guest_pages++ * PAGE;
    return map_host(machine, t, gpa, guest_spa(machine, gpa)) ? gpa : 0;
}

static bool map_guest(struct machine *machine, const struct templates *t, uint64_t gva, uint64_t gpa)
{
    uint64_t table = machine->guest_root;

    for (unsigned level = LEVELS; level > 1; level--) {
        uint64_t *entry = entry_at(machine, guest_spa(machine, table) + UINT64_C(8) * index_at(gva, level));
        if (!*entry) {
            uint64_t page = guest_page(machine, t);
            if (!page)
                return false;
            *entry = page | t->guest;
        }
        table = address_of(*entry);
    }
    *entry_at(machine, guest_spa(machine, table) + UINT64_C(8) * index_at(gva, 1)) = gpa | t->guest;
    return true;
}

uint64_t machine_target(uint64_t index)
{
    return (UINT64_C(1) << 44) + index * PAGE;
}

uint64_t machine_address(const struct geometry *g, uint64_t index)
{
    uint64_t table = index / g->per_table, within = index % g->per_table * (ENTRIES / g->per_table);

    return (UINT64_C(1) << 36) + table * ENTRIES * PAGE + within * PAGE;
}

static uint64_t last_level(const struct geometry *g)
{
    return g->pages / g->per_table + 1;
}

static uint64_t levels_above(uint64_t tables)
{
    return tables / ENTRIES + 8;
}

static uint64_t guest_table_pages(const struct geometry *g)
{
    return last_level(g) + levels_above(last_level(g));
}

uint64_t tables_room(const struct geometry *g)
{
    uint64_t one = guest_table_pages(g), pages = 64 + one;

    if (g->tables == TABLES_NESTED)
        pages += one + one / ENTRIES + 16;
    return pages * PAGE;
}

static bool map_page(struct machine *machine, const struct templates *t, uint64_t index)
{
    uint64_t address = machine_address(&machine->geometry, index), target = machine_target(index);

    switch (machine->geometry.tables) {
    case TABLES_V1:
        return map_host(machine, t, address, target);
    case TABLES_V2:
        return map_guest(machine, t, address, target);
    default:
        /* The GPA of a data page is spread as its GVA is, elsewhere. */
        return map_guest(machine, t, address, address + (UINT64_C(1) << 41)) &&
               map_host(machine, t, address + (UINT64_C(1) << 41), target);
    }
}

static bool make_roots(struct machine *machine, const struct templates *t)
{
    if (machine->geometry.tables == TABLES_NESTED)
        machine->next = PAGE * (64 + guest_table_pages(&machine->geometry));
    if (machine->geometry.tables != TABLES_V2)
        machine->host_root = table_page(machine);
    if (machine->geometry.tables == TABLES_V1)
        return machine->host_root;
    machine->guest_root = guest_page(machine, t);
    machine->gcr3 = guest_page(machine, t);
    machine->gcr3_spa = guest_spa(machine, machine->gcr3);
    return machine->guest_root && machine->gcr3;
}

bool tables_build(struct machine *machine)
{
    struct templates t;

    make_templates(&t);
    if (!make_roots(machine, &t))
        return false;
    for (uint64_t i = 0; i < machine->geometry.pages; i++)
        if (!map_page(machine, &t, i))
            return false;
    return true;
}
