// SPDX-License-Identifier: Apache-2.0
/* Whose turn it is: guests that wait for their turn, and what takes them out of the queue (viommu 7.2, 7.5).
 */
#include "amdvi/inject.h"
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>

enum { ALL = 3, VALUE = 0x5a };

static struct world w;
static uint32_t tags[ALL];
static unsigned asked;

static enum amdvi_atc_answer pending(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    tags[asked++ % ALL] = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

/* Each guest's COMPLETION_WAIT stands behind a device that has not answered. */
static void setup(void)
{
    world_open(&w, NULL, true);
    asked = 0;
    w.notes.atc = pending;
    for (unsigned g = 0; g < ALL; g++) {
        guest_command(&w, g, UINT64_C(4) << 60 | guest_device(0), UINT64_C(0x7ffffffffffff001));
        guest_wait(&w, g, G_STORE, VALUE);
    }
}

static void teardown(void)
{
    world_close(&w);
}

static bool done(unsigned g)
{
    return guest_get64(&w, g, G_STORE) == VALUE;
}

/* All devices answer: all guests have work, and none has had its turn. */
static void answer_all(void)
{
    for (unsigned i = 0; i < ALL; i++)
        ck_assert_int_eq(amdvi_atc_complete(w.device, tags[i]), AMDVI_OK);
}

START_TEST(all_that_wait_get_their_turn)
{
    ck_assert_uint_eq(asked, ALL);
    ck_assert(!done(0) && !done(1) && !done(2));
    answer_all();
    world_run(&w);
    ck_assert(done(0) && done(1) && done(2));
}
END_TEST

/* RESET_VMMIO with vCmd alone: idle until the next tail write; the others do not lose their place. */
START_TEST(a_reset_engine_loses_its_turn_and_no_other)
{
    answer_all();
    host_command(&w, UINT64_C(10) << 60 | UINT64_C(0x80000000) | guest_id((unsigned)_i), 0);
    for (unsigned g = 0; g < ALL; g++)
        ck_assert_int_eq(done(g), g != (unsigned)_i);
    vf_write(&w, (unsigned)_i, VF_TAIL, 32);
    ck_assert(done((unsigned)_i));
}
END_TEST

/* A dirty status that is not mapped, or cannot be read, costs no guest its turn. */
START_TEST(without_a_dirty_page_doorbells_still_count)
{
    put64(&w, w.private_root, 0);
    host_command(&w, UINT64_C(8) << 60, 0);
    answer_all();
    world_run(&w);
    ck_assert(done(0) && done(1) && done(2));
}
END_TEST

/* Where the page is mapped and its memory fails, the host hears of it: VIOMMU_HARDWARE_ERROR, code 12, with
 * the GuestID and the private address (7.3, 8.3). Once for the doorbell, once when the ring is empty. */
START_TEST(a_dirty_page_that_fails_is_told_and_costs_no_turn)
{
    struct amdvi_inject_rule rule = {.what = AMDVI_INJECT_MEMORY,
                                     .action = AMDVI_INJECT_DATA_ERROR,
                                     .reads = _i == 0,
                                     .writes = _i == 1,
                                     .by_address = true,
                                     .classes = 1u << AMDVI_ACCESS_MAP,
                                     .first = w.dirty_page,
                                     .last = w.dirty_page + PAGE_BYTES - 1};

    answer_all();
    world_run(&w);
    ck_assert_int_eq(amdvi_inject(w.device, &rule, 1), AMDVI_OK);
    guest_wait(&w, 0, G_STORE, VALUE + 1);
    ck_assert_uint_eq(guest_get64(&w, 0, G_STORE), VALUE + 1);
    ck_assert_uint_eq(reg_read(&w, R_EVT_TAIL), 2 * 16);
    ck_assert_uint_eq(get64(&w, H_EVT) >> 60, 12);
    ck_assert_uint_eq(get64(&w, H_EVT) & 0xffff, guest_id(0));
    ck_assert_uint_eq(get64(&w, H_EVT + 8), 0x400000 + 6 * 32);
}
END_TEST

/* The same where no dirty page brings the others back: they still stand in the queue. */
START_TEST(without_a_dirty_page_a_reset_engine_loses_its_turn_and_no_other)
{
    put64(&w, w.private_root, 0);
    host_command(&w, UINT64_C(8) << 60, 0);
    answer_all();
    host_command(&w, UINT64_C(10) << 60 | UINT64_C(0x80000000) | guest_id((unsigned)_i), 0);
    for (unsigned g = 0; g < ALL; g++)
        ck_assert_int_eq(done(g), g != (unsigned)_i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: turns");
    TCase *tests = tcase_create("turns");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, all_that_wait_get_their_turn);
    tcase_add_loop_test(tests, a_reset_engine_loses_its_turn_and_no_other, 0, ALL);
    tcase_add_test(tests, without_a_dirty_page_doorbells_still_count);
    tcase_add_loop_test(tests, a_dirty_page_that_fails_is_told_and_costs_no_turn, 0, 2);
    tcase_add_loop_test(tests, without_a_dirty_page_a_reset_engine_loses_its_turn_and_no_other, 0, ALL);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
