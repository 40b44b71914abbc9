// SPDX-License-Identifier: GPL-2.0-only
/* What the driver owes after a fault and after a page request that nobody may send. */
#include "scenarios.h"

static void fault_gives_back(struct world *world)
{
    int before, after;

    if (!world_boot(world, &(struct world_setup){0}))
        return;
    instance_excuse(world->kernel, "Event logged [IO_PAGE_FAULT");
    before = world->api->device_references(WORLD_NIC);
    for (unsigned each = 0; each < 3; each++) {
        expect_refused(world, world->nic, 0x7000000 + each * 0x1000, "nothing mapped");
        world_run(world);
    }
    EXPECT_LOG(world, "Event logged [IO_PAGE_FAULT");
    after = world->api->device_references(WORLD_NIC);
    EXPECT(world, before == after, "%d references on the device before its faults, %d after", before, after);
}

/*
 * The IOMMU refuses a page request with a PASID and tells by an event only: the driver has to answer the
 * device once, with GN as in the request [7.3, 9.4]. With this key GN alone decides whether the answer
 * carries the PASID.
 */
static bool refused_request(struct world *world, struct dma_page_response *response, unsigned *answers)
{
    struct world_setup setup = {.keys = {"ppr.refused=event", "ppr.response_pasid=gn"}};
    struct dma_page_request request = {
        .address = 0x12345000, .has_pasid = true, .pasid = 5, .read = true, .last = true, .group = 7};
    struct amdvi_fault fault;

    if (!world_boot(world, &setup))
        return false;
    instance_excuse(world->kernel, "Event logged [INVALID_PPR_REQUEST");
    EXPECT(world, dma_page_request_forced(world->nic, &request, &fault) == DMA_PAGE_REFUSED,
           "the IOMMU takes a page request of a device that may not send any");
    world_run(world);
    EXPECT_LOG(world, "Event logged [INVALID_PPR_REQUEST");
    for (*answers = 0; dma_page_next_response(world->nic, response); ++*answers)
        EXPECT(world, response->group == request.group, "the response names group %u for %u", response->group,
               request.group);
    return true;
}

static void invalid_is_answered(struct world *world)
{
    struct dma_page_response response = {0};
    unsigned answers;

    if (!refused_request(world, &response, &answers))
        return;
    EXPECT(world, answers == 1, "%u responses to an invalid page request, 1 is due", answers);
    EXPECT(world, response.code, "the response says success");
}

static void invalid_keeps_gn(struct world *world)
{
    struct dma_page_response response = {0};
    unsigned answers;

    if (!refused_request(world, &response, &answers) || !answers)
        return;
    EXPECT(world, response.has_pasid && response.pasid == 5,
           "COMPLETE_PPR_REQUEST has GN=0 for a request with a PASID");
}

const struct scenario request_scenarios[] = {
    {.name = "requests/fault",
     .what = "handling a fault takes no reference on the device",
     .run = fault_gives_back},
    {.name = "requests/invalid",
     .what = "an invalid page request is answered once",
     .run = invalid_is_answered,
     .since = KSHIM_V(6, 12)},
    {.name = "requests/invalid-gn",
     .what = "GN of the answer is that of the request; wrong before 7.x, name it to see",
     .run = invalid_keeps_gn,
     .since = KSHIM_V(7, 0)},
    {.name = NULL},
};
