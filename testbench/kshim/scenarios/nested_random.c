// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random moves of two devices between nested tables while the user unmaps and maps what lies below: what a
 * device reaches is what the table that it has and the address space say, at once. The guest's tables stand
 * still, because the driver of 7.3 takes no invalidations of a guest's.
 */
#include "nest.h"
#include "shadow.h"

#define GVA 0x7f0000000000ull

enum {
    TABLES = 4,
    GUESTS = 16 /* pages that each table maps, behind the megabyte where tables lie */,
    PIECES = 8 /* of the address space, a mapping of the user's each */
};
#define PIECE(number) (IOVA + (uint64_t)PAGES * PAGE + (number)*LARGE)

struct actor {
    struct dma_device *device;
    void *bound;
    unsigned table; /* that it has */
};

struct play {
    struct nest nest;
    uint32_t table[TABLES];
    uint64_t gpa[TABLES][GUESTS]; /* where each table leads */
    bool mapped[PIECES];
    struct actor actor[2];
    struct shadow_counts counts;
};

static void make_table(struct world *world, struct play *play, unsigned number)
{
    struct nest_entry entry = {.domain = (uint16_t)(number + 1), .giov = true};

    for (unsigned each = 0; each < GUESTS; each++)
        play->gpa[number][each] = PIECE(below(world, PIECES)) + MIB + below(world, MIB / PAGE) * PAGE;
    entry.gcr3 = nest_gcr3(&play->nest, GVA, play->gpa[number][0]);
    for (unsigned each = 1; each < GUESTS; each++)
        tables_map(&play->nest.tables, GVA + each * PAGE, play->gpa[number][each], PAGE, true);
    play->table[number] = nest_table(world, &play->nest, &entry);
}

static void turn_piece(struct world *world, struct play *play, unsigned piece)
{
    if (play->mapped[piece])
        user_unmap(world, &play->nest.session, PIECE(piece), LARGE);
    else
        user_map(world, &play->nest.session, PIECE(piece), play->nest.session.pa, LARGE);
    if (play->mapped[piece])
        world_unmapped(world);
    play->counts.maps += !play->mapped[piece];
    play->counts.unmaps += play->mapped[piece];
    play->mapped[piece] = !play->mapped[piece];
}

static void move(struct world *world, struct play *play, struct actor *actor, unsigned table)
{
    uint32_t id = play->table[table];
    int result = world->api->fd_attach(actor->bound, &id);

    EXPECT(world, !result, "a move gives %d", result);
    actor->table = table;
    play->counts.switches++;
}

static void reach(struct world *world, struct play *play, const struct actor *actor, unsigned page)
{
    uint64_t gpa = play->gpa[actor->table][page];
    struct shadow_range range = {.mapped = play->mapped[(gpa - PIECE(0)) / LARGE],
                                 .iova = GVA + page * PAGE,
                                 .pa = nest_place(&play->nest, gpa),
                                 .bytes = PAGE,
                                 .readable = true,
                                 .writable = true};

    shadow_try(world, actor->device, &range, &play->counts);
}

static void step(struct world *world, struct play *play)
{
    uint64_t choice = below(world, 10);
    struct actor *actor = &play->actor[below(world, COUNT(play->actor))];

    if (choice == 0)
        turn_piece(world, play, (unsigned)below(world, PIECES));
    else if (choice == 1)
        move(world, play, actor, (unsigned)below(world, TABLES));
    else
        reach(world, play, actor, (unsigned)below(world, GUESTS));
    if (choice < 2)
        world_run(world);
}

static bool begin(struct world *world, struct play *play)
{
    uint32_t id, parent;

    if (!nest_begin(world, &play->nest, WORLD_NIC, world->scenario->about))
        return false;
    instance_excuse(world->kernel, "Event logged [");
    parent = play->nest.parent;
    play->actor[0] = (struct actor){.device = world->nic, .bound = play->nest.session.bound};
    play->actor[1] = (struct actor){.device = world->usb,
                                    .bound = world->api->fd_bind(play->nest.session.file, WORLD_USB, &id)};
    EXPECT(world, play->actor[1].bound && !world->api->fd_attach(play->actor[1].bound, &parent),
           "the second device cannot be attached");
    for (unsigned each = 0; each < TABLES; each++)
        make_table(world, play, each);
    for (unsigned each = 0; each < COUNT(play->actor); each++)
        move(world, play, &play->actor[each], each);
    return !world->failures;
}

static void random_steps(struct world *world)
{
    static struct play play;
    uint64_t steps = world->options->steps ? world->options->steps : 20000;

    if (!begin(world, &play))
        return;
    for (uint64_t each = 0; each < steps && world->failures < 5; each++)
        step(world, &play);
    shadow_tell(world, &play.counts);
    for (unsigned each = 0; each < PIECES; each++)
        if (play.mapped[each])
            turn_piece(world, &play, each);
    world->api->fd_detach(play.actor[1].bound);
    world->api->fd_unbind(play.actor[1].bound);
    nest_leave(world, &play.nest, world->nic, play.table, TABLES);
}

static const struct world_setup inline_commands = {.late = false}, late_commands = {.late = true};

const struct scenario nested_random_scenarios[] = {
    {.name = "nested/random",
     .what = "two devices between nested tables while stage 2 changes below",
     .run = random_steps,
     .since = KSHIM_V(7, 0),
     .about = &inline_commands},
    {.name = "nested/random-late",
     .what = "the same, commands executed when time passes",
     .run = random_steps,
     .since = KSHIM_V(7, 0),
     .about = &late_commands},
    {.name = NULL},
};
