// SPDX-License-Identifier: Apache-2.0
/* Records and interrupts of guests where the way to them is broken, full, or not there (viommu 2.4, 8). */
#include "amdvi/inject.h"
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { A, B, FAULTING = G_IOVA + 9 * PAGE_BYTES, UNTOUCHED = 0x99 };

static struct world w;
static struct amdvi_irq seen;
static unsigned interrupts;

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    seen = *irq;
    interrupts++;
}

static void setup(void)
{
    world_open(&w, NULL, true);
    interrupts = 0;
    w.notes.irq = on_irq;
}

static void teardown(void)
{
    world_close(&w);
}

static unsigned host_events(void)
{
    return (unsigned)reg_read(&w, R_EVT_TAIL) / 16;
}

static void fault(void)
{
    guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
}

static void inject(const char *plan)
{
    struct amdvi_inject_rule rules[1];
    size_t count;

    ck_assert_int_eq(amdvi_inject_parse(plan, rules, 1, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(w.device, rules, count), AMDVI_OK);
}

/* ---------------------------------------------------------------- interrupts that find no entry */

static uint64_t level1(void)
{
    return H_INT_L1 + 8 * (guest_id(A) >> 8);
}

static uint64_t level2(void)
{
    return H_INT_L2 + 16u * guest_id(A);
}

static void no_level1(void)
{
    put64(&w, level1(), 0);
}

/* Four entries, and the guest's is number 6. */
static void short_level2(void)
{
    put64(&w, level1(), H_INT_L2 | 2 << 2 | 1);
}

static void unreadable_level1(void)
{
    inject("read:irte:nth=1:data_error");
}

static void unreadable_level2(void)
{
    inject("read:irte:nth=2:data_error");
}

static void disabled_entry(void)
{
    put64(&w, level2(), get64(&w, level2()) & ~UINT64_C(1));
}

static void host_mode_entry(void)
{
    put64(&w, level2(), 1);
    put64(&w, level2() + 8, 0x40);
}

static void reserved_entry(void)
{
    put64(&w, level2() + 8, get64(&w, level2() + 8) | 1 << 8);
}

/* The IOMMU's own entry: word 2 holds IV, IntTabLen, root and IntCtl. */
static void own_entry(uint64_t clear, uint64_t set)
{
    uint64_t at = H_DEVTAB + 32u * OWN_DEVICE + 16;

    put64(&w, at, (get64(&w, at) & ~clear) | set);
    host_command(&w, UINT64_C(2) << 60 | OWN_DEVICE, 0);
}

static void no_interrupts_in_own_entry(void)
{
    own_entry(1, 0);
}

static void abort_in_own_entry(void)
{
    own_entry(UINT64_C(3) << 60, 0);
}

static void forward_in_own_entry(void)
{
    own_entry(UINT64_C(3) << 60, UINT64_C(1) << 60);
}

static void (*const breaks[])(void) = {
    no_level1,       short_level2,   unreadable_level1,          unreadable_level2,  disabled_entry,
    host_mode_entry, reserved_entry, no_interrupts_in_own_entry, abort_in_own_entry, forward_in_own_entry};

enum { BREAKS = sizeof(breaks) / sizeof(breaks[0]) };

/* The record is there, the status is there, and nobody can be told. */
START_TEST(without_an_entry_the_interrupt_reaches_nobody)
{
    breaks[_i]();
    fault();
    ck_assert_uint_eq(interrupts, 1);
    ck_assert(seen.guest && !seen.deliverable);
    ck_assert_uint_eq(seen.guest_id, guest_id(A));
    ck_assert_uint_eq(get64(&w, H_VAPIC + 0x220), 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & S_EVT_INT, S_EVT_INT);
}
END_TEST

/* The own entry cannot be read: neither the log's pointers in memory nor the interrupt are in reach. */
START_TEST(without_the_own_entry_the_interrupt_reaches_nobody)
{
    inject("read:dte:addr=0x8040-0x805f:data_error"); /* the entry of device 2 */
    host_command(&w, UINT64_C(2) << 60 | OWN_DEVICE, 0);
    fault();
    ck_assert(seen.guest && !seen.deliverable);
    ck_assert_uint_eq(get64(&w, H_VAPIC + 0x220), 0);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT) >> 60, 2);
}
END_TEST

START_TEST(an_entry_that_works_reaches_the_guest)
{
    fault();
    ck_assert(seen.guest && seen.deliverable);
    ck_assert_uint_eq(seen.vector, 0x40);
}
END_TEST

/* ---------------------------------------------------------------- logs that are full */

