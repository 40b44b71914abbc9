// SPDX-License-Identifier: Apache-2.0
/* The rings of a guest that stopped, and what makes them start again (viommu 7.4, iommu 7.1, 7.7): the same
 * in both modes. */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/guest_driver.h"

enum { GDEV = 0x10, GUEST_BYTES = 16 << 20, RING_RECORDS = 256, WISHES = 1200, PASID = 5 };

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_guest_iommu iommu;
static unsigned answers, depth;

static void start(int mode)
{
    struct hv_vmm_options options = {
        .mode = mode ? HV_VMM_MEDIATED : HV_VMM_HARDWARE, .gpa = BENCH_GPA, .memory = GUEST_BYTES};

    options.event_depth = depth;
    options.first = BENCH_DEVICE;
    options.first_guest = GDEV;
    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    answers = 0;
}

static void teardown(void)
{
    depth = 0;
    hv_guest_iommu_destroy(&iommu);
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

static unsigned drain(enum amdvi_log log)
{
    uint64_t record[2];
    unsigned count = 0;

    while (!hv_guest_iommu_record(&iommu, log, record))
        count++;
    return count;
}

static void write_control(uint64_t value)
{
    ck_assert_int_eq(hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, value), HV_OK);
}

static uint64_t read_status(void)
{
    uint64_t status;

    ck_assert_int_eq(hv_vmm_read(vmm, REG_STATUS_OFFSET, 8, &status), HV_OK);
    return status;
}

/* A reset command is none that guests may give. */
static void stop_ring(void)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_RESET_VMMIO);
    hv_guest_iommu_command(&iommu, words);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_ERR_DEVICE);
    ck_assert_uint_eq(drain(AMDVI_LOG_EVENT), 1);
}

/* Whatever else a guest writes to Control, also in halves: its ring stands, and it is told once. */
START_TEST(a_stopped_ring_waits_for_its_enable_bit)
{
    start(_i);
    stop_ring();
    for (unsigned i = 0; i < 3; i++) {
        write_control(iommu.control);
        write_control(iommu.control | REG_CONTROL_COMWAITINTEN_MASK);
        ck_assert_int_eq(hv_vmm_write(vmm, REG_CONTROL_OFFSET, 4, (uint32_t)iommu.control), HV_OK);
    }
    ck_assert_uint_eq(drain(AMDVI_LOG_EVENT), 0);
    ck_assert(!vf_status_cmdbufrun(read_status()));
    ck_assert_int_eq(hv_guest_iommu_restart(&iommu), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}
END_TEST

/* IommuEn is a part of every ring's enable bit. */
START_TEST(a_stopped_ring_starts_with_the_iommu)
{
    start(_i);
    stop_ring();
    write_control(iommu.control & ~REG_CONTROL_IOMMUEN_MASK);
    ck_assert_int_eq(hv_vmm_write(vmm, REG_CMD_HEAD_OFFSET, 8, iommu.tail), HV_OK);
    write_control(iommu.control);
    ck_assert(vf_status_cmdbufrun(read_status()));
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}
END_TEST

/* A change that leaves the ring where it is does not disturb it. */
START_TEST(a_running_ring_takes_other_control_bits)
{
    start(_i);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    write_control(iommu.control | REG_CONTROL_COMWAITINTEN_MASK);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}
END_TEST

/* ---------------------------------------------------------------- logs that overflow */

static void fault(void)
{
    struct amdvi_request request = {.device = GDEV, .op = AMDVI_READ, .address = 0x7000, .length = 8};
    struct amdvi_result result;

    ck_assert_int_eq(hv_vmm_translate(vmm, &request, &result), HV_OK);
    ck_assert(!result.ok);
}

/* An entry with an empty guest table: every address faults in the guest's stage. */
static void attach_empty(void)
{
    uint64_t entry[4] = {0}, gcr3 = hv_guest_take(&iommu.pages, 1);

    for (unsigned pasid = 0; pasid <= PASID; pasid += PASID)
        ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, pasid, hv_guest_take(&iommu.pages, 1)));
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_ppr(entry, 1);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_domainid(entry, 3);
    dte_set_gcr3_root(entry, gcr3);
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
}

