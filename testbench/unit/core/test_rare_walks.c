// SPDX-License-Identifier: Apache-2.0
/* The longest walk there is, with each of its accesses failing; walks that race for ever; prefetches. */
#include "machine.h"

#include <stdio.h>

enum { DTE_ERROR = 3, TABLE_ERROR = 4, PASID = 5, LEVELS = 5 };

#define EFR_GENOA UINT64_C(0x25bf732fa2295afe)
#define GLX_3     (UINT64_C(2) << 14) /* GCR3 tables of three levels */
#define D_GLX_3   (UINT64_C(2) << 56)
#define D_HAD     (UINT64_C(3) << 7)
#define D_I       (UINT64_C(1) << 32)
#define D_5_LEVEL (UINT64_C(1) << 54) /* of the third quad-word: GuestPagingMode */
#define C_GADIS   (UINT64_C(1) << 54)
#define C_GDDIS   (UINT64_C(1) << 48)
#define V2_A      UINT64_C(0x20)
#define V2_D      UINT64_C(0x40)

static struct machine m;
static uint64_t guest_table[LEVELS];

/* ---------------------------------------------------------------- six host levels, five guest, three GCR3 */

/* Every page from 400000h to the end of memory is mapped onto itself. */
static uint64_t deep_host(void)
{
    uint64_t root = new_table(&m), table = root;

    for (unsigned level = 5; level >= 2; level--) {
        uint64_t next = new_table(&m);
        put64(&m, table, V1_RW | next | level << 9 | 1);
        table = next;
    }
    for (uint64_t at = 0x400000; at < MEMORY_BYTES; at += 0x200000) {
        uint64_t leaf = new_table(&m);
        put64(&m, table + at / 0x200000 * 8, V1_RW | leaf | 1 << 9 | 1);
        for (uint64_t page = 0; page < 512; page++)
            put64(&m, leaf + 8 * page, V1_RW | (at + 4096 * page) | 1);
    }
    return root;
}

static uint64_t deep_guest(void)
{
    uint64_t gcr3[3];

    for (unsigned i = 0; i < 3; i++)
        gcr3[i] = new_table(&m);
    for (unsigned i = 0; i < LEVELS; i++)
        guest_table[i] = new_table(&m);
    put64(&m, gcr3[0], gcr3[1] | 1);
    put64(&m, gcr3[1], gcr3[2] | 1);
    put64(&m, gcr3[2] + 8 * PASID, guest_table[0] | 1);
    for (unsigned i = 0; i + 1 < LEVELS; i++)
        put64(&m, guest_table[i], guest_table[i + 1] | 7);
    put64(&m, guest_table[LEVELS - 1] + IOVA / 4096 * 8, PAGE | 7);
    return gcr3[0];
}

static uint64_t leaf_entry(void)
{
    return guest_table[LEVELS - 1] + IOVA / 4096 * 8;
}

static void open_deep(void)
{
    char settings[64];
    uint64_t host, gcr3;

    snprintf(settings, sizeof(settings), "preset=genoa efr=0x%llx",
             (unsigned long long)((EFR_GENOA & ~(UINT64_C(3) << 14)) | GLX_3));
    machine_open(&m, settings);
    host = deep_host();
    gcr3 = deep_guest();
    dte(&m, DEV, D_OK | D_GV | D_GLX_3 | D_HAD | host | 6 << 9 | (gcr3 >> 12 & 7) << 58,
        DOM | D_I | (gcr3 >> 15 & 0xffff) << 16 | gcr3 >> 31 << 43, D_5_LEVEL);
    boot(&m, C_NORMAL | C_GT | C_TRP);
}

static struct amdvi_request deep_request(enum amdvi_op op, enum amdvi_at at)
{
    return (struct amdvi_request){.device = DEV,
                                  .op = (uint8_t)op,
                                  .at = (uint8_t)at,
                                  .address = IOVA,
                                  .length = 8,
                                  .has_pasid = true,
                                  .pasid = PASID};
}

START_TEST(the_longest_walk_arrives)
{
    struct amdvi_request request = deep_request(AMDVI_WRITE, AMDVI_UNTRANSLATED);
    unsigned first;

    open_deep();
    ck_assert_uint_eq(ask_as(&m, &request).pa, PAGE);
    for (unsigned i = 0; i + 1 < LEVELS; i++)
        ck_assert_uint_eq(get64(&m, guest_table[i]), guest_table[i + 1] | 7 | V2_A);
    ck_assert_uint_eq(get64(&m, leaf_entry()), PAGE | 7 | V2_A | V2_D);
    first = m.reads;
    command(&m, UINT64_C(3) << 60 | (uint64_t)DOM << 32 | PASID,
            IOVA | 4); /* the page, not its directories */
    ck_assert_uint_eq(ask_as(&m, &request).pa, PAGE);
    ck_assert_uint_lt(m.reads - first, 12);
    machine_close(&m);
}
END_TEST

/* One access of the walk fails. Whether there was such an access. */
static bool fails_at(unsigned number, enum amdvi_at at)
{
    struct amdvi_request request = deep_request(AMDVI_WRITE, at);
    struct amdvi_result result;
    bool failed;

    open_deep();
    m.accesses = 0;
    m.fail_at = number;
    result = ask_as(&m, &request);
    m.fail_at = 0;
    failed = m.failed_address != 0;
    if (failed) {
        ck_assert_msg(!result.ok, "access %u to 0x%llx", number, (unsigned long long)m.failed_address);
        ck_assert_uint_eq(result.fault.event, number == 1 ? DTE_ERROR : TABLE_ERROR);
        ck_assert_uint_eq(result.fault.address, m.failed_address & ~UINT64_C(7));
        result = ask_as(&m, &request);
    }
    ck_assert_uint_eq(result.pa, PAGE);
    ck_assert_uint_eq(get64(&m, leaf_entry()) & V2_D, V2_D);
    machine_close(&m);
    return failed;
}

