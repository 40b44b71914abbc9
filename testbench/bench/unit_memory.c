// SPDX-License-Identifier: Apache-2.0
#include "testbench/bench/unit_memory.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_BYTES = 4096, UNIT_BYTES = 16, CHUNK_PAGES = 64 };

struct unit {
    uint8_t bytes[UNIT_BYTES];
};

/* One page as a unit, or as bytes. */
struct slot {
    struct unit unit;
    uint8_t *bytes; /* not null: these are the content */
};

/* All pages have one unit, or each has a slot. */
struct unit_chunk {
    struct unit unit;
    struct slot *slots;
};

bool unit_memory_open(struct unit_memory *memory, uint64_t base, uint64_t pages)
{
    uint64_t chunks = (pages + CHUNK_PAGES - 1) / CHUNK_PAGES;

    *memory = (struct unit_memory){.base = base, .pages = pages};
    memory->chunks = calloc(chunks, sizeof(struct unit_chunk *));
    memory->used = chunks * sizeof(struct unit_chunk *);
    return memory->chunks != NULL;
}

static void *take(struct unit_memory *memory, size_t bytes)
{
    void *block = calloc(1, bytes);

    memory->used += block ? bytes : 0;
    return block;
}

static void give_back(struct unit_memory *memory, void *block, size_t bytes)
{
    memory->used -= block ? bytes : 0;
    free(block);
}

static void free_slots(struct unit_memory *memory, struct unit_chunk *chunk)
{
    for (unsigned i = 0; chunk->slots && i < CHUNK_PAGES; i++)
        give_back(memory, chunk->slots[i].bytes, PAGE_BYTES);
    give_back(memory, chunk->slots, CHUNK_PAGES * sizeof(struct slot));
    chunk->slots = NULL;
}

void unit_memory_close(struct unit_memory *memory)
{
    for (uint64_t i = 0; memory->chunks && i * CHUNK_PAGES < memory->pages; i++)
        if (memory->chunks[i]) {
            free_slots(memory, memory->chunks[i]);
            free(memory->chunks[i]);
        }
    free(memory->chunks);
    memory->chunks = NULL;
}

/* ---------------------------------------------------------------- reading */

static void copy_units(uint8_t *to, const struct unit *unit, unsigned offset, size_t length)
{
    for (size_t i = 0; i < length; i++)
        to[i] = unit->bytes[(offset + i) % UNIT_BYTES];
}

enum amdvi_memory_result unit_memory_read(void *context, uint64_t spa, void *data, size_t length)
{
    struct unit_memory *memory = context;
    uint64_t page = (spa - memory->base) / PAGE_BYTES;
    unsigned offset = spa % PAGE_BYTES;
    const struct unit_chunk *chunk;
    const struct slot *slot;

    if (page >= memory->pages)
        return AMDVI_MEMORY_MASTER_ABORT;
    chunk = memory->chunks[page / CHUNK_PAGES];
    slot = chunk && chunk->slots ? &chunk->slots[page % CHUNK_PAGES] : NULL;
    if (!chunk)
        memset(data, 0, length);
    else if (slot && slot->bytes)
        memcpy(data, slot->bytes + offset, length);
    else if (offset % UNIT_BYTES + length <= UNIT_BYTES)
        memcpy(data, (slot ? &slot->unit : &chunk->unit)->bytes + offset % UNIT_BYTES, length);
    else
        copy_units(data, slot ? &slot->unit : &chunk->unit, offset, length);
    return AMDVI_MEMORY_OK;
}

/* ---------------------------------------------------------------- writing */

static struct unit_chunk *chunk_of(struct unit_memory *memory, uint64_t page)
{
    struct unit_chunk **chunk = &memory->chunks[page / CHUNK_PAGES];

    if (!*chunk)
        *chunk = take(memory, sizeof(**chunk));
    if (!*chunk || (*chunk)->slots)
        return *chunk;
    (*chunk)->slots = take(memory, CHUNK_PAGES * sizeof(struct slot));
    for (unsigned i = 0; (*chunk)->slots && i < CHUNK_PAGES; i++)
        (*chunk)->slots[i].unit = (*chunk)->unit;
    return (*chunk)->slots ? *chunk : NULL;
}

static bool repeats(const uint8_t *bytes, size_t length)
{
    return memcmp(bytes, bytes + UNIT_BYTES, length - UNIT_BYTES) == 0;
}

/* The last page of a row is often what makes it uniform. */
static void join_chunk(struct unit_memory *memory, struct unit_chunk *chunk)
{
    for (unsigned i = 0; i < CHUNK_PAGES; i++)
        if (chunk->slots[i].bytes || memcmp(&chunk->slots[i].unit, &chunk->slots[0].unit, UNIT_BYTES) != 0)
            return;
    chunk->unit = chunk->slots[0].unit;
    free_slots(memory, chunk);
}

static void join_page(struct unit_memory *memory, struct slot *slot)
{
    if (!repeats(slot->bytes, PAGE_BYTES))
        return;
    memcpy(&slot->unit, slot->bytes, UNIT_BYTES);
    give_back(memory, slot->bytes, PAGE_BYTES);
    slot->bytes = NULL;
}

static bool split_page(struct unit_memory *memory, struct slot *slot)
{
    if (slot->bytes)
        return true;
    slot->bytes = take(memory, PAGE_BYTES);
    if (slot->bytes)
        copy_units(slot->bytes, &slot->unit, 0, PAGE_BYTES);
    return slot->bytes != NULL;
}

static bool write_slot(struct unit_memory *memory, struct slot *slot, unsigned offset, const void *data,
                       size_t length)
{
    if (length == PAGE_BYTES && !slot->bytes && repeats(data, length)) {
        memcpy(&slot->unit, data, UNIT_BYTES);
        return true;
    }
    if (!split_page(memory, slot))
        return false;
    memcpy(slot->bytes + offset, data, length);
    if (offset + length == PAGE_BYTES)
        join_page(memory, slot);
    return true;
}

enum amdvi_memory_result unit_memory_write(void *context, uint64_t spa, const void *data, size_t length)
{
    struct unit_memory *memory = context;
    uint64_t page = (spa - memory->base) / PAGE_BYTES;
    struct unit_chunk *chunk;

    if (page >= memory->pages)
        return AMDVI_MEMORY_MASTER_ABORT;
    chunk = chunk_of(memory, page);
    if (!chunk ||
        !write_slot(memory, &chunk->slots[page % CHUNK_PAGES], (unsigned)(spa % PAGE_BYTES), data, length))
        return AMDVI_MEMORY_TARGET_ABORT;
    if (page % CHUNK_PAGES == CHUNK_PAGES - 1 && (spa + length) % PAGE_BYTES == 0)
        join_chunk(memory, chunk);
    return AMDVI_MEMORY_OK;
}
