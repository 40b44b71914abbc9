// SPDX-License-Identifier: Apache-2.0
/*
 * What a guest's command engine holds of its own pages (model/lookup/held.h): as stale as the architecture
 * lets it be, and no staler. The page under test is the one that completions are stored to.
 */
#include "amdvi/inject.h"
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { A, B, ELSEWHERE = G_DATA };

/* The smallest caches there are: whatever is not held is forgotten at once. */
static const char tiny[] = "dtc.log2_entries=0 ptc.log2_entries=0 pdc.log2_entries=0";
static const uint64_t v1_rw = UINT64_C(3) << 61;

static struct world w;
static uint64_t turn = 100; /* no value that was stored before */

static void open_world(const char *settings, bool by_gpa)
{
    world_open(&w, settings, by_gpa);
    guest_wait(&w, A, G_STORE, 1);
}

static void teardown(void)
{
    world_close(&w);
}

/* The host's table leads G_STORE of guest A to another page. */
static void move_store_page(void)
{
    put64(&w, w.roots[A] + G_STORE / PAGE_BYTES * 8, guest_spa(A, ELSEWHERE) | v1_rw | 1);
}

/* Whether a completion of guest A goes where the table now leads. */
static bool goes_elsewhere(void)
{
    guest_wait(&w, A, G_STORE, ++turn);
    ck_assert_uint_eq(get64(&w, guest_spa(A, G_STORE)) == turn, get64(&w, guest_spa(A, ELSEWHERE)) != turn);
    return get64(&w, guest_spa(A, ELSEWHERE)) == turn;
}

START_TEST(stays_whatever_the_caches_throw_out)
{
    open_world(tiny, _i);
    move_store_page();
    guest_wait(&w, B, G_STORE, 1);
    ck_assert(!goes_elsewhere());
}
END_TEST

START_TEST(without_caches_nothing_is_held)
{
    open_world("caches=off", _i);
    move_store_page();
    ck_assert(goes_elsewhere());
}
END_TEST

static const uint64_t all = UINT64_C(0x7ffffffffffff001); /* S, every address */

static void flush(uint16_t domain, uint64_t range)
{
    host_command(&w, UINT64_C(3) << 60 | (uint64_t)domain << 32, range);
}

START_TEST(a_covering_command_ends_it)
{
    open_world(tiny, true);
    move_store_page();
    switch (_i) {
    case 0:
        flush(trans_domain(A), all);
        break;
    case 1:
        flush(trans_domain(A), G_STORE);
        break;
    case 2:
        host_command(&w, UINT64_C(2) << 60 | trans_device(A), 0);
        break;
    case 3:
        host_command(&w, UINT64_C(8) << 60, 0);
        break;
    default: /* the guest's own, of a domain that shares the host's table with its buffers */
        map_domain_id(&w, A, 9, trans_domain(A));
        guest_command(&w, A, UINT64_C(3) << 60 | UINT64_C(9) << 32, all);
    }
    ck_assert(goes_elsewhere());
}
END_TEST

START_TEST(what_does_not_cover_it_leaves_it)
{
    open_world(tiny, true);
    move_store_page();
    switch (_i) {
    case 0:
        flush(trans_domain(B), all);
        break;
    case 1:
        flush(OWN_DOMAIN, all);
        break;
    case 2: /* guest addresses */
        flush(trans_domain(A), all | 4);
        break;
    case 3:
        host_command(&w, UINT64_C(2) << 60 | host_device(A, 0), 0);
        break;
    default:
        guest_flush(&w, A, guest_domain(0));
    }
    ck_assert(!goes_elsewhere());
}
END_TEST

/* The private address space is held in the same way: ring pointers come from the slot, IDs from the maps. */
START_TEST(a_moved_slot_is_seen_after_its_flush)
{
    uint64_t other, head;

    open_world(tiny, true);
    other = world_page(&w);
    head = other + 64 * (guest_id(B) & 63) + VF_EVT_HEAD;
    vf_write(&w, B, VF_EVT_HEAD, 0x10);
    world_map(&w, w.private_root, 3, 0x4000, other);
    vf_write(&w, B, VF_EVT_HEAD, 0x20);
    ck_assert_uint_eq(get64(&w, head), 0);
    flush(OWN_DOMAIN, 0x4000);
    vf_write(&w, B, VF_EVT_HEAD, 0x30);
    ck_assert_uint_eq(get64(&w, head), 0x30);
}
END_TEST

