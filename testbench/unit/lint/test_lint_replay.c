// SPDX-License-Identifier: Apache-2.0
/* Traces under the lint: real drivers are silent, a trace with a mistake names file and line. */
#include "amdvi/replay.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned findings;
static char text[1200];

static void on_finding(void *context, const struct amdvi_lint_finding *finding, const char *line)
{
    findings++;
    snprintf(text, sizeof(text), "%s", line);
}

static struct amdvi_lint_statistics play(struct amdvi_trace_reader *reader, enum amdvi_lint_regime regime)
{
    struct amdvi_lint_options lint = {.regime = regime, .windows = true};
    struct amdvi_replay_options options = {
        .name = "mistake.trace", .lint = on_finding, .lint_options = &lint};
    struct amdvi_lint_statistics statistics;
    struct amdvi_trace_record record;
    struct amdvi_replay *replay;

    findings = 0;
    ck_assert_int_eq(amdvi_replay_create(&options, &replay), AMDVI_REPLAY_OK);
    while (amdvi_trace_next(reader, &record) == AMDVI_TRACE_OK)
        ck_assert_msg(amdvi_replay_record(replay, &record) == AMDVI_REPLAY_OK, "%s",
                      amdvi_replay_error(replay));
    amdvi_replay_finish(replay);
    ck_assert_int_eq(amdvi_lint_statistics(amdvi_replay_lint(replay), &statistics), AMDVI_OK);
    amdvi_replay_destroy(replay);
    amdvi_trace_close(reader);
    return statistics;
}

static const char *const captures[] = {
    AMDVI_SAMPLES "/linux61-lazy.capture.txt.zst",
    AMDVI_SHARED "/captures/linux61-strict.capture.txt.zst",
    AMDVI_SHARED "/captures/linux61-lazy.capture.txt.zst",
    AMDVI_SHARED "/captures/linux612-strict.capture.txt.zst",
};

START_TEST(real_drivers_are_silent)
{
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;
    struct amdvi_lint_statistics statistics;

    if (access(captures[_i], R_OK) != 0)
        return;
    ck_assert_int_eq(amdvi_trace_open(captures[_i], NULL, &reader, &error), AMDVI_TRACE_OK);
    statistics = play(reader, AMDVI_LINT_SYNCHRONOUS);
    ck_assert_msg(findings == 0, "%s", text);
    ck_assert_uint_gt(statistics.checked, 10000);
    ck_assert_uint_gt(statistics.writes, 1000);
    ck_assert_uint_eq(statistics.words_lost, 0);
}
END_TEST

/* What the library's recorder has written: of a device that runs behind the doorbell, and of a guest. */
static const char *const recordings[] = {
    AMDVI_SAMPLES "/linux612-strict.trace",
    AMDVI_SAMPLES "/linux612-lazy.atb",
    AMDVI_SAMPLES "/linux612-guest.atb",
};

START_TEST(recordings_of_real_drivers_are_silent)
{
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;

    ck_assert_int_eq(amdvi_trace_open(recordings[_i], NULL, &reader, &error), AMDVI_TRACE_OK);
    ck_assert_uint_gt(play(reader, AMDVI_LINT_AUTO).checked, 10);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* Device 0100 with one page at 7000h; then the page goes, and perhaps the translation. */
static const char trace[] = "amdvi-trace 1\n"
                            "mmio_write off=0x0 size=8 value=0x10001f\n"
                            "mmio_write off=0x8 size=8 value=0x0800000000010000\n"
                            "mmio_write off=0x18 size=8 value=0x1001\n"
                            "mem addr=0x102000 data=0344000000000060 t=1000\n"
                            "mem addr=0x102008 data=2100\n"
                            "mem addr=0x4000 data=0152000000000060\n"
                            "fill addr=0x5000 len=0x1000 byte=0\n"
                            "mem addr=0x5038 data=0170770000000060\n"
                            "dma dev=0x100 addr=0x7000 len=4 op=read t=2000\n"
                            "ok pa=0x777000\n"
                            "fill addr=0x5000 len=0x1000 byte=0 t=3000\n";
static const char invalidation[] = "mem addr=0x10000 data=000000002100003000700000\n"
                                   "mmio_write off=0x2008 size=8 value=0x10\n";
static const char last[] = "dma dev=0x100 addr=0x7000 len=4 op=read t=9000\n";

static struct amdvi_lint_statistics play_text(const char *middle)
{
    char whole[2048];
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;

    snprintf(whole, sizeof(whole), "%s%s%s", trace, middle, last);
    ck_assert_int_eq(amdvi_trace_open_memory(whole, strlen(whole), "mistake.trace", NULL, &reader, &error),
                     AMDVI_TRACE_OK);
    return play(reader, AMDVI_LINT_AUTO);
}

START_TEST(a_mistake_is_named_with_file_and_line)
{
    play_text("");
    ck_assert_uint_eq(findings, 1);
    ck_assert_msg(strncmp(text, "mistake.trace:13: stale-entry: ", 31) == 0, "%s", text);
    ck_assert_msg(strstr(text, "in line 12, read in line 10"), "%s", text);
    ck_assert_msg(strstr(text, "dangerous for 1 records, 6000 ns"), "%s", text);
    ck_assert_msg(strstr(text, "needed INVALIDATE_IOMMU_PAGES domain 0x21 0x7000 to 0x7fff"), "%s", text);
}
END_TEST

START_TEST(without_the_mistake_there_is_none)
{
    play_text(invalidation);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint-replay");
    TCase *tcase = tcase_create("lint-replay");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, recordings_of_real_drivers_are_silent, 0, 3);
    tcase_add_loop_test(tcase, real_drivers_are_silent, 0, sizeof(captures) / sizeof(captures[0]));
    tcase_add_test(tcase, a_mistake_is_named_with_file_and_line);
    tcase_add_test(tcase, without_the_mistake_there_is_none);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
