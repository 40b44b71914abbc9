// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of domains that belong to nobody's default: sizes, rights, moves of a device from one to another.
 */
#include "shadow.h"

/* Behind what the kernel has: memory that only devices see. */
enum { OWN = WORLD_KERNEL_BYTES };

/* ------------------------------------------------------------------------------ every size */

/* One mapping of this size, hit at both ends, with nothing on either side. */
static void try_size(struct world *world, void *domain, uint64_t bytes)
{
    uint64_t iova = bytes * 3, pa = bytes <= OWN ? OWN : 0;
    char what[40];

    snprintf(what, sizeof(what), "size %#" PRIx64, bytes);
    EXPECT(world, !world->api->map(domain, iova, pa, bytes, 3), "%s: the driver does not map it", what);
    EXPECT(world, world->api->iova_to_phys(domain, iova + bytes - 8) == pa + bytes - 8,
           "%s: the driver finds another address", what);
    if (pa == OWN)
        expect_reaches(world, world->nic, iova, pa, what);
    expect_table(world, world->nic, iova + bytes - 8, pa + bytes - 8, what);
    if (pa == OWN)
        expect_reaches(world, world->nic, iova + bytes - 8, pa + bytes - 8, what);
    expect_no_table(world, world->nic, iova - 8, what);
    expect_no_table(world, world->nic, iova + bytes, what);
    EXPECT(world, world->api->unmap(domain, iova, bytes) == bytes, "%s: not all of it is unmapped", what);
    expect_no_table(world, world->nic, iova + bytes - 8, what);
    expect_refused(world, world->nic, iova, what);
    world_run(world);
}

static void sizes(struct world *world)
{
    unsigned tried = 0;
    uint64_t offered;
    void *domain;

    if (!boot_plain(world, ""))
        return;
    instance_excuse(world->kernel, SAYS_FAULT);
    domain = world->api->domain_alloc(WORLD_NIC);
    EXPECT(world, domain && !world->api->attach(domain, WORLD_NIC), "a domain cannot be attached");
    if (world->failures)
        return;
    offered = world->api->page_sizes(domain);
    for (unsigned shift = 12; shift < 46; shift++)
        if (offered >> shift & 1) {
            try_size(world, domain, 1ull << shift);
            tried++;
        }
    EXPECT(world, offered & PAGE && tried > 2, "the domain offers sizes %#" PRIx64, offered);
    world_tell(world, "%u page sizes (%#" PRIx64 ")", tried, offered);
    world->api->detach(domain, WORLD_NIC);
    world->api->domain_free(domain);
}

/* ------------------------------------------------------------------------------ rights */

static void rights(struct world *world)
{
    void *domain;

    if (!boot_plain(world, ""))
        return;
    instance_excuse(world->kernel, SAYS_FAULT);
    domain = world->api->domain_alloc(WORLD_NIC);
    EXPECT(world, domain && !world->api->attach(domain, WORLD_NIC), "a domain cannot be attached");
    for (int prot = 1; prot <= 3 && !world->failures; prot++) {
        uint64_t iova = 0x100000ull * (unsigned)prot;

        world->api->map(domain, iova, OWN, PAGE, prot);
        EXPECT(world, try_read(world->nic, iova) == (prot & 1 ? DMA_DONE : DMA_FAULT), "prot %d: read", prot);
        EXPECT(world, try_write(world->nic, iova) == (prot & 2 ? DMA_DONE : DMA_FAULT), "prot %d: write",
               prot);
        world_run(world);
        world->api->unmap(domain, iova, PAGE);
    }
    world->api->detach(domain, WORLD_NIC);
    world->api->domain_free(domain);
}

/* ------------------------------------------------------------------------------ from domain to domain */

static void move(struct world *world)
{
    void *domains[2];

    if (!boot_plain(world, ""))
        return;
    for (unsigned each = 0; each < 2; each++) {
        domains[each] = world->api->domain_alloc(WORLD_NIC);
        world->api->map(domains[each], 0x100000, OWN + each * PAGE, PAGE, 3);
    }
    for (unsigned round = 0; round < 20; round++) {
        unsigned each = round % 2;

        EXPECT(world, !world->api->attach(domains[each], WORLD_NIC), "the device cannot move");
        expect_reaches(world, world->nic, 0x100000, OWN + each * PAGE, "after a move");
        world->api->detach(domains[each], WORLD_NIC);
    }
    expect_fault_told(world, world->nic, 0x100000, "back in the default domain");
    for (unsigned each = 0; each < 2; each++)
        world->api->domain_free(domains[each]);
}

/* ------------------------------------------------------------------------------ at random */

enum { ARENAS = 96, DOMAINS = 2 };
#define ARENA (4ull << 30)

struct domains {
    void *domain[DOMAINS];
    struct shadow_range range[DOMAINS][ARENAS];
    struct dma_device *device[2];
    const char *name[2];
    unsigned at[2]; /* in which domain a device is */
    struct shadow_counts counts;
};

static void choose(struct world *world, struct shadow_range *range, unsigned arena)
{
    static const unsigned char shifts[] = {12, 12, 12, 12, 13, 14, 16, 20, 21, 21, 22, 25, 30};
    uint64_t unit = 1ull << shifts[below(world, COUNT(shifts))], prot = 1 + below(world, 3);

    range->bytes = unit * (unit < MIB ? 1 + below(world, 5) : 1);
    range->iova = ARENA * (arena + 1) + unit * below(world, 3);
    range->pa = unit < OWN ? OWN + unit * below(world, (OWN - range->bytes) / unit + 1) : 0;
    range->readable = prot & 1;
    range->writable = prot & 2;
}

