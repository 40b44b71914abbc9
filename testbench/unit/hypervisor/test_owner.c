// SPDX-License-Identifier: Apache-2.0
/* An IOMMU that a kernel owns: guests are added, run on the kernel's own stage 2, and go without a trace
 * (viommu 1.5, 5.3, 7.6, 9.4). */
#include "bench.h"
#include "kernel.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/dte.h"
#include "testbench/hypervisor/guest_driver.h"
#include "testbench/hypervisor/rfc2023.h"
#include "testbench/hypervisor/workload.h"

enum { GDEV = 0x10, GUEST_BYTES = 16 << 20, TABLE_BYTES = 65536 * 32, REGISTERS = 8 };

static struct bench b;
static struct kernel k;
static struct hv_vmm *vmm;
static struct hv_vmm_range range;
static struct hv_foreign_stage2 stage2;
static unsigned char *before;
static uint64_t registers[REGISTERS];

/* The kernel runs, and the hypervisor's driver has joined; `numbers`: the kernel hands them out. */
static void join(bool numbers)
{
    struct hv_owner owner;

    bench_machine(&b, NULL, NULL);
    kernel_start(&k, b.device);
    ck_assert(
        hv_memory_reach(b.memory, KERNEL_BASE, KERNEL_RAM, hv_memory_at(k.memory, KERNEL_BASE, KERNEL_RAM)));
    before = malloc(TABLE_BYTES);
    memcpy(before, hv_memory_at(k.memory, k.device_table, TABLE_BYTES), TABLE_BYTES);
    for (unsigned i = 0; i < REGISTERS; i++)
        registers[i] = bench_register(&b, i * 8);
    owner = kernel_owner(&k, numbers);
    ck_assert_int_eq(hv_driver_share(b.device, b.memory, &b.options, &owner, &b.driver), HV_OK);
    ck_assert_int_eq(hv_device_add(b.driver, BENCH_DEVICE, true), HV_OK);
    ck_assert_int_eq(hv_device_add(b.driver, BENCH_OTHER, false), HV_OK);
    vmm = NULL;
}

static void start(int mode, bool numbers)
{
    struct hv_vmm_options options = {.mode = mode ? HV_VMM_MEDIATED : HV_VMM_HARDWARE,
                                     .first = BENCH_DEVICE,
                                     .first_guest = GDEV,
                                     .ranges = &range,
                                     .range_count = 1,
                                     .stage2 = &stage2};

    join(numbers);
    range = (struct hv_vmm_range){.gpa = BENCH_GPA, .bytes = GUEST_BYTES};
    range.spa = hv_memory_take(b.memory, GUEST_BYTES, 512 * HV_PAGE);
    range.at = hv_memory_at(b.memory, range.spa, GUEST_BYTES);
    stage2 = kernel_stage2(&k, BENCH_GPA, range.spa, GUEST_BYTES);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
}

static void leave(void)
{
    hv_vmm_destroy(vmm);
    vmm = NULL;
    hv_driver_destroy(b.driver);
    b.driver = NULL;
}

static void teardown(void)
{
    leave();
    kernel_end(&k);
    bench_free(&b);
    free(before);
    before = NULL;
    k = (struct kernel){0};
}

/* Nothing of the owner's differs but the entries named. */
static void check_table(const uint16_t *allowed, unsigned count)
{
    const unsigned char *now = hv_memory_at(k.memory, k.device_table, TABLE_BYTES);

    for (unsigned id = 0; id < 65536; id++) {
        bool free_to_change = false;
        for (unsigned i = 0; i < count; i++)
            free_to_change |= allowed[i] == id;
        if (!free_to_change)
            ck_assert_mem_eq(now + id * 32, before + id * 32, 32);
    }
}

static bool owner_reads(void)
{
    struct amdvi_result result = bench_read(&b, KERNEL_DEVICE, KERNEL_IOVA + 0x10);

    return result.ok && result.pa == k.page + 0x10;
}

static struct hv_workload *busy_guest(void)
{
    struct hv_workload_options work = {
        .seed = 5, .devices = {GDEV}, .device_count = 1, .gpa = BENCH_GPA, .bytes = GUEST_BYTES};
    struct hv_workload *workload;

