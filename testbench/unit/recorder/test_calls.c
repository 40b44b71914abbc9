// SPDX-License-Identifier: Apache-2.0
/* The recorder as an object: arguments, failing outputs, what the host tells it, what a trace looks like. */
#include "recording.h"

#include "testbench/unit/core/machine.h"

static struct machine m;
static struct recording r;

static void setup(void)
{
    machine_open(&m, "");
    recording_start(&r, m.device, m.config, AMDVI_TRACE_FORM_TEXT, MEMORY_BYTES);
    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
}

static void teardown(void)
{
    recording_free(&r);
    machine_close(&m);
}

/* The text so far, with a final 0. */
static const char *text(void)
{
    ck_assert_int_eq(amdvi_recorder_finish(r.recorder), AMDVI_TRACE_OK);
    ck_assert_int_eq(recording_write(&r, "", 1), 0);
    r.length--;
    return (const char *)r.bytes;
}

static const char *must_have(const char *in, const char *what)
{
    const char *at = strstr(in, what);

    ck_assert_msg(at != NULL, "%s is not in\n%s", what, in);
    return at + strlen(what);
}

START_TEST(a_trace_tells_what_happened_in_order)
{
    const char *at;

    ask(&m, AMDVI_READ, IOVA);
    ask(&m, AMDVI_WRITE, 0x9000);
    amdvi_reset(m.device);
    at = must_have(text(), "amdvi-trace 1\n");
    at = must_have(at, "config preset=genoa\n");
    at = must_have(at, "config ram=0x800000\n");
    at = must_have(at, "config autorun=0\n");
    at = must_have(at, "mmio_write off=0x18 ");
    at = must_have(at, "mem addr=0x102000 data=");
    at = must_have(at, "dma dev=0x100 addr=0x7000 len=0x");
    at = must_have(at, "\nok pa=0x600000 ");
    at = must_have(at, "\ndma dev=0x100 addr=0x9000 ");
    at = must_have(at, "\nfault kind=IO_PAGE_FAULT reply=drop flags=");
    at = must_have(at, "\nexpect_event log=host index=0 kind=IO_PAGE_FAULT raw=");
    at = must_have(at, "\nexpect_mem addr=0x410000 data=");
    at = must_have(at, "\nreset\n");
    must_have(at, "expect_count log=host event=0 ppr=0 ga=0");
}
END_TEST

/* What software wrote between two reads of the device stands between the two. */
START_TEST(memory_stands_before_the_action_that_reads_it)
{
    uint64_t leaf = map_host(&m, DEV, D_OK, 0) + 8 * (IOVA >> 12 & 511);
    const char *at;
    char line[64];

    command(&m, UINT64_C(8) << 60, 0);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    put64(&m, leaf, 0);
    command(&m, UINT64_C(8) << 60, 0);
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok);
    at = must_have(text(), "\nok pa=0x600000 ");
    snprintf(line, sizeof(line), "mem addr=0x%llx data=0000000000000000\ndma ", (unsigned long long)leaf);
    at = must_have(at, "\nrun\n");
    at = must_have(at, line);
    must_have(at, "fault kind=IO_PAGE_FAULT");
    recording_must_replay_exactly(&r, m.device);
}
END_TEST

START_TEST(data_of_writes_moves_in_the_trace)
{
    struct amdvi_request rq = {.device = DEV, .op = AMDVI_WRITE, .address = IOVA + 8, .length = 5};
    struct amdvi_result result;
    uint8_t data[] = "hello";

    ck_assert_int_eq(amdvi_dma(m.device, &rq, data, &result), AMDVI_OK);
    must_have(text(), "dma dev=0x100 addr=0x7008 len=0x5 op=write data=68656c6c6f\n");
    recording_must_replay_exactly(&r, m.device);
}
END_TEST

