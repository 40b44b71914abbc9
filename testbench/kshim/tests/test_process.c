// SPDX-License-Identifier: GPL-2.0-only
/* A process of a scenario: how it ended is told, and its time is its own. */
#include "host/process.h"

#include "testbench/unit/run.h"

#include <signal.h>
#include <unistd.h>

enum { STATUS = 3 };

static int give(void *argument)
{
    return *(int *)argument;
}

static int crash(void *argument)
{
    (void)argument;
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
    return 0;
}

static int wait_for_ever(void *argument)
{
    (void)argument;
    while (pause())
        ;
    return 0;
}

START_TEST(test_the_status_is_the_functions)
{
    ck_assert_int_eq(process_run(give, &(int){0}, 0), 0);
    ck_assert_int_eq(process_run(give, &(int){STATUS}, 0), STATUS);
}
END_TEST

START_TEST(test_a_signal_is_told)
{
    ck_assert_int_eq(process_run(crash, NULL, 0), 128 + SIGTERM);
}
END_TEST

/* The caller outlives the child's time, and has no alarm of its own afterwards. */
START_TEST(test_what_takes_too_long_is_ended_alone)
{
    ck_assert_int_eq(process_run(wait_for_ever, NULL, 1), 128 + SIGALRM);
    ck_assert_uint_eq(alarm(0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tcase = tcase_create("process");

    tcase_add_test(tcase, test_the_status_is_the_functions);
    tcase_add_test(tcase, test_a_signal_is_told);
    tcase_add_test(tcase, test_what_takes_too_long_is_ended_alone);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
