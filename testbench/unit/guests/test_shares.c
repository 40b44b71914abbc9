// SPDX-License-Identifier: Apache-2.0
/* Weights and caps of guests' rings: who gets how many commands in which order, and when (viommu 11 #34). */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <amdvi/timed.h>
#include <check.h>
#include <string.h>

enum { ALL = 3, MANY = 6, VALUE = 0x5a };

static struct world w;
static uint32_t tags[ALL];
static unsigned asked, order[64];

static enum amdvi_atc_answer note(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    if (asked < ALL) { /* the first of each holds its ring up, until all are filled */
        tags[asked++] = invalidation->tag;
        return AMDVI_ATC_PENDING;
    }
    ck_assert_uint_lt(asked, sizeof(order) / sizeof(order[0]));
    order[asked++ - ALL] = owner_of_device(invalidation->device);
    return AMDVI_ATC_DONE;
}

static void invalidate(unsigned g)
{
    guest_command(&w, g, UINT64_C(4) << 60 | guest_device(0), UINT64_C(0x7ffffffffffff001));
}

static void open_shares(void)
{
    world_open(&w, NULL, true);
    asked = 0;
    w.notes.atc = note;
    for (unsigned g = 0; g < ALL; g++) {
        invalidate(g);
        guest_wait(&w, g, G_STORE, VALUE);
    }
    ck_assert_uint_eq(asked, ALL);
    for (unsigned g = 0; g < ALL; g++)
        for (unsigned i = 0; i < MANY; i++)
            invalidate(g);
}

static void share(unsigned g, uint32_t weight, uint32_t commands, uint64_t period_ns)
{
    const struct amdvi_guest_share s = {.weight = weight, .commands = commands, .period_ns = period_ns};

    ck_assert_int_eq(amdvi_set_guest_share(w.device, guest_id(g), &s), AMDVI_OK);
}

static void all_answer(void)
{
    for (unsigned i = 0; i < ALL; i++)
        ck_assert_int_eq(amdvi_atc_complete(w.device, tags[i]), AMDVI_OK);
    world_run(&w);
}

static void came(const char *wanted)
{
    for (unsigned i = 0; wanted[i]; i++)
        ck_assert_msg(i + ALL < asked && order[i] == (unsigned)(wanted[i] - '0'),
                      "command %u: not of guest %c", i, wanted[i]);
    ck_assert_uint_eq(asked - ALL, strlen(wanted));
}

/* The first turn of each is its COMPLETION_WAIT. */
START_TEST(one_after_the_other)
{
    open_shares();
    all_answer();
    came("012012012012012012");
    world_close(&w);
}
END_TEST

START_TEST(by_weight)
{
    open_shares();
    share(0, 3, 0, 0);
    share(2, 2, 0, 0);
    all_answer();
    /* Turns of three, one and two, the COMPLETION_WAIT being the first command. */
    came("002"
         "000122"
         "0122"
         "1211"
         "1");
    world_close(&w);
}
END_TEST

START_TEST(no_more_than_the_cap)
{
    uint64_t when;

    open_shares();
    share(0, 1, 3, 1000);
    all_answer();
    came("01201212121212");
    ck_assert_int_eq(amdvi_guest_share_next(w.device, &when), AMDVI_OK);
    ck_assert_uint_eq(when, 1000);
    ck_assert_int_eq(amdvi_advance(w.device, 999), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(asked - ALL, 14);
    ck_assert_int_eq(amdvi_advance(w.device, 1), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(asked - ALL, 17);
    ck_assert_int_eq(amdvi_advance(w.device, 1000), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(asked - ALL, 18);
    ck_assert_int_eq(amdvi_guest_share_next(w.device, &when), AMDVI_OK);
    ck_assert_uint_eq(when, UINT64_MAX);
    world_close(&w);
}
END_TEST

/* Under time it goes on by itself when its time has come. */
START_TEST(a_cap_under_time)
{
    const struct amdvi_guest_share s = {.weight = 1, .commands = 2, .period_ns = 100000};
    struct amdvi_timed *timed;

    open_shares();
    ck_assert_int_eq(amdvi_timed_create(w.device, NULL, NULL, NULL, &timed), AMDVI_OK);
    ck_assert_int_eq(amdvi_timed_guest_share(timed, guest_id(0), &s), AMDVI_OK);
    all_answer();
    ck_assert_int_eq(amdvi_timed_run(timed, UINT64_C(99999) * 1000), AMDVI_OK);
    ck_assert_uint_eq(asked - ALL, 2 * MANY + 1); /* a COMPLETION_WAIT and one more of guest 0 */
    ck_assert_int_eq(amdvi_timed_run(timed, UINT64_C(199999) * 1000), AMDVI_OK);
    ck_assert_uint_eq(asked - ALL, 2 * MANY + 3);
    ck_assert_int_eq(amdvi_timed_run(timed, AMDVI_TIMED_NEVER), AMDVI_OK);
    ck_assert_uint_eq(asked - ALL, 3 * MANY);
    ck_assert_uint_ge(amdvi_timed_now(timed), UINT64_C(300000) * 1000);
    ck_assert_uint_le(amdvi_timed_now(timed), UINT64_C(310000) * 1000);
    amdvi_timed_destroy(timed);
    world_close(&w);
}
END_TEST

START_TEST(shares_that_cannot_be)
{
    struct amdvi_guest_share s = {.weight = 1};

    world_open(&w, NULL, true);
    ck_assert_int_eq(amdvi_set_guest_share(w.device, guest_id(0), NULL), AMDVI_ERR_ARGUMENT);
    s.weight = 0;
    ck_assert_int_eq(amdvi_set_guest_share(w.device, guest_id(0), &s), AMDVI_ERR_ARGUMENT);
    s.weight = 65536;
    ck_assert_int_eq(amdvi_set_guest_share(w.device, guest_id(0), &s), AMDVI_ERR_ARGUMENT);
    s = (struct amdvi_guest_share){.weight = 1, .commands = 1};
    ck_assert_int_eq(amdvi_set_guest_share(w.device, guest_id(0), &s), AMDVI_ERR_ARGUMENT);
    world_close(&w);
    world_open_bare(&w, "preset=raphael", true);
    s.period_ns = 1;
    ck_assert_int_eq(amdvi_set_guest_share(w.device, guest_id(0), &s), AMDVI_ERR_UNSUPPORTED);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shares");
    TCase *tests = tcase_create("shares");

    tcase_add_test(tests, one_after_the_other);
    tcase_add_test(tests, by_weight);
    tcase_add_test(tests, no_more_than_the_cap);
    tcase_add_test(tests, a_cap_under_time);
    tcase_add_test(tests, shares_that_cannot_be);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
