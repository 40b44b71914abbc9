// SPDX-License-Identifier: Apache-2.0
/* What traps and what does not, and what the hypervisor may do to a guest that runs
 * (viommu 4.2, 4.3, 5.3, 9.4). */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/guest_driver.h"
#include "testbench/hypervisor/workload.h"

enum { GDEV = 0x10, GUEST_BYTES = 16 << 20 };

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_vmm_options options;

static void start(enum hv_vmm_mode mode)
{
    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    options = (struct hv_vmm_options){
        .mode = mode, .gpa = BENCH_GPA, .memory = GUEST_BYTES, .first = BENCH_DEVICE, .first_guest = GDEV};
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
}

static void setup(void)
{
    start(HV_VMM_HARDWARE);
}

static void setup_mediated(void)
{
    start(HV_VMM_MEDIATED);
}

static void teardown(void)
{
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

static uint64_t ring_exits(void)
{
    return hv_vmm_exits(vmm, HV_EXIT_RING_TAIL) + hv_vmm_exits(vmm, HV_EXIT_RING_POLL) +
           hv_vmm_exits(vmm, HV_EXIT_LOG) + hv_vmm_exits(vmm, HV_EXIT_INJECT);
}

START_TEST(the_guest_sees_a_smaller_iommu)
{
    uint64_t efr, efr2;

    ck_assert_int_eq(hv_vmm_read(vmm, REG_EFR_OFFSET, 8, &efr), HV_OK);
    ck_assert_int_eq(hv_vmm_read(vmm, REG_EFR2_OFFSET, 8, &efr2), HV_OK);
    ck_assert(reg_efr_gtsup(efr) && reg_efr_giosup(efr) && reg_efr_pprsup(efr) && reg_efr_pasmax(efr) == 15);
    ck_assert(reg_efr_hats(efr) == 3 && reg_efr_iasup(efr) && !reg_efr_xtsup(efr) && !reg_efr_gasup(efr));
    ck_assert(!reg_efr_viommusup(efr) && !reg_efr_snpsup(efr) && !reg_efr_dualpprlogsup(efr) && !efr2);
    ck_assert_int_eq(hv_vmm_write(vmm, REG_EFR_OFFSET, 8, 0), HV_OK);
    ck_assert_int_eq(hv_vmm_read(vmm, REG_EFR_OFFSET, 8, &efr2), HV_OK);
    ck_assert_uint_eq(efr, efr2);
    ck_assert_int_eq(hv_vmm_read(vmm, 4, 8, &efr), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_read(vmm, 0x4000, 8, &efr), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_read(vmm, 0, 2, &efr), HV_ERR_ARGUMENT);
}
END_TEST

static void describe(uint64_t entry[4], uint64_t root)
{
    entry[0] = entry[1] = entry[2] = entry[3] = 0;
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_domainid(entry, 3);
    dte_set_gcr3_root(entry, root);
}

static bool reads(uint64_t address)
{
    struct amdvi_request request = {.device = GDEV, .op = AMDVI_READ, .address = address, .length = 8};
    struct amdvi_result result;

    ck_assert_int_eq(hv_vmm_translate(vmm, &request, &result), HV_OK);
    return result.ok;
}

/* The same guest in both modes: a page, an entry that is refused, an entry that passes. */
static void live(void)
{
    struct hv_guest_iommu iommu;
    uint64_t entry[4], gcr3, root, page;

    ck_assert(reads(BENCH_GPA)); /* the guest's IOMMU is off: addresses are its physical ones */
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    gcr3 = hv_guest_take(&iommu.pages, 1);
    root = hv_guest_take(&iommu.pages, 1);
    page = hv_guest_take(&iommu.pages, 1);
    ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, 0, root));
    ck_assert(hv_guest_map(&iommu.pages, root, 0x5000, page, 1, true));
    describe(entry, gcr3);
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    ck_assert(reads(0x5000) && !reads(BENCH_GPA));
    dte_set_vimuen(entry, 1);
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    ck_assert(!reads(0x5000));
    ck_assert_uint_eq(hv_vmm_refused(vmm), 1);
    entry[0] = entry[1] = entry[2] = entry[3] = 0;
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    ck_assert(reads(BENCH_GPA));
    hv_guest_iommu_destroy(&iommu);
}

START_TEST(entries_are_followed_and_checked)
{
    live();
    ck_assert_uint_eq(ring_exits(), 0);
    ck_assert_uint_gt(hv_vmm_exits(vmm, HV_EXIT_DEVICE_TABLE), 0);
}
END_TEST

