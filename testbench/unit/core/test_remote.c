// SPDX-License-Identifier: Apache-2.0
/* What goes to devices: ATS invalidations that are pending or late, and responses to page requests (6.4, 9).
 */
#include "amdvi/inject.h"
#include "machine.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "preset=genoa");
    m.atc_answer = AMDVI_ATC_PENDING;
}

static void teardown(void)
{
    machine_close(&m);
}

static void invalidate(uint64_t address)
{
    command(&m, UINT64_C(4) << 60 | DEV, address);
}

static void wait_store(void)
{
    command(&m, UINT64_C(1) << 60 | STORE | 1, 0x55);
}

static bool stored(void)
{
    return get64(&m, STORE) == 0x55;
}

static void complete(uint32_t tag)
{
    ck_assert_int_eq(amdvi_atc_complete(m.device, tag), AMDVI_OK);
    ck_assert_int_eq(amdvi_run(m.device), AMDVI_OK);
}

static void advance(uint64_t nanoseconds)
{
    ck_assert_int_eq(amdvi_advance(m.device, nanoseconds), AMDVI_OK);
    ck_assert_int_eq(amdvi_run(m.device), AMDVI_OK);
}

START_TEST(completion_wait_waits_for_remote_completions)
{
    boot(&m, C_NORMAL);
    invalidate(0x1000);
    invalidate(0x2000);
    wait_store();
    ck_assert(!stored());
    complete(m.atc[1].tag);
    ck_assert(!stored());
    complete(m.atc[0].tag);
    ck_assert(stored());
}
END_TEST

