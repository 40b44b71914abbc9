// SPDX-License-Identifier: Apache-2.0
/* Posted interrupts: the GA log, doorbells, the processor that is woken (7.8, 8.6). */
#include "machine.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "preset=genoa");
}

static void teardown(void)
{
    machine_close(&m);
}

static uint64_t log_count(enum amdvi_log log)
{
    uint64_t count;

    ck_assert_int_eq(amdvi_log_count(m.device, log, &count), AMDVI_OK);
    return count;
}

static void posted(uint64_t low)
{
    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    put64(&m, INT_TABLE, low | 1 | 1 << 7 | UINT64_C(0xc0ffee) << 32);
    put64(&m, INT_TABLE + 8, 0x45 | (uint64_t)PAGE);
}

START_TEST(posted_interrupt_logs_and_copies_the_tail)
{
    posted(1 << 2);
    reg(&m, 0xe8, STORE);
    boot(&m, C_NORMAL | C_GA | C_GAM | C_GALOG | C_GAINT);
    ck_assert(interrupt(&m, 0).posted);
    ck_assert_uint_eq(get64(&m, GA_RING), UINT64_C(0x1000010000c0ffee));
    ck_assert_uint_eq(get64(&m, STORE), 8);
    ck_assert_uint_eq(get64(&m, PAGE + 0x220), 1 << 5);
    ck_assert_int_eq(m.irq[0].cause, AMDVI_IRQ_GA);
    ck_assert_uint_eq(log_count(AMDVI_LOG_GA), 1);
}
END_TEST

START_TEST(a_running_guest_gets_a_doorbell)
{
    posted(1 << 2 | 1 << 6 | 0x12 << 8);
    boot(&m, C_NORMAL | C_GA | C_GAM | C_GALOG);
    ck_assert(interrupt(&m, 0).posted);
    ck_assert_uint_eq(m.irqs, 1);
    ck_assert_int_eq(m.irq[0].cause, AMDVI_IRQ_VAPIC);
    ck_assert_uint_eq(m.irq[0].destination, 0x12);
    ck_assert_uint_eq(log_count(AMDVI_LOG_GA), 0);
}
END_TEST

START_TEST(gappi_wakes_the_processor)
{
    posted(1 << 2 | 0x12 << 8);
    boot(&m, C_NORMAL | C_GA | C_GAM | C_GALOG | UINT64_C(1) << 55);
    interrupt(&m, 0);
    ck_assert_uint_eq(m.irqs, 1);
    ck_assert_int_eq(m.irq[0].cause, AMDVI_IRQ_GAPPI);
    ck_assert_uint_eq(m.irq[0].vector, 0xee); /* GATag[7:0] */
    ck_assert_uint_eq(m.irq[0].destination, 0x12);
    ck_assert_uint_eq(m.irq[0].address, 0xfee12000);
    ck_assert(!m.irq[0].guest);
    posted(1 << 2 | 1 << 5);
    command(&m, UINT64_C(5) << 60 | DEV, 0);
    interrupt(&m, 0);
    ck_assert_uint_eq(m.irqs, 1);
}
END_TEST

static void keep_vapic(void *context, const struct amdvi_access_info *info)
{
    if (info->access == AMDVI_ACCESS_VAPIC && info->write)
        *(struct amdvi_access_info *)context = *info;
}

START_TEST(the_tap_shows_what_was_written_to_the_backing_page)
{
    struct amdvi_access_info seen = {0};
    struct amdvi_observer observer = {.context = &seen, .access = keep_vapic};

    posted(0);
    boot(&m, C_NORMAL | C_GA | C_GAM);
    put64(&m, PAGE + 0x220, 1 << 9);
    ck_assert_int_eq(amdvi_observe(m.device, &observer), AMDVI_OK);
    ck_assert(interrupt(&m, 0).posted);
    ck_assert_uint_eq(seen.address, PAGE + 0x220);
    ck_assert_uint_eq(seen.value[0], 1 << 5 | 1 << 9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ga log");
    TCase *tests = tcase_create("ga log");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, posted_interrupt_logs_and_copies_the_tail);
    tcase_add_test(tests, a_running_guest_gets_a_doorbell);
    tcase_add_test(tests, gappi_wakes_the_processor);
    tcase_add_test(tests, the_tap_shows_what_was_written_to_the_backing_page);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
