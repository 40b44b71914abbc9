// SPDX-License-Identifier: Apache-2.0
/*
 * Mistakes of hypervisors, planted in ours (hv_options.mistakes), and the lint beside it: each is found, and
 * the same work without the mistake is silent (viommu 2.3, 7.6, 9.4, 10).
 */
#include "amdvi/inject.h"
#include "amdvi/lint.h"
#include "bench.h"
#include "testbench/hypervisor/vmm.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GDEV = 0x10, GDOM = 3, PAGES = 16, GUEST_BYTES = 16 << 20, RING_CODE = 8 };

static const uint64_t gva = 0x7000;

static struct bench b;
static struct amdvi_lint *lint;
static unsigned findings[AMDVI_LINT_KINDS];
static struct amdvi_lint_finding found;
static uint16_t asks; /* a device that reads whenever its entry changes; 0: none */
static uint64_t asks_in;

static void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    findings[finding->kind]++;
    found = *finding;
}

static void on_write(void *context, uint64_t spa, const void *bytes, uint64_t length)
{
    if (bytes)
        amdvi_lint_write(lint, spa, bytes, length);
    else
        amdvi_lint_fill(lint, spa, 0, length);
    if (asks && spa >= asks_in && spa - asks_in < 32)
        bench_read(&b, asks, gva);
}

/* The machine with its driver, which makes `mistakes`, and a lint that hears of all that software writes. */
static void start(unsigned mistakes, uint16_t first_guest_id)
{
    struct amdvi_lint_options options = {.finding = on_finding};

    memset(findings, 0, sizeof(findings));
    asks = 0;
    bench_machine(&b, NULL, NULL);
    b.options.mistakes = mistakes;
    b.options.first_guest_id = first_guest_id;
    bench_start(&b);
    ck_assert_int_eq(amdvi_lint_create(b.device, &options, &lint), AMDVI_OK);
    hv_memory_watch(b.memory, on_write, NULL);
}

static void finish(void)
{
    hv_memory_watch(b.memory, NULL, NULL);
    amdvi_lint_destroy(lint);
    bench_free(&b);
}

/* Findings of this kind if the mistake was made, and none of any kind otherwise. */
static void expect(bool mistake, enum amdvi_lint_kind kind)
{
    unsigned all = 0;

    ck_assert_int_eq(amdvi_lint_finish(lint), AMDVI_OK);
    for (unsigned i = 0; i < AMDVI_LINT_KINDS; i++)
        all += findings[i];
    ck_assert_msg(mistake ? findings[kind] > 0 : all == 0, "%u findings of %s, %u in all", findings[kind],
                  amdvi_lint_kind_name(kind), all);
}

static struct hv_vmm *start_vmm(unsigned mistakes)
{
    struct hv_vmm_options options = {.mode = HV_VMM_HARDWARE,
                                     .gpa = BENCH_GPA,
                                     .memory = GUEST_BYTES,
                                     .first = BENCH_DEVICE,
                                     .first_guest = GDEV};
    struct hv_vmm *vmm;

    start(mistakes, 0);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    return vmm;
}

static void guest_writes(struct hv_vmm *vmm, uint64_t offset, uint64_t value)
{
    ck_assert_int_eq(hv_vmm_write(vmm, offset, 8, value), HV_OK);
}

static uint64_t ring_at(uint64_t gpa)
{
    return reg_cmd_base_set_len(reg_cmd_base_set_base(0, gpa), RING_CODE);
}

START_TEST(auto_response_bit_of_another_number)
{
    struct hv_vmm *vmm = start_vmm(_i ? HV_MISTAKE_AON_BIT : 0);
    uint64_t control = reg_control_set_pprautorspaon(reg_control_set_iommuen(0, 1), 1);

    control = reg_control_set_ppren(reg_control_set_pprlogen(control, 1), 1);
    guest_writes(vmm, REG_PPR_BASE_OFFSET, ring_at(BENCH_GPA));
    guest_writes(vmm, REG_CONTROL_OFFSET, control);
    ck_assert_int_eq(amdvi_lint_guest_control(lint, 1, control), AMDVI_OK);
    expect(_i, AMDVI_LINT_GUEST_CONTROL);
    ck_assert_uint_eq(found.bit, _i ? 42 : 0);
    hv_vmm_destroy(vmm);
    finish();
}
END_TEST

