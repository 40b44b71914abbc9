// SPDX-License-Identifier: Apache-2.0
/* How the guest's device table reaches its devices: stores of any width and order, entries that drivers use,
 * devices that come later (viommu 4.2, 5.3, 14; iommu 3.1, 3.3). */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/guest_driver.h"

enum { GDEV = 0x10, GOTHER = 0x18, GUEST_BYTES = 16 << 20, DTE_BYTES = 32 };

#define GVA UINT64_C(0x5000)

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_guest_iommu iommu;
static uint64_t entry[4]; /* leads GVA to a page of the guest */

static void start(int mode)
{
    struct hv_vmm_options options = {
        .mode = mode ? HV_VMM_MEDIATED : HV_VMM_HARDWARE, .gpa = BENCH_GPA, .memory = GUEST_BYTES};
    uint64_t gcr3, root;

    options.first = BENCH_DEVICE;
    options.first_guest = GDEV;
    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    gcr3 = hv_guest_take(&iommu.pages, 1);
    root = hv_guest_take(&iommu.pages, 1);
    ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, 0, root));
    ck_assert(hv_guest_map(&iommu.pages, root, GVA, hv_guest_take(&iommu.pages, 1), 1, true));
    memset(entry, 0, sizeof(entry));
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_domainid(entry, 3);
    dte_set_gcr3_root(entry, gcr3);
}

static void teardown(void)
{
    hv_guest_iommu_destroy(&iommu);
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

static bool reads(uint16_t device, uint64_t address)
{
    struct amdvi_request request = {.device = device, .op = AMDVI_READ, .address = address, .length = 8};
    struct amdvi_result result;

    ck_assert_int_eq(hv_vmm_translate(vmm, &request, &result), HV_OK);
    return result.ok;
}

static uint64_t place(uint16_t device)
{
    return iommu.device_table + (uint64_t)device * DTE_BYTES;
}

static void store(unsigned at, const void *from, unsigned bytes)
{
    ck_assert(hv_vmm_store_bytes(vmm, place(GDEV) + at, from, bytes));
}

static void invalidate(uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_INVALIDATE_DEVTAB_ENTRY);
    cmd_inv_devtab_set_deviceid(words, device);
    hv_guest_iommu_command(&iommu, words);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}

static unsigned events(void)
{
    uint64_t record[2];
    unsigned count = 0;

    while (!hv_guest_iommu_record(&iommu, AMDVI_LOG_EVENT, record)) {
        ck_assert_uint_eq(evt_code(record), EVT_ILLEGAL_DEV_TABLE_ENTRY);
        ck_assert_uint_eq(evt_illegal_dev_table_entry_deviceid(record), GDEV);
        count++;
    }
    return count;
}

/* As 6.1 and 6.12: word 0 first, with 14:12 of a root whose rest is still to come. */
START_TEST(an_entry_comes_in_pieces_of_eight_bytes)
{
    start(_i);
    dte_set_gcr3_root(entry, hv_guest_take(&iommu.pages, 8)); /* 14:12 are 0: word 0 alone has no root */
    store(0, &entry[0], 8);
    store(8, &entry[1], 8);
    invalidate(GDEV);
    ck_assert_uint_eq(hv_vmm_refused(vmm), 0);
    ck_assert_uint_eq(events(), 0);
}
END_TEST

/* The same with a root that looks whole: a request in between finds nothing, and nothing of it is left. */
START_TEST(a_request_between_two_pieces_leaves_nothing)
{
    uint64_t gcr3, root, page;

    start(_i);
    root = hv_guest_take(&iommu.pages, 1);
    page = hv_guest_take(&iommu.pages, 1);
    do
        gcr3 = hv_guest_take(&iommu.pages, 1);
    while (!(gcr3 & 0x7000));
    ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, 0, root));
    ck_assert(hv_guest_map(&iommu.pages, root, GVA, page, 1, true));
    dte_set_gcr3_root(entry, gcr3);
    store(0, &entry[0], 8);
    ck_assert(!reads(GDEV, GVA) && !reads(GDEV, BENCH_GPA));
    store(8, &entry[1], 8);
    invalidate(GDEV);
    ck_assert(reads(GDEV, GVA) && !reads(GDEV, BENCH_GPA));
    ck_assert_uint_eq(hv_vmm_refused(vmm), 0);
}
END_TEST

/* The device never leaves for guest memory on the way, and is there in the end. */
START_TEST(stores_of_any_width_are_followed)
{
    static const unsigned widths[] = {1, 2, 3, 4, 8, 16, 32};
    const unsigned char *bytes = (const unsigned char *)entry;
    unsigned width = widths[_i / 2], step;

    start(_i % 2);
    for (unsigned at = DTE_BYTES; at > 0; at -= step) {
        step = at < width ? at : width;
        store(at - step, bytes + at - step, step);
    }
    invalidate(GDEV);
    ck_assert_uint_eq(hv_vmm_refused(vmm), 0);
    ck_assert_uint_eq(events(), 0);
    ck_assert(reads(GDEV, GVA) && !reads(GDEV, BENCH_GPA));
}
END_TEST

