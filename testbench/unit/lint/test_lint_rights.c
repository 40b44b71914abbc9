// SPDX-License-Identifier: Apache-2.0
/* The lint: dirty bits, rights that lines keep, and tables that devices of one domain do not share (10.2). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>

enum { DIRTY = 0x40 };

/* ---------------------------------------------------------------- dirty bits (10.2) */

static struct amdvi_result write_guest(void)
{
    struct amdvi_request request = {
        .device = OTHER, .op = AMDVI_WRITE, .has_pasid = true, .pasid = PASID, .address = GVA, .length = 4};
    struct amdvi_result result;

    step();
    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_OK);
    return result;
}

/* Software collects dirty bits: it clears them, and flushes or not. */
START_TEST(dirty_bits_that_are_cleared_without_a_flush_are_found)
{
    uint64_t at = machine_guest_entry(&m, guest, GVA), cleared;

    ck_assert(write_guest().ok);
    ck_assert(machine_peek(&m, at) & DIRTY);
    cleared = step();
    machine_poke(&m, at, machine_peek(&m, at) & ~(uint64_t)DIRTY);
    if (_i)
        machine_invalidate_pasid(&m, DOMAIN + 1, PASID);
    machine_wait(&m);
    ck_assert(write_guest().ok);
    ck_assert_int_eq((machine_peek(&m, at) & DIRTY) != 0, _i != 0);
    amdvi_lint_finish(lint);
    if (_i) {
        ck_assert_uint_eq(findings, 0);
        return;
    }
    expect_one(AMDVI_LINT_STALE_DIRTY, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.word, at);
    ck_assert_uint_eq(found.changed.line, cleared);
}
END_TEST

START_TEST(a_read_needs_no_dirty_bit)
{
    uint64_t at = machine_guest_entry(&m, guest, GVA);

    write_guest();
    machine_poke(&m, at, machine_peek(&m, at) & ~(uint64_t)DIRTY);
    ck_assert(ask_guest(PASID, GVA).ok);
    ck_assert_uint_eq(reported(), 0);
}
END_TEST

/* ---------------------------------------------------------------- rights that live on in translations (10.2)
 */

static void take_write(uint64_t *raw)
{
    dte_set_iw(raw, 0);
}

/* XSA-442: where a line keeps the rights of the entry it was made with, INVALIDATE_DEVTAB_ENTRY alone is not
 * enough. */
START_TEST(rights_that_lines_keep_need_their_pages_flushed)
{
    bool kept = _i < 2, flushed = _i & 1;

    again_with("ptc.dte_rights", kept ? "kept" : "looked_up");
    ck_assert(machine_write(&m, DEVICE, IOVA).ok);
    step();
    edit_entry(DEVICE, take_write);
    machine_invalidate_device(&m, DEVICE);
    if (flushed)
        machine_invalidate_domain(&m, DOMAIN);
    machine_wait(&m);
    ck_assert_int_eq(machine_write(&m, DEVICE, IOVA).ok, kept && !flushed);
    amdvi_lint_finish(lint);
    if (!kept || flushed) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect_one(AMDVI_LINT_STALE_ENTRY, AMDVI_LINT_MISTAKE);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_PTC);
    ck_assert_uint_eq(found.word, machine_dte_address(DEVICE));
    ck_assert_uint_eq(cmd_inv_pages_domainid(found.needed), DOMAIN);
}
END_TEST

/* ---------------------------------------------------------------- tables that are not the same (10.2) */

static void another_gcr3(uint64_t *raw)
{
    uint64_t other = machine_page(&m), table = machine_page(&m);

    machine_poke(&m, other + PASID * 8, table | 1);
    machine_guest_map(&m, table, GVA, MACHINE_DATA + 0x9000);
    dte_set_gcr3_root(raw, other);
}

/* Two devices, one DomainID, two GCR3 tables: each gets translations of the other. */
START_TEST(devices_of_one_domain_with_different_guest_tables_are_found)
{
    enum { THIRD = 0x310 };
    struct amdvi_result result;

    machine_dte(&m, THIRD, DOMAIN + 1, 0, 0);
    machine_dte_guest(&m, THIRD, gcr3);
    if (!_i)
        edit_entry(THIRD, another_gcr3);
    ask_guest(PASID, GVA);
    step();
    result = machine_read_pasid(&m, THIRD, PASID, GVA);
    ck_assert(result.ok);
    if (_i) {
        ck_assert_uint_eq(reported(), 0);
        return;
    }
    expect_one(AMDVI_LINT_SHARED_DOMAIN, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.sharer, OTHER);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rights");
    TCase *tests = tcase_create("rights");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, dirty_bits_that_are_cleared_without_a_flush_are_found, 0, 2);
    tcase_add_test(tests, a_read_needs_no_dirty_bit);
    tcase_add_loop_test(tests, rights_that_lines_keep_need_their_pages_flushed, 0, 4);
    tcase_add_loop_test(tests, devices_of_one_domain_with_different_guest_tables_are_found, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
