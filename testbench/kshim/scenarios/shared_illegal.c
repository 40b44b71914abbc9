// SPDX-License-Identifier: GPL-2.0-only
/* What devices with address spaces of processes do wrong: page requests that nobody may send, and
 * invalidations that are answered late, wrongly, never, or by a lie. */
#include "shared_space.h"

/* ------------------------------------------------------------------------------ page requests */

struct illegal {
    enum dma_page_mishap mishap;
    unsigned pages;    /* of a group */
    bool may_succeed;  /* what is wrong is none of the IOMMU's and the driver's business, or heals */
    bool never_answer; /* nobody is to be answered */
    bool twice;        /* the driver answers a request that does not fit at once, and the group, too */
};

enum { GROUPS = 100, LEGAL = 20 };

/* The enable bit of the device's PRI capability, past the driver: a device that does not look at it. */
static void switch_pri(struct world *world, bool on)
{
    enum { EXTENDED_PRI = 0x13, CONTROL = 4 };
    struct pcie_function *function = dma_device_function(world->gpu);
    uint16_t id = pcie_device_id(function);

    machine_cfg_write(world->machine, pcie_segment(function), (uint8_t)(id >> 8), (uint8_t)id,
                      pcie_extended(function, EXTENDED_PRI) + CONTROL, 2, on);
    EXPECT(world, pcie_pri_enabled(function) == on, "PRI cannot be switched in the device");
}

static void send_illegal(struct world *world, const struct illegal *kind, struct answers *answers)
{
    if (kind->mishap == DMA_PAGE_PRI_OFF)
        switch_pri(world, false);
    for (unsigned each = 0; each < GROUPS; each++) {
        struct dma_page_request request = request_for(0, each);

        dma_page_group(world->gpu, &request, kind->pages, kind->mishap, world_random(world));
        take_answers(world, answers);
    }
    if (kind->mishap == DMA_PAGE_PRI_OFF)
        switch_pri(world, true);
}

/* Legal requests are answered as ever, whatever came before. */
static void send_legal(struct world *world)
{
    struct answers answers = {.unexpected = 0};

    for (unsigned each = 0; each < LEGAL; each++) {
        struct dma_page_request request = request_for(0, GROUPS + each);

        EXPECT(world, dma_page_request_forced(world->gpu, &request, NULL) == DMA_PAGE_LOGGED, "not taken");
        take_answers(world, &answers);
    }
    EXPECT(world, answers.code[0] == LEGAL, "%" PRIu64 " legal requests of %d succeeded", answers.code[0],
           LEGAL);
}

static uint64_t total(const struct answers *answers)
{
    uint64_t sum = 0;

    for (unsigned each = 0; each < COUNT(answers->code); each++)
        sum += answers->code[each];
    return sum;
}

static void illegal_requests(struct world *world)
{
    const struct illegal *kind = world->scenario->about;
    struct answers answers = {.unexpected = 0};
    struct space space = {0};

    if (!space_begin(world, &space, "amd_iommu=pgtbl_v2"))
        return;
    instance_excuse(world->kernel, "Event logged [");
    instance_excuse(world->kernel, "page fault");
    if (kind->twice)
        world_await(world, AMDVI_LINT_PPR_ANSWER);
    send_illegal(world, kind, &answers);
    EXPECT(world, kind->may_succeed || !answers.code[0], "%" PRIu64 " illegal requests succeeded",
           answers.code[0]);
    EXPECT(world, !kind->never_answer == !!total(&answers), "%" PRIu64 " answers", total(&answers));
    EXPECT(world, kind->twice == !!answers.unexpected, "%" PRIu64 " groups were answered twice",
           answers.unexpected);
    world_tell(world, "%d groups: %" PRIu64 " succeeded, %" PRIu64 " otherwise answered, %" PRIu64 " twice",
               GROUPS, answers.code[0], total(&answers) - answers.code[0] - answers.unexpected,
               answers.unexpected);
    send_legal(world);
    space_end(world, &space);
}