START_TEST(enable_bits_that_a_base_takes_along)
{
    struct hv_vmm *vmm = start_vmm(_i ? HV_MISTAKE_WIPED_ENABLES : 0);

    guest_writes(vmm, REG_CMD_BASE_OFFSET, ring_at(BENCH_GPA));
    guest_writes(vmm, REG_CONTROL_OFFSET, reg_control_set_cmdbufen(reg_control_set_iommuen(0, 1), 1));
    expect(_i, AMDVI_LINT_WIPED_ENABLES);
    hv_vmm_destroy(vmm);
    finish();
}
END_TEST

START_TEST(maps_that_are_freed_before_they_are_cleared)
{
    struct hv_stage2 *stage2;
    struct hv_guest *guest;
    uint64_t spa;

    start(_i ? HV_MISTAKE_MAPS_FREED_FIRST : 0, 0);
    stage2 = bench_stage2(&b, PAGES * HV_PAGE, &spa);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    hv_guest_destroy(guest);
    expect(_i, AMDVI_LINT_MAP_UNMAPPED);
    finish();
}
END_TEST

/* A guest whose ring stands at a COMPLETION_WAIT, behind a device that does not answer. */
static void make_it_wait(struct hv_guest *guest, uint64_t ring)
{
    struct amdvi_inject_rule silent;
    size_t count;
    uint64_t inv[2] = {0}, wait[2] = {0};

    ck_assert_int_eq(amdvi_inject_parse("atc:timeout", &silent, 1, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(b.device, &silent, count), AMDVI_OK);
    ck_assert_int_eq(hv_guest_map_device(guest, GDEV, BENCH_DEVICE, 0), HV_OK);
    cmd_inv_iotlb_set_opcode(inv, CMD_INVALIDATE_IOTLB_PAGES);
    cmd_inv_iotlb_set_deviceid(inv, GDEV);
    cmd_completion_wait_set_opcode(wait, CMD_COMPLETION_WAIT);
    for (unsigned i = 0; i < 2; i++) {
        hv_memory_set(b.memory, ring + 8 * i, inv[i]);
        hv_memory_set(b.memory, ring + 16 + 8 * i, wait[i]);
    }
    ck_assert_int_eq(hv_guest_control(guest, VFC_CMD_CONTROL_OFFSET,
                                      vfc_cmd_control_set_cmdbufen(BENCH_GPA | RING_CODE, 1)),
                     HV_OK);
    ck_assert_int_eq(amdvi_vf_write(b.device, hv_guest_id(guest), VF_CMD_TAIL_OFFSET, 8, 32), AMDVI_OK);
    ck_assert_int_eq(amdvi_run(b.device), AMDVI_OK);
}

/* GuestID 2's bit by the wrong formula is the one of GuestID 1; so too above 32767. */
START_TEST(the_dirty_bit_of_another_guest)
{
    static const uint16_t first[] = {1, 0x8001};
    struct hv_stage2 *stage2;
    struct hv_guest *guest, *next;
    uint64_t spa;

    start(_i & 1 ? HV_MISTAKE_DIRTY_FORMULA : 0, first[_i / 2]);
    stage2 = bench_stage2(&b, PAGES * HV_PAGE, &spa);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    make_it_wait(guest, spa);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &next), HV_OK);
    ck_assert_uint_eq(hv_guest_id(next), first[_i / 2] + 1);
    expect(_i & 1, AMDVI_LINT_DIRTY_LOST);
    ck_assert_uint_eq(found.guest, _i & 1 ? first[_i / 2] : found.guest);
    finish();
}
END_TEST

