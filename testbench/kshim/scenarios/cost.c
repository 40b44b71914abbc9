// SPDX-License-Identifier: GPL-2.0-only
/* What a pair of map and unmap costs the host's processor: driver, glue and model together. Figures, no
 * verdict. */
#include "scenarios.h"

#include <time.h>

enum { PAIRS = 20000, TAKEN = 8, RECORD = 16 };

/* The commands that a pair took. */
struct taken {
    uint64_t words[TAKEN][2];
    unsigned count;
};

static double seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void dma_pairs(struct world *world, uint64_t page)
{
    double start = seconds();

    for (unsigned each = 0; each < PAIRS; each++) {
        uint64_t iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);

        EXPECT(world, iova != UINT64_MAX, "the DMA API refuses a page");
        world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    }
    world_tell(world, "DMA API: %.2f us a pair with its flush", (seconds() - start) * 1e6 / PAIRS);
}

static void domain_pairs(struct world *world, uint64_t page)
{
    void *domain = world->api->domain_alloc(WORLD_USB);
    double start;

    EXPECT(world, domain && !world->api->attach(domain, WORLD_USB), "a domain cannot be attached");
    if (!domain)
        return;
    start = seconds();
    for (unsigned each = 0; each < PAIRS; each++) {
        uint64_t iova = 0x40000000 + (uint64_t)each * PAGE;

        EXPECT(world, !world->api->map(domain, iova, page, PAGE, 3), "a page cannot be mapped");
        EXPECT(world, world->api->unmap(domain, iova, PAGE) == PAGE, "a page cannot be unmapped");
    }
    world_tell(world, "domain: %.2f us a pair with its flush", (seconds() - start) * 1e6 / PAIRS);
    world->api->detach(domain, WORLD_USB);
    world->api->domain_free(domain);
}

/* ------------------------------------------------------------------------------ without the kernel */

static void take(void *context, const struct amdvi_command_info *info)
{
    struct taken *taken = context;

    if (taken->count < TAKEN)
        memcpy(taken->words[taken->count++], info->words, RECORD);
}

static void take_one_pair(struct world *world, uint64_t page, struct taken *taken)
{
    struct amdvi_observer observer = {.context = taken, .command = take};
    struct amdvi_observation *observation = NULL;
    uint64_t iova;

    EXPECT(world, amdvi_observer_attach(iommu_of(world, world->nic), &observer, &observation) == AMDVI_OK,
           "nobody can look on");
    iova = world->api->dma_map(WORLD_NIC, page, PAGE, 0);
    world->api->dma_unmap(WORLD_NIC, iova, PAGE, 0);
    amdvi_observer_detach(observation);
}

/* Of the IOMMU's registers, as its capability says [1.2]. */
static uint64_t registers_of(struct amdvi_device *iommu)
{
    uint64_t where = 0, low = 0, high = 0;

    amdvi_pci_read(iommu, 0x34, 1, &where);
    amdvi_pci_read(iommu, (unsigned)where + 4, 4, &low);
    amdvi_pci_read(iommu, (unsigned)where + 8, 4, &high);
    return high << 32 | (low & ~(uint64_t)(PAGE - 1));
}

/* The same commands once more, in the driver's ring, each with its doorbell. Their number is a multiple of
 * what the ring holds, so that the driver finds it as it was. */
static void model_alone(struct world *world, const struct taken *taken)
{
    struct amdvi_device *iommu = iommu_of(world, world->nic);
    uint64_t base = register_of(iommu, REG_CMD_BASE_OFFSET), tail = register_of(iommu, REG_CMD_TAIL_OFFSET);
    uint64_t ring = reg_cmd_base_base(base), entries = 1ull << reg_cmd_base_len(base);
    uint64_t rounds = 2 * PAIRS / entries * entries, door = registers_of(iommu) + REG_CMD_TAIL_OFFSET;
    double start;

    start = seconds();
    for (uint64_t each = 0; each < rounds; each++) {
        const uint64_t *words = taken->words[each % taken->count];

        ram_set(machine_ram(world->machine), ring + tail, words[0]);
        ram_set(machine_ram(world->machine), ring + tail + 8, words[1]);
        tail = (tail + RECORD) % (entries * RECORD);
        machine_mmio_write(world->machine, door, tail, 4);
    }
    world_tell(world, "model alone: %.2f us for the %u commands of a pair",
               (seconds() - start) * 1e6 / (double)rounds * taken->count, taken->count);
}

static void pairs(struct world *world)
{
    struct taken taken = {.count = 0};
    uint64_t page;

    if (!world_boot(world, &(struct world_setup){0}))
        return;
    page = world->api->page_alloc(0);
    dma_pairs(world, page);
    domain_pairs(world, page);
    take_one_pair(world, page, &taken);
    EXPECT(world, taken.count, "a pair takes no command");
    if (world->options->no_lint && taken.count) /* numbers of waits that come again are a driver's mistake */
        model_alone(world, &taken);
    world->api->page_free(page, 0);
}

const struct scenario cost_scenarios[] = {
    {.name = "cost/pair",
     .what = "processor time of map, unmap and flush; with --no-lint also of the model alone",
     .run = pairs},
    {.name = NULL},
};