    ck_assert_int_eq(hv_workload_create(vmm, &work, &workload), HV_OK);
    return workload;
}

/* `_i` bit 0: mediated, bit 1: the kernel hands out numbers, bit 2: it cannot give RESET_VMMIO. */
START_TEST(a_guest_comes_and_goes)
{
    const uint16_t touched[] = {2, BENCH_DEVICE, BENCH_OTHER, _i & 2 ? 0x4000 : 0xffff};
    struct hv_workload *workload;

    start(_i & 1, _i & 2);
    k.no_reset = _i & 4;
    for (unsigned round = 0; round < 20; round++) {
        if (!round)
            workload = busy_guest();
        ck_assert_int_eq(hv_workload_run(workload, 100), HV_OK);
        if (_i & 1)
            kernel_poll(&k, b.driver);
        ck_assert(owner_reads());
    }
    check_table(touched, 4);
    for (unsigned i = 0; i < REGISTERS; i++) /* of Control, guests' bits only */
        ck_assert_uint_eq(bench_register(&b, i * 8) & ~(i == 3 ? UINT64_C(0x1430000000000000) : 0),
                          registers[i]);
    hv_workload_destroy(workload);
    ck_assert_int_eq(hv_vmm_reset(vmm), HV_OK);
    for (uint64_t offset = REG_CMD_HEAD_OFFSET; offset <= REG_PPR_TAIL_OFFSET; offset += 8) {
        uint64_t value;
        ck_assert_int_eq(hv_vmm_read(vmm, offset, 8, &value), HV_OK);
        ck_assert_uint_eq(value, 0);
    }
    hv_workload_destroy(busy_guest());
    leave();
    check_table(NULL, 0);
    for (unsigned i = 0; i < REGISTERS; i++)
        ck_assert_uint_eq(bench_register(&b, i * 8), registers[i]);
    ck_assert(owner_reads());
    ck_assert(!(k.given[0] | k.given[1] | k.given[2]));
    ck_assert_uint_eq(hv_memory_used(b.memory), GUEST_BYTES);
}
END_TEST

START_TEST(what_the_owner_has_switched_on_stays_on)
{
    struct hv_owner owner;
    const uint64_t early = REG_CONTROL_GCR3TRPMODE_MASK | REG_CONTROL_VCMDEN_MASK;

    bench_machine(&b, NULL, NULL);
    kernel_start(&k, b.device);
    owner = kernel_owner(&k, _i);
    k.control |= early;
    ck_assert_int_eq(amdvi_mmio_write(b.device, REG_CONTROL_OFFSET, 8, k.control), AMDVI_OK);
    ck_assert_int_eq(hv_driver_share(b.device, b.memory, &b.options, &owner, &b.driver), HV_OK);
    ck_assert(reg_control_viommuen(bench_register(&b, REG_CONTROL_OFFSET)));
    leave();
    ck_assert_uint_eq(bench_register(&b, REG_CONTROL_OFFSET) & REG_CONTROL_VIOMMUEN_MASK, 0);
    ck_assert_uint_eq(bench_register(&b, REG_CONTROL_OFFSET) & early, early);
}
END_TEST

/* The entry that a device had is kept from the moment it is added, and comes back when it goes. */
START_TEST(a_device_is_its_owners_again)
{
    join(false);
    ck_assert(owner_reads());
    ck_assert_int_eq(hv_device_add(b.driver, KERNEL_DEVICE, false), HV_OK);
    ck_assert(!bench_read(&b, KERNEL_DEVICE, KERNEL_IOVA).ok);
    ck_assert_int_eq(hv_device_remove(b.driver, KERNEL_DEVICE), HV_OK);
    ck_assert(owner_reads());
}
END_TEST

/* ---------------------------------------------------------------- stage 2 */

static bool guest_reads(uint64_t gpa)
{
    return bench_read(&b, BENCH_DEVICE, gpa).ok;
}

