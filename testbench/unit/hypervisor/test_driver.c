// SPDX-License-Identifier: Apache-2.0
/* The driver core against the model (viommu 2, 3, 5.3, 6, 7.6, 9.3, 9.4). */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/dte.h"
#include "testbench/hypervisor/host_table.h"
#include "testbench/hypervisor/internal.h"

#include <check.h>
#include <string.h>

static struct bench b;

static void setup(void)
{
    bench_machine(&b, NULL, NULL);
    bench_start(&b);
}

static void teardown(void)
{
    bench_free(&b);
}

START_TEST(bring_up_enables_guests)
{
    uint64_t control = bench_register(&b, REG_CONTROL_OFFSET);

    ck_assert(reg_control_iommuen(control) && reg_control_gten(control) && reg_control_gcr3trpmode(control));
    ck_assert(reg_control_gstbuffertrpmode(control) && reg_control_vcmden(control) &&
              reg_control_viommuen(control));
    ck_assert(!bench_read(&b, BENCH_DEVICE, 0x1000).ok);
}
END_TEST

static enum hv_status create_with(const char *key, const char *value)
{
    struct bench other;
    enum hv_status status;

    bench_machine(&other, key, value);
    status = hv_driver_create(other.device, other.memory, &other.options, &other.driver);
    ck_assert_uint_eq(hv_memory_used(other.memory), status ? 0 : hv_memory_used(other.memory));
    bench_free(&other);
    return status;
}

