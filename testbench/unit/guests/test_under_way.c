// SPDX-License-Identifier: Apache-2.0
/*
 * What is under way for a guest, or waits, when it is restored or taken back: the restored ring goes on from
 * its own head, with its own commands; and what is taken back holds nobody up.
 */
#include "testbench/unit/guests/saved.h"
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <amdvi/external.h>
#include <amdvi/host.h>
#include <check.h>
#include <string.h>

enum { A, B, ASKS = 64, OLD = 1, NEW = 2 };

static struct world w;
static struct saved saved;

/* ---------------------------------------------------------------- a command that waits */

static enum amdvi_atc_answer pending(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    *(uint32_t *)context = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

/* It waits for the device of another guest, which is a key (11 #17). */
START_TEST(a_command_that_waited_is_not_taken_for_one_of_the_restored_guest)
{
    uint64_t words[2];
    uint32_t tag;

    world_open(&w, "viommu.wait_scope=global", true);
    w.notes = (struct world_notes){.context = &tag, .atc = pending};
    saved_guest(&saved, w.device, guest_id(A));
    guest_command(&w, B, UINT64_C(4) << 60 | guest_device(0), G_IOVA);
    guest_wait(&w, A, G_STORE, OLD);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), 0);
    ck_assert_int_eq(amdvi_guest_restore(w.device, guest_id(A), saved.bytes, saved.size), AMDVI_OK);
    wait_words(G_STORE, NEW, words);
    guest_put_command(&w, A, 0, words[0], words[1]);
    ck_assert_int_eq(amdvi_atc_complete(w.device, tag), AMDVI_OK);
    vf_write(&w, A, VF_TAIL, 16);
    ck_assert_uint_eq(guest_get64(&w, A, G_STORE), NEW);
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 16);
    world_close(&w);
}
END_TEST

/* ---------------------------------------------------------------- memory that answers later */

static struct amdvi_ask open[ASKS];
static unsigned opened, completed;
static enum amdvi_status last_status, again;
static bool asks_again;

static void on_issue(void *context, const struct amdvi_ask *ask)
{
    ck_assert_uint_lt(opened, ASKS);
    open[opened++] = *ask;
}

static enum amdvi_status move_tail(uint64_t tail)
{
    const struct amdvi_register_access access = {.space = AMDVI_SPACE_VF,
                                                 .write = true,
                                                 .guest_id = guest_id(A),
                                                 .size = 8,
                                                 .offset = VF_TAIL,
                                                 .value = tail};

    return amdvi_submit_register(w.device, &access, 0);
}

static void on_complete(void *context, const struct amdvi_completion *completion)
{
    completed++;
    last_status = completion->status;
    if (asks_again)
        again = move_tail(0);
}

static void open_world(void)
{
    const struct amdvi_external face = {.issue = on_issue, .complete = on_complete, .most = 4};

    world_open(&w, NULL, true);
    opened = completed = 0;
    asks_again = false;
    ck_assert_int_eq(amdvi_external_attach(w.device, &face), AMDVI_OK);
}

static void answer_one(void)
{
    uint64_t id = open[0].id;

    ck_assert_uint_gt(opened, 0);
    memmove(open, open + 1, --opened * sizeof(open[0]));
    ck_assert_int_eq(amdvi_memory_answer(w.device, id), AMDVI_OK);
}

static void answer_all(void)
{
    while (opened)
        answer_one();
}

static void answer_until_a_command_is_read(void)
{
    while (open[0].access != AMDVI_ACCESS_COMMAND)
        answer_one();
}

static void cancel(void)
{
    ck_assert_int_eq(amdvi_external_cancel(w.device), AMDVI_OK);
    opened = 0;
}

static void put_invalidations(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        guest_put_command(&w, A, i, UINT64_C(2) << 60 | guest_device(0), 0);
}

START_TEST(a_command_under_way_does_not_move_the_restored_head)
{
    open_world();
    put_invalidations(10);
    ck_assert_int_eq(move_tail(0x80), AMDVI_OK);
    answer_all();
    saved_guest(&saved, w.device, guest_id(A)); /* head and tail at 80h */
    ck_assert_int_eq(move_tail(0xa0), AMDVI_OK);
    answer_until_a_command_is_read();
    ck_assert_int_eq(amdvi_guest_restore(w.device, guest_id(A), saved.bytes, saved.size), AMDVI_OK);
    answer_all();
    ck_assert_uint_eq(vf_read(&w, A, VF_TAIL), 0x80);
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 0x80);
    world_close(&w);
}
END_TEST

