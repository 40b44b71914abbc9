// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared address spaces in a guest: its device reads with a PASID through tables of the guest's, asks for
 * pages in the guest's log, and gets its answers by the guest's ring.
 */
#include "guest_tables.h"
#include "virtual.h"

#define GPU  "0000:00:02.0" /* as the guest sees it */
#define BASE 0x7f0000000000ull
enum { PASID = 7, TABLE_ORDER = 5 /* pages for tables, a power of two */, REQUESTS = 200, LARGE_ORDER = 9 };

struct shared {
    struct world *world;
    struct virtual virtual;
    struct guest *guest;
    struct guest_tables tables;
    void *handle;
    uint64_t pages[2]; /* of the guest's */
};

static bool begin(struct world *world, struct shared *shared)
{
    const struct virtual_setup *setup = world->scenario->about;
    uint64_t tables;

    shared->world = world;
    shared->guest = virtual_boot(world, &shared->virtual, setup);
    if (!shared->guest)
        return false;
    instance_excuse(shared->guest->kernel, "Event logged [");
    shared->guest->api->feature(GPU, "iopf", 1);
    shared->guest->api->feature(GPU, "sva", 1);
    tables = shared->guest->api->page_alloc(TABLE_ORDER);
    shared->tables = (struct guest_tables){.ram = machine_ram(world->machine),
                                           .lies = shared->guest->spa,
                                           .next = tables,
                                           .end = tables + (PAGE << TABLE_ORDER),
                                           .levels = setup->flags & KSHIM_LA57 ? 5 : 4};
    for (unsigned each = 0; each < COUNT(shared->pages); each++)
        shared->pages[each] = shared->guest->api->page_alloc(0);
    tables_map(&shared->tables, BASE, shared->pages[0], PAGE, true);
    shared->handle = shared->guest->api->sva_attach(GPU, PASID, shared->tables.root);
    EXPECT(world, shared->handle, "an address space cannot be attached in the guest");
    return shared->handle;
}

static enum dma_outcome reach(struct shared *shared, uint64_t address, bool ats, bool forced, uint64_t *word)
{
    struct dma_access access = {
        .address = address, .length = 8, .has_pasid = true, .pasid = PASID, .ats = ats, .forced = forced};

    hv_vmm_look(shared->guest->vmm);
    return dma_access(shared->world->gpu, &access, word, NULL);
}

static void expect_page(struct shared *shared, uint64_t address, bool ats, uint64_t page, const char *when)
{
    struct world *world = shared->world;
    uint64_t pattern = world_random(world), word = 0;

    ram_set(machine_ram(world->machine), shared->guest->spa + page, pattern);
    EXPECT(world, reach(shared, address, ats, false, &word) == DMA_DONE && word == pattern,
           "%s: %#" PRIx64 " is not the page's word", when, address);
}

/* ------------------------------------------------------------------------------ page requests */

/* What the device got back; `none` when the guest has not answered. */
enum { NO_ANSWER = -1 };

static int answer(struct shared *shared)
{
    struct dma_page_response response;
    int code = NO_ANSWER;

    guest_run(shared->guest);
    while (dma_page_next_response(shared->world->gpu, &response)) {
        EXPECT(shared->world, response.expected && code == NO_ANSWER, "an answer that nobody waits for");
        code = response.code;
    }
    return code;
}

static void ask(struct shared *shared, uint64_t address, unsigned group)
{
    struct dma_page_request request = {.address = address,
                                       .has_pasid = true,
                                       .pasid = PASID,
                                       .read = true,
                                       .last = true,
                                       .group = (uint16_t)(group % 512)};
    enum dma_page_outcome outcome = dma_page_request(shared->world->gpu, &request, NULL);

    EXPECT(shared->world, outcome == DMA_PAGE_LOGGED, "a page request gives outcome %d", outcome);
}

