// SPDX-License-Identifier: Apache-2.0
/*
 * Three layers, each answering where the one above says nothing:
 *   pages     real bytes
 *   regions   64 pages (256 KiB); one fill byte per page that has no storage. Found by hash.
 *   spans     large fills of whole regions: a sorted list of ranges with one byte each; outside them memory
 * is zero. A region holds the current contents of all its pages, so a span matters only where there is no
 * region.
 */
#include "amdvi/sparse_memory.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT   12
#define PAGE         ((size_t)1 << PAGE_SHIFT)
#define REGION_SHIFT 18
#define REGION       (UINT64_C(1) << REGION_SHIFT)
#define REGION_PAGES 64

struct region {
    uint64_t number;
    uint8_t fill[REGION_PAGES];
    uint8_t *page[REGION_PAGES];
};

struct span {
    uint64_t first, end; /* region numbers */
    uint8_t byte;
};

struct amdvi_sparse {
    uint64_t size, limit, used;
    struct region **slots; /* open addressing; a power of two */
    size_t slots_count, regions;
    struct region *last; /* most accesses come in a row */
    struct span *spans;
    size_t spans_count, spans_cap;
    uint8_t *uniform[256]; /* constant pages for readers of a filled page, made when first needed */
};

static bool in_range(const struct amdvi_sparse *memory, uint64_t addr, uint64_t len)
{
    return addr <= memory->size && len <= memory->size - addr;
}

/* -- accounting */

static void *take(struct amdvi_sparse *memory, size_t bytes)
{
    if (memory->limit && bytes > memory->limit - memory->used)
        return NULL;
    void *block = calloc(1, bytes);
    if (block)
        memory->used += bytes;
    return block;
}

static void give_back(struct amdvi_sparse *memory, void *block, size_t bytes)
{
    if (!block)
        return;
    memory->used -= bytes;
    free(block);
}

enum amdvi_sparse_status amdvi_sparse_create(uint64_t size, uint64_t limit, struct amdvi_sparse **result)
{
    *result = NULL;
    if (size > AMDVI_SPARSE_MAX_SIZE)
        return AMDVI_SPARSE_ERR_RANGE;
    struct amdvi_sparse *memory = calloc(1, sizeof(*memory));
    if (!memory)
        return AMDVI_SPARSE_ERR_MEMORY;
    memory->size = size;
    memory->limit = limit;
    *result = memory;
    return AMDVI_SPARSE_OK;
}

static void free_region(struct amdvi_sparse *memory, struct region *region)
{
    if (!region)
        return;
    for (unsigned i = 0; i < REGION_PAGES; i++)
        give_back(memory, region->page[i], PAGE);
    if (memory->last == region)
        memory->last = NULL;
    give_back(memory, region, sizeof(*region));
}

void amdvi_sparse_destroy(struct amdvi_sparse *memory)
{
    if (!memory)
        return;
    for (size_t i = 0; i < memory->slots_count; i++)
        free_region(memory, memory->slots[i]);
    for (unsigned i = 0; i < 256; i++)
        free(memory->uniform[i]);
    free(memory->slots);
    free(memory->spans);
    free(memory);
}

uint64_t amdvi_sparse_size(const struct amdvi_sparse *memory)
{
    return memory->size;
}

uint64_t amdvi_sparse_used(const struct amdvi_sparse *memory)
{
    return memory->used;
}

/* -- spans */

