// SPDX-License-Identifier: Apache-2.0
/* Answers that were right before are not walked for again, and nothing is lost by that. */
#include "testbench/unit/lint/scene.h"

#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

/* How often the whole way is told: an observer beside the lint would change what is tested. */
static uint64_t hits(void)
{
    struct amdvi_statistics s;

    amdvi_get_statistics(m.device, &s);
    return s.ptc_hits;
}

/* Cached, found right, and known. */
static void settle(void)
{
    for (unsigned i = 0; i < 4; i++)
        ck_assert(ask(IOVA).ok);
    ask_guest(PASID, GVA);
    ask_guest(PASID, GVA);
    ask(IOVA);
    ck_assert_uint_eq(findings, 0);
}

static void write_untold(uint64_t at, uint64_t value)
{
    memcpy(m.ram + at, &value, sizeof(value));
}

START_TEST(answers_are_counted_on_either_way)
{
    uint64_t checked, before;

    settle();
    checked = statistics().checked;
    before = hits();
    for (unsigned i = 0; i < 10; i++)
        ask(IOVA);
    ck_assert_uint_eq(statistics().checked - checked, 10);
    ck_assert_uint_eq(hits() - before, 10);
}
END_TEST

/* The device table entry, or the table entry of that level. */
START_TEST(a_store_that_nobody_told_is_met_at_the_next_hit)
{
    uint64_t at = _i ? machine_host_entry(&m, root, 3, (unsigned)_i, IOVA) : machine_dte_address(DEVICE);

    settle();
    write_untold(at, 0);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
}
END_TEST

START_TEST(a_guests_store_that_nobody_told_is_met_at_the_next_hit)
{
    settle();
    ask_guest(PASID, GVA);
    write_untold(machine_guest_entry(&m, guest, GVA), 0);
    ask_guest(PASID, GVA);
    ck_assert_uint_eq(reported(), 1);
}
END_TEST

START_TEST(a_store_that_is_told_is_met_at_the_next_hit)
{
    again(&(struct amdvi_lint_options){.told = true});
    settle();
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
}
END_TEST

/* The price of the promise. */
START_TEST(a_broken_promise_hides_a_mistake)
{
    again(&(struct amdvi_lint_options){.told = true});
    settle();
    write_untold(leaf_of(IOVA), 0);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 0);
}
END_TEST

/* DMA into the table: the device is the one who writes. */
START_TEST(a_transfer_into_a_table_is_met_at_the_next_hit)
{
    uint64_t zero = 0;
    struct amdvi_request request = {
        .device = DEVICE, .op = AMDVI_WRITE, .address = IOVA + 0x100000, .length = 8};
    struct amdvi_result result;

    again(&(struct amdvi_lint_options){.told = true});
    machine_map(&m, root, 3, request.address, leaf_of(IOVA) & ~UINT64_C(0xfff), MACHINE_READ_WRITE);
    settle();
    request.address += leaf_of(IOVA) & 0xfff;
    step();
    amdvi_dma(m.device, &request, &zero, &result);
    ck_assert(result.ok);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
}
END_TEST

/* The same words mean something else when another table is the device table. */
START_TEST(a_register_that_moves_the_tables_is_met_at_the_next_hit)
{
    uint64_t base = machine_register(&m, reg_info[REG_DEVTAB_BASE].offset), seen;

    settle();
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset, base + 0x200000); /* nothing is there */
    seen = findings;                                                             /* of the register itself */
    ask(IOVA);
    ck_assert_uint_gt(reported(), seen);
}
END_TEST

START_TEST(who_asks_and_for_what_makes_another_answer)
{
    machine_map(&m, root, 3, IOVA + 0x9000, MACHINE_DATA, MACHINE_READ);
    for (unsigned i = 0; i < 3; i++)
        ask(IOVA + 0x9000);
    step();
    ck_assert(!machine_write(&m, DEVICE, IOVA + 0x9000).ok);
    ck_assert_uint_eq(reported(), 0);
}
END_TEST

START_TEST(memory_that_callbacks_lose_is_met_at_the_next_hit)
{
    again_in_callbacks();
    settle();
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
}
END_TEST

static void count(void *context, const struct amdvi_hit_info *info)
{
    (void)info;
    ++*(unsigned *)context;
}

/* With another observer of answers both hear all of them. */
START_TEST(beside_another_observer_nothing_is_left_out)
{
    unsigned heard = 0;
    struct amdvi_observer other = {.context = &heard, .hit = count};
    struct amdvi_observation *observation;
    uint64_t checked;

    settle();
    ck_assert_int_eq(amdvi_observer_attach(m.device, &other, &observation), AMDVI_OK);
    checked = statistics().checked;
    ask(IOVA);
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_uint_eq(statistics().checked - checked, 2);
    ck_assert_uint_eq(heard, 2);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(amdvi_observer_detach(observation), AMDVI_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint_known");
    TCase *test_case = tcase_create("known");

    tcase_add_checked_fixture(test_case, setup, teardown);
    tcase_add_test(test_case, answers_are_counted_on_either_way);
    tcase_add_loop_test(test_case, a_store_that_nobody_told_is_met_at_the_next_hit, 0, 4);
    tcase_add_test(test_case, a_guests_store_that_nobody_told_is_met_at_the_next_hit);
    tcase_add_test(test_case, a_store_that_is_told_is_met_at_the_next_hit);
    tcase_add_test(test_case, a_broken_promise_hides_a_mistake);
    tcase_add_test(test_case, a_transfer_into_a_table_is_met_at_the_next_hit);
    tcase_add_test(test_case, a_register_that_moves_the_tables_is_met_at_the_next_hit);
    tcase_add_test(test_case, who_asks_and_for_what_makes_another_answer);
    tcase_add_test(test_case, memory_that_callbacks_lose_is_met_at_the_next_hit);
    tcase_add_test(test_case, beside_another_observer_nothing_is_left_out);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