START_TEST(devices_without_the_feature_are_refused)
{
    ck_assert_int_eq(create_with("preset", "legacy"), HV_ERR_UNSUPPORTED);
    ck_assert_int_eq(create_with("viommu.gst_buffer_trp_mode", "absent"), HV_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(everything_is_given_back)
{
    struct hv_stage2 *stage2;
    struct hv_guest *guest;
    uint64_t spa;

    stage2 = bench_stage2(&b, HV_PAGE, &spa);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    ck_assert_int_eq(hv_stage2_destroy(stage2), HV_ERR_BUSY);
    hv_driver_destroy(b.driver);
    b.driver = NULL;
    ck_assert_uint_eq(hv_memory_used(b.memory), HV_PAGE);
}
END_TEST

START_TEST(maps_are_filled_and_follow_the_registers)
{
    struct hv_stage2 *stage2;
    struct hv_guest *guest;
    uint64_t spa;
    uint16_t id;

    stage2 = bench_stage2(&b, HV_PAGE, &spa);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    ck_assert_uint_eq(hv_guest_id(guest), 1);
    ck_assert_uint_eq(hv_guest_trans(guest), 0xffff);
    ck_assert(hv_guest_domain(guest, 0xffff, &id) && id == hv_stage2_domain(stage2));
    ck_assert(hv_guest_device(guest, 0xffff, &id) && id == b.options.devid);
    ck_assert_int_eq(hv_guest_map_device(guest, 0x10, BENCH_DEVICE, 0), HV_OK);
    ck_assert_int_eq(hv_guest_map_domain(guest, 5, 0x1234), HV_OK);
    ck_assert(hv_guest_device(guest, 0x10, &id) && id == BENCH_DEVICE);
    ck_assert(hv_guest_domain(guest, 5, &id) && id == 0x1234);
    ck_assert_int_eq(hv_guest_unmap_domain(guest, 5), HV_OK);
    ck_assert(hv_guest_domain(guest, 5, &id) && id == hv_stage2_domain(stage2));
    hv_guest_destroy(guest);
}
END_TEST

/* The same GuestID again, its maps elsewhere in memory: the device must not write where they were
 * (viommu 2.2). */
START_TEST(maps_that_move_are_not_stale)
{
    uint64_t spa, where;
    struct hv_stage2 *stage2 = bench_stage2(&b, HV_PAGE, &spa);
    struct hv_guest *guest;
    uint16_t id;

    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    where = guest->device_map;
    ck_assert_int_eq(hv_guest_map_device(guest, 0x10, BENCH_DEVICE, 0), HV_OK);
    hv_guest_destroy(guest);
    ck_assert_uint_ne(hv_memory_take(b.memory, HV_DEVICE_MAP_BYTES, HV_PAGE), 0);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    ck_assert_uint_eq(hv_guest_id(guest), 1);
    ck_assert_uint_ne(guest->device_map, where);
    ck_assert_int_eq(hv_guest_map_device(guest, 0x10, BENCH_OTHER, 0), HV_OK);
    ck_assert(hv_guest_device(guest, 0x10, &id) && id == BENCH_OTHER);
}
END_TEST

/* Both maps of a new guest as they lie in memory, folded. */
static uint64_t maps_after_fill(bool by_registers, bool invalid)
{
    struct bench other;
    struct hv_guest *guest;
    uint64_t spa, hash = 0;
    uint16_t id;

    bench_machine(&other, NULL, NULL);
    other.options.fill_by_registers = by_registers;
    other.options.invalid_entries = invalid;
    bench_start(&other);
    ck_assert_int_eq(hv_guest_create(other.driver, bench_stage2(&other, HV_PAGE, &spa), &guest), HV_OK);
    for (unsigned i = 0; i < 65536; i++) {
        hash = hash * 31 + hv_guest_device(guest, (uint16_t)i, &id);
        hash = hash * 31 + id;
        hash = hash * 31 + hv_guest_domain(guest, (uint16_t)i, &id);
        hash = hash * 31 + id;
    }
    ck_assert_int_eq(hv_guest_domain(guest, 0x1234, &id), !invalid);
    bench_free(&other);
    return hash;
}

START_TEST(bulk_and_registers_fill_alike)
{
    ck_assert_uint_eq(maps_after_fill(false, false), maps_after_fill(true, false));
    ck_assert_uint_eq(maps_after_fill(false, true), maps_after_fill(true, true));
}
END_TEST

/* The guest's ring is the page 0 of its memory; COMPLETION_WAIT stores to page 1. */
static void guest_wait(struct hv_guest *guest, uint64_t spa, unsigned number)
{
    uint64_t words[2] = {0}, at = spa + (number - 1) * 16;

    cmd_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, BENCH_GPA + HV_PAGE);
    cmd_completion_wait_set_data(words, number);
    hv_memory_set(b.memory, at, words[0]);
    hv_memory_set(b.memory, at + 8, words[1]);
    ck_assert_int_eq(amdvi_vf_write(b.device, hv_guest_id(guest), VF_CMD_TAIL_OFFSET, 8, number * 16),
                     AMDVI_OK);
    ck_assert_int_eq(amdvi_run(b.device), AMDVI_OK);
    ck_assert_uint_eq(hv_memory_get(b.memory, spa + HV_PAGE), number);
}

START_TEST(transdevid_moves_while_the_guest_runs)
{
    uint64_t spa, control = vfc_cmd_control_set_base(0, BENCH_GPA);
    struct hv_stage2 *stage2 = bench_stage2(&b, 2 * HV_PAGE, &spa);
    struct hv_guest *guest;

    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    control = vfc_cmd_control_set_cmdbufen(vfc_cmd_control_set_len(control, 8), 1);
    ck_assert_int_eq(hv_guest_control(guest, VFC_CMD_CONTROL_OFFSET, control), HV_OK);
    guest_wait(guest, spa, 1);
    ck_assert_int_eq(hv_guest_relocate(guest), HV_OK);
    ck_assert_uint_eq(hv_guest_trans(guest), 0xfffe);
    guest_wait(guest, spa, 2);
    ck_assert_int_eq(hv_device_add(b.driver, 0xfffe, false), HV_OK); /* hot-plug takes the number */
    ck_assert_uint_eq(hv_guest_trans(guest), 0xffff);
    guest_wait(guest, spa, 3);
    ck_assert(!bench_read(&b, 0xfffe, BENCH_GPA).ok);
}
END_TEST

START_TEST(unmapping_guest_memory_leaves_nothing_stale)
{
    uint64_t spa, gva = UINT64_C(0x7000123000);
    struct hv_stage2 *stage2 = bench_stage2(&b, 16 * HV_PAGE, &spa);
    struct hv_nested nested = {.stage2 = stage2, .guest_device = 0x10};

    bench_guest_tables(&b, spa, 0, gva, BENCH_GPA + 8 * HV_PAGE, 7, nested.guest_entry);
    ck_assert_int_eq(hv_domain_take(stage2, &nested.host_domain), HV_OK);
    ck_assert_int_eq(hv_device_attach_nested(b.driver, BENCH_DEVICE, &nested), HV_OK);
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa, spa + 8 * HV_PAGE);
    ck_assert_int_eq(hv_stage2_unmap(stage2, BENCH_GPA + 8 * HV_PAGE, HV_PAGE), HV_OK);
    ck_assert(!bench_read(&b, BENCH_DEVICE, gva).ok);
    ck_assert_int_eq(
        hv_stage2_map(stage2, BENCH_GPA + 8 * HV_PAGE, spa + 9 * HV_PAGE, HV_PAGE, HV_READ, HV_PAGE), HV_OK);
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa, spa + 9 * HV_PAGE);
}
END_TEST

