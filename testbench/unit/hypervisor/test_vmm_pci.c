// SPDX-License-Identifier: Apache-2.0
/* How the guest finds its IOMMU and is interrupted by it: PCI function, capability block, IVRS, MSI
 * (iommu 1.1 to 1.3, 8.2, 8.7). */
#include "bench.h"
#include "run.h"

#include "amdvi/ivrs.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/guest_driver.h"

enum { GDEV = 0x10, GBELOW = 0x08, IOMMU = 0x0a, GUEST_BYTES = 16 << 20, VECTOR = 0x45 };

#define MMIO UINT64_C(0x1fed00000)

static struct bench b;
static struct hv_vmm *vmm;
static struct hv_vmm_options options;
static unsigned events;
static uint8_t vector;

static void on_interrupt(void *context, enum hv_interrupt_type type, uint8_t told)
{
    (void)context;
    events += type == HV_INTERRUPT_EVENT;
    vector = told;
}

static void start(int mode)
{
    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    options = (struct hv_vmm_options){.mode = mode ? HV_VMM_MEDIATED : HV_VMM_HARDWARE,
                                      .gpa = BENCH_GPA,
                                      .memory = GUEST_BYTES,
                                      .first = BENCH_DEVICE,
                                      .first_guest = GDEV,
                                      .mmio = MMIO,
                                      .iommu = IOMMU,
                                      .interrupt = on_interrupt};
    options.vapic = hv_memory_page(b.memory);
    events = 0;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
}

static void teardown(void)
{
    hv_vmm_destroy(vmm);
    bench_free(&b);
}

static uint64_t pci(unsigned offset, unsigned size)
{
    uint64_t value;

    ck_assert_int_eq(hv_vmm_pci_read(vmm, offset, size, &value), HV_OK);
    return value;
}

static unsigned capability(unsigned id)
{
    unsigned at = (unsigned)pci(0x34, 1);

    while (at && pci(at, 1) != id)
        at = (unsigned)pci(at + 1, 1);
    return at;
}

START_TEST(the_guest_finds_a_function)
{
    unsigned at;

    start(_i);
    ck_assert_uint_eq(pci(0, 2), 0x1022);
    ck_assert_uint_eq(pci(8, 4) >> 16, 0x0806);
    at = capability(0x0f);
    ck_assert_uint_ne(at, 0);
    ck_assert_uint_eq(pci(at, 4) >> 16 & 7, 3);                         /* CapType */
    ck_assert(pci(at, 4) >> 24 & 1 && pci(at, 4) >> 27 & 1);            /* IotlbSup, EFRSup */
    ck_assert(!(pci(at, 4) >> 26 & 1));                                 /* NpCache (viommu 4.3) */
    ck_assert_uint_eq(pci(at + 4, 4) | pci(at + 8, 4) << 32, MMIO | 1); /* enabled */
    ck_assert_uint_eq(capability(0x09), 0);                             /* no guests of its own */
    ck_assert_uint_ne(capability(0x05), 0);
    ck_assert_int_eq(hv_vmm_pci_read(vmm, 1, 4, &(uint64_t){0}), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_pci_write(NULL, 0, 4, 0), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_add_device(vmm, BENCH_OTHER, IOMMU), HV_ERR_EXISTS);
}
END_TEST

/* The IVHD of type 11h: DeviceID at 4, capability offset at 6, base at 8, EFR at 24 (iommu 1.3). */
START_TEST(the_table_describes_it)
{
    static unsigned char table[4096];
    struct amdvi_ivrs_summary summary;
    bool below = false;
    uint64_t efr, seen, base;
    uint16_t id;
    size_t bytes, at = 48;

    start(_i);
    ck_assert_int_eq(hv_vmm_add_device(vmm, BENCH_OTHER, GBELOW), HV_OK);
    ck_assert_int_eq(hv_vmm_ivrs(vmm, NULL, 0, &bytes), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_vmm_ivrs(vmm, table, sizeof(table), &bytes), HV_OK);
    ck_assert_int_eq(amdvi_ivrs_check(table, bytes, &summary), AMDVI_OK);
    ck_assert_uint_eq(summary.ivhd_11, 1);
    while (table[at] != 0x11)
        at += table[at + 2] | table[at + 3] << 8;
    memcpy(&id, table + at + 4, 2);
    memcpy(&base, table + at + 8, 8);
    memcpy(&efr, table + at + 24, 8);
    ck_assert_int_eq(hv_vmm_read(vmm, REG_EFR_OFFSET, 8, &seen), HV_OK);
    ck_assert(id == IOMMU && base == MMIO && efr == seen);
    for (size_t i = at + 40; i < bytes; i += 4) {
        ck_assert_uint_ne(table[i], 0x48); /* no IOAPIC: no interrupt remapping */
        below = below || (table[i] == 2 && table[i + 1] == GBELOW);
    }
    ck_assert(below);
}
END_TEST

