// SPDX-License-Identifier: Apache-2.0
/*
 * Each kind of the lint has an example in docs/examples/lint: as it stands it shows the mistake, and nothing
 * else; with what it marks as "# wrong" left out and "# right" put in it is silent. A kind without its
 * example fails here.
 */
#include "amdvi/replay.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 16384 };

static unsigned of_kind[AMDVI_LINT_KINDS], findings;
static char first[1200];

static void on_finding(void *context, const struct amdvi_lint_finding *finding, const char *line)
{
    (void)context;
    of_kind[finding->kind]++;
    if (!findings++)
        snprintf(first, sizeof(first), "%s", line);
}

static void play(const char *name, const char *text)
{
    struct amdvi_lint_options lint = {.windows = false};
    struct amdvi_replay_options options = {.name = name, .lint = on_finding, .lint_options = &lint};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    struct amdvi_trace_error error;
    struct amdvi_replay *replay;
    enum amdvi_trace_status status;

    memset(of_kind, 0, sizeof(of_kind));
    findings = 0;
    first[0] = 0;
    ck_assert_int_eq(amdvi_trace_open_memory(text, strlen(text), name, NULL, &reader, &error),
                     AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_replay_create(&options, &replay), AMDVI_REPLAY_OK);
    while ((status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK)
        ck_assert_msg(amdvi_replay_record(replay, &record) == AMDVI_REPLAY_OK, "%s: %s", name,
                      amdvi_replay_error(replay));
    ck_assert_msg(status == AMDVI_TRACE_END, "%s cannot be read", name);
    amdvi_replay_finish(replay);
    amdvi_replay_destroy(replay);
    amdvi_trace_close(reader);
}

/* The example as it stands, and how it should be. False: there is none. */
static bool read_both(const char *name, char *wrong, char *right)
{
    char path[512], line[1024];
    bool skip = false;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.trace", AMDVI_EXAMPLES, name);
    file = fopen(path, "r");
    wrong[0] = right[0] = 0;
    while (file && fgets(line, sizeof(line), file)) {
        bool mistake = strcmp(line, "# wrong\n") == 0, mended = strncmp(line, "# right ", 8) == 0;
        ck_assert_uint_lt(strlen(wrong) + strlen(line), ROOM);
        strcat(wrong, line);
        if (!mistake && !skip)
            strcat(right, mended ? line + 8 : line);
        skip = mistake;
    }
    if (file)
        fclose(file);
    return file != NULL;
}

/* What a guest asks of its Control register is told by its hypervisor (amdvi_lint_guest_control()) and in no
 * trace: test_lint_guests.c has both ways. */
static bool is_in_no_trace(int kind)
{
    return kind == AMDVI_LINT_GUEST_CONTROL;
}

START_TEST(each_kind_has_an_example_that_fails_and_its_right_way)
{
    static char wrong[ROOM], right[ROOM];
    const char *name = amdvi_lint_kind_name((enum amdvi_lint_kind)_i);

    if (is_in_no_trace(_i))
        return;
    ck_assert_msg(read_both(name, wrong, right), "there is no docs/examples/lint/%s.trace", name);
    ck_assert_msg(strcmp(wrong, right) != 0, "%s: no line is marked", name);
    play(name, wrong);
    ck_assert_msg(of_kind[_i] >= 1, "%s: it is not found; instead: %s", name, first);
    ck_assert_msg(of_kind[_i] == findings, "%s: more is found: %s", name, first);
    play(name, right);
    ck_assert_msg(findings == 0, "%s, the right way: %s", name, first);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("examples of the lint");
    TCase *tests = tcase_create("examples");

    tcase_add_loop_test(tests, each_kind_has_an_example_that_fails_and_its_right_way, 0, AMDVI_LINT_KINDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
