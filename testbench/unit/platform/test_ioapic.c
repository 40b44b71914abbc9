// SPDX-License-Identifier: Apache-2.0
/* The I/O APIC: registers, edge and level inputs, end of interrupt. */
#include "testbench/platform/ioapic.h"
#include "testbench/unit/platform/suites.h"

enum { ID = 33, LOGICAL = 1 << 11, LOWEST_PRIORITY = 1 << 8, ASSERT = 1 << 14 };

static struct ioapic *apic;
static uint64_t address;
static uint32_t data;
static unsigned sent;

static void take(void *context, uint64_t to, uint32_t value)
{
    address = to;
    data = value;
    sent++;
}

static void setup(void)
{
    sent = 0;
    apic = ioapic_create(ID, take, NULL);
}

static void teardown(void)
{
    ioapic_destroy(apic);
}

static uint32_t get(uint8_t index)
{
    ioapic_write(apic, IOAPIC_INDEX, 4, index);
    return ioapic_read(apic, IOAPIC_DATA, 4);
}

static void set(uint8_t index, uint32_t value)
{
    ioapic_write(apic, IOAPIC_INDEX, 4, index);
    ioapic_write(apic, IOAPIC_DATA, 4, value);
}

static void entry(unsigned pin, uint32_t high, uint32_t low)
{
    set((uint8_t)(0x11 + 2 * pin), high);
    set((uint8_t)(0x10 + 2 * pin), low);
}

static uint32_t low_of(unsigned pin)
{
    return get((uint8_t)(0x10 + 2 * pin));
}

START_TEST(test_registers)
{
    ck_assert_uint_eq(get(0), (uint32_t)ID << 24);
    ck_assert_uint_eq(get(1) >> 16 & 0xff, 23);
    ck_assert_uint_ge(get(1) & 0xff, 0x20); /* has an EOI register */
    ck_assert_uint_eq(get(0x10 + 2 * 23), IOAPIC_MASKED);
    ck_assert_uint_eq(get(0x40), 0);
    ck_assert_uint_eq(ioapic_read(apic, IOAPIC_INDEX, 4), 0x40);
    ck_assert_uint_eq(ioapic_read(apic, 8, 4), 0);
    set(0, 7u << 24);
    ck_assert_uint_eq(get(0), 7u << 24);
    entry(5, 0xffffffff, 0xffffffff);
    ck_assert_uint_eq(get(0x10 + 2 * 5), 0x1afff); /* neither delivery status nor remote IRR */
    set(0x40, 1);
    ioapic_reset(apic);
    ck_assert_uint_eq(low_of(5), IOAPIC_MASKED);
    ck_assert_uint_eq(get(0x11 + 2 * 5), 0);
}
END_TEST

START_TEST(test_other_widths_do_nothing)
{
    entry(3, 0, 0x41);
    ioapic_write(apic, IOAPIC_DATA, 8, 0x99);
    ioapic_write(apic, IOAPIC_INDEX, 2, 0);
    ck_assert_uint_eq(ioapic_read(apic, IOAPIC_DATA, 2), 0);
    ck_assert_uint_eq(ioapic_read(apic, IOAPIC_DATA, 4), 0x41);
}
END_TEST

START_TEST(test_an_edge_sends_once)
{
    entry(4, 5u << 24, 0x41);
    ioapic_set_pin(apic, 4, true);
    ck_assert_uint_eq(sent, 1);
    ck_assert_uint_eq(address, 0xfee05000);
    ck_assert_uint_eq(data, 0x41);
    ck_assert_uint_eq(low_of(4), 0x41); /* nothing to wait for the end of */
    ioapic_set_pin(apic, 4, true);
    ck_assert_uint_eq(sent, 1);
    ioapic_set_pin(apic, 4, false);
    ioapic_set_pin(apic, 4, true);
    ck_assert_uint_eq(sent, 2);
}
END_TEST