/* A device of a guest, behind tables in the guest's page `first` on. */
static struct hv_nested nested_of(struct hv_guest *guest, struct hv_stage2 *stage2, uint64_t spa,
                                  unsigned first)
{
    struct hv_nested nested = {.stage2 = stage2, .guest = guest, .guest_device = GDEV};

    bench_guest_tables(&b, spa, first, gva, BENCH_GPA + (first + 6) * HV_PAGE, GDOM, nested.guest_entry);
    ck_assert_int_eq(hv_domain_take(stage2, &nested.host_domain), HV_OK);
    return nested;
}

START_TEST(a_live_entry_that_changes_in_parts)
{
    uint64_t drop[2] = {0}, spa;
    struct hv_stage2 *stage2;
    struct hv_guest *guest;
    struct hv_nested one, two;

    start(_i ? HV_MISTAKE_PARTIAL_ENTRY : 0, 0);
    stage2 = bench_stage2(&b, PAGES * HV_PAGE, &spa);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    one = nested_of(guest, stage2, spa, 0);
    two = nested_of(guest, stage2, spa, 9); /* 14:12 of the GCR3 root, in word 0, differ as well */
    ck_assert_int_eq(hv_device_attach_nested(b.driver, BENCH_OTHER, &one), HV_OK);
    ck_assert(bench_read(&b, BENCH_OTHER, gva).ok);
    /* The hardware has nothing cached and reads while the entry changes. */
    cmd_inv_devtab_set_opcode(drop, CMD_INVALIDATE_DEVTAB_ENTRY);
    cmd_inv_devtab_set_deviceid(drop, BENCH_OTHER);
    ck_assert_int_eq(hv_driver_command(b.driver, drop), HV_OK);
    asks = BENCH_OTHER;
    asks_in = reg_devtab_base_base(bench_register(&b, REG_DEVTAB_BASE_OFFSET)) + UINT64_C(32) * BENCH_OTHER;
    ck_assert_int_eq(hv_device_attach_nested(b.driver, BENCH_OTHER, &two), HV_OK);
    asks = 0;
    ck_assert(bench_read(&b, BENCH_OTHER, gva).ok);
    expect(_i, AMDVI_LINT_TORN_DTE);
    finish();
}
END_TEST

START_TEST(a_stage_2_change_that_not_every_domain_hears_of)
{
    struct hv_stage2 *stage2;
    struct hv_guest *guest;
    struct hv_nested nested;
    uint64_t spa;

    start(_i ? HV_MISTAKE_NO_DOMAIN_FLUSH : 0, 0);
    stage2 = bench_stage2(&b, PAGES * HV_PAGE, &spa);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    nested = nested_of(guest, stage2, spa, 0);
    ck_assert_int_eq(hv_device_attach_nested(b.driver, BENCH_OTHER, &nested), HV_OK);
    ck_assert(bench_read(&b, BENCH_OTHER, gva).ok);
    ck_assert_int_eq(hv_stage2_unmap(stage2, BENCH_GPA + 6 * HV_PAGE, HV_PAGE), HV_OK);
    ck_assert_int_eq(bench_read(&b, BENCH_OTHER, gva).ok, _i);
    expect(_i, AMDVI_LINT_STALE_ENTRY);
    ck_assert_uint_eq(found.domain, _i ? nested.host_domain : 0);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mistakes of hypervisors");
    TCase *tests = tcase_create("mistakes");

    tcase_add_loop_test(tests, auto_response_bit_of_another_number, 0, 2);
    tcase_add_loop_test(tests, enable_bits_that_a_base_takes_along, 0, 2);
    tcase_add_loop_test(tests, maps_that_are_freed_before_they_are_cleared, 0, 2);
    tcase_add_loop_test(tests, the_dirty_bit_of_another_guest, 0, 4);
    tcase_add_loop_test(tests, a_live_entry_that_changes_in_parts, 0, 2);
    tcase_add_loop_test(tests, a_stage_2_change_that_not_every_domain_hears_of, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
