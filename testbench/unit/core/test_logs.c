// SPDX-License-Identifier: Apache-2.0
/* Logs: overflow, restart, dual logs, early indicator (7.1, 7.7). */
#include "machine.h"

static struct machine m;

enum {
    S_EVT_OVERFLOW = 1,
    S_EVT_INT = 2,
    S_EVT_RUN = 8,
    S_PPR_OVERFLOW = 1 << 5,
    S_PPR_RUN = 1 << 7,
    S_EVT_OVERFLOW_B = 1 << 15,
    S_EVT_ACTIVE = 1 << 16,
    S_PPR_EARLY_B = 1 << 17,
    S_PPR_EARLY = 1 << 18,
    S_PPR_ACTIVE = 1 << 12,
    S_PPR_OVERFLOW_B = 1 << 11
};
enum { EVT_B = 0x460000, PPR_B = 0x470000 };
#define LENGTH_8  (UINT64_C(8) << 56)
#define C_PAGING  (C_PPR | C_PPRLOG | C_GT)
#define C_EVT_B   (UINT64_C(1) << 32)
#define C_EVT_TWO (UINT64_C(2) << 32)
#define C_PPR_B   (UINT64_C(1) << 30)
#define C_PPR_TWO (UINT64_C(2) << 30)

static void setup(void)
{
    machine_open(&m, "preset=genoa");
    dte(&m, DEV, D_V, DOM, 0); /* blocked: every request is an event */
    dte(&m, DEV + 1, D_OK | D_GV | UINT64_C(1) << 52, DOM, 0);
}

static void teardown(void)
{
    machine_close(&m);
}

static void events(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ask(&m, AMDVI_READ, 0x1000 * i);
}

static struct amdvi_page_request_result page_request(unsigned index)
{
    struct amdvi_page_request request = {.device = DEV + 1,
                                         .has_pasid = true,
                                         .pasid = 5,
                                         .read = true,
                                         .last = true,
                                         .prg_index = (uint16_t)index,
                                         .address = 0x9000};
    struct amdvi_page_request_result result;

    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
    return result;
}

static uint64_t log_count(enum amdvi_log log)
{
    uint64_t count;

    ck_assert_int_eq(amdvi_log_count(m.device, log, &count), AMDVI_OK);
    return count;
}

START_TEST(a_log_of_256_takes_255)
{
    boot(&m, C_NORMAL | C_EVTINT);
    events(255);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0xff0);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 0xb, S_EVT_INT | S_EVT_RUN);
    events(3);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0xff0);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 0xb, S_EVT_OVERFLOW | S_EVT_INT);
    ck_assert_uint_eq(log_count(AMDVI_LOG_EVENT), 255);
    ck_assert_uint_eq(m.irqs, 256);
}
END_TEST

START_TEST(restart_keeps_pointers_and_counts_anew)
{
    boot(&m, C_NORMAL);
    events(300);
    reg(&m, R_CONTROL, C_NORMAL & ~C_EVENTS);
    reg(&m, R_STATUS, S_EVT_OVERFLOW);
    reg(&m, R_EVT_HEAD, 0x100);
    reg(&m, R_CONTROL, C_NORMAL);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 9, S_EVT_RUN);
    ck_assert_uint_eq(log_count(AMDVI_LOG_EVENT), 0);
    events(1);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
    ck_assert_uint_eq(log_count(AMDVI_LOG_EVENT), 1);
}
END_TEST

START_TEST(restart_without_clearing_the_overflow_bit_does_not_run)
{
    boot(&m, C_NORMAL);
    events(300);
    reg(&m, R_CONTROL, C_NORMAL & ~C_EVENTS);
    reg(&m, R_EVT_HEAD, 0x100);
    reg(&m, R_CONTROL, C_NORMAL);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 9, S_EVT_OVERFLOW);
}
END_TEST

START_TEST(a_switch_lets_the_restart_clear_the_bit)
{
    struct machine other;

    machine_open(&other, "preset=genoa log.restart_clears_overflow=on");
    dte(&other, DEV, D_V, DOM, 0);
    boot(&other, C_NORMAL);
    for (unsigned i = 0; i < 300; i++)
        ask(&other, AMDVI_READ, IOVA);
    reg(&other, R_CONTROL, C_NORMAL & ~C_EVENTS);
    reg(&other, R_CONTROL, C_NORMAL);
    ck_assert_uint_eq(reg_of(&other, R_STATUS) & 9, S_EVT_RUN);
    machine_close(&other);
}
END_TEST