START_TEST(test_modes_go_into_the_message)
{
    entry(0, 3u << 24, LOGICAL | LOWEST_PRIORITY | 0x52);
    ioapic_set_pin(apic, 0, true);
    ck_assert_uint_eq(address, 0xfee03004);
    ck_assert_uint_eq(data, LOWEST_PRIORITY | 0x52);
}
END_TEST

START_TEST(test_a_masked_edge_is_lost)
{
    entry(4, 0, IOAPIC_MASKED | 0x41);
    ioapic_set_pin(apic, 4, true);
    entry(4, 0, 0x41);
    ck_assert_uint_eq(sent, 0);
}
END_TEST

START_TEST(test_a_level_lasts_until_its_end)
{
    entry(9, 0, IOAPIC_LEVEL | 0x61);
    ioapic_set_pin(apic, 9, true);
    ck_assert_uint_eq(sent, 1);
    ck_assert_uint_eq(data, IOAPIC_LEVEL | ASSERT | 0x61);
    ck_assert_uint_ne(low_of(9) & IOAPIC_REMOTE_IRR, 0);
    ioapic_set_pin(apic, 9, false);
    ioapic_set_pin(apic, 9, true);
    ck_assert_uint_eq(sent, 1);
    ioapic_eoi(apic, 0x62);
    ck_assert_uint_eq(sent, 1);
    ioapic_eoi(apic, 0x61); /* still high: again */
    ck_assert_uint_eq(sent, 2);
    ioapic_set_pin(apic, 9, false);
    ioapic_write(apic, IOAPIC_EOI, 4, 0x61);
    ck_assert_uint_eq(sent, 2);
    ck_assert_uint_eq(low_of(9) & IOAPIC_REMOTE_IRR, 0);
}
END_TEST

START_TEST(test_a_masked_level_waits)
{
    entry(9, 0, IOAPIC_LEVEL | IOAPIC_MASKED | 0x61);
    ioapic_set_pin(apic, 9, true);
    ck_assert_uint_eq(sent, 0);
    entry(9, 0, IOAPIC_LEVEL | 0x61);
    ck_assert_uint_eq(sent, 1);
    entry(9, 0, IOAPIC_LEVEL | 0x61); /* writing it again does not end it */
    ck_assert_uint_eq(sent, 1);
}
END_TEST

/* How drivers end one where there is no EOI register: mask as edge, then level again. */
START_TEST(test_a_switch_to_edge_ends_a_level)
{
    entry(9, 0, IOAPIC_LEVEL | 0x61);
    ioapic_set_pin(apic, 9, true);
    entry(9, 0, IOAPIC_MASKED | 0x61);
    ck_assert_uint_eq(low_of(9) & IOAPIC_REMOTE_IRR, 0);
    entry(9, 0, IOAPIC_LEVEL | 0x61);
    ck_assert_uint_eq(sent, 2);
}
END_TEST

START_TEST(test_pins_beyond_the_last)
{
    ioapic_set_pin(apic, 24, true);
    ioapic_set_pin(apic, UINT32_MAX, true);
    ck_assert_uint_eq(sent, 0);
}
END_TEST

Suite *ioapic_suite(void)
{
    Suite *suite = suite_create("ioapic");
    TCase *tc = tcase_create("ioapic");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_registers);
    tcase_add_test(tc, test_other_widths_do_nothing);
    tcase_add_test(tc, test_an_edge_sends_once);
    tcase_add_test(tc, test_modes_go_into_the_message);
    tcase_add_test(tc, test_a_masked_edge_is_lost);
    tcase_add_test(tc, test_a_level_lasts_until_its_end);
    tcase_add_test(tc, test_a_masked_level_waits);
    tcase_add_test(tc, test_a_switch_to_edge_ends_a_level);
    tcase_add_test(tc, test_pins_beyond_the_last);
    suite_add_tcase(suite, tc);
    return suite;
}