START_TEST(the_host_adds_times_stores_and_comments)
{
    uint8_t byte = 0x5a;
    const char *at;

    ck_assert_int_eq(amdvi_recorder_time(r.recorder, 1200), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_recorder_comment(r.recorder, " the driver starts"), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_recorder_store(r.recorder, 0x1234, &byte, 1), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_recorder_store(r.recorder, 0x1234, &byte, 1), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_recorder_store(r.recorder, MEMORY_BYTES, &byte, 1), AMDVI_TRACE_ERR_RANGE);
    ck_assert_int_eq(amdvi_recorder_comment(r.recorder, "two\nlines"), AMDVI_TRACE_ERR_ARGUMENT);
    at = must_have(text(), "# the driver starts\n");
    at = must_have(at, "mem addr=0x1234 data=5a t=1200\n");
    ck_assert_ptr_null(strstr(at, "addr=0x1234"));
}
END_TEST

START_TEST(what_a_trace_cannot_say_is_counted)
{
    struct amdvi_recorder_statistics statistics;
    uint64_t value;
    size_t size;
    void *saved;

    ck_assert_int_eq(amdvi_pci_read(m.device, 0x100, 8, &value), AMDVI_OK);
    m.atc_answer = AMDVI_ATC_PENDING;
    command(&m, UINT64_C(4) << 60 | DEV, 0x1000);
    ck_assert_int_eq(amdvi_recorder_get_statistics(r.recorder, &statistics), AMDVI_TRACE_OK);
    ck_assert_uint_eq(statistics.inexact, 1);
    ck_assert_int_eq(amdvi_save(m.device, NULL, 0, &size), AMDVI_ERR_TOO_SMALL);
    saved = malloc(size);
    ck_assert_int_eq(amdvi_save(m.device, saved, size, &size), AMDVI_OK);
    ck_assert_int_eq(amdvi_restore(m.device, saved, size), AMDVI_OK);
    free(saved);
    ck_assert_int_eq(amdvi_recorder_get_statistics(r.recorder, &statistics), AMDVI_TRACE_OK);
    ck_assert_uint_ge(statistics.inexact, 2);
}
END_TEST

START_TEST(an_output_that_fails_ends_the_trace)
{
    struct recording full;
    struct amdvi_recorder_options options = {
        .config = m.config, .form = AMDVI_TRACE_FORM_TEXT, .write = recording_write, .context = &full};

    memset(&full, 0, sizeof(full));
    full.refuse_at = 1;
    ck_assert_int_eq(amdvi_recorder_create(m.device, &options, &full.recorder), AMDVI_TRACE_OK);
    for (unsigned i = 0; i < 20000; i++)
        ask(&m, AMDVI_READ, IOVA);
    ck_assert_int_eq(amdvi_recorder_finish(full.recorder), AMDVI_TRACE_ERR_IO);
    ck_assert_int_eq(amdvi_recorder_finish(full.recorder), AMDVI_TRACE_ERR_IO);
    recording_free(&full);
}
END_TEST

/* A trace by hand: registers and logs are as after creation, memory stays, an interrupt is not forgotten. */
START_TEST(a_reset_record_resets_the_device)
{
    static const char by_hand[] = "amdvi-trace 1\n"
                                  "config preset=genoa ram=0x100000\n"
                                  "mmio_write off=0x10 size=8 value=0x800000000003000\n"
                                  "mmio_write off=0x18 size=8 value=0xd\n"
                                  "dma dev=0x100 addr=0x1000 len=8 op=read\n"
                                  "fault\n"
                                  "expect_count log=host event=1\n"
                                  "reset\n"
                                  "mmio_read off=0x18 size=8 value=0x0 mask=0x1\n"
                                  "mmio_read off=0x10 size=8 value=0x0 mask=0xfffff000\n"
                                  "expect_count log=host event=0\n"
                                  "expect_mem addr=0x3000 data=0001\n"
                                  "expect_irq kind=event count=1\n"
                                  "dma dev=0x100 addr=0x1000 len=8 op=read\n"
                                  "ok pa=0x1000\n";
    struct recording hand = {0};
    struct played played;

    ck_assert_int_eq(recording_write(&hand, by_hand, sizeof(by_hand) - 1), 0);
    recording_play(&hand, AMDVI_TRACE_KINDS, &played);
    ck_assert_msg(played.counts.failed == 0, "%s", played.failure);
    ck_assert_uint_eq(played.counts.checks, 8);
    recording_play(&hand, AMDVI_TRACE_KIND_RESET, &played);
    ck_assert_uint_gt(played.counts.failed, 0);
    recording_free(&hand);
}
END_TEST