START_TEST(clearing_the_bit_alone_does_not_restart)
{
    boot(&m, C_NORMAL);
    events(300);
    reg(&m, R_STATUS, S_EVT_OVERFLOW);
    reg(&m, R_EVT_HEAD, 0x100);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 9, 0);
    events(1);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0xff0);
}
END_TEST

START_TEST(log_b_alone)
{
    reg(&m, 0xf8, EVT_B | LENGTH_8);
    boot(&m, C_NORMAL | C_EVT_B);
    events(1);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
    ck_assert_uint_eq(reg_of(&m, 0x2078), 0x10);
    ck_assert_uint_eq(get64(&m, EVT_B) >> 60, 2);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & S_EVT_ACTIVE, S_EVT_ACTIVE);
}
END_TEST

START_TEST(swap_goes_to_b_and_back)
{
    reg(&m, 0xf8, EVT_B | LENGTH_8);
    boot(&m, C_NORMAL | C_EVT_TWO);
    events(255 + 255);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & (S_EVT_OVERFLOW | S_EVT_ACTIVE | S_EVT_OVERFLOW_B | S_EVT_RUN),
                      S_EVT_OVERFLOW | S_EVT_ACTIVE | S_EVT_RUN);
    ck_assert_uint_eq(reg_of(&m, 0x2078), 0xff0);
    ck_assert_uint_eq(log_count(AMDVI_LOG_EVENT), 510);
    events(1);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & (S_EVT_OVERFLOW | S_EVT_OVERFLOW_B | S_EVT_RUN),
                      S_EVT_OVERFLOW | S_EVT_OVERFLOW_B);
    ck_assert_uint_eq(log_count(AMDVI_LOG_EVENT), 510);
}
END_TEST

/* Log B is full before it is needed: head one record behind the tail. */
START_TEST(swap_into_a_full_log_loses_the_record)
{
    reg(&m, 0xf8, EVT_B | LENGTH_8);
    reg(&m, 0x2070, 0x10);
    boot(&m, C_NORMAL | C_EVT_TWO);
    events(255);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & (S_EVT_OVERFLOW | S_EVT_OVERFLOW_B | S_EVT_RUN), S_EVT_RUN);
    events(1);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & (S_EVT_OVERFLOW | S_EVT_OVERFLOW_B | S_EVT_RUN),
                      S_EVT_OVERFLOW | S_EVT_OVERFLOW_B);
    ck_assert_uint_eq(log_count(AMDVI_LOG_EVENT), 255);
    ck_assert_uint_eq(reg_of(&m, 0x2078), 0);
}
END_TEST

START_TEST(page_requests_fill_and_overflow)
{
    boot(&m, C_NORMAL | C_PAGING | C_PPRINT);
    for (unsigned i = 0; i < 255; i++)
        ck_assert(page_request(i).ok);
    ck_assert(!page_request(255).ok);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & (S_PPR_OVERFLOW | S_PPR_RUN), S_PPR_OVERFLOW);
    ck_assert_uint_eq(log_count(AMDVI_LOG_PPR), 255);
    ck_assert_uint_eq(m.irqs, 256);
    ck_assert_int_eq(m.irq[0].cause, AMDVI_IRQ_PPR);
    ck_assert_uint_eq(m.prgs, 0);
}
END_TEST

START_TEST(automatic_responses_are_for_what_is_lost)
{
    boot(&m, C_NORMAL | C_PAGING | UINT64_C(1) << 39);
    for (unsigned i = 0; i < 255; i++)
        page_request(i);
    ck_assert_uint_eq(m.prgs, 0);
    page_request(0x123);
    ck_assert_uint_eq(m.prgs, 1);
    ck_assert_uint_eq(m.prg[0].index, 0x123);
}
END_TEST

/* PprAutoRspAon answers the last request of a group, and no other (7.7). */
START_TEST(automatic_responses_are_for_the_last_request)
{
    struct amdvi_page_request request = {
        .device = DEV + 1, .has_pasid = true, .pasid = 5, .read = true, .prg_index = 3, .address = 0x9000};
    struct amdvi_page_request_result result;

    boot(&m, C_NORMAL | C_PAGING | UINT64_C(1) << 42);
    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
    ck_assert(result.ok);
    ck_assert_uint_eq(m.prgs, 0);
    request.last = true;
    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
    ck_assert_uint_eq(m.prgs, 1);
}
END_TEST

