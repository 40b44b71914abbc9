// SPDX-License-Identifier: Apache-2.0
/* What a VMM needs beside the guest's IOMMU: memory of its own, data in DMA, a reset, the objects behind the
 * guest (viommu 4.2, 7.5, 9.4): the same in both modes. */
#include "bench.h"
#include "run.h"

#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/guest_driver.h"
#include "testbench/hypervisor/workload.h"

enum { GDEV = 0x10, GUEST_BYTES = 16 << 20, RING = 0x200000 };

#define OWN_SPA UINT64_C(0x7000000000)

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_vmm_options options;
static unsigned char *ram;

static void start(int mode)
{
    options = (struct hv_vmm_options){.mode = mode ? HV_VMM_MEDIATED : HV_VMM_HARDWARE,
                                      .gpa = BENCH_GPA,
                                      .memory = GUEST_BYTES,
                                      .first = BENCH_DEVICE,
                                      .first_guest = GDEV};
    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    ram = aligned_alloc(HV_PAGE, GUEST_BYTES);
    ck_assert_ptr_nonnull(ram);
    memset(ram, 0, GUEST_BYTES);
    vmm = NULL;
}

static void start_own(int mode)
{
    start(mode);
    options.ram = ram;
    options.spa = OWN_SPA;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
}

static void teardown(void)
{
    hv_vmm_destroy(vmm);
    bench_free(&b);
    free(ram);
}

static struct hv_workload *busy_guest(void)
{
    struct hv_workload_options work = {
        .seed = 3, .devices = {GDEV}, .device_count = 1, .gpa = BENCH_GPA, .bytes = GUEST_BYTES};
    struct hv_workload *workload;

    ck_assert_int_eq(hv_workload_create(vmm, &work, &workload), HV_OK);
    return workload;
}

static struct amdvi_result dma(enum amdvi_op op, uint64_t address, void *data, unsigned length)
{
    struct amdvi_request request = {.device = GDEV, .op = op, .address = address, .length = length};
    struct amdvi_result result;

    ck_assert_int_eq(hv_vmm_dma(vmm, &request, data, &result), HV_OK);
    return result;
}

START_TEST(a_guest_runs_in_memory_of_the_callers)
{
    struct hv_workload *workload;
    uint64_t before;

    start(_i);
    before = hv_memory_used(b.memory);
    options.ram = ram;
    options.spa = OWN_SPA;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    ck_assert_ptr_eq(hv_vmm_at(vmm, BENCH_GPA + 0x1234, 4), ram + 0x1234);
    workload = busy_guest();
    ck_assert_int_eq(hv_workload_run(workload, 2000), HV_OK);
    hv_workload_destroy(workload);
    hv_vmm_destroy(vmm);
    vmm = NULL;
    ck_assert_uint_le(hv_memory_used(b.memory), before + (4 << 20));
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK); /* the window was given back */
}
END_TEST

START_TEST(memory_of_the_callers_is_checked)
{
    start(_i);
    options.ram = ram + 8;
    options.spa = OWN_SPA;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_ERR_ARGUMENT);
    options.ram = ram;
    options.spa = OWN_SPA + 8;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_ERR_ARGUMENT);
    options.spa = BENCH_BASE; /* that is the machine's own */
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_ERR_NO_MEMORY);
}
END_TEST

START_TEST(dma_carries_data)
{
    unsigned char out[8] = "written", in[8] = {0};
    struct amdvi_request request = {.device = GDEV, .op = AMDVI_READ, .length = 8};
    struct amdvi_result result;

    start_own(_i);
    result = dma(AMDVI_WRITE, BENCH_GPA + 0x5000, out, sizeof(out));
    ck_assert(result.ok && result.pa == BENCH_GPA + 0x5000);
    ck_assert_mem_eq(ram + 0x5000, out, sizeof(out));
    ck_assert(dma(AMDVI_READ, BENCH_GPA + 0x5000, in, sizeof(in)).ok);
    ck_assert_mem_eq(in, out, sizeof(in));
    ck_assert(!dma(AMDVI_WRITE, BENCH_GPA + GUEST_BYTES, out, sizeof(out)).ok);
    ck_assert_int_eq(hv_vmm_dma(vmm, &request, NULL, &result), HV_ERR_ARGUMENT);
    request.device = GDEV + 1;
    ck_assert_int_eq(hv_vmm_dma(vmm, &request, in, &result), HV_ERR_NO_OBJECT);
}
END_TEST

static uint64_t reg(uint64_t offset)
{
    uint64_t value;

    ck_assert_int_eq(hv_vmm_read(vmm, offset, 8, &value), HV_OK);
    return value;
}