static bool read_machine(void *context, uint64_t spa, void *bytes, size_t length)
{
    (void)context;
    if (spa + length > MEMORY_BYTES)
        return false;
    memcpy(bytes, m.bytes + spa, length);
    return true;
}

/* A change that the host looks for stands before what comes next, though the device reads it later or never.
 */
START_TEST(a_scan_finds_what_software_has_changed)
{
    uint64_t leaf = map_host(&m, DEV, D_OK, 0) + 8 * (IOVA >> 12 & 511);
    struct played played;
    const char *at;
    char line[64];

    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    put64(&m, leaf, 0);
    put64(&m, leaf + 8, UINT64_C(0x1122334455667788)); /* in the same page, and never read */
    put64(&m, leaf + 4096, 0x12345);                   /* in a page that the device has not read from */
    ck_assert_int_eq(amdvi_recorder_scan(r.recorder, read_machine, NULL), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_recorder_scan(r.recorder, read_machine, NULL), AMDVI_TRACE_OK);
    command(&m, UINT64_C(8) << 60, 0);
    recording_must_replay(&r, &played);
    snprintf(line, sizeof(line), "mem addr=0x%llx data=00000000000000008877665544332211\n",
             (unsigned long long)leaf);
    at = must_have(text(), line);
    must_have(at, "mmio_write off=0x2008 ");
    ck_assert_ptr_null(strstr(at, line));
    ck_assert_ptr_null(strstr((const char *)r.bytes, "4523010000000000"));
}
END_TEST

START_TEST(arguments)
{
    struct amdvi_recorder_options good = {.config = m.config, .write = recording_write, .context = &r}, bad;
    struct amdvi_recorder_statistics statistics;
    struct amdvi_recorder *recorder;

    ck_assert_int_eq(amdvi_recorder_create(NULL, &good, &recorder), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_create(m.device, NULL, &recorder), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_create(m.device, &good, NULL), AMDVI_TRACE_ERR_ARGUMENT);
    bad = good;
    bad.write = NULL;
    ck_assert_int_eq(amdvi_recorder_create(m.device, &bad, &recorder), AMDVI_TRACE_ERR_ARGUMENT);
    bad = good;
    bad.config = NULL;
    ck_assert_int_eq(amdvi_recorder_create(m.device, &bad, &recorder), AMDVI_TRACE_ERR_ARGUMENT);
    bad = good;
    bad.ram = UINT64_MAX;
    ck_assert_int_eq(amdvi_recorder_create(m.device, &bad, &recorder), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_finish(NULL), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_time(NULL, 0), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_store(NULL, 0, "", 1), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_store(r.recorder, 0, NULL, 1), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_comment(r.recorder, NULL), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_get_statistics(NULL, &statistics), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_scan(NULL, read_machine, NULL), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_scan(r.recorder, NULL, NULL), AMDVI_TRACE_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_recorder_create(m.device, &good, &recorder), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_recorder_scan(recorder, read_machine, NULL),
                     AMDVI_TRACE_ERR_ARGUMENT); /* no `scans` */
    amdvi_recorder_destroy(recorder);
    amdvi_recorder_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder, the object");
    TCase *tests = tcase_create("calls");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_trace_tells_what_happened_in_order);
    tcase_add_test(tests, memory_stands_before_the_action_that_reads_it);
    tcase_add_test(tests, data_of_writes_moves_in_the_trace);
    tcase_add_test(tests, the_host_adds_times_stores_and_comments);
    tcase_add_test(tests, what_a_trace_cannot_say_is_counted);
    tcase_add_test(tests, an_output_that_fails_ends_the_trace);
    tcase_add_test(tests, a_reset_record_resets_the_device);
    tcase_add_test(tests, a_scan_finds_what_software_has_changed);
    tcase_add_test(tests, arguments);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
