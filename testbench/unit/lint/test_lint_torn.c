// SPDX-License-Identifier: Apache-2.0
/* The lint: entries that are written in pieces while the device may read them. */
#include "testbench/unit/lint/scene.h"

#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

/* 6.1 and 6.12 write the word with the root before the one with the DomainID; 16 bytes at once are whole. */
START_TEST(a_root_that_comes_before_its_domain_could_be_read)
{
    uint64_t at = machine_dte_address(DEVICE), raw[4];

    ask(IOVA);
    load_entry(DEVICE, raw);
    dte_set_host_root(raw, machine_page(&m));
    dte_set_domainid(raw, DOMAIN + 5);
    step();
    if (_i) {
        amdvi_lint_write(lint, at, raw, 16);
        memcpy(m.ram + at, raw, 16);
    } else {
        machine_poke(&m, at, raw[0]);
        machine_poke(&m, at + 8, raw[1]);
    }
    machine_invalidate_device(&m, DEVICE);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect_one(AMDVI_LINT_TORN_DTE, AMDVI_LINT_NOTE);
    ck_assert_uint_eq(found.request.device, DEVICE);
    ck_assert_uint_eq(found.domain, DOMAIN);
    ck_assert_uint_eq(found.got, raw[0]);
    ck_assert_msg(strstr(text, "under domain 0x7"), "%s", text);
}
END_TEST

/* With TV=0 first nothing is read that counts. */
START_TEST(a_door_that_is_closed_first_is_silent)
{
    uint64_t at = machine_dte_address(DEVICE), raw[4];

    ask(IOVA);
    load_entry(DEVICE, raw);
    machine_poke(&m, at, raw[0] & ~(uint64_t)2);
    machine_poke(&m, at + 8, DOMAIN + 5);
    dte_set_host_root(raw, machine_page(&m));
    machine_poke(&m, at, raw[0]);
    machine_invalidate_device(&m, DEVICE);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* Two updates, each whole, and no invalidation between: stale, not torn. */
START_TEST(two_updates_without_an_invalidation_are_not_torn)
{
    uint64_t at = machine_dte_address(DEVICE);

    ask(IOVA);
    machine_poke(&m, at, machine_peek(&m, at) & ~DTE_IW_MASK);
    machine_invalidate_device(&m, OTHER); /* the wrong one */
    machine_wait(&m);
    ask(IOVA);
    machine_poke(&m, at, machine_peek(&m, at) & ~DTE_IR_MASK);
    machine_wait(&m);
    ask(IOVA);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().findings[AMDVI_LINT_TORN_DTE], 0);
    ck_assert_uint_ge(statistics().findings[AMDVI_LINT_STALE_ENTRY], 1);
}
END_TEST

/* The vector lies in the second word, the destination in the first. */
START_TEST(an_interrupt_entry_in_pieces_could_be_read)
{
    uint64_t at = interrupts + 3 * 16, first = machine_peek(&m, at);

    machine_interrupt(&m, DEVICE, 3);
    step();
    if (_i)
        machine_poke(&m, at, 0); /* RemapEn=0 first */
    machine_poke(&m, at + 8, 0x42);
    machine_poke(&m, at, first | 1 << 8);
    machine_invalidate_interrupts(&m, DEVICE);
    machine_wait(&m);
    if (_i)
        ck_assert_msg(findings == 0, "%s", text);
    else
        expect_one(AMDVI_LINT_TORN_IRTE, AMDVI_LINT_NOTE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("torn entries");
    TCase *tests = tcase_create("torn entries");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_root_that_comes_before_its_domain_could_be_read, 0, 2);
    tcase_add_test(tests, a_door_that_is_closed_first_is_silent);
    tcase_add_test(tests, two_updates_without_an_invalidation_are_not_torn);
    tcase_add_loop_test(tests, an_interrupt_entry_in_pieces_could_be_read, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
