// SPDX-License-Identifier: Apache-2.0
/* A simulation in which nothing happens any more is an error, and says who waits for whom. Nothing that can
 * be configured gets there; these tests take a resource away from inside. */
#include "testbench/unit/timed/stage.h"

#include "model/timed/state.h"

#include <string.h>

static struct stage s;

static void says(const char *text)
{
    char all[1024];

    ck_assert_int_eq(amdvi_timed_explain(s.timed, all, sizeof(all)), AMDVI_OK);
    ck_assert_msg(strstr(all, text) != NULL, "not '%s' in:\n%s", text, all);
}

START_TEST(no_walker_comes_back)
{
    stage_open(&s, "", NULL);
    s.timed->walkers = 16;
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    ck_assert_int_eq(amdvi_timed_run(s.timed, 1000000), AMDVI_OK);
    ck_assert_int_eq(amdvi_timed_run(s.timed, AMDVI_TIMED_NEVER), AMDVI_ERR_STUCK);
    says("1 accesses wait for a walker");
    says("1 in the device, waiting for memory, a walker or a record");
    says("16 walkers busy");
    s.timed->walkers = 0;
    stage_close(&s);
}
END_TEST

START_TEST(no_credit_comes_back)
{
    stage_open(&s, "", NULL);
    s.timed->credits[AMDVI_TIMED_TABLES] = 8;
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_read(&s, 5, 1, DEVICE, page_at(0), 2);
    ck_assert_int_eq(amdvi_timed_run(s.timed, AMDVI_TIMED_NEVER), AMDVI_ERR_STUCK);
    says("1 accesses to tables wait for a credit");
    says("1 waiting for another walk of their page");
    stage_close(&s);
}
END_TEST

START_TEST(the_host_may_be_waited_for)
{
    stage_open_host_memory(&s, "");
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    ck_assert_int_eq(amdvi_timed_run(s.timed, AMDVI_TIMED_NEVER), AMDVI_OK);
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 1);
    stage_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watchdog");
    TCase *tests = tcase_create("stuck");

    tcase_add_test(tests, no_walker_comes_back);
    tcase_add_test(tests, no_credit_comes_back);
    tcase_add_test(tests, the_host_may_be_waited_for);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
