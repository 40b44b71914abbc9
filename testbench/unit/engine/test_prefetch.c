// SPDX-License-Identifier: Apache-2.0
/* Pages translated ahead of requests (amdvi_submit_prefetch()): what is kept, and what is left alone (6.4
 * opcode 6). */
#include "surroundings.h"

enum { PAGES = 3, FIRST = 0x1000 };

static struct surroundings *s;

static uint64_t word_at(uint64_t address)
{
    uint64_t value;

    memcpy(&value, s->bytes + address, sizeof(value));
    return value;
}

/* Pages 1 to 3 of 4 KiB. `more` goes into the device table entry. */
static void open_with(uint64_t more)
{
    s = surroundings_simple("", 2);
    put_word(s, 32, word_at(32) | more);
    for (uint64_t i = 1; i <= PAGES; i++)
        put_word(s, TABLE + 8 * i, V1_RW | 1 | (HOST_PAGE + i * 0x1000));
}

static void setup(void)
{
    open_with(0);
}

static void teardown(void)
{
    surroundings_close(s);
}

static const struct amdvi_prefetch all_pages = {.device = 1, .address = FIRST, .count = 8};

static enum amdvi_status order(const struct amdvi_prefetch *prefetch, uint64_t tag)
{
    enum amdvi_status status = amdvi_submit_prefetch(s->device, prefetch, tag);

    surroundings_settle(s);
    return status;
}

/* How many questions a read of a page costs after its device table entry is known. */
static uint64_t questions(uint64_t address, uint64_t tag)
{
    const struct amdvi_request read = {.device = 1, .op = AMDVI_READ, .address = address, .length = 8};
    uint64_t before = s->asked;

    ck_assert_int_eq(amdvi_submit_request(s->device, &read, tag), AMDVI_OK);
    surroundings_settle(s);
    ck_assert(s->ended[tag].done);
    return s->asked - before;
}

START_TEST(pages_are_kept_up_to_the_first_that_is_not_there)
{
    uint64_t log_tail, before;

    ck_assert_int_eq(order(&all_pages, 7), AMDVI_OK);
    ck_assert(s->ended[7].done);
    ck_assert_int_eq(s->ended[7].status, AMDVI_OK);
    ck_assert_uint_eq(s->asked, 1 + PAGES + 1); /* the entry, each page, the one that ends it */
    for (uint64_t i = 0; i < PAGES; i++) {
        ck_assert_uint_eq(questions(FIRST + i * 0x1000, i), 0);
        ck_assert_uint_eq(s->ended[i].result.pa, HOST_PAGE + (i + 1) * 0x1000);
    }
    ck_assert_int_eq(amdvi_mmio_read(s->device, R_EVT_TAIL, 8, &before), AMDVI_OK);
    ck_assert_uint_eq(before, 0); /* a hint faults for nobody */
    ck_assert_uint_gt(questions(FIRST + PAGES * 0x1000, 5), 0);
    ck_assert(!s->ended[5].result.ok);
    ck_assert_int_eq(amdvi_mmio_read(s->device, R_EVT_TAIL, 8, &log_tail), AMDVI_OK);
    ck_assert_uint_eq(log_tail, 16);
}
END_TEST

START_TEST(no_more_pages_than_asked_for)
{
    struct amdvi_prefetch two = all_pages;

    two.count = 2;
    ck_assert_int_eq(order(&two, 7), AMDVI_OK);
    ck_assert_uint_eq(questions(FIRST + 0x1000, 0), 0);
    ck_assert_uint_eq(questions(FIRST + 0x2000, 1), 1);
}
END_TEST

/* DTE.HAD=01: a line kept without its accessed bit would hide later accesses from software. */
START_TEST(where_accessed_bits_are_kept_nothing_happens)
{
    surroundings_close(s);
    open_with((uint64_t)1 << 7);
    ck_assert_int_eq(order(&all_pages, 7), AMDVI_OK);
    ck_assert_uint_eq(s->asked, 1);
    ck_assert_uint_eq(word_at(TABLE + 8), V1_RW | 1 | (HOST_PAGE + 0x1000));
    ck_assert_uint_gt(questions(FIRST, 0), 0);
    ck_assert_uint_ne(word_at(TABLE + 8), V1_RW | 1 | (HOST_PAGE + 0x1000)); /* the read sets it */
}
END_TEST

/* The entry has no guest table: what a PASID asks for is nobody's. */
START_TEST(a_pasid_without_guest_tables_gives_nothing)
{
    struct amdvi_prefetch guest = all_pages;

    guest.has_pasid = true;
    guest.pasid = 5;
    ck_assert_int_eq(order(&guest, 7), AMDVI_OK);
    ck_assert_uint_eq(s->asked, 1);
    ck_assert_uint_eq(questions(FIRST, 0), 1);
}
END_TEST

START_TEST(bad_orders_are_refused)
{
    static const struct amdvi_prefetch bad[] = {
        {.device = 1, .count = 0},
        {.device = 1, .count = 257},
        {.device = 1, .count = 1, .has_pasid = true, .pasid = 1 << 20},
        {.device = 1, .count = 257, .has_pasid = true, .pasid = 1 << 20},
    };
    const struct amdvi_prefetch most = {.device = 1, .count = 256, .has_pasid = true, .pasid = 0xfffff};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(amdvi_submit_prefetch(s->device, &bad[i], 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_submit_prefetch(NULL, &all_pages, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_submit_prefetch(s->device, NULL, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_uint_eq(s->asked, 0);
    ck_assert_int_eq(order(&most, 1), AMDVI_OK);
}
END_TEST

START_TEST(a_device_may_be_busy_or_without_surroundings)
{
    for (unsigned tag = 0; tag < 2; tag++)
        ck_assert_int_eq(amdvi_submit_prefetch(s->device, &all_pages, tag), AMDVI_OK);
    ck_assert_int_eq(amdvi_submit_prefetch(s->device, &all_pages, 2), AMDVI_ERR_BUSY);
    surroundings_settle(s);
    ck_assert_int_eq(amdvi_external_attach(s->device, NULL), AMDVI_OK);
    ck_assert_int_eq(amdvi_submit_prefetch(s->device, &all_pages, 2), AMDVI_ERR_UNSUPPORTED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prefetch");
    TCase *tests = tcase_create("prefetch");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, pages_are_kept_up_to_the_first_that_is_not_there);
    tcase_add_test(tests, no_more_pages_than_asked_for);
    tcase_add_test(tests, where_accessed_bits_are_kept_nothing_happens);
    tcase_add_test(tests, a_pasid_without_guest_tables_gives_nothing);
    tcase_add_test(tests, bad_orders_are_refused);
    tcase_add_test(tests, a_device_may_be_busy_or_without_surroundings);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
