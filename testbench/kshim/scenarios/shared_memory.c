// SPDX-License-Identifier: GPL-2.0-only
/* Shared address spaces: a PASID over a process's tables, ATS, and page requests. */
#include "shadow.h"

/* Entries of the processor's tables: present, writable, user, accessed, dirty. */
enum { ENTRY = 0x67, PASID = 7, PAGES = 64 };
#define BASE 0x7f0000000000ull

struct space {
    void *shared;
    uint64_t pgd, leaf; /* tables */
    uint64_t page[2];   /* what is mapped */
    uint64_t answers;
};

static void set_entry(struct world *world, uint64_t table, uint64_t index, uint64_t target)
{
    ram_set(machine_ram(world->machine), table + index * 8, target ? target | ENTRY : 0);
}

/* Four levels down to one table of leaves at BASE; even pages are there, odd ones are not. */
static void make_tables(struct world *world, struct space *space)
{
    uint64_t table = space->pgd = world->api->page_alloc(0);

    for (int shift = 39; shift > 12; shift -= 9) {
        uint64_t next = world->api->page_alloc(0);

        set_entry(world, table, BASE >> shift & 511, next);
        table = next;
    }
    space->leaf = table;
    for (unsigned each = 0; each < 2; each++)
        space->page[each] = world->api->page_alloc(0);
    for (unsigned each = 0; each < PAGES; each += 2)
        set_entry(world, space->leaf, each, space->page[0]);
}

static bool begin(struct world *world, struct space *space, const char *line)
{
    if (!boot_plain(world, line))
        return false;
    world->api->feature(WORLD_GPU, "iopf", 1);
    world->api->feature(WORLD_GPU, "sva", 1);
    make_tables(world, space);
    space->shared = world->api->sva_attach(WORLD_GPU, PASID, space->pgd);
    EXPECT(world, space->shared, "an address space cannot be attached");
    return space->shared;
}

static void end(struct world *world, struct space *space)
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

static enum dma_outcome reach(struct world *world, uint64_t address, bool ats, uint64_t *word)
{
    struct dma_access access = {
        .address = address, .length = 8, .has_pasid = true, .pasid = PASID, .ats = ats};

    return dma_access(world->gpu, &access, word, NULL);
}

static void expect_word(struct world *world, bool ats, uint64_t page, const char *when)
{
    uint64_t pattern = world_random(world), word = 0;

    ram_set(machine_ram(world->machine), page, pattern);
    EXPECT(world, reach(world, BASE, ats, &word) == DMA_DONE && word == pattern, "%s: not the page's word",
           when);
}

/* ------------------------------------------------------------------------------ tables change */

static void change(struct world *world, struct space *space, unsigned page, bool ats)
{
    set_entry(world, space->leaf, 0, space->page[page]);
    world->api->sva_changed(space->shared, BASE, BASE + PAGE);
    expect_word(world, ats, space->page[page], ats ? "by ATS, after a change" : "after a change");
}

static void notifier(struct world *world)
{
    struct space space = {0};

    if (!begin(world, &space, "amd_iommu=pgtbl_v2"))
        return;
    expect_word(world, false, space.page[0], "attached");
    for (unsigned round = 0; round < 50; round++)
        change(world, &space, !(round & 1), round & 2);
    EXPECT(world, dma_statistics(world->gpu).invalidations, "the device was not told");
    dma_set_invalidation(world->gpu, DMA_INVALIDATE_LATE, 3000);
    for (unsigned round = 0; round < 10; round++)
        change(world, &space, !(round & 1), true);
    dma_set_invalidation(world->gpu, DMA_INVALIDATE_NOW, 0);
    EXPECT(world, reach(world, BASE + PAGE, false, &(uint64_t){0}) == DMA_FAULT, "a hole is reached");
    instance_excuse(world->kernel, "Event logged [");
    end(world, &space);
}

/* The device never answers: the wait behind the invalidation runs out. */
static void silent(struct world *world)
{
    struct space space = {0};

    if (!begin(world, &space, "amd_iommu=pgtbl_v2"))
        return;
    expect_word(world, true, space.page[0], "attached");
    instance_excuse(world->kernel, "Completion-Wait loop timed out");
    instance_excuse(world->kernel, "IOTLB_INV_TIMEOUT");
    dma_set_invalidation(world->gpu, DMA_INVALIDATE_LOST, 0);
    world->api->sva_changed(space.shared, BASE, BASE + PAGE);
    dma_set_invalidation(world->gpu, DMA_INVALIDATE_NOW, 0);
    world_pass(world, 1000000000);
    EXPECT_LOG(world, "Completion-Wait loop timed out");
    expect_word(world, false, space.page[0], "afterwards");
    end(world, &space);
}

/* ------------------------------------------------------------------------------ page requests */

struct answers {
    uint64_t code[16];
};

static void take_answers(struct world *world, struct answers *answers)
{
    struct dma_page_response response;

    world_run(world);
    while (dma_page_next_response(world->gpu, &response)) {
        EXPECT(world, response.expected, "group %u is answered although it did not ask", response.group);
        answers->code[response.code & 15]++;
    }
}

