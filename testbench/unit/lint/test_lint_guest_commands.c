// SPDX-License-Identifier: Apache-2.0
/* Mistakes of hypervisors about stage 2, and what the commands of guests settle. */
#include "testbench/unit/lint/guest_lint.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct amdvi_lint_statistics statistics(void)
{
    struct amdvi_lint_statistics s;

    ck_assert_int_eq(amdvi_lint_statistics(lint, &s), AMDVI_OK);
    return s;
}

/* ---------------------------------------------------------------- device table entries and stage 2 */

START_TEST(a_nested_entry_that_is_written_in_parts_is_found)
{
    uint64_t at = H_DEVTAB + UINT64_C(32) * host_device(0, 0);
    struct amdvi_lint_statistics statistics;

    guest_ask(&w, 0, 0, AMDVI_READ, G_IOVA);
    host_command(&w, UINT64_C(2) << 60 | host_device(0, 0), 0);
    poke(at, get64(&w, at) ^ UINT64_C(1) << 58); /* another GCR3 root */
    guest_ask(&w, 0, 0, AMDVI_READ, G_IOVA);     /* the hardware reads half of the new entry */
    poke(at + 8, get64(&w, at + 8) ^ UINT64_C(1) << 16);
    ck_assert_int_eq(amdvi_lint_statistics(lint, &statistics), AMDVI_OK);
    ck_assert_uint_eq(statistics.findings[AMDVI_LINT_TORN_DTE], 1);
    ck_assert(found.has_guest);
    ck_assert_uint_eq(found.guest, guest_id(0));
    ck_assert_uint_eq(found.guest_device, guest_device(0));
}
END_TEST

/* The page behind the guest's data moves; `flush`: as the host must, or not. */
static void move_stage_2(bool flush)
{
    uint64_t leaf = w.roots[0] + G_DATA / 4096 * 8;

    ck_assert(guest_ask(&w, 0, 0, AMDVI_READ, G_IOVA).ok);
    poke(leaf, (get64(&w, leaf) & ~UINT64_C(0xffffffffff000)) | guest_spa(0, G_DATA + 0x3000));
    if (flush) {
        host_command(&w, UINT64_C(3) << 60 | (uint64_t)host_domain(0, 0) << 32, UINT64_C(0x7ffffffffffff003));
        host_command(&w, UINT64_C(1) << 60 | H_STORE | 1, 1);
    }
    ck_assert(guest_ask(&w, 0, 0, AMDVI_READ, G_IOVA).ok);
    amdvi_lint_finish(lint);
}

START_TEST(a_stage_2_change_without_its_flush_is_found)
{
    move_stage_2(false);
    expect_one(AMDVI_LINT_STALE_ENTRY, 0);
    ck_assert_uint_eq(found.domain, host_domain(0, 0));
    ck_assert(found.has_guest && found.has_guest_domain);
    ck_assert_uint_eq(found.needed[0] >> 60, 3);
}
END_TEST

START_TEST(a_stage_2_change_with_its_flush_is_silent)
{
    move_stage_2(true);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* Both guests' drivers unmap a page, and their devices ask for it. */
static void leave_stale_pages(void)
{
    uint64_t leaf = G_LEAF + 8 * (G_IOVA / PAGE_BYTES);

    for (unsigned g = 0; g < 2; g++) {
        ck_assert(guest_ask(&w, g, 0, AMDVI_READ, G_IOVA).ok);
        poke(guest_spa(g, leaf), 0);
        ck_assert(guest_ask(&w, g, 0, AMDVI_READ, G_IOVA).ok);
    }
    ck_assert_uint_eq(statistics().stale, 2);
}

/* ---------------------------------------------------------------- guests' own commands */

START_TEST(a_guests_command_covers_its_pages_only)
{
    char names[80];

    leave_stale_pages();
    if (_i)
        guest_command(&w, 0, UINT64_C(8) << 60, 0); /* INVALIDATE_IOMMU_ALL */
    else
        guest_flush(&w, 0, guest_domain(0));
    ck_assert(!guest_ask(&w, 0, 0, AMDVI_READ, G_IOVA).ok);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().windows, 1);
    ck_assert_uint_eq(statistics().invalidations, 0); /* of the host */
    expect_one(AMDVI_LINT_STALE_ENTRY, 0);
    ck_assert_uint_eq(found.request.device, host_device(1, 0));
    ck_assert_uint_eq(found.domain, host_domain(1, 0));
    ck_assert(found.has_guest && found.has_guest_domain);
    ck_assert_uint_eq(found.guest, guest_id(1));
    ck_assert_uint_eq(found.guest_device, guest_device(0));
    ck_assert_uint_eq(found.guest_domain, guest_domain(0));
    snprintf(names, sizeof(names), "(guest %04x, its device %04x, its domain 0x%x)", guest_id(1),
             guest_device(0), guest_domain(0));
    ck_assert_msg(strstr(text, names) != NULL, "%s", text);
}
END_TEST

