// SPDX-License-Identifier: Apache-2.0
/* What a guest's commands reach, and what they do not (viommu 6, 7.1, 11 #14): the same in both modes. */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/guest_driver.h"

enum { GDEV = 0x10, GUEST_BYTES = 16 << 20, NOBODY = 0x4321 };

#define GVA UINT64_C(0x5000)

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_guest_iommu iommu;
static unsigned strangers, own;

static enum amdvi_atc_answer on_invalidate(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    (void)context;
    own += invalidation->device == BENCH_DEVICE;
    strangers += invalidation->device != BENCH_DEVICE && invalidation->device != b.options.devid;
    return AMDVI_ATC_DONE;
}

static void on_response(void *context, const struct amdvi_prg_response *response)
{
    (void)context;
    own += response->device == BENCH_DEVICE;
    strangers += response->device != BENCH_DEVICE && response->device != b.options.devid;
}

static bool invalid_entries;

static void start(int mode)
{
    static const struct amdvi_callbacks callbacks = {.atc_invalidate = on_invalidate,
                                                     .prg_response = on_response};
    struct hv_vmm_options options = {
        .mode = mode ? HV_VMM_MEDIATED : HV_VMM_HARDWARE, .gpa = BENCH_GPA, .memory = GUEST_BYTES};

    options.first = BENCH_DEVICE;
    options.first_guest = GDEV;
    bench_machine_with(&b, &callbacks);
    b.options.invalid_entries = invalid_entries;
    bench_start(&b);
    ck_assert_int_eq(hv_device_add(b.driver, 0, true), HV_OK);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    strangers = own = 0;
}

static void teardown(void)
{
    invalid_entries = false;
    hv_guest_iommu_destroy(&iommu);
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

static void give(unsigned opcode, uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, opcode);
    if (opcode != CMD_INVALIDATE_IOMMU_ALL)
        cmd_inv_devtab_set_deviceid(words, device);
    hv_guest_iommu_command(&iommu, words);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}

/* Numbers that the guest does not have: nobody's device hears of the command, and the ring goes on. */
START_TEST(commands_for_other_devices_reach_nobody)
{
    static const unsigned opcodes[] = {CMD_INVALIDATE_DEVTAB_ENTRY, CMD_INVALIDATE_IOTLB_PAGES,
                                       CMD_INVALIDATE_INTERRUPT_TABLE, CMD_COMPLETE_PPR_REQUEST};
    static const uint16_t numbers[] = {0, BENCH_DEVICE, BENCH_OTHER, NOBODY, 0xffff};

    start(_i);
    for (unsigned i = 0; i < 20; i++)
        give(opcodes[i / 5], numbers[i % 5]);
    ck_assert_uint_eq(strangers, 0);
    ck_assert_uint_eq(own, 0);
    give(CMD_INVALIDATE_IOTLB_PAGES, GDEV);
    give(CMD_COMPLETE_PPR_REQUEST, GDEV);
    ck_assert_uint_eq(own, 2);
}
END_TEST

/* The other way (viommu 11 #8): the guest is told of the command, and its ring stands. */
START_TEST(numbers_without_entry_are_illegal_by_choice)
{
    uint64_t words[2] = {0}, record[2];

    invalid_entries = true;
    start(_i / 2);
    cmd_set_opcode(words, _i % 2 ? CMD_INVALIDATE_IOTLB_PAGES : CMD_INVALIDATE_IOMMU_PAGES);
    if (_i % 2)
        cmd_inv_iotlb_set_deviceid(words, NOBODY);
    else
        cmd_inv_pages_set_domainid(words, NOBODY);
    hv_guest_iommu_command(&iommu, words);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_ERR_DEVICE);
    ck_assert_int_eq(hv_guest_iommu_record(&iommu, AMDVI_LOG_EVENT, record), HV_OK);
    ck_assert_uint_eq(evt_code(record), EVT_ILLEGAL_COMMAND_ERROR);
    ck_assert_int_eq(hv_guest_iommu_record(&iommu, AMDVI_LOG_EVENT, record), HV_ERR_EMPTY);
    ck_assert_uint_eq(strangers, 0);
}
END_TEST

static uint64_t leads_to(void)
{
    struct amdvi_request request = {.device = GDEV, .op = AMDVI_READ, .address = GVA, .length = 8};
    struct amdvi_result result;

    ck_assert_int_eq(hv_vmm_translate(vmm, &request, &result), HV_OK);
    return result.ok ? result.pa : 0;
}

/* The guest is offered IASup: one command drops what its tables have changed. */
START_TEST(one_command_invalidates_everything)
{
    uint64_t entry[4] = {0}, gcr3, root, first, second;

    start(_i);
    gcr3 = hv_guest_take(&iommu.pages, 1);
    root = hv_guest_take(&iommu.pages, 1);
    first = hv_guest_take(&iommu.pages, 1);
    second = hv_guest_take(&iommu.pages, 1);
    ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, 0, root));
    ck_assert(hv_guest_map(&iommu.pages, root, GVA, first, 1, true));
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_domainid(entry, 3);
    dte_set_gcr3_root(entry, gcr3);
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    ck_assert_uint_eq(leads_to(), first);
    ck_assert(hv_guest_map(&iommu.pages, root, GVA, second, 1, true));
    ck_assert_uint_eq(leads_to(), first); /* it is cached */
    give(CMD_INVALIDATE_IOMMU_ALL, 0);
    ck_assert_uint_eq(leads_to(), second);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("commands");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, commands_for_other_devices_reach_nobody, 0, 2);
    tcase_add_loop_test(tcase, numbers_without_entry_are_illegal_by_choice, 0, 4);
    tcase_add_loop_test(tcase, one_command_invalidates_everything, 0, 2);
    return run_tests(tcase);
}
