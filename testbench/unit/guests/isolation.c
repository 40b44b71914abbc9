// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/guests/isolation.h"

#include "testbench/unit/guests/attacker.h"
#include "testbench/unit/guests/host_script.h"
#include "testbench/unit/guests/victim.h"

#include <stdio.h>
#include <string.h>

/* One life of the victim; without an attacker that guest is idle. */
struct life {
    struct world world;
    struct victim victim;
    struct attacker attacker;
    struct host_script host;
    uint64_t reads, runs, commands; /* at the last look */
};

static void life_open(struct life *life, const struct isolation *run)
{
    memset(life, 0, sizeof(*life));
    world_open(&life->world, run->settings, run->by_gpa);
    victim_open(&life->victim, &life->world, VICTIM, run->seed);
    life->attacker = (struct attacker){.w = &life->world, .g = ATTACKER, .random = run->seed * 3 + 1};
    life->victim.others = attacker_answers;
    life->victim.others_context = &life->attacker;
    life->host =
        (struct host_script){.w = &life->world, .g = ATTACKER, .served = OTHER, .random = run->seed * 5 + 2};
}

static void life_close(struct life *life)
{
    victim_close(&life->victim);
    world_close(&life->world);
}

/* ---------------------------------------------------------------- what a run costs */

enum { READS_A_RUN = 12000, READS_A_COMMAND = 100, READS_A_STEP = 20000 };

static uint64_t commands_of(const struct life *life)
{
    struct amdvi_statistics statistics;

    return amdvi_get_statistics(life->world.device, &statistics) == AMDVI_OK ? statistics.guest_commands : 0;
}

/* Reads of memory are the measure: no command costs many, however often it comes; each guest's maps may be
 * read once a run. */
static bool is_dear(struct life *life)
{
    uint64_t reads = life->world.reads - life->reads, runs = life->world.runs - life->runs;
    uint64_t commands = commands_of(life) - life->commands;
    bool dear = reads > READS_A_RUN * runs + READS_A_COMMAND * commands + READS_A_STEP;

    if (dear)
        fprintf(stderr, "step %llu: %llu reads of memory in %llu runs of %llu commands\n",
                (unsigned long long)life->victim.step, (unsigned long long)reads, (unsigned long long)runs,
                (unsigned long long)commands);
    life->reads = life->world.reads;
    life->runs = life->world.runs;
    life->commands = commands_of(life);
    return dear;
}

/* ---------------------------------------------------------------- life */

static void attack(struct life *life, bool attacked, unsigned most)
{
    if (attacked)
        attacker_act(&life->attacker, attacker_pick(&life->attacker, most));
}

/* False: too dear. */
static bool live(struct life *life, bool attacked, unsigned steps)
{
    bool cheap = true;

    for (unsigned step = 0; step < steps; step++) {
        victim_note_host(&life->victim, host_script_step(&life->host));
        if (attacked && step % 8 == 0)
            attacker_revive(&life->attacker);
        attack(life, attacked, 60);
        victim_begin(&life->victim);
        attack(life, attacked, 20);
        world_run(&life->world);
        attack(life, attacked, 20);
        victim_end(&life->victim);
        cheap &= !is_dear(life);
    }
    world_run(&life->world);
    return cheap;
}

/* ---------------------------------------------------------------- what is compared */

static const char *journals_differ(const struct victim *a, const struct victim *b)
{
    size_t at = journal_compare(&a->journal, &b->journal);

    if (at == SIZE_MAX)
        return NULL;
    journal_print(&a->journal, at, "alone");
    journal_print(&b->journal, at, "beside");
    return "journal";
}

/* Everything but the pointer and status bits of the host's event log. */
static const char *host_differs(struct world *a, struct world *b)
{
    for (uint64_t offset = 0; offset < 0x3000; offset += 8) {
        uint64_t mask = offset == R_STATUS ? ~UINT64_C(0xb) : UINT64_MAX;
        if (offset == R_EVT_TAIL || (reg_read(a, offset) & mask) == (reg_read(b, offset) & mask))
            continue;
        fprintf(stderr, "host register %llx\n", (unsigned long long)offset);
        return "host register";
    }
    return NULL;
}

/* The third guest, its maps and everything of the host's stayed as they were, but for its event log. */
static const char *memory_differs(const struct world *alone, const struct world *beside)
{
    for (unsigned page = 0; page < WORLD_BYTES / PAGE_BYTES; page++) {
        uint64_t at = (uint64_t)page * PAGE_BYTES;
        bool theirs = (at >= guest_spa(ATTACKER, 0) && at < guest_spa(ATTACKER, GUEST_BYTES)) ||
                      at == H_EVT || at == alone->slot_page_high || at == alone->dirty_page ||
                      at == H_VAPIC + (uint64_t)ATTACKER * PAGE_BYTES;
        if (theirs || !memcmp(alone->bytes + at, beside->bytes + at, PAGE_BYTES))
            continue;
        fprintf(stderr, "memory at %llx\n", (unsigned long long)at);
        return "memory";
    }
    return NULL;
}

static const char *lives_differ(struct life *alone, struct life *beside)
{
    const char *what = journals_differ(&alone->victim, &beside->victim);

    if (!what)
        what = host_differs(&alone->world, &beside->world);
    return what ? what : memory_differs(&alone->world, &beside->world);
}

const char *isolation_run(struct isolation *run)
{
    static struct life alone, beside;
    const char *what = "cost of a run";

    life_open(&alone, run);
    life_open(&beside, run);
    if (live(&alone, false, run->steps) && live(&beside, true, run->steps))
        what = lives_differ(&alone, &beside);
    if (!what && alone.victim.done < run->steps)
        what = "progress of the victim alone";
    run->victims += beside.victim.done;
    run->attackers += commands_of(&beside) - beside.victim.done;
    run->unanswered += beside.attacker.unanswered;
    life_close(&alone);
    life_close(&beside);
    return what;
}
