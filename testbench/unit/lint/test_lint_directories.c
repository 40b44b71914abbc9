// SPDX-License-Identifier: Apache-2.0
/* The lint: PDE=0 though a directory entry has changed, or the table behind it was freed. No request has to
 * meet it; the right ways are silent (6.4, 10.2). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

enum { PRESENT = 1, RANGE = 0x200000 };

static void flush(uint16_t domain, uint64_t address, bool guests, bool pde)
{
    uint64_t words[2] = {0};

    cmd_inv_pages_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, domain);
    cmd_inv_pages_set_gn(words, guests);
    cmd_inv_pages_set_pasid(words, guests ? PASID : 0);
    cmd_inv_pages_set_pde(words, pde);
    cmd_inv_pages_set_s(words, address == (INT64_MAX & ~UINT64_C(0xfff)));
    cmd_inv_pages_set_address(words, address);
    step();
    machine_command(&m, words[0], words[1]);
}

/* The table of the lowest level goes, and what it mapped. */
static uint64_t free_table(void)
{
    uint64_t at = machine_host_entry(&m, root, 3, 2, IOVA);

    ask(IOVA);
    step();
    machine_poke(&m, at, 0);
    return at;
}

static void expect(uint64_t word, uint64_t changed)
{
    ck_assert_msg(findings == 1, "%u findings, the newest: %s", findings, text);
    ck_assert_int_eq(found.kind, AMDVI_LINT_STALE_ENTRY);
    ck_assert_int_eq(found.severity, AMDVI_LINT_MISTAKE);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_PDC);
    ck_assert_uint_eq(found.word, word);
    ck_assert_uint_eq(found.changed.line, changed);
    ck_assert_int_eq(found.lack, AMDVI_LINT_LACKS_PDE);
    ck_assert_msg(strstr(text, " has PDE=0") != NULL, "%s", text);
}

/* 0: any page of it, 1: all of the domain. */
START_TEST(pde_0_after_a_table_was_freed_is_found_without_a_request)
{
    uint64_t word = free_table(), changed = line, given;

    flush(DOMAIN, _i ? INT64_MAX & ~UINT64_C(0xfff) : IOVA + 0x1000, false, false);
    given = line;
    ck_assert_uint_eq(findings, 0);
    step();
    machine_wait(&m);
    expect(word, changed);
    ck_assert_int_eq(found.proof, AMDVI_LINT_WAITED);
    ck_assert_uint_eq(found.times, 0);
    ck_assert_uint_eq(found.got, v1_addr(found.old_value));
    ck_assert_uint_eq(found.near_at.line, given);
    ck_assert_uint_eq(found.request.device, DEVICE);
    ck_assert_uint_eq(found.domain, DOMAIN);
    ck_assert_uint_eq(found.first, IOVA / RANGE * RANGE);
    ck_assert_uint_eq(found.last, IOVA / RANGE * RANGE + RANGE - 1);
    ck_assert(cmd_inv_pages_pde(found.needed));
    ck_assert_msg(strstr(text, "directory for 0x0 to 0x1fffff of domain 0x7") != NULL, "%s", text);
    ck_assert_uint_eq(reported(), 1);
}
END_TEST

/* A device meets it later: it is the same finding. */
START_TEST(a_request_that_meets_it_later_is_not_told_again)
{
    free_table();
    flush(DOMAIN, IOVA, false, false);
    machine_wait(&m);
    ck_assert_uint_eq(findings, 1);
    ask(IOVA + 0x7000); /* its leaf was never cached: through the old table */
    machine_wait(&m);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_ge(statistics().stale, 1);
    ck_assert_uint_ge(statistics().grouped, 1);
}
END_TEST

START_TEST(without_a_wait_it_is_found_at_the_end)
{
    uint64_t word = free_table(), changed = line;

    flush(DOMAIN, IOVA, false, false);
    ck_assert_uint_eq(findings, 0);
    amdvi_lint_finish(lint);
    expect(word, changed);
    ck_assert_int_eq(found.proof, AMDVI_LINT_NEVER);
}
END_TEST

static void take_table_and_flush(int way)
{
    free_table();
    if (way == 1)
        flush(DOMAIN, IOVA, false, false); /* and rightly after that */
    if (way < 2)
        flush(DOMAIN, IOVA, false, true);
    else if (way == 2)
        flush(DOMAIN, INT64_MAX & ~UINT64_C(0xfff), false, true);
    else
        machine_command(&m, (uint64_t)CMD_INVALIDATE_IOMMU_ALL << 60, 0);
    machine_wait(&m);
}

START_TEST(the_right_ways_are_silent)
{
    take_table_and_flush(_i);
    ck_assert_msg(reported() == 0, "%s", text);
    ask(IOVA);
    machine_wait(&m);
    ck_assert_msg(reported() == 0, "%s", text);
}
END_TEST

/* 0: a leaf entry; 1: a directory that hardware never read; 2: its accessed bits; 3: another domain's
 * command. */