/* Index of the first span that ends after the region. */
static size_t span_at(const struct amdvi_sparse *memory, uint64_t number)
{
    size_t low = 0, high = memory->spans_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memory->spans[middle].end <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint8_t span_byte(const struct amdvi_sparse *memory, uint64_t number)
{
    size_t at = span_at(memory, number);
    return at < memory->spans_count && memory->spans[at].first <= number ? memory->spans[at].byte : 0;
}

static bool reserve_spans(struct amdvi_sparse *memory, size_t more)
{
    if (memory->spans_cap - memory->spans_count >= more)
        return true;
    size_t cap = memory->spans_cap ? memory->spans_cap * 2 : 16;
    size_t grown = (cap - memory->spans_cap) * sizeof(struct span);
    if (memory->limit && grown > memory->limit - memory->used)
        return false;
    struct span *spans = realloc(memory->spans, cap * sizeof(*spans));
    if (!spans)
        return false;
    memory->spans = spans;
    memory->spans_cap = cap;
    memory->used += grown;
    return true;
}

/* Cuts [first, end) out of the list and puts the new span there; room for two more is reserved before. */
static void replace_spans(struct amdvi_sparse *memory, uint64_t first, uint64_t end, uint8_t byte)
{
    struct span put[3];
    size_t from = span_at(memory, first), to = from, count = 0;
    while (to < memory->spans_count && memory->spans[to].first < end)
        to++;
    if (to > from && memory->spans[from].first < first)
        put[count++] = (struct span){memory->spans[from].first, first, memory->spans[from].byte};
    put[count++] = (struct span){first, end, byte};
    if (to > from && memory->spans[to - 1].end > end)
        put[count++] = (struct span){end, memory->spans[to - 1].end, memory->spans[to - 1].byte};
    memmove(memory->spans + from + count, memory->spans + to,
            (memory->spans_count - to) * sizeof(struct span));
    memcpy(memory->spans + from, put, count * sizeof(struct span));
    memory->spans_count = memory->spans_count - (to - from) + count;
}

/* -- regions */

static size_t hash(const struct amdvi_sparse *memory, uint64_t number)
{
    return (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (memory->slots_count - 1);
}

/* The slot of a region, or the empty one where it would go. */
static struct region **slot_of(const struct amdvi_sparse *memory, uint64_t number)
{
    size_t at = hash(memory, number);
    while (memory->slots[at] && memory->slots[at]->number != number)
        at = (at + 1) & (memory->slots_count - 1);
    return &memory->slots[at];
}

static struct region *find_region(struct amdvi_sparse *memory, uint64_t number)
{
    if (memory->last && memory->last->number == number)
        return memory->last;
    if (!memory->slots_count)
        return NULL;
    struct region *region = *slot_of(memory, number);
    if (region)
        memory->last = region;
    return region;
}

/* Kept at most half full. */
static bool grow_slots(struct amdvi_sparse *memory)
{
    size_t old_count = memory->slots_count, count = old_count ? old_count * 2 : 64;
    struct region **old = memory->slots, **slots;
    if (memory->regions * 2 < old_count)
        return true;
    slots = take(memory, count * sizeof(*slots));
    if (!slots)
        return false;
    memory->slots = slots;
    memory->slots_count = count;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i])
            *slot_of(memory, old[i]->number) = old[i];
    }
    give_back(memory, old, old_count * sizeof(*old));
    return true;
}

static struct region *make_region(struct amdvi_sparse *memory, uint64_t number)
{
    struct region *region = find_region(memory, number);
    if (region)
        return region;
    if (!grow_slots(memory))
        return NULL;
    region = take(memory, sizeof(*region));
    if (!region)
        return NULL;
    region->number = number;
    memset(region->fill, span_byte(memory, number), sizeof(region->fill));
    *slot_of(memory, number) = region;
    memory->regions++;
    return memory->last = region;
}

/*
 * Removed entries would break the probing of those behind them: put each at its place again, beginning behind
 * a slot that was empty before, since no probing runs across it.
 */
static void settle(struct amdvi_sparse *memory, size_t empty)
{
    for (size_t step = 1; step < memory->slots_count; step++) {
        size_t at = (empty + step) & (memory->slots_count - 1);
        struct region *region = memory->slots[at];
        memory->slots[at] = NULL;
        if (region)
            *slot_of(memory, region->number) = region;
    }
}

