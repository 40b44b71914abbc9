// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/memory.h"

#include <stdlib.h>
#include <string.h>

struct piece {
    uint64_t base, size;
    uint8_t *bytes;
};

struct hv_memory {
    uint64_t base, size, used, hint;
    uint8_t *ram;
    bool own;       /* ram was made here */
    uint8_t *taken; /* one byte a page */
    struct piece others[HV_MEMORY_OTHERS];
    unsigned other_count;
    hv_memory_watcher *watcher;
    void *watcher_context;
};

static struct hv_memory *make(uint64_t base, uint64_t size, void *bytes)
{
    struct hv_memory *memory;

    if (size == 0 || (base | size) % HV_PAGE || base + size < base)
        return NULL;
    memory = calloc(1, sizeof(*memory));
    if (!memory)
        return NULL;
    *memory = (struct hv_memory){.base = base, .size = size, .own = !bytes};
    memory->ram = bytes ? bytes : calloc(1, size);
    memory->taken = calloc(1, size / HV_PAGE);
    if (!memory->ram || !memory->taken) {
        hv_memory_destroy(memory);
        return NULL;
    }
    memory->taken[0] = base == 0; /* 0 is no page that could be handed out */
    return memory;
}

struct hv_memory *hv_memory_create(uint64_t base, uint64_t size)
{
    return make(base, size, NULL);
}

struct hv_memory *hv_memory_over(uint64_t base, uint64_t size, void *bytes)
{
    return bytes ? make(base, size, bytes) : NULL;
}

bool hv_memory_reach(struct hv_memory *memory, uint64_t base, uint64_t size, void *bytes)
{
    if (!memory || !bytes || size == 0 || base + size < base || memory->other_count == HV_MEMORY_OTHERS)
        return false;
    memory->others[memory->other_count++] = (struct piece){.base = base, .size = size, .bytes = bytes};
    return true;
}

void hv_memory_destroy(struct hv_memory *memory)
{
    if (!memory)
        return;
    if (memory->own)
        free(memory->ram);
    free(memory->taken);
    free(memory);
}

struct amdvi_memory hv_memory_port(struct hv_memory *memory)
{
    return (struct amdvi_memory){
        .direct = memory->ram, .direct_base = memory->base, .direct_size = memory->size};
}

void hv_memory_watch(struct hv_memory *memory, hv_memory_watcher *watcher, void *context)
{
    memory->watcher = watcher;
    memory->watcher_context = context;
}

static bool inside(uint64_t base, uint64_t size, uint64_t spa, uint64_t bytes)
{
    return spa >= base && bytes <= size && spa - base <= size - bytes;
}

static void tell(const struct hv_memory *memory, uint64_t spa, const void *bytes, uint64_t length)
{
    if (memory->watcher)
        memory->watcher(memory->watcher_context, spa, bytes, length);
}

/* First page at or after `first` where `pages` are free, aligned; the number of pages when there is none. */
static uint64_t find(const struct hv_memory *memory, uint64_t first, uint64_t pages, uint64_t align)
{
    uint64_t all = memory->size / HV_PAGE, run = 0;

    for (uint64_t i = first; i < all; i++) {
        if (memory->taken[i] || (run == 0 && (memory->base + i * HV_PAGE) % align)) {
            run = 0;
            continue;
        }
        if (++run == pages)
            return i + 1 - pages;
    }
    return all;
}

uint64_t hv_memory_take(struct hv_memory *memory, uint64_t bytes, uint64_t align)
{
    uint64_t pages = (bytes + HV_PAGE - 1) / HV_PAGE, first, all = memory->size / HV_PAGE;

    if (bytes == 0 || bytes > memory->size || align < HV_PAGE || align & (align - 1))
        return 0;
    first = find(memory, memory->hint, pages, align);
    if (first == all)
        first = find(memory, 0, pages, align);
    if (first == all)
        return 0;
    memset(memory->taken + first, 1, pages);
    memset(memory->ram + first * HV_PAGE, 0, pages * HV_PAGE);
    memory->used += pages * HV_PAGE;
    if (pages == 1)
        memory->hint = first + 1;
    tell(memory, memory->base + first * HV_PAGE, NULL, pages * HV_PAGE);
    return memory->base + first * HV_PAGE;
}

uint64_t hv_memory_page(struct hv_memory *memory)
{
    return hv_memory_take(memory, HV_PAGE, HV_PAGE);
}

void hv_memory_give(struct hv_memory *memory, uint64_t spa, uint64_t bytes)
{
    uint64_t pages = (bytes + HV_PAGE - 1) / HV_PAGE, first;

    if (!spa || !inside(memory->base, memory->size, spa, pages * HV_PAGE))
        return;
    first = (spa - memory->base) / HV_PAGE;
    memset(memory->taken + first, 0, pages);
    memory->used -= pages * HV_PAGE;
    if (first < memory->hint)
        memory->hint = first;
}

uint64_t hv_memory_used(const struct hv_memory *memory)
{
    return memory->used;
}

void *hv_memory_at(const struct hv_memory *memory, uint64_t spa, uint64_t bytes)
{
    if (inside(memory->base, memory->size, spa, bytes))
        return memory->ram + (spa - memory->base);
    for (unsigned i = 0; i < memory->other_count; i++) {
        const struct piece *p = &memory->others[i];
        if (inside(p->base, p->size, spa, bytes))
            return p->bytes + (spa - p->base);
    }
    return NULL;
}

bool hv_memory_address(const struct hv_memory *memory, const void *pointer, uint64_t *spa)
{
    uintptr_t at = (uintptr_t)pointer, ram = (uintptr_t)memory->ram;

    if (at < ram || at - ram >= memory->size)
        return false;
    *spa = memory->base + (at - ram);
    return true;
}

uint64_t hv_memory_get(const struct hv_memory *memory, uint64_t spa)
{
    const void *from = hv_memory_at(memory, spa, sizeof(uint64_t));
    uint64_t value = 0;

    if (from)
        memcpy(&value, from, sizeof(value));
    return value;
}

void hv_memory_set(struct hv_memory *memory, uint64_t spa, uint64_t value)
{
    void *to = hv_memory_at(memory, spa, sizeof(value));

    if (!to)
        return;
    memcpy(to, &value, sizeof(value));
    tell(memory, spa, &value, sizeof(value));
}
