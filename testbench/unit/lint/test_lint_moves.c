// SPDX-License-Identifier: Apache-2.0
/* The lint: places of the driver in its findings, stores that nobody told, another device. */
#include "testbench/unit/lint/scene.h"

#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static bool place_text(void *context, uint64_t place, char *into, size_t size)
{
    (void)context;
    snprintf(into, size, "function_%u", (unsigned)place);
    return place != 3;
}

START_TEST(places_are_told_as_text)
{
    again(&(struct amdvi_lint_options){.place_text = place_text});
    ask(IOVA);
    amdvi_lint_place(lint, 1);
    unmap_page(IOVA);
    amdvi_lint_place(lint, 2);
    machine_invalidate_page(&m, DOMAIN, IOVA + 0x1000);
    machine_wait(&m);
    amdvi_lint_place(lint, 3);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.changed.place, 1);
    ck_assert_uint_eq(found.near_at.place, 2);
    ck_assert_uint_eq(found.at.place, 3);
    ck_assert_msg(strstr(text, "changed by function_1; invalidated by function_2"), "%s", text);
}
END_TEST

START_TEST(stores_that_nobody_told_are_found_by_a_scan)
{
    uint64_t scanned;

    ask(IOVA);
    m.wrote = NULL;
    unmap_page(IOVA);
    scanned = step();
    ck_assert_int_eq(amdvi_lint_scan(lint), AMDVI_OK);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.word, leaf_of(IOVA));
    ck_assert_uint_eq(found.changed.line, scanned);
    ck_assert_int_eq(amdvi_lint_scan(NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* A lint goes on with another device: what was cached in the first is no matter there. */
START_TEST(a_lint_moves_to_another_device)
{
    struct amdvi_memory memory = {.direct = m.ram, .direct_size = MACHINE_RAM};
    struct amdvi_device *second, *first = m.device;

    ask(IOVA);
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, &second), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_move(lint, second), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_move(lint, second), AMDVI_ERR_ARGUMENT);
    ck_assert_uint_eq(reported(), 0);
    ck_assert_uint_eq(statistics().windows, 1);
    amdvi_destroy(first);
    m.device = second;
    amdvi_mmio_write(second, reg_info[REG_DEVTAB_BASE].offset, 8, MACHINE_DEVICES | 0x1ff);
    amdvi_mmio_write(second, reg_info[REG_CONTROL].offset, 8, 1);
    ask(IOVA + 0x1000);
    unmap_page(IOVA + 0x1000);
    ask(IOVA + 0x1000);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.word, leaf_of(IOVA + 0x1000));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("moves");
    TCase *tests = tcase_create("moves");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, places_are_told_as_text);
    tcase_add_test(tests, stores_that_nobody_told_are_found_by_a_scan);
    tcase_add_test(tests, a_lint_moves_to_another_device);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