/* Regions inside a large fill say nothing any more. */
static void drop_regions(struct amdvi_sparse *memory, uint64_t first, uint64_t end)
{
    size_t empty = 0, dropped = 0;
    while (empty < memory->slots_count && memory->slots[empty])
        empty++;
    for (size_t i = 0; i < memory->slots_count; i++) {
        struct region *region = memory->slots[i];
        if (!region || region->number < first || region->number >= end)
            continue;
        free_region(memory, region);
        memory->slots[i] = NULL;
        dropped++;
    }
    memory->regions -= dropped;
    if (dropped)
        settle(memory, empty);
}

/* -- pages */

static uint8_t *own_page(struct amdvi_sparse *memory, uint64_t addr)
{
    struct region *region = make_region(memory, addr >> REGION_SHIFT);
    size_t at = addr >> PAGE_SHIFT & (REGION_PAGES - 1);
    if (!region || region->page[at])
        return region ? region->page[at] : NULL;
    uint8_t *page = take(memory, PAGE);
    if (!page)
        return NULL;
    if (region->fill[at])
        memset(page, region->fill[at], PAGE);
    return region->page[at] = page;
}

/* The page's bytes, or NULL and the byte they all have. */
static const uint8_t *look(struct amdvi_sparse *memory, uint64_t addr, uint8_t *byte)
{
    struct region *region = find_region(memory, addr >> REGION_SHIFT);
    size_t at = addr >> PAGE_SHIFT & (REGION_PAGES - 1);
    if (region && region->page[at])
        return region->page[at];
    *byte = region ? region->fill[at] : span_byte(memory, addr >> REGION_SHIFT);
    return NULL;
}

static size_t in_page(uint64_t addr, uint64_t len)
{
    size_t left = PAGE - (size_t)(addr & (PAGE - 1));
    return len < left ? (size_t)len : left;
}

enum amdvi_sparse_status amdvi_sparse_read(struct amdvi_sparse *memory, uint64_t addr, void *to, size_t len)
{
    uint8_t *out = to, byte;
    if (!in_range(memory, addr, len))
        return AMDVI_SPARSE_ERR_RANGE;
    while (len) {
        size_t part = in_page(addr, len);
        const uint8_t *page = look(memory, addr, &byte);
        if (page)
            memcpy(out, page + (addr & (PAGE - 1)), part);
        else
            memset(out, byte, part);
        out += part;
        addr += part;
        len -= part;
    }
    return AMDVI_SPARSE_OK;
}

enum amdvi_sparse_status amdvi_sparse_write(struct amdvi_sparse *memory, uint64_t addr, const void *from,
                                            size_t len)
{
    const uint8_t *in = from;
    if (!in_range(memory, addr, len))
        return AMDVI_SPARSE_ERR_RANGE;
    while (len) {
        size_t part = in_page(addr, len);
        uint8_t *page = own_page(memory, addr);
        if (!page)
            return AMDVI_SPARSE_ERR_MEMORY;
        memcpy(page + (addr & (PAGE - 1)), in, part);
        in += part;
        addr += part;
        len -= part;
    }
    return AMDVI_SPARSE_OK;
}

/* A fill inside one region: whole pages become their byte, the rest is written. */
static enum amdvi_sparse_status fill_pages(struct amdvi_sparse *memory, uint64_t addr, uint64_t len,
                                           uint8_t byte)
{
    while (len) {
        size_t part = in_page(addr, len), at = addr >> PAGE_SHIFT & (REGION_PAGES - 1);
        struct region *region = make_region(memory, addr >> REGION_SHIFT);
        if (!region)
            return AMDVI_SPARSE_ERR_MEMORY;
        if (part == PAGE) {
            give_back(memory, region->page[at], PAGE);
            region->page[at] = NULL;
            region->fill[at] = byte;
        } else if (region->page[at] || region->fill[at] != byte) {
            uint8_t *page = own_page(memory, addr);
            if (!page)
                return AMDVI_SPARSE_ERR_MEMORY;
            memset(page + (addr & (PAGE - 1)), byte, part);
        }
        addr += part;
        len -= part;
    }
    return AMDVI_SPARSE_OK;
}

