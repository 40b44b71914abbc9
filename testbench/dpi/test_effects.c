// SPDX-License-Identifier: Apache-2.0
/* What a device does by itself, as a bench is told of it: posted interrupts, page requests and their answers,
 * invalidations in devices. */
#include "testbench/unit/run.h"

#include <amdvi/amdvi.h>
#include <amdvi/dpi.h>

#include <string.h>

enum { DEVICES = 0x100000, COMMANDS = 0x10000, MMIO = AMDVI_DPI_MMIO };

static void expect_effect(int handle, int kind, long long address, long long data)
{
    int seen, length;
    long long place, value;

    ck_assert_int_eq(amdvi_dpi_effect(handle, &seen, &place, &value, &length), 0);
    ck_assert_int_eq(seen, kind);
    ck_assert_int_eq(place, address);
    ck_assert_int_eq(value, data);
}

/* Into a vAPIC page, with a doorbell while the guest runs, with a record and by choice a wake-up while it
 * does not [8.6]. */
START_TEST(posted_interrupts_are_effects)
{
    enum { TABLES = 0x300000, VAPIC = 0x500000, GA_LOG = 0x70000, RUNS = 1 << 6, LOGGED = 1 << 2 };
    int handle = amdvi_dpi_create("preset=genoa", 16), ok, data, kind, length;
    long long address, value;

    amdvi_dpi_poke(handle, DEVICES, 3);
    amdvi_dpi_poke(handle, DEVICES + 16, TABLES | 1 | 3 << 1 | 2ll << 60);
    amdvi_dpi_poke(handle, TABLES, 0x7700000000 | 5 << 8 | 0x81 | RUNS);
    amdvi_dpi_poke(handle, TABLES + 8, VAPIC | 0x41);
    amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES);
    amdvi_dpi_write(handle, MMIO, 0, 0xe0, 8, GA_LOG | 9ll << 56);
    amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 0x12020001); /* IommuEn, GAEn, GAMEn=1, GALogEn */
    ck_assert_int_eq(amdvi_dpi_interrupt(handle, 0, 0xfee00000, 0, &ok, &address, &data), 0);
    ck_assert(ok);
    expect_effect(handle, AMDVI_DPI_POSTED, VAPIC + 0x220, 2);
    expect_effect(handle, AMDVI_DPI_DOORBELL, 5, 0x41);
    amdvi_dpi_poke(handle, TABLES, 0x7700000000 | 5 << 8 | 0x81 | LOGGED);
    amdvi_dpi_interrupt(handle, 0, 0xfee00000, 0, &ok, &address, &data);
    expect_effect(handle, AMDVI_DPI_POSTED, VAPIC + 0x220, 2);
    expect_effect(handle, AMDVI_DPI_LOG, GA_LOG, 0x1000000000000077);
    ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &value, &length), AMDVI_DPI_NONE);
    amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 0x12020001 | 1ll << 55); /* GAPPIEn */
    amdvi_dpi_interrupt(handle, 0, 0xfee00000, 0, &ok, &address, &data);
    expect_effect(handle, AMDVI_DPI_POSTED, VAPIC + 0x220, 2);
    expect_effect(handle, AMDVI_DPI_LOG, GA_LOG + 8, 0x1000000000000077);
    expect_effect(handle, AMDVI_DPI_WAKE, 5, 0x77); /* GATag[7:0] */
    ck_assert_ptr_nonnull(
        strstr(amdvi_dpi_explain_interrupt(handle, 0, 0), "interrupt entry 0 is cached: 00000077000005c1"));
    ck_assert_ptr_nonnull(strstr(amdvi_dpi_explain_interrupt(handle, 0, 3), "entry 3 is not cached"));
    ck_assert_ptr_nonnull(strstr(amdvi_dpi_explain_interrupt(handle, -1, 3), "out of range"));
    amdvi_dpi_destroy(handle);
}
END_TEST

