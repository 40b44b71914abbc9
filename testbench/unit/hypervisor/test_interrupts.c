// SPDX-License-Identifier: Apache-2.0
/* Interrupts of devices that belong to guests (iommu 8.2, 8.3, 8.6): none passes unless the host has said
 * where. */
#include "bench.h"
#include "run.h"

#include "tables/layout.h"
#include "testbench/hypervisor/vmm.h"

enum { GDEV = 0x10, GUEST_BYTES = 16 << 20, INDEX = 7, VECTOR = 0x51, CPU = 3 };

/* A message to processor 0, as a device sends it: the data is the index. */
#define MESSAGE UINT64_C(0xfee00000)

static struct bench b;
static struct hv_vmm *vmm;
static const struct hv_interrupt to_cpu = {.valid = true, .vector = VECTOR, .destination = CPU};

static void setup(void)
{
    struct hv_vmm_options options = {.gpa = BENCH_GPA, .memory = GUEST_BYTES};

    options.first = BENCH_DEVICE;
    options.first_guest = GDEV;
    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
}

static void teardown(void)
{
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

static struct amdvi_int_result message(uint16_t device, uint32_t index)
{
    struct amdvi_int_result result;

    ck_assert_int_eq(amdvi_interrupt(b.device, device, MESSAGE, index, &result), AMDVI_OK);
    return result;
}

static void expect_cpu(uint32_t index)
{
    struct amdvi_int_result r = message(BENCH_DEVICE, index);

    ck_assert(r.ok && !r.posted);
    ck_assert_uint_eq(r.vector, VECTOR);
    ck_assert_uint_eq(r.destination, CPU);
}

START_TEST(no_message_passes_by_itself)
{
    ck_assert(!message(BENCH_DEVICE, VECTOR).ok);
    ck_assert(!message(BENCH_OTHER, VECTOR).ok); /* nobody has it */
    ck_assert(!message(0x999, VECTOR).ok);       /* nobody knows it */
}
END_TEST

START_TEST(each_message_goes_where_the_host_says)
{
    struct hv_interrupt none = {0};

    ck_assert_int_eq(hv_vmm_device_interrupt(vmm, GDEV, INDEX, &none), HV_OK);
    ck_assert_int_eq(hv_vmm_device_interrupt(vmm, GDEV, INDEX, &to_cpu), HV_OK);
    expect_cpu(INDEX);
    ck_assert(!message(BENCH_DEVICE, INDEX + 1).ok && !message(BENCH_DEVICE, 256).ok);
    ck_assert(!message(BENCH_OTHER, INDEX).ok);
    ck_assert_int_eq(hv_vmm_device_interrupt(vmm, GDEV, INDEX, &none), HV_OK);
    ck_assert(!message(BENCH_DEVICE, INDEX).ok);
}
END_TEST

/* What the guest does to its own entry does not touch the interrupt part of the host's. */
START_TEST(attaching_keeps_interrupts)
{
    struct hv_stage2 *stage2;
    uint64_t spa;

    ck_assert_int_eq(hv_device_interrupt(b.driver, BENCH_OTHER, INDEX, &to_cpu), HV_OK);
    stage2 = bench_stage2(&b, HV_PAGE, &spa);
    ck_assert_int_eq(hv_device_attach(b.driver, BENCH_OTHER, stage2), HV_OK);
    ck_assert_uint_eq(message(BENCH_OTHER, INDEX).vector, VECTOR);
    ck_assert_int_eq(hv_device_block(b.driver, BENCH_OTHER), HV_OK);
    ck_assert_uint_eq(message(BENCH_OTHER, INDEX).vector, VECTOR);
    ck_assert_int_eq(hv_device_remove(b.driver, BENCH_OTHER), HV_OK);
    ck_assert(!message(BENCH_OTHER, INDEX).ok);
    ck_assert_int_eq(hv_device_add(b.driver, BENCH_OTHER, false), HV_OK);
    ck_assert(!message(BENCH_OTHER, INDEX).ok);
}
END_TEST

/* The interrupt request register of the virtual APIC: offset 200h + 10h for each 32 vectors (iommu 8.6). */
START_TEST(a_message_may_be_posted)
{
    struct hv_interrupt posted = to_cpu;

    posted.vapic = hv_memory_page(b.memory);
    ck_assert_int_eq(hv_vmm_device_interrupt(vmm, GDEV, INDEX, &posted), HV_OK);
    ck_assert(message(BENCH_DEVICE, INDEX).posted);
    ck_assert_uint_eq(hv_memory_get(b.memory, posted.vapic + 0x200 + VECTOR / 32 * 0x10), 1u << VECTOR % 32);
}
END_TEST

START_TEST(mistakes_have_names)
{
    struct hv_interrupt wrong = to_cpu;

    ck_assert_int_eq(hv_device_interrupt(b.driver, 0x999, 0, &to_cpu), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_device_interrupt(b.driver, BENCH_DEVICE, 256, &to_cpu), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_device_interrupt(b.driver, BENCH_DEVICE, 0, NULL), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_device_interrupt(vmm, GDEV + 1, 0, &to_cpu), HV_ERR_NO_OBJECT);
    wrong.destination = 256;
    ck_assert_int_eq(hv_device_interrupt(b.driver, BENCH_DEVICE, 0, &wrong), HV_ERR_ARGUMENT);
    wrong = to_cpu;
    wrong.vapic = 8;
    ck_assert_int_eq(hv_device_interrupt(b.driver, BENCH_DEVICE, 0, &wrong), HV_ERR_ARGUMENT);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("interrupts");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, no_message_passes_by_itself);
    tcase_add_test(tcase, each_message_goes_where_the_host_says);
    tcase_add_test(tcase, attaching_keeps_interrupts);
    tcase_add_test(tcase, a_message_may_be_posted);
    tcase_add_test(tcase, mistakes_have_names);
    return run_tests(tcase);
}
