// SPDX-License-Identifier: Apache-2.0
/* What a configuration may choose about guests (viommu 11, 12), each against the default; and features that
 * are not there. */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
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

/* The settings of the second run of a loop test; the first has the defaults. */
static void open_world(bool chosen, const char *settings)
{
    world_open(&w, chosen ? settings : NULL, true);
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

static bool running(unsigned g)
{
    return vf_read(&w, g, VF_STATUS) & S_CMD_RUN;
}

START_TEST(item_6_host_device_0_is_legal_or_not)
{
    open_world(_i, "viommu.zero_host_device=invalid");
    map_device_id(&w, A, 0x44, 0, 0);
    guest_command(&w, A, UINT64_C(2) << 60 | 0x44, 0);
    ck_assert_int_eq(running(A), !_i);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT) >> 60, _i ? 5 : 0); /* ILLEGAL_COMMAND_ERROR */
}
END_TEST

START_TEST(item_7_a_map_write_to_nowhere_is_logged_or_not)
{
    open_world(_i, "viommu.map_fault=log");
    map_domain_id(&w, A, 0x8000, 5);
    ck_assert_uint_eq(host_events(), _i);
    ck_assert_uint_eq(vfc_read(&w, A, VFC_DOMAINS), UINT64_C(0x8000) << 46 | 5 << 14 | 1);
}
END_TEST

START_TEST(item_9_the_dirty_bit_has_its_stride)
{
    uint64_t at = 6 << (_i ? 4 : 5); /* GuestID 0x106 */

    open_world(_i, "viommu.dirty_stride=16");
    reg_write(&w, R_CONTROL, w.control & ~C_VCMD);
    guest_wait(&w, B, G_STORE, 1);
    ck_assert_uint_eq(get64(&w, w.dirty_page + at), 2);
    ck_assert_uint_eq(get64(&w, w.dirty_page + (6 << (_i ? 5 : 4))), 0);
}
END_TEST

START_TEST(item_12_memory_is_the_register_or_a_copy)
{
    open_world(_i, "viommu.slot_is_register=off");
    vf_write(&w, A, VF_EVT_HEAD, 0x40);
    put64(&w, w.slot_page + 64 * 6 + VF_EVT_HEAD, 0x50);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), _i ? 0x40 : 0x50);
    vf_write(&w, A, VF_EVT_HEAD, 0x60);
    ck_assert_uint_eq(get64(&w, w.slot_page + 64 * 6 + VF_EVT_HEAD), 0x60);
}
END_TEST

static enum amdvi_atc_answer pending(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    *(uint32_t *)context = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

/* A device of guest B has not answered an invalidation when guest A waits; B's own wait is held back by
 * either choice. */
START_TEST(item_17_a_wait_is_for_the_guests_own_commands_or_for_all)
{
    uint32_t tag = UINT32_MAX;

    open_world(_i, "viommu.wait_scope=global");
    w.notes = (struct world_notes){.context = &tag, .atc = pending};
    guest_command(&w, B, UINT64_C(4) << 60 | guest_device(0), UINT64_C(0x7ffffffffffff001));
    guest_wait(&w, A, G_STORE, 0x55);
    guest_wait(&w, B, G_STORE, 0x66);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), _i ? 0 : 0x55);
    ck_assert_uint_eq(guest_get64(&w, B, G_STORE), 0);
    ck_assert_int_eq(amdvi_atc_complete(w.device, tag), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 0x55);
    ck_assert_uint_eq(guest_get64(&w, B, G_STORE), 0x66);
}
END_TEST

/* Type 2 has entries of its own: L1 entries from 512 on (2.4). */
START_TEST(item_23_a_completion_wait_has_its_type)
{
    uint64_t level2;

    open_world(_i, "viommu.comwait_irq_type=2");
    level2 = world_page(&w);
    put64(&w, H_INT_L1 + 8 * 512, level2 | 8 << 2 | 1);
    put64(&w, level2 + 16 * 6, 1 | 1 << 6 | 1 << 7);
    put64(&w, level2 + 16 * 6 + 8, H_VAPIC | 0x66);
    guest_command(&w, A, UINT64_C(1) << 60 | 2, 0);
    ck_assert_int_eq(seen.cause, AMDVI_IRQ_COMPLETION_WAIT);
    ck_assert(seen.deliverable);
    ck_assert_uint_eq(seen.vector, _i ? 0x66 : 0x40);
}
END_TEST