enum { DROPPED = 16 };

static struct amdvi_atc_invalidation dropped[DROPPED];
static unsigned dropped_count;

static void note_dropped(void *context, const struct amdvi_atc_invalidation *invalidation,
                         enum amdvi_atc_answer answer)
{
    if (dropped_count < DROPPED)
        dropped[dropped_count++] = *invalidation;
}

/* Everything of PASIDs 0 and 5 and without a PASID, in any order, and nothing else. */
static void check_dropped(void)
{
    unsigned seen = 0;

    ck_assert_uint_eq(dropped_count, 3);
    for (unsigned i = 0; i < dropped_count; i++) {
        ck_assert_uint_eq(dropped[i].device, BENCH_DEVICE);
        ck_assert(!dropped[i].address && !dropped[i].size);
        ck_assert(!dropped[i].has_pasid || dropped[i].pasid == 0 || dropped[i].pasid == 5);
        seen |= dropped[i].has_pasid ? 1u << dropped[i].pasid : 2;
    }
    ck_assert_uint_eq(seen, 0x23);
    dropped_count = 0;
}

/* A device keeps what ATS has answered, past every table: it is told when stage 2 or its entry changes
 * (iommu 9.3), PASID by PASID. `_i`: GCR3 levels. One without ATS is not told. */
START_TEST(devices_with_caches_are_told)
{
    struct amdvi_observer observer = {.atc_invalidate = note_dropped};
    struct amdvi_observation *observation;
    uint64_t spa, gcr3, root = 0;
    struct hv_stage2 *stage2 = bench_stage2(&b, 32 * HV_PAGE, &spa);
    struct hv_nested nested = {.stage2 = stage2, .guest_device = 0x10};

    bench_guest_tables(&b, spa, 0, 0, BENCH_GPA + 8 * HV_PAGE, 7, nested.guest_entry);
    gcr3 = hv_memory_get(b.memory, spa);
    hv_memory_set(b.memory, spa + 5 * 8, gcr3);
    for (int level = 0; level < _i; level++) { /* more levels above it */
        hv_memory_set(b.memory, spa + (20 + level) * HV_PAGE,
                      gcr3_set_v(gcr3_set_addr(0, BENCH_GPA + root), 1));
        root = (20 + level) * HV_PAGE;
    }
    dte_set_gcr3_root(nested.guest_entry, BENCH_GPA + root);
    dte_set_glx(nested.guest_entry, _i);
    ck_assert_int_eq(hv_domain_take(stage2, &nested.host_domain), HV_OK);
    ck_assert_int_eq(hv_device_attach_nested(b.driver, BENCH_DEVICE, &nested), HV_OK);
    ck_assert_int_eq(hv_device_attach_nested(b.driver, BENCH_OTHER, &nested), HV_OK);
    ck_assert_int_eq(amdvi_observer_attach(b.device, &observer, &observation), AMDVI_OK);
    dropped_count = 0;
    ck_assert_int_eq(hv_stage2_unmap(stage2, BENCH_GPA + 8 * HV_PAGE, HV_PAGE), HV_OK);
    check_dropped();
    ck_assert_int_eq(hv_device_attach(b.driver, BENCH_DEVICE, stage2), HV_OK);
    check_dropped();
    ck_assert_int_eq(hv_device_block(b.driver, BENCH_DEVICE), HV_OK);
    ck_assert_uint_eq(dropped_count, 1);
    ck_assert_int_eq(hv_device_block(b.driver, BENCH_OTHER), HV_OK);
    ck_assert_uint_eq(dropped_count, 1);
    ck_assert(!dropped[0].has_pasid);
}
END_TEST

