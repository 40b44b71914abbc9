// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/guest_tables.h"

#include "tables/layout.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, ENTRIES = 512, ENTRY = 8, PAGE_BITS = 12, LEVEL_BITS = 9 };

bool hv_guest_pages_create(struct hv_guest_pages *pages, struct hv_vmm *vmm, uint64_t gpa, uint64_t bytes)
{
    *pages = (struct hv_guest_pages){.vmm = vmm, .gpa = gpa, .pages = (unsigned)(bytes / HV_PAGE)};
    pages->taken = calloc(pages->pages, 1);
    return pages->taken;
}

void hv_guest_pages_destroy(struct hv_guest_pages *pages)
{
    free(pages->taken);
    pages->taken = NULL;
}

static bool free_run(const struct hv_guest_pages *pages, unsigned first, unsigned count)
{
    if (first + count > pages->pages)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (pages->taken[first + i])
            return false;
    return true;
}

uint64_t hv_guest_take(struct hv_guest_pages *pages, unsigned count)
{
    unsigned first = pages->hint / count * count;
    uint64_t gpa;

    while (first + count <= pages->pages && !free_run(pages, first, count))
        first += count;
    for (unsigned again = 0; first + count > pages->pages; again += count) {
        if (again + count > pages->pages)
            return 0;
        if (free_run(pages, again, count))
            first = again;
    }
    memset(pages->taken + first, 1, count);
    if (count == 1)
        pages->hint = first + 1;
    gpa = pages->gpa + first * HV_PAGE;
    memset(hv_vmm_at(pages->vmm, gpa, count * HV_PAGE), 0, count * HV_PAGE);
    return gpa;
}

void hv_guest_give(struct hv_guest_pages *pages, uint64_t gpa, unsigned count)
{
    unsigned first = (unsigned)((gpa - pages->gpa) / HV_PAGE);

    memset(pages->taken + first, 0, count);
    if (first < pages->hint)
        pages->hint = first;
}

uint64_t hv_guest_load(const struct hv_guest_pages *pages, uint64_t gpa)
{
    const void *from = hv_vmm_at(pages->vmm, gpa, sizeof(uint64_t));
    uint64_t value = 0;

    if (from)
        memcpy(&value, from, sizeof(value));
    return value;
}

void hv_guest_put(const struct hv_guest_pages *pages, uint64_t gpa, uint64_t value)
{
    void *to = hv_vmm_at(pages->vmm, gpa, sizeof(value));

    if (to)
        memcpy(to, &value, sizeof(value));
}

static uint64_t slot(uint64_t table, uint64_t address, unsigned level)
{
    return table + (address >> (PAGE_BITS + LEVEL_BITS * (level - 1))) % ENTRIES * ENTRY;
}

static uint64_t entry_of(uint64_t gpa, bool writable)
{
    return v2_set_us(v2_set_rw(v2_set_p(v2_set_addr(0, gpa), 1), writable), 1);
}

uint64_t hv_guest_entry(const struct hv_guest_pages *pages, uint64_t root, uint64_t gva, unsigned level)
{
    uint64_t table = root;

    for (unsigned l = LEVELS; l > level; l--) {
        uint64_t entry = hv_guest_load(pages, slot(table, gva, l));
        if (!v2_p(entry) || v2_ps(entry))
            return 0;
        table = v2_addr(entry);
    }
    return slot(table, gva, level);
}

bool hv_guest_map(struct hv_guest_pages *pages, uint64_t root, uint64_t gva, uint64_t gpa, unsigned level,
                  bool writable)
{
    uint64_t table = root, leaf = entry_of(gpa, writable);

    for (unsigned l = LEVELS; l > level; l--) {
        uint64_t place = slot(table, gva, l), entry = hv_guest_load(pages, place);
        if (!v2_p(entry)) {
            uint64_t made = hv_guest_take(pages, 1);
            if (!made)
                return false;
            entry = entry_of(made, true);
            hv_guest_put(pages, place, entry);
        }
        table = v2_addr(entry);
    }
    hv_guest_put(pages, slot(table, gva, level), level > 1 ? v2_set_ps(leaf, 1) : leaf);
    return true;
}

static void give_level(struct hv_guest_pages *pages, uint64_t table, unsigned level)
{
    for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
        uint64_t entry = hv_guest_load(pages, table + (uint64_t)i * ENTRY);
        if (v2_p(entry) && !v2_ps(entry))
            give_level(pages, v2_addr(entry), level - 1);
    }
    hv_guest_give(pages, table, 1);
}

void hv_guest_tables_give(struct hv_guest_pages *pages, uint64_t root)
{
    give_level(pages, root, LEVELS);
}

bool hv_guest_gcr3_set(struct hv_guest_pages *pages, uint64_t table, unsigned glx, uint32_t pasid,
                       uint64_t root)
{
    uint64_t place = table;

    for (unsigned level = glx; level > 0; level--) {
        uint64_t at = place + (uint64_t)(pasid >> (LEVEL_BITS * level)) % ENTRIES * ENTRY,
                 entry = hv_guest_load(pages, at);
        if (!gcr3_v(entry)) {
            uint64_t made = hv_guest_take(pages, 1);
            if (!made)
                return false;
            entry = gcr3_set_v(gcr3_set_addr(0, made), 1);
            hv_guest_put(pages, at, entry);
        }
        place = gcr3_addr(entry);
    }
    hv_guest_put(pages, place + (uint64_t)pasid % ENTRIES * ENTRY,
                 root ? gcr3_set_v(gcr3_set_addr(0, root), 1) : 0);
    return true;
}
