// SPDX-License-Identifier: Apache-2.0
/* RAM: windows at their addresses, holes, second views, costs only what is touched. */
#include "testbench/platform/ram.h"
#include "testbench/unit/platform/suites.h"

#include <stdio.h>
#include <string.h>

static const struct machine_ram windows[] = {{0x100000000, 0x200000}, {0, 0xa0000}, {0x100000, 0x300000}};

static struct ram *ram;

static void setup(void)
{
    ram = ram_create(windows, 3, NULL);
    ck_assert_ptr_nonnull(ram);
}

static void teardown(void)
{
    ram_destroy(ram);
}

START_TEST(test_windows_come_in_rising_order_behind_one_origin)
{
    static const uint64_t bases[] = {0, 0x100000, 0x100000000};
    uint8_t *origin = ram_origin(ram);

    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(ram_window(ram, i)->base, bases[i]);
        ck_assert_ptr_eq(ram_window(ram, i)->bytes, origin + bases[i]);
        ck_assert_ptr_eq(ram_at(ram, bases[i], 1), origin + bases[i]);
    }
    ck_assert_ptr_null(ram_window(ram, 3));
}
END_TEST

START_TEST(test_an_access_lies_in_one_window)
{
    ck_assert_ptr_nonnull(ram_at(ram, 0x9fff8, 8));
    ck_assert_ptr_null(ram_at(ram, 0x9fff9, 8));
    ck_assert_ptr_null(ram_at(ram, 0xa0000, 1));
    ck_assert_ptr_null(ram_at(ram, 0xfffff, 2));
    ck_assert_ptr_nonnull(ram_at(ram, 0x3ffff0, 16));
    ck_assert_ptr_null(ram_at(ram, 0x3ffff0, 17));
    ck_assert_ptr_null(ram_at(ram, 0x1001ffff8, UINT64_MAX));
    ck_assert_ptr_null(ram_at(ram, UINT64_MAX, 8));
}
END_TEST

START_TEST(test_words)
{
    static const uint8_t bytes[8] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};

    ram_set(ram, 0x100000010, UINT64_C(0x1122334455667788));
    ck_assert_uint_eq(ram_get(ram, 0x100000010), UINT64_C(0x1122334455667788));
    ck_assert_mem_eq(ram_at(ram, 0x100000010, 8), bytes, 8);
    ram_set(ram, 0x9fffc, 1); /* half of it is in the hole */
    ck_assert_uint_eq(ram_get(ram, 0x9fff8), 0);
    ck_assert_uint_eq(ram_get(ram, 0x9fffc), 0);
}
END_TEST

START_TEST(test_a_view_shows_the_same_bytes)
{
    uint8_t *view = ram_map(ram, 0x180000, 0x2000);
    uint64_t pa;

    ck_assert_ptr_nonnull(view);
    view[0x1234] = 0x5a;
    ck_assert_uint_eq(*(uint8_t *)ram_at(ram, 0x181234, 1), 0x5a);
    *(uint8_t *)ram_at(ram, 0x180000, 1) = 0xa5;
    ck_assert_uint_eq(view[0], 0xa5);
    ck_assert(ram_address(ram, view + 0x1fff, &pa));
    ck_assert_uint_eq(pa, 0x181fff);
    ck_assert(ram_address(ram, (uint8_t *)ram_origin(ram) + 0x100000008, &pa));
    ck_assert_uint_eq(pa, 0x100000008);
    ck_assert(!ram_address(ram, (uint8_t *)ram_origin(ram) + 0xa0000, &pa));
    ck_assert(!ram_address(ram, &pa, &pa));
    ram_unmap(ram, view);
    ck_assert(!ram_address(ram, view, &pa));
}
END_TEST

START_TEST(test_a_view_of_the_last_window)
{
    uint64_t *view = ram_map(ram, 0x100000000, 0x200000);

    ram_set(ram, 0x1001ffff8, 77);
    ck_assert_uint_eq(view[0x200000 / 8 - 1], 77);
}
END_TEST

START_TEST(test_views_are_whole_pages_of_one_window)
{
    ck_assert_ptr_null(ram_map(ram, 0x180800, 0x1000));
    ck_assert_ptr_null(ram_map(ram, 0x180000, 0x800));
    ck_assert_ptr_null(ram_map(ram, 0x180000, 0));
    ck_assert_ptr_null(ram_map(ram, 0x3ff000, 0x2000));
    ck_assert_ptr_null(ram_map(ram, 0xa0000, 0x1000));
}
END_TEST

/* Resident pages of this process, in KiB. */
static long resident(void)
{
    long pages[2] = {0};
    FILE *file = fopen("/proc/self/statm", "r");

    ck_assert_int_eq(fscanf(file, "%ld %ld", &pages[0], &pages[1]), 2);
    fclose(file);
    return pages[1] * 4;
}

START_TEST(test_only_what_is_touched_costs)
{
    const struct machine_ram huge[] = {{0, UINT64_C(1) << 38}};
    long before = resident();
    struct ram *big = ram_create(huge, 1, NULL);

    ck_assert_ptr_nonnull(big);
    ram_set(big, (UINT64_C(1) << 38) - 8, 1);
    ck_assert_int_lt(resident() - before, 4096);
    ram_destroy(big);
}
END_TEST

static const struct {
    struct machine_ram window[3];
    size_t count;
    const char *text;
} bad[] = {
    {{{0, 0}}, 0, "ram: 0 windows, 1 to 16 are possible"},
    {{{0, 0x1000}}, 17, "ram: 17 windows, 1 to 16 are possible"},
    {{{0, 0x1800}}, 1, "ram[0]: not whole pages of 4 KiB below 2^46"},
    {{{0x800, 0x1000}}, 1, "ram[0]: not whole pages of 4 KiB below 2^46"},
    {{{0, 0x1000}, {0x2000, 0}}, 2, "ram[1]: not whole pages of 4 KiB below 2^46"},
    {{{UINT64_C(1) << 46, 0x1000}}, 1, "ram[0]: not whole pages of 4 KiB below 2^46"},
    {{{0x1000, UINT64_MAX & ~UINT64_C(4095)}}, 1, "ram[0]: not whole pages of 4 KiB below 2^46"},
    {{{0x8000, 0x2000}, {0, 0x4000}, {0x3000, 0x1000}}, 3, "ram[2]: overlaps ram[1]"},
};

START_TEST(test_bad_windows_are_named)
{
    struct machine_error error = {""};

    ck_assert_ptr_null(ram_create(bad[_i].window, bad[_i].count, &error));
    ck_assert_str_eq(error.text, bad[_i].text);
    ck_assert_ptr_null(ram_create(bad[_i].window, bad[_i].count, NULL));
}
END_TEST

Suite *ram_suite(void)
{
    Suite *suite = suite_create("ram");
    TCase *good = tcase_create("windows"), *refused = tcase_create("refused");

    tcase_add_checked_fixture(good, setup, teardown);
    tcase_add_test(good, test_windows_come_in_rising_order_behind_one_origin);
    tcase_add_test(good, test_an_access_lies_in_one_window);
    tcase_add_test(good, test_words);
    tcase_add_test(good, test_a_view_shows_the_same_bytes);
    tcase_add_test(good, test_a_view_of_the_last_window);
    tcase_add_test(good, test_views_are_whole_pages_of_one_window);
    tcase_add_test(refused, test_only_what_is_touched_costs);
    tcase_add_loop_test(refused, test_bad_windows_are_named, 0, sizeof(bad) / sizeof(bad[0]));
    suite_add_tcase(suite, good);
    suite_add_tcase(suite, refused);
    return suite;
}