START_TEST(page_request_logs_swap_too)
{
    reg(&m, 0xf0, PPR_B | LENGTH_8);
    boot(&m, C_NORMAL | C_PAGING | C_PPR_TWO);
    for (unsigned i = 0; i < 256; i++)
        ck_assert(page_request(i).ok);
    ck_assert_uint_eq(reg_of(&m, 0x2058), 0x10);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & (S_PPR_OVERFLOW | S_PPR_ACTIVE | S_PPR_OVERFLOW_B),
                      S_PPR_OVERFLOW | S_PPR_ACTIVE);
}
END_TEST

START_TEST(early_indicator_of_log_a)
{
    reg(&m, 0x2088, UINT64_C(1) << 31 | 3);
    boot(&m, C_NORMAL | C_PAGING | C_PPRINT);
    page_request(0);
    page_request(1);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & S_PPR_EARLY, 0);
    page_request(2);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & (S_PPR_EARLY | S_PPR_EARLY_B), S_PPR_EARLY);
    ck_assert_uint_eq(m.irqs, 3);
}
END_TEST

START_TEST(early_indicator_of_log_b)
{
    reg(&m, 0xf0, PPR_B | LENGTH_8);
    reg(&m, 0x2090, UINT64_C(3) << 30 | 1);
    boot(&m, C_NORMAL | C_PAGING | C_PPR_B | C_PPRINT);
    page_request(0);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & (S_PPR_EARLY | S_PPR_EARLY_B), S_PPR_EARLY_B);
    ck_assert_uint_eq(m.irqs, 2);
}
END_TEST

START_TEST(a_log_that_cannot_be_written_stops)
{
    boot(&m, C_NORMAL & ~C_EVENTS);
    reg(&m, R_EVT, UINT64_C(0x800000) | LENGTH_8);
    reg(&m, R_CONTROL, C_NORMAL);
    events(1);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 9, S_EVT_OVERFLOW);
}
END_TEST

START_TEST(a_fault_says_whether_it_was_logged)
{
    boot(&m, C_NORMAL);
    ck_assert(ask(&m, AMDVI_READ, IOVA).fault.logged);
    reg(&m, R_CONTROL, C_NORMAL & ~C_EVENTS);
    ck_assert(!ask(&m, AMDVI_READ, IOVA).fault.logged);
}
END_TEST

START_TEST(log_counts_need_a_log)
{
    uint64_t count;

    ck_assert_int_eq(amdvi_log_count(m.device, (enum amdvi_log)3, &count), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_log_count(NULL, AMDVI_LOG_EVENT, &count), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_log_count(m.device, AMDVI_LOG_EVENT, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* A page-request-group index has 9 bits; nothing is cut off in silence. */
START_TEST(a_page_request_group_above_511_is_refused)
{
    struct amdvi_page_request request = {.device = DEV + 1, .prg_index = 512};
    struct amdvi_page_request_result result;

    boot(&m, C_NORMAL | C_PAGING);
    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_ERR_ARGUMENT);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL) + reg_of(&m, R_PPR_TAIL), 0);
    request.prg_index = 511;
    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("logs");
    TCase *tests = tcase_create("logs");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_log_of_256_takes_255);
    tcase_add_test(tests, restart_keeps_pointers_and_counts_anew);
    tcase_add_test(tests, restart_without_clearing_the_overflow_bit_does_not_run);
    tcase_add_test(tests, a_switch_lets_the_restart_clear_the_bit);
    tcase_add_test(tests, clearing_the_bit_alone_does_not_restart);
    tcase_add_test(tests, log_b_alone);
    tcase_add_test(tests, swap_goes_to_b_and_back);
    tcase_add_test(tests, swap_into_a_full_log_loses_the_record);
    tcase_add_test(tests, page_requests_fill_and_overflow);
    tcase_add_test(tests, automatic_responses_are_for_what_is_lost);
    tcase_add_test(tests, automatic_responses_are_for_the_last_request);
    tcase_add_test(tests, page_request_logs_swap_too);
    tcase_add_test(tests, early_indicator_of_log_a);
    tcase_add_test(tests, early_indicator_of_log_b);
    tcase_add_test(tests, a_log_that_cannot_be_written_stops);
    tcase_add_test(tests, a_fault_says_whether_it_was_logged);
    tcase_add_test(tests, log_counts_need_a_log);
    tcase_add_test(tests, a_page_request_group_above_511_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
