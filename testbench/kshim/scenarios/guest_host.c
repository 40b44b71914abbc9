// SPDX-License-Identifier: GPL-2.0-only
/* A guest whose memory a kernel of the host's takes away and gives back, and whose stage 2 grows. */
#include "guest_files.h"
#include "guest_steps.h"

enum { LARGE_ORDER = 9, ROUNDS = 20, FLOODS = 3, FAULTS = 9000 /* more than any version's log holds */ };
#define LARGE    (2 * MIB)
#define FAR_AWAY (1ull << 40) /* beyond what three levels reach */
#define UNUSED   0x20000000ull

/* ------------------------------------------------------------------------------ unmapped by the host */

/* A large page of the guest's that its device reaches, and another place for it in the host. */
struct moving {
    struct world *world;
    struct guest *guest;
    uint64_t gpa, iova, elsewhere;
};

static bool moving_start(struct moving *moving, struct world *world, struct guest *guest)
{
    *moving = (struct moving){.world = world,
                              .guest = guest,
                              .gpa = guest->api->page_alloc(LARGE_ORDER),
                              .elsewhere = world->api->page_alloc(LARGE_ORDER)};
    moving->iova = guest->api->dma_map(GUEST_NIC, moving->gpa, LARGE, 0);
    EXPECT(world, moving->gpa && moving->elsewhere && moving->iova != NO_IOVA, "there are no large pages");
    return !world->failures;
}

/* A write of the guest's device, and where it arrived. */
static void write_to(struct moving *moving, uint64_t spa, const char *when)
{
    uint64_t offset = world_random(moving->world) % (LARGE / 8) * 8, pattern = world_random(moving->world);
    enum dma_outcome outcome = guest_write(moving->guest, 0, moving->iova + offset, &pattern, 8);
    struct ram *ram = machine_ram(moving->world->machine);

    EXPECT(moving->world, outcome == DMA_DONE && ram_get(ram, spa + offset) == pattern,
           "%s: a write gives outcome %d or arrives elsewhere", when, outcome);
}

static enum dma_outcome try_again(struct moving *moving)
{
    uint64_t word = 0;
    enum dma_outcome outcome = guest_write(moving->guest, 0, moving->iova, &word, sizeof(word));

    guest_run(moving->guest);
    return outcome;
}

/* When it has returned, the lint has seen it, and lets nothing of it be used any more. */
static void take_away(struct moving *moving)
{
    EXPECT(moving->world, host_space_unmap(moving->guest->below, moving->gpa, LARGE),
           "the host cannot unmap");
    if (moving->world->lint[0])
        amdvi_lint_scan(moving->world->lint[0]);
    world_unmapped(moving->world);
}

/* Each translation is cached when the host takes it away. */
static void move_once(struct moving *moving)
{
    struct host_space *space = moving->guest->below;
    uint64_t home = moving->guest->spa + moving->gpa;

    write_to(moving, home, "at home");
    take_away(moving);
    EXPECT(moving->world, try_again(moving) == DMA_FAULT, "what the host has unmapped is reached");
    EXPECT(moving->world, host_space_map(space, moving->gpa, moving->elsewhere, LARGE),
           "the host cannot map");
    write_to(moving, moving->elsewhere, "moved");
    take_away(moving);
    EXPECT(moving->world, host_space_map(space, moving->gpa, home, LARGE), "the host cannot map");
}

static void moving_end(struct moving *moving)
{
    moving->guest->api->dma_unmap(GUEST_NIC, moving->iova, LARGE, 0);
    moving->guest->api->page_free(moving->gpa, LARGE_ORDER);
    moving->world->api->page_free(moving->elsewhere, LARGE_ORDER);
}

static void unmapped(struct world *world)
{
    struct virtual virtual;
    struct guest *guest = virtual_boot(world, &virtual, world->scenario->about);
    struct moving moving;

    if (!guest || !moving_start(&moving, world, guest))
        return;
    for (unsigned round = 0; round < ROUNDS && !world->failures; round++)
        move_once(&moving);
    EXPECT(world, guest->below->flushes == 2 * ROUNDS, "the host told of %" PRIu64 " unmaps",
           guest->below->flushes);
    moving_end(&moving);
    virtual_stop(&virtual);
}

/* The other way round: nobody tells the hypervisor, and the kernel's own flush does not reach what is nested.
 * The lint has to name it. */
static void untold(struct world *world)
{
    struct virtual virtual;
    struct guest *guest = virtual_boot(world, &virtual, world->scenario->about);
    struct hv_stage2 *stage2;
    struct moving moving;

    if (!guest || !moving_start(&moving, world, guest))
        return;
    stage2 = guest->below->stage2;
    write_to(&moving, guest->spa + moving.gpa, "at home");
    host_space_follow(guest->below, NULL);
    world_await(world, AMDVI_LINT_STALE_ENTRY);
    take_away(&moving);
    EXPECT(world, try_again(&moving) == DMA_DONE, "the kernel's own flush reaches nested translations");
    host_space_follow(guest->below, stage2);
    hv_stage2_changed(stage2, 0, 0);
    EXPECT(world, try_again(&moving) == DMA_FAULT, "what the host has unmapped is reached");
    EXPECT(world, host_space_map(guest->below, moving.gpa, guest->spa + moving.gpa, LARGE),
           "the host cannot map");
    moving_end(&moving);
    virtual_stop(&virtual);
}

