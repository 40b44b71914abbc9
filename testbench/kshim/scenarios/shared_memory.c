// SPDX-License-Identifier: GPL-2.0-only
/* Shared address spaces: a PASID over a process's tables, ATS, and page requests. */
#include "shared_space.h"

/* ------------------------------------------------------------------------------ tables change */

static void change(struct world *world, struct space *space, unsigned page, bool ats)
{
    space_change(world, space, page);
    space_expect(world, ats, space->page[page], ats ? "by ATS, after a change" : "after a change");
}

static void notifier(struct world *world)
{
    struct space space = {0};

    if (!space_begin(world, &space, "amd_iommu=pgtbl_v2"))
        return;
    space_expect(world, false, space.page[0], "attached");
    for (unsigned round = 0; round < 50; round++)
        change(world, &space, !(round & 1), round & 2);
    EXPECT(world, dma_statistics(world->gpu).invalidations, "the device was not told");
    dma_set_invalidation(world->gpu, DMA_INVALIDATE_LATE, 3000);
    for (unsigned round = 0; round < 10; round++)
        change(world, &space, !(round & 1), true);
    dma_set_invalidation(world->gpu, DMA_INVALIDATE_NOW, 0);
    EXPECT(world, space_reach(world, BASE + PAGE, false, &(uint64_t){0}) == DMA_FAULT, "a hole is reached");
    instance_excuse(world->kernel, "Event logged [");
    space_end(world, &space);
}

/* ------------------------------------------------------------------------------ page requests */

static void page_requests(struct world *world)
{
    struct answers answers = {.unexpected = 0};
    struct space space = {0};
    unsigned wanted = 3000, there = 0;

    if (!space_begin(world, &space, "amd_iommu=pgtbl_v2"))
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
    EXPECT(world, !answers.unexpected, "%" PRIu64 " groups were answered twice", answers.unexpected);
    EXPECT(world, world->api->sva_requests(space.shared, 0) == there, "the kernel counts otherwise");
    EXPECT(world, !dma_pages_outstanding(world->gpu), "%u requests have no answer",
           dma_pages_outstanding(world->gpu));
    world_tell(world, "%u page requests: %" PRIu64 " succeeded, %" PRIu64 " invalid", wanted, answers.code[0],
               answers.code[1]);
    space_end(world, &space);
}

/* Four requests a group, more than the log holds before the driver's thread gets its turn: what is lost has
 * no answer, and what comes later has. */
static void overflow(struct world *world)
{
    struct answers answers = {.unexpected = 0}, later = {.unexpected = 0};
    struct space space = {0};

    if (!space_begin(world, &space, "amd_iommu=pgtbl_v2"))
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
    EXPECT(world, !answers.unexpected && !later.unexpected, "groups were answered twice");
    EXPECT(world, later.code[0] == 20, "after the overflow %" PRIu64 " requests of 20 succeeded",
           later.code[0]);
    world_tell(world, "1024 requests at once: %" PRIu64 " groups of 256 answered", answers.code[0]);
    space_end(world, &space);
}

#define SHARED(name_, what_, run_)                                                                           \
    {                                                                                                        \
        .name = "sva/" name_, .what = what_, .run = run_, .since = KSHIM_V(6, 12)                            \
    }

const struct scenario shared_scenarios[] = {
    SHARED("notifier", "tables of a process change: IOMMU and device are told, also one that answers late",
           notifier),
    SHARED("page-requests", "3,000 page requests, each answered once and rightly", page_requests),
    SHARED("overflow", "the PPR log overflows and is started again", overflow),
    {.name = NULL},
};