START_TEST(software_does_the_same)
{
    live();
    ck_assert_uint_gt(ring_exits(), 0);
}
END_TEST

static struct hv_workload *busy_guest(uint64_t seed)
{
    struct hv_workload_options work = {
        .seed = seed, .devices = {GDEV}, .device_count = 1, .gpa = BENCH_GPA, .bytes = GUEST_BYTES};
    struct hv_workload *workload;

    ck_assert_int_eq(hv_workload_create(vmm, &work, &workload), HV_OK);
    return workload;
}

START_TEST(transdevid_moves_under_load)
{
    struct hv_workload *workload = busy_guest(5);

    for (uint16_t id = 0xffff; id > 0xffdf; id--) {
        ck_assert_int_eq(hv_workload_run(workload, 100), HV_OK);
        ck_assert_int_eq(hv_device_add(b.driver, id, false), HV_OK); /* hot-plug of just that number */
    }
    ck_assert_int_eq(hv_workload_run(workload, 100), HV_OK);
    ck_assert_uint_eq(hv_driver_unheard(b.driver), 0);
    hv_workload_destroy(workload);
}
END_TEST

/* A second guest with the same numbers on the same IOMMU: both keep going, neither hears of the other. */
START_TEST(two_guests_do_not_meet)
{
    struct hv_vmm_options second = options;
    struct hv_workload_options work = {
        .seed = 9, .devices = {GDEV}, .device_count = 1, .gpa = BENCH_GPA, .bytes = GUEST_BYTES};
    struct hv_workload *one = busy_guest(8), *two;
    struct hv_vmm *other;

    second.first = BENCH_OTHER;
    ck_assert_int_eq(hv_vmm_create(b.driver, &second, &other), HV_OK);
    ck_assert_int_eq(hv_workload_create(other, &work, &two), HV_OK);
    for (unsigned i = 0; i < 50; i++) {
        ck_assert_int_eq(hv_workload_run(one, 40), HV_OK);
        ck_assert_int_eq(hv_workload_run(two, 40), HV_OK);
    }
    ck_assert_uint_eq(ring_exits(), 0);
    hv_workload_destroy(two);
    hv_vmm_destroy(other);
    ck_assert_int_eq(hv_workload_run(one, 200), HV_OK);
    hv_workload_destroy(one);
}
END_TEST

/* Whatever a guest writes to its registers and its ring, the hypervisor goes on. */
static void nonsense(void)
{
    uint64_t x = 88172645463325252u, value;
    struct hv_workload *workload;

    for (unsigned i = 0; i < 20000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        switch (x % 4) {
        case 0:
            hv_vmm_write(vmm, (x >> 8) % 0x300 * 8, 8, x);
            break;
        case 1:
            hv_vmm_write(vmm, REG_CMD_HEAD_OFFSET + (x >> 8) % 32 * 4, 4, x >> 16);
            break;
        case 2:
            hv_vmm_store(vmm, BENCH_GPA + (x >> 8) % (GUEST_BYTES / 8) * 8, x * 7);
            break;
        default:
            hv_vmm_write(vmm, (x >> 8) % 8 * 8, 8, BENCH_GPA | (x & UINT64_C(0x0f00000000fff1ff)));
            hv_vmm_read(vmm, (x >> 8) % 0x800 * 8, 8, &value);
        }
        reads(x >> 30);
    }
    hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, 0);
    hv_vmm_write(vmm, REG_STATUS_OFFSET, 8, UINT64_MAX);
    workload = busy_guest(1); /* and a driver that knows better finds it in order */
    ck_assert_int_eq(hv_workload_run(workload, 500), HV_OK);
    hv_workload_destroy(workload);
}

START_TEST(any_register_write_is_survived)
{
    nonsense();
}
END_TEST

/* ---------------------------------------------------------------- a mediated guest's log and its interrupts
 */

static struct {
    unsigned events, pprs;
    uint8_t vector;
} seen;

static void on_interrupt(void *context, enum hv_interrupt_type type, uint8_t vector)
{
    *(type == HV_INTERRUPT_PPR ? &seen.pprs : &seen.events) += 1;
    seen.vector = vector;
}

enum { TABLE = 0x100000, RING = 0x200000, LOG = 0x201000, VECTOR = 0x42 };