static const struct illegal pasid_off = {.mishap = DMA_PAGE_PASID_OFF, .pages = 1};
static const struct illegal unknown_pasid = {.mishap = DMA_PAGE_UNKNOWN_PASID, .pages = 1};
static const struct illegal pri_off = {.mishap = DMA_PAGE_PRI_OFF, .pages = 1, .may_succeed = true};
static const struct illegal gn_mismatch = {
    .mishap = DMA_PAGE_GN_MISMATCH, .pages = 3, .may_succeed = true, .twice = true};
static const struct illegal no_last = {.mishap = DMA_PAGE_NO_LAST, .pages = 2, .never_answer = true};
static const struct illegal no_rights = {.mishap = DMA_PAGE_NO_RIGHTS, .pages = 1, .never_answer = true};

/* ------------------------------------------------------------------------------ invalidations */

struct atc {
    enum dma_invalidation how;
    bool answers; /* so the driver does not wait in vain */
    bool drops;   /* so nothing stale is used */
};

/* The driver prints that its wait ran out, and goes on; what the device has kept it goes on using. */
static void invalidations(struct world *world)
{
    const struct atc *kind = world->scenario->about;
    struct space space = {0};
    uint64_t word, old, again;

    if (!space_begin(world, &space, "amd_iommu=pgtbl_v2"))
        return;
    space_expect(world, true, space.page[0], "attached");
    if (!kind->answers) {
        instance_excuse(world->kernel, "Completion-Wait loop timed out");
        instance_excuse(world->kernel, "IOTLB_INV_TIMEOUT");
    }
    old = world_random(world);
    again = world_random(world);
    ram_set(machine_ram(world->machine), space.page[0], old);
    ram_set(machine_ram(world->machine), space.page[1], again);
    dma_set_invalidation(world->gpu, kind->how, 3000);
    space_change(world, &space, 1);
    world_pass(world, 1000000000);
    EXPECT(world, !kind->answers == logged_since(world, 0, "Completion-Wait loop timed out"),
           "the driver waits %s", kind->answers ? "in vain" : "for nothing");
    EXPECT(world, space_reach(world, BASE, true, &word) == DMA_DONE && word == (kind->drops ? again : old),
           "the device uses the page that it should not");
    dma_set_invalidation(world->gpu, DMA_INVALIDATE_NOW, 0);
    space_change(world, &space, 0);
    space_expect(world, true, space.page[0], "afterwards");
    space_expect(world, false, space.page[0], "afterwards");
    space_end(world, &space);
}

static const struct atc late = {DMA_INVALIDATE_LATE, true, true};
static const struct atc lost = {DMA_INVALIDATE_LOST, false, true};
static const struct atc never = {DMA_INVALIDATE_NEVER, false, false};
static const struct atc lie = {DMA_INVALIDATE_LIE, true, false};
static const struct atc wrong = {DMA_INVALIDATE_WRONG, false, true};

#define ILLEGAL(name_, what_, about_)                                                                        \
    {                                                                                                        \
        .name = "sva/illegal-" name_, .what = what_, .run = illegal_requests, .since = KSHIM_V(6, 12),       \
        .about = &(about_)                                                                                   \
    }
#define ATC(name_, what_, about_)                                                                            \
    {                                                                                                        \
        .name = "sva/atc-" name_, .what = what_, .run = invalidations, .since = KSHIM_V(6, 12),              \
        .about = &(about_)                                                                                   \
    }

const struct scenario shared_illegal_scenarios[] = {
    ILLEGAL("pasid-off", "page requests without the PASID", pasid_off),
    ILLEGAL("unknown-pasid", "page requests with a PASID that nobody has attached", unknown_pasid),
    ILLEGAL("pri-off", "page requests although PRI is off in the device", pri_off),
    ILLEGAL("gn-mismatch", "groups in which one request has no PASID: the driver answers it and the group",
            gn_mismatch),
    ILLEGAL("no-last", "groups without a last request: nobody answers", no_last),
    ILLEGAL("no-rights", "requests for neither reading nor writing: stop markers, nobody answers", no_rights),
    ATC("late", "the device answers an invalidation late", late),
    ATC("lost", "it drops what it has, and the answer gets lost", lost),
    ATC("never", "it neither drops nor answers", never),
    ATC("lie", "it answers and drops nothing", lie),
    ATC("wrong", "it answers with a tag that nobody sent", wrong),
    {.name = NULL},
};