/* The device misses, asks, the guest makes the page present, answers, and the device comes again. */
static void page_in(struct shared *shared, unsigned group)
{
    struct world *world = shared->world;
    uint64_t address = BASE + PAGE, word;
    int code;

    EXPECT(world, reach(shared, address, true, false, &word) == DMA_NO_RIGHT, "a page that is not there");
    ask(shared, address, group);
    tables_map(&shared->tables, address, shared->pages[1], PAGE, true);
    code = answer(shared);
    EXPECT(world, code == 0, "the guest answers %d for a page that is there", code);
    expect_page(shared, address, true, shared->pages[1], "after the answer");
    tables_unmap(&shared->tables, address);
    shared->guest->api->sva_changed(shared->handle, address, address + PAGE);
    EXPECT(world, reach(shared, address, true, false, &word) == DMA_NO_RIGHT, "a page that is gone");
}

static void refuse(struct shared *shared, unsigned group)
{
    int code;

    ask(shared, BASE + 2 * PAGE, group);
    code = answer(shared);
    EXPECT(shared->world, code == 1, "the guest answers %d for a page that is not there", code);
}

/* ------------------------------------------------------------------------------ tables change */

static void change(struct shared *shared, unsigned round)
{
    uint64_t page = shared->pages[round & 1];

    tables_map(&shared->tables, BASE, page, PAGE, true);
    shared->guest->api->sva_changed(shared->handle, BASE, BASE + PAGE);
    expect_page(shared, BASE, round & 2, page, "after a change");
}

static void finish(struct shared *shared)
{
    struct world *world = shared->world;
    struct guest *guest = shared->guest;
    size_t mark = instance_log_lines(guest->kernel);
    uint64_t word;

    guest->api->sva_detach(shared->handle);
    EXPECT(world, reach(shared, BASE, false, true, &word) == DMA_FAULT, "the PASID works after its detach");
    guest_run(guest);
    EXPECT(world, instance_log_find(guest->kernel, "Event logged [", &mark), "the guest hears of no fault");
    virtual_stop(&shared->virtual);
}

static void sva(struct world *world)
{
    struct shared shared = {0};
    uint64_t doorbells;

    if (!begin(world, &shared))
        return;
    expect_page(&shared, BASE, false, shared.pages[0], "untranslated");
    expect_page(&shared, BASE, true, shared.pages[0], "by ATS");
    for (unsigned each = 0; each < REQUESTS && !world->failures; each++)
        each % 4 ? page_in(&shared, each) : refuse(&shared, each);
    for (unsigned round = 0; round < 20 && !world->failures; round++)
        change(&shared, round);
    EXPECT(world,
           shared.guest->api->sva_requests(shared.handle, 0) == REQUESTS - REQUESTS / 4 &&
               shared.guest->api->sva_requests(shared.handle, 1) == REQUESTS / 4,
           "the guest counts otherwise");
    EXPECT(world, !dma_pages_outstanding(world->gpu), "%u page requests have no answer",
           dma_pages_outstanding(world->gpu));
    EXPECT(world, dma_statistics(world->gpu).invalidations, "the device was not told of changes");
    doorbells = hv_vmm_exits(shared.guest->vmm, HV_EXIT_RING_TAIL);
    EXPECT(world, (shared.guest->mode == HV_VMM_HARDWARE) == !doorbells, "%" PRIu64 " doorbells trapped",
           doorbells);
    world_tell(world, "%u page requests through the guest's log; %" PRIu64 " doorbells trapped", REQUESTS,
               doorbells);
    finish(&shared);
}

/* The host takes a page away that the device has cached by ATS: its cache knows no table, so it is told. */
static void cached(struct world *world)
{
    struct shared shared = {0};
    uint64_t page, address = BASE + 16 * PAGE, word;
    struct guest *guest;

    if (!begin(world, &shared))
        return;
    guest = shared.guest;
    page = guest->api->page_alloc(LARGE_ORDER);
    tables_map(&shared.tables, address, page, PAGE, true);
    expect_page(&shared, address, true, page, "by ATS");
    EXPECT(world, host_space_unmap(guest->below, page, LARGE), "the host cannot unmap");
    EXPECT(world, reach(&shared, address, true, false, &word) != DMA_DONE,
           "the device's cache outlives the host's unmap");
    EXPECT(world, host_space_map(guest->below, page, guest->spa + page, LARGE), "the host cannot map");
    expect_page(&shared, address, true, page, "mapped again");
    guest->api->page_free(page, LARGE_ORDER);
    finish(&shared);
}

/* ------------------------------------------------------------------------------ the log overflows */

