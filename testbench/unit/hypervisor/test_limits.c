// SPDX-License-Identifier: Apache-2.0
/* Memory and numbers that run out, two IOMMUs in one context, and interrupts of a guest's log. */
#include "bench.h"
#include "run.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/iommufd.h"
#include "testbench/hypervisor/rfc2023.h"

enum { VECTOR = 0x41, VAPIC_IRR = 0x200, EVENT_PAGE = 1, GDEV = 0x10 };

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

/* Leaves `pages` free pages, not in a row when there are several. */
static void leave(unsigned pages)
{
    uint64_t hole[64];

    for (unsigned i = 0; i < pages; i++) {
        hole[i] = hv_memory_page(b.memory);
        hv_memory_page(b.memory);
    }
    for (uint64_t bytes = BENCH_RAM; bytes >= HV_PAGE; bytes /= 2)
        while (hv_memory_take(b.memory, bytes, HV_PAGE))
            ;
    for (unsigned i = 0; i < pages; i++)
        hv_memory_give(b.memory, hole[i], HV_PAGE);
}

START_TEST(memory_that_runs_out_leaks_nothing)
{
    struct hv_rfc_iommu_info info = {.size = sizeof(info)};
    struct hv_viommu_alloc alloc = {.type = HV_VIOMMU_AMD};
    struct hv_stage2 *stage2;
    struct hv_rfc *rfc;
    struct hv_fd *fd;
    hv_handle device;
    uint64_t used;

    ck_assert_int_eq(hv_rfc_create(&b.driver, 1, &rfc), HV_OK);
    ck_assert_int_eq(hv_fd_create(0, &fd), HV_OK);
    ck_assert_int_eq(hv_fd_bind(fd, b.driver, BENCH_DEVICE, &device), HV_OK);
    leave((unsigned)_i);
    used = hv_memory_used(b.memory);
    if (_i < 1)
        ck_assert_int_eq(hv_stage2_create(b.driver, &stage2), HV_ERR_NO_MEMORY);
    ck_assert_int_eq(hv_rfc_iommu_init(rfc, &info), HV_ERR_NO_MEMORY);
    ck_assert_uint_eq(hv_memory_used(b.memory), used);
    alloc.device = device;
    if (!hv_fd_parent_alloc(fd, device, &alloc.parent)) {
        ck_assert_int_eq(hv_fd_viommu_alloc(fd, &alloc), HV_ERR_NO_MEMORY);
        if (_i < 4)
            ck_assert_int_eq(hv_fd_map(fd, alloc.parent, BENCH_GPA, BENCH_BASE, HV_PAGE, HV_READ, HV_PAGE),
                             HV_ERR_NO_MEMORY);
        ck_assert_int_eq(hv_fd_destroy_object(fd, alloc.parent), HV_OK);
    }
    ck_assert_uint_eq(hv_memory_used(b.memory), used);
    hv_fd_close(fd);
    hv_rfc_destroy(rfc);
}
END_TEST

/* Every DeviceID is a real device: none is left to translate a guest's buffers. */
START_TEST(transdevids_run_out)
{
    uint64_t spa;
    struct hv_stage2 *stage2 = bench_stage2(&b, HV_PAGE, &spa);
    struct hv_guest *guest, *second;

    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    for (unsigned id = 0; id < 0x10000; id++)
        if (id != hv_guest_trans(guest))
            hv_device_add(b.driver, (uint16_t)id, false);
    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &second), HV_ERR_NO_ID);
    ck_assert_int_eq(hv_guest_relocate(guest), HV_ERR_NO_ID);
    ck_assert_int_eq(hv_device_add(b.driver, 0xffff, false), HV_ERR_NO_ID); /* the guest has nowhere to go */
    ck_assert_int_eq(hv_device_remove(b.driver, 0x4321), HV_OK);
    ck_assert_int_eq(hv_device_add(b.driver, 0xffff, false), HV_OK);
    ck_assert_uint_eq(hv_guest_trans(guest), 0x4321);
    hv_guest_destroy(guest);
    ck_assert_int_eq(hv_stage2_destroy(stage2), HV_OK);
}
END_TEST