static void listening_guest(uint64_t more)
{
    uint64_t control =
        reg_control_set_eventlogen(reg_control_set_cmdbufen(reg_control_set_iommuen(0, 1), 1), 1);

    start(HV_VMM_MEDIATED);
    hv_vmm_destroy(vmm);
    options.interrupt = on_interrupt;
    memset(&seen, 0, sizeof(seen));
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    hv_vmm_write(vmm, REG_DEVTAB_BASE_OFFSET, 8, BENCH_GPA + TABLE);
    hv_vmm_write(vmm, REG_CMD_BASE_OFFSET, 8, reg_cmd_base_set_len(BENCH_GPA + RING, 8));
    hv_vmm_write(vmm, REG_EVENT_BASE_OFFSET, 8, reg_cmd_base_set_len(BENCH_GPA + LOG, 8));
    hv_vmm_write(vmm, REG_XT_GENERAL_OFFSET, 8, reg_xt_general_set_vector(0, VECTOR));
    hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, control | more);
}

/* 8.5: an interrupt with its enable bit, none without. */
START_TEST(a_refused_entry_is_logged_for_a_mediated_guest)
{
    const uint64_t *record;

    listening_guest(_i ? REG_CONTROL_EVENTINTEN_MASK : 0);
    ck_assert(hv_vmm_store(vmm, BENCH_GPA + TABLE + 32 * GDEV + 8, UINT64_C(1) << 42)); /* reserved */
    ck_assert(hv_vmm_store(vmm, BENCH_GPA + TABLE + 32 * GDEV, 3 | UINT64_C(1) << 55));
    ck_assert(!reads(0));
    ck_assert_uint_eq(hv_vmm_refused(vmm), 1);
    record = hv_vmm_at(vmm, BENCH_GPA + LOG, 16);
    ck_assert_uint_eq(record[0],
                      UINT64_C(1) << 60 | UINT64_C(1) << 55 | GDEV); /* ILLEGAL_DEV_TABLE_ENTRY, RZ */
    ck_assert_uint_eq(seen.events, _i);
    ck_assert_uint_eq(seen.vector, _i ? VECTOR : 0);
}
END_TEST

START_TEST(a_completion_interrupts_a_mediated_guest)
{
    uint64_t *command;

    listening_guest(_i ? REG_CONTROL_COMWAITINTEN_MASK : 0);
    command = hv_vmm_at(vmm, BENCH_GPA + RING, 16);
    command[0] = UINT64_C(1) << 60 | 2;
    hv_vmm_write(vmm, REG_CMD_TAIL_OFFSET, 8, 16);
    ck_assert_uint_eq(seen.events, _i);
    ck_assert_uint_eq(seen.pprs, 0);
}
END_TEST

START_TEST(mistakes_have_names)
{
    struct hv_vmm_options wrong = options;
    struct hv_vmm *none;

    ck_assert_int_eq(hv_vmm_create(b.driver, &wrong, &none), HV_ERR_BUSY); /* the device is taken */
    wrong.memory = 4096;
    ck_assert_int_eq(hv_vmm_create(b.driver, &wrong, &none), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_add_device(vmm, 0x999, 1), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_vmm_add_device(vmm, BENCH_OTHER, GDEV), HV_ERR_EXISTS);
    ck_assert_int_eq(hv_vmm_add_device(vmm, BENCH_OTHER, GDEV + 1), HV_OK);
    ck_assert(!hv_vmm_store(vmm, BENCH_GPA - 8, 0) && !hv_vmm_store(vmm, BENCH_GPA + 4, 0));
    ck_assert_ptr_null(hv_vmm_at(vmm, BENCH_GPA + GUEST_BYTES - 8, 16));
    ck_assert_ptr_null(hv_vmm_at(vmm, UINT64_MAX, 16));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("hardware"), *mediated = tcase_create("mediated");
    TCase *listening = tcase_create("interrupts");
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_guest_sees_a_smaller_iommu);
    tcase_add_test(tcase, entries_are_followed_and_checked);
    tcase_add_test(tcase, transdevid_moves_under_load);
    tcase_add_test(tcase, two_guests_do_not_meet);
    tcase_add_test(tcase, any_register_write_is_survived);
    tcase_add_test(tcase, mistakes_have_names);
    tcase_add_checked_fixture(mediated, setup_mediated, teardown);
    tcase_add_test(mediated, software_does_the_same);
    tcase_add_test(mediated, any_register_write_is_survived);
    tcase_add_checked_fixture(listening, NULL, teardown);
    tcase_add_loop_test(listening, a_refused_entry_is_logged_for_a_mediated_guest, 0, 2);
    tcase_add_loop_test(listening, a_completion_interrupts_a_mediated_guest, 0, 2);
    failed = run_tests(listening);
    failed |= run_tests(tcase);
    return run_tests(mediated) || failed;
}
