// SPDX-License-Identifier: Apache-2.0
/* Messages of the logs: MSI, and the XT registers of each log (8.7). */
#include "machine.h"

#define C_PAGING (C_PPR | C_PPRLOG | C_GT)

static struct machine m;

static void setup(void)
{
    machine_open(&m, "preset=genoa");
    dte(&m, DEV, D_V, DOM, 0); /* blocked: every request is an event */
    dte(&m, DEV + 1, D_OK | D_GV | UINT64_C(1) << 52, DOM, 0);
}

static void teardown(void)
{
    machine_close(&m);
}

static void event(void)
{
    ask(&m, AMDVI_READ, 0);
}

static void page_request(void)
{
    const struct amdvi_page_request request = {
        .device = DEV + 1, .has_pasid = true, .pasid = 5, .read = true, .last = true, .address = 0x9000};
    struct amdvi_page_request_result result;

    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
}

static void program_msi(unsigned messages_log2)
{
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x68, 8, UINT64_C(0x00000000fee12004)), AMDVI_OK);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x70, 2, 0x40), AMDVI_OK);
    ck_assert_int_eq(amdvi_pci_write(m.device, 0x66, 2, 1 | messages_log2 << 4), AMDVI_OK);
}

START_TEST(without_msi_the_condition_is_told_but_not_delivered)
{
    boot(&m, C_NORMAL | C_EVTINT);
    event();
    ck_assert_uint_eq(m.irqs, 1);
    ck_assert_int_eq(m.irq[0].cause, AMDVI_IRQ_EVENT);
    ck_assert(!m.irq[0].deliverable);
    ck_assert(!m.irq[0].guest);
}
END_TEST

START_TEST(msi_message)
{
    program_msi(0);
    boot(&m, C_NORMAL | C_EVTINT);
    event();
    ck_assert(m.irq[0].deliverable);
    ck_assert_uint_eq(m.irq[0].address, 0xfee12004);
    ck_assert_uint_eq(m.irq[0].data, 0x40);
    ck_assert_uint_eq(m.irq[0].vector, 0x40);
    ck_assert_uint_eq(m.irq[0].destination, 0x12);
    ck_assert(m.irq[0].logical);
}
END_TEST

START_TEST(msi_numbers_pick_the_message)
{
    struct machine other;

    machine_open(&other, "preset=genoa misc0=0x08203043 misc1=2");
    m.irqs = 0;
    ck_assert_int_eq(amdvi_pci_write(other.device, 0x70, 2, 0x40), AMDVI_OK);
    ck_assert_int_eq(amdvi_pci_write(other.device, 0x66, 2, 1 | 2 << 4), AMDVI_OK);
    dte(&other, DEV, D_V, DOM, 0);
    boot(&other, C_NORMAL | C_EVTINT | C_WAITINT);
    ask(&other, AMDVI_READ, IOVA);
    command(&other, UINT64_C(1) << 60 | 2, 0);
    ck_assert_uint_eq(other.irq[0].data, 0x43);
    ck_assert_int_eq(other.irq[1].cause, AMDVI_IRQ_COMPLETION_WAIT);
    ck_assert_uint_eq(other.irq[1].data, 0x43);
    machine_close(&other);
}
END_TEST

START_TEST(xt_register_message)
{
    reg(&m, 0x170, UINT64_C(0xab) << 56 | UINT64_C(1) << 40 | UINT64_C(0x9d) << 32 | 0x123456 << 8 | 4);
    boot(&m, C_NORMAL | C_EVTINT | UINT64_C(1) << 51);
    event();
    ck_assert(m.irq[0].deliverable);
    ck_assert_uint_eq(m.irq[0].vector, 0x9d);
    ck_assert_uint_eq(m.irq[0].destination, 0xab123456);
    ck_assert(m.irq[0].logical);
    ck_assert_uint_eq(m.irq[0].address, UINT64_C(0xab1234) << 40 | 0xfee56004);
    ck_assert_uint_eq(m.irq[0].data, 0x19d);
}
END_TEST

START_TEST(a_zero_xt_register_is_masked)
{
    boot(&m, C_NORMAL | C_EVTINT | UINT64_C(1) << 51);
    event();
    ck_assert_uint_eq(m.irqs, 1);
    ck_assert(!m.irq[0].deliverable);
}
END_TEST

START_TEST(each_log_has_its_xt_register)
{
    reg(&m, 0x178, UINT64_C(0x77) << 32);
    boot(&m, C_NORMAL | C_PAGING | C_PPRINT | UINT64_C(1) << 51);
    page_request();
    ck_assert_int_eq(m.irq[0].cause, AMDVI_IRQ_PPR);
    ck_assert_uint_eq(m.irq[0].vector, 0x77);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("messages");
    TCase *tests = tcase_create("messages");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, without_msi_the_condition_is_told_but_not_delivered);
    tcase_add_test(tests, msi_message);
    tcase_add_test(tests, msi_numbers_pick_the_message);
    tcase_add_test(tests, xt_register_message);
    tcase_add_test(tests, a_zero_xt_register_is_masked);
    tcase_add_test(tests, each_log_has_its_xt_register);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
