// SPDX-License-Identifier: Apache-2.0
/* The table of unanswered ATS invalidations: memory, tags, order of ends. */
#include "model/device.h"

#include "model/base/allocator.h"

#include <string.h>

/* ---------------------------------------------------------------- the heap: which one ends first */

/* UINT64_MAX: never by itself (InvTimeOut 0, 2.4). */
static uint64_t end_of(const struct atc_pending *entry)
{
    return !entry->lost && entry->answer < entry->deadline ? entry->answer : entry->deadline;
}

/* Of two that end together the older one is first; tags may wrap. */
static bool sooner(const struct atc_pending *a, const struct atc_pending *b)
{
    uint64_t one = end_of(a), other = end_of(b);

    return one < other || (one == other && (int32_t)(a->tag - b->tag) < 0);
}

static void place(struct atc_table *table, struct atc_pending *entry, size_t at)
{
    table->heap[at] = entry;
    entry->place = at;
}

static void move_up(struct atc_table *table, struct atc_pending *entry, size_t at)
{
    while (at > 0 && sooner(entry, table->heap[(at - 1) / 2])) {
        place(table, table->heap[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    place(table, entry, at);
}

static void move_down(struct atc_table *table, struct atc_pending *entry, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < table->count && sooner(table->heap[child + 1], table->heap[child]))
            child++;
        if (child >= table->count || !sooner(table->heap[child], entry))
            break;
        place(table, table->heap[child], at);
        at = child;
    }
    place(table, entry, at);
}

static void take_out(struct atc_table *table, const struct atc_pending *entry)
{
    struct atc_pending *last = table->heap[--table->count];

    if (last == entry)
        return;
    move_up(table, last, entry->place);
    move_down(table, last, last->place);
}

struct atc_pending *atc_ended(const struct amdvi_device *device)
{
    const struct atc_table *table = &device->atc;
    uint64_t end = table->count ? end_of(table->heap[0]) : UINT64_MAX;

    return end != UINT64_MAX && end <= device->now ? table->heap[0] : NULL;
}

/* ---------------------------------------------------------------- tags */

static struct atc_pending **bucket_of(struct atc_table *table, uint32_t tag)
{
    return &table->bucket[tag % ATC_BUCKETS];
}

struct atc_pending *atc_find(const struct amdvi_device *device, uint32_t tag)
{
    struct atc_pending *entry = device->atc.bucket[tag % ATC_BUCKETS];

    while (entry && entry->tag != tag)
        entry = entry->next;
    return entry;
}

static void forget_tag(struct atc_table *table, const struct atc_pending *entry)
{
    struct atc_pending **link = bucket_of(table, entry->tag);

    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
}

/* ---------------------------------------------------------------- entries */

static bool grow_heap(struct amdvi_device *device)
{
    struct atc_table *table = &device->atc;
    size_t room = table->room ? 2 * table->room : 64;
    struct atc_pending **heap = allocate_zeroed(&device->allocator, room * sizeof(struct atc_pending *));

    if (!heap)
        return false;
    if (table->count)
        memcpy(heap, table->heap, table->count * sizeof(struct atc_pending *));
    release(&device->allocator, table->heap);
    table->heap = heap;
    table->room = room;
    return true;
}

bool atc_reserve(struct amdvi_device *device)
{
    struct atc_table *table = &device->atc;

    if (table->count == table->room && !grow_heap(device))
        return false;
    if (!table->free)
        table->free = allocate_zeroed(&device->allocator, sizeof(*table->free));
    return table->free != NULL;
}

void atc_add(struct amdvi_device *device, struct atc_issuer *issuer, const struct atc_pending *wanted)
{
    struct atc_table *table = &device->atc;
    struct atc_pending *entry = table->free;

    table->free = entry->next;
    *entry = *wanted;
    entry->issuer = issuer;
    entry->older = issuer->newest;
    entry->newer = NULL;
    *(entry->older ? &entry->older->newer : &issuer->oldest) = entry;
    issuer->newest = entry;
    issuer->count++;
    entry->next = *bucket_of(table, entry->tag);
    *bucket_of(table, entry->tag) = entry;
    move_up(table, entry, table->count++);
}

void atc_remove(struct amdvi_device *device, struct atc_pending *entry)
{
    struct atc_table *table = &device->atc;
    struct atc_issuer *issuer = entry->issuer;

    *(entry->older ? &entry->older->newer : &issuer->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &issuer->newest) = entry->older;
    issuer->count--;
    forget_tag(table, entry);
    take_out(table, entry);
    entry->next = table->free;
    table->free = entry;
}

void atc_forget(struct amdvi_device *device, struct atc_issuer *issuer)
{
    while (issuer->oldest)
        atc_remove(device, issuer->oldest);
}

void atc_clear(struct amdvi_device *device)
{
    struct atc_table *table = &device->atc;

    for (size_t i = 0; i < table->count; i++)
        release(&device->allocator, table->heap[i]);
    while (table->free) {
        struct atc_pending *next = table->free->next;
        release(&device->allocator, table->free);
        table->free = next;
    }
    release(&device->allocator, table->heap);
    memset(table, 0, sizeof(*table));
}