static uint64_t leaf_at(uint64_t root, unsigned levels, uint64_t address)
{
    for (unsigned level = levels; level > 1; level--)
        root = get64(&w, root + (address >> (12 + 9 * (level - 1)) & 511) * 8) & UINT64_C(0xffffffffff000);
    return root + (address >> 12 & 511) * 8;
}

/* Permissions are held with the page: the DomIDMap that a command has read is not therefore written. */
START_TEST(reading_does_not_allow_writing)
{
    uint64_t leaf, entry, before;

    open_world(NULL, true);
    leaf = leaf_at(w.private_root, 3, UINT64_C(0x2000000000) + ((uint64_t)guest_id(A) << 19));
    entry = w.domain_map[A] + UINT64_C(8) * guest_domain(0);
    before = get64(&w, entry);
    put64(&w, leaf, (get64(&w, leaf) & ~v1_rw) | UINT64_C(1) << 61); /* IR alone */
    flush(OWN_DOMAIN, all);
    guest_flush(&w, A, guest_domain(0));
    ck_assert(vf_read(&w, A, VF_STATUS) & S_CMD_RUN);
    map_domain_id(&w, A, guest_domain(0), 0x99);
    ck_assert_uint_eq(get64(&w, entry), before);
}
END_TEST

/* inject.h: planned failures reach each lookup. */
START_TEST(a_plan_of_failures_is_not_bypassed)
{
    struct amdvi_inject_rule rule;
    size_t count;

    open_world(tiny, true);
    ck_assert_int_eq(amdvi_inject_parse("read:pte:master_abort", &rule, 1, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(w.device, &rule, 1), AMDVI_OK);
    guest_wait(&w, A, G_STORE, 2);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 1);
}
END_TEST

/* While there is a plan, every lookup walks: with the smallest caches each store reads its leaf anew. */
START_TEST(with_a_plan_nothing_is_held)
{
    struct amdvi_inject_rule rule;
    struct amdvi_inject_count counted;
    char plan[80];
    size_t count;
    uint64_t once;

    open_world(tiny, true);
    snprintf(plan, sizeof(plan), "read:pte:addr=%#llx:nth=1000:master_abort",
             (unsigned long long)w.roots[A] + G_STORE / PAGE_BYTES * 8);
    ck_assert_int_eq(amdvi_inject_parse(plan, &rule, 1, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(w.device, &rule, 1), AMDVI_OK);
    guest_wait(&w, A, G_STORE, 2);
    ck_assert_int_eq(amdvi_inject_count(w.device, 0, &counted), AMDVI_OK);
    once = counted.matched;
    ck_assert_uint_gt(once, 0);
    guest_wait(&w, A, G_STORE, 3);
    ck_assert_int_eq(amdvi_inject_count(w.device, 0, &counted), AMDVI_OK);
    ck_assert_uint_eq(counted.matched, 2 * once);
}
END_TEST

/* 11 #32: another TransDevID counts at once, whatever was held of the former one. */
START_TEST(another_trans_device_is_another_page)
{
    open_world(NULL, true);
    world_trans_dte(&w, B, 0x180);
    vfc_write(&w, A, VFC_CMD, 0);
    vfc_write(&w, A, VFC_MISC, UINT64_C(0x180) << 16);
    vfc_write(&w, A, VFC_CMD, command_control());
    guest_put_command(&w, B, 1, UINT64_C(1) << 60 | G_STORE | 1, 0x77);
    vf_write(&w, A, VF_TAIL, 32);
    ck_assert_uint_eq(guest_get64(&w, B, G_STORE), 0x77);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: held translations");
    TCase *tests = tcase_create("held");

    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_loop_test(tests, stays_whatever_the_caches_throw_out, 0, 2);
    tcase_add_loop_test(tests, without_caches_nothing_is_held, 0, 2);
    tcase_add_loop_test(tests, a_covering_command_ends_it, 0, 5);
    tcase_add_loop_test(tests, what_does_not_cover_it_leaves_it, 0, 5);
    tcase_add_test(tests, a_moved_slot_is_seen_after_its_flush);
    tcase_add_test(tests, reading_does_not_allow_writing);
    tcase_add_test(tests, a_plan_of_failures_is_not_bypassed);
    tcase_add_test(tests, with_a_plan_nothing_is_held);
    tcase_add_test(tests, another_trans_device_is_another_page);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
