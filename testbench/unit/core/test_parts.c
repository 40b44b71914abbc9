// SPDX-License-Identifier: Apache-2.0
/* Ring arithmetic, range decoding, record encoding: small parts against slow definitions. */
#include "cmdbuf/command.h"
#include "cmdbuf/event.h"
#include "cmdbuf/ring.h"
#include "machine.h"
#include "tables/walk.h"

/* ---------------------------------------------------------------- rings, 2.2 */

START_TEST(rings_have_two_to_the_code_entries)
{
    for (unsigned code = 8; code <= 15; code++)
        ck_assert_uint_eq(ring_make(0, code, 16).bytes, 16u << code);
}
END_TEST

START_TEST(length_codes_below_eight_make_no_ring)
{
    for (unsigned code = 0; code < 8; code++)
        ck_assert_uint_eq(ring_make(0, code, 16).bytes, 0);
    ck_assert_uint_eq(ring_make(0, 16, 16).bytes, 0); /* nor what four bits cannot say */
}
END_TEST

START_TEST(pointers_are_taken_modulo_ring_and_record)
{
    struct ring ring = ring_make(0x1000, 8, 16);

    ck_assert_uint_eq(ring_wrap(&ring, 0x1230), 0x230);
    ck_assert_uint_eq(ring_wrap(&ring, 0x123f), 0x230);
    ck_assert_uint_eq(ring_next(&ring, 0xff0), 0);
    ck_assert_uint_eq(ring_next(&ring, 0x10), 0x20);
}
END_TEST

START_TEST(one_record_is_left_free)
{
    struct ring ring = ring_make(0, 8, 16);

    for (uint32_t head = 0; head < ring.bytes; head += 16)
        for (uint32_t tail = 0; tail < ring.bytes; tail += 16)
            ck_assert_int_eq(ring_full(&ring, head, tail), (tail + 16) % 4096 == head);
}
END_TEST

/* ---------------------------------------------------------------- ranges, 6.3 */

/* The text of 6.3, bit by bit. */
static struct cmd_range slow_range(uint64_t address, bool sized)
{
    unsigned n = 12;

    if (!sized)
        return (struct cmd_range){address, 12};
    while (n < 64 && address >> n & 1)
        n++;
    if (n >= 51)
        return (struct cmd_range){0, CMD_RANGE_ALL};
    for (unsigned bit = 12; bit <= n; bit++)
        address &= ~(UINT64_C(1) << bit);
    return (struct cmd_range){address, n + 1};
}

static void same_range(uint64_t address, bool sized)
{
    struct cmd_range fast = cmd_range_decode(address, sized), slow = slow_range(address, sized);

    ck_assert_msg(fast.base == slow.base && fast.shift == slow.shift, "%llx S=%d: %llx+2^%u, not %llx+2^%u",
                  (unsigned long long)address, sized, (unsigned long long)fast.base, fast.shift,
                  (unsigned long long)slow.base, slow.shift);
}

START_TEST(ranges_of_every_size_at_several_places)
{
    static const uint64_t places[] = {0, UINT64_C(0x5555555555555000), UINT64_C(0xaaaaaaaaaaaaa000),
                                      UINT64_C(0xfff0000000000000), UINT64_C(0x8000000000000000)};

    for (unsigned n = 12; n < 64; n++)
        for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            uint64_t ones = (UINT64_C(1) << n) - 4096;
            same_range((places[i] & ~(UINT64_C(1) << n)) | ones, true);
            same_range(places[i] | ones, true);
            same_range(places[i] | ones, false);
        }
    same_range(UINT64_C(0xfffffffffffff000), true);
}
END_TEST

START_TEST(every_range_of_low_address_bits)
{
    for (uint64_t page = 0; page < 1 << 14; page++) {
        same_range(page << 12, true);
        same_range(page << 12 | UINT64_C(1) << 45, true);
    }
}
END_TEST

/* ---------------------------------------------------------------- size coding, 4.4 */

START_TEST(size_codes_of_host_leaves)
{
    for (unsigned zero = 12; zero < 52; zero++) {
        uint64_t entry = ((UINT64_C(1) << zero) - 4096) | UINT64_C(0xe01);
        if (zero < 51)
            entry |= UINT64_C(1) << 51;
        ck_assert_uint_eq(host_size7_shift(entry), zero + 1);
    }
    ck_assert_uint_eq(host_size7_shift(UINT64_C(0x000ffffffffff000)), 0);
}
END_TEST

/* ---------------------------------------------------------------- records, 7.2, 7.3 */

static void encodes_to(struct event event, uint64_t low, uint64_t high)
{
    uint64_t record[2];

    event_encode(&event, record);
    ck_assert_uint_eq(record[0], low);
    ck_assert_uint_eq(record[1], high);
}

