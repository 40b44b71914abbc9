// SPDX-License-Identifier: Apache-2.0
/* The parts of a guest's virtual IOMMU, one fact a test; numbers are those of viommu 11 and 12. */
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

static void on_access(void *context, const struct amdvi_access_info *info)
{
    bool table = info->access == AMDVI_ACCESS_DTE || info->access == AMDVI_ACCESS_HOST_ENTRY ||
                 info->access == AMDVI_ACCESS_GUEST_ENTRY || info->access == AMDVI_ACCESS_GCR3_ENTRY;

    seen.table_reads += table && !info->cached;
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

static void reopen(const char *settings, bool by_gpa)
{
    world_close(&w);
    world_open(&w, settings, by_gpa);
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

static uint64_t host_event(unsigned index, unsigned word)
{
    return get64(&w, H_EVT + 16u * index + 8u * word);
}

static unsigned code_of(uint64_t word)
{
    return (unsigned)(word >> 60);
}

static unsigned vflags_of(uint64_t word)
{
    return (unsigned)(word >> 27 & 31);
}

static bool running(unsigned g)
{
    return vf_read(&w, g, VF_STATUS) & S_CMD_RUN;
}

/* ---------------------------------------------------------------- section 12 */

START_TEST(e1_maps_are_written_while_both_enables_are_on)
{
    reg_write(&w, R_CONTROL, w.control & ~(_i ? C_IOMMU : C_VIOMMU));
    map_domain_id(&w, A, 0x46, 0x99);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8 * 0x46), 0);
    ck_assert_uint_eq(vfc_read(&w, A, VFC_DOMAINS), UINT64_C(0x46) << 46 | UINT64_C(0x99) << 14 | 1);
    reg_write(&w, R_CONTROL, w.control);
    ck_assert_uint_eq(get64(&w, w.domain_map[A] + 8 * 0x46), 0);
}
END_TEST

START_TEST(e2_registers_work_without_their_slot)
{
    world_dte(&w, OWN_DEVICE, (const uint64_t[4]){0});
    host_command(&w, UINT64_C(2) << 60 | OWN_DEVICE, 0);
    vf_write(&w, A, VF_EVT_HEAD, 0x40);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), 0x40);
    ck_assert_uint_eq(get64(&w, w.slot_page + 64 * 6 + VF_EVT_HEAD), 0);
}
END_TEST

START_TEST(item_12_the_slot_is_the_register)
{
    put64(&w, w.slot_page + 64 * 6 + VF_EVT_HEAD, 0x50);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_HEAD), 0x50);
}
END_TEST

START_TEST(e3_stores_go_through_the_trans_device_in_both_modes)
{
    reopen(NULL, _i);
    guest_wait(&w, A, G_STORE, 0xabcd);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 0xabcd);
    ck_assert_uint_eq(guest_get64(&w, B, G_STORE), 0);
}
END_TEST

START_TEST(e4_head_stays_at_the_faulty_command)
{
    guest_wait(&w, A, G_STORE, 1);
    guest_command(&w, A, (uint64_t)_i << 60, 0);
    guest_wait(&w, A, G_STORE, 2);
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 16);
    ck_assert_uint_eq(code_of(guest_get64(&w, A, G_EVT)), 5);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT + 8), G_CMD + 16);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 1);
}
END_TEST

/* E5, 8.1, 8.2: the guest's tables are the guest's affair; with its DeviceID. */
START_TEST(e5_guest_faults_go_to_the_guest)
{
    if (_i == 0)
        guest_put64(&w, A, G_GCR3 + 8 * G_PASID, 0);
    ck_assert(!guest_ask(&w, A, 1, AMDVI_READ, _i ? FAULTING : G_IOVA).ok);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT) & 0xffff, guest_device(1));
    ck_assert_uint_eq(code_of(guest_get64(&w, A, G_EVT)), 2);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT + 8), _i ? FAULTING : G_IOVA);
    ck_assert_uint_eq(host_events(), 0);
}
END_TEST

/* viommu 11 #20 with viommu.host_fault=both: whatever the host's table refuses a guest's device, the guest
 * hears of. Its leaf entry names a GPA beyond the host's table, one without an entry, one that may not be
 * written. */
