// SPDX-License-Identifier: Apache-2.0
/* Interface (a): the calls of the 2023 proposal in both buffer modes (viommu 9.1, 9.2). */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/rfc2023.h"

#include <string.h>

enum { PAGES = 64, GDEV = 0x10, GDOM = 5, RING = 0, STORE = 4 };

static struct bench b;
static struct hv_rfc *rfc;
static struct hv_stage2 *stage2;
static uint64_t ram;
static struct hv_rfc_iommu_info info;
static struct hv_rfc_dev_info dev;
static struct hv_rfc_dom_info dom;

static void start(bool private_buffers)
{
    bench_machine(&b, NULL, NULL);
    b.options.private_buffers = private_buffers;
    bench_start(&b);
    stage2 = bench_stage2(&b, PAGES * HV_PAGE, &ram);
    ck_assert_int_eq(hv_device_attach(b.driver, BENCH_DEVICE, stage2), HV_OK);
    ck_assert_int_eq(hv_rfc_create(&b.driver, 1, &rfc), HV_OK);
    info = (struct hv_rfc_iommu_info){.size = sizeof(info)};
    ck_assert_int_eq(hv_rfc_iommu_init(rfc, &info), HV_OK);
    dev = (struct hv_rfc_dev_info){
        .size = sizeof(dev), .gid = info.gid, .hdev_id = BENCH_DEVICE, .gdev_id = GDEV};
    dom = (struct hv_rfc_dom_info){.size = sizeof(dom), .gid = info.gid, .gdev_id = GDEV, .gdom_id = GDOM};
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &dev), HV_OK);
}

static void setup(void)
{
    start(false);
}

static void setup_private(void)
{
    start(true);
}

static void teardown(void)
{
    hv_rfc_destroy(rfc);
    bench_free(&b);
}

static enum hv_status mmio(uint32_t offset, bool write, uint64_t *value)
{
    struct hv_rfc_mmio_data data = {.size = sizeof(data),
                                    .gid = info.gid,
                                    .offset = offset,
                                    .value = *value,
                                    .mmio_size = 8,
                                    .is_write = write};
    enum hv_status status = hv_rfc_mmio_access(rfc, &data);

    *value = data.value;
    return status;
}

static void set(uint32_t offset, uint64_t value)
{
    ck_assert_int_eq(mmio(offset, true, &value), HV_OK);
}

static uint64_t get(uint32_t offset)
{
    uint64_t value = 0;

    ck_assert_int_eq(mmio(offset, false, &value), HV_OK);
    return value;
}

static void put(unsigned index, const uint64_t words[2])
{
    hv_memory_set(b.memory, ram + RING * HV_PAGE + index * 16, words[0]);
    hv_memory_set(b.memory, ram + RING * HV_PAGE + index * 16 + 8, words[1]);
}

/* Invalidates the guest's domain and waits. */
static void run_ring(void)
{
    uint64_t flush[2] = {0}, wait[2] = {0};

    cmd_set_opcode(flush, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(flush, GDOM);
    cmd_inv_pages_set_gn(flush, 1);
    cmd_inv_pages_set_s(flush, 1);
    cmd_inv_pages_set_address(flush, UINT64_C(0x7ffffffffffff000));
    cmd_set_opcode(wait, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(wait, 1);
    cmd_completion_wait_set_address(wait, BENCH_GPA + STORE * HV_PAGE);
    cmd_completion_wait_set_data(wait, 99);
    put(0, flush);
    put(1, wait);
    set(REG_CMD_BASE_OFFSET, reg_cmd_base_set_len(reg_cmd_base_set_base(0, BENCH_GPA + RING * HV_PAGE), 8));
    set(REG_CONTROL_OFFSET, reg_control_set_cmdbufen(reg_control_set_iommuen(0, 1), 1));
    set(REG_CMD_TAIL_OFFSET, 32);
    ck_assert_uint_eq(get(REG_CMD_HEAD_OFFSET), 32);
    ck_assert_uint_eq(hv_memory_get(b.memory, ram + STORE * HV_PAGE), 99);
}

START_TEST(a_guest_runs_by_the_eight_calls)
{
    const uint64_t gva = UINT64_C(0x123456000);
    uint64_t entry[4], none[4] = {0};

    ck_assert_int_eq(hv_rfc_domain_attach(rfc, &dom), HV_OK);
    bench_guest_tables(&b, ram, 8, gva, BENCH_GPA + 32 * HV_PAGE, GDOM, entry);
    ck_assert_int_eq(hv_rfc_guest_table(rfc, &dev, entry), HV_OK);
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa, ram + 32 * HV_PAGE);
    run_ring();
    ck_assert_int_eq(hv_rfc_guest_table(rfc, &dev, none), HV_OK);
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, BENCH_GPA).pa, ram);
    ck_assert_int_eq(hv_rfc_domain_detach(rfc, &dom), HV_OK);
    ck_assert_int_eq(hv_rfc_iommu_destroy(rfc, &info), HV_ERR_BUSY);
    ck_assert_int_eq(hv_rfc_device_detach(rfc, &dev), HV_OK);
    ck_assert_int_eq(hv_rfc_iommu_destroy(rfc, &info), HV_OK);
    ck_assert_int_eq(hv_rfc_iommu_destroy(rfc, &info), HV_ERR_NO_OBJECT);
}
END_TEST

