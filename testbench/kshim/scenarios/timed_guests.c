// SPDX-License-Identifier: GPL-2.0-only
/* The same calls in a guest, whose ring the IOMMU or a VMM executes, and the flush of a parent with many
 * nested domains, which takes a command for each. */
#include "nest.h"
#include "timed.h"
#include "virtual.h"

/* ------------------------------------------------------------------------------ a guest's flush */

enum { ROUNDS = 400 };

struct pair {
    struct samples map, unmap;
    uint64_t ran; /* commands of unmaps, from whatever ring */
};

static void one_pair(struct world *world, struct guest *guest, uint64_t page, struct pair *pair)
{
    struct timed_call call;
    uint64_t iova, word = 1, before;

    timed_begin(world, &call);
    iova = guest->api->dma_map(GUEST_NIC, page, PAGE, 0);
    timed_end(world, &call, &pair->map);
    EXPECT(world, iova != NO_IOVA && guest_write(guest, 0, iova, &word, 8) == DMA_DONE,
           "the guest's page is not reached");
    before = guest->cost.ran;
    timed_begin(world, &call);
    guest->api->dma_unmap(GUEST_NIC, iova, PAGE, 0);
    timed_end(world, &call, &pair->unmap);
    pair->ran += guest->cost.ran - before;
}

static struct pair *run_pairs(struct world *world, enum hv_vmm_mode mode, const char *name, struct pair *pair)
{
    const struct virtual_setup setup = {.host = &host_by_domain, .mode = mode, .timed = true};
    struct virtual virtual;
    struct guest *guest = virtual_boot(world, &virtual, &setup);
    char what[64];
    uint64_t page;

    if (!guest)
        return NULL;
    page = guest->api->page_alloc(0);
    for (unsigned round = 0; round < ROUNDS && !world->failures; round++)
        one_pair(world, guest, page, pair);
    pair->unmap.commands = pair->ran;
    snprintf(what, sizeof(what), "guest, %s: map 4 KiB", name);
    timed_tell(world, what, &pair->map);
    snprintf(what, sizeof(what), "guest, %s: unmap 4 KiB", name);
    timed_tell(world, what, &pair->unmap);
    guest->api->page_free(page, 0);
    virtual_stop(&virtual);
    return pair;
}

/* Who executes the guest's ring in software takes its exits, and waits for the host's flush on top. */
static void guests(struct world *world)
{
    static struct pair hardware, mediated;

    timed_heading(world);
    if (!run_pairs(world, HV_VMM_HARDWARE, "hardware", &hardware) ||
        !run_pairs(world, HV_VMM_MEDIATED, "mediated", &mediated))
        return;
    EXPECT(world, samples_percentile(&hardware.unmap, 500000) < samples_percentile(&mediated.unmap, 500000),
           "a flush that a VMM executes is the faster one");
}

/* ------------------------------------------------------------------------------ a parent of nested domains
 */

enum { MOST_DOMAINS = 64, GVA_PAGE = 0x10000, BLOCK = 2 << 20 };

struct last_command {
    struct world *world;
    uint64_t at; /* ps */
};

static void command(void *context, const struct amdvi_command_info *info)
{
    struct last_command *last = context;

    (void)info;
    last->at = way_timed_now(&last->world->timing, 0);
}

/* Nobody waits for these in 7.3, so the end is that of the last command. */
static void one_unmap(struct world *world, struct nest *nest, uint64_t iova, const struct last_command *last,
                      struct samples *samples)
{
    struct timed_call call;

    timed_begin(world, &call);
    user_unmap(world, &nest->session, iova, BLOCK);
    world_pass(world, 1000000);
    samples_add(samples, last->at / 1000 - call.since);
    samples->commands += world->report->commands - call.commands;
}

static void nested_unmaps(struct world *world, struct nest *nest, unsigned domains, struct samples *samples)
{
    struct last_command last = {.world = world};
    struct amdvi_observer observer = {.context = &last, .command = command};
    struct amdvi_observation *observation = NULL;
    char what[64];

    amdvi_observer_attach(machine_iommu(world->machine, 0), &observer, &observation);
    for (unsigned round = 0; round < 8; round++) {
        uint64_t iova = IOVA + (8 + (uint64_t)round) * BLOCK;

        user_map(world, &nest->session, iova, nest->session.pa, BLOCK);
        one_unmap(world, nest, iova, &last, samples);
    }
    amdvi_observer_detach(observation);
    snprintf(what, sizeof(what), "parent of %u nested domains: unmap 2 MiB, to its last command", domains);
    timed_tell(world, what, samples);
}

static void nested(struct world *world)
{
    static const unsigned steps[] = {1, 4, 16, MOST_DOMAINS};
    static struct samples samples[COUNT(steps)];
    struct nest nest = {0};
    struct nest_entry entry = {.giov = true};
    uint32_t tables[MOST_DOMAINS];
    unsigned made = 0;

    if (!nest_begin(world, &nest, WORLD_NIC, &(struct world_setup){.timed = true}))
        return;
    entry.gcr3 = nest_gcr3(&nest, GVA_PAGE, IOVA + MIB);
    timed_heading(world);
    for (size_t each = 0; each < COUNT(steps); each++) {
        for (; made < steps[each]; made++) {
            entry.domain = (uint16_t)(made + 1);
            tables[made] = nest_table(world, &nest, &entry);
        }
        nested_unmaps(world, &nest, made, &samples[each]);
    }
    EXPECT(world, samples[3].commands - samples[0].commands == 8ull * (MOST_DOMAINS - 1),
           "a nested domain more is not a command more");
    while (made > 0)
        user_destroy(world, &nest.session, tables[--made], "a nested table's end");
    world->api->fd_detach(nest.session.bound);
    nest_end(world, &nest, world->nic);
}

const struct scenario timed_guest_scenarios[] = {
    {.name = "time/guest",
     .what = "a guest's map and unmap under time, hardware and mediated",
     .run = guests},
    {.name = "time/nested",
     .what = "an unmap under nested domains: a command for each",
     .run = nested,
     .since = KSHIM_V(7, 0)},
    {.name = NULL},
};
