// SPDX-License-Identifier: Apache-2.0
/* The functions of DPI-C as a bench calls them: handles, ranges, effects. */
#include "testbench/unit/run.h"

#include <amdvi/dpi.h>

#include <string.h>

enum {
    DEVICES = 0x100000,
    TABLE = 0x200000,
    PAGE = 0x400000,
    COMMANDS = 0x10000,
    STORE = 0x40000,
    MMIO = AMDVI_DPI_MMIO
};

/* Device 0 with page 5 mapped, rings on. */
static int scene(void)
{
    int handle = amdvi_dpi_create("preset=genoa", 16);

    ck_assert_int_ge(handle, 1);
    amdvi_dpi_poke(handle, DEVICES, TABLE | 3 | 1 << 9 | 3ll << 61);
    amdvi_dpi_poke(handle, TABLE + 5 * 8, PAGE | 1 | 3ll << 61);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES), 0);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 8, 8, COMMANDS | 9ll << 56), 0);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 0x1001), 0);
    return handle;
}

START_TEST(requests_are_answered)
{
    int handle = scene(), ok, perm, reason;
    long long pa;

    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 1, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason), 0);
    ck_assert(ok && pa == PAGE + 0x40 && perm == 3 && reason == 0);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 0, 0, 0, 0, 0x6040, 8, &ok, &pa, &perm, &reason), 0);
    ck_assert(!ok && pa == 0 && reason == 14);
    amdvi_dpi_poke(handle, TABLE + 5 * 8, 0);
    amdvi_dpi_translate(handle, 0, 0, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason);
    ck_assert(ok); /* cached */
    ck_assert_int_eq(amdvi_dpi_look(handle, 0, 0, 0, 0, 0, 0x5040, 8, &ok, &pa, &perm, &reason), 0);
    ck_assert(!ok);
    ck_assert_ptr_nonnull(strstr(amdvi_dpi_explain(handle, 0, 0, 0, 0, 0x5040), "host page not present"));
    ck_assert_int_eq(amdvi_dpi_destroy(handle), 0);
}
END_TEST

START_TEST(effects_come_in_their_order)
{
    int handle = scene(), kind, length;
    long long address, data;

    ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), AMDVI_DPI_NONE);
    for (int i = 0; i < 2; i++) {
        amdvi_dpi_poke(handle, COMMANDS + i * 16, 1ll << 60 | STORE | 1);
        amdvi_dpi_poke(handle, COMMANDS + i * 16 + 8, 70 + i);
    }
    amdvi_dpi_write(handle, MMIO, 0, 0x2008, 8, 32);
    ck_assert_int_eq(amdvi_dpi_run(handle), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), 0);
        ck_assert(kind == AMDVI_DPI_STORE && address == STORE && data == 70 + i && length == 8);
    }
    ck_assert_int_eq(amdvi_dpi_peek(handle, STORE, &data), 0);
    ck_assert_int_eq(data, 71);
    amdvi_dpi_reset(handle);
    ck_assert_int_eq(amdvi_dpi_effect(handle, &kind, &address, &data, &length), AMDVI_DPI_NONE);
    amdvi_dpi_destroy(handle);
}
END_TEST

START_TEST(what_is_out_of_range_is_refused)
{
    int handle = scene(), ok, perm, reason;
    long long value;

    ck_assert_int_eq(amdvi_dpi_create("no.such=1", 16), -3);
    ck_assert_int_eq(amdvi_dpi_create("preset=none", 16), -4);
    ck_assert_int_eq(amdvi_dpi_create("preset", 16), -3);
    ck_assert_int_eq(amdvi_dpi_create("", 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_run(handle + 1), AMDVI_DPI_HANDLE);
    ck_assert_int_eq(amdvi_dpi_run(0), AMDVI_DPI_HANDLE);
    ck_assert_int_eq(amdvi_dpi_run(-5), AMDVI_DPI_HANDLE);
    ck_assert_int_eq(amdvi_dpi_poke(handle, 16 << 20, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_poke(handle, -8, 0), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_peek(handle, 4, &value), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_read(handle, 9, 0, 0, 8, &value), -1);
    ck_assert_int_eq(amdvi_dpi_read(handle, MMIO, 0, 1, 8, &value), -5);
    ck_assert_int_eq(amdvi_dpi_read(handle, MMIO, 70000, 0, 8, &value), AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 70000, 0, 0, 0, 0, 0, 8, &ok, &value, &perm, &reason),
                     AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 7, 0, 0, 0, 0, 8, &ok, &value, &perm, &reason),
                     AMDVI_DPI_RANGE);
    ck_assert_int_eq(amdvi_dpi_translate(handle, 0, 0, 0, 1, 1 << 20, 0, 8, &ok, &value, &perm, &reason), -1);
    ck_assert_str_eq(amdvi_dpi_text(AMDVI_DPI_HANDLE), "no such device");
    ck_assert_int_eq(amdvi_dpi_destroy(handle), 0);
    ck_assert_int_eq(amdvi_dpi_destroy(handle), AMDVI_DPI_HANDLE);
}
END_TEST

START_TEST(devices_are_apart)
{
    int handles[AMDVI_DPI_DEVICES];
    long long value;

    for (int i = 0; i < AMDVI_DPI_DEVICES; i++) {
        handles[i] = amdvi_dpi_create("", 1);
        ck_assert_int_ge(handles[i], 1);
        amdvi_dpi_poke(handles[i], 0, i);
    }
    ck_assert_int_eq(amdvi_dpi_create("", 1), -2);
    for (int i = 0; i < AMDVI_DPI_DEVICES; i++) {
        amdvi_dpi_peek(handles[i], 0, &value);
        ck_assert_int_eq(value, i);
        amdvi_dpi_destroy(handles[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dpi");
    TCase *tests = tcase_create("dpi");

    tcase_add_test(tests, requests_are_answered);
    tcase_add_test(tests, effects_come_in_their_order);
    tcase_add_test(tests, what_is_out_of_range_is_refused);
    tcase_add_test(tests, devices_are_apart);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
