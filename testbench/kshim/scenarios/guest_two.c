// SPDX-License-Identifier: GPL-2.0-only
/* Two guests on one IOMMU, of different kernels if the command line says so: neither notices the other. */
#include "guest_steps.h"

enum { STEPS = 1000 };

struct pair {
    const struct host_maker *host;
    enum hv_vmm_mode modes[VIRTUAL_GUESTS];
};

static struct guest *make(struct world *world, struct virtual *virtual, unsigned number)
{
    const struct pair *pair = world->scenario->about;

    virtual->setup.mode = pair->modes[number];
    return virtual_guest(virtual, number ? world->options->other_guest_object : world->options->guest_object,
                         number ? world->usb : world->nic, NULL);
}

static bool start(struct world *world, struct virtual *virtual)
{
    const struct pair *pair = world->scenario->about;

    return virtual_start(world, virtual, &(struct virtual_setup){.host = pair->host});
}

/* What a guest sees when there is no other one. */
static uint64_t alone(struct world *world, unsigned number, uint64_t count)
{
    struct virtual virtual;
    struct steps steps = {.digest = 0};
    struct guest *guest;

    if (!start(world, &virtual) || !(guest = make(world, &virtual, number)))
        return 0;
    steps_start(&steps, world, guest, world->options->seed + number);
    for (uint64_t each = 0; each < count && !world->failures; each++)
        steps_one(&steps);
    steps_end(&steps);
    virtual_stop(&virtual);
    return steps.digest;
}

/* In turns of random length, so that commands and translations of both lie between each other. */
static void take_turns(struct world *world, struct steps steps[VIRTUAL_GUESTS], uint64_t count)
{
    uint64_t left[VIRTUAL_GUESTS] = {count, count};

    while ((left[0] || left[1]) && !world->failures) {
        unsigned number = world_random(world) % 2;

        for (uint64_t turn = world_random(world) % 8; turn && left[number]; turn--, left[number]--)
            steps_one(&steps[number]);
    }
}

static bool is_mapped(const struct steps *steps, uint64_t iova)
{
    for (unsigned each = 0; each < steps->count; each++)
        if (steps->live[each].iova == iova)
            return true;
    return false;
}

/* A device at the addresses of the other guest: it reaches its own guest's memory, or nothing. */
static void trespass(struct world *world, struct steps *from, struct steps *to)
{
    for (unsigned each = 0; each < to->count; each++) {
        uint64_t word = world_random(world), page = to->live[each].page;
        uint64_t before = guest_word(to->guest, page);
        enum dma_outcome outcome = guest_write(from->guest, 0, to->live[each].iova, &word, sizeof(word));
        bool own = is_mapped(from, to->live[each].iova);

        EXPECT(world, outcome == (own ? DMA_DONE : DMA_FAULT), "guest %u at %#" PRIx64 ": outcome %d",
               from->guest->number, to->live[each].iova, outcome);
        EXPECT(world, guest_word(to->guest, page) == before, "guest %u writes into memory of guest %u",
               from->guest->number, to->guest->number);
        from->faults += outcome == DMA_FAULT;
    }
}

/* The second one goes on when the first one has gone. */
static void outlive(struct world *world, struct virtual *virtual, struct steps *left)
{
    virtual_end(virtual, virtual->guests[0]);
    for (unsigned each = 0; each < 200 && !world->failures; each++)
        steps_one(left);
    steps_end(left);
}

static void two(struct world *world)
{
    uint64_t count = world->options->steps ? world->options->steps : STEPS;
    uint64_t wanted[VIRTUAL_GUESTS] = {alone(world, 0, count), alone(world, 1, count)};
    struct steps steps[VIRTUAL_GUESTS];
    struct virtual virtual;

    if (world->failures || !start(world, &virtual))
        return;
    for (unsigned each = 0; each < VIRTUAL_GUESTS; each++) {
        struct guest *guest = make(world, &virtual, each);

        if (!guest)
            return;
        steps_start(&steps[each], world, guest, world->options->seed + each);
    }
    world_tell(world, "Linux %s and Linux %s", instance_release(virtual.guests[0]->kernel),
               instance_release(virtual.guests[1]->kernel));
    take_turns(world, steps, count);
    for (unsigned each = 0; each < VIRTUAL_GUESTS; each++)
        EXPECT(world, steps[each].digest == wanted[each], "guest %u sees something else beside another guest",
               each);
    trespass(world, &steps[0], &steps[1]);
    trespass(world, &steps[1], &steps[0]);
    steps_end(&steps[0]);
    outlive(world, &virtual, &steps[1]);
    virtual_stop(&virtual);
}

static const struct pair hardware = {.modes = {HV_VMM_HARDWARE, HV_VMM_HARDWARE}};
static const struct pair mediated = {.modes = {HV_VMM_MEDIATED, HV_VMM_MEDIATED}};
static const struct pair mixed = {.modes = {HV_VMM_HARDWARE, HV_VMM_MEDIATED}};
static const struct pair host_hardware = {.host = &host_by_domain,
                                          .modes = {HV_VMM_HARDWARE, HV_VMM_HARDWARE}};
static const struct pair host_mediated = {.host = &host_by_domain,
                                          .modes = {HV_VMM_MEDIATED, HV_VMM_MEDIATED}};
static const struct pair host_mixed = {.host = &host_by_domain, .modes = {HV_VMM_HARDWARE, HV_VMM_MEDIATED}};

const struct scenario guest_two_scenarios[] = {
    {.name = "guest/two-hardware",
     .what = "two guests at once, of --guest and --guest: each sees what it sees alone",
     .run = two,
     .about = &hardware},
    {.name = "guest/two-mediated", .what = "the same, both mediated", .run = two, .about = &mediated},
    {.name = "guest/two-mixed", .what = "the same, the second one mediated", .run = two, .about = &mixed},
    {.name = "guest/host-kernel/two-hardware",
     .what = "two guests at once on a kernel that owns the IOMMU",
     .run = two,
     .about = &host_hardware},
    {.name = "guest/host-kernel/two-mediated",
     .what = "the same, both mediated",
     .run = two,
     .about = &host_mediated},
    {.name = "guest/host-kernel/two-mixed",
     .what = "the same, the second one mediated",
     .run = two,
     .about = &host_mixed},
    {.name = NULL},
};