static void program(uint64_t more)
{
    unsigned at = capability(0x05);

    ck_assert_int_eq(hv_vmm_pci_write(vmm, at + 4, 4, 0xfee00000 | 3 << 12), HV_OK);
    ck_assert_int_eq(hv_vmm_pci_write(vmm, at + 8, 4, 0), HV_OK);
    ck_assert_int_eq(hv_vmm_pci_write(vmm, at + 12, 2, VECTOR), HV_OK);
    ck_assert_int_eq(hv_vmm_pci_write(vmm, at, 4, pci(at, 4) | more), HV_OK);
}

/* A fault of the guest's own tables; how often it was interrupted for it. */
static unsigned interrupts_of_a_fault(void)
{
    struct amdvi_request request = {.device = GDEV, .op = AMDVI_READ, .address = 0x7000, .length = 8};
    uint64_t entry[4] = {0}, gcr3, irr = options.vapic + 0x200 + VECTOR / 32 * 0x10;
    struct hv_guest_iommu iommu;
    struct amdvi_result result;

    ck_assert_int_eq(hv_guest_iommu_create(&iommu, vmm, BENCH_GPA, GUEST_BYTES), HV_OK);
    hv_vmm_write(vmm, REG_CONTROL_OFFSET, 8, iommu.control | REG_CONTROL_EVENTINTEN_MASK);
    gcr3 = hv_guest_take(&iommu.pages, 1);
    ck_assert(hv_guest_gcr3_set(&iommu.pages, gcr3, 0, 0, hv_guest_take(&iommu.pages, 1)));
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
    ck_assert_int_eq(hv_vmm_translate(vmm, &request, &result), HV_OK);
    ck_assert(!result.ok);
    hv_guest_iommu_destroy(&iommu);
    return events + (hv_memory_get(b.memory, irr) >> VECTOR % 32 & 1);
}

START_TEST(the_msi_says_where_interrupts_go)
{
    start(_i);
    program(MSI_HEADER_MSIEN_MASK);
    ck_assert_uint_eq(interrupts_of_a_fault(), 1);
    ck_assert(!_i || vector == VECTOR);
}
END_TEST

START_TEST(without_msi_there_is_no_interrupt)
{
    start(_i);
    program(0);
    ck_assert_uint_eq(interrupts_of_a_fault(), 0);
}
END_TEST

START_TEST(a_reset_takes_the_msi_along)
{
    start(_i);
    program(MSI_HEADER_MSIEN_MASK);
    ck_assert_int_eq(hv_vmm_reset(vmm), HV_OK);
    ck_assert(!(pci(capability(0x05), 4) & MSI_HEADER_MSIEN_MASK));
    ck_assert_uint_eq(pci(capability(0x0f) + 4, 4) & 1, 1);
    ck_assert_uint_eq(interrupts_of_a_fault(), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("pci");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, the_guest_finds_a_function, 0, 2);
    tcase_add_loop_test(tcase, the_table_describes_it, 0, 2);
    tcase_add_loop_test(tcase, the_msi_says_where_interrupts_go, 0, 2);
    tcase_add_loop_test(tcase, without_msi_there_is_no_interrupt, 0, 2);
    tcase_add_loop_test(tcase, a_reset_takes_the_msi_along, 0, 2);
    return run_tests(tcase);
}
