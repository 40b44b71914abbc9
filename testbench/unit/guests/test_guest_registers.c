// SPDX-License-Identifier: Apache-2.0
/* Registers and ID maps of guests, and their interrupts (viommu 2.4, 3, 6, 8.5). */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { A, B, OTHER, RECORDS = 64, FAULTING = G_IOVA + 9 * PAGE_BYTES };

static struct world w;

static struct {
    struct amdvi_irq irq[RECORDS];
    struct amdvi_atc_invalidation atc[RECORDS];
    unsigned irqs, atcs, table_reads;
    enum amdvi_atc_answer answer;
} seen;

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    seen.irq[seen.irqs++ % RECORDS] = *irq;
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    seen.atc[seen.atcs++ % RECORDS] = *invalidation;
    return seen.answer;
}

static void listen(void)
{
    memset(&seen, 0, sizeof(seen));
    w.notes = (struct world_notes){.irq = on_irq, .atc = on_atc};
}

static void setup(void)
{
    world_open(&w, NULL, true);
    listen();
}

static void teardown(void)
{
    world_close(&w);
}

static unsigned host_events(void)
{
    return (unsigned)reg_read(&w, R_EVT_TAIL) / 16;
}

static unsigned code_of(uint64_t word)
{
    return (unsigned)(word >> 60);
}

static bool running(unsigned g)
{
    return vf_read(&w, g, VF_STATUS) & S_CMD_RUN;
}

static const struct {
    unsigned offset;
    uint64_t mask;
} vfc_masks[] = {{VFC_MISC, 0xffff0000},
                 {VFC_EVT_B, UINT64_C(0xffffffffff000)},
                 {VFC_CMD, UINT64_C(0xffffffffff30f)},
                 {VFC_EVT, UINT64_C(0xfffffffffffff)},
                 {VFC_PPR, UINT64_C(0xffffffffffffff)},
                 {VFC_PPR_B, UINT64_C(0xffffffffff000)}};

/* ---------------------------------------------------------------- registers */

