// SPDX-License-Identifier: GPL-2.0-only
#include "shared_space.h"

enum { TABLE_ORDER = 3 /* pages for tables, a power of two */ };

static void make_tables(struct world *world, struct space *space)
{
    uint64_t tables = world->api->page_alloc(TABLE_ORDER);

    space->tables = (struct guest_tables){.ram = machine_ram(world->machine),
                                          .next = tables,
                                          .end = tables + (PAGE << TABLE_ORDER),
                                          .levels = 4};
    for (unsigned each = 0; each < 2; each++)
        space->page[each] = world->api->page_alloc(0);
    for (uint64_t each = 0; each < PAGES; each += 2)
        tables_map(&space->tables, BASE + each * PAGE, space->page[0], PAGE, true);
}

bool space_begin(struct world *world, struct space *space, const char *line)
{
    if (!boot_plain(world, line))
        return false;
    world->api->feature(WORLD_GPU, "iopf", 1);
    world->api->feature(WORLD_GPU, "sva", 1);
    make_tables(world, space);
    space->shared = world->api->sva_attach(WORLD_GPU, PASID, space->tables.root);
    EXPECT(world, space->shared, "an address space cannot be attached");
    return space->shared;
}

void space_end(struct world *world, struct space *space)
{
    struct dma_access access = {
        .address = BASE, .length = 8, .has_pasid = true, .pasid = PASID, .forced = true};
    uint64_t word;

    world->api->sva_detach(space->shared);
    instance_excuse(world->kernel, "Event logged [");
    EXPECT(world, dma_access(world->gpu, &access, &word, NULL) == DMA_FAULT,
           "the PASID works after its detach");
    world_run(world);
}

void space_change(struct world *world, struct space *space, unsigned number)
{
    tables_map(&space->tables, BASE, space->page[number], PAGE, true);
    world->api->sva_changed(space->shared, BASE, BASE + PAGE);
}

enum dma_outcome space_reach(struct world *world, uint64_t address, bool ats, uint64_t *word)
{
    struct dma_access access = {
        .address = address, .length = 8, .has_pasid = true, .pasid = PASID, .ats = ats};

    return dma_access(world->gpu, &access, word, NULL);
}

void space_expect(struct world *world, bool ats, uint64_t page, const char *when)
{
    uint64_t pattern = world_random(world), word = 0;

    ram_set(machine_ram(world->machine), page, pattern);
    EXPECT(world, space_reach(world, BASE, ats, &word) == DMA_DONE && word == pattern,
           "%s: not the page's word", when);
}

void take_answers(struct world *world, struct answers *answers)
{
    struct dma_page_response response;

    world_run(world);
    while (dma_page_next_response(world->gpu, &response)) {
        answers->unexpected += !response.expected;
        answers->code[response.code & 15]++;
    }
}

struct dma_page_request request_for(uint64_t page, unsigned group)
{
    return (struct dma_page_request){.address = BASE + page * PAGE,
                                     .has_pasid = true,
                                     .pasid = PASID,
                                     .read = true,
                                     .last = true,
                                     .group = (uint16_t)(group % 512)};
}