/* ---------------------------------------------------------------- what is taken back */

START_TEST(an_access_that_is_taken_back_holds_up_no_other)
{
    open_world();
    put_invalidations(1);
    ck_assert_int_eq(move_tail(16), AMDVI_OK);
    ck_assert_uint_gt(opened, 0);
    cancel();
    ck_assert_uint_eq(completed, 1);
    ck_assert_int_eq(last_status, AMDVI_ERR_BUSY);
    ck_assert_int_eq(move_tail(16), AMDVI_OK);
    answer_all();
    ck_assert_uint_eq(completed, 2);
    ck_assert_int_eq(last_status, AMDVI_OK);
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 16);
    world_close(&w);
}
END_TEST

/* Nor does a ring, which goes on with the command that it was at. */
START_TEST(a_ring_that_is_taken_back_goes_on)
{
    bool work = false;

    open_world();
    put_invalidations(4);
    ck_assert_int_eq(move_tail(0x40), AMDVI_OK);
    for (int i = 0; i <= _i; i++) { /* at the first command, or behind it */
        answer_until_a_command_is_read();
        answer_one();
    }
    cancel();
    ck_assert_int_eq(amdvi_has_work(w.device, &work), AMDVI_OK);
    ck_assert(work);
    ck_assert_int_eq(amdvi_run(w.device), AMDVI_OK);
    answer_all();
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 0x40);
    ck_assert_int_eq(move_tail(0x40), AMDVI_OK);
    answer_all();
    ck_assert_int_eq(last_status, AMDVI_OK);
    world_close(&w);
}
END_TEST

/* Whoever hears that everything is taken back cannot begin anew from there. */
START_TEST(nothing_is_submitted_while_everything_is_taken_back)
{
    open_world();
    ck_assert_int_eq(move_tail(0), AMDVI_OK);
    asks_again = true;
    again = AMDVI_OK;
    cancel();
    ck_assert_uint_eq(completed, 1);
    ck_assert_int_eq(again, AMDVI_ERR_BUSY);
    asks_again = false;
    ck_assert_int_eq(move_tail(0), AMDVI_OK);
    answer_all();
    ck_assert_int_eq(last_status, AMDVI_OK);
    world_close(&w);
}
END_TEST

static uint64_t page_of_b(void)
{
    struct amdvi_result result = guest_ask(&w, B, 0, AMDVI_READ, G_IOVA);

    ck_assert(result.ok);
    return result.pa - guest_spa(B, G_DATA);
}

/* A run remembers what a guest's maps name; the one behind it reads them again (viommu 6, 11 #14). */
START_TEST(maps_are_read_again_after_a_run_that_was_taken_back)
{
    enum { MOVED = 3 * PAGE_BYTES };

    open_world();
    ck_assert_uint_eq(page_of_b(), 0);
    guest_put64(&w, B, G_LEAF + 8 * (G_IOVA / PAGE_BYTES), (G_DATA + MOVED) | 7);
    for (unsigned i = 0; i < 2; i++)
        guest_put_command(&w, A, i, UINT64_C(8) << 60, 0);
    ck_assert_int_eq(move_tail(32), AMDVI_OK);
    while (get64(&w, w.slot_page + 64u * guest_id(A)) != 16)
        answer_one();
    cancel();
    put64(&w, w.domain_map[A] + 8 * 9, (uint64_t)host_domain(B, 0) << 24 | 1);
    ck_assert_uint_eq(page_of_b(), 0);
    ck_assert_int_eq(amdvi_run(w.device), AMDVI_OK);
    answer_all();
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 32);
    ck_assert_uint_eq(page_of_b(), MOVED);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: under way");
    TCase *tests = tcase_create("under way");

    tcase_add_test(tests, a_command_that_waited_is_not_taken_for_one_of_the_restored_guest);
    tcase_add_test(tests, a_command_under_way_does_not_move_the_restored_head);
    tcase_add_test(tests, an_access_that_is_taken_back_holds_up_no_other);
    tcase_add_loop_test(tests, a_ring_that_is_taken_back_goes_on, 0, 2);
    tcase_add_test(tests, nothing_is_submitted_while_everything_is_taken_back);
    tcase_add_test(tests, maps_are_read_again_after_a_run_that_was_taken_back);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