START_TEST(host_stage_faults_go_to_both_by_choice)
{
    const uint64_t gpa = _i == 0 ? 1 << 21 : G_DATA; /* its host table has one level */

    reopen("viommu.host_fault=both", true);
    if (_i)
        put64(&w, w.roots[A] + gpa / PAGE_BYTES * 8,
              _i == 1 ? 0 : UINT64_C(1) << 61 | guest_spa(A, gpa) | 1); /* IR alone */
    guest_put64(&w, A, G_LEAF + 8 * (G_IOVA / PAGE_BYTES), gpa | 7);
    ck_assert(!guest_ask(&w, A, 1, AMDVI_WRITE, G_IOVA).ok);
    ck_assert_uint_eq(host_events(), 1);
    ck_assert_uint_eq(code_of(host_event(0, 0)), 2);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16);
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT) & 0xffff, guest_device(1));
    ck_assert_uint_eq(guest_get64(&w, A, G_EVT + 8), gpa);
}
END_TEST

START_TEST(e8_cleared_trans_entry_is_a_host_fault)
{
    world_dte(&w, trans_device(A), (const uint64_t[4]){0});
    host_command(&w, UINT64_C(2) << 60 | trans_device(A), 0);
    guest_wait(&w, A, G_STORE, 1);
    ck_assert(!running(A));
    ck_assert_uint_eq(host_events(), 1);
    ck_assert_uint_eq(code_of(host_event(0, 0)), 2);
    ck_assert_uint_eq(host_event(0, 0) & 0xffff, trans_device(A));
    ck_assert_uint_eq(vflags_of(host_event(0, 0)) & 8, 8);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 0);
    guest_wait(&w, B, G_STORE, 1);
    ck_assert_uint_eq(guest_get64(&w, B, G_STORE), 1);
}
END_TEST

START_TEST(e9_pointers_wrap_and_short_rings_do_not_run)
{
    vfc_write(&w, A, VFC_CMD, (command_control() & ~UINT64_C(15)) | 7);
    guest_wait(&w, A, G_STORE, 1);
    ck_assert(!running(A));
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 0);
    vfc_write(&w, A, VFC_CMD, command_control());
    vf_write(&w, A, VF_TAIL, 0x1010); /* beyond 256 entries: 0x10 */
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 1);
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 16);
}
END_TEST

START_TEST(e10_unreachable_log_is_one_host_record)
{
    vfc_write(&w, A, VFC_EVT, (event_control() & UINT64_C(0xfff)) | 0x7000000);
    guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    ck_assert_uint_eq(host_events(), 1);
    ck_assert_uint_eq(code_of(host_event(0, 0)), 0xb);
    ck_assert_uint_eq(vflags_of(host_event(0, 0)), 4);
}
END_TEST

START_TEST(e11_without_viommu_registers_work_and_nothing_runs)
{
    reg_write(&w, R_CONTROL, w.control & ~C_VIOMMU);
    guest_wait(&w, A, G_STORE, 1);
    ck_assert_uint_eq(vf_read(&w, A, VF_TAIL), 16);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 0);
    ck_assert(!running(A));
    reg_write(&w, R_CONTROL, w.control);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 1);
}
END_TEST

/* ---------------------------------------------------------------- section 11 */

START_TEST(item_10_dirty_bit_is_cleared_when_the_ring_is_empty)
{
    reg_write(&w, R_CONTROL, w.control & ~C_VCMD);
    guest_wait(&w, B, G_STORE, 1);
    ck_assert_uint_eq(get64(&w, w.dirty_page + 6 * 32), 2); /* GuestID 0x106 */
    reg_write(&w, R_CONTROL, w.control);
    ck_assert_uint_eq(get64(&w, w.dirty_page + 6 * 32), 0);
}
END_TEST

START_TEST(item_13_host_commands_are_illegal)
{
    guest_command(&w, A, (_i ? UINT64_C(10) : UINT64_C(9)) << 60 | guest_id(B), 0);
    ck_assert(!running(A));
    ck_assert_uint_eq(code_of(guest_get64(&w, A, G_EVT)), 5);
    ck_assert_uint_eq(vfc_read(&w, B, VFC_CMD), command_control());
}
END_TEST

