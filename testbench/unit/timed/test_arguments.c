// SPDX-License-Identifier: Apache-2.0
/* Every call of <amdvi/timed.h> refuses null and values out of range, each argument by itself, and changes
 * nothing. */
#include "testbench/unit/timed/stage.h"

static struct stage s;

#define REFUSED(call) ck_assert_int_eq(call, AMDVI_ERR_ARGUMENT)

static void set_up(void)
{
    stage_open(&s, "", NULL);
}

static void take_down(void)
{
    stage_close(&s);
}

START_TEST(submissions)
{
    struct amdvi_request request = {.device = DEVICE, .address = IOVA, .length = 64};
    struct amdvi_page_request page = {.device = DEVICE, .address = IOVA};
    struct amdvi_register_access access = {.offset = 0x2008, .size = 8};

    REFUSED(amdvi_timed_request(NULL, 0, 0, &request, 1));
    REFUSED(amdvi_timed_request(s.timed, 0, 0, NULL, 1));
    REFUSED(amdvi_timed_atc_request(NULL, 0, 0, &request, 1));
    REFUSED(amdvi_timed_atc_request(s.timed, 0, 0, NULL, 1));
    REFUSED(amdvi_timed_interrupt(NULL, 0, 0, DEVICE, 0xfee00000, 0, 1));
    REFUSED(amdvi_timed_interrupt(s.timed, 0, 4, DEVICE, 0xfee00000, 0, 1));
    REFUSED(amdvi_timed_page_request(NULL, 0, 0, &page, 1));
    REFUSED(amdvi_timed_page_request(s.timed, 0, 0, NULL, 1));
    REFUSED(amdvi_timed_register(NULL, 0, &access, 1));
    REFUSED(amdvi_timed_register(s.timed, 0, NULL, 1));
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 0);
}
END_TEST

START_TEST(running)
{
    struct amdvi_timed *timed = NULL;
    const uint64_t latency = 100;
    char text[8];

    REFUSED(amdvi_timed_create(NULL, NULL, NULL, NULL, &timed));
    REFUSED(amdvi_timed_create(s.machine.device, NULL, NULL, NULL, NULL));
    REFUSED(amdvi_timed_run(NULL, 1));
    REFUSED(amdvi_timed_set_latencies(NULL, AMDVI_TIMED_DRAWN, &latency, 1));
    REFUSED(amdvi_timed_guest_share(NULL, 0, &(struct amdvi_guest_share){0}));
    REFUSED(amdvi_timed_guest_share(s.timed, 0, NULL));
    REFUSED(amdvi_timed_memory_done(NULL, 1, AMDVI_MEMORY_OK, NULL));
    REFUSED(amdvi_timed_memory_answer(NULL, 1));
    REFUSED(amdvi_timed_memory_expect(NULL, 1, 1));
    REFUSED(amdvi_timed_explain(NULL, text, sizeof(text)));
    REFUSED(amdvi_timed_explain(s.timed, NULL, sizeof(text)));
    REFUSED(amdvi_timed_explain(s.timed, text, 0));
}
END_TEST

/* Calls that answer with a number have one for null. */
START_TEST(questions)
{
    ck_assert_uint_eq(amdvi_timed_now(NULL), 0);
    ck_assert_uint_eq(amdvi_timed_next(NULL), AMDVI_TIMED_NEVER);
    ck_assert_uint_eq(amdvi_timed_wake(NULL), AMDVI_TIMED_NEVER);
    ck_assert_uint_eq(amdvi_timed_busy_walkers(NULL), 0);
    ck_assert_uint_eq(amdvi_timed_pending(NULL), 0);
    ck_assert(!amdvi_timed_awaits(NULL));
    amdvi_timed_late(NULL);
    amdvi_timed_destroy(NULL);
}
END_TEST