START_TEST(the_owner_unmaps_guest_memory)
{
    struct hv_stage2 *mine;

    start(_i, false);
    mine = hv_fd_stage2(hv_vmm_context(vmm), hv_vmm_parent(vmm));
    ck_assert(guest_reads(BENCH_GPA + 0x1000));
    ck_assert_int_eq(hv_table_unmap(&k.guest, BENCH_GPA, 512 * HV_PAGE), HV_OK);
    ck_assert(guest_reads(BENCH_GPA + 0x1000)); /* it is cached */
    ck_assert_int_eq(hv_stage2_changed(mine, BENCH_GPA, 512 * HV_PAGE), HV_OK);
    ck_assert(!guest_reads(BENCH_GPA + 0x1000));
    ck_assert(guest_reads(BENCH_GPA + 512 * HV_PAGE));
    ck_assert_int_eq(hv_table_unmap(&k.guest, BENCH_GPA + 512 * HV_PAGE, 512 * HV_PAGE), HV_OK);
    ck_assert_int_eq(hv_stage2_changed(mine, 0, 0), HV_OK);
    ck_assert(!guest_reads(BENCH_GPA + 512 * HV_PAGE));
    ck_assert_int_eq(hv_stage2_map(mine, BENCH_GPA, range.spa, HV_PAGE, HV_READ, HV_PAGE), HV_ERR_FOREIGN);
    ck_assert_int_eq(hv_stage2_unmap(mine, BENCH_GPA, HV_PAGE), HV_ERR_FOREIGN);
    ck_assert_int_eq(hv_stage2_changed(NULL, 0, 0), HV_ERR_ARGUMENT);
}
END_TEST

/* The level below the new root moves too, and the old root is emptied: whoever still names it is found out.
 */
static void move_level4(uint64_t root, uint64_t old)
{
    uint64_t copy = hv_memory_page(k.memory);
    struct hv_stage2 *mine = hv_fd_stage2(hv_vmm_context(vmm), hv_vmm_parent(vmm));

    for (unsigned i = 0; i < 512; i++) {
        hv_memory_set(k.memory, copy + i * 8, hv_memory_get(k.memory, old + i * 8));
        hv_memory_set(k.memory, old + i * 8, 0);
    }
    hv_memory_set(k.memory, root, v1_set_addr(hv_memory_get(k.memory, root), copy));
    ck_assert_int_eq(hv_stage2_changed(mine, 0, 0), HV_OK);
}

/* As Linux does when its table grows: every device of the domain gets a plain entry again. */
static void rewrite_plain(uint64_t root, unsigned mode)
{
    struct hv_owner owner = kernel_owner(&k, true);
    uint64_t entry[4];

    hv_dte_host(entry, root, mode, KERNEL_GUEST_DOMAIN);
    ck_assert_int_eq(owner.entry_write(&k, BENCH_DEVICE, entry), HV_OK);
}

/* The device's entry has its guest half, and leads to the new table. */
static void check_renewed(const uint64_t old[4], uint64_t root, unsigned mode)
{
    struct hv_owner owner = kernel_owner(&k, true);
    uint64_t wanted[4], now[4];

    memcpy(wanted, old, sizeof(wanted));
    dte_set_mode(wanted, mode);
    dte_set_host_root(wanted, root);
    ck_assert_int_eq(owner.entry_read(&k, BENCH_DEVICE, now), HV_OK);
    ck_assert_mem_eq(now, wanted, sizeof(now));
}

/* Growth by a level (viommu 14 #5): guest, its devices and its ring go on. `_i` bit 0: mediated, bit 1: the
 * owner has written the devices' entries anew. */
START_TEST(the_owners_table_grows)
{
    struct hv_workload *workload;
    struct hv_stage2 *mine;
    uint64_t root, old, entry[4];

    start(_i & 1, true);
    mine = hv_fd_stage2(hv_vmm_context(vmm), hv_vmm_parent(vmm));
    workload = busy_guest();
    ck_assert_int_eq(hv_workload_run(workload, 500), HV_OK);
    root = hv_memory_page(k.memory);
    old = k.guest.root;
    hv_memory_set(k.memory, root,
                  v1_set_iw(v1_set_ir(v1_set_nextlevel(v1_set_pr(v1_set_addr(0, old), 1), 4), 1), 1));
    ck_assert_int_eq(kernel_owner(&k, true).entry_read(&k, BENCH_DEVICE, entry), HV_OK);
    if (_i & 2)
        rewrite_plain(root, 5);
    ck_assert_int_eq(hv_stage2_moved(mine, root, 5), HV_OK);
    check_renewed(entry, root, 5);
    move_level4(root, old);
    ck_assert_int_eq(hv_workload_run(workload, 500), HV_OK);
    hv_workload_destroy(workload);
    ck_assert_int_eq(hv_stage2_moved(mine, root + 8, 5), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_stage2_moved(mine, root, 7), HV_ERR_ARGUMENT);
}
END_TEST

