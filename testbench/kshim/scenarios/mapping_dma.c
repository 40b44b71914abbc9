// SPDX-License-Identifier: GPL-2.0-only
/* The DMA API at random, strict and lazy: what a device can still reach after an unmap, and for how long. */
#include "shadow.h"

#include <stdlib.h>

enum { CHUNKS = 64, CHUNK_ORDER = 6, CHUNK = PAGE << CHUNK_ORDER, LIVE = 160, DEAD = 512 };
/* A flush queue holds so many ranges, and is emptied so often. */
enum { WINDOW_ENTRIES = 256, WINDOW_NS = 10000000 };

struct dead_range {
    struct shadow_range range;
    uint64_t unmaps, ns; /* when it went */
};

struct dma_world {
    uint64_t chunk[CHUNKS];
    struct shadow_range live[LIVE];
    int direction[LIVE];
    struct dead_range dead[DEAD]; /* a ring */
    uint64_t dead_count;
    bool v2, lazy;
    struct shadow_counts counts;
    uint64_t stale, oldest_entries, oldest_ns;
};

static bool overlap(const struct shadow_range *one, const struct shadow_range *other)
{
    return one->iova / PAGE <= (other->iova + other->bytes - 1) / PAGE &&
           other->iova / PAGE <= (one->iova + one->bytes - 1) / PAGE;
}

/* Addresses that are in use again say nothing about their first unmap any more. */
static void forget_dead(struct dma_world *own, const struct shadow_range *range)
{
    for (unsigned each = 0; each < DEAD; each++)
        if (own->dead[each].range.bytes && overlap(&own->dead[each].range, range))
            own->dead[each].range.bytes = 0;
}

static void map_one(struct world *world, struct dma_world *own, unsigned slot)
{
    struct shadow_range *range = &own->live[slot];
    int direction = (int)below(world, 3);
    uint64_t offset = below(world, CHUNK / 64) * 64, bytes = 64 * (1 + below(world, (CHUNK - offset) / 64));

    range->pa = own->chunk[below(world, CHUNKS)] + offset;
    range->bytes = bytes;
    range->readable = direction != 2 || own->v2; /* guest tables cannot forbid reading alone */
    range->writable = direction != 1;
    range->iova = world->api->dma_map(WORLD_NIC, range->pa, bytes, direction);
    own->direction[slot] = direction;
    range->mapped = range->iova != NO_IOVA;
    EXPECT(world, range->mapped, "%" PRIu64 " bytes are not mapped", bytes);
    forget_dead(own, range);
    own->counts.maps++;
}

static void unmap_one(struct world *world, struct dma_world *own, unsigned slot)
{
    struct shadow_range *range = &own->live[slot];

    world->api->dma_unmap(WORLD_NIC, range->iova, range->bytes, own->direction[slot]);
    world_unmapped(world);
    range->mapped = false;
    own->counts.unmaps++;
    own->dead[own->dead_count++ % DEAD] =
        (struct dead_range){*range, own->counts.unmaps, machine_now(world->machine)};
}

/* In lazy mode what was unmapped may be reached while the queue has not been emptied, and lead only to where
 * it led before. */
static void try_dead(struct world *world, struct dma_world *own)
{
    uint64_t kept = own->dead_count < DEAD ? own->dead_count : DEAD;
    const struct dead_range *dead;
    uint64_t entries, ns;

    if (!kept)
        return;
    dead = &own->dead[(own->dead_count - 1 - below(world, kept)) % DEAD];
    if (!dead->range.bytes)
        return;
    entries = own->counts.unmaps - dead->unmaps;
    ns = machine_now(world->machine) - dead->ns;
    if (try_read(world->nic, dead->range.iova) != DMA_DONE) {
        own->counts.refusals++;
        return;
    }
    own->stale++;
    own->oldest_entries = entries > own->oldest_entries ? entries : own->oldest_entries;
    own->oldest_ns = ns > own->oldest_ns ? ns : own->oldest_ns;
    EXPECT(world, own->lazy && entries <= WINDOW_ENTRIES && ns <= WINDOW_NS,
           "%#" PRIx64 " is reached %" PRIu64 " unmaps and %" PRIu64 " ns after it was unmapped",
           dead->range.iova, entries, ns);
}

static void step(struct world *world, struct dma_world *own)
{
    unsigned slot = (unsigned)below(world, LIVE);
    uint64_t choice = below(world, 100);

    if (choice < 30)
        (own->live[slot].mapped ? unmap_one : map_one)(world, own, slot);
    else if (choice < 50)
        try_dead(world, own);
    else if (own->live[slot].mapped)
        shadow_try(world, world->nic, &own->live[slot], &own->counts);
    if (own->lazy && below(world, 10) == 0)
        world_pass(world, below(world, 60000));
    else if (choice == 99)
        world_run(world);
}

