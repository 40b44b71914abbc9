// SPDX-License-Identifier: Apache-2.0
/*
 * What one guest does is not seen by another (viommu 6, 7, 8): the same script gives the same journal alone
 * and beside a guest that does anything it likes, and comes as far in each run. Turns are fair.
 */
#include "testbench/unit/guests/attacker.h"
#include "testbench/unit/guests/isolation.h"
#include "testbench/unit/guests/seed.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 60, RUNS = 12 };

static void alone_and_beside(unsigned run, bool by_gpa, const char *settings)
{
    struct isolation isolation = {
        .seed = seed_of(run), .by_gpa = by_gpa, .settings = settings, .steps = STEPS};
    const char *what = isolation_run(&isolation);

    ck_assert_msg(!what, "the victim beside an attacker: %s", what);
}

START_TEST(a_guest_sees_nothing_of_another_by_gpa)
{
    alone_and_beside((unsigned)_i, true, NULL);
}
END_TEST

START_TEST(a_guest_sees_nothing_of_another_by_private_address)
{
    alone_and_beside((unsigned)_i, false, NULL);
}
END_TEST

START_TEST(nor_without_caches_and_with_long_turns)
{
    alone_and_beside((unsigned)_i, _i & 1, "caches=off viommu.commands_per_turn=0");
}
END_TEST

/* ---------------------------------------------------------------- cached translations of others */

struct line_set {
    struct amdvi_cache_line lines[512];
    unsigned count;
};

static bool others_line(enum amdvi_cache cache, const struct amdvi_cache_line *line)
{
    unsigned owner = cache == AMDVI_CACHE_DTC ? owner_of_device(line->device) : owner_of_domain(line->domain);

    return owner == VICTIM || owner == OTHER;
}

static void take_lines(const struct world *w, enum amdvi_cache cache, struct line_set *set)
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;

    set->count = 0;
    while (amdvi_inspect_cache(w->device, cache, &cursor, &line) == AMDVI_OK)
        if (others_line(cache, &line)) {
            ck_assert_uint_lt(set->count, 512);
            set->lines[set->count++] = line;
        }
}

static void same_lines(const struct line_set *a, const struct line_set *b, enum amdvi_cache cache)
{
    ck_assert_msg(a->count == b->count, "cache %d: %u lines, then %u", (int)cache, a->count, b->count);
    for (unsigned i = 0; i < a->count; i++)
        ck_assert(a->lines[i].slot == b->lines[i].slot && a->lines[i].address == b->lines[i].address &&
                  a->lines[i].target == b->lines[i].target);
}

static void fill_caches(struct world *w)
{
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        for (unsigned which = 0; which < DEVICES_EACH; which++)
            for (unsigned page = 0; page < 4; page++)
                ck_assert(guest_ask(w, g, which, AMDVI_READ, G_IOVA + PAGE_BYTES * page).ok);
}

/* Commands, not requests: those take room of others, as in any cache. */
static void only_commands(struct attacker *a)
{
    attacker_revive(a);
    for (unsigned i = 0; i < 64; i++)
        attacker_put_command(a);
    vf_write(a->w, a->g, VF_TAIL, 16 * (uint64_t)attacker_pick(a, RING_ENTRIES));
}

START_TEST(commands_leave_cached_translations_of_others_alone)
{
    static struct line_set before[AMDVI_CACHES], after;
    struct world w;
    struct attacker attacker = {.w = &w, .g = ATTACKER, .random = seed_of((unsigned)_i)};

    world_open(&w, NULL, _i & 1);
    fill_caches(&w);
    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++)
        take_lines(&w, (enum amdvi_cache)cache, &before[cache]);
    ck_assert_uint_ge(before[AMDVI_CACHE_PTC].count, 4 * 2 * DEVICES_EACH);
    ck_assert_uint_ge(before[AMDVI_CACHE_DTC].count, 2 * DEVICES_EACH);
    for (unsigned round = 0; round < 100; round++)
        only_commands(&attacker);
    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++) {
        take_lines(&w, (enum amdvi_cache)cache, &after);
        same_lines(&before[cache], &after, (enum amdvi_cache)cache);
    }
    world_close(&w);
}
END_TEST

/* ---------------------------------------------------------------- fairness */

struct order {
    unsigned others, worst, victims;
};

static void on_command(void *context, const struct amdvi_command_info *info)
{
    struct order *order = context;

    if (info->guest_id != guest_id(VICTIM)) {
        order->others++;
        return;
    }
    order->victims++;
    order->worst = order->others > order->worst ? order->others : order->worst;
    order->others = 0;
}

static void fill_ring(struct world *w, unsigned g, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        guest_put_command(w, g, i, UINT64_C(8) << 60, 0);
    ck_assert_int_eq(amdvi_vf_write(w->device, guest_id(g), VF_TAIL, 8, 16 * count), AMDVI_OK);
}

START_TEST(a_flood_delays_others_by_one_turn_a_command)
{
    static const unsigned turns[] = {1, 4, 32};
    struct order order = {0};
    struct amdvi_observer observer = {.context = &order, .command = on_command};
    struct world w;
    char settings[64];

    snprintf(settings, sizeof(settings), "viommu.commands_per_turn=%u", turns[_i]);
    world_open(&w, settings, true);
    ck_assert_int_eq(amdvi_observe(w.device, &observer), AMDVI_OK);
    fill_ring(&w, ATTACKER, 255);
    fill_ring(&w, OTHER, 255);
    fill_ring(&w, VICTIM, 40);
    world_run(&w);
    ck_assert_uint_eq(order.victims, 40);
    ck_assert_uint_le(order.worst, 2 * turns[_i]);
    ck_assert_uint_eq(vf_read(&w, ATTACKER, VF_HEAD), 255 * 16);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("isolation");
    TCase *tests = tcase_create("isolation");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_guest_sees_nothing_of_another_by_gpa, 0, RUNS);
    tcase_add_loop_test(tests, a_guest_sees_nothing_of_another_by_private_address, 0, RUNS);
    tcase_add_loop_test(tests, nor_without_caches_and_with_long_turns, 0, RUNS);
    tcase_add_loop_test(tests, commands_leave_cached_translations_of_others_alone, 0, RUNS);
    tcase_add_loop_test(tests, a_flood_delays_others_by_one_turn_a_command, 0, 3);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