/* What other drivers' tables hold: NextLevel 7, levels left out, directories that withhold a right. */
START_TEST(tables_of_others_are_understood)
{
    struct hv_foreign_stage2 foreign = {.mode = 4, .domain = 9};
    struct hv_stage2 *mine;
    uint64_t level3, spa;
    unsigned perm;

    join(false);
    foreign.root = hv_memory_page(k.memory);
    level3 = hv_memory_page(k.memory);
    hv_memory_set(k.memory, foreign.root,
                  v1_set_ir(v1_set_nextlevel(v1_set_pr(v1_set_addr(0, level3), 1), 2), 1));
    /* 4 MiB + 2^22: 16 MiB of NextLevel 7 at level 2 */
    hv_memory_set(
        k.memory, level3,
        v1_set_iw(v1_set_ir(v1_set_nextlevel(v1_set_pr(v1_set_addr(0, 0x100000000 | 0x7ff000), 1), 7), 1),
                  1));
    ck_assert_int_eq(hv_stage2_adopt(b.driver, &foreign, &mine), HV_OK);
    ck_assert(hv_stage2_lookup(mine, 0x123456, &spa, &perm));
    ck_assert_uint_eq(spa, 0x100123456);
    ck_assert_uint_eq(perm, HV_READ);
    ck_assert(!hv_stage2_lookup(mine, UINT64_C(1) << 30, &spa, &perm)); /* bits of the level left out */
    ck_assert(!hv_stage2_lookup(mine, 0x1000000, &spa, &perm));
    ck_assert_int_eq(hv_stage2_destroy(mine), HV_OK);
    foreign.mode = 7;
    ck_assert_int_eq(hv_stage2_adopt(b.driver, &foreign, &mine), HV_ERR_ARGUMENT);
    foreign.mode = 0;
    ck_assert_int_eq(hv_stage2_adopt(b.driver, &foreign, &mine), HV_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- what stays the owner's */

START_TEST(the_owner_hands_records_on)
{
    uint64_t entry[4] = {0}, record[2], gcr3;
    struct hv_guest_iommu iommu;

    start(1, false);
    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    gcr3 = hv_guest_take(&iommu.pages, 1);
    ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, 0, hv_guest_take(&iommu.pages, 1)));
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_gcr3_root(entry, gcr3);
    hv_guest_iommu_entry(&iommu, GDEV, entry);
    ck_assert_int_eq(hv_guest_iommu_wait(&iommu), HV_OK);
    ck_assert(!guest_reads(0x5000));
    ck_assert_int_eq(hv_vmm_deliver(vmm), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_record(&iommu, AMDVI_LOG_EVENT, record), HV_ERR_EMPTY);
    kernel_poll(&k, b.driver);
    ck_assert_int_eq(hv_vmm_deliver(vmm), HV_OK);
    ck_assert_int_eq(hv_guest_iommu_record(&iommu, AMDVI_LOG_EVENT, record), HV_OK);
    ck_assert_uint_eq(evt_io_page_fault_deviceid(record), GDEV);
    hv_guest_iommu_destroy(&iommu);
}
END_TEST

