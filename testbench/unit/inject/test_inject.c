// SPDX-License-Identifier: Apache-2.0
/* Faults on demand: each kind, the events that follow, and the way back to work. */
#include "amdvi/inject.h"
#include "machine/machine.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICE = 0x100, DOMAIN = 7, IOVA = 0x10000 };
enum { MILLISECOND = 1000000 };

static struct machine m;
static uint64_t root;
static unsigned prg_responses;

static void on_prg(void *context, const struct amdvi_prg_response *response)
{
    prg_responses++;
}

static void start(void)
{
    m.callbacks.prg_response = on_prg;
    prg_responses = 0;
    machine_start(&m);
    root = machine_page(&m);
    machine_dte(&m, DEVICE, DOMAIN, 3, root);
    for (unsigned i = 0; i < 8; i++)
        machine_map(&m, root, 3, IOVA + i * 0x1000, MACHINE_DATA + i * 0x1000, MACHINE_READ_WRITE);
}

static void setup(void)
{
    machine_init(&m);
    start();
}

static void teardown(void)
{
    machine_free(&m);
}

static void plan(const char *text)
{
    struct amdvi_inject_rule rules[AMDVI_INJECT_RULES_MAX];
    size_t count;

    ck_assert_int_eq(amdvi_inject_parse(text, rules, AMDVI_INJECT_RULES_MAX, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(m.device, rules, count), AMDVI_OK);
}

static struct amdvi_inject_count count_of(unsigned index)
{
    struct amdvi_inject_count count = {0};

    ck_assert_int_eq(amdvi_inject_count(m.device, index, &count), AMDVI_OK);
    return count;
}

/* The newest record has this code and this type of hardware error. */
static void expect_event(unsigned events, unsigned code, unsigned type)
{
    uint64_t record[2];

    ck_assert_uint_eq(machine_events(&m), events);
    machine_event(&m, events - 1, record);
    ck_assert_uint_eq(record[0] >> 60, code);
    ck_assert_uint_eq(record[0] >> 57 & 3, type);
}

static uint64_t status(void)
{
    return machine_register(&m, reg_info[REG_STATUS].offset);
}

static struct amdvi_statistics statistics(void)
{
    struct amdvi_statistics s;

    amdvi_get_statistics(m.device, &s);
    return s;
}

/* ---------------------------------------------------------------- memory */

START_TEST(a_device_table_entry_fails_once)
{
    plan("read:dte:nth=1:target_abort");
    ck_assert(!machine_read(&m, DEVICE, IOVA).ok);
    expect_event(1, EVT_DEV_TAB_HARDWARE_ERROR, AMDVI_MEMORY_TARGET_ABORT);
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    ck_assert_uint_eq(machine_events(&m), 1);
}
END_TEST

START_TEST(the_second_table_read_fails)
{
    struct amdvi_result result;

    plan("read:pte:nth=2:data_error");
    result = machine_read(&m, DEVICE, IOVA);
    ck_assert(!result.ok);
    ck_assert_uint_eq(result.fault.event, EVT_PAGE_TAB_HARDWARE_ERROR);
    ck_assert_uint_eq(result.fault.address, machine_host_entry(&m, root, 3, 2, IOVA));
    expect_event(1, EVT_PAGE_TAB_HARDWARE_ERROR, AMDVI_MEMORY_DATA_ERROR);
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
}
END_TEST

START_TEST(every_third_walk_fails)
{
    unsigned failed = 0;

    machine_read(&m, DEVICE, IOVA); /* directories are cached now: one read a page */
    plan("read:pte:every=3:master_abort");
    for (unsigned i = 1; i < 8; i++)
        failed += !machine_read(&m, DEVICE, IOVA + i * 0x1000).ok;
    ck_assert_uint_eq(failed, 2);
    ck_assert_uint_eq(count_of(0).matched, 7);
    ck_assert_uint_eq(count_of(0).acted, 2);
}
END_TEST

START_TEST(only_some_addresses_fail)
{
    uint64_t entry = machine_host_entry(&m, root, 3, 1, IOVA + 0x3000);
    char text[96];

    snprintf(text, sizeof(text), "read:pte:addr=0x%llx-0x%llx:data_error", (unsigned long long)entry + 7,
             (unsigned long long)entry + 8);
    plan(text);
    ck_assert(machine_read(&m, DEVICE, IOVA + 0x2000).ok);
    ck_assert(!machine_read(&m, DEVICE, IOVA + 0x3000).ok);
    ck_assert(!machine_read(&m, DEVICE, IOVA + 0x4000).ok);
    ck_assert(machine_read(&m, DEVICE, IOVA + 0x5000).ok);
}
END_TEST

START_TEST(interrupt_entries_and_posting_fail)
{
    uint64_t table = machine_page(&m);
    struct amdvi_int_result result;

    machine_irte(&m, table, 3, 0x41);
    machine_dte_interrupts(&m, DEVICE, table, 9);
    plan("read:irte:nth=1:data_error");
    result = machine_interrupt(&m, DEVICE, 3);
    ck_assert(!result.ok);
    ck_assert_uint_eq(result.fault.event, EVT_PAGE_TAB_HARDWARE_ERROR);
    ck_assert(machine_interrupt(&m, DEVICE, 3).ok);
}
END_TEST

START_TEST(guest_tables_fail_by_their_own_names)
{
    uint64_t gcr3 = machine_page(&m), guest = machine_page(&m);

    machine_dte(&m, DEVICE, DOMAIN, 0, 0);
    machine_dte_guest(&m, DEVICE, gcr3);
    machine_poke(&m, gcr3 + 5 * 8, guest | 1);
    machine_guest_map(&m, guest, 0x4000, MACHINE_DATA);
    plan("read:gcr3:nth=1:data_error;read:gpte:nth=2:data_error;write:gpte:nth=1:target_abort");
    for (unsigned i = 0; i < 3; i++)
        ck_assert(!machine_read_pasid(&m, DEVICE, 5, 0x4000).ok);
    ck_assert(machine_read_pasid(&m, DEVICE, 5, 0x4000).ok);
    ck_assert_uint_eq(count_of(2).acted, 1);
}
END_TEST

START_TEST(a_failing_fetch_stops_the_commands_until_they_are_restarted)
{
    uint64_t control = machine_register(&m, reg_info[REG_CONTROL].offset);

    plan("read:command:nth=1:master_abort");
    ck_assert(!machine_wait(&m));
    expect_event(1, EVT_COMMAND_HARDWARE_ERROR, AMDVI_MEMORY_MASTER_ABORT);
    ck_assert(!reg_status_cmdbufrun(status()));
    machine_set_register(&m, reg_info[REG_CONTROL].offset, control & ~REG_CONTROL_CMDBUFEN_MASK);
    machine_set_register(&m, reg_info[REG_CONTROL].offset, control);
    amdvi_run(m.device);
    ck_assert_uint_eq(machine_peek(&m, MACHINE_STORE), 1);
}
END_TEST

START_TEST(a_failing_store_is_no_store)
{
    plan("write:store:data_error");
    ck_assert(!machine_wait(&m));
    ck_assert_uint_eq(machine_peek(&m, MACHINE_STORE), 0);
    expect_event(1, EVT_COMMAND_HARDWARE_ERROR, AMDVI_MEMORY_DATA_ERROR);
}
END_TEST

START_TEST(a_log_that_cannot_be_written_stops)
{
    plan("write:log:nth=1:master_abort");
    machine_read(&m, DEVICE, 0x500000);
    ck_assert(reg_status_eventoverflow(status()));
    ck_assert(!reg_status_eventlogrun(status()));
    ck_assert_uint_eq(machine_events(&m), 0);
}
END_TEST

START_TEST(data_fails_behind_a_good_translation)
{
    struct amdvi_request rq = {.device = DEVICE, .address = IOVA, .length = 0x2000, .op = AMDVI_WRITE};
    struct amdvi_result result;
    static uint8_t data[0x2000];

    plan("write:data:nth=2:data_error");
    ck_assert_int_eq(amdvi_dma(m.device, &rq, data, &result), AMDVI_ERR_MEMORY);
    ck_assert(result.ok);
    ck_assert_int_eq(amdvi_dma(m.device, &rq, data, &result), AMDVI_OK);
}
END_TEST

/* Through callbacks and through the window it is the same. */
START_TEST(memory_without_a_window_fails_too)
{
    machine_free(&m);
    machine_init(&m);
    m.no_window = true;
    start();
    plan("any:all:nth=3:data_error");
    ck_assert(!machine_read(&m, DEVICE, IOVA).ok);
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
}
END_TEST

/* ---------------------------------------------------------------- caches */

START_TEST(cache_entries_vanish_and_come_back)
{
    struct amdvi_statistics before, after;

    machine_read(&m, DEVICE, IOVA);
    machine_read(&m, DEVICE, IOVA);
    plan("cache:ptc:nth=1:corrupt;cache:dtc:nth=2:drop;cache:pdc:addr=0x11000:drop");
    before = statistics();
    ck_assert_uint_eq(machine_read(&m, DEVICE, IOVA).pa, MACHINE_DATA); /* walks again */
    after = statistics();
    ck_assert_uint_eq(after.walks, before.walks + 1);
    ck_assert_uint_eq(after.parity_errors, 1);
    ck_assert(machine_read(&m, DEVICE, IOVA).ok); /* device entry again */
    ck_assert_uint_eq(statistics().dtc_misses, before.dtc_misses + 1);
    before = statistics();
    ck_assert(machine_read(&m, DEVICE, IOVA + 0x1000).ok); /* its directories are lost, one after the other */
    after = statistics();
    ck_assert_uint_eq(after.reads_host, before.reads_host + 3);
    ck_assert_uint_eq(count_of(2).acted, 2);
}
END_TEST

/* The walk behind a lost line fails, so nothing takes its place: it must not answer later. */
START_TEST(a_lost_entry_stays_lost)
{
    struct amdvi_statistics before;

    machine_read(&m, DEVICE, IOVA);
    machine_read(&m, DEVICE, IOVA);
    plan("cache:ptc:nth=1:drop;read:pte:data_error");
    ck_assert(!machine_read(&m, DEVICE, IOVA).ok);
    ck_assert_int_eq(amdvi_inject(m.device, NULL, 0), AMDVI_OK);
    before = statistics();
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    ck_assert_uint_eq(statistics().walks, before.walks + 1);
}
END_TEST

START_TEST(interrupt_entries_vanish_too)
{
    uint64_t table = machine_page(&m);

    machine_irte(&m, table, 3, 0x41);
    machine_dte_interrupts(&m, DEVICE, table, 9);
    machine_interrupt(&m, DEVICE, 3);
    machine_irte(&m, table, 3, 0x42);
    ck_assert_uint_eq(machine_interrupt(&m, DEVICE, 3).vector, 0x41);
    plan("cache:itc:dev=0x100:nth=1:drop");
    ck_assert_uint_eq(machine_interrupt(&m, DEVICE, 3).vector, 0x42);
}
END_TEST

/* ---------------------------------------------------------------- devices */

START_TEST(a_completion_that_never_comes_times_out)
{
    plan("atc:dev=0x100:timeout");
    machine_invalidate_atc(&m, DEVICE);
    ck_assert(!machine_wait(&m));
    amdvi_advance(m.device, UINT64_C(999) * MILLISECOND);
    amdvi_run(m.device);
    ck_assert_uint_eq(machine_events(&m), 0);
    amdvi_advance(m.device, MILLISECOND);
    amdvi_run(m.device);
    expect_event(1, EVT_IOTLB_INV_TIMEOUT, 0);
    ck_assert_uint_eq(machine_peek(&m, MACHINE_STORE), 1); /* the command counts as complete */
    machine_invalidate_atc(&m, DEVICE + 1);
    ck_assert(machine_wait(&m));
}
END_TEST

START_TEST(a_late_completion_only_delays)
{
    plan("atc:delay=5000000");
    machine_invalidate_atc(&m, DEVICE);
    ck_assert(!machine_wait(&m));
    amdvi_advance(m.device, UINT64_C(5) * MILLISECOND);
    amdvi_run(m.device);
    ck_assert_uint_eq(machine_peek(&m, MACHINE_STORE), 1);
    ck_assert_uint_eq(machine_events(&m), 0);
}
END_TEST

START_TEST(a_completion_later_than_the_timeout_is_too_late)
{
    plan("atc:delay=2000000000");
    machine_invalidate_atc(&m, DEVICE);
    amdvi_advance(m.device, UINT64_C(3000) * MILLISECOND);
    amdvi_run(m.device);
    expect_event(1, EVT_IOTLB_INV_TIMEOUT, 0);
}
END_TEST

START_TEST(page_request_answers_get_lost)
{
    plan("prg:nth=1:drop");
    machine_command(&m, (uint64_t)CMD_COMPLETE_PPR_REQUEST << 60 | DEVICE, 0);
    ck_assert_uint_eq(prg_responses, 0);
    machine_command(&m, (uint64_t)CMD_COMPLETE_PPR_REQUEST << 60 | DEVICE, 0);
    ck_assert_uint_eq(prg_responses, 1);
}
END_TEST

/* ---------------------------------------------------------------- plans */

START_TEST(the_configuration_carries_a_plan)
{
    char text[AMDVI_INJECT_TEXT_MAX];

    amdvi_config_get(m.config, "inject.plan", text, sizeof(text));
    ck_assert_str_eq(text, "none");
    machine_free(&m);
    machine_init(&m);
    machine_set(&m, "inject.plan", "read:dte:nth=2:data_error");
    start();
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    machine_invalidate_device(&m, DEVICE);
    ck_assert(!machine_read(&m, DEVICE, IOVA).ok);
    plan("");
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    amdvi_reset(m.device);
    ck_assert_uint_eq(count_of(0).matched, 0);
    amdvi_config_get(m.config, "inject.plan", text, sizeof(text));
    ck_assert_str_eq(text, "read:dte:nth=2:data_error");
    ck_assert_int_eq(amdvi_config_set(m.config, "inject.plan", "read:dte"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(amdvi_config_set(m.config, "inject.plan", "none"), AMDVI_OK);
}
END_TEST

START_TEST(texts_that_are_no_plan_are_refused)
{
    static const char *const bad[] = {"x",
                                      "read",
                                      "read:",
                                      "read:dte",
                                      "read:dte:",
                                      "read:dte:drop",
                                      "read:xte:data_error",
                                      ";",
                                      "::",
                                      "read:dte:nth=0:data_error",
                                      "read:dte:nth=1:every=2:data_error",
                                      "read:dte:nth=:data_error",
                                      "read:dte:nth=0x:data_error",
                                      "read:dte:nth=99999999999999999999:data_error",
                                      "read:dte:dev=1:data_error",
                                      "read:dte:addr=9-8:data_error",
                                      "read:dte:addr=-8:data_error",
                                      "cache:dtc:addr=1:drop",
                                      "cache:ptc:dev=1:drop",
                                      "cache:xtc:drop",
                                      "cache:ptc:timeout",
                                      "atc:addr=1:timeout",
                                      "atc:delay",
                                      "atc:delay=",
                                      "atc:dev=0x10000:timeout",
                                      "prg:timeout",
                                      "read:dte:data_error:data_error",
                                      "read:dte:data_error;;read:dte:data_error"};
    struct amdvi_inject_rule rules[2];
    size_t count;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(amdvi_inject_parse(bad[i], rules, 2, &count) == AMDVI_ERR_BAD_VALUE, "%s", bad[i]);
    ck_assert_int_eq(amdvi_inject_parse("prg:drop;prg:drop;prg:drop", rules, 2, &count), AMDVI_ERR_TOO_SMALL);
    ck_assert_int_eq(amdvi_inject_parse("prg:drop;prg:drop;", rules, 2, &count), AMDVI_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(amdvi_inject_parse(NULL, rules, 2, &count), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(rules_that_contradict_themselves_are_refused)
{
    struct amdvi_inject_rule rule = {
        .what = AMDVI_INJECT_MEMORY, .action = AMDVI_INJECT_DATA_ERROR, .reads = true};

    ck_assert_int_eq(amdvi_inject(m.device, &rule, 1), AMDVI_ERR_BAD_VALUE); /* no class */
    rule.classes = 1;
    ck_assert_int_eq(amdvi_inject(m.device, &rule, 1), AMDVI_OK);
    rule.action = AMDVI_INJECT_DROP;
    ck_assert_int_eq(amdvi_inject(m.device, &rule, 1), AMDVI_ERR_BAD_VALUE);
    rule.what = 99;
    ck_assert_int_eq(amdvi_inject(m.device, &rule, 1), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(amdvi_inject(m.device, &rule, AMDVI_INJECT_RULES_MAX + 1), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(amdvi_inject(m.device, NULL, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inject(m.device, NULL, 0), AMDVI_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inject");
    TCase *tcase = tcase_create("inject");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_device_table_entry_fails_once);
    tcase_add_test(tcase, the_second_table_read_fails);
    tcase_add_test(tcase, every_third_walk_fails);
    tcase_add_test(tcase, only_some_addresses_fail);
    tcase_add_test(tcase, interrupt_entries_and_posting_fail);
    tcase_add_test(tcase, guest_tables_fail_by_their_own_names);
    tcase_add_test(tcase, a_failing_fetch_stops_the_commands_until_they_are_restarted);
    tcase_add_test(tcase, a_failing_store_is_no_store);
    tcase_add_test(tcase, a_log_that_cannot_be_written_stops);
    tcase_add_test(tcase, data_fails_behind_a_good_translation);
    tcase_add_test(tcase, memory_without_a_window_fails_too);
    tcase_add_test(tcase, cache_entries_vanish_and_come_back);
    tcase_add_test(tcase, a_lost_entry_stays_lost);
    tcase_add_test(tcase, interrupt_entries_vanish_too);
    tcase_add_test(tcase, a_completion_that_never_comes_times_out);
    tcase_add_test(tcase, a_late_completion_only_delays);
    tcase_add_test(tcase, a_completion_later_than_the_timeout_is_too_late);
    tcase_add_test(tcase, page_request_answers_get_lost);
    tcase_add_test(tcase, the_configuration_carries_a_plan);
    tcase_add_test(tcase, texts_that_are_no_plan_are_refused);
    tcase_add_test(tcase, rules_that_contradict_themselves_are_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