START_TEST(a_log_that_overflowed_waits_for_its_enable_bit)
{
    start(_i);
    attach_empty();
    for (unsigned i = 0; i < RING_RECORDS + 3; i++)
        fault();
    ck_assert(vf_status_eventoverflow(read_status()) && !vf_status_eventlogrun(read_status()));
    ck_assert_uint_eq(drain(AMDVI_LOG_EVENT), RING_RECORDS - 1);
    ck_assert_int_eq(hv_vmm_write(vmm, REG_STATUS_OFFSET, 8, VF_STATUS_EVENTOVERFLOW_MASK), HV_OK);
    ck_assert(!vf_status_eventlogrun(read_status()));
    fault();
    ck_assert_uint_eq(drain(AMDVI_LOG_EVENT), 0);
    write_control(iommu.control & ~REG_CONTROL_EVENTLOGEN_MASK);
    write_control(iommu.control);
    ck_assert(vf_status_eventlogrun(read_status()));
    fault();
    ck_assert_uint_eq(drain(AMDVI_LOG_EVENT), 1);
}
END_TEST

static void on_response(void *context, const struct amdvi_prg_response *response)
{
    (void)context;
    ck_assert_uint_eq(response->device, BENCH_DEVICE);
    answers++;
}

/* 1,200 devices' wishes and a log of 255: each gets an answer, from the guest or in its place. */
START_TEST(page_requests_that_a_full_log_loses_are_answered)
{
    const struct amdvi_observer observer = {.prg_response = on_response};
    struct amdvi_page_request wish = {.device = GDEV, .has_pasid = true, .pasid = PASID, .read = true};
    unsigned kept = 0;
    bool logged;

    start(_i);
    attach_empty();
    ck_assert_int_eq(amdvi_observe(b.device, &observer), AMDVI_OK);
    for (unsigned i = 0; i < WISHES; i++) {
        wish.last = i % 3 != 0;
        wish.prg_index = (uint16_t)(i / 3 % 512);
        wish.address = 0x100000 + i * HV_PAGE;
        ck_assert_int_eq(hv_vmm_page_request(vmm, &wish, &logged), HV_OK);
        kept += i < RING_RECORDS - 1 && wish.last;
    }
    ck_assert_uint_eq(drain(AMDVI_LOG_PPR), RING_RECORDS - 1);
    ck_assert_uint_eq(answers, WISHES / 3 * 2 - kept);
}
END_TEST

/* The devices of a mediated guest ask the host's device, and nobody reads its logs for a while. */
START_TEST(logs_of_the_host_that_overflowed_run_again)
{
    struct amdvi_request request = {.device = BENCH_DEVICE, .op = AMDVI_READ, .address = 0x7000, .length = 8};
    struct amdvi_result result;

    start(1);
    attach_empty();
    for (unsigned i = 0; i < WISHES; i++)
        ck_assert_int_eq(amdvi_translate(b.device, &request, &result), AMDVI_OK);
    ck_assert_int_eq(hv_vmm_deliver(vmm), HV_OK);
    ck_assert_uint_eq(drain(AMDVI_LOG_EVENT), RING_RECORDS - 1);
    hv_vmm_write(vmm, REG_STATUS_OFFSET, 8, VF_STATUS_EVENTOVERFLOW_MASK);
    write_control(iommu.control & ~REG_CONTROL_EVENTLOGEN_MASK);
    write_control(iommu.control);
    fault();
    ck_assert_uint_eq(drain(AMDVI_LOG_EVENT), 1);
}
END_TEST

/* A short queue between host and guest: what it loses shows as an overflow of the guest's log. */
START_TEST(what_the_relay_loses_is_an_overflow)
{
    struct amdvi_request request = {.device = BENCH_DEVICE, .op = AMDVI_READ, .address = 0x7000, .length = 8};
    struct amdvi_result result;

    depth = 8;
    start(1);
    attach_empty();
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 8; i++)
            ck_assert_int_eq(amdvi_translate(b.device, &request, &result), AMDVI_OK);
        ck_assert_int_eq(hv_vmm_deliver(vmm), HV_OK);
        ck_assert(!vf_status_eventoverflow(read_status()) && drain(AMDVI_LOG_EVENT) == 8);
        for (unsigned i = 0; i < 9; i++)
            ck_assert_int_eq(amdvi_translate(b.device, &request, &result), AMDVI_OK);
        ck_assert_int_eq(hv_vmm_deliver(vmm), HV_OK);
        ck_assert_uint_eq(drain(AMDVI_LOG_EVENT), 8);
        ck_assert(vf_status_eventoverflow(read_status()) && !vf_status_eventlogrun(read_status()));
        ck_assert_int_eq(hv_guest_iommu_restart_log(&iommu, AMDVI_LOG_EVENT), HV_OK);
        ck_assert(!vf_status_eventoverflow(read_status()) && vf_status_eventlogrun(read_status()));
    }
}
END_TEST