START_TEST(objects_of_two_iommus_do_not_mix)
{
    struct hv_viommu_alloc alloc = {.type = HV_VIOMMU_MEDIATED};
    hv_handle here, there, parent, vdevice;
    struct hv_stage2 *stage2;
    struct hv_guest *guest;
    struct bench other;
    struct hv_fd *fd;
    uint64_t spa;

    bench_machine(&other, NULL, NULL);
    bench_start(&other);
    ck_assert_int_eq(hv_fd_create(0, &fd), HV_OK);
    ck_assert_int_eq(hv_fd_bind(fd, b.driver, BENCH_DEVICE, &here), HV_OK);
    ck_assert_int_eq(hv_fd_bind(fd, other.driver, BENCH_DEVICE, &there), HV_OK);
    ck_assert_int_eq(hv_fd_parent_alloc(fd, here, &parent), HV_OK);
    ck_assert_int_eq(hv_fd_attach(fd, there, parent), HV_ERR_FOREIGN);
    alloc.device = there;
    alloc.parent = parent;
    ck_assert_int_eq(hv_fd_viommu_alloc(fd, &alloc), HV_ERR_FOREIGN);
    alloc.device = here;
    ck_assert_int_eq(hv_fd_viommu_alloc(fd, &alloc), HV_OK);
    ck_assert_int_eq(hv_fd_vdevice_alloc(fd, alloc.viommu, there, 1, &vdevice), HV_ERR_FOREIGN);
    stage2 = bench_stage2(&b, HV_PAGE, &spa);
    ck_assert_int_eq(hv_device_attach(other.driver, BENCH_OTHER, stage2), HV_ERR_FOREIGN);
    ck_assert_int_eq(hv_guest_create(other.driver, stage2, &guest), HV_ERR_FOREIGN);
    hv_fd_close(fd);
    bench_free(&other);
}
END_TEST

/* A fault of the guest's making: a record in its log, and the vector in its virtual APIC's page (viommu 8.5).
 */
START_TEST(guest_faults_interrupt_the_guest)
{
    uint64_t spa, control = vfc_event_control_set_base(0, BENCH_GPA + EVENT_PAGE * HV_PAGE), record[2];
    struct hv_stage2 *stage2 = bench_stage2(&b, 32 * HV_PAGE, &spa);
    struct hv_interrupt interrupt = {.valid = true, .vector = VECTOR, .running = true, .vapic = spa};
    struct hv_nested nested = {.stage2 = stage2, .guest_device = GDEV};
    struct hv_guest *guest;

    ck_assert_int_eq(hv_guest_create(b.driver, stage2, &guest), HV_OK);
    control = vfc_event_control_set_eventinten(vfc_event_control_set_eventlogen(control, 1), 1);
    ck_assert_int_eq(hv_guest_control(guest, VFC_EVENT_CONTROL_OFFSET, vfc_event_control_set_len(control, 8)),
                     HV_OK);
    interrupt.vapic = spa + 1;
    ck_assert_int_eq(hv_guest_interrupt(guest, HV_INTERRUPT_EVENT, &interrupt), HV_ERR_ARGUMENT);
    interrupt.vapic = spa;
    ck_assert_int_eq(hv_guest_interrupt(guest, HV_INTERRUPT_EVENT, &interrupt), HV_OK);
    bench_guest_tables(&b, spa, 8, 0x5000, BENCH_GPA, 1, nested.guest_entry);
    nested.guest = guest;
    ck_assert_int_eq(hv_domain_take(stage2, &nested.host_domain), HV_OK);
    ck_assert_int_eq(hv_device_attach_nested(b.driver, BENCH_DEVICE, &nested), HV_OK);
    ck_assert(!bench_read(&b, BENCH_DEVICE, 0x6000).ok);
    for (unsigned i = 0; i < 2; i++)
        record[i] = hv_memory_get(b.memory, spa + EVENT_PAGE * HV_PAGE + i * 8);
    ck_assert_uint_eq(evt_io_page_fault_code(record), EVT_IO_PAGE_FAULT);
    ck_assert_uint_eq(evt_io_page_fault_deviceid(record), GDEV);
    ck_assert_uint_eq(evt_io_page_fault_address(record), 0x6000);
    ck_assert_uint_eq(hv_memory_get(b.memory, spa + VAPIC_IRR + VECTOR / 32 * 16) >> VECTOR % 32 & 1, 1);
    ck_assert_int_eq(hv_driver_event(b.driver, AMDVI_LOG_EVENT, record), HV_ERR_EMPTY);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("limits");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, memory_that_runs_out_leaks_nothing, 0, 12);
    tcase_add_test(tcase, transdevids_run_out);
    tcase_add_test(tcase, objects_of_two_iommus_do_not_mix);
    tcase_add_test(tcase, guest_faults_interrupt_the_guest);
    return run_tests(tcase);
}
