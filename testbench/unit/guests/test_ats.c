// SPDX-License-Identifier: Apache-2.0
/*
 * ATS invalidations that devices leave unanswered (iommu 6.4 opcode 4; viommu 7.1): they are counted for who
 * sent them, and end with the guest that sent them.
 */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>

enum { A, B, MOST = 512, UNANSWERED = 64, VALUE = 0x5a };

static struct world w;
static uint32_t tags[MOST];
static unsigned asked, heard_b;

/* Devices of guest A never answer by themselves; all others at once. */
static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    (void)context;
    if (owner_of_device(invalidation->device) != A) {
        heard_b++;
        return AMDVI_ATC_DONE;
    }
    tags[asked++ % MOST] = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

static void setup_with(const char *settings)
{
    world_open(&w, settings, true);
    asked = heard_b = 0;
    w.notes.atc = on_atc;
}

static void setup(void)
{
    setup_with(NULL);
}

static void teardown(void)
{
    world_close(&w);
}

static void invalidate(unsigned g)
{
    guest_command(&w, g, UINT64_C(4) << 60 | guest_device(0), UINT64_C(0x7ffffffffffff001));
}

static void block(unsigned g)
{
    for (unsigned i = 0; i < 100; i++)
        invalidate(g);
}

static bool stored(unsigned g)
{
    return guest_get64(&w, g, G_STORE) == VALUE;
}

static void complete(uint32_t tag)
{
    ck_assert_int_eq(amdvi_atc_complete(w.device, tag), AMDVI_OK);
    world_run(&w);
}

START_TEST(a_guest_with_silent_devices_blocks_itself_only)
{
    block(A);
    ck_assert_uint_eq(asked, UNANSWERED);
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 16 * UNANSWERED);
    invalidate(B);
    guest_wait(&w, B, G_STORE, VALUE);
    ck_assert_uint_eq(heard_b, 1);
    ck_assert(stored(B));
    host_command(&w, UINT64_C(4) << 60 | host_device(B, 0), UINT64_C(0x7ffffffffffff001));
    host_command(&w, UINT64_C(1) << 60 | H_STORE | 1, VALUE);
    ck_assert_uint_eq(heard_b, 2);
    ck_assert_uint_eq(get64(&w, H_STORE), VALUE);
}
END_TEST

/* Nor does the host block its guests. */
START_TEST(a_host_with_silent_devices_blocks_itself_only)
{
    for (unsigned i = 0; i < 100; i++)
        host_command(&w, UINT64_C(4) << 60 | host_device(A, 0), UINT64_C(0x7ffffffffffff001));
    ck_assert_uint_eq(asked, UNANSWERED);
    invalidate(A);
    ck_assert_uint_eq(asked, UNANSWERED + 1);
    complete(tags[0]);
    ck_assert_uint_eq(asked, UNANSWERED + 2);
}
END_TEST

/* One answer, one more command: no doorbell is needed, and no dirty status (2.3) that could be scanned. */
START_TEST(an_answer_wakes_the_guest_that_waits_for_it)
{
    block(A);
    if (_i) {
        put64(&w, w.private_root, 0);
        host_command(&w, UINT64_C(8) << 60, 0);
    }
    for (unsigned done = 0; done < 100; done++) {
        ck_assert_uint_eq(asked, done + UNANSWERED < 100 ? done + UNANSWERED : 100);
        complete(tags[done]);
    }
    ck_assert_uint_eq(asked, 100);
}
END_TEST

/* By choice a guest waits for everybody's (11 #17): the last answer wakes it, whoever sent the command. */
START_TEST(the_last_answer_wakes_a_guest_that_waits_for_all)
{
    teardown();
    setup_with("viommu.wait_scope=global");
    invalidate(A);
    put64(&w, w.private_root, 0);
    host_command(&w, UINT64_C(8) << 60, 0);
    guest_wait(&w, B, G_STORE, VALUE);
    ck_assert(!stored(B));
    world_run(&w);
    ck_assert(!stored(B));
    complete(tags[0]);
    ck_assert(stored(B));
}
END_TEST

START_TEST(the_number_that_may_be_unanswered_is_a_key)
{
    teardown();
    setup_with("ats.unanswered=3");
    block(A);
    ck_assert_uint_eq(asked, 3);
    complete(tags[1]);
    ck_assert_uint_eq(asked, 4);
}
END_TEST

/* ---------------------------------------------------------------- the next guest of that GuestID */

static void host_reset(unsigned g, uint64_t bits)
{
    host_command(&w, UINT64_C(10) << 60 | bits | guest_id(g), 0);
}

/* RESET_VMMIO with All and vCmd, or with vCmd alone (7.5): the commands in flight are no longer anybody's. */
START_TEST(after_a_reset_nobody_waits_for_the_predecessors_device)
{
    block(A);
    host_reset(A, _i ? UINT64_C(0x90000000) : UINT64_C(0x80000000));
    if (_i)
        world_start_guest(&w, A);
    else
        vf_write(&w, A, VF_TAIL, vf_read(&w, A, VF_HEAD));
    guest_wait(&w, A, G_STORE, VALUE);
    ck_assert(stored(A));
}
END_TEST