START_TEST(control_registers_read_back)
{
    uint64_t value;

    vfc_write(&w, A, VFC_CMD, 0);
    vfc_write(&w, A, vfc_masks[_i].offset, UINT64_MAX);
    ck_assert_uint_eq(vfc_read(&w, A, vfc_masks[_i].offset), vfc_masks[_i].mask);
    ck_assert_int_eq(amdvi_vfc_write(w.device, guest_id(A), vfc_masks[_i].offset + 4, 4, 0), AMDVI_OK);
    ck_assert_uint_eq(vfc_read(&w, A, vfc_masks[_i].offset), vfc_masks[_i].mask & UINT32_MAX);
    ck_assert_int_eq(amdvi_vfc_read(w.device, guest_id(A), vfc_masks[_i].offset, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, vfc_masks[_i].mask & UINT32_MAX);
}
END_TEST

START_TEST(pointers_read_back)
{
    static const unsigned offsets[] = {VF_EVT_HEAD, VF_PPR_HEAD, VF_PPR_B_HEAD, VF_EVT_B_HEAD};
    uint64_t value;

    vf_write(&w, A, offsets[_i], UINT64_MAX);
    ck_assert_uint_eq(vf_read(&w, A, offsets[_i]), 0x7fff0);
    ck_assert_int_eq(amdvi_vf_write(w.device, guest_id(A), offsets[_i], 4, 0x120), AMDVI_OK);
    ck_assert_int_eq(amdvi_vf_read(w.device, guest_id(A), offsets[_i], 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0x120);
    ck_assert_int_eq(amdvi_vf_read(w.device, guest_id(A), offsets[_i] + 4, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0);
    ck_assert_uint_eq(vf_read(&w, B, offsets[_i]), 0);
}
END_TEST

START_TEST(item_31_other_widths_are_refused)
{
    static const struct {
        unsigned offset, size;
    } wrong[] = {{0, 1}, {0, 2}, {4, 8}, {2, 4}, {0x1000, 8}, {8, 16}};
    uint64_t value = 5;
    unsigned at = wrong[_i].offset, size = wrong[_i].size;

    ck_assert_int_eq(amdvi_vf_write(w.device, guest_id(A), at, size, 0x10), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_vfc_write(w.device, guest_id(A), at, size, 0x10), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_vf_read(w.device, guest_id(A), at, size, &value), AMDVI_ERR_ACCESS);
    ck_assert_uint_eq(value, 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_TAIL), 0);
}
END_TEST

START_TEST(status_bits_are_cleared_by_ones)
{
    guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    guest_command(&w, A, UINT64_C(1) << 60 | 2, 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & 0xff,
                      S_EVT_INT | S_WAIT_INT | S_EVT_RUN | S_CMD_RUN | S_PPR_RUN);
    vf_write(&w, A, VF_STATUS, S_EVT_INT | S_CMD_RUN);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & 0xff, S_WAIT_INT | S_EVT_RUN | S_CMD_RUN | S_PPR_RUN);
    ck_assert_uint_eq(get64(&w, w.slot_page + 64 * 6 + VF_STATUS) & 0xff,
                      S_WAIT_INT | S_EVT_RUN | S_CMD_RUN | S_PPR_RUN);
}
END_TEST

/* 7.5, 11 #28: All and vCmd. */
START_TEST(reset_vmmio_resets_what_it_names)
{
    bool all = _i & 1, engine = _i & 2;

    guest_command(&w, A, 0, 0); /* stops the queue at 0 */
    ck_assert(!running(A));
    host_command(&w, UINT64_C(10) << 60 | guest_id(A) | (uint64_t)all << 28 | (uint64_t)engine << 31, 0);
    ck_assert_uint_eq(vfc_read(&w, A, VFC_CMD), all ? 0 : command_control());
    ck_assert_uint_eq(vf_read(&w, A, VF_TAIL), all ? 0 : 16);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & S_EVT_INT, all ? 0 : S_EVT_INT);
    ck_assert_uint_eq(vfc_read(&w, B, VFC_CMD), command_control());
    ck_assert_uint_eq(get64(&w, w.device_map[A] + 16 * guest_device(0)), 1 | (uint64_t)host_device(A, 0)
                                                                                 << 24);
}
END_TEST

/* ---------------------------------------------------------------- maps */

START_TEST(map_writes_reach_memory)
{
    map_device_id(&w, A, 0x44, 0x1234, 0x77);
    map_domain_id(&w, A, 0x45, 0x4321);
    ck_assert_uint_eq(get64(&w, w.device_map[A] + 16 * 0x44), 1 | UINT64_C(0x1234) << 24);
    ck_assert_uint_eq(get64(&w, w.device_map[A] + 16 * 0x44 + 8), 0x77);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8 * 0x45), 1 | UINT64_C(0x4321) << 24);
    ck_assert_uint_eq(get64(&w, w.domain_map[B] + 8 * 0x45), 0);
}
END_TEST

START_TEST(item_3_without_v_the_entry_is_stored_so)
{
    vfc_write(&w, A, VFC_DOMAINS, UINT64_C(1) << 63 | UINT64_C(1) << 46 | UINT64_C(0x99) << 14);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8), UINT64_C(0x99) << 24);
}
END_TEST

START_TEST(items_4_and_5_without_w_only_latched)
{
    uint64_t value = UINT64_C(0x46) << 46 | UINT64_C(0x99) << 14 | 1;

    vfc_write(&w, A, VFC_DOMAINS, value);
    ck_assert_uint_eq(vfc_read(&w, A, VFC_DOMAINS), value);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8 * 0x46), 0);
    vfc_write(&w, A, VFC_DOMAINS, value | UINT64_C(1) << 63);
    ck_assert_uint_eq(vfc_read(&w, A, VFC_DOMAINS), value);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8 * 0x46), 1 | UINT64_C(0x99) << 24);
}
END_TEST

START_TEST(item_7_unmapped_table_drops_the_write)
{
    map_domain_id(&w, A, 0x8000, 5);
    ck_assert_uint_eq(host_events(), 0);
    ck_assert(running(A));
}
END_TEST