/* ------------------------------------------------------------------------------ a table that grows */

static bool leads(struct guest *guest, uint64_t gpa, uint64_t wanted)
{
    uint64_t spa;
    unsigned rights;

    return hv_stage2_lookup(guest->below->stage2, gpa, &spa, &rights) && spa == wanted;
}

/* The driver writes the device's entry anew, without the guest's half; guest and device go on. */
static void grown(struct world *world)
{
    struct virtual virtual;
    struct guest *guest = virtual_boot(world, &virtual, world->scenario->about);
    struct steps steps;

    if (!guest)
        return;
    steps_start(&steps, world, guest, world->options->seed);
    for (unsigned each = 0; each < 300; each++)
        steps_one(&steps);
    EXPECT(world, host_space_map(guest->below, FAR_AWAY, guest->spa, LARGE), "the host cannot map far away");
    EXPECT(world, guest->below->moves == 1, "the table has moved %" PRIu64 " times", guest->below->moves);
    EXPECT(world, dte_gv(entry_of(world, world->nic).words), "the guest's half of the entry is gone");
    EXPECT(world, leads(guest, FAR_AWAY, guest->spa) && leads(guest, 2 * LARGE, guest->spa + 2 * LARGE),
           "stage 2 leads elsewhere");
    for (unsigned each = 0; each < 300; each++)
        steps_one(&steps);
    steps_end(&steps);
    EXPECT(world, host_space_unmap(guest->below, FAR_AWAY, LARGE), "the host cannot unmap far away");
    virtual_stop(&virtual);
}

/* ------------------------------------------------------------------------------ a log that overflows */

static uint64_t overflows(const struct instance *kernel)
{
    return instance_log_count(kernel, "vent log overflow") +
           instance_log_count(kernel, "vent log restarting");
}

/* More faults than the logs hold, while nobody reads: what is lost in the kernel's log is an overflow of a
 * mediated guest's. Kernel and guest both start theirs again, and the next fault arrives. */
static void flooded(struct world *world)
{
    struct virtual virtual;
    struct guest *guest = virtual_boot(world, &virtual, world->scenario->about);
    uint64_t word = 0, told;

    if (!guest)
        return;
    for (unsigned round = 0; round < FLOODS; round++) {
        for (unsigned each = 0; each < FAULTS; each++)
            EXPECT(world, dma_write(world->nic, UNUSED + each * PAGE, &word, sizeof(word)) == DMA_FAULT,
                   "an unused address is reached");
        guest_run(guest);
        told = instance_log_count(guest->kernel, SAYS_FAULT);
        EXPECT(world, told && told < (round + 1) * FAULTS, "the guest has seen %" PRIu64 " faults", told);
        EXPECT(world, overflows(guest->kernel) == round + 1, "the guest has seen %" PRIu64 " overflows",
               overflows(guest->kernel));
        EXPECT(world, guest_write(guest, 0, UNUSED, &word, sizeof(word)) == DMA_FAULT, "it is reached");
        guest_run(guest);
        EXPECT(world, instance_log_count(guest->kernel, SAYS_FAULT) == told + 1,
               "the guest's log stands after an overflow");
    }
    virtual_stop(&virtual);
}

static const struct virtual_setup hardware = {.host = &host_by_domain, .mode = HV_VMM_HARDWARE};
static const struct virtual_setup mediated = {.host = &host_by_domain, .mode = HV_VMM_MEDIATED};
static const struct virtual_setup files = {.host = &host_by_files, .mode = HV_VMM_HARDWARE};

const struct scenario guest_host_scenarios[] = {
    {.name = "guest/host-kernel/unmap-hardware",
     .what = "the host unmaps and moves guest memory: nested translations go with it",
     .run = unmapped,
     .about = &hardware},
    {.name = "guest/host-kernel/unmap-mediated",
     .what = "the same in mediated mode",
     .run = unmapped,
     .about = &mediated},
    {.name = "guest/host-kernel/untold",
     .what = "the hypervisor is not told of an unmap: the lint names the stale translation",
     .run = untold,
     .about = &hardware},
    {.name = "guest/host-kernel/growth-hardware",
     .what = "stage 2 grows by a level under a guest",
     .run = grown,
     .about = &hardware},
    {.name = "guest/host-kernel/growth-mediated",
     .what = "the same in mediated mode",
     .run = grown,
     .about = &mediated},
    {.name = "guest/host-kernel/flood-hardware",
     .what = "more faults than the guest's log holds",
     .run = flooded,
     .about = &hardware},
    {.name = "guest/host-kernel/flood-mediated",
     .what = "more faults than the kernel's log holds: an overflow of the guest's",
     .run = flooded,
     .about = &mediated},
    {.name = "guest/iommufd/unmap",
     .what = "a user of iommufd unmaps and moves guest memory",
     .run = unmapped,
     .since = KSHIM_V(7, 0),
     .about = &files},
    {.name = NULL},
};