static enum hv_dte_fault check_with(void (*set)(uint64_t *, uint64_t), uint64_t value, uint64_t efr)
{
    uint64_t entry[4], spa = BENCH_BASE;

    bench_guest_tables(&b, spa + (32 << 20), 0, 0, 0, 1, entry);
    if (set)
        set(entry, value);
    return hv_dte_check(entry, efr);
}

START_TEST(guest_entries_are_checked_bit_by_bit)
{
    uint64_t efr, efr2, four;

    hv_driver_features(b.driver, &efr, &efr2);
    four = reg_efr_set_gats(efr, 0);
    ck_assert_int_eq(check_with(NULL, 0, efr), HV_DTE_GOOD);
    ck_assert_int_eq(check_with(dte_set_v, 0, efr), HV_DTE_NOT_VALID);
    ck_assert_int_eq(check_with(dte_set_tv, 0, efr), HV_DTE_NOT_VALID);
    ck_assert_int_eq(check_with(dte_set_gv, 0, efr), HV_DTE_NOT_VALID);
    ck_assert_int_eq(check_with(dte_set_mode, 4, efr), HV_DTE_MODE);
    ck_assert_int_eq(check_with(dte_set_host_root, 0x1000, efr), HV_DTE_HOST_ROOT);
    ck_assert_int_eq(check_with(dte_set_gcr3_root, 0, efr), HV_DTE_NO_ROOT);
    ck_assert_int_eq(check_with(dte_set_guestpagingmode, 2, efr), HV_DTE_PAGING_MODE);
    ck_assert_int_eq(check_with(dte_set_guestpagingmode, 1, four), HV_DTE_FIVE_LEVELS);
    ck_assert_int_eq(check_with(dte_set_glx, 3, efr), HV_DTE_GLX);
    ck_assert_int_eq(check_with(dte_set_glx, 2, reg_efr_set_glxsup(efr, 1)), HV_DTE_GLX_LEVELS);
    ck_assert_int_eq(check_with(dte_set_iw, 0, efr), HV_DTE_PERMISSION);
    ck_assert_int_eq(check_with(dte_set_vimuen, 1, efr), HV_DTE_UNKNOWN_BITS);
    ck_assert_int_eq(check_with(dte_set_iv, 1, efr), HV_DTE_UNKNOWN_BITS);
    ck_assert_int_eq(check_with(dte_set_sa, 1, efr), HV_DTE_UNKNOWN_BITS);
    ck_assert_int_eq(check_with(dte_set_giov, 1, reg_efr_set_giosup(efr, 0)), HV_DTE_UNKNOWN_BITS);
}
END_TEST

START_TEST(host_tables_map_three_sizes)
{
    const uint64_t gib = UINT64_C(1) << 30, mib2 = UINT64_C(2) << 20;
    struct hv_table table;
    uint64_t spa;
    unsigned perm;

    ck_assert_int_eq(hv_table_create(&table, b.memory, 4), HV_OK);
    ck_assert_int_eq(
        hv_table_map(&table, gib - HV_PAGE, 4 * gib - HV_PAGE, gib + mib2 + HV_PAGE, HV_READ, gib), HV_OK);
    ck_assert(hv_table_lookup(&table, 2 * gib + 5, &spa, &perm) && spa == 5 * gib + 5 && perm == HV_READ);
    ck_assert_int_eq(hv_table_map(&table, gib, 0, HV_PAGE, HV_READ, gib), HV_ERR_EXISTS);
    ck_assert_int_eq(hv_table_unmap(&table, gib, HV_PAGE), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_table_unmap(&table, gib, gib), HV_OK);
    ck_assert(!hv_table_lookup(&table, gib + 5, &spa, &perm));
    ck_assert_int_eq(hv_table_map(&table, UINT64_C(1) << 48, 0, HV_PAGE, HV_READ, gib), HV_ERR_ARGUMENT);
    hv_table_destroy(&table);
}
END_TEST

