// SPDX-License-Identifier: Apache-2.0
/* What an experiment or a row of the validation measures is there in full, or it has failed. */
#include "testbench/studies/rows.h"
#include "testbench/studies/workload.h"
#include "testbench/unit/run.h"

#include <stdio.h>
#include <string.h>

static struct experiment_result result;
static char error[256];

static void fill(void)
{
    char name[EXPERIMENT_TEXT];

    result = (struct experiment_result){0};
    for (unsigned i = 0; i < EXPERIMENT_METRICS; i++) {
        snprintf(name, sizeof(name), "m%u", i);
        metric_add(&result, name, i);
    }
}

START_TEST(as_many_as_there_is_room_for)
{
    fill();
    ck_assert(metrics_judge(&result, true, error, sizeof(error)));
    ck_assert_double_eq(experiment_metric(&result, "m191")->value, 191);
}
END_TEST

START_TEST(one_too_many_is_an_error)
{
    fill();
    metric_add(&result, "straw", 1);
    metric_add(&result, "another", 1);
    ck_assert(!metrics_judge(&result, true, error, sizeof(error)));
    ck_assert_str_eq(error, "metric 'straw' has no place: at most 192, of at most 63 characters");
}
END_TEST

/* Cut, it might be the name of another one. */
START_TEST(a_name_is_never_cut)
{
    char name[EXPERIMENT_TEXT + 1];

    memset(name, 'n', sizeof(name));
    name[EXPERIMENT_TEXT] = 0;
    result = (struct experiment_result){0};
    metric_add(&result, name + 1, 1);
    ck_assert(metrics_judge(&result, true, error, sizeof(error)) && experiment_metric(&result, name + 1));
    metric_add(&result, name, 2);
    ck_assert(!metrics_judge(&result, true, error, sizeof(error)) && strstr(error, name));
}
END_TEST

START_TEST(a_run_that_failed_says_so)
{
    result = (struct experiment_result){0};
    ck_assert(!metrics_judge(&result, false, error, sizeof(error)));
    ck_assert(strstr(error, "could not be run"));
}
END_TEST

START_TEST(a_row_with_too_many_has_not_run)
{
    static const char *const name = "straw";
    struct validation_outcome outcome = {.ran = true};

    for (unsigned i = 0; i < VALIDATION_METRICS; i++)
        row_metric(&outcome, "m", i);
    ck_assert(outcome.ran);
    row_metric(&outcome, name, 1);
    ck_assert(!outcome.ran && strstr(outcome.remark, name));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *rules = tcase_create("rules");

    tcase_add_test(rules, as_many_as_there_is_room_for);
    tcase_add_test(rules, one_too_many_is_an_error);
    tcase_add_test(rules, a_name_is_never_cut);
    tcase_add_test(rules, a_run_that_failed_says_so);
    tcase_add_test(rules, a_row_with_too_many_has_not_run);
    suite_add_tcase(suite, rules);
    return run_suite(suite);
}
