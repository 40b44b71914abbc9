// SPDX-License-Identifier: Apache-2.0
/*
 * When each resource answers: not before t, at t. Expected times are sums of the parameters, worked out by
 * hand from the structure (docs/timing.md): L1 1, link 8, an L2 array 3 and a cycle for each further page
 * size, memory 150.
 */
#include "testbench/unit/timed/stage.h"

/* A cold walk: L1, link, DTC, entry read, PTC with three sizes, PDC, four levels, link. */
enum { COLD = 1 + 8 + 3 + 150 + (3 + 2) + 3 + 4 * 150 + 8 };
/* With the entry and the directories: DTC and PTC in a row, PDC, one level. */
enum { WARM_WALK = 1 + 8 + 3 + (3 + 2) + 3 + 150 + 8, L2_HIT = 1 + 8 + 3 + 3 + 8, L1_HIT = 1 };

static struct stage s;

START_TEST(cold_walk)
{
    stage_open(&s, "", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_ends_at(&s, 1, COLD);
    ck_assert(s.ends[1].ok);
    ck_assert_uint_eq(s.ends[1].pa, MACHINE_DATA);
    ck_assert_uint_eq(s.ends[1].reads, 5);
    ck_assert_int_eq(s.ends[1].place, AMDVI_TIMED_WALK);
    stage_close(&s);
}
END_TEST

START_TEST(hits)
{
    stage_open(&s, "", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_finish(&s);
    stage_read(&s, 1000, 0, DEVICE, page_at(0), 2);
    stage_ends_at(&s, 2, 1000 + L1_HIT);
    ck_assert_int_eq(s.ends[2].place, AMDVI_TIMED_L1);
    stage_read(&s, 2000, 1, DEVICE, page_at(0), 3);
    stage_ends_at(&s, 3, 2000 + L2_HIT);
    ck_assert_int_eq(s.ends[3].place, AMDVI_TIMED_L2);
    ck_assert_uint_eq(s.ends[3].reads, 0);
    stage_read(&s, 3000, 1, DEVICE, page_at(0), 4);
    stage_ends_at(&s, 4, 3000 + L1_HIT);
    stage_close(&s);
}
END_TEST

START_TEST(walk_with_directories)
{
    stage_open(&s, "", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_finish(&s);
    stage_read(&s, 1000, 0, DEVICE, page_at(9), 2);
    stage_ends_at(&s, 2, 1000 + WARM_WALK);
    ck_assert_uint_eq(s.ends[2].reads, 1);
    stage_close(&s);
}
END_TEST

START_TEST(another_device_asks_the_whole_way)
{
    stage_open(&s, "", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_finish(&s);
    stage_read(&s, 1000, 0, OTHER, page_at(0), 2); /* its entry is not cached, the domain's page is */
    stage_ends_at(&s, 2, 1000 + 1 + 8 + 3 + 150 + 3 + 8);
    stage_close(&s);
}
END_TEST

START_TEST(one_walker)
{
    stage_open(&s, "walk.slots=1,walk.merge_line=off", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_finish(&s);
    stage_read(&s, 1000, 0, DEVICE, page_at(9), 2);
    stage_read(&s, 1000, 1, DEVICE, page_at(17), 3);
    stage_ends_at(&s, 2, 1000 + WARM_WALK);
    stage_ends_at(&s, 3, 1000 + WARM_WALK + 150);
    stage_close(&s);
}
END_TEST

START_TEST(many_walkers)
{
    stage_open(&s, "walk.slots=2,walk.merge_line=off", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_finish(&s);
    stage_read(&s, 1000, 0, DEVICE, page_at(9), 2);
    stage_read(&s, 1000, 1, DEVICE, page_at(17), 3); /* its four probes begin behind the first one's */
    stage_ends_at(&s, 2, 1000 + WARM_WALK);
    stage_ends_at(&s, 3, 1000 + WARM_WALK + 4);
    stage_close(&s);
}
END_TEST

START_TEST(one_credit)
{
    stage_open(&s, "memory.credits=1,walk.merge_line=off", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_finish(&s);
    stage_read(&s, 1000, 0, DEVICE, page_at(9), 2);
    stage_read(&s, 1000, 1, DEVICE, page_at(17), 3);
    stage_ends_at(&s, 3, 1000 + WARM_WALK + 150);
    stage_close(&s);
}
END_TEST

START_TEST(a_bus)
{
    stage_open(&s, "memory.line_time=40ns,walk.merge_line=off", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_ends_at(&s, 1, COLD + 5 * 40);
    stage_read(&s, 2000, 0, DEVICE, page_at(9), 2);
    stage_read(&s, 2000, 1, DEVICE, page_at(17), 3);
    stage_ends_at(&s, 2, 2000 + WARM_WALK + 40);
    stage_ends_at(&s, 3, 2000 + WARM_WALK + 80);
    stage_close(&s);
}
END_TEST

START_TEST(the_same_page)
{
    stage_open(&s, "", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_read(&s, 300, 1, DEVICE, page_at(0) + 64, 2);
    stage_ends_at(&s, 1, COLD);
    /* Its walk ends when the last level is there, 8 before COLD; then DTC and PTC again, and back. */
    stage_ends_at(&s, 2, COLD - 8 + 3 + 3 + 8);
    ck_assert_uint_eq(s.ends[2].reads, 0);
    stage_close(&s);
}
END_TEST

START_TEST(the_same_line)
{
    struct amdvi_timed_statistics statistics;

    stage_open(&s, "walk.merge_page=off", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_finish(&s);
    stage_read(&s, 1000, 0, DEVICE, page_at(9), 2);
    stage_read(&s, 1000, 1, DEVICE, page_at(10), 3); /* entries 9 and 10 lie in one line of eight */
    stage_ends_at(&s, 2, 1000 + WARM_WALK);
    stage_finish(&s);
    ck_assert_uint_eq(s.ends[3].at, s.ends[2].at);
    ck_assert_uint_eq(s.ends[3].reads, 0);
    ck_assert_int_eq(s.ends[3].place, AMDVI_TIMED_WALK);
    amdvi_timed_get_statistics(s.timed, &statistics);
    ck_assert_uint_eq(statistics.merged_lines, 1);
    ck_assert_uint_eq(statistics.asks[AMDVI_TIMED_TABLES], 6);
    stage_close(&s);
}
END_TEST

START_TEST(a_full_port)
{
    stage_open(&s, "l1.outstanding=1", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 2);
    stage_ends_at(&s, 1, COLD);
    stage_ends_at(&s, 2, COLD + L1_HIT);
    stage_close(&s);
    stage_open(&s, "l1.outstanding=1,l1.full=drop", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_read(&s, 5, 0, DEVICE, page_at(0), 2);
    stage_ends_at(&s, 2, 5);
    ck_assert_int_eq(s.ends[2].status, AMDVI_ERR_BUSY);
    ck_assert_int_eq(s.ends[2].place, AMDVI_TIMED_DROPPED);
    stage_ends_at(&s, 1, COLD);
    stage_close(&s);
}
END_TEST

START_TEST(two_latencies)
{
    stage_open(&s, "memory.slow_latency=1000ns,memory.slow_share=1000000,memory.remote=7ns", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_ends_at(&s, 1, COLD + 5 * (1007 - 150));
    stage_close(&s);
}
END_TEST

START_TEST(a_translation_request)
{
    struct amdvi_request request = {
        .device = DEVICE, .at = AMDVI_TRANSLATION_REQUEST, .address = IOVA, .length = 8};

    stage_open(&s, "", NULL);
    amdvi_timed_request(s.timed, 0, 0, &request, 1);
    stage_ends_at(&s, 1, 450 + COLD + 450);
    stage_close(&s);
}
END_TEST

/* ---------------------------------------------------------------- commands */

/* Doorbell 200; line 150; decode 4; store 100. */
START_TEST(a_wait)
{
    stage_open(&s, "", NULL);
    stage_wait(&s, 77);
    stage_doorbell(&s, 0, 1);
    stage_stored_at(&s, 77, 200 + 150 + 4 + 100);
    stage_close(&s);
}
END_TEST

/* The second command of a line needs no read. */
START_TEST(an_invalidation_and_a_wait)
{
    stage_open(&s, "", NULL);
    stage_invalidate_page(&s, page_at(0));
    stage_wait(&s, 77);
    stage_doorbell(&s, 0, 1);
    /* decode 4; a set for each of three page sizes: 3 cycles */
    stage_stored_at(&s, 77, 200 + 150 + 4 + 3 + 4 + 100);
    stage_close(&s);
}
END_TEST

START_TEST(lines_read_ahead)
{
    for (unsigned ahead = 0; ahead < 2; ahead++) {
        stage_open(&s, ahead ? "command.prefetch=1" : "command.prefetch=0", NULL);
        for (unsigned i = 0; i < 8; i++)
            stage_invalidate_page(&s, page_at(i));
        stage_wait(&s, 9);
        stage_doorbell(&s, 0, 1);
        /* Three lines. Read ahead, the second comes with the first, and the third 150 after the second was
         * used. */
        stage_stored_at(&s, 9, ahead ? 200 + 150 + 4 * 7 + 150 + 4 + 100 : 200 + 3 * 150 + 8 * 7 + 4 + 100);
        stage_close(&s);
    }
}
END_TEST

/* A domain: 2048 lines of the PTC, 8 a cycle, are 256 cycles. */
START_TEST(a_whole_domain)
{
    stage_open(&s, "", NULL);
    stage_command(&s, UINT64_C(3) << 60 | (uint64_t)DOMAIN << 32, UINT64_C(0x7ffffffffffff001));
    stage_wait(&s, 77);
    stage_doorbell(&s, 0, 1);
    stage_stored_at(&s, 77, 200 + 150 + 4 + 256 + 4 + 100);
    stage_close(&s);
}
END_TEST

/* A lookup in the middle of it waits for the end of a burst, and makes the invalidation later. */
START_TEST(a_lookup_steals_cycles)
{
    stage_open(&s, "l1.entries=0", NULL);
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    stage_finish(&s);
    stage_command(&s, UINT64_C(3) << 60 | (uint64_t)(DOMAIN + 1) << 32, UINT64_C(0x7ffffffffffff001));
    stage_wait(&s, 78);
    stage_doorbell(&s, 1000, 2);
    stage_read(&s, 1354 + 16 + 3 - 9, 1, DEVICE, page_at(0), 3); /* at L2 3 cycles into the third burst */
    stage_ends_at(&s, 3, 1354 + 24 + 6 + 8);                     /* the burst ends after 24 */
    stage_close(&s);
}
END_TEST

START_TEST(a_wait_drains_older_walks)
{
    for (unsigned flush = 0; flush < 2; flush++) {
        stage_open(&s,
                   flush ? "command.flush=wait,memory.latency=1us" : "command.flush=none,memory.latency=1us",
                   NULL);
        stage_wait(&s, 5);
        stage_doorbell(&s, 0, 1);
        stage_read(&s, 100, 0, DEVICE, page_at(0), 2);
        /* The walk ends behind its last level; its answer takes 8 more, and the store 100. */
        stage_stored_at(&s, 5, flush ? 100 + 12 + 1000 + 8 + 4 * 1000 + 8 + 100 : 200 + 1000 + 4 + 100);
        stage_close(&s);
    }
}
END_TEST

/* ---------------------------------------------------------------- the host's memory and clock */

START_TEST(memory_of_the_host)
{
    stage_open_host_memory(&s, "");
    stage_read(&s, 0, 0, DEVICE, page_at(0), 1);
    for (unsigned i = 0; i < 5; i++) {
        uint64_t next = amdvi_timed_next(s.timed);
        ck_assert_int_eq(amdvi_timed_run(s.timed, next), AMDVI_OK);
        while (s.asked == i)
            ck_assert_int_eq(amdvi_timed_run(s.timed, amdvi_timed_next(s.timed)), AMDVI_OK);
        ck_assert_int_eq(amdvi_timed_run(s.timed, amdvi_timed_now(s.timed) + 40 * NS), AMDVI_OK);
        ck_assert_uint_eq(amdvi_timed_next(s.timed), AMDVI_TIMED_NEVER);
        ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, s.asks[i].id), AMDVI_OK);
        ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, s.asks[i].id), AMDVI_ERR_ARGUMENT);
    }
    stage_ends_at(&s, 1, COLD - 5 * 150 + 5 * 40);
    ck_assert(s.ends[1].ok);
    stage_close(&s);
}
END_TEST

START_TEST(refusals)
{
    struct amdvi_request request = {.device = DEVICE, .address = IOVA, .length = 64};

    stage_open(&s, "", NULL);
    amdvi_timed_run(s.timed, 100);
    ck_assert_int_eq(amdvi_timed_request(s.timed, 99, 0, &request, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_request(s.timed, 100, 4, &request, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_request(s.timed, AMDVI_TIMED_LAST + 1, 0, &request, 1), AMDVI_ERR_ARGUMENT);
    request.length = 0;
    ck_assert_int_eq(amdvi_timed_request(s.timed, 100, 0, &request, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_run(s.timed, 99), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, 1), AMDVI_ERR_ARGUMENT);
    stage_close(&s);
}
END_TEST

/* What is under way when the device is taken away, or reset, is forgotten without harm. */
START_TEST(taken_back)
{
    stage_open(&s, "walk.slots=1", NULL);
    for (unsigned i = 0; i < 20; i++)
        stage_read(&s, 0, i % 4, DEVICE, page_at(8 * (i % 8)), i);
    amdvi_timed_run(s.timed, 400 * NS);
    ck_assert_int_eq(amdvi_reset(s.machine.device), AMDVI_OK);
    stage_finish(&s);
    for (unsigned i = 0; i < 20; i++)
        ck_assert(s.ends[i].ended);
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 0);
    stage_close(&s);
    stage_open(&s, "walk.slots=1", NULL);
    for (unsigned i = 0; i < 20; i++)
        stage_read(&s, 0, i % 4, DEVICE, page_at(8 * (i % 8)), i);
    amdvi_timed_run(s.timed, 400 * NS);
    stage_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("earliest");
    TCase *requests = tcase_create("requests"), *commands = tcase_create("commands"),
          *host = tcase_create("host");

    tcase_add_test(requests, cold_walk);
    tcase_add_test(requests, hits);
    tcase_add_test(requests, walk_with_directories);
    tcase_add_test(requests, another_device_asks_the_whole_way);
    tcase_add_test(requests, one_walker);
    tcase_add_test(requests, many_walkers);
    tcase_add_test(requests, one_credit);
    tcase_add_test(requests, a_bus);
    tcase_add_test(requests, the_same_page);
    tcase_add_test(requests, the_same_line);
    tcase_add_test(requests, a_full_port);
    tcase_add_test(requests, two_latencies);
    tcase_add_test(requests, a_translation_request);
    tcase_add_test(commands, a_wait);
    tcase_add_test(commands, an_invalidation_and_a_wait);
    tcase_add_test(commands, lines_read_ahead);
    tcase_add_test(commands, a_whole_domain);
    tcase_add_test(commands, a_lookup_steals_cycles);
    tcase_add_test(commands, a_wait_drains_older_walks);
    tcase_add_test(host, memory_of_the_host);
    tcase_add_test(host, refusals);
    tcase_add_test(host, taken_back);
    suite_add_tcase(suite, requests);
    suite_add_tcase(suite, commands);
    suite_add_tcase(suite, host);
    return run_suite(suite);
}