START_TEST(statistics)
{
    struct amdvi_timed_statistics all;
    uint64_t ps = 77, count = 78;
    double mean = 79;

    REFUSED(amdvi_timed_get_statistics(NULL, &all));
    REFUSED(amdvi_timed_get_statistics(s.timed, NULL));
    REFUSED(amdvi_timed_restart(NULL));
    REFUSED(amdvi_timed_percentile(NULL, AMDVI_TIMED_ALL_REQUESTS, 500000, &ps));
    REFUSED(amdvi_timed_percentile(s.timed, AMDVI_TIMED_ALL_REQUESTS, 500000, NULL));
    REFUSED(amdvi_timed_percentile(s.timed, AMDVI_TIMED_HISTOGRAMS, 500000, &ps));
    REFUSED(amdvi_timed_percentile(s.timed, AMDVI_TIMED_ALL_REQUESTS, 1000001, &ps));
    REFUSED(amdvi_timed_mean(NULL, AMDVI_TIMED_ALL_REQUESTS, &count, &mean));
    REFUSED(amdvi_timed_mean(s.timed, AMDVI_TIMED_HISTOGRAMS, &count, &mean));
    REFUSED(amdvi_timed_mean(s.timed, AMDVI_TIMED_ALL_REQUESTS, NULL, &mean));
    REFUSED(amdvi_timed_mean(s.timed, AMDVI_TIMED_ALL_REQUESTS, &count, NULL));
    ck_assert(ps == 77 && count == 78 && mean == 79);
    ck_assert_int_eq(amdvi_timed_percentile(s.timed, AMDVI_TIMED_ALL_REQUESTS, 1000000, &ps), AMDVI_OK);
}
END_TEST

START_TEST(parameters)
{
    struct amdvi_timed_parameters p;
    uint64_t value = 77;

    REFUSED(amdvi_timed_preset_parameters(NULL, "generic"));
    ck_assert_int_eq(amdvi_timed_preset_parameters(&p, "no such"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(amdvi_timed_preset_parameters(&p, NULL), AMDVI_OK);
    REFUSED(amdvi_timed_preset_device(NULL, "generic"));
    REFUSED(amdvi_timed_set(NULL, "memory.latency", "1ns"));
    REFUSED(amdvi_timed_set(&p, NULL, "1ns"));
    REFUSED(amdvi_timed_set(&p, "memory.latency", NULL));
    REFUSED(amdvi_timed_get(NULL, "memory.latency", &value));
    REFUSED(amdvi_timed_get(&p, NULL, &value));
    REFUSED(amdvi_timed_get(&p, "memory.latency", NULL));
    REFUSED(amdvi_timed_check(NULL, NULL));
    ck_assert_int_eq(amdvi_timed_check(&p, NULL), AMDVI_OK);
    ck_assert_uint_eq(value, 77);
}
END_TEST

START_TEST(traps)
{
    struct amdvi_timed_parameters p;
    struct amdvi_trap trap;
    uint64_t done = 77;

    ck_assert_int_eq(amdvi_timed_preset_parameters(&p, NULL), AMDVI_OK);
    REFUSED(amdvi_trap_begin(NULL, &p));
    REFUSED(amdvi_trap_begin(&trap, NULL));
    ck_assert_int_eq(amdvi_trap_begin(&trap, &p), AMDVI_OK);
    REFUSED(amdvi_trap_submit(NULL, 0, 0, &done));
    REFUSED(amdvi_trap_submit(&trap, 0, 0, NULL));
    ck_assert_uint_eq(done, 77);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arguments");
    TCase *device = tcase_create("device"), *alone = tcase_create("alone");

    tcase_add_checked_fixture(device, set_up, take_down);
    tcase_add_test(device, submissions);
    tcase_add_test(device, running);
    tcase_add_test(device, statistics);
    suite_add_tcase(suite, device);
    tcase_add_test(alone, questions);
    tcase_add_test(alone, parameters);
    tcase_add_test(alone, traps);
    suite_add_tcase(suite, alone);
    return run_suite(suite);
}
