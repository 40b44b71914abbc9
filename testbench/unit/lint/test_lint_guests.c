// SPDX-License-Identifier: Apache-2.0
/* The lint about guests: each mistake that hypervisors were seen to make (viommu 2.3, 10) is found; the right
 * way is not. */
#include "testbench/unit/lint/guest_lint.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- enable bits */

static const struct {
    uint32_t offset;
    uint64_t enables, base;
} rings[] = {{VFC_CMD, 0x300, 0x6000}, {VFC_EVT, 0x300, 0x7000}, {VFC_PPR, 0x700, 0x90000}};

START_TEST(a_base_that_takes_the_enable_bits_along_is_found)
{
    vfc_write(&w, 1, rings[_i].offset, (rings[_i].base * 2) | 8);
    expect_one(AMDVI_LINT_WIPED_ENABLES, guest_id(1));
    ck_assert_uint_eq(found.word, rings[_i].offset);
}
END_TEST

START_TEST(a_base_that_is_changed_in_order_is_silent)
{
    uint64_t old = vfc_read(&w, 1, rings[_i].offset);

    vfc_write(&w, 1, rings[_i].offset, old & ~rings[_i].enables);
    vfc_write(&w, 1, rings[_i].offset, (rings[_i].base * 2) | 8);
    vfc_write(&w, 1, rings[_i].offset, (rings[_i].base * 2) | 8 | rings[_i].enables);
    vfc_write(&w, 1, rings[_i].offset, 0);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* Nothing ran before: the first write; and a register that is no ring. */
START_TEST(other_control_writes_are_silent)
{
    static const struct {
        uint16_t guest;
        uint64_t offset;
    } writes[] = {{0x55, VFC_CMD}, {0x55, VFC_MISC}, {6, VFC_EVT_B}};

    ck_assert_int_eq(amdvi_vfc_write(w.device, writes[_i].guest, writes[_i].offset, 8, 0x2008), AMDVI_OK);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

static unsigned accesses;

static void on_guest_mmio(void *context, uint16_t guest, bool control, bool write, uint64_t offset,
                          unsigned size, uint64_t value)
{
    accesses += guest == guest_id(0) && size == 8;
}

START_TEST(the_former_observer_hears_of_guests_registers)
{
    struct amdvi_observer observer = {.guest_mmio = on_guest_mmio};
    struct amdvi_lint_options options = {.finding = on_finding};

    amdvi_lint_destroy(lint);
    ck_assert_int_eq(amdvi_observe(w.device, &observer), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_create(w.device, &options, &lint), AMDVI_OK);
    accesses = 0;
    vf_read(&w, 0, VF_TAIL);
    vf_write(&w, 0, VF_EVT_HEAD, 0);
    vfc_read(&w, 0, VFC_CMD);
    vfc_write(&w, 0, VFC_CMD, command_control());
    ck_assert_uint_eq(accesses, 4);
}
END_TEST

/* ---------------------------------------------------------------- maps */

static uint64_t private_leaf(uint64_t address)
{
    uint64_t at = w.private_root;

    for (unsigned level = 3; level > 1; level--)
        at = get64(&w, at + (address >> (3 + 9 * level) & 511) * 8) & UINT64_C(0xffffffffff000);
    return at + (address >> 12 & 511) * 8;
}

/* `kind` 0: DevIDMap, 1: DomIDMap. */
static uint64_t map_leaf(unsigned kind, unsigned g)
{
    return private_leaf(kind ? UINT64_C(0x2000000000) + ((uint64_t)guest_id(g) << 19)
                             : UINT64_C(0x1000000000) + ((uint64_t)guest_id(g) << 20));
}

static void write_map(unsigned kind, unsigned g)
{
    if (kind)
        map_domain_id(&w, g, guest_domain(0), 0);
    else
        map_device_id(&w, g, guest_device(0), 0, 0);
}

START_TEST(a_map_that_is_freed_before_it_is_cleared_is_found)
{
    poke(map_leaf((unsigned)_i, 2), 0);
    write_map((unsigned)_i,
              2); /* the hardware still has the old translation: the write went to freed memory */
    expect_one(AMDVI_LINT_MAP_UNMAPPED, guest_id(2));
}
END_TEST

START_TEST(a_map_that_is_cleared_before_it_is_freed_is_silent)
{
    write_map((unsigned)_i, 2);
    poke(map_leaf((unsigned)_i, 2), 0);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* The IOMMU's own entry does not translate: there is no memory, and surely not the raw address (E8). */
START_TEST(a_map_without_the_own_entry_is_found)
{
    world_dte(&w, OWN_DEVICE, (const uint64_t[4]){0});
    write_map((unsigned)_i, 2);
    expect_one(AMDVI_LINT_MAP_UNMAPPED, guest_id(2));
}
END_TEST

/* While vIommuEn=0 a map write is only latched (E1). */
START_TEST(a_map_write_that_is_only_latched_is_silent)
{
    poke(map_leaf((unsigned)_i, 2), 0);
    reg_write(&w, R_CONTROL, w.control & ~C_VIOMMU);
    write_map((unsigned)_i, 2);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* W=0: latched, too (11 #4). */
START_TEST(a_map_write_without_w_is_silent)
{
    poke(map_leaf(0, 2), 0);
    vfc_write(&w, 2, VFC_DEVICES, (uint64_t)guest_device(0) << 46 | 1);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* ---------------------------------------------------------------- dirty bits */

/* A guest with a command in its ring that nobody has run. */
static void leave_a_command(uint16_t guest)
{
    ck_assert_int_eq(amdvi_vfc_write(w.device, guest, VFC_MISC, 8, (uint64_t)trans_device(0) << 16),
                     AMDVI_OK);
    ck_assert_int_eq(amdvi_vfc_write(w.device, guest, VFC_CMD, 8, command_control()), AMDVI_OK);
    ck_assert_int_eq(amdvi_vf_write(w.device, guest, VF_TAIL, 8, 16), AMDVI_OK);
}

/* The formula of the driver of 2023, right for nobody above 32767, and the one that fills 8 KiB (2.3). */
static uint64_t dirty_byte(uint16_t guest, unsigned shift)
{
    return (uint64_t)(guest & 0xff) << shift | (uint64_t)(guest >> 13) << 2;
}

static void clear_dirty(uint16_t guest, unsigned shift)
{
    uint64_t at = w.dirty_page + (dirty_byte(guest, shift) & ~UINT64_C(7)), value = get64(&w, at);

    poke(at, value & ~(UINT64_C(1) << (dirty_byte(guest, shift) % 8 * 8 + (guest >> 8 & 31))));
}

START_TEST(a_dirty_bit_of_another_guest_is_found)
{
    leave_a_command(0x8006);
    clear_dirty(0x800d, 4);
    expect_one(AMDVI_LINT_DIRTY_LOST, 0x8006);
}
END_TEST

START_TEST(ones_own_dirty_bit_is_silent)
{
    leave_a_command(0x8006);
    clear_dirty(0x800d, 5);
    clear_dirty(0x8106, 5);
    ck_assert_uint_eq(findings, 0);
    world_run(&w);
    clear_dirty(0x8006, 5); /* nothing is left to do */
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* A ring that has run dry has nothing to lose. */
START_TEST(the_dirty_bit_of_an_empty_ring_is_silent)
{
    guest_wait(&w, 0, G_STORE, 1);
    ck_assert_uint_eq(vf_read(&w, 0, VF_HEAD), vf_read(&w, 0, VF_TAIL));
    clear_dirty(guest_id(0), 5);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

START_TEST(a_page_of_dirty_bits_that_is_filled_is_found)
{
    leave_a_command(0x8006);
    ck_assert_int_eq(amdvi_lint_fill(lint, w.dirty_page, 0xff, PAGE_BYTES), AMDVI_OK);
    ck_assert_uint_eq(findings, 0);
    ck_assert_int_eq(amdvi_lint_fill(lint, w.dirty_page - 8, 0, PAGE_BYTES), AMDVI_OK);
    expect_one(AMDVI_LINT_DIRTY_LOST, 0x8006);
}
END_TEST

START_TEST(without_viommu_dirty_bits_mean_nothing)
{
    leave_a_command(0x8006);
    reg_write(&w, R_CONTROL, w.control & ~C_VIOMMU);
    clear_dirty(0x8006, 5);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* 11 #9, the other choice: 16 bytes each, so the second page is nobody's. */
START_TEST(with_a_stride_of_16_the_bit_is_elsewhere)
{
    uint64_t second;

    reopen(world_open, "viommu.dirty_stride=16");
    second = world_page(&w);
    world_map(&w, w.private_root, 3, 0x401000, second);
    leave_a_command(0x2006);
    clear_dirty(0x2006, 5);
    ck_assert_int_eq(amdvi_lint_fill(lint, second, 0, PAGE_BYTES), AMDVI_OK);
    ck_assert_uint_eq(findings, 0);
    clear_dirty(0x2006, 4);
    expect_one(AMDVI_LINT_DIRTY_LOST, 0x2006);
}
END_TEST

/* ---------------------------------------------------------------- one GuestID, two owners */

START_TEST(a_guest_id_that_is_used_again_without_a_reset_is_found)
{
    if (_i) /* RESET_VMMIO with All and vCmd */
        host_command(&w, UINT64_C(0xa) << 60 | guest_id(0) | UINT64_C(1) << 28 | UINT64_C(1) << 31, 0);
    findings = 0;
    vfc_write(&w, 0, VFC_MISC, UINT64_C(0x1234) << 16);
    if (_i) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect_one(AMDVI_LINT_GUEST_NOT_RESET, guest_id(0));
}
END_TEST

/* A driver clears its map by entries that lead to device 0; a guest that names one reaches the root complex.
 */
START_TEST(a_guest_that_reaches_host_device_0_is_found)
{
    map_device_id(&w, 0, guest_device(0), _i ? host_device(0, 0) : 0, 0);
    ck_assert_uint_eq(findings, 0);
    guest_command(&w, 0, UINT64_C(2) << 60 | guest_device(0), 0);
    if (_i) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect_one(AMDVI_LINT_MAP_TO_ZERO, guest_id(0));
    ck_assert_uint_eq(found.guest_device, guest_device(0));
}
END_TEST

/* ---------------------------------------------------------------- the guest's Control register */

/* 9.2: Control bits, and what they are in VF Control. */
static const struct {
    uint64_t control;
    uint32_t offset;
    uint64_t vfc;
} controls[] = {
    {UINT64_C(1) << 12, VFC_CMD, 1 << 8},  {UINT64_C(1) << 4, VFC_CMD, 1 << 9},
    {UINT64_C(1) << 2, VFC_EVT, 1 << 8},   {UINT64_C(1) << 3, VFC_EVT, 1 << 9},
    {UINT64_C(3) << 32, VFC_EVT, 3 << 10}, {UINT64_C(1) << 13, VFC_PPR, 1 << 8},
    {UINT64_C(1) << 14, VFC_PPR, 1 << 9},  {UINT64_C(1) << 15, VFC_PPR, 1 << 10},
    {UINT64_C(3) << 30, VFC_PPR, 3 << 11}, {UINT64_C(1) << 39, VFC_PPR, 1 << 13},
    {UINT64_C(1) << 41, VFC_PPR, 1 << 14}, {UINT64_C(1) << 42, VFC_PPR, 1 << 15},
};
enum { CONTROLS = sizeof(controls) / sizeof(controls[0]) };

START_TEST(each_control_bit_that_does_not_arrive_is_found)
{
    uint64_t control = 0, vfc[3] = {0};

    for (unsigned i = 0; i < CONTROLS; i++) {
        control |= controls[i].control;
        vfc[(controls[i].offset - VFC_CMD) / 8] |= i == (unsigned)_i ? 0 : controls[i].vfc;
    }
    for (unsigned i = 0; i < 3; i++)
        vfc_write(&w, 0, VFC_CMD + 8 * i, vfc[i]);
    findings = 0;
    ck_assert_int_eq(amdvi_lint_guest_control(lint, guest_id(0), control), AMDVI_OK);
    ck_assert_uint_eq(findings, 0); /* its IOMMU is disabled */
    ck_assert_int_eq(amdvi_lint_guest_control(lint, guest_id(0), control | 1), AMDVI_OK);
    expect_one(AMDVI_LINT_GUEST_CONTROL, guest_id(0));
    ck_assert_uint_eq(found.word, controls[_i].offset);
    ck_assert(controls[_i].control >> found.bit & 1);
    findings = 0;
    ck_assert_int_eq(amdvi_lint_guest_control(lint, guest_id(0), (control & ~controls[_i].control) | 1),
                     AMDVI_OK);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

/* What the host enables beyond the guest's wish is found, but for the answers to lost page requests
 * (iommu 7.7). */
START_TEST(control_bits_that_nobody_asked_for_are_found)
{
    const uint64_t lost_requests = UINT64_C(1) << 39;

    for (unsigned i = 0; i < 3; i++)
        vfc_write(&w, 0, VFC_CMD + 8 * i, 0);
    vfc_write(&w, 0, controls[_i].offset, controls[_i].vfc);
    findings = 0;
    ck_assert_int_eq(amdvi_lint_guest_control(lint, guest_id(0), 0), AMDVI_OK);
    ck_assert_uint_eq(findings, controls[_i].control == lost_requests ? 0 : 1);
}
END_TEST

/* No page request is taken without a log: a hypervisor may leave PPREn alone until there is one (9.2). */
START_TEST(ppren_without_a_log_need_not_arrive)
{
    const uint64_t iommuen = 1, pprlogen = UINT64_C(1) << 13, ppren = UINT64_C(1) << 15;

    for (unsigned i = 0; i < 3; i++)
        vfc_write(&w, 0, VFC_CMD + 8 * i, 0);
    findings = 0;
    ck_assert_int_eq(amdvi_lint_guest_control(lint, guest_id(0), iommuen | ppren), AMDVI_OK);
    ck_assert_uint_eq(findings, 0);
    ck_assert_int_eq(amdvi_lint_guest_control(lint, guest_id(0), iommuen | ppren | pprlogen), AMDVI_OK);
    ck_assert_uint_eq(findings, 2);
}
END_TEST

/* Of a guest whose VF Control nobody has written. */
START_TEST(the_control_register_of_an_untouched_guest_is_compared)
{
    ck_assert_int_eq(amdvi_lint_guest_control(lint, 0x77, 0), AMDVI_OK);
    ck_assert_uint_eq(findings, 0);
    ck_assert_int_eq(amdvi_lint_guest_control(lint, 0x77, UINT64_C(1) << 12 | 1), AMDVI_OK);
    expect_one(AMDVI_LINT_GUEST_CONTROL, 0x77);
    ck_assert_uint_eq(found.bit, 12);
    ck_assert_uint_eq(found.old_value, 0);
}
END_TEST

/* Without HW-vIOMMU there is no VF Control for anything to arrive in. */
START_TEST(without_hw_viommu_no_control_bit_arrives)
{
    reopen(world_open_bare, "preset=raphael");
    ck_assert_int_eq(amdvi_lint_guest_control(lint, 6, 0), AMDVI_OK);
    ck_assert_uint_eq(findings, 0);
    ck_assert_int_eq(amdvi_lint_guest_control(lint, 6, UINT64_C(1) << 12 | 1), AMDVI_OK);
    expect_one(AMDVI_LINT_GUEST_CONTROL, 6);
}
END_TEST

/* A VMM with 48 for PprAutoRspAon (1.5). */
START_TEST(the_wrong_number_of_ppr_auto_rsp_aon_is_found)
{
    uint64_t control =
        UINT64_C(1) << 13 | UINT64_C(1) << 14 | UINT64_C(1) << 15 | UINT64_C(1) << 42 | UINT64_C(0x101d);

    vfc_write(&w, 0, VFC_PPR, ppr_control() | (control >> 48 & 1) << 15);
    ck_assert_int_eq(amdvi_lint_guest_control(lint, guest_id(0), control), AMDVI_OK);
    expect_one(AMDVI_LINT_GUEST_CONTROL, guest_id(0));
    ck_assert_uint_eq(found.bit, 42);
    ck_assert_int_eq(amdvi_lint_guest_control(NULL, 0, 0), AMDVI_ERR_ARGUMENT);
}
END_TEST

static void add_dirty_and_control(TCase *tcase)
{
    tcase_add_loop_test(tcase, a_guest_id_that_is_used_again_without_a_reset_is_found, 0, 2);
    tcase_add_loop_test(tcase, a_guest_that_reaches_host_device_0_is_found, 0, 2);
    tcase_add_test(tcase, a_dirty_bit_of_another_guest_is_found);
    tcase_add_test(tcase, ones_own_dirty_bit_is_silent);
    tcase_add_test(tcase, the_dirty_bit_of_an_empty_ring_is_silent);
    tcase_add_test(tcase, a_page_of_dirty_bits_that_is_filled_is_found);
    tcase_add_test(tcase, without_viommu_dirty_bits_mean_nothing);
    tcase_add_test(tcase, with_a_stride_of_16_the_bit_is_elsewhere);
    tcase_add_loop_test(tcase, each_control_bit_that_does_not_arrive_is_found, 0, CONTROLS);
    tcase_add_loop_test(tcase, control_bits_that_nobody_asked_for_are_found, 0, CONTROLS);
    tcase_add_test(tcase, the_control_register_of_an_untouched_guest_is_compared);
    tcase_add_test(tcase, without_hw_viommu_no_control_bit_arrives);
    tcase_add_test(tcase, ppren_without_a_log_need_not_arrive);
    tcase_add_test(tcase, the_wrong_number_of_ppr_auto_rsp_aon_is_found);
}

int main(void)
{
    Suite *suite = suite_create("lint about guests");
    TCase *tcase = tcase_create("mistakes");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_base_that_takes_the_enable_bits_along_is_found, 0, 3);
    tcase_add_loop_test(tcase, a_base_that_is_changed_in_order_is_silent, 0, 3);
    tcase_add_loop_test(tcase, a_map_that_is_freed_before_it_is_cleared_is_found, 0, 2);
    tcase_add_loop_test(tcase, a_map_that_is_cleared_before_it_is_freed_is_silent, 0, 2);
    tcase_add_loop_test(tcase, other_control_writes_are_silent, 0, 3);
    tcase_add_test(tcase, the_former_observer_hears_of_guests_registers);
    tcase_add_loop_test(tcase, a_map_without_the_own_entry_is_found, 0, 2);
    tcase_add_loop_test(tcase, a_map_write_that_is_only_latched_is_silent, 0, 2);
    tcase_add_test(tcase, a_map_write_without_w_is_silent);
    add_dirty_and_control(tcase);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