/* Its answers come late, and count for nothing and nobody. */
START_TEST(late_answers_of_a_predecessor_do_nothing)
{
    block(A);
    host_reset(A, UINT64_C(0x90000000));
    world_start_guest(&w, A);
    block(A);
    guest_wait(&w, A, G_STORE, VALUE);
    ck_assert_uint_eq(asked, 2 * UNANSWERED);
    for (unsigned i = 0; i < UNANSWERED; i++)
        ck_assert_int_eq(amdvi_atc_complete(w.device, tags[i]), AMDVI_ERR_ARGUMENT);
    world_run(&w);
    ck_assert_uint_eq(asked, 2 * UNANSWERED);
    ck_assert(!stored(A));
    for (unsigned i = UNANSWERED; i < asked; i++)
        complete(tags[i]);
    ck_assert(stored(A));
}
END_TEST

/* The time-out of a command that nobody waits for is nobody's, either: InvTimeOut is 1 s here (2.4, 7.3). */
START_TEST(what_a_reset_forgot_does_not_time_out)
{
    block(A);
    host_reset(A, UINT64_C(0x90000000));
    ck_assert_int_eq(amdvi_advance(w.device, 2000000000), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(reg_read(&w, R_EVT_TAIL), 0);
}
END_TEST

/* Without a reset the successor waits for its predecessor's device, and nobody else does (14 #3). */
START_TEST(a_guest_id_used_again_without_reset_is_safe_for_others)
{
    block(A);
    world_start_guest(&w, A);
    invalidate(B);
    guest_wait(&w, B, G_STORE, VALUE);
    ck_assert(stored(B));
}
END_TEST

/* ---------------------------------------------------------------- order and memory */

/* Records come in the order in which the commands timed out, then of their age, whoever sent them. */
START_TEST(time_outs_come_in_order)
{
    for (unsigned i = 0; i < 70; i++) {
        if (i % 2)
            invalidate(A);
        else
            host_command(&w, UINT64_C(4) << 60 | host_device(A, 1), UINT64_C(0x7ffffffffffff001));
        ck_assert_int_eq(amdvi_advance(w.device, 1000), AMDVI_OK);
    }
    complete(tags[10]);
    ck_assert_int_eq(amdvi_advance(w.device, 2000000000), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(reg_read(&w, R_EVT_TAIL), 69 * 16);
    for (unsigned i = 0, record = 0; i < 70; i++)
        if (i != 10)
            ck_assert_uint_eq(get64(&w, H_EVT + 16 * record++) & 0xffff, host_device(A, 1 - i % 2));
}
END_TEST

/* Whoever gets no memory for a command tries again in the next run. */
START_TEST(without_memory_the_command_waits)
{
    unsigned before;

    for (unsigned fails = 1; fails < 4; fails++) {
        teardown();
        setup();
        before = w.live_blocks;
        w.allocation_fails = w.allocations + fails;
        if (_i)
            put64(&w, w.private_root, 0);
        host_command(&w, UINT64_C(8) << 60, 0);
        invalidate(A);
        world_run(&w);
        ck_assert_uint_eq(asked, 1);
        ck_assert_uint_ge(w.live_blocks, before);
    }
}
END_TEST

/* As many as were ever unanswered at once, however often. */
START_TEST(memory_is_used_again)
{
    unsigned after = 0;

    for (unsigned round = 0; round < 20; round++) {
        block(A);
        host_reset(A, UINT64_C(0x90000000));
        world_start_guest(&w, A);
        if (round == 0)
            after = w.live_blocks;
    }
    ck_assert_uint_eq(w.live_blocks, after);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: ats");
    TCase *tests = tcase_create("ats");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_guest_with_silent_devices_blocks_itself_only);
    tcase_add_test(tests, a_host_with_silent_devices_blocks_itself_only);
    tcase_add_loop_test(tests, an_answer_wakes_the_guest_that_waits_for_it, 0, 2);
    tcase_add_test(tests, the_last_answer_wakes_a_guest_that_waits_for_all);
    tcase_add_test(tests, the_number_that_may_be_unanswered_is_a_key);
    tcase_add_loop_test(tests, after_a_reset_nobody_waits_for_the_predecessors_device, 0, 2);
    tcase_add_test(tests, late_answers_of_a_predecessor_do_nothing);
    tcase_add_test(tests, what_a_reset_forgot_does_not_time_out);
    tcase_add_test(tests, a_guest_id_used_again_without_reset_is_safe_for_others);
    tcase_add_test(tests, time_outs_come_in_order);
    tcase_add_loop_test(tests, without_memory_the_command_waits, 0, 2);
    tcase_add_test(tests, memory_is_used_again);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