static void finish(struct world *world, struct dma_world *own)
{
    for (unsigned slot = 0; slot < LIVE; slot++)
        if (own->live[slot].mapped)
            unmap_one(world, own, slot);
    world_pass(world, 20000000);
    for (unsigned each = 0; each < DEAD && each < own->dead_count; each++)
        if (own->dead[each].range.bytes)
            expect_refused(world, world->nic, own->dead[each].range.iova, "after the last flush");
    for (unsigned each = 0; each < CHUNKS; each++)
        world->api->page_free(own->chunk[each], CHUNK_ORDER);
    shadow_tell(world, &own->counts);
    if (own->lazy)
        world_tell(world,
                   "reached after their unmap: %" PRIu64 ", at most %" PRIu64 " unmaps and %" PRIu64
                   " ns later",
                   own->stale, own->oldest_entries, own->oldest_ns);
    EXPECT(world, !own->lazy || own->stale, "the flush queue never left anything open");
}

static void dma_at_random(struct world *world)
{
    static struct dma_world own;
    const struct world_setup *setup = world->scenario->about;
    uint64_t steps = world->options->steps ? world->options->steps : 20000;

    if (!world_boot(world, setup))
        return;
    instance_excuse(world->kernel, SAYS_FAULT);
    own.lazy = setup->queued;
    own.v2 = strstr(setup->command_line, "pgtbl_v2") != NULL;
    for (unsigned each = 0; each < CHUNKS; each++)
        own.chunk[each] = world->api->page_alloc(CHUNK_ORDER);
    for (uint64_t done = 0; done < steps && world->failures < 20; done++)
        step(world, &own);
    finish(world, &own);
}

/* ------------------------------------------------------------------------------ lists */

static void scatter(struct world *world)
{
    enum { PIECES = 24 };
    struct kshim_scatter list[PIECES] = {{0}};
    int mapped, piece = 0;
    uint64_t chunk;

    if (!boot_plain(world, ""))
        return;
    chunk = world->api->page_alloc(CHUNK_ORDER);
    for (unsigned each = 0; each < PIECES; each++)
        list[each] = (struct kshim_scatter){.pa = chunk + (each * 7 % 32) * 2 * PAGE, .bytes = PAGE};
    mapped = world->api->dma_map_sg(WORLD_NIC, list, PIECES, 0);
    EXPECT(world, mapped > 0 && mapped <= PIECES, "a list of %d pieces gives %d", PIECES, mapped);
    for (int each = 0; each < mapped; each++)
        for (uint64_t at = 0; at < list[each].iova_bytes && piece < PIECES; at += PAGE)
            expect_reaches(world, world->nic, list[each].iova + at, list[piece++].pa, "of a list");
    EXPECT(world, piece == PIECES, "%d pieces of %d are mapped", piece, PIECES);
    world->api->dma_unmap_sg(WORLD_NIC, list, PIECES, 0);
    expect_fault_told(world, world->nic, list[0].iova, "of a list, unmapped");
    world->api->page_free(chunk, CHUNK_ORDER);
}

static void masks(struct world *world)
{
    uint64_t page, iova;

    if (!boot_plain(world, ""))
        return;
    page = world->api->page_alloc(0);
    for (int bits = 24; bits <= 64; bits += 8) {
        EXPECT(world, !world->api->dma_mask(WORLD_NIC, bits), "a mask of %d bits is refused", bits);
        iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
        EXPECT(world, iova != NO_IOVA && (bits == 64 || iova + PAGE - 1 < 1ull << bits),
               "mask of %d bits: %#" PRIx64, bits, iova);
        expect_reaches(world, world->nic, iova, page, "under a mask");
        world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
        expect_fault_told(world, world->nic, iova, "under a mask, unmapped");
    }
    world->api->page_free(page, 0);
}

#define RANDOM(name_, what_, ...)                                                                            \
    {                                                                                                        \
        .name = "mapping/dma-" name_, .what = "random mappings of the DMA API" what_, .run = dma_at_random,  \
        .about = &(const struct world_setup)                                                                 \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

const struct scenario mapping_dma_scenarios[] = {
    RANDOM("strict", ", v1 tables", .command_line = "iommu.strict=1"),
    RANDOM("strict-v2", ", v2 tables", .command_line = "iommu.strict=1 amd_iommu=pgtbl_v2"),
    RANDOM("lazy", ", v1 tables, flush queue", .command_line = "iommu.strict=0", .queued = true),
    RANDOM("lazy-v2", ", v2 tables, flush queue", .command_line = "iommu.strict=0 amd_iommu=pgtbl_v2",
           .queued = true),
    RANDOM("late-v2", ", v2 tables, commands executed when time passes",
           .command_line = "iommu.strict=1 amd_iommu=pgtbl_v2", .late = true),
    {.name = "mapping/scatter", .what = "a list of pieces", .run = scatter},
    {.name = "mapping/masks", .what = "addresses under masks of 24 to 64 bits", .run = masks},
    {.name = NULL},
};
