// SPDX-License-Identifier: GPL-2.0-only
#include "guest_steps.h"

#define DEVICE GUEST_NIC

static uint64_t any(struct steps *steps)
{
    uint64_t mix = steps->random += 0x9e3779b97f4a7c15u;

    mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9u;
    mix = (mix ^ mix >> 27) * 0x94d049bb133111ebu;
    return mix ^ mix >> 31;
}

static void see(struct steps *steps, uint64_t value)
{
    steps->digest = (steps->digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    steps->digest ^= steps->digest >> 29;
}

static void map_one(struct steps *steps)
{
    struct steps_mapping *mapping = &steps->live[steps->count];

    mapping->page = steps->guest->api->page_alloc(0);
    mapping->iova = steps->guest->api->dma_map(DEVICE, mapping->page, PAGE, 0);
    EXPECT(steps->world, mapping->page && mapping->iova != NO_IOVA, "the guest cannot map a page");
    see(steps, mapping->iova);
    steps->count++;
    steps->maps++;
}

static void unmap_one(struct steps *steps, unsigned at)
{
    struct steps_mapping mapping = steps->live[at];
    uint64_t pattern = 0;
    enum dma_outcome outcome;

    steps->guest->api->dma_unmap(DEVICE, mapping.iova, PAGE, 0);
    steps->live[at] = steps->live[--steps->count];
    steps->unmaps++;
    if (any(steps) % 8 == 0) { /* what is gone is gone, at once */
        outcome = guest_write(steps->guest, 0, mapping.iova, &pattern, 8);
        EXPECT(steps->world, outcome == DMA_FAULT, "%#" PRIx64 " is reached after its unmap", mapping.iova);
        see(steps, outcome);
        steps->faults++;
        guest_run(steps->guest);
    }
    steps->guest->api->page_free(mapping.page, 0);
}

static void access_one(struct steps *steps, unsigned at)
{
    struct steps_mapping *mapping = &steps->live[at];
    uint64_t offset = any(steps) % (PAGE / 8) * 8, pattern = any(steps);
    enum dma_outcome outcome = guest_write(steps->guest, 0, mapping->iova + offset, &pattern, 8);

    EXPECT(steps->world, outcome == DMA_DONE && guest_word(steps->guest, mapping->page + offset) == pattern,
           "a write to %#" PRIx64 " gives outcome %d", mapping->iova + offset, outcome);
    see(steps, outcome);
    steps->accesses++;
}

void steps_start(struct steps *steps, struct world *world, struct guest *guest, uint64_t seed)
{
    *steps = (struct steps){.world = world, .guest = guest, .random = seed};
}

void steps_one(struct steps *steps)
{
    uint64_t choice = any(steps);
    unsigned at = steps->count ? (unsigned)(choice >> 32) % steps->count : 0;

    if (!steps->count || (choice % 4 == 0 && steps->count < STEPS_LIVE))
        map_one(steps);
    else if (choice % 4 == 1)
        unmap_one(steps, at);
    else
        access_one(steps, at);
}

void steps_end(struct steps *steps)
{
    uint64_t faults;

    guest_run(steps->guest);
    faults = instance_log_count(steps->guest->kernel, SAYS_FAULT);
    EXPECT(steps->world, faults == steps->faults, "guest %u has seen %" PRIu64 " of %" PRIu64 " faults",
           steps->guest->number, faults, steps->faults);
}

/* ------------------------------------------------------------------------------ one guest, and its figures
 */

static void tell(struct world *world, const struct virtual *virtual, const struct steps *steps)
{
    const struct guest_cost *cost = &steps->guest->cost;
    const char *mode = virtual->setup.mode == HV_VMM_HARDWARE ? "hardware" : "mediated";
    uint64_t exits = 0;

    for (int cause = 0; cause < HV_EXITS; cause++)
        exits += hv_vmm_exits(steps->guest->vmm, (enum hv_exit)cause);
    world_tell(world,
               "%s: %" PRIu64 " maps, %" PRIu64 " unmaps, %" PRIu64 " accesses, %" PRIu64
               " faults, digest %016" PRIx64,
               mode, steps->maps, steps->unmaps, steps->accesses, steps->faults, steps->digest);
    for (int cause = 0; cause < HV_EXITS; cause++)
        if (hv_vmm_exits(steps->guest->vmm, (enum hv_exit)cause))
            world_tell(world, "%s: %s: %" PRIu64, mode, hv_exit_text((enum hv_exit)cause),
                       hv_vmm_exits(steps->guest->vmm, (enum hv_exit)cause));
    world_tell(world, "%s: exits: %" PRIu64, mode, exits);
    world_tell(world, "%s: guest's commands: %" PRIu64, mode, cost->commands);
    world_tell(world, "%s: IOMMU's commands: %" PRIu64, mode, cost->ran);
    world_tell(world, "%s: flushes: %" PRIu64, mode, cost->flushes);
    world_tell(world, "%s: mean latency: %.2f", mode,
               cost->flushes ? (double)cost->taken / (double)cost->flushes : 0);
    world_tell(world, "%s: longest latency: %" PRIu64, mode, cost->longest);
}

/* Faults of a guest on hardware are the guest's business alone. */
static void look_at_host(struct world *world, const struct virtual *virtual, const struct steps *steps)
{
    uint64_t told = instance_log_count(world->kernel, SAYS_FAULT);
    uint64_t wanted = virtual->setup.mode == HV_VMM_MEDIATED ? steps->faults : 0;

    EXPECT(world, told == wanted, "the host's kernel tells %" PRIu64 " faults, not %" PRIu64, told, wanted);
}

struct steps steps_run(struct world *world, const struct virtual_setup *setup, uint64_t count)
{
    struct steps steps = {.digest = 0};
    struct virtual virtual;
    struct guest *guest = virtual_boot(world, &virtual, setup);

    if (!guest)
        return steps;
    steps_start(&steps, world, guest, world->options->seed);
    for (uint64_t each = 0; each < count && world->failures < 5; each++)
        steps_one(&steps);
    steps_end(&steps);
    if (setup->host)
        look_at_host(world, &virtual, &steps);
    tell(world, &virtual, &steps);
    virtual_stop(&virtual);
    return steps;
}

void steps_compare(struct world *world, const struct virtual_setup *setup, uint64_t count)
{
    struct virtual_setup each = *setup;
    struct steps hardware, mediated;

    each.mode = HV_VMM_HARDWARE;
    hardware = steps_run(world, &each, count);
    each.mode = HV_VMM_MEDIATED;
    mediated = steps_run(world, &each, count);
    EXPECT(world, hardware.maps && hardware.digest == mediated.digest,
           "the guest has seen one thing on hardware and another one mediated");
}