static unsigned reads_of(unsigned g)
{
    struct amdvi_observer observer = {.access = on_access};

    ck_assert_int_eq(amdvi_observe(w.device, &observer), AMDVI_OK);
    seen.table_reads = 0;
    ck_assert(guest_ask(&w, g, 0, AMDVI_READ, G_IOVA).ok);
    ck_assert_int_eq(amdvi_observe(w.device, NULL), AMDVI_OK);
    return seen.table_reads;
}

START_TEST(item_14_invalidate_all_leaves_others_alone)
{
    reads_of(A);
    reads_of(B);
    ck_assert_uint_eq(reads_of(A) + reads_of(B), 0);
    guest_command(&w, A, UINT64_C(8) << 60, 0);
    ck_assert_uint_eq(reads_of(B), 0);
    ck_assert_uint_gt(reads_of(A), 4);
}
END_TEST

/* A host's device that the guest's map names, though its entry does not say that it is the guest's. */
START_TEST(item_14_entries_of_mapped_devices_go)
{
    struct amdvi_request request = {.device = 0x180, .address = G_DATA, .length = 8};
    struct amdvi_result result;

    world_trans_dte(&w, A, 0x180);
    if (_i)
        map_device_id(&w, A, 0x55, 0x180, 0);
    ck_assert_int_eq(amdvi_translate(w.device, &request, &result), AMDVI_OK);
    put64(&w, H_DEVTAB + 32 * 0x180, 1); /* V=1, TV=0 */
    guest_command(&w, A, UINT64_C(8) << 60, 0);
    ck_assert_int_eq(amdvi_translate(w.device, &request, &result), AMDVI_OK);
    ck_assert_int_eq(result.ok, !_i);
}
END_TEST

/* The domain of a guest's device is not in the guest's map; what the device has cached goes all the same. */
START_TEST(item_14_what_its_devices_cached_goes)
{
    uint64_t at = H_DEVTAB + UINT64_C(32) * host_device(A, 0) + 8;

    put64(&w, at, (get64(&w, at) & ~UINT64_C(0xffff)) | 0x77);
    host_command(&w, UINT64_C(2) << 60 | host_device(A, 0), 0);
    ck_assert_uint_eq(guest_ask(&w, A, 0, AMDVI_READ, G_IOVA).pa, guest_spa(A, G_DATA));
    guest_put64(&w, A, G_LEAF + 8 * (G_IOVA / PAGE_BYTES), (G_DATA + PAGE_BYTES) | 7);
    ck_assert_uint_eq(guest_ask(&w, A, 0, AMDVI_READ, G_IOVA).pa, guest_spa(A, G_DATA));
    guest_command(&w, A, UINT64_C(8) << 60, 0);
    ck_assert_uint_eq(guest_ask(&w, A, 0, AMDVI_READ, G_IOVA).pa, guest_spa(A, G_DATA + PAGE_BYTES));
}
END_TEST

static uint64_t executed;

static void on_command(void *context, const struct amdvi_command_info *info)
{
    executed = info->executed[0];
}

/* 3.1: INVALIDATE_IOTLB_PAGES carries the QueueID of the map entry. */
START_TEST(the_queue_comes_from_the_map)
{
    struct amdvi_observer observer = {.command = on_command};

    map_device_id(&w, A, guest_device(0), host_device(A, 0), 0x1234);
    ck_assert_int_eq(amdvi_observe(w.device, &observer), AMDVI_OK);
    guest_command(&w, A, UINT64_C(4) << 60 | UINT64_C(0x99) << 32 | guest_device(0),
                  UINT64_C(0x7ffffffffffff001));
    ck_assert_uint_eq(executed & UINT64_C(0x0000ffff0000ffff), UINT64_C(0x1234) << 32 | host_device(A, 0));
}
END_TEST

START_TEST(item_15_devtab_entry_of_the_mapped_device)
{
    reads_of(A);
    guest_command(&w, A, UINT64_C(2) << 60 | guest_device(0), 0);
    ck_assert_uint_gt(reads_of(A), 0);
    ck_assert_uint_eq(reads_of(A), 0);
}
END_TEST

