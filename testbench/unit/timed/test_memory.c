// SPDX-License-Identifier: Apache-2.0
/* The walker's prefetch, and latencies of memory from a list. Sums as in test_earliest. */
#include "testbench/unit/timed/stage.h"

enum { COLD = 1 + 8 + 3 + 150 + (3 + 2) + 3 + 4 * 150 + 8, L2_HIT = 1 + 8 + 3 + 3 + 8 };

static struct stage s;

static struct amdvi_timed_statistics statistics(void)
{
    struct amdvi_timed_statistics result;

    ck_assert_int_eq(amdvi_timed_get_statistics(s.timed, &result), AMDVI_OK);
    return result;
}

/* Pages 9 to 15 share a line of eight entries with page 8. */
START_TEST(the_rest_of_the_line)
{
    stage_open(&s, "walk.prefetch=on", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(8), 1);
    stage_ends_at(&s, 1, COLD);
    stage_finish(&s);
    ck_assert_uint_eq(statistics().asks[AMDVI_TIMED_TABLES], 5); /* none for the prefetch */
    ck_assert_uint_eq(statistics().prefetches, 1);
    for (unsigned i = 9; i < 18; i++) {
        stage_read(&s, 1000 * (uint64_t)i, 0, DEVICE, page_at(i), i);
        stage_finish(&s);
        ck_assert_int_eq(s.ends[i].place, i < 16    ? AMDVI_TIMED_L2
                                          : i == 16 ? AMDVI_TIMED_WALK
                                                    : AMDVI_TIMED_L2);
        ck_assert_uint_eq(s.ends[i].pa, MACHINE_DATA + 4096 * i);
    }
    stage_close(&s);
}
END_TEST

START_TEST(as_far_as_the_range)
{
    stage_open(&s, "walk.prefetch=on,walk.prefetch_range=2", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(8), 1);
    stage_finish(&s);
    for (unsigned i = 9; i < 12; i++) {
        stage_read(&s, 1000 * (uint64_t)i, 0, DEVICE, page_at(i), i);
        stage_finish(&s);
        ck_assert_int_eq(s.ends[i].place, i < 11 ? AMDVI_TIMED_L2 : AMDVI_TIMED_WALK);
    }
    stage_close(&s);
}
END_TEST

/* The last entry of a line has none behind it; pages that are not there end the prefetch without a record. */
START_TEST(nothing_behind)
{
    stage_open(&s, "walk.prefetch=on", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(15), 1);
    stage_finish(&s);
    ck_assert_uint_eq(statistics().prefetches, 0);
    machine_poke(&s.machine, machine_host_entry(&s.machine, s.root, 4, 1, page_at(26)), 0);
    stage_read(&s, 2000, 0, DEVICE, page_at(24), 2);
    stage_finish(&s);
    ck_assert_uint_eq(statistics().prefetches, 1);
    ck_assert_uint_eq(machine_events(&s.machine), 0);
    stage_read(&s, 3000, 0, DEVICE, page_at(25), 3);
    stage_ends_at(&s, 3, 3000 + L2_HIT);
    stage_read(&s, 4000, 0, DEVICE, page_at(27), 4);
    stage_finish(&s);
    ck_assert_int_eq(s.ends[4].place, AMDVI_TIMED_WALK);
    stage_close(&s);
}
END_TEST

/* An invalidation behind it takes what was prefetched, too. */
START_TEST(what_was_prefetched_is_invalidated)
{
    stage_open(&s, "walk.prefetch=on", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(8), 1);
    stage_finish(&s);
    machine_map(&s.machine, s.root, 4, page_at(9), MACHINE_DATA, MACHINE_READ_WRITE);
    stage_invalidate_page(&s, page_at(9));
    stage_wait(&s, 77);
    stage_doorbell(&s, 2000, 2);
    stage_finish(&s);
    stage_read(&s, 9000, 0, DEVICE, page_at(9), 3);
    stage_finish(&s);
    ck_assert_uint_eq(s.ends[3].pa, MACHINE_DATA);
    stage_close(&s);
}
END_TEST

START_TEST(latencies_in_turn)
{
    static const uint64_t list[] = {100 * NS, 200 * NS, 300 * NS};

    stage_open(&s, "", NULL);
    ck_assert_int_eq(amdvi_timed_set_latencies(s.timed, AMDVI_TIMED_IN_TURN, list, 3), AMDVI_OK);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_ends_at(&s, 1, COLD - 5 * 150 + 100 + 200 + 300 + 100 + 200);
    ck_assert_int_eq(amdvi_timed_set_latencies(s.timed, AMDVI_TIMED_IN_TURN, NULL, 0), AMDVI_OK);
    stage_read(&s, 5000, 0, DEVICE, page_at(9), 2);
    stage_ends_at(&s, 2, 5000 + 1 + 8 + 3 + 5 + 3 + 150 + 8);
    stage_close(&s);
}
END_TEST

START_TEST(latencies_that_are_drawn)
{
    static const uint64_t list[] = {7 * NS, 7 * NS};
    const uint64_t too_long = (uint64_t)AMDVI_TIMED_LATENCY_MAX + 1;

    stage_open(&s, "", NULL);
    ck_assert_int_eq(amdvi_timed_set_latencies(s.timed, AMDVI_TIMED_DRAWN, list, 2), AMDVI_OK);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_ends_at(&s, 1, COLD - 5 * 150 + 5 * 7);
    ck_assert_int_eq(amdvi_timed_set_latencies(s.timed, AMDVI_TIMED_DRAWN, &too_long, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_set_latencies(s.timed, AMDVI_TIMED_DRAWN, NULL, 1), AMDVI_ERR_ARGUMENT);
    stage_close(&s);
}
END_TEST

/* Of many walks about as many reads as the share says are remote. */
START_TEST(a_share_is_remote)
{
    uint64_t busy;

    stage_open(&s, "memory.remote=1000ns,memory.remote_share=250000,l1.entries=0",
               (const char *const[]){"ptc.log2_entries", "0", NULL});
    for (unsigned i = 0; i < 2000; i++) {
        stage_read(&s, 100000 * (uint64_t)i, 0, DEVICE, page_at(i % 64), i);
        stage_finish(&s);
    }
    busy = statistics().busy_ps[AMDVI_TIMED_TABLES] / statistics().asks[AMDVI_TIMED_TABLES] / NS;
    ck_assert_uint_ge(busy, 150 + 220);
    ck_assert_uint_le(busy, 150 + 280);
    stage_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *prefetch = tcase_create("prefetch"), *latencies = tcase_create("latencies");

    tcase_add_test(prefetch, the_rest_of_the_line);
    tcase_add_test(prefetch, as_far_as_the_range);
    tcase_add_test(prefetch, nothing_behind);
    tcase_add_test(prefetch, what_was_prefetched_is_invalidated);
    tcase_add_test(latencies, latencies_in_turn);
    tcase_add_test(latencies, latencies_that_are_drawn);
    tcase_add_test(latencies, a_share_is_remote);
    suite_add_tcase(suite, prefetch);
    suite_add_tcase(suite, latencies);
    return run_suite(suite);
}