START_TEST(one_store_may_write_many_entries)
{
    static uint64_t table[64][4];

    start(_i);
    memset(table, 0, sizeof(table));
    memcpy(table[GDEV], entry, sizeof(entry));
    ck_assert(hv_vmm_store_bytes(vmm, iommu.device_table, table, sizeof(table)));
    ck_assert(reads(GDEV, GVA) && !reads(GDEV, BENCH_GPA));
    ck_assert_uint_eq(hv_vmm_exits(vmm, HV_EXIT_DEVICE_TABLE), 1);
    ck_assert(!hv_vmm_store_bytes(vmm, BENCH_GPA + GUEST_BYTES - 4, table, 8));
    ck_assert(!hv_vmm_store_bytes(vmm, BENCH_GPA - 4, table, 8));
}
END_TEST

/* A VMM that lets the trapped store go through tells of it afterwards. */
START_TEST(stores_may_be_told_of)
{
    start(_i);
    memcpy(hv_vmm_at(vmm, place(GDEV), DTE_BYTES), entry, sizeof(entry));
    ck_assert(!reads(GDEV, GVA));
    hv_vmm_stored(vmm, place(GDEV), DTE_BYTES);
    ck_assert(reads(GDEV, GVA));
    hv_vmm_stored(vmm, BENCH_GPA + GUEST_BYTES - 8, 16);
    hv_vmm_stored(vmm, UINT64_MAX, 16);
}
END_TEST

/* What stays illegal is refused: once, when the guest says so or its device meets it. */
START_TEST(an_illegal_entry_blocks_at_once_and_is_told_once)
{
    start(_i % 2);
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    dte_set_vimuen(entry, 1);
    store(24, &entry[3], 8);
    ck_assert_uint_eq(hv_vmm_refused(vmm), 0);
    if (_i >= 2)
        invalidate(GDEV);
    ck_assert(!reads(GDEV, GVA) && !reads(GDEV, BENCH_GPA));
    ck_assert_uint_eq(hv_vmm_refused(vmm), 1);
    ck_assert_uint_eq(events(), _i % 2);
    invalidate(GDEV);
    ck_assert(!reads(GDEV, GVA));
    ck_assert_uint_eq(hv_vmm_refused(vmm), 1);
    dte_set_vimuen(entry, 0);
    store(24, &entry[3], 8);
    ck_assert(reads(GDEV, GVA));
}
END_TEST

/* V=TV=1, Mode 0, GV=0, IR=IW=0 is how Linux blocks. */
START_TEST(an_entry_without_permission_blocks)
{
    uint64_t blocking[4] = {0};

    start(_i);
    dte_set_v(blocking, 1);
    dte_set_tv(blocking, 1);
    hv_guest_iommu_entry(&iommu, GDEV, blocking);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    ck_assert(!reads(GDEV, BENCH_GPA) && !reads(GDEV, GVA));
    ck_assert_uint_eq(hv_vmm_refused(vmm), 0);
    ck_assert_uint_eq(events(), 0);
}
END_TEST

/* The guest's table is there before the device. */
START_TEST(a_device_that_comes_later_finds_its_entry)
{
    uint64_t blocked[4] = {0};

    start(_i % 2);
    dte_set_v(blocked, 1);
    hv_guest_iommu_entry(&iommu, GOTHER, _i / 2 ? entry : blocked);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    ck_assert_int_eq(hv_vmm_add_device(vmm, BENCH_OTHER, GOTHER), HV_OK);
    ck_assert(!reads(GOTHER, BENCH_GPA));
    ck_assert(reads(GOTHER, GVA) == (_i / 2 == 1));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("entries");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, an_entry_comes_in_pieces_of_eight_bytes, 0, 2);
    tcase_add_loop_test(tcase, a_request_between_two_pieces_leaves_nothing, 0, 2);
    tcase_add_loop_test(tcase, stores_of_any_width_are_followed, 0, 14);
    tcase_add_loop_test(tcase, one_store_may_write_many_entries, 0, 2);
    tcase_add_loop_test(tcase, stores_may_be_told_of, 0, 2);
    tcase_add_loop_test(tcase, an_illegal_entry_blocks_at_once_and_is_told_once, 0, 4);
    tcase_add_loop_test(tcase, an_entry_without_permission_blocks, 0, 2);
    tcase_add_loop_test(tcase, a_device_that_comes_later_finds_its_entry, 0, 4);
    return run_tests(tcase);
}