START_TEST(every_access_of_the_longest_walk_may_fail)
{
    unsigned number = 1;

    while (fails_at(number, _i ? AMDVI_TRANSLATION_REQUEST : AMDVI_UNTRANSLATED))
        ck_assert_uint_lt(++number, 400);
    ck_assert_uint_gt(number, 100);
}
END_TEST

/* 5.3: GAUpdateDis and GDUpdateDis each keep their bit as it is, for requests and for ATS. */
START_TEST(guest_bits_are_set_unless_disabled)
{
    struct amdvi_request request = deep_request(AMDVI_WRITE, (enum amdvi_at)(_i & 1));
    bool no_a = _i & 2, no_d = _i & 4;
    uint64_t leaf;

    machine_open(&m, "preset=genoa");
    leaf = map_guest(&m, DEV, D_OK, D_I) + IOVA / 4096 * 8;
    boot(&m, C_NORMAL | C_GT | (no_a ? C_GADIS : 0) | (no_d ? C_GDDIS : 0));
    ck_assert_uint_eq(ask_as(&m, &request).pa, PAGE);
    ck_assert_uint_eq(get64(&m, leaf), PAGE | 7 | (no_a ? 0 : V2_A) | (no_d ? 0 : V2_D));
    machine_close(&m);
}
END_TEST

/* ---------------------------------------------------------------- races */

/* Always different: flips a bit that nobody looks at. */
static void change_always(struct machine *machine, uint64_t address)
{
    put64(machine, address, get64(machine, address) ^ UINT64_C(1) << 9);
}

START_TEST(endless_races_about_guest_entries_end)
{
    struct amdvi_request request = deep_request(AMDVI_WRITE, (enum amdvi_at)_i);

    machine_open(&m, "preset=genoa");
    map_guest(&m, DEV, D_OK, D_I);
    boot(&m, C_NORMAL | C_GT);
    m.race = change_always;
    ck_assert_uint_eq(ask_as(&m, &request).pa, PAGE);
    ck_assert_uint_gt(m.exchanges, 1);
    ck_assert_uint_lt(m.exchanges, 100);
    machine_close(&m);
}
END_TEST

/* ---------------------------------------------------------------- prefetch, 6.4 opcode 6 */

/* A line must not hide later accesses: where hardware sets A bits of guests, guest pages are not prefetched.
 */
START_TEST(guest_pages_are_prefetched_where_nothing_is_set)
{
    static const char *const settings[] = {"preset=genoa efr=0x25bf732fa2295aff",
                                           "preset=genoa efr=0x25bf732fa2295aff",
                                           "preset=genoa efr=0x25bf732fa2295aff walk.hardware_ad=off"};
    struct amdvi_request request = deep_request(AMDVI_READ, AMDVI_UNTRANSLATED);
    unsigned before;

    machine_open(&m, settings[_i]);
    map_guest(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL | C_GT | (_i == 1 ? C_GADIS : 0));
    command(&m, UINT64_C(6) << 60 | (uint64_t)PASID << 32 | DEV, IOVA | 4); /* GN */
    before = m.reads;
    ck_assert_uint_eq(ask_as(&m, &request).pa, PAGE);
    ck_assert_int_eq(m.reads == before, _i > 0);
    machine_close(&m);
}
END_TEST

/* A leaf at level 6 is a wrong level, a size that its level does not hold a wrong size (4.3 steps 5 and 6):
 * the record is the same, the reason is not. By choice they come before a reserved bit. */
START_TEST(wrong_levels_and_wrong_sizes_have_reasons_of_their_own)
{
    uint64_t root, table, reserved = _i ? UINT64_C(1) << 52 : 0;

    machine_open(&m, _i ? "walk.entry_order=level" : "walk.entry_order=reserved");
    root = new_table(&m);
    table = new_table(&m);
    put64(&m, root + 8, V1_RW | PAGE | reserved | 1);
    put64(&m, root, V1_RW | table | 3 << 9 | 1);
    put64(&m, table, V1_RW | UINT64_C(0x7ffffff000) | reserved | 7 << 9 | 1); /* 2^40 bytes at level 3 */
    dte(&m, DEV, D_OK | root | 6 << 9, DOM, 0);
    boot(&m, C_NORMAL);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, UINT64_C(1) << 57).fault.reason, AMDVI_REASON_HOST_LEVEL);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, 0).fault.reason, AMDVI_REASON_HOST_SIZE);
    machine_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rare walks");
    TCase *tests = tcase_create("rare walks");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_longest_walk_arrives);
    tcase_add_loop_test(tests, every_access_of_the_longest_walk_may_fail, 0, 2);
    tcase_add_loop_test(tests, guest_bits_are_set_unless_disabled, 0, 8);
    tcase_add_loop_test(tests, endless_races_about_guest_entries_end, 0, 2);
    tcase_add_loop_test(tests, guest_pages_are_prefetched_where_nothing_is_set, 0, 3);
    tcase_add_loop_test(tests, wrong_levels_and_wrong_sizes_have_reasons_of_their_own, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