static struct dma_page_request request_for(uint64_t page, unsigned group)
{
    return (struct dma_page_request){.address = BASE + page * PAGE,
                                     .has_pasid = true,
                                     .pasid = PASID,
                                     .read = true,
                                     .last = true,
                                     .group = (uint16_t)(group % 512)};
}

static void page_requests(struct world *world)
{
    struct answers answers = {{0}};
    struct space space = {0};
    unsigned wanted = 3000, there = 0;

    if (!begin(world, &space, "amd_iommu=pgtbl_v2"))
        return;
    for (unsigned each = 0; each < wanted; each++) {
        uint64_t page = below(world, PAGES);
        struct dma_page_request request = request_for(page, each);

        EXPECT(world, dma_page_request(world->gpu, &request, NULL) == DMA_PAGE_LOGGED,
               "request %u is not taken", each);
        there += page % 2 == 0;
        if (each % 16 == 15)
            take_answers(world, &answers);
    }
    take_answers(world, &answers);
    EXPECT(world, answers.code[0] == there && answers.code[1] == wanted - there,
           "%" PRIu64 " successes of %u, %" PRIu64 " refusals of %u", answers.code[0], there, answers.code[1],
           wanted - there);
    EXPECT(world, world->api->sva_requests(space.shared, 0) == there, "the kernel counts otherwise");
    EXPECT(world, !dma_pages_outstanding(world->gpu), "%u requests have no answer",
           dma_pages_outstanding(world->gpu));
    world_tell(world, "%u page requests: %" PRIu64 " succeeded, %" PRIu64 " invalid", wanted, answers.code[0],
               answers.code[1]);
    end(world, &space);
}

/* Requests that no device may send are never told to have succeeded, and legal ones still are. */
static void mishaps(struct world *world)
{
    static const enum dma_page_mishap kinds[] = {DMA_PAGE_PASID_OFF, DMA_PAGE_UNKNOWN_PASID};
    struct answers answers = {{0}}, legal = {{0}};
    struct space space = {0};

    if (!begin(world, &space, "amd_iommu=pgtbl_v2"))
        return;
    instance_excuse(world->kernel, "Event logged [");
    instance_excuse(world->kernel, "page fault");
    for (unsigned each = 0; each < 100; each++) {
        struct dma_page_request request = request_for(0, each);

        dma_page_group(world->gpu, &request, 1, kinds[each % COUNT(kinds)], each);
        take_answers(world, &answers);
    }
    EXPECT(world, !answers.code[0], "%" PRIu64 " illegal requests succeeded", answers.code[0]);
    for (unsigned each = 0; each < 20; each++) {
        struct dma_page_request request = request_for(0, each + 100);

        EXPECT(world, dma_page_request_forced(world->gpu, &request, NULL) == DMA_PAGE_LOGGED, "not taken");
        take_answers(world, &legal);
    }
    EXPECT(world, legal.code[0] == 20, "%" PRIu64 " legal requests of 20 succeeded", legal.code[0]);
    world_tell(world, "100 illegal requests: %" PRIu64 " answered 1, %" PRIu64 " answered 15",
               answers.code[1], answers.code[15]);
    end(world, &space);
}

/* Four requests a group, more than the log holds before the driver's thread gets its turn: what is lost has
 * no answer, and what comes later has. */
static void overflow(struct world *world)
{
    struct answers answers = {{0}}, later = {{0}};
    struct space space = {0};

    if (!begin(world, &space, "amd_iommu=pgtbl_v2"))
        return;
    for (unsigned each = 0; each < 4 * 256; each++) {
        struct dma_page_request request = request_for(each % 4 * 2, each / 4);

        request.last = each % 4 == 3;
        dma_page_request_forced(world->gpu, &request, NULL);
    }
    take_answers(world, &answers);
    EXPECT(world, answers.code[0] && answers.code[0] < 256, "%" PRIu64 " groups of 256 succeeded",
           answers.code[0]);
    for (unsigned each = 0; each < 20; each++) {
        struct dma_page_request request = request_for(0, 400 + each);

        dma_page_request_forced(world->gpu, &request, NULL);
        take_answers(world, &later);
    }
    EXPECT(world, later.code[0] == 20, "after the overflow %" PRIu64 " requests of 20 succeeded",
           later.code[0]);
    world_tell(world, "1024 requests at once: %" PRIu64 " groups of 256 answered", answers.code[0]);
    end(world, &space);
}

#define SHARED(name_, what_, run_)                                                                           \
    {                                                                                                        \
        .name = "sva/" name_, .what = what_, .run = run_, .since = KSHIM_V(6, 12)                            \
    }

const struct scenario shared_scenarios[] = {
    SHARED("notifier", "tables of a process change: IOMMU and device are told, also one that answers late",
           notifier),
    SHARED("silent", "the device never answers an invalidation", silent),
    SHARED("page-requests", "3,000 page requests, each answered once and rightly", page_requests),
    SHARED("mishaps", "page requests that no device may send", mishaps),
    SHARED("overflow", "the PPR log overflows and is started again", overflow),
    {.name = NULL},
};