/* 11 #14, the other choice: a guest's command drops everything. */
START_TEST(a_guests_command_that_drops_everything_covers_everything)
{
    reopen(world_open, "viommu.invalidate_all=full");
    leave_stale_pages();
    guest_command(&w, 0, UINT64_C(8) << 60, 0);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().windows, 2);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* A host's device in a domain that the guest's DomIDMap names (viommu 11 #14). */
START_TEST(a_guests_command_covers_what_its_maps_name)
{
    const uint16_t device = 0x180;
    struct amdvi_request request = {.device = device, .address = G_DATA, .length = 8};
    struct amdvi_result result;

    world_trans_dte(&w, 0, device);
    map_domain_id(&w, 0, 9, trans_domain(0));
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(amdvi_translate(w.device, &request, &result), AMDVI_OK);
        poke(w.roots[0] + G_DATA / PAGE_BYTES * 8, 0x42);
    }
    guest_command(&w, 0, UINT64_C(8) << 60, 0);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().windows, 1);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* Of the guest's device, an interrupt entry: that is the host's table, and no guest's affair. Of a host's
 * device, a page: that is not the guest's, either. */
START_TEST(a_guests_command_leaves_what_is_the_hosts)
{
    uint16_t device = _i ? host_device(0, 0) : 0x180;
    uint64_t at = H_DEVTAB + UINT64_C(32) * device, table = world_page(&w);
    struct amdvi_request request = {.device = device, .address = G_DATA, .length = 8};
    struct amdvi_int_result message;
    struct amdvi_result result;

    if (_i) {
        put64(&w, at + 16, 1 | 1 << 1 | table | UINT64_C(2) << 60); /* IV, two entries, IntCtl 2 */
        put64(&w, table, 1);
        put64(&w, table + 8, 0x41);
    } else {
        world_trans_dte(&w, 0, device); /* a plain host table: the guest's memory */
    }
    host_command(&w, UINT64_C(2) << 60 | device, 0);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(_i ? amdvi_interrupt(w.device, device, 0xfee00000, 0, &message)
                            : amdvi_translate(w.device, &request, &result),
                         AMDVI_OK);
        poke(_i ? table + 8 : w.roots[0] + G_DATA / PAGE_BYTES * 8, 0x42);
    }
    guest_command(&w, 0, UINT64_C(8) << 60, 0);
    amdvi_lint_finish(lint);
    expect_one(AMDVI_LINT_STALE_ENTRY, 0);
    ck_assert_int_eq(found.cache, _i ? AMDVI_CACHE_ITC : AMDVI_CACHE_PTC);
}
END_TEST

/* ---------------------------------------------------------------- the engine's own translations */

static void guest_store(uint64_t data)
{
    guest_command(&w, 0, UINT64_C(1) << 60 | G_STORE | 1, data);
}

/* The page where the guest's completion stores go is taken away behind its back; Linux flushed the DomainIDs
 * of nested devices, but not the one that TransDevID's translations carry (viommu 14, 4). */
START_TEST(a_guests_store_into_a_page_that_is_gone_is_found)
{
    uint64_t leaf = w.roots[0] + G_STORE / PAGE_BYTES * 8;

    guest_store(1);
    guest_store(2);
    ck_assert_uint_eq(get64(&w, guest_spa(0, G_STORE)), 2);
    ck_assert_uint_gt(statistics().checked, 0);
    ck_assert_uint_eq(statistics().stale, 0);
    poke(leaf, 0);
    host_command(&w, UINT64_C(3) << 60 | (uint64_t)(_i ? trans_domain(0) : host_domain(0, 0)) << 32,
                 UINT64_C(0x7ffffffffffff003));
    host_command(&w, UINT64_C(1) << 60 | H_STORE | 1, 1);
    guest_store(3);
    ck_assert_uint_eq(get64(&w, guest_spa(0, G_STORE)),
                      _i ? 2 : 3); /* it went into memory of somebody else */
    amdvi_lint_finish(lint);
    if (_i) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect_one(AMDVI_LINT_STALE_ENTRY, 0);
    ck_assert_uint_eq(found.request.device, trans_device(0));
    ck_assert_uint_eq(found.domain, trans_domain(0));
    ck_assert(!found.has_guest_domain); /* TransDevID's domain is the host's alone */
    ck_assert_uint_eq(found.word, leaf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint about guests' commands");
    TCase *tcase = tcase_create("lint about guests' commands");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_nested_entry_that_is_written_in_parts_is_found);
    tcase_add_test(tcase, a_stage_2_change_without_its_flush_is_found);
    tcase_add_test(tcase, a_stage_2_change_with_its_flush_is_silent);
    tcase_add_loop_test(tcase, a_guests_command_covers_its_pages_only, 0, 2);
    tcase_add_test(tcase, a_guests_command_that_drops_everything_covers_everything);
    tcase_add_test(tcase, a_guests_command_covers_what_its_maps_name);
    tcase_add_loop_test(tcase, a_guests_command_leaves_what_is_the_hosts, 0, 2);
    tcase_add_loop_test(tcase, a_guests_store_into_a_page_that_is_gone_is_found, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
