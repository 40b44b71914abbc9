// SPDX-License-Identifier: Apache-2.0
/* Exporters: the text to the letter, and that no name can break out of it. */
#include "amdvi/trace_export.h"
#include "support.h"

#include <string.h>

START_TEST(timeline_is_chrome_json)
{
    struct sink out = {0};
    struct amdvi_perfetto *perfetto;
    const struct amdvi_export_arg args[] = {{"addr", NULL, UINT64_MAX}, {"outcome", "ok", 0}};
    struct amdvi_export_event event = {"device 00:02.0 translations", "read", 1234, 56, args, 2};
    ck_assert_int_eq(amdvi_perfetto_open(sink_write, &out, "run", 0, &perfetto), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_perfetto_event(perfetto, &event), AMDVI_TRACE_OK);
    event.dur_ns = 0;
    event.args_count = 0;
    event.name = "a\"\\\n\xff\xc3\xa4";
    ck_assert_int_eq(amdvi_perfetto_event(perfetto, &event), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_perfetto_counter(perfetto, "entries", 2000, 7), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_perfetto_finish(perfetto), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_perfetto_event(perfetto, &event), AMDVI_TRACE_ERR_ARGUMENT);
    amdvi_perfetto_close(perfetto);
    sink_write(&out, "", 1);
    ck_assert_str_eq(
        (char *)out.bytes,
        "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
        "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"run\"}},\n"
        "{\"ph\":\"M\",\"pid\":1,\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":\"device 00:02.0 "
        "translations\"}},\n"
        "{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"name\":\"read\",\"ts\":1.234,\"dur\":0.056,\"args\":{\"addr\":"
        "\"0xffffffffffffffff\",\"outcome\":\"ok\"}},\n"
        "{\"ph\":\"i\",\"pid\":1,\"tid\":1,\"name\":\"a\\\"\\\\\\u000a\\u00ff\xc3\xa4\",\"ts\":1.234,\"s\":"
        "\"t\"},\n"
        "{\"ph\":\"C\",\"pid\":1,\"name\":\"entries\",\"ts\":2.000,\"args\":{\"value\":7}}\n]}\n");
    sink_free(&out);
}
END_TEST

START_TEST(tracks_are_bounded)
{
    struct sink out = {0};
    struct amdvi_perfetto *perfetto;
    amdvi_perfetto_open(sink_write, &out, NULL, 100, &perfetto);
    for (unsigned i = 0; i < 1000; i++) {
        char track[64];
        amdvi_export_device_track((uint16_t)i, "commands", track, sizeof(track));
        struct amdvi_export_event event = {.track = track, .name = "x", .ts_ns = i};
        ck_assert_int_eq(amdvi_perfetto_event(perfetto, &event), AMDVI_TRACE_OK);
    }
    amdvi_perfetto_finish(perfetto);
    amdvi_perfetto_close(perfetto);
    sink_write(&out, "", 1);
    ck_assert_ptr_nonnull(
        strstr((char *)out.bytes, "\"tid\":100,\"name\":\"thread_name\",\"args\":{\"name\":\"other\"}"));
    ck_assert_ptr_null(strstr((char *)out.bytes, "\"tid\":101"));
    sink_free(&out);
}
END_TEST

START_TEST(csv_quotes)
{
    struct sink out = {0};
    struct amdvi_csv *csv;
    struct amdvi_trace_record record;
    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_INT);
    amdvi_trace_set(&record, AMDVI_TRACE_KEY_DEV, 0xa0);
    amdvi_trace_set(&record, AMDVI_TRACE_KEY_ADDR, 0xfee00000);
    amdvi_trace_set(&record, AMDVI_TRACE_KEY_DATA, 4);
    record.line = 7;
    record.comment = " a, \"b\"";
    ck_assert_int_eq(amdvi_csv_open(sink_write, &out, &csv), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_csv_result(csv, &record, 12, "ok", NULL), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_csv_finish(csv), AMDVI_TRACE_OK);
    amdvi_csv_close(csv);
    sink_write(&out, "", 1);
    ck_assert_str_eq(
        (char *)out.bytes,
        "line,t_ns,kind,dev,pasid,addr,outcome,detail,record\n"
        "7,12,int,0xa0,,0xfee00000,ok,,\"int dev=0xa0 addr=0xfee00000 data=0x4 # a, \"\"b\"\"\"\n");
    sink_free(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace export");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, timeline_is_chrome_json);
    tcase_add_test(tests, tracks_are_bounded);
    tcase_add_test(tests, csv_quotes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