/* vf_status of 4.1: overflow of log B is its own bit, where the host's status has it. */
#define OVERFLOW_B (UINT64_C(1) << 15)

static void swap_logs(uint64_t length_b)
{
    vfc_write(&w, A, VFC_EVT, 0);
    vfc_write(&w, A, VFC_EVT, (event_control() & ~UINT64_C(0xf0)) | length_b << 4 | 2 << 10);
}

START_TEST(two_full_logs_overflow_both)
{
    swap_logs(8);
    for (unsigned i = 0; i < 2 * RING_ENTRIES + 5; i++)
        fault();
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16 * (RING_ENTRIES - 1));
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_B_TAIL), 16 * (RING_ENTRIES - 1));
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_EVT_OVERFLOW | OVERFLOW_B | S_EVT_RUN),
                      S_EVT_OVERFLOW | OVERFLOW_B);
    ck_assert_uint_eq(host_events(), 0);
}
END_TEST

/* Log B was full before log A was: the swap finds no room. */
START_TEST(a_swap_to_a_full_log_overflows_both)
{
    vf_write(&w, A, VF_EVT_B_HEAD, 16);
    swap_logs(8);
    for (unsigned i = 0; i < RING_ENTRIES; i++)
        fault();
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_B_TAIL), 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_EVT_OVERFLOW | OVERFLOW_B | S_EVT_RUN),
                      S_EVT_OVERFLOW | OVERFLOW_B);
}
END_TEST

/* A ring that is too short to run (E9): there is nothing to swap to. */
START_TEST(without_a_log_b_the_record_is_lost)
{
    swap_logs(7);
    for (unsigned i = 0; i < RING_ENTRIES + 1; i++)
        fault();
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_B_TAIL), 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_EVT_OVERFLOW | OVERFLOW_B | S_EVT_RUN), S_EVT_OVERFLOW);
}
END_TEST

/* ---------------------------------------------------------------- the number of records */

static uint64_t count_of(uint16_t guest, enum amdvi_log log)
{
    uint64_t count = 77;

    ck_assert_int_eq(amdvi_guest_log_count(w.device, guest, log, &count), AMDVI_OK);
    return count;
}

START_TEST(records_are_counted_for_each_log)
{
    fault();
    fault();
    guest_page_request(&w, A, 0, G_IOVA);
    ck_assert_uint_eq(count_of(guest_id(A), AMDVI_LOG_EVENT), 2);
    ck_assert_uint_eq(count_of(guest_id(A), AMDVI_LOG_PPR), 1);
    ck_assert_uint_eq(count_of(guest_id(A), AMDVI_LOG_GA), 0); /* guests have none */
    ck_assert_uint_eq(count_of(guest_id(B), AMDVI_LOG_EVENT), 0);
    ck_assert_uint_eq(count_of(UNTOUCHED, AMDVI_LOG_EVENT), 0);
    vfc_write(&w, A, VFC_EVT, 0);
    vfc_write(&w, A, VFC_EVT, event_control());
    ck_assert_uint_eq(count_of(guest_id(A), AMDVI_LOG_EVENT), 0); /* since the enable bit rose */
}
END_TEST

START_TEST(counting_checks_its_arguments)
{
    uint64_t count;

    ck_assert_int_eq(amdvi_guest_log_count(NULL, 6, AMDVI_LOG_EVENT, &count), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_guest_log_count(w.device, 6, AMDVI_LOG_EVENT, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_guest_log_count(w.device, 6, AMDVI_LOG_GA + 1, &count), AMDVI_ERR_ARGUMENT);
    teardown();
    world_open_bare(&w, "preset=raphael", true);
    ck_assert_int_eq(amdvi_guest_log_count(w.device, 6, AMDVI_LOG_EVENT, &count), AMDVI_ERR_UNSUPPORTED);
}
END_TEST

static unsigned events;
static struct amdvi_event_info newest;

static void on_event(void *context, const struct amdvi_event_info *info)
{
    events++;
    newest = *info;
}

static void on_access(void *context, const struct amdvi_access_info *info)
{
}

/* What an observer hears of a guest's record; one that does not listen to records changes nothing. */
START_TEST(observers_hear_of_guests_records)
{
    struct amdvi_observer observer = {.event = _i ? on_event : NULL, .access = on_access};

    events = 0;
    ck_assert_int_eq(amdvi_observe(w.device, &observer), AMDVI_OK);
    fault();
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16);
    ck_assert_uint_eq(events, _i);
    if (_i)
        ck_assert(newest.guest && newest.logged && newest.guest_id == guest_id(A) &&
                  newest.log == AMDVI_LOG_EVENT && newest.index == 0);
}
END_TEST

/* ---------------------------------------------------------------- registers and maps */