START_TEST(item_17_completion_waits_for_this_guests_devices_only)
{
    seen.answer = AMDVI_ATC_PENDING;
    guest_command(&w, A, UINT64_C(4) << 60 | guest_device(0), G_IOVA);
    ck_assert_uint_eq(seen.atc[0].device, host_device(A, 0));
    guest_wait(&w, A, G_STORE, 1);
    guest_wait(&w, B, G_STORE, 1);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 0);
    ck_assert_uint_eq(guest_get64(&w, B, G_STORE), 1);
    ck_assert_int_eq(amdvi_atc_complete(w.device, seen.atc[0].tag), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 1);
}
END_TEST

START_TEST(item_22_a_full_log_overflows_and_stops)
{
    for (unsigned i = 0; i < RING_ENTRIES; i++)
        guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_EVT_OVERFLOW | S_EVT_RUN), S_EVT_OVERFLOW);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 16 * (RING_ENTRIES - 1));
    vfc_write(&w, A, VFC_EVT, 0);
    vf_write(&w, A, VF_EVT_HEAD, vf_read(&w, A, VF_EVT_TAIL));
    vf_write(&w, A, VF_STATUS, S_EVT_OVERFLOW);
    vfc_write(&w, A, VFC_EVT, event_control());
    guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_EVT_OVERFLOW | S_EVT_RUN), S_EVT_RUN);
}
END_TEST

START_TEST(dual_logs_swap_when_one_is_full)
{
    vfc_write(&w, A, VFC_EVT, 0);
    vfc_write(&w, A, VFC_EVT, event_control() | 2 << 10);
    for (unsigned i = 0; i < RING_ENTRIES + 3; i++)
        guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_B_TAIL), 16 * 4);
    ck_assert_uint_eq(code_of(guest_get64(&w, A, G_EVT_B)), 2);
}
END_TEST

/* 8.1, 8.2: page requests go to the guest, with its DeviceID. */
START_TEST(page_requests_go_to_the_guest)
{
    ck_assert(guest_page_request(&w, A, 1, G_IOVA));
    ck_assert_uint_eq(vf_read(&w, A, VF_PPR_TAIL), 16);
    ck_assert_uint_eq(guest_get64(&w, A, G_PPR) & 0xffff, guest_device(1));
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_PPR_INT | S_PPR_RUN), S_PPR_INT | S_PPR_RUN);
    ck_assert_uint_eq(vf_read(&w, B, VF_PPR_TAIL), 0);
    ck_assert_uint_eq(reg_read(&w, R_PPR_TAIL), 0);
    ck_assert_uint_eq(host_events(), 0);
}
END_TEST

START_TEST(a_full_ppr_log_loses_requests_of_its_guest_only)
{
    for (unsigned i = 0; i < RING_ENTRIES; i++)
        guest_page_request(&w, A, 0, G_IOVA);
    ck_assert_uint_eq(vf_read(&w, A, VF_STATUS) & (S_PPR_OVERFLOW | S_PPR_RUN), S_PPR_OVERFLOW);
    ck_assert(!guest_page_request(&w, A, 0, G_IOVA));
    ck_assert(guest_page_request(&w, B, 0, G_IOVA));
    ck_assert_uint_eq(vf_read(&w, B, VF_PPR_TAIL), 16);
}
END_TEST

START_TEST(item_32_trans_device_moves_while_the_guest_runs)
{
    enum { NEW = 0x3e0 };

    guest_wait(&w, A, G_STORE, 1);
    world_trans_dte(&w, A, NEW);
    host_command(&w, UINT64_C(2) << 60 | NEW, 0);
    vfc_write(&w, A, VFC_MISC, (uint64_t)NEW << 16);
    world_dte(&w, trans_device(A), (const uint64_t[4]){0});
    host_command(&w, UINT64_C(2) << 60 | trans_device(A), 0);
    guest_wait(&w, A, G_STORE, 2);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 2);
    ck_assert_uint_eq(host_events(), 0);
}
END_TEST