START_TEST(pde_0_is_enough_elsewhere)
{
    uint64_t at = machine_host_entry(&m, root, 3, 2, IOVA);

    if (_i != 1)
        ask(IOVA);
    if (_i == 0)
        unmap_page(IOVA);
    else if (_i == 2)
        machine_poke(&m, at, machine_peek(&m, at) | 0x60);
    else
        machine_poke(&m, at, 0);
    flush(_i == 3 ? DOMAIN + 1 : DOMAIN, IOVA, false, false);
    machine_wait(&m);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* A driver may take a table from a domain without devices and tell nobody, as all was dropped when the last
 * one left; and where stores are looked for now and then, a change is seen after its command. 0: all of the
 * domain, 1: everything, 2: its range; 3: without directories, 4: and it was read again. */
START_TEST(what_was_dropped_before_it_goes_needs_nothing)
{
    uint64_t at = machine_host_entry(&m, root, 3, 2, IOVA);

    ask(IOVA);
    if (_i == 1)
        machine_command(&m, (uint64_t)CMD_INVALIDATE_IOMMU_ALL << 60, 0);
    else
        flush(DOMAIN, _i == 2 ? IOVA : INT64_MAX & ~UINT64_C(0xfff), false, _i != 3);
    machine_wait(&m);
    if (_i == 4)
        ask(IOVA);
    step();
    machine_poke(&m, at, 0);
    flush(DOMAIN, IOVA, false, false);
    machine_wait(&m);
    ck_assert_msg(reported() == (_i >= 3), "%u findings, the newest: %s", findings, text);
}
END_TEST

/* What a table's page holds when it is a table no more, is no directory. */
START_TEST(a_page_that_was_a_table_once_is_silent)
{
    uint64_t at = free_table();

    flush(DOMAIN, IOVA, false, true);
    machine_wait(&m);
    machine_poke(&m, at, 0x1234567); /* data */
    machine_poke(&m, at, 0);
    flush(DOMAIN, IOVA, false, false);
    machine_wait(&m);
    ck_assert_msg(reported() == 0, "%s", text);
}
END_TEST

/* A guest's directory. 0: PDE=0 for its PASID; 1: PDE=1; 2: GN=0 takes all that guests have along. */
START_TEST(a_guests_directory_needs_pde)
{
    uint64_t table = guest, at = 0;

    for (unsigned level = 0; level < 3; level++) { /* the first slot of each */
        at = table;
        table = v2_addr(machine_peek(&m, at));
    }
    ask_guest(PASID, GVA);
    step();
    machine_poke(&m, at, machine_peek(&m, at) & ~(uint64_t)PRESENT);
    flush(DOMAIN + 1, GVA, _i != 2, _i == 1);
    machine_wait(&m);
    if (_i) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    ck_assert_msg(findings == 1, "%u findings", findings);
    ck_assert_uint_eq(found.word, at);
    ck_assert(found.has_pasid);
    ck_assert_uint_eq(found.pasid, PASID);
    ck_assert(cmd_inv_pages_gn(found.needed) && cmd_inv_pages_pde(found.needed));
}
END_TEST

/* A queue frees the table after it has flushed its domain: commands for pages are somebody else's. */
START_TEST(of_a_queue_only_the_flush_of_the_domain_counts)
{
    again(&(struct amdvi_lint_options){.regime = AMDVI_LINT_QUEUED});
    free_table();
    flush(DOMAIN, _i ? INT64_MAX & ~UINT64_C(0xfff) : IOVA, false, false);
    machine_wait(&m);
    ck_assert_uint_eq(findings, (unsigned)_i);
}
END_TEST

/* Waits of other processors may come between a command and its better. */
START_TEST(other_processors_wait_for_themselves)
{
    again(&(struct amdvi_lint_options){.processors = 2});
    free_table();
    flush(DOMAIN, IOVA, false, false);
    machine_wait(&m);
    ck_assert_uint_eq(findings, 0);
    if (_i)
        flush(DOMAIN, IOVA, false, true);
    machine_wait(&m);
    ck_assert_uint_eq(findings, _i ? 0 : 1);
}
END_TEST

START_TEST(a_reset_ends_it)
{
    free_table();
    flush(DOMAIN, IOVA, false, false);
    ck_assert_int_eq(amdvi_reset(m.device), AMDVI_OK);
    ck_assert_uint_eq(reported(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("directories under lint");
    TCase *tests = tcase_create("directories");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, pde_0_after_a_table_was_freed_is_found_without_a_request, 0, 2);
    tcase_add_test(tests, a_request_that_meets_it_later_is_not_told_again);
    tcase_add_test(tests, without_a_wait_it_is_found_at_the_end);
    tcase_add_loop_test(tests, the_right_ways_are_silent, 0, 4);
    tcase_add_loop_test(tests, what_was_dropped_before_it_goes_needs_nothing, 0, 5);
    tcase_add_loop_test(tests, pde_0_is_enough_elsewhere, 0, 4);
    tcase_add_test(tests, a_page_that_was_a_table_once_is_silent);
    tcase_add_loop_test(tests, a_guests_directory_needs_pde, 0, 3);
    tcase_add_loop_test(tests, of_a_queue_only_the_flush_of_the_domain_counts, 0, 2);
    tcase_add_loop_test(tests, other_processors_wait_for_themselves, 0, 2);
    tcase_add_test(tests, a_reset_ends_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