/* A reset in the middle of work: everything as new, and the next kernel finds a machine that works. */
START_TEST(the_machine_starts_again)
{
    static const uint64_t offsets[] = {REG_DEVTAB_BASE_OFFSET, REG_CMD_BASE_OFFSET,  REG_CONTROL_OFFSET,
                                       REG_CMD_HEAD_OFFSET,    REG_CMD_TAIL_OFFSET,  REG_EVENT_HEAD_OFFSET,
                                       REG_EVENT_TAIL_OFFSET,  REG_PPR_HEAD_OFFSET,  REG_PPR_TAIL_OFFSET,
                                       REG_STATUS_OFFSET,      REG_XT_GENERAL_OFFSET};
    const struct hv_interrupt to_cpu = {.valid = true, .vector = 0x51};
    struct amdvi_int_result message;
    struct hv_workload *workload;
    unsigned char data[8];
    uint64_t efr;

    start_own(_i);
    efr = reg(REG_EFR_OFFSET);
    for (unsigned round = 0; round < 3; round++) {
        workload = busy_guest();
        ck_assert_int_eq(hv_workload_run(workload, 1500), HV_OK);
        ck_assert_int_eq(hv_vmm_device_interrupt(vmm, GDEV, 1, &to_cpu), HV_OK);
        ck_assert(!dma(AMDVI_READ, BENCH_GPA, data, 8).ok);
        ck_assert_int_eq(hv_vmm_reset(vmm), HV_OK);
        for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
            ck_assert_uint_eq(reg(offsets[i]), 0);
        ck_assert_uint_eq(reg(REG_EFR_OFFSET), efr);
        ck_assert(dma(AMDVI_READ, BENCH_GPA, data, 8).ok);
        ck_assert_int_eq(amdvi_interrupt(b.device, BENCH_DEVICE, 0xfee00000, 1, &message), AMDVI_OK);
        ck_assert(!message.ok);
        hv_workload_destroy(workload);
    }
    ck_assert_int_eq(hv_vmm_reset(NULL), HV_ERR_ARGUMENT);
}
END_TEST

START_TEST(the_objects_behind_the_guest_are_known)
{
    hv_handle device, vdevice;
    struct hv_vf_page page;
    uint64_t efr, efr2, value;

    start_own(_i);
    ck_assert_int_eq(hv_vmm_handles(vmm, GDEV, &device, &vdevice), HV_OK);
    ck_assert_int_eq(hv_fd_hw_info(hv_vmm_context(vmm), device, &efr, &efr2), HV_OK);
    ck_assert_int_eq(hv_vmm_handles(vmm, GDEV + 1, &device, &vdevice), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_vmm_handles(vmm, GDEV, NULL, &vdevice), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_fd_viommu_reset(hv_vmm_context(vmm), hv_vmm_viommu(vmm)), HV_OK);
    ck_assert_int_eq(hv_fd_viommu_reset(hv_vmm_context(vmm), hv_vmm_parent(vmm)), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_vmm_vf_page(vmm, &page), _i ? HV_ERR_UNSUPPORTED : HV_OK);
    if (_i)
        return;
    ck_assert_int_eq(hv_vmm_write(vmm, REG_CMD_TAIL_OFFSET, 8, 0x40), HV_OK);
    ck_assert_int_eq(amdvi_vf_read(page.device, page.guest_id, VF_CMD_TAIL_OFFSET, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0x40);
}
END_TEST

/* A ring or a log that is not guest memory does not run, and one that is there later does. */
START_TEST(rings_outside_guest_memory_stand)
{
    uint64_t control = REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_CMDBUFEN_MASK | REG_CONTROL_EVENTLOGEN_MASK;
    uint64_t beyond = BENCH_GPA + GUEST_BYTES - HV_PAGE;

    start_own(_i);
    hv_vmm_write(vmm, REG_CMD_BASE_OFFSET, 8, reg_cmd_base_set_len(beyond, 9));
    hv_vmm_write(vmm, REG_EVENT_BASE_OFFSET, 8, reg_cmd_base_set_len(beyond, 9));
    hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, control);
    ck_assert(!vf_status_cmdbufrun(reg(REG_STATUS_OFFSET)) && !vf_status_eventlogrun(reg(REG_STATUS_OFFSET)));
    hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, 0);
    hv_vmm_write(vmm, REG_CMD_BASE_OFFSET, 8, reg_cmd_base_set_len(BENCH_GPA + RING, 9));
    hv_vmm_write(vmm, REG_EVENT_BASE_OFFSET, 8, reg_cmd_base_set_len(beyond, 8));
    hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, control);
    ck_assert(vf_status_cmdbufrun(reg(REG_STATUS_OFFSET)) && vf_status_eventlogrun(reg(REG_STATUS_OFFSET)));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("machine");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, a_guest_runs_in_memory_of_the_callers, 0, 2);
    tcase_add_loop_test(tcase, memory_of_the_callers_is_checked, 0, 2);
    tcase_add_loop_test(tcase, dma_carries_data, 0, 2);
    tcase_add_loop_test(tcase, the_machine_starts_again, 0, 2);
    tcase_add_loop_test(tcase, the_objects_behind_the_guest_are_known, 0, 2);
    tcase_add_loop_test(tcase, rings_outside_guest_memory_stand, 0, 2);
    return run_tests(tcase);
}