enum { AT_ONCE = 1024, A_GROUP = 4, LATER = 20 };

/* Groups of four, more than the guest's log holds until its driver gets its turn. What does not fit any more
 * is answered by the IOMMU itself (PprAutoRspEn), so that each group has its one answer [9.4]. */
static void flood(struct shared *shared, uint64_t codes[16])
{
    struct dma_page_response response;

    for (unsigned each = 0; each < AT_ONCE; each++) {
        struct dma_page_request request = {.address = BASE,
                                           .has_pasid = true,
                                           .pasid = PASID,
                                           .read = true,
                                           .last = each % A_GROUP == A_GROUP - 1,
                                           .group = (uint16_t)(each / A_GROUP)};

        dma_page_request_forced(shared->world->gpu, &request, NULL);
    }
    guest_run(shared->guest);
    while (dma_page_next_response(shared->world->gpu, &response)) {
        EXPECT(shared->world, response.expected, "group %u is answered twice", response.group);
        codes[response.code & 15]++;
    }
}

static void overflow(struct world *world)
{
    struct shared shared = {0};
    uint64_t codes[16] = {0}, by_guest;

    if (!begin(world, &shared))
        return;
    flood(&shared, codes);
    by_guest = shared.guest->api->sva_requests(shared.handle, 0);
    EXPECT(world, codes[0] == AT_ONCE / A_GROUP, "%" PRIu64 " groups of %d have their answer", codes[0],
           AT_ONCE / A_GROUP);
    EXPECT(world, by_guest && by_guest < codes[0], "%" PRIu64 " answers are the guest's", by_guest);
    for (unsigned each = 0; each < LATER && !world->failures; each++) {
        ask(&shared, BASE, AT_ONCE / A_GROUP + each);
        EXPECT(world, answer(&shared) == 0, "after the overflow a page that is there is refused");
    }
    EXPECT(world, shared.guest->api->sva_requests(shared.handle, 0) == by_guest + LATER,
           "after the overflow the guest does not answer");
    world_tell(world, "%d groups at once: the guest answered %" PRIu64 ", the IOMMU the others",
               AT_ONCE / A_GROUP, by_guest);
    finish(&shared);
}

static const struct virtual_setup host_hardware = {.host = &host_by_domain, .mode = HV_VMM_HARDWARE};
static const struct virtual_setup hardware = {.mode = HV_VMM_HARDWARE};
static const struct virtual_setup mediated = {.mode = HV_VMM_MEDIATED};
static const struct virtual_setup hardware_five = {.mode = HV_VMM_HARDWARE, .flags = KSHIM_LA57};
static const struct virtual_setup mediated_five = {.mode = HV_VMM_MEDIATED, .flags = KSHIM_LA57};

#define SVA(name_, what_, since_, run_, about_)                                                              \
    {                                                                                                        \
        .name = "guest/sva-" name_, .what = what_, .run = run_, .since = since_, .about = &(about_)          \
    }

/* Kernels before 7.x are built without five levels. */
const struct scenario guest_sva_scenarios[] = {
    SVA("hardware", "a PASID in a guest: DMA, ATS, page requests answered by the guest's ring",
        KSHIM_V(6, 12), sva, hardware),
    SVA("mediated", "the same, the ring run by the VMM", KSHIM_V(6, 12), sva, mediated),
    SVA("five-levels", "the same on hardware, with guest tables of five levels", KSHIM_V(7, 0), sva,
        hardware_five),
    SVA("five-levels-mediated", "the same, the ring run by the VMM", KSHIM_V(7, 0), sva, mediated_five),
    SVA("overflow-hardware", "the guest's page-request log overflows and is started again", KSHIM_V(6, 12),
        overflow, hardware),
    SVA("overflow-mediated", "the same, records carried by the VMM", KSHIM_V(6, 12), overflow, mediated),
    {.name = "guest/host-kernel/sva",
     .what = "a PASID in a guest on hardware, a kernel below",
     .run = sva,
     .since = KSHIM_V(6, 12),
     .about = &host_hardware},
    {.name = "guest/host-kernel/cached",
     .what = "the host unmaps what a device has cached by ATS under a PASID",
     .run = cached,
     .since = KSHIM_V(6, 12),
     .about = &host_hardware},
    {.name = NULL},
};
