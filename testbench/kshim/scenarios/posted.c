// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts posted to guests (AVIC): entries in guest mode, the backing page, the GA log. */
#include "scenarios.h"

/* IRR of a backing page: 32 bits of each 16 bytes. */
enum { IRR = 0x200, TAG = 0x01020304, VECTOR = 0x61, GA_RECORDS = 512 };

static bool is_requested(struct world *world, uint64_t page, unsigned vector)
{
    const uint32_t *irr = ram_at(machine_ram(world->machine), page + IRR + vector / 32 * 16, 4);

    return *irr >> vector % 32 & 1;
}

/* Only devices in a domain of a user's own may post. */
static bool begin(struct world *world, uint64_t *page)
{
    void *domain;

    if (!world_boot(world, &(struct world_setup){.preset = "milan", .command_line = "amd_iommu_intr=vapic"}))
        return false;
    *page = world->api->page_alloc(0);
    domain = world->own = world->api->domain_alloc(WORLD_GPU);
    EXPECT(world, domain && !world->api->attach(domain, WORLD_GPU), "a domain cannot be attached");
    EXPECT(world, world->api->irq_request(WORLD_GPU, 4, 1) == 4, "no interrupts");
    EXPECT(world, !world->api->avic_start(WORLD_GPU, 1, *page, TAG, VECTOR, -1), "guest mode is refused");
    return !world->failures;
}

static void end(struct world *world, uint64_t page)
{
    EXPECT(world, !world->api->avic_stop(WORLD_GPU, 1), "guest mode cannot be left");
    use_dma(world, WORLD_NIC, world->nic);
    dma_interrupt(world->gpu, 1);
    world_run(world);
    EXPECT(world, world->api->irq_count(WORLD_GPU, 1) == 1, "the host's interrupt arrived %llu times",
           world->api->irq_count(WORLD_GPU, 1));
    world->api->irq_release(WORLD_GPU);
    world->api->detach(world->own, WORLD_GPU);
    world->api->domain_free(world->own);
    world->api->page_free(page, 0);
}

static void post(struct world *world)
{
    kshim_u32 tag = 0;
    kshim_u64 told;
    uint64_t page;

    if (!begin(world, &page))
        return;
    told = world->api->avic_notified(&tag);
    dma_interrupt(world->gpu, 1);
    world_run(world);
    EXPECT(world, is_requested(world, page, VECTOR), "the guest's vector is not requested");
    EXPECT(world, world->api->avic_notified(&tag) == told + 1 && tag == TAG,
           "the notifier was told tag %#x, %llu times", tag, world->api->avic_notified(&tag) - told);
    EXPECT(world, !world->api->irq_count(WORLD_GPU, 1), "the host got the guest's interrupt");
    dma_interrupt(world->gpu, 0);
    world_run(world);
    EXPECT(world, world->api->irq_count(WORLD_GPU, 0) == 1, "the neighbour's interrupt is lost");
    end(world, page);
}

/* Records until the log is full, before the driver's thread gets its turn. */
static void overflow(struct world *world)
{
    kshim_u32 tag = 0;
    kshim_u64 told;
    uint64_t page;

    if (!begin(world, &page))
        return;
    told = world->api->avic_notified(&tag);
    for (unsigned each = 0; each < GA_RECORDS + 50; each++) {
        memset(ram_at(machine_ram(world->machine), page, PAGE), 0, PAGE);
        dma_interrupt(world->gpu, 1);
    }
    world_run(world);
    EXPECT(world, world->api->avic_notified(&tag) - told >= GA_RECORDS - 2, "%llu records were told",
           world->api->avic_notified(&tag) - told);
    memset(ram_at(machine_ram(world->machine), page, PAGE), 0, PAGE);
    told = world->api->avic_notified(&tag);
    dma_interrupt(world->gpu, 1);
    world_run(world);
    EXPECT(world, world->api->avic_notified(&tag) == told + 1, "the log does not run again");
    end(world, page);
}

const struct scenario posted_scenarios[] = {
    {.name = "posted/avic", .what = "guest mode, IRR, GA log, notifier", .run = post},
    {.name = "posted/overflow", .what = "the GA log overflows and is started again", .run = overflow},
    {.name = NULL},
};