/* Ranges up to the last byte that a table of six levels reaches, behind which addresses have no number. */
START_TEST(host_tables_reach_the_last_page)
{
    const uint64_t mib2 = UINT64_C(2) << 20, at = UINT64_MAX - 2 * mib2 + 1, low = 0x5000;
    struct hv_table table;
    uint64_t spa;
    unsigned perm;

    ck_assert_int_eq(hv_table_create(&table, b.memory, 6), HV_OK);
    ck_assert_int_eq(hv_table_map(&table, low, 0x7000, HV_PAGE, HV_READ, mib2), HV_OK);
    ck_assert_int_eq(hv_table_map(&table, at, 4 * mib2, mib2, HV_READ, mib2), HV_OK); /* the last but one */
    ck_assert_int_eq(hv_table_map(&table, at + mib2, 8 * mib2, mib2, HV_READ, HV_PAGE), HV_OK);
    ck_assert(hv_table_lookup(&table, UINT64_MAX, &spa, &perm) && spa == 9 * mib2 - 1);
    ck_assert_int_eq(hv_table_map(&table, at, 0, 2 * mib2, HV_READ, mib2), HV_ERR_EXISTS);
    ck_assert_int_eq(hv_table_map(&table, at, 0, 2 * mib2 + HV_PAGE, HV_READ, mib2), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_table_unmap(&table, at, 2 * mib2), HV_OK);
    ck_assert(!hv_table_lookup(&table, at, &spa, &perm) && !hv_table_lookup(&table, UINT64_MAX, &spa, &perm));
    ck_assert(hv_table_lookup(&table, low, &spa, &perm)); /* at the other end nothing has changed */
    hv_table_destroy(&table);
}
END_TEST

START_TEST(mistakes_have_names)
{
    struct hv_stage2 *stage2;
    struct hv_guest *guest;
    uint64_t spa;

    stage2 = bench_stage2(&b, HV_PAGE, &spa);
    ck_assert_int_eq(hv_device_add(b.driver, BENCH_DEVICE, false), HV_ERR_EXISTS);
    ck_assert_int_eq(hv_device_add(b.driver, b.options.devid, false), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_device_attach(b.driver, 0x999, stage2), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_device_attach(b.driver, BENCH_OTHER, stage2), HV_OK);
    ck_assert_uint_eq(bench_read(&b, BENCH_OTHER, BENCH_GPA).pa, spa);
    ck_assert_int_eq(hv_device_remove(b.driver, BENCH_OTHER), HV_ERR_BUSY);
    ck_assert_int_eq(hv_device_block(b.driver, BENCH_OTHER), HV_OK);
    ck_assert(!bench_read(&b, BENCH_OTHER, BENCH_GPA).ok);
    ck_assert_int_eq(hv_device_remove(b.driver, BENCH_OTHER), HV_OK);
    ck_assert_int_eq(hv_guest_create(b.driver, NULL, &guest), HV_OK);
    ck_assert_int_eq(hv_guest_relocate(guest), HV_ERR_ORDER);
    ck_assert_int_eq(hv_guest_set_trans(guest, BENCH_DEVICE), HV_ERR_ORDER);
    ck_assert_int_eq(hv_guest_map_commands(guest, &spa, 1), HV_ERR_MODE);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("driver");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, bring_up_enables_guests);
    tcase_add_test(tcase, devices_without_the_feature_are_refused);
    tcase_add_test(tcase, everything_is_given_back);
    tcase_add_test(tcase, maps_are_filled_and_follow_the_registers);
    tcase_add_test(tcase, maps_that_move_are_not_stale);
    tcase_add_test(tcase, bulk_and_registers_fill_alike);
    tcase_add_test(tcase, transdevid_moves_while_the_guest_runs);
    tcase_add_test(tcase, unmapping_guest_memory_leaves_nothing_stale);
    tcase_add_loop_test(tcase, devices_with_caches_are_told, 0, 2);
    tcase_add_test(tcase, guest_entries_are_checked_bit_by_bit);
    tcase_add_test(tcase, host_tables_map_three_sizes);
    tcase_add_test(tcase, host_tables_reach_the_last_page);
    tcase_add_test(tcase, mistakes_have_names);
    return run_tests(tcase);
}
