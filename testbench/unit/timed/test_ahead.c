// SPDX-License-Identifier: Apache-2.0
/*
 * A host that is told of ends ahead: they are those that come, and nothing has to wake it for them. The same
 * random requests go through three executors: one tells at the end, one ahead, one ahead to a host that takes
 * every other word.
 */
#include "testbench/unit/timed/stage.h"

#include <string.h>

enum { REQUESTS = 3000, TELLERS = 3 };

static struct stage s;

static struct ended {
    uint64_t done, pa;
    bool ok;
    unsigned heard;
} ends[TELLERS][REQUESTS];
static unsigned teller, ahead, asked;
static uint64_t host_clock;

static void keep(const struct amdvi_timed_completion *c)
{
    struct ended *end = &ends[teller][c->what->tag];

    ck_assert_int_eq(c->what->kind, AMDVI_SUBMITTED_REQUEST);
    end->done = c->done;
    end->ok = c->what->result->ok;
    end->pa = end->ok ? c->what->result->pa : 0;
    end->heard++;
}

static void complete(void *context, const struct amdvi_timed_completion *c)
{
    ck_assert_ptr_eq(context, &s);
    ck_assert_uint_eq(c->done, host_clock);
    keep(c);
}

static bool hear(void *context, const struct amdvi_timed_completion *c)
{
    ck_assert_ptr_eq(context, &s);
    ck_assert_uint_eq(amdvi_timed_now(s.timed), host_clock);
    ck_assert_uint_ge(c->done, host_clock);
    ahead += c->done > host_clock;
    if (teller == 2 && asked++ % 2)
        return false;
    keep(c);
    return true;
}

static void open_with(const char *outstanding, const char *entries)
{
    const struct amdvi_timed_host host = {.context = &s, .complete = complete};
    struct amdvi_timed_parameters parameters;

    stage_open(&s, "", NULL);
    amdvi_timed_destroy(s.timed);
    amdvi_timed_preset_parameters(&parameters, NULL);
    amdvi_timed_set(&parameters, "l1.outstanding", outstanding);
    amdvi_timed_set(&parameters, "l1.entries", entries);
    ck_assert_int_eq(amdvi_timed_create(s.machine.device, &parameters, &host, NULL, &s.timed), AMDVI_OK);
}

static void ask(uint64_t when, uint64_t iova, uint64_t tag)
{
    const struct amdvi_request request = {
        .device = tag % 3 ? DEVICE : OTHER, .op = AMDVI_READ, .address = iova, .length = 8};

    ck_assert_int_eq(amdvi_timed_request(s.timed, when, 0, &request, tag), AMDVI_OK);
}

static void run_to(uint64_t when)
{
    host_clock = when;
    ck_assert_int_eq(amdvi_timed_run(s.timed, when), AMDVI_OK);
}

/* Woken only when it asks to be: what it says is said in time. */
static void pass(uint64_t end)
{
    for (uint64_t wake = amdvi_timed_wake(s.timed); wake <= end; wake = amdvi_timed_wake(s.timed)) {
        ck_assert_uint_le(amdvi_timed_next(s.timed), wake);
        run_to(wake);
    }
}

static void run(unsigned who, const char *outstanding)
{
    uint64_t now = 1000, random = 11;

    teller = who;
    open_with(outstanding, "4");
    if (who > 0)
        ck_assert_int_eq(amdvi_timed_hear_ahead(s.timed, hear), AMDVI_OK);
    for (uint64_t i = 0; i < REQUESTS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        now += 500 * (1 + (random >> 33) % 80);
        pass(now);
        run_to(now);
        ask(now, page_at((unsigned)(random >> 40) % (PAGES + 4)), i);
    }
    pass(AMDVI_TIMED_LAST);
    amdvi_timed_run(s.timed, AMDVI_TIMED_NEVER);
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 0);
    stage_close(&s);
}

static void compare(const char *outstanding)
{
    memset(ends, 0, sizeof(ends));
    ahead = 0;
    for (unsigned who = 0; who < TELLERS; who++)
        run(who, outstanding);
    ck_assert_uint_gt(ahead, REQUESTS);
    for (unsigned who = 0; who < TELLERS; who++)
        for (unsigned i = 0; i < REQUESTS; i++) {
            ck_assert_uint_eq(ends[who][i].heard, 1);
            ck_assert_uint_eq(ends[who][i].done, ends[0][i].done);
            ck_assert_uint_eq(ends[who][i].ok, ends[0][i].ok);
            ck_assert_uint_eq(ends[who][i].pa, ends[0][i].pa);
        }
}

START_TEST(what_is_told_ahead_comes)
{
    compare("64");
}
END_TEST

/* Ends that the host has heard of let others in. */
START_TEST(a_place_at_the_port_becomes_free_in_time)
{
    compare("2");
}
END_TEST

START_TEST(nothing_wakes_for_what_was_heard)
{
    uint64_t next;

    teller = 1;
    open_with("64", "64");
    ends[1][1].heard = ends[1][2].heard = 0;
    ck_assert_int_eq(amdvi_timed_hear_ahead(NULL, hear), AMDVI_ERR_ARGUMENT);
    ck_assert_uint_eq(amdvi_timed_wake(NULL), AMDVI_TIMED_NEVER);
    ask(1000, page_at(0), 1);
    ck_assert_uint_eq(amdvi_timed_wake(s.timed), 1000);
    pass(9999 * NS);
    ck_assert_uint_eq(ends[1][1].heard, 1);
    ck_assert_int_eq(amdvi_timed_hear_ahead(s.timed, hear), AMDVI_OK);
    ask(10000 * NS, page_at(0), 2);
    run_to(10000 * NS);
    next = amdvi_timed_next(s.timed);
    ck_assert_uint_eq(ends[1][2].heard, 1);
    ck_assert_uint_eq(ends[1][2].done, 10001 * NS); /* in the L1 */
    ck_assert_uint_eq(next, 10001 * NS);
    ck_assert_uint_eq(amdvi_timed_wake(s.timed), AMDVI_TIMED_NEVER);
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 1);
    ck_assert_int_eq(amdvi_timed_hear_ahead(s.timed, NULL), AMDVI_OK);
    run_to(next);
    ck_assert_uint_eq(ends[1][2].heard, 1);
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 0);
    stage_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ahead");
    TCase *tests = tcase_create("ahead");

    tcase_add_test(tests, what_is_told_ahead_comes);
    tcase_add_test(tests, a_place_at_the_port_becomes_free_in_time);
    tcase_add_test(tests, nothing_wakes_for_what_was_heard);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