START_TEST(item_35_enabling_keeps_the_head)
{
    reopen(_i ? "viommu.enable_resets_head=on" : NULL, true);
    guest_wait(&w, A, G_STORE, 1);
    vfc_write(&w, A, VFC_CMD, 0);
    vf_write(&w, A, VF_TAIL, _i ? 0 : 16);
    vfc_write(&w, A, VFC_CMD, command_control());
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), _i ? 0 : 16);
}
END_TEST

START_TEST(item_36_without_viommu_faults_are_the_hosts)
{
    reg_write(&w, R_CONTROL, w.control & ~C_VIOMMU);
    guest_ask(&w, A, 0, AMDVI_READ, FAULTING);
    ck_assert_uint_eq(host_events(), 1);
    ck_assert_uint_eq(host_event(0, 0) & 0xffff, host_device(A, 0));
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 0);
}
END_TEST

START_TEST(item_37_without_a_log_the_record_is_dropped)
{
    vfc_write(&w, A, VFC_EVT, event_control() & ~UINT64_C(0x100));
    ck_assert(!guest_ask(&w, A, 0, AMDVI_READ, FAULTING).fault.logged);
    ck_assert_uint_eq(host_events(), 0);
    ck_assert_uint_eq(vf_read(&w, A, VF_EVT_TAIL), 0);
}
END_TEST

static void add_registers(TCase *tests)
{
}

static void add_section_12(TCase *tests)
{
    tcase_add_loop_test(tests, e1_maps_are_written_while_both_enables_are_on, 0, 2);
    tcase_add_test(tests, e2_registers_work_without_their_slot);
    tcase_add_loop_test(tests, e3_stores_go_through_the_trans_device_in_both_modes, 0, 2);
    tcase_add_loop_test(tests, e4_head_stays_at_the_faulty_command, 11, 16);
    tcase_add_loop_test(tests, e5_guest_faults_go_to_the_guest, 0, 2);
    tcase_add_loop_test(tests, host_stage_faults_go_to_both_by_choice, 0, 3);
    tcase_add_test(tests, e8_cleared_trans_entry_is_a_host_fault);
    tcase_add_test(tests, e9_pointers_wrap_and_short_rings_do_not_run);
    tcase_add_test(tests, e10_unreachable_log_is_one_host_record);
    tcase_add_test(tests, e11_without_viommu_registers_work_and_nothing_runs);
}

static void add_section_11(TCase *tests)
{
    tcase_add_test(tests, item_10_dirty_bit_is_cleared_when_the_ring_is_empty);
    tcase_add_test(tests, item_12_the_slot_is_the_register);
    tcase_add_loop_test(tests, item_13_host_commands_are_illegal, 0, 2);
    tcase_add_test(tests, item_14_invalidate_all_leaves_others_alone);
    tcase_add_loop_test(tests, item_14_entries_of_mapped_devices_go, 0, 2);
    tcase_add_test(tests, item_14_what_its_devices_cached_goes);
    tcase_add_test(tests, the_queue_comes_from_the_map);
    tcase_add_test(tests, item_15_devtab_entry_of_the_mapped_device);
    tcase_add_test(tests, item_17_completion_waits_for_this_guests_devices_only);
    tcase_add_test(tests, item_22_a_full_log_overflows_and_stops);
    tcase_add_test(tests, dual_logs_swap_when_one_is_full);
    tcase_add_test(tests, page_requests_go_to_the_guest);
    tcase_add_test(tests, a_full_ppr_log_loses_requests_of_its_guest_only);
    tcase_add_test(tests, item_32_trans_device_moves_while_the_guest_runs);
    tcase_add_loop_test(tests, item_35_enabling_keeps_the_head, 0, 2);
    tcase_add_test(tests, item_36_without_viommu_faults_are_the_hosts);
    tcase_add_test(tests, item_37_without_a_log_the_record_is_dropped);
}

int main(void)
{
    Suite *suite = suite_create("guests");
    TCase *tests = tcase_create("guests");

    tcase_add_checked_fixture(tests, setup, teardown);
    add_registers(tests);
    add_section_12(tests);
    add_section_11(tests);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