static void toggle(struct world *world, struct domains *own)
{
    unsigned which = (unsigned)below(world, DOMAINS), arena = (unsigned)below(world, ARENAS);
    struct shadow_range *range = &own->range[which][arena];

    if (range->mapped) {
        EXPECT(world, world->api->unmap(own->domain[which], range->iova, range->bytes) == range->bytes,
               "%#" PRIx64 " bytes at %#" PRIx64 " are not unmapped", range->bytes, range->iova);
        world_unmapped(world);
        own->counts.unmaps++;
    } else {
        choose(world, range, arena);
        EXPECT(world,
               !world->api->map(own->domain[which], range->iova, range->pa, range->bytes,
                                range->readable + 2 * range->writable),
               "%#" PRIx64 " bytes at %#" PRIx64 " are not mapped", range->bytes, range->iova);
        own->counts.maps++;
    }
    range->mapped = !range->mapped;
    for (unsigned each = 0; each < 2; each++)
        if (own->at[each] == which)
            shadow_try(world, own->device[each], range, &own->counts);
}

static void change_domain(struct world *world, struct domains *own)
{
    unsigned each = (unsigned)below(world, 2);

    world->api->detach(own->domain[own->at[each]], own->name[each]);
    own->at[each] = !own->at[each];
    EXPECT(world, !world->api->attach(own->domain[own->at[each]], own->name[each]), "a device cannot move");
    own->counts.switches++;
}

static void step(struct world *world, struct domains *own)
{
    uint64_t choice = below(world, 1000);
    unsigned each = (unsigned)below(world, 2);

    if (choice < 2)
        change_domain(world, own);
    else if (choice < 300)
        toggle(world, own);
    else
        shadow_try(world, own->device[each], &own->range[own->at[each]][below(world, ARENAS)], &own->counts);
}

static void take_all_back(struct world *world, struct domains *own)
{
    for (unsigned which = 0; which < DOMAINS; which++)
        for (unsigned arena = 0; arena < ARENAS; arena++)
            if (own->range[which][arena].mapped)
                world->api->unmap(own->domain[which], own->range[which][arena].iova,
                                  own->range[which][arena].bytes);
    for (unsigned each = 0; each < 2; each++)
        world->api->detach(own->domain[own->at[each]], own->name[each]);
    for (unsigned which = 0; which < DOMAINS; which++)
        world->api->domain_free(own->domain[which]);
}

static bool start(struct world *world, struct domains *own)
{
    own->device[0] = world->nic;
    own->device[1] = world->usb;
    own->name[0] = WORLD_NIC;
    own->name[1] = WORLD_USB;
    for (unsigned which = 0; which < DOMAINS; which++) {
        own->domain[which] = world->api->domain_alloc(WORLD_NIC);
        for (unsigned arena = 0; arena < ARENAS; arena++)
            choose(world, &own->range[which][arena], arena);
    }
    for (unsigned each = 0; each < 2; each++)
        EXPECT(world, own->domain[each] && !world->api->attach(own->domain[each], own->name[each]),
               "%s cannot be attached", own->name[each]);
    own->at[1] = 1;
    return !world->failures;
}

static void domains_at_random(struct world *world)
{
    static struct domains own;
    const struct world_setup *setup = world->scenario->about;
    uint64_t steps = world->options->steps ? world->options->steps : 20000;

    if (!world_boot(world, setup))
        return;
    instance_excuse(world->kernel, SAYS_FAULT);
    /* of a record that the handler takes while its device is between two domains */
    instance_excuse(world->kernel, "Device not attached to domain properly");
    instance_excuse(world->kernel, "  device=0000:");
    for (uint64_t done = start(world, &own) ? 0 : steps; done < steps && world->failures < 20; done++) {
        step(world, &own);
        if (done % 16 == 0)
            world_run(world);
    }
    take_all_back(world, &own);
    shadow_tell(world, &own.counts);
}

#define RANDOM(name_, what_, ...)                                                                            \
    {                                                                                                        \
        .name = "mapping/random" name_,                                                                      \
        .what = "random map, unmap, DMA and moves of two devices in two domains" what_,                      \
        .run = domains_at_random, .about = &(const struct world_setup)                                       \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

const struct scenario mapping_scenarios[] = {
    {.name = "mapping/sizes", .what = "every page size that a domain offers, from end to end", .run = sizes},
    {.name = "mapping/rights", .what = "read-only, write-only, both", .run = rights},
    {.name = "mapping/move",
     .what = "a device moves between domains that map one address differently",
     .run = move},
    RANDOM("", "", .preset = "genoa"),
    RANDOM("-tiny-caches", ", caches of two lines",
           .keys = {"ptc.log2_entries=1", "ptc.ways=1", "pdc.log2_entries=1", "pdc.ways=1",
                    "dtc.log2_entries=0", "dtc.ways=1"}),
    RANDOM("-no-caches", ", without caches", .keys = {"caches=off"}),
    RANDOM("-late", ", commands executed when time passes", .late = true),
    RANDOM("-milan", ", preset milan", .preset = "milan"),
    {.name = NULL},
};
