// SPDX-License-Identifier: Apache-2.0
/* Who waits for an experiment is told how far it is: of every kind of workload, up to its end, without
 * another result. */
#include "amdvi/experiment.h"

#include <check.h>
#include <glob.h>
#include <stdlib.h>

enum { SETTINGS = 3, SLACK = 64 };

struct told {
    uint64_t count;
    double last;
};

static void tell(void *context, double share)
{
    struct told *told = context;

    ck_assert_double_ge(share, told->last);
    ck_assert_double_le(share, 1);
    told->last = share;
    told->count++;
}

static glob_t files;

static void read_file(struct experiment *e, const char *file)
{
    static const char *const settings[SETTINGS][2] = {
        {"length", "60"}, {"warm_up", "12"}, {"workload.guests", "4"}};
    char error[256];

    experiment_init(e);
    ck_assert_msg(experiment_read(e, file, error, sizeof(error)), "%s", error);
    /* What a kind of workload does not have is refused when it runs, so guests are for those that have them.
     */
    for (unsigned i = 0; i < SETTINGS; i++)
        if (i < 2 || e->workload.kind == WORKLOAD_STORM || e->workload.kind == WORKLOAD_GUESTS)
            ck_assert(experiment_set(e, settings[i][0], settings[i][1], error, sizeof(error)));
}

static void run(const struct experiment *e, struct experiment_result *result)
{
    char error[512];

    ck_assert_msg(experiment_run(e, result, error, sizeof(error)), "%s: %s", e->name, error);
}

static void same(const struct experiment_result *a, const struct experiment_result *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (unsigned i = 0; i < a->count; i++)
        ck_assert_double_eq(a->metrics[i].value, b->metrics[i].value);
}

/* What several devices do at one moment may come to its end together: a few more than were asked for. */
START_TEST(told_up_to_the_end)
{
    struct told told = {0};
    struct experiment_watch watch = {.tell = tell, .context = &told};
    static struct experiment_result alone, watched;
    struct experiment e;

    read_file(&e, files.gl_pathv[_i]);
    run(&e, &alone);
    e.watch = &watch;
    run(&e, &watched);
    same(&alone, &watched);
    ck_assert_double_eq(told.last, 1);
    ck_assert_uint_eq(watch.done, watch.total);
    ck_assert_uint_ge(told.count, watch.total);
    ck_assert_uint_le(told.count, watch.total + SLACK);
}
END_TEST

START_TEST(every_kind_has_its_file)
{
    unsigned seen = 0;
    struct experiment e;

    for (size_t i = 0; i < files.gl_pathc; i++) {
        read_file(&e, files.gl_pathv[i]);
        seen |= 1u << e.workload.kind;
    }
    ck_assert_uint_eq(seen, (1u << WORKLOAD_KINDS) - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *all = tcase_create("all");
    SRunner *runner;
    int failed;

    if (glob(EXPERIMENTS "/*.yaml", 0, NULL, &files))
        return 1;
    tcase_set_timeout(all, 0);
    tcase_add_test(all, every_kind_has_its_file);
    tcase_add_loop_test(all, told_up_to_the_end, 0, (int)files.gl_pathc);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    globfree(&files);
    return failed ? 1 : 0;
}