START_TEST(item_8_unmapped_ids_stop_the_queue)
{
    guest_command(&w, A, _i ? UINT64_C(2) << 60 | 0x99 : UINT64_C(3) << 60 | UINT64_C(0x99) << 32, 0);
    ck_assert(!running(A));
    ck_assert_uint_eq(code_of(guest_get64(&w, A, G_EVT)), 5);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT + 8), G_CMD);
    ck_assert_uint_eq(host_events(), 0);
}
END_TEST

static uint64_t event_irte(unsigned g)
{
    return H_INT_L2 + PAGE_BYTES * (guest_id(g) >> 8) + 16u * (guest_id(g) & 0xff);
}

/* ---------------------------------------------------------------- interrupts (2.4, 8.5) */

START_TEST(interrupts_reach_the_guests_vapic)
{
    guest_ask(&w, B, 0, AMDVI_READ, FAULTING);
    ck_assert_uint_eq(seen.irqs, 2);
    ck_assert_int_eq(seen.irq[0].cause, AMDVI_IRQ_VAPIC); /* IsRun: a doorbell */
    ck_assert(seen.irq[0].guest);
    ck_assert_uint_eq(seen.irq[0].guest_id, guest_id(B));
    ck_assert(seen.irq[1].guest && seen.irq[1].deliverable);
    ck_assert_uint_eq(seen.irq[1].guest_id, guest_id(B));
    ck_assert_uint_eq(seen.irq[1].vector, 0x42);
    ck_assert_uint_eq(get64(&w, H_VAPIC + PAGE_BYTES + 0x220) & UINT32_MAX,
                      1 << 2); /* IRR, vectors 40h to 5Fh */
    ck_assert_uint_eq(get64(&w, H_VAPIC + 0x220), 0);
}
END_TEST

START_TEST(a_guest_that_does_not_run_gets_a_ga_record)
{
    put64(&w, event_irte(A), 1 | 1 << 2 | 1 << 7 | UINT64_C(0x1234) << 32); /* GALogIntr, GATag */
    guest_command(&w, A, UINT64_C(1) << 60 | 2, 0);
    ck_assert_uint_eq(reg_read(&w, R_GA_TAIL), 8);
    ck_assert_uint_eq(get64(&w, H_GA) & UINT32_MAX, 0x1234);
    ck_assert_uint_eq(get64(&w, H_VAPIC + 0x220) & UINT32_MAX, 1);
}
END_TEST

START_TEST(without_enable_bits_no_interrupt)
{
    vfc_write(&w, A, VFC_EVT, event_control() & ~UINT64_C(0x200));
    vfc_write(&w, A, VFC_CMD, command_control() & ~UINT64_C(0x200));
    guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    guest_command(&w, A, UINT64_C(1) << 60 | 2, 0);
    ck_assert_uint_eq(seen.irqs, 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_EVT_INT | S_WAIT_INT), S_EVT_INT | S_WAIT_INT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registers of guests");
    TCase *tests = tcase_create("registers of guests");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, control_registers_read_back, 0, 6);
    tcase_add_loop_test(tests, pointers_read_back, 0, 4);
    tcase_add_loop_test(tests, item_31_other_widths_are_refused, 0, 6);
    tcase_add_test(tests, status_bits_are_cleared_by_ones);
    tcase_add_loop_test(tests, reset_vmmio_resets_what_it_names, 0, 4);
    tcase_add_test(tests, map_writes_reach_memory);
    tcase_add_test(tests, item_3_without_v_the_entry_is_stored_so);
    tcase_add_test(tests, items_4_and_5_without_w_only_latched);
    tcase_add_test(tests, item_7_unmapped_table_drops_the_write);
    tcase_add_loop_test(tests, item_8_unmapped_ids_stop_the_queue, 0, 2);
    tcase_add_test(tests, interrupts_reach_the_guests_vapic);
    tcase_add_test(tests, a_guest_that_does_not_run_gets_a_ga_record);
    tcase_add_test(tests, without_enable_bits_no_interrupt);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