/* Three devices with tables of their own, each in a guest domain of its own, and the same address in all. */
START_TEST(each_guest_domain_is_its_own)
{
    static const uint16_t host[] = {BENCH_DEVICE, BENCH_OTHER, 0x318};
    const uint64_t gva = UINT64_C(0x123456000);
    struct hv_rfc_dev_info d[3];
    uint64_t entry[4], none[4] = {0};

    ck_assert_int_eq(hv_device_add(b.driver, host[2], false), HV_OK);
    for (unsigned i = 0; i < 3; i++) {
        d[i] = dev;
        d[i].hdev_id = host[i];
        d[i].gdev_id = (uint16_t)(GDEV + i);
        if (i > 0) {
            ck_assert_int_eq(hv_device_attach(b.driver, host[i], stage2), HV_OK);
            ck_assert_int_eq(hv_rfc_device_attach(rfc, &d[i]), HV_OK);
        }
        bench_guest_tables(&b, ram, 8 + 6 * i, gva, BENCH_GPA + (32 + i) * HV_PAGE, (uint16_t)(GDOM + i),
                           entry);
        ck_assert_int_eq(hv_rfc_guest_table(rfc, &d[i], entry), HV_OK);
    }
    for (unsigned i = 0; i < 6; i++)
        ck_assert_uint_eq(bench_read(&b, host[i % 3], gva).pa, ram + (32 + i % 3) * HV_PAGE);
    run_ring(); /* it names the first one's domain */
    ck_assert_int_eq(hv_rfc_guest_table(rfc, &d[0], none), HV_OK);
    for (unsigned i = 1; i < 3; i++)
        ck_assert_uint_eq(bench_read(&b, host[i], gva).pa, ram + (32 + i) * HV_PAGE);
    ck_assert_int_eq(hv_rfc_device_detach(rfc, &d[2]), HV_OK);
    ck_assert_uint_eq(bench_read(&b, host[2], BENCH_GPA).pa, ram);
}
END_TEST

START_TEST(registers_reach_vf_control)
{
    uint64_t value, control = 0;

    control = reg_control_set_eventlogen(reg_control_set_eventinten(control, 1), 1);
    control = reg_control_set_pprautorspaon(reg_control_set_ppren(control, 1), 1);
    set(REG_EVENT_BASE_OFFSET, reg_event_base_set_len(reg_event_base_set_base(0, BENCH_GPA), 9));
    set(REG_PPR_BASE_OFFSET, reg_ppr_base_set_len(reg_ppr_base_set_base(0, BENCH_GPA + HV_PAGE), 10));
    set(REG_EVENT_B_BASE_OFFSET,
        reg_event_base_set_len(reg_event_base_set_base(0, BENCH_GPA + 2 * HV_PAGE), 8));
    set(REG_CONTROL_OFFSET, control);
    ck_assert_uint_eq(get(REG_CONTROL_OFFSET), control);
    amdvi_vfc_read(b.device, (uint16_t)info.gid, VFC_EVENT_CONTROL_OFFSET, 8, &value);
    ck_assert(vfc_event_control_base(value) == BENCH_GPA && vfc_event_control_len(value) == 9);
    ck_assert(vfc_event_control_lenb(value) == 8 && vfc_event_control_eventlogen(value));
    amdvi_vfc_read(b.device, (uint16_t)info.gid, VFC_PPR_CONTROL_OFFSET, 8, &value);
    ck_assert(vfc_ppr_control_base(value) == BENCH_GPA + HV_PAGE && vfc_ppr_control_len(value) == 10);
    ck_assert(vfc_ppr_control_ppren(value) && vfc_ppr_control_pprautorspaon(value));
    amdvi_vfc_read(b.device, (uint16_t)info.gid, VFC_EVENT_B_BASE_OFFSET, 8, &value);
    ck_assert_uint_eq(vfc_event_b_base_base(value), BENCH_GPA + 2 * HV_PAGE);
    ck_assert(!reg_efr_viommusup(get(REG_EFR_OFFSET)) && reg_efr_giosup(get(REG_EFR_OFFSET)));
}
END_TEST