START_TEST(page_fault_with_domain)
{
    encodes_to(
        (struct event){.code = 2, .flags = 0x70, .device = 0xabcd, .domain = 0x1234, .address = 0x87654321},
        UINT64_C(0x207012340000abcd), 0x87654321);
}
END_TEST

START_TEST(page_fault_with_pasid)
{
    encodes_to(
        (struct event){.code = 2, .flags = 0x7, .device = 1, .domain = 9, .pasid = 0xfedcb, .address = 5},
        UINT64_C(0x2007edcb000f0001), 5);
}
END_TEST

START_TEST(codes_without_domain_leave_it_zero)
{
    static const uint8_t codes[] = {1, 3, 7, 8};

    for (unsigned i = 0; i < sizeof(codes); i++)
        encodes_to((struct event){.code = codes[i], .device = 1, .domain = 0xffff, .address = 0x1000},
                   (uint64_t)codes[i] << 60 | 1, 0x1000);
}
END_TEST

START_TEST(codes_without_device_leave_it_zero)
{
    static const uint8_t codes[] = {5, 6, 10};

    for (unsigned i = 0; i < sizeof(codes); i++)
        encodes_to((struct event){.code = codes[i], .device = 0xffff, .domain = 0xffff, .address = 0x1000},
                   (uint64_t)codes[i] << 60, 0x1000);
    encodes_to((struct event){.code = 5, .flags = 1, .pasid = 0xfffff, .address = 0x1000},
               UINT64_C(0x5001000000000000), 0x1000); /* GN alone makes no room for a PASID */
}
END_TEST

START_TEST(low_address_bits_that_a_layout_drops)
{
    encodes_to((struct event){.code = 1, .address = 0x1007}, UINT64_C(1) << 60, 0x1004);
    encodes_to((struct event){.code = 4, .address = 0x100f}, UINT64_C(4) << 60, 0x1008);
    encodes_to((struct event){.code = 7, .address = 0x101f}, UINT64_C(7) << 60, 0x1010);
    encodes_to((struct event){.code = 2, .address = 0x1007}, UINT64_C(2) << 60, 0x1007);
}
END_TEST

START_TEST(page_request_entry)
{
    struct ppr_request request = {.device = 0xabcd,
                                  .has_pasid = true,
                                  .pasid = 0xfedcb,
                                  .read = true,
                                  .write = true,
                                  .exec = true,
                                  .user = true,
                                  .last = true,
                                  .prg_index = 0x1a5,
                                  .address = UINT64_C(0x123456789fff)};
    uint64_t record[2];

    ppr_encode(&request, record);
    ck_assert_uint_eq(record[0], UINT64_C(0x11663fa5edcbabcd));
    ck_assert_uint_eq(record[1], UINT64_C(0x123456789000));
    ppr_encode_invalid(&request, record);
    ck_assert_uint_eq(record[0], UINT64_C(0x92663fa5edcbabcd)); /* GN is bit 57 */
    request.answered = true;
    ppr_encode_invalid(&request, record);
    ck_assert_uint_eq(record[0], UINT64_C(0x92673fa5edcbabcd)); /* RX is bit 48 */
}
END_TEST

START_TEST(page_request_without_pasid_has_none)
{
    struct ppr_request request = {.device = 1, .pasid = 0xfffff, .prg_index = 1};
    uint64_t record[2];

    ppr_encode(&request, record);
    ck_assert_uint_eq(record[0], UINT64_C(0x1000000100000001));
}
END_TEST

START_TEST(guest_interrupt_entry)
{
    ck_assert_uint_eq(ga_encode(0xc0ffee00, 0xabcd), UINT64_C(0x1000abcdc0ffee00));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parts");
    TCase *tests = tcase_create("parts");

    tcase_add_test(tests, rings_have_two_to_the_code_entries);
    tcase_add_test(tests, length_codes_below_eight_make_no_ring);
    tcase_add_test(tests, pointers_are_taken_modulo_ring_and_record);
    tcase_add_test(tests, one_record_is_left_free);
    tcase_add_test(tests, ranges_of_every_size_at_several_places);
    tcase_add_test(tests, every_range_of_low_address_bits);
    tcase_add_test(tests, size_codes_of_host_leaves);
    tcase_add_test(tests, page_fault_with_domain);
    tcase_add_test(tests, page_fault_with_pasid);
    tcase_add_test(tests, codes_without_domain_leave_it_zero);
    tcase_add_test(tests, codes_without_device_leave_it_zero);
    tcase_add_test(tests, low_address_bits_that_a_layout_drops);
    tcase_add_test(tests, page_request_entry);
    tcase_add_test(tests, page_request_without_pasid_has_none);
    tcase_add_test(tests, guest_interrupt_entry);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