/* A log that is off does not overflow. */
START_TEST(what_a_log_that_is_off_does_not_get_is_none)
{
    struct amdvi_request request = {.device = BENCH_DEVICE, .op = AMDVI_READ, .address = 0x7000, .length = 8};
    struct amdvi_result result;

    depth = 4;
    start(1);
    attach_empty();
    write_control(iommu.control & ~REG_CONTROL_EVENTLOGEN_MASK);
    for (unsigned i = 0; i < 9; i++)
        ck_assert_int_eq(amdvi_translate(b.device, &request, &result), AMDVI_OK);
    ck_assert_int_eq(hv_vmm_deliver(vmm), HV_OK);
    write_control(iommu.control);
    ck_assert(!vf_status_eventoverflow(read_status()) && vf_status_eventlogrun(read_status()));
}
END_TEST

/* The next kernel does not hear of its predecessor's devices. */
START_TEST(a_reset_forgets_what_is_under_way)
{
    struct amdvi_request request = {.device = BENCH_DEVICE, .op = AMDVI_READ, .address = 0x7000, .length = 8};
    struct amdvi_page_request wish = {
        .device = BENCH_DEVICE, .has_pasid = true, .pasid = PASID, .read = true, .last = true};
    struct amdvi_page_request_result asked;
    struct amdvi_result result;

    start(_i);
    attach_empty();
    ck_assert_int_eq(amdvi_translate(b.device, &request, &result), AMDVI_OK);
    ck_assert_int_eq(amdvi_page_request(b.device, &wish, &asked), AMDVI_OK);
    ck_assert_int_eq(hv_vmm_reset(vmm), HV_OK);
    hv_guest_iommu_destroy(&iommu);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    ck_assert_int_eq(hv_vmm_deliver(vmm), HV_OK);
    ck_assert_uint_eq(drain(AMDVI_LOG_EVENT) + drain(AMDVI_LOG_PPR), 0);
}
END_TEST

START_TEST(page_requests_that_the_hosts_log_loses_are_answered)
{
    const struct amdvi_observer observer = {.prg_response = on_response};
    struct amdvi_page_request wish = {
        .device = BENCH_DEVICE, .has_pasid = true, .pasid = PASID, .read = true, .last = true};
    struct amdvi_page_request_result result;

    start(1);
    attach_empty();
    ck_assert_int_eq(amdvi_observe(b.device, &observer), AMDVI_OK);
    for (unsigned round = 1; round <= 2; round++) {
        for (unsigned i = 0; i < WISHES; i++) {
            wish.address = 0x100000 + i * HV_PAGE;
            wish.prg_index = (uint16_t)(i % 512);
            ck_assert_int_eq(amdvi_page_request(b.device, &wish, &result), AMDVI_OK);
        }
        ck_assert_int_eq(hv_vmm_deliver(vmm), HV_OK);
        ck_assert_uint_eq(answers, round * WISHES - (RING_RECORDS - 1));
    }
    ck_assert_uint_eq(drain(AMDVI_LOG_PPR), RING_RECORDS - 1);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("rings");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, a_stopped_ring_waits_for_its_enable_bit, 0, 2);
    tcase_add_loop_test(tcase, a_stopped_ring_starts_with_the_iommu, 0, 2);
    tcase_add_loop_test(tcase, a_running_ring_takes_other_control_bits, 0, 2);
    tcase_add_loop_test(tcase, a_log_that_overflowed_waits_for_its_enable_bit, 0, 2);
    tcase_add_loop_test(tcase, page_requests_that_a_full_log_loses_are_answered, 0, 2);
    tcase_add_test(tcase, logs_of_the_host_that_overflowed_run_again);
    tcase_add_test(tcase, what_the_relay_loses_is_an_overflow);
    tcase_add_test(tcase, what_a_log_that_is_off_does_not_get_is_none);
    tcase_add_loop_test(tcase, a_reset_forgets_what_is_under_way, 0, 2);
    tcase_add_test(tcase, page_requests_that_the_hosts_log_loses_are_answered);
    return run_tests(tcase);
}