enum amdvi_sparse_status amdvi_sparse_fill(struct amdvi_sparse *memory, uint64_t addr, uint64_t len,
                                           uint8_t byte)
{
    if (!in_range(memory, addr, len))
        return AMDVI_SPARSE_ERR_RANGE;
    uint64_t first = (addr + REGION - 1) >> REGION_SHIFT, end = (addr + len) >> REGION_SHIFT;
    if (first >= end)
        return fill_pages(memory, addr, len, byte);
    if (!reserve_spans(memory, 2))
        return AMDVI_SPARSE_ERR_MEMORY;
    enum amdvi_sparse_status status = fill_pages(memory, addr, (first << REGION_SHIFT) - addr, byte);
    if (status != AMDVI_SPARSE_OK)
        return status;
    drop_regions(memory, first, end);
    replace_spans(memory, first, end, byte);
    return fill_pages(memory, end << REGION_SHIFT, addr + len - (end << REGION_SHIFT), byte);
}

enum amdvi_sparse_status amdvi_sparse_compare(struct amdvi_sparse *memory, uint64_t addr, const void *with,
                                              size_t len, uint64_t *where)
{
    const uint8_t *want = with;
    uint8_t byte = 0;
    if (!in_range(memory, addr, len))
        return AMDVI_SPARSE_ERR_RANGE;
    while (len) {
        size_t part = in_page(addr, len);
        const uint8_t *page = look(memory, addr, &byte);
        for (size_t i = 0; i < part; i++) {
            if (want[i] == (page ? page[(addr & (PAGE - 1)) + i] : byte))
                continue;
            if (where)
                *where = addr + i;
            return AMDVI_SPARSE_DIFFERENT;
        }
        want += part;
        addr += part;
        len -= part;
    }
    return AMDVI_SPARSE_OK;
}

enum amdvi_sparse_status amdvi_sparse_cas64(struct amdvi_sparse *memory, uint64_t addr, uint64_t *expected,
                                            uint64_t desired)
{
    if ((addr & 7) || !in_range(memory, addr, 8))
        return AMDVI_SPARSE_ERR_RANGE;
    uint8_t *page = own_page(memory, addr);
    if (!page)
        return AMDVI_SPARSE_ERR_MEMORY;
    /* Pages come from calloc and are aligned for any type. */
    uint64_t *word = (uint64_t *)(void *)(page + (addr & (PAGE - 1)));
    bool done =
        __atomic_compare_exchange_n(word, expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return done ? AMDVI_SPARSE_OK : AMDVI_SPARSE_DIFFERENT;
}

static uint8_t *uniform_page(struct amdvi_sparse *memory, uint8_t byte)
{
    if (!memory->uniform[byte]) {
        memory->uniform[byte] = take(memory, PAGE);
        if (memory->uniform[byte])
            memset(memory->uniform[byte], byte, PAGE);
    }
    return memory->uniform[byte];
}

void *amdvi_sparse_pointer(struct amdvi_sparse *memory, uint64_t addr, size_t len, bool for_write)
{
    uint8_t byte = 0, *page;
    if (!in_range(memory, addr, len) || in_page(addr, len) != len)
        return NULL;
    if (for_write) {
        page = own_page(memory, addr);
    } else {
        struct region *region = find_region(memory, addr >> REGION_SHIFT);
        page = region ? region->page[addr >> PAGE_SHIFT & (REGION_PAGES - 1)] : NULL;
        if (!page && !look(memory, addr, &byte))
            page = uniform_page(memory, byte);
    }
    return page ? page + (addr & (PAGE - 1)) : NULL;
}

int amdvi_sparse_pages(struct amdvi_sparse *memory, amdvi_sparse_page_fn call, void *context)
{
    for (size_t i = 0; i < memory->slots_count; i++) {
        struct region *region = memory->slots[i];
        for (unsigned p = 0; region && p < REGION_PAGES; p++) {
            uint64_t addr = region->number << REGION_SHIFT | (uint64_t)p << PAGE_SHIFT;
            int result = region->page[p] ? call(context, addr, region->page[p]) : 0;
            if (result)
                return result;
        }
    }
    return 0;
}