/* Logged, or refused with an answer: guest tables are off [7.7]. */
START_TEST(page_requests_are_logged_or_answered)
{
    enum { PPR_LOG = 0x60000, LOG_BIT = 1 << 13, ENABLED = 1 << 15, GTEN = 1 << 16 };
    const int flags = AMDVI_DPI_PASID | AMDVI_DPI_READ | AMDVI_DPI_WRITE | AMDVI_DPI_LAST;
    int handle = amdvi_dpi_create("preset=genoa", 16), ok, reason;
    long long high;

    amdvi_dpi_poke(handle, DEVICES, 3 | 1ll << 52 | 1ll << 53 | 1ll << 55 | 3ll << 61);
    amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES);
    amdvi_dpi_write(handle, MMIO, 0, 0x38, 8, PPR_LOG | 9ll << 56);
    amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 1 | LOG_BIT | ENABLED | GTEN);
    ck_assert_int_eq(amdvi_dpi_page_request(handle, 0, flags, 0x54321, 0x5678, 0x43, &ok, &reason), 0);
    ck_assert(ok && reason == 0);
    expect_effect(handle, AMDVI_DPI_LOG, PPR_LOG, 0x1164164343210000);
    amdvi_dpi_peek(handle, PPR_LOG + 8, &high);
    ck_assert_int_eq(high, 0x5000);
    amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 1 | LOG_BIT | ENABLED);
    ck_assert_int_eq(amdvi_dpi_page_request(handle, 0, flags, 0x54321, 0x5678, 0x43, &ok, &reason), 0);
    ck_assert(!ok && reason == AMDVI_REASON_PPR_REFUSED);
    expect_effect(handle, AMDVI_DPI_RESPONSE, 0, 0x5432100011043);
    ck_assert_int_eq(amdvi_dpi_page_request(handle, 0, flags, 1 << 20, 0, 0, &ok, &reason), -1);
    ck_assert_int_eq(amdvi_dpi_page_request(handle, 0, flags, 0, 0, 512, &ok, &reason), -1);
    ck_assert_int_eq(amdvi_dpi_page_request(handle, 0x10000, flags, 0, 0, 0, &ok, &reason), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_page_request(handle, 0, flags, 0, 0, -1, &ok, &reason), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_page_request(0, 0, flags, 0, 0, 0, &ok, &reason), AMDVI_DPI_HANDLE);
    amdvi_dpi_destroy(handle);
}
END_TEST

/* A page, a range of two pages, everything; the PASID in its three pieces [6.2, 6.3]. */
START_TEST(invalidations_in_devices_are_effects)
{
    const long long everything = 0x7ffffffffffff000;
    int handle = amdvi_dpi_create("preset=genoa", 16), kind, length;
    long long address, data;

    amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES);
    amdvi_dpi_write(handle, MMIO, 0, 8, 8, COMMANDS | 9ll << 56);
    amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 0x1001);
    for (int i = 0; i < 3; i++) /* PASID 54321h of device 9 */
        amdvi_dpi_poke(handle, COMMANDS + i * 16, 4ll << 60 | 0x5ll << 56 | 0x21ll << 48 | 0x43 << 16 | 9);
    amdvi_dpi_poke(handle, COMMANDS + 8, 0x6004);
    amdvi_dpi_poke(handle, COMMANDS + 24, 0x6001);
    amdvi_dpi_poke(handle, COMMANDS + 40, everything | 1);
    amdvi_dpi_write(handle, MMIO, 0, 0x2008, 8, 48);
    ck_assert_int_eq(amdvi_dpi_run(handle), 0);
    expect_effect(handle, AMDVI_DPI_INVALIDATION, 0x6000, 0x5432100010009);
    ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), 0);
    ck_assert(kind == AMDVI_DPI_INVALIDATION && address == 0x6000 && data == 9 && length == 13);
    ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), 0);
    ck_assert(kind == AMDVI_DPI_INVALIDATION && address == 0 && data == 9 && length == 0);
    amdvi_dpi_destroy(handle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dpi-effects");
    TCase *tests = tcase_create("dpi-effects");

    tcase_add_test(tests, posted_interrupts_are_effects);
    tcase_add_test(tests, page_requests_are_logged_or_answered);
    tcase_add_test(tests, invalidations_in_devices_are_effects);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