/* The proposal of 2023 takes a guest domain's number from the entry of one of its devices (viommu 9.1). */
START_TEST(an_unreadable_entry_names_no_domain)
{
    struct hv_rfc_iommu_info info = {.size = sizeof(info)};
    struct hv_rfc_dev_info dev = {.size = sizeof(dev), .hdev_id = BENCH_DEVICE, .gdev_id = GDEV};
    struct hv_rfc_dom_info dom = {.size = sizeof(dom), .gdev_id = GDEV, .gdom_id = 5};
    struct hv_stage2 *mine;
    struct hv_rfc *rfc;

    join(true);
    stage2 = kernel_stage2(&k, BENCH_GPA, hv_memory_take(b.memory, GUEST_BYTES, 512 * HV_PAGE), GUEST_BYTES);
    ck_assert_int_eq(hv_stage2_adopt(b.driver, &stage2, &mine), HV_OK);
    ck_assert_int_eq(hv_device_attach(b.driver, BENCH_DEVICE, mine), HV_OK);
    ck_assert_int_eq(hv_rfc_create(&b.driver, 1, &rfc), HV_OK);
    ck_assert_int_eq(hv_rfc_iommu_init(rfc, &info), HV_OK);
    dev.gid = dom.gid = info.gid;
    ck_assert_int_eq(hv_rfc_device_attach(rfc, &dev), HV_OK);
    k.unreadable = true;
    ck_assert_int_eq(hv_rfc_domain_attach(rfc, &dom), HV_ERR_DEVICE);
    k.unreadable = false;
    ck_assert_int_eq(hv_rfc_domain_attach(rfc, &dom), HV_OK);
    hv_rfc_destroy(rfc);
}
END_TEST

START_TEST(refusals_have_names)
{
    const struct hv_interrupt to_cpu = {.valid = true, .vector = 0x40};
    struct hv_owner owner, lacking;
    struct hv_driver *none = NULL;
    uint64_t record[2];

    bench_machine(&b, NULL, NULL);
    kernel_start(&k, b.device);
    owner = kernel_owner(&k, true);
    for (unsigned i = 0; i < 6; i++) {
        lacking = owner;
        if (i == 0)
            lacking.entry_read = NULL;
        else if (i == 1)
            lacking.entry_write = NULL;
        else if (i == 2)
            lacking.command = NULL;
        else if (i == 3)
            lacking.wait = NULL;
        else if (i == 4)
            lacking.take = NULL;
        else
            lacking.give = NULL;
        ck_assert_int_eq(hv_driver_share(b.device, b.memory, &b.options, &lacking, &none), HV_ERR_ARGUMENT);
    }
    ck_assert_int_eq(hv_driver_share(b.device, b.memory, &b.options, NULL, &none), HV_ERR_ARGUMENT);
    amdvi_mmio_write(b.device, REG_CONTROL_OFFSET, 8, k.control & ~REG_CONTROL_GTEN_MASK);
    ck_assert_int_eq(hv_driver_share(b.device, b.memory, &b.options, &owner, &none), HV_ERR_ORDER);
    amdvi_mmio_write(b.device, REG_CONTROL_OFFSET, 8, k.control);
    ck_assert_int_eq(hv_driver_share(b.device, b.memory, &b.options, &owner, &b.driver), HV_OK);
    ck_assert_int_eq(hv_device_add(b.driver, BENCH_DEVICE, true), HV_OK);
    ck_assert_int_eq(hv_driver_event(b.driver, AMDVI_LOG_EVENT, record), HV_ERR_UNSUPPORTED);
    ck_assert_int_eq(hv_device_interrupt(b.driver, BENCH_DEVICE, 0, &to_cpu), HV_ERR_UNSUPPORTED);
    ck_assert_int_eq(hv_driver_poll(b.driver), HV_OK);
    ck_assert_int_eq(hv_driver_record(b.driver, AMDVI_LOG_GA, record, &(bool){0}), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_driver_record(b.driver, AMDVI_LOG_EVENT, record, NULL), HV_ERR_ARGUMENT);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("owner");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, a_guest_comes_and_goes, 0, 8);
    tcase_add_loop_test(tcase, what_the_owner_has_switched_on_stays_on, 0, 2);
    tcase_add_test(tcase, a_device_is_its_owners_again);
    tcase_add_loop_test(tcase, the_owner_unmaps_guest_memory, 0, 2);
    tcase_add_loop_test(tcase, the_owners_table_grows, 0, 4);
    tcase_add_test(tcase, tables_of_others_are_understood);
    tcase_add_test(tcase, the_owner_hands_records_on);
    tcase_add_test(tcase, an_unreadable_entry_names_no_domain);
    tcase_add_test(tcase, refusals_have_names);
    return run_tests(tcase);
}