START_TEST(an_immediate_answer_needs_no_completion)
{
    m.atc_answer = AMDVI_ATC_DONE;
    boot(&m, C_NORMAL);
    invalidate(0x1000);
    wait_store();
    ck_assert(stored());
    ck_assert_int_eq(amdvi_atc_complete(m.device, m.atc[0].tag), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(request_names_device_and_range)
{
    boot(&m, C_NORMAL);
    command(&m, UINT64_C(4) << 60 | DEV | 0x34 << 16 | UINT64_C(0x56) << 48 | UINT64_C(1) << 56,
            0x3000 | 4 | 1);
    ck_assert_uint_eq(m.atc[0].device, DEV);
    ck_assert(m.atc[0].has_pasid);
    ck_assert_uint_eq(m.atc[0].pasid, 0x13456);
    ck_assert_uint_eq(m.atc[0].address, 0);
    ck_assert_uint_eq(m.atc[0].size, 0x8000);
}
END_TEST

START_TEST(tags_differ)
{
    boot(&m, C_NORMAL);
    for (unsigned i = 0; i < 8; i++)
        invalidate(0x1000);
    for (unsigned i = 0; i < 8; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_uint_ne(m.atc[i].tag, m.atc[j].tag);
}
END_TEST

START_TEST(unknown_tags_are_refused)
{
    boot(&m, C_NORMAL);
    invalidate(0x1000);
    ck_assert_int_eq(amdvi_atc_complete(m.device, m.atc[0].tag + 1), AMDVI_ERR_ARGUMENT);
    complete(m.atc[0].tag);
    ck_assert_int_eq(amdvi_atc_complete(m.device, m.atc[0].tag), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_atc_complete(NULL, 0), AMDVI_ERR_ARGUMENT);
}
END_TEST

static const uint64_t milliseconds[] = {0, 1, 10, 100, 1000, 10000, 100000};

START_TEST(late_devices_time_out)
{
    uint64_t limit = milliseconds[_i] * 1000000;

    boot(&m, C_NORMAL | (uint64_t)_i << 5);
    invalidate(0x1000);
    wait_store();
    advance(limit - 1);
    ck_assert(!stored());
    advance(1);
    ck_assert(stored());
    /* code 7, DeviceID; the address of the command */
    ck_assert_uint_eq(event_word(&m, 0, 0), UINT64_C(7) << 60 | DEV);
    ck_assert_uint_eq(event_word(&m, 0, 1), CMD_RING);
    ck_assert_int_eq(amdvi_atc_complete(m.device, m.atc[0].tag), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(without_time_out_it_waits_for_ever)
{
    boot(&m, C_NORMAL | (_i ? UINT64_C(7) << 5 : 0));
    invalidate(0x1000);
    wait_store();
    advance(UINT64_C(1) << 62);
    ck_assert(!stored());
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
    complete(m.atc[0].tag);
    ck_assert(stored());
}
END_TEST

START_TEST(only_late_ones_time_out)
{
    boot(&m, C_NORMAL | 1 << 5);
    invalidate(0x1000);
    advance(600000);
    invalidate(0x2000);
    advance(600000);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0x10);
    complete(m.atc[1].tag);
    advance(10000000);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0x10);
}
END_TEST

START_TEST(the_clock_never_goes_back)
{
    ck_assert_int_eq(amdvi_advance(m.device, UINT64_MAX), AMDVI_OK);
    ck_assert_int_eq(amdvi_advance(m.device, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_advance(m.device, 0), AMDVI_OK);
    ck_assert_int_eq(amdvi_advance(NULL, 0), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(more_invalidations_than_can_be_pending_wait)
{
    boot(&m, C_NORMAL);
    for (unsigned i = 0; i < 100; i++)
        invalidate(0x1000 * i);
    wait_store();
    ck_assert_uint_eq(m.atcs, 64);
    for (unsigned done = 0; done < 100; done++) {
        ck_assert_uint_gt(m.atcs, done);
        complete(m.atc[done % RECORDS].tag);
    }
    ck_assert_uint_eq(m.atcs, 100);
    ck_assert(stored());
}
END_TEST

START_TEST(later_commands_wait_behind_completion_wait)
{
    boot(&m, C_NORMAL);
    invalidate(0x1000);
    wait_store();
    invalidate(0x2000);
    ck_assert_uint_eq(m.atcs, 1);
    ck_assert_uint_eq(reg_of(&m, R_CMD_HEAD), 0x10);
    complete(m.atc[0].tag);
    ck_assert_uint_eq(m.atcs, 2);
}
END_TEST

START_TEST(reset_forgets_what_is_pending)
{
    boot(&m, C_NORMAL | 1 << 5);
    invalidate(0x1000);
    ck_assert_int_eq(amdvi_reset(m.device), AMDVI_OK);
    ck_assert_int_eq(amdvi_atc_complete(m.device, m.atc[0].tag), AMDVI_ERR_ARGUMENT);
    boot(&m, C_NORMAL);
    wait_store();
    ck_assert(stored());
}
END_TEST

START_TEST(tags_start_again_after_reset)
{
    uint32_t first;

    boot(&m, C_NORMAL);
    invalidate(0x1000);
    invalidate(0x2000);
    first = m.atc[0].tag;
    ck_assert_int_eq(amdvi_reset(m.device), AMDVI_OK);
    boot(&m, C_NORMAL);
    invalidate(0x3000);
    ck_assert_uint_eq(m.atc[2].tag, first);
}
END_TEST

/* ---------------------------------------------------------------- plans of faults about devices that wait */

static void disturb(enum amdvi_inject_action action, uint64_t delay)
{
    struct amdvi_inject_rule rule = {.what = AMDVI_INJECT_ATC, .action = (uint8_t)action, .delay = delay};

    ck_assert_int_eq(amdvi_inject(m.device, &rule, 1), AMDVI_OK);
}

/* The device answers, and its answer goes astray: only the time-out ends the wait. */
START_TEST(a_lost_answer_counts_for_nothing)
{
    boot(&m, C_NORMAL | 1 << 5); /* 1 ms */
    disturb(AMDVI_INJECT_TIMEOUT, 0);
    invalidate(0x1000);
    wait_store();
    complete(m.atc[0].tag);
    ck_assert(!stored());
    advance(1000000);
    ck_assert(stored());
    ck_assert_uint_eq(event_word(&m, 0, 0), UINT64_C(7) << 60 | DEV);
}
END_TEST

/* A delay adds nothing to a device that takes its time anyhow. */
START_TEST(a_pending_answer_is_not_delayed)
{
    boot(&m, C_NORMAL);
    disturb(AMDVI_INJECT_DELAY, 1000);
    invalidate(0x1000);
    wait_store();
    advance(2000);
    ck_assert(!stored());
    complete(m.atc[0].tag);
    ck_assert(stored());
}
END_TEST

/* The end of time is not before now. */
START_TEST(the_longest_delay_is_for_ever)
{
    m.atc_answer = AMDVI_ATC_DONE;
    boot(&m, C_NORMAL);
    advance(5000);
    disturb(AMDVI_INJECT_DELAY, UINT64_MAX);
    invalidate(0x1000);
    wait_store();
    advance(UINT64_MAX - 5001);
    ck_assert(!stored());
    complete(m.atc[0].tag);
    ck_assert(stored());
}
END_TEST

START_TEST(devices_without_callbacks_answer_at_once)
{
    struct amdvi_memory memory = machine_memory(&m);
    struct amdvi_device *mute, *kept = m.device;

    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, &mute), AMDVI_OK);
    m.device = mute;
    boot(&m, C_NORMAL | C_WAITINT);
    invalidate(0x1000);
    command(&m, UINT64_C(7) << 60 | DEV, 0);
    command(&m, UINT64_C(1) << 60 | STORE | 3, 0x55);
    ck_assert(stored());
    amdvi_destroy(mute);
    m.device = kept;
}
END_TEST

START_TEST(response_carries_the_pasid_only_with_gprp)
{
    dte(&m, DEV, D_OK | UINT64_C(1) << 53, DOM, 0);
    dte(&m, DEV + 1, D_OK, DOM, 0);
    boot(&m, C_NORMAL);
    for (unsigned i = 0; i < 2; i++)
        command(&m, UINT64_C(7) << 60 | (DEV + i) | UINT64_C(0x12345) << 32, UINT64_C(0xf1ab) << 32 | 4);
    ck_assert(m.prg[0].has_pasid);
    ck_assert_uint_eq(m.prg[0].pasid, 0x12345);
    ck_assert_uint_eq(m.prg[0].index, 0x1ab);
    ck_assert_uint_eq(m.prg[0].code, 15);
    ck_assert(!m.prg[1].has_pasid);
    ck_assert_uint_eq(m.prg[1].device, DEV + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("remote");
    TCase *tests = tcase_create("remote");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, completion_wait_waits_for_remote_completions);
    tcase_add_test(tests, an_immediate_answer_needs_no_completion);
    tcase_add_test(tests, request_names_device_and_range);
    tcase_add_test(tests, tags_differ);
    tcase_add_test(tests, unknown_tags_are_refused);
    tcase_add_loop_test(tests, late_devices_time_out, 1, 7);
    tcase_add_loop_test(tests, without_time_out_it_waits_for_ever, 0, 2);
    tcase_add_test(tests, only_late_ones_time_out);
    tcase_add_test(tests, the_clock_never_goes_back);
    tcase_add_test(tests, more_invalidations_than_can_be_pending_wait);
    tcase_add_test(tests, later_commands_wait_behind_completion_wait);
    tcase_add_test(tests, reset_forgets_what_is_pending);
    tcase_add_test(tests, tags_start_again_after_reset);
    tcase_add_test(tests, a_lost_answer_counts_for_nothing);
    tcase_add_test(tests, a_pending_answer_is_not_delayed);
    tcase_add_test(tests, the_longest_delay_is_for_ever);
    tcase_add_test(tests, devices_without_callbacks_answer_at_once);
    tcase_add_test(tests, response_carries_the_pasid_only_with_gprp);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
