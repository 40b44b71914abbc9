// SPDX-License-Identifier: Apache-2.0
/* What a lookup under way may still keep after an INVALIDATE_IOMMU_PAGES that came meanwhile (6.3, 6.4). */
#include "model/caches/ticket.h"

#include "testbench/unit/run.h"

enum { DOMAIN = 5, ADDRESS = 0x12345000 };

static struct ticket ticket;

static void setup(void)
{
    ticket = (struct ticket){.has_space = true, .address = ADDRESS, .space = {.domain = DOMAIN}};
    ticket.leaf_shift = ticket.dir_shift = TICKET_UNMARKED;
}

static bool cover(uint16_t domain, uint64_t base, unsigned shift, bool pde)
{
    struct tlb_space space = {.domain = domain};
    struct cmd_range range = {.base = base, .shift = shift};

    return ticket_cover_pages(&ticket, &space, &range, pde);
}

/* A page is kept only when it is too small to hold both the address and the nearest byte of the range. */
static const struct {
    uint64_t base;
    unsigned shift, kept; /* of the range; log2 of the largest page that may be kept */
} rows[] = {
    {ADDRESS, 12, 0},     {ADDRESS + 0x1000, 12, 13},  {ADDRESS - 0x1000, 12, 12},
    {0x12347000, 12, 13}, {0x12300000, 16, 18},        {0x12340000, 16, 0},
    {0x40000000, 12, 30}, {UINT64_C(1) << 47, 21, 47}, {0, CMD_RANGE_ALL, 0},
};

START_TEST(small_pages_beside_the_range_are_kept)
{
    ck_assert(cover(DOMAIN, rows[_i].base, rows[_i].shift, false));
    for (unsigned shift = 12; shift < 64; shift++)
        ck_assert_int_eq(ticket_keeps_leaf(&ticket, shift), shift <= rows[_i].kept);
    ck_assert(ticket_keeps_dir(&ticket, 63));
}
END_TEST

START_TEST(directories_go_only_with_pde)
{
    ck_assert(cover(DOMAIN, ADDRESS, 12, true));
    ck_assert(!ticket_keeps_leaf(&ticket, 12));
    ck_assert(!ticket_keeps_dir(&ticket, 21));
}
END_TEST

/* The second of two ranges does not give back what the first has taken. */
START_TEST(ranges_add_up)
{
    ck_assert(cover(DOMAIN, ADDRESS, 12, false));
    ck_assert(cover(DOMAIN, 0x40000000, 12, false));
    ck_assert(!ticket_keeps_leaf(&ticket, 12));
}
END_TEST

START_TEST(other_domains_do_not_concern_it)
{
    ck_assert(!cover(DOMAIN + 1, ADDRESS, 12, true));
    ck_assert(ticket_keeps_leaf(&ticket, 63));
    ticket.has_space = false;
    ck_assert(!cover(DOMAIN, ADDRESS, 12, true));
}
END_TEST

/* A request of two pages: while the second is looked up, the answer still depends on the first. */
START_TEST(pages_before_count_until_the_end)
{
    ticket.marked = 3;
    ticket_next(&ticket);
    ck_assert_uint_eq(ticket.marked, 3);
    ck_assert(cover(DOMAIN, ADDRESS, 12, false));
}
END_TEST

START_TEST(a_new_page_has_not_been_overtaken)
{
    ck_assert(cover(DOMAIN, ADDRESS, 12, true));
    ticket.entry_stale = true;
    ticket_next(&ticket);
    ticket_take_space(&ticket, &(struct tlb_space){.domain = DOMAIN}, ADDRESS + 0x1000);
    ck_assert(ticket_keeps_leaf(&ticket, 63) && ticket_keeps_dir(&ticket, 63));
}
END_TEST

/* What the old entry names may have been invalidated before it was read. */
START_TEST(tables_of_an_overtaken_entry_are_not_kept)
{
    ticket.entry_stale = true;
    ticket_take_space(&ticket, &(struct tlb_space){.domain = DOMAIN}, ADDRESS);
    ticket_take_interrupt(&ticket);
    ck_assert(!ticket_keeps_leaf(&ticket, 12) && !ticket_keeps_dir(&ticket, 21));
    ck_assert(ticket.interrupt_stale);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ticket");
    TCase *tests = tcase_create("pages");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, small_pages_beside_the_range_are_kept, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, directories_go_only_with_pde);
    tcase_add_test(tests, ranges_add_up);
    tcase_add_test(tests, other_domains_do_not_concern_it);
    tcase_add_test(tests, pages_before_count_until_the_end);
    tcase_add_test(tests, a_new_page_has_not_been_overtaken);
    tcase_add_test(tests, tables_of_an_overtaken_entry_are_not_kept);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
