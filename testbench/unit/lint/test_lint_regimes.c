// SPDX-License-Identifier: Apache-2.0
/* The lint: invalidations that are waited for or not, and what a flush queue promises. */
#include "testbench/unit/lint/scene.h"

#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>
/* USED */

/* ---------------------------------------------------------------- waits, places, stores that nobody tells */

START_TEST(an_invalidation_that_is_not_waited_for_is_found)
{
    ask(IOVA);
    unmap_page(IOVA);
    machine_invalidate_page(&m, DOMAIN, IOVA);
    if (_i)
        machine_wait(&m);
    unmap_page(IOVA + 0x1000); /* the driver goes on */
    machine_wait(&m);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect_one(AMDVI_LINT_MISSING_WAIT, AMDVI_LINT_MISTAKE);
    ck_assert_msg(strstr(text, "INVALIDATE_IOMMU_PAGES in line "), "%s", text);
}
END_TEST

/* Other processors wait for themselves. */
START_TEST(other_processors_may_come_between)
{
    again(&(struct amdvi_lint_options){.regime = AMDVI_LINT_SYNCHRONOUS, .processors = _i ? 2 : 1});
    ask(IOVA);
    unmap_page(IOVA);
    machine_wait(&m); /* another one's */
    ask(IOVA);
    machine_invalidate_page(&m, DOMAIN, IOVA);
    machine_wait(&m);
    ck_assert_uint_eq(reported(), _i ? 0 : 1);
}
END_TEST

START_TEST(who_relies_on_a_change_gets_a_finding_at_once)
{
    ask(IOVA);
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_uint_eq(findings, 0);
    ck_assert_int_eq(amdvi_lint_rely(lint), AMDVI_OK);
    ask(IOVA);
    expect_one(AMDVI_LINT_STALE_ENTRY, AMDVI_LINT_MISTAKE);
    ck_assert_int_eq(found.proof, AMDVI_LINT_RELIED);
    ck_assert_uint_eq(found.times, 2);
}
END_TEST

/* ---------------------------------------------------------------- flush queues */

/* Time, entries, addresses: what a queue promises. */
START_TEST(a_queue_is_held_to_what_it_promises)
{
    again(&(struct amdvi_lint_options){
        .regime = AMDVI_LINT_QUEUED, .queue_entries = 2, .queue_ns = 50000, .windows = true});
    ask(IOVA);
    for (unsigned i = 2; i < 8; i += 2)
        ask(IOVA + i * 0x1000);
    unmap_page(IOVA);
    machine_wait(&m); /* somebody else's */
    ask(IOVA);
    ck_assert_uint_eq(findings, 0);
    if (_i == 0)
        line += 60;
    for (unsigned i = 2; i < 8 && _i == 1; i += 2)
        unmap_page(IOVA + i * 0x1000);
    if (_i == 2)
        machine_map(&m, root, 3, IOVA, MACHINE_DATA + 0x5000, MACHINE_READ);
    ask(IOVA);
    if (_i == 3) {
        machine_invalidate_domain(&m, DOMAIN);
        machine_wait(&m);
        expect_one(AMDVI_LINT_STALE_ENTRY, AMDVI_LINT_WINDOW);
        return;
    }
    expect_one(AMDVI_LINT_STALE_ENTRY, AMDVI_LINT_MISTAKE);
    ck_assert_int_eq(found.proof, _i == 2 ? AMDVI_LINT_REUSED : AMDVI_LINT_OVERDUE);
}
END_TEST

/* How a domain is invalidated shows after some changes. */
START_TEST(the_regime_is_told_from_the_stream)
{
    ck_assert_int_eq(amdvi_lint_regime_of(lint, DOMAIN), AMDVI_LINT_AUTO);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 8; i++)
            ask(IOVA + i * 0x1000);
        for (unsigned i = 0; i < 8; i++) {
            unmap_page(IOVA + i * 0x1000);
            if (_i) {
                machine_invalidate_page(&m, DOMAIN, IOVA + i * 0x1000);
                machine_wait(&m);
            } else {
                machine_wait(&m); /* of another domain */
            }
        }
        if (!_i)
            machine_invalidate_domain(&m, DOMAIN);
        machine_wait(&m);
        for (unsigned i = 0; i < 8; i++)
            machine_map(&m, root, 3, IOVA + i * 0x1000, MACHINE_DATA + i * 0x1000, MACHINE_READ_WRITE);
    }
    ck_assert_int_eq(amdvi_lint_regime_of(lint, DOMAIN), _i ? AMDVI_LINT_SYNCHRONOUS : AMDVI_LINT_QUEUED);
    ck_assert_int_eq(amdvi_lint_regime_of(lint, DOMAIN + 1), AMDVI_LINT_AUTO);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* An unmap that frees no table: PDE=1 throws two directories away for nothing. */
START_TEST(superfluous_pde_is_counted)
{
    ask(IOVA);
    if (_i)
        replace_directory(IOVA);
    else
        unmap_page(IOVA);
    machine_invalidate_page(&m, DOMAIN, IOVA);
    machine_wait(&m);
    ck_assert_uint_eq(statistics().superfluous_pde, _i ? 0 : 1);
    ck_assert_uint_eq(statistics().directories_lost, _i ? 0 : 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regimes");
    TCase *tests = tcase_create("regimes");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, an_invalidation_that_is_not_waited_for_is_found, 0, 2);
    tcase_add_loop_test(tests, other_processors_may_come_between, 0, 2);
    tcase_add_test(tests, who_relies_on_a_change_gets_a_finding_at_once);
    tcase_add_loop_test(tests, a_queue_is_held_to_what_it_promises, 0, 4);
    tcase_add_loop_test(tests, the_regime_is_told_from_the_stream, 0, 2);
    tcase_add_loop_test(tests, superfluous_pde_is_counted, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