static void write_and_read(uint16_t guest, bool there)
{
    uint64_t value = 1;

    ck_assert_int_eq(amdvi_vf_write(w.device, guest, VF_PPR_B_HEAD, 8, 0x120), AMDVI_OK);
    ck_assert_int_eq(amdvi_vf_read(w.device, guest, VF_PPR_B_HEAD, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, there ? 0x120 : 0);
    ck_assert_int_eq(amdvi_vfc_write(w.device, guest, VFC_MISC, 8, 0x30000), AMDVI_OK);
    ck_assert_int_eq(amdvi_vfc_read(w.device, guest, VFC_MISC, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, there ? 0x30000 : 0);
}

START_TEST(item_26_guest_0_and_secure_ones_are_there_or_not)
{
    open_world(_i, "viommu.reserved_guest_ids=rejected");
    write_and_read(0, !_i);
    write_and_read(0x8000, !_i);
    write_and_read(0xffff, !_i);
    write_and_read(1, true);
    write_and_read(0x7fff, true);
}
END_TEST

/* The log of A is off; a guest that nobody has touched has none. */
START_TEST(item_37_without_a_log_the_record_is_dropped_or_the_hosts)
{
    struct amdvi_result result;
    uint64_t at = H_DEVTAB + UINT64_C(32) * host_device(A, 0) + 24, word;
    bool untouched = _i >= 2, host = _i % 2;

    open_world(host, "viommu.guest_log_off=host");
    word = get64(&w, at);
    if (untouched)
        put64(&w, at, (word & ~(UINT64_C(0xffff) << 32)) | (uint64_t)UNTOUCHED << 32);
    else
        vfc_write(&w, A, VFC_EVT, event_control() & ~UINT64_C(0x100));
    result = guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    ck_assert(!result.ok);
    ck_assert_int_eq(result.fault.logged, host);
    ck_assert_uint_eq(host_events(), host);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 0);
}
END_TEST

START_TEST(with_its_log_on_a_guest_keeps_its_records)
{
    open_world(true, "viommu.guest_log_off=host");
    ck_assert(guest_ask(&w, A, 0, AMDVI_READ, FAULTING).fault.logged);
    ck_assert_uint_eq(host_events(), 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16);
}
END_TEST

/* iommu 7.1: whether the enable bit that rises clears the overflow. */
START_TEST(a_restart_clears_the_overflow_or_not)
{
    open_world(_i, "log.restart_clears_overflow=on");
    for (unsigned i = 0; i < RING_ENTRIES; i++)
        guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    vfc_write(&w, A, VFC_EVT, 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & S_EVT_OVERFLOW, S_EVT_OVERFLOW);
    vfc_write(&w, A, VFC_EVT, event_control());
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_EVT_OVERFLOW | S_EVT_RUN),
                      _i ? S_EVT_RUN : S_EVT_OVERFLOW);
}
END_TEST

/* 12 E4: the second of three commands is illegal. */
START_TEST(a_guests_head_stays_or_moves_at_a_faulty_command)
{
    static const char *const settings[] = {"cmd.faulty_head=stay", "cmd.faulty_head=next",
                                           "cmd.faulty_head=tail"};

    world_open(&w, settings[_i], true);
    for (unsigned i = 0; i < 3; i++)
        guest_put_command(&w, A, i, i == 1 ? 0 : UINT64_C(1) << 60, 0);
    vf_write(&w, A, VF_TAIL, 0x30);
    ck_assert(!running(A));
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 0x10 + 0x10 * (unsigned)_i);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT) >> 60, 5);
}
END_TEST

/* 15 D14, of a guest whose PPRLogEn is 0. */
START_TEST(a_guest_without_log_drops_or_refuses_page_requests)
{
    open_world(_i, "ppr.log_off=refuse");
    vfc_write(&w, A, VFC_PPR, ppr_control() & ~UINT64_C(0x100));
    guest_page_request(&w, A, 0, G_IOVA);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT) >> 60, _i ? 9 : 0); /* INVALID_PPR_REQUEST */
    ck_assert_uint_eq(host_events(), 0);
}
END_TEST

/* ---------------------------------------------------------------- features */

/* EFR without PPRSup and the two fields of dual logs: the registers read 0 and ignore writes (4.1). */
START_TEST(registers_of_absent_features_are_not_there)
{
    static const unsigned offsets[] = {VF_PPR_HEAD, VF_PPR_B_HEAD, VF_EVT_B_HEAD};
    uint64_t features;
    char settings[64];

    world_open(&w, NULL, true);
    features = reg_read(&w, 0x30) & ~(UINT64_C(1) << 1 | UINT64_C(3) << 24 | UINT64_C(3) << 28);
    vf_write(&w, A, offsets[_i], 0x120);
    ck_assert_uint_eq(vf_read(&w, A, offsets[_i]), 0x120);
    world_close(&w);
    snprintf(settings, sizeof(settings), "efr=0x%" PRIx64, features);
    world_open_bare(&w, settings, true);
    vf_write(&w, A, offsets[_i], 0x120);
    ck_assert_uint_eq(vf_read(&w, A, offsets[_i]), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("choices about guests");
    TCase *tests = tcase_create("choices");

    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_loop_test(tests, item_6_host_device_0_is_legal_or_not, 0, 2);
    tcase_add_loop_test(tests, item_7_a_map_write_to_nowhere_is_logged_or_not, 0, 2);
    tcase_add_loop_test(tests, item_9_the_dirty_bit_has_its_stride, 0, 2);
    tcase_add_loop_test(tests, item_12_memory_is_the_register_or_a_copy, 0, 2);
    tcase_add_loop_test(tests, item_17_a_wait_is_for_the_guests_own_commands_or_for_all, 0, 2);
    tcase_add_loop_test(tests, item_23_a_completion_wait_has_its_type, 0, 2);
    tcase_add_loop_test(tests, item_26_guest_0_and_secure_ones_are_there_or_not, 0, 2);
    tcase_add_loop_test(tests, item_37_without_a_log_the_record_is_dropped_or_the_hosts, 0, 4);
    tcase_add_test(tests, with_its_log_on_a_guest_keeps_its_records);
    tcase_add_loop_test(tests, a_restart_clears_the_overflow_or_not, 0, 2);
    tcase_add_loop_test(tests, a_guests_head_stays_or_moves_at_a_faulty_command, 0, 3);
    tcase_add_loop_test(tests, a_guest_without_log_drops_or_refuses_page_requests, 0, 2);
    tcase_add_loop_test(tests, registers_of_absent_features_are_not_there, 0, 3);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