START_TEST(mistakes_have_names)
{
    struct hv_rfc_dev_info other = dev;
    struct hv_rfc_cmdbuf_data buffer = {.size = sizeof(buffer), .gid = info.gid, .cmdbuf_size = 4096};
    struct hv_stage2 *foreign;
    uint64_t spa, entry[4] = {1};

    other.size--;
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &other), HV_ERR_ARGUMENT);
    other = dev;
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &other), HV_ERR_BUSY);
    other.hdev_id = BENCH_OTHER;
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &other), HV_ERR_ORDER);
    ck_assert_int_eq(hv_rfc_device_detach(rfc, &other), HV_ERR_NO_OBJECT);
    foreign = bench_stage2(&b, HV_PAGE, &spa);
    ck_assert_int_eq(hv_device_attach(b.driver, BENCH_OTHER, foreign), HV_OK);
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &other), HV_ERR_EXISTS);
    other.gdev_id++;
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &other), HV_ERR_FOREIGN);
    ck_assert_int_eq(hv_device_attach(b.driver, BENCH_OTHER, stage2), HV_OK);
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &other), HV_OK);
    ck_assert_int_eq(hv_rfc_device_detach(rfc, &dev), HV_ERR_BUSY); /* its number is the TransDevID */
    other.iommu_id = 1;
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &other), HV_ERR_NO_OBJECT);
    dom.gdev_id = 0x99;
    ck_assert_int_eq(hv_rfc_domain_attach(rfc, &dom), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_rfc_cmdbuf_update(rfc, &buffer), HV_ERR_MODE);
    ck_assert_int_eq(hv_rfc_guest_table(rfc, &dev, entry), HV_ERR_DTE);
    spa = 0;
    ck_assert_int_eq(mmio(4, false, &spa), HV_ERR_ARGUMENT);
}
END_TEST

START_TEST(command_buffers_in_the_private_space)
{
    struct hv_rfc_cmdbuf_data buffer = {.size = sizeof(buffer), .gid = info.gid, .cmdbuf_size = 4096};
    int elsewhere;

    buffer.hva = &elsewhere;
    ck_assert_int_eq(hv_rfc_cmdbuf_update(rfc, &buffer), HV_ERR_UNMAPPED);
    buffer.hva = hv_memory_at(b.memory, ram + 16, 16);
    ck_assert_int_eq(hv_rfc_cmdbuf_update(rfc, &buffer), HV_ERR_ARGUMENT);
    buffer.hva = hv_memory_at(b.memory, ram + RING * HV_PAGE, HV_PAGE);
    buffer.cmdbuf_size = 100;
    ck_assert_int_eq(hv_rfc_cmdbuf_update(rfc, &buffer), HV_ERR_ARGUMENT);
    buffer.cmdbuf_size = 4096;
    ck_assert_int_eq(hv_rfc_cmdbuf_update(rfc, &buffer), HV_OK);
    ck_assert_int_eq(hv_rfc_domain_attach(rfc, &dom), HV_OK);
    run_ring();
    ck_assert_int_eq(hv_rfc_cmdbuf_update(rfc, &buffer), HV_OK); /* again, in place of the first */
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("rfc2023");
    TCase *old = tcase_create("private buffers");
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_guest_runs_by_the_eight_calls);
    tcase_add_test(tcase, each_guest_domain_is_its_own);
    tcase_add_test(tcase, registers_reach_vf_control);
    tcase_add_test(tcase, mistakes_have_names);
    tcase_add_checked_fixture(old, setup_private, teardown);
    tcase_add_test(old, command_buffers_in_the_private_space);
    failed = run_tests(tcase);
    return run_tests(old) || failed;
}