START_TEST(an_untouched_guest_reads_as_zero)
{
    uint64_t value = 5;

    ck_assert_int_eq(amdvi_vfc_read(w.device, UNTOUCHED, VFC_CMD, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0);
    value = 5;
    ck_assert_int_eq(amdvi_vf_write(w.device, UNTOUCHED, VF_END, 8, 0x40), AMDVI_OK); /* no register there */
    ck_assert_int_eq(amdvi_vf_read(w.device, UNTOUCHED, VF_END, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0);
}
END_TEST

/* What hardware moves, software may write only while the ring stands (iommu 2.8). */
static const struct {
    unsigned pointer;
    uint32_t control;
    uint64_t running;
} pointers[] = {{VF_HEAD, VFC_CMD, G_CMD | 0x308},
                {VF_EVT_TAIL, VFC_EVT, G_EVT | 0x388},
                {VF_EVT_B_TAIL, VFC_EVT, G_EVT | 0xb88},
                {VF_PPR_TAIL, VFC_PPR, (uint64_t)G_PPR << 4 | 0x788},
                {VF_PPR_B_TAIL, VFC_PPR, (uint64_t)G_PPR << 4 | 0x1788}};

START_TEST(pointers_are_locked_while_their_ring_runs)
{
    unsigned pointer = pointers[_i].pointer;

    vfc_write(&w, A, pointers[_i].control, 0);
    vfc_write(&w, A, pointers[_i].control, pointers[_i].running);
    vf_write(&w, A, pointer, 0x40);
    ck_assert_uint_eq(vf_read(&w, A, pointer), 0);
    vfc_write(&w, A, pointers[_i].control, 0);
    vf_write(&w, A, pointer, 0x40);
    ck_assert_uint_eq(vf_read(&w, A, pointer), 0x40);
}
END_TEST

START_TEST(control_blocks_are_read_in_4_and_8_bytes)
{
    static const struct {
        unsigned offset, size;
    } wrong[] = {{0x20, 1}, {0x22, 4}, {0x24, 8}, {0x40, 8}, {0x20, 16}};
    uint64_t value = 5;

    ck_assert_int_eq(amdvi_vfc_read(w.device, guest_id(A), wrong[_i].offset, wrong[_i].size, &value),
                     AMDVI_ERR_ACCESS);
    ck_assert_uint_eq(value, 0);
}
END_TEST

START_TEST(maps_are_filled_within_their_bounds)
{
    struct {
        enum amdvi_guest_map map;
        uint32_t first, count;
    } wrong[] = {
        {(enum amdvi_guest_map)2, 0, 1}, {AMDVI_MAP_DEVICES, 0x10000, 0}, {AMDVI_MAP_DOMAINS, 0xffff, 2}};

    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(amdvi_guest_map_fill(w.device, guest_id(A), wrong[i].map, wrong[i].first,
                                              wrong[i].count, 1, 0, true),
                         AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_guest_map_fill(w.device, guest_id(A), AMDVI_MAP_DOMAINS, 0x20, 2, 0x55, 0, true),
                     AMDVI_OK);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8 * 0x21), 0x55 << 24 | 1);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8 * 0x22), 0);
    reg_write(&w, R_CONTROL, w.control & ~C_VIOMMU);
    ck_assert_int_eq(amdvi_guest_map_fill(w.device, guest_id(A), AMDVI_MAP_DOMAINS, 0x22, 1, 0x55, 0, true),
                     AMDVI_ERR_UNSUPPORTED);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8 * 0x22), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("delivery to guests");
    TCase *tests = tcase_create("delivery");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, without_an_entry_the_interrupt_reaches_nobody, 0, BREAKS);
    tcase_add_test(tests, without_the_own_entry_the_interrupt_reaches_nobody);
    tcase_add_test(tests, an_entry_that_works_reaches_the_guest);
    tcase_add_test(tests, two_full_logs_overflow_both);
    tcase_add_test(tests, a_swap_to_a_full_log_overflows_both);
    tcase_add_test(tests, without_a_log_b_the_record_is_lost);
    tcase_add_test(tests, records_are_counted_for_each_log);
    tcase_add_test(tests, counting_checks_its_arguments);
    tcase_add_loop_test(tests, observers_hear_of_guests_records, 0, 2);
    tcase_add_test(tests, an_untouched_guest_reads_as_zero);
    tcase_add_loop_test(tests, pointers_are_locked_while_their_ring_runs, 0, 5);
    tcase_add_loop_test(tests, control_blocks_are_read_in_4_and_8_bytes, 0, 5);
    tcase_add_test(tests, maps_are_filled_within_their_bounds);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
