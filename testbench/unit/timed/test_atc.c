// SPDX-License-Identifier: Apache-2.0
/*
 * Devices with a translation cache of their own: when it answers, when an invalidation is through, and what
 * happens to answers that an invalidation overtakes. PCIe 450 one way, the cache 2, the rest as in
 * test_earliest.
 */
#include "testbench/unit/timed/stage.h"

enum {
    COLD = 1 + 8 + 3 + 150 + (3 + 2) + 3 + 4 * 150 + 8,
    WARM = 1 + 8 + 3 + 3 + 8,
    ATC = 2,
    WAY = 450,
    FIRST = ATC + WAY + COLD + WAY
};

static struct stage s;

static void open_ats(const char *settings)
{
    stage_open(&s, settings, NULL);
    stage_allow_ats(&s);
}

START_TEST(a_miss_takes_the_way_there_and_back)
{
    open_ats("");
    stage_read_by_atc(&s, 0, page_at(0) + 128, 1);
    stage_ends_at(&s, 1, FIRST);
    ck_assert(s.ends[1].ok);
    ck_assert_uint_eq(s.ends[1].pa, MACHINE_DATA + 128);
    ck_assert_int_eq(s.ends[1].place, AMDVI_TIMED_WALK);
    stage_close(&s);
}
END_TEST

START_TEST(a_hit_takes_the_cache)
{
    open_ats("");
    stage_read_by_atc(&s, 0, page_at(0) + 128, 1);
    stage_finish(&s);
    stage_read_by_atc(&s, 5000, page_at(0) + 64, 2);
    stage_ends_at(&s, 2, 5000 + ATC);
    ck_assert_int_eq(s.ends[2].place, AMDVI_TIMED_ATC);
    ck_assert_uint_eq(s.ends[2].pa, MACHINE_DATA + 64);
    ck_assert_uint_eq(s.ends[2].reads, 0);
    stage_close(&s);
}
END_TEST

/* Two ways: of three pages in one set the one that was used longest ago goes. */
START_TEST(sets_and_ways)
{
    open_ats("atc.entries=4,atc.ways=2,atc.index_shift=12");
    for (unsigned i = 0; i < 3; i++) {
        stage_read_by_atc(&s, 10000 * i, page_at(2 * i), i);
        stage_finish(&s);
    }
    stage_read_by_atc(&s, 50000, page_at(2), 10);
    stage_read_by_atc(&s, 50000, page_at(4), 11);
    stage_read_by_atc(&s, 50000, page_at(0), 12);
    stage_finish(&s);
    ck_assert_int_eq(s.ends[10].place, AMDVI_TIMED_ATC);
    ck_assert_int_eq(s.ends[11].place, AMDVI_TIMED_ATC);
    ck_assert_int_ne(s.ends[12].place, AMDVI_TIMED_ATC);
    stage_close(&s);
}
END_TEST

START_TEST(no_cache)
{
    open_ats("atc.entries=0");
    for (unsigned i = 0; i < 2; i++) {
        stage_read_by_atc(&s, 10000 * i, page_at(0), i);
        stage_finish(&s);
    }
    ck_assert_uint_eq(s.ends[1].at, (uint64_t)(10000 + ATC + WAY + 1 + WAY) * NS); /* L1 has it */
    stage_close(&s);
}
END_TEST

/* Doorbell 200; line 150; to the device 450, 500 there, 450 back; the store 100. Decoding is charged behind a
 * command, and goes on meanwhile. */
START_TEST(an_invalidation_goes_there_and_back)
{
    open_ats("");
    stage_read_by_atc(&s, 0, page_at(0), 1);
    stage_finish(&s);
    stage_invalidate_atc(&s, page_at(0));
    stage_wait(&s, 77);
    stage_doorbell(&s, 10000, 2);
    stage_read_by_atc(&s, 10000 + 200 + 150 + WAY - ATC - 1, page_at(0), 3); /* just before it is there */
    stage_stored_at(&s, 77, 10000 + 200 + 150 + WAY + 500 + WAY + 100);
    ck_assert_int_eq(s.ends[3].place, AMDVI_TIMED_ATC);
    stage_read_by_atc(&s, 20000, page_at(0), 4);
    stage_finish(&s);
    ck_assert_int_ne(s.ends[4].place, AMDVI_TIMED_ATC);
    stage_close(&s);
}
END_TEST

/* What was given before the invalidation and arrives behind it is used once. */
START_TEST(an_overtaken_answer_is_not_kept)
{
    open_ats("pcie.latency=5us");
    stage_read_by_atc(&s, 0, page_at(0), 1);
    stage_invalidate_atc(&s, page_at(0));
    stage_wait(&s, 77);
    stage_doorbell(&s, 5800, 2); /* the walk is done at about 5780, its answer there at 10780 */
    stage_finish(&s);
    ck_assert(s.ends[1].ok);
    ck_assert_uint_eq(machine_peek(&s.machine, MACHINE_STORE), 77);
    stage_read_by_atc(&s, 50000, page_at(0), 3);
    stage_finish(&s);
    ck_assert_int_ne(s.ends[3].place, AMDVI_TIMED_ATC);
    stage_close(&s);
}
END_TEST

static void ask_by_atc(uint64_t at_ns, enum amdvi_op op, bool privileged, unsigned page, uint64_t tag)
{
    const struct amdvi_request request = {.device = DEVICE,
                                          .op = (uint8_t)op,
                                          .privileged = privileged,
                                          .address = page_at(page),
                                          .length = 64};

    ck_assert_int_eq(amdvi_timed_atc_request(s.timed, at_ns * NS, 0, &request, tag), AMDVI_OK);
    stage_finish(&s);
}

static bool in_cache(uint64_t tag)
{
    ck_assert(s.ends[tag].ended && s.ends[tag].ok);
    return s.ends[tag].place == AMDVI_TIMED_ATC;
}

/* A translation answers what it grants: page 0 may only be read, and nobody has asked to execute page 1. */
START_TEST(what_is_not_granted_is_asked_for)
{
    open_ats("");
    machine_map(&s.machine, s.root, 4, page_at(0), MACHINE_DATA, MACHINE_READ);
    ask_by_atc(0, AMDVI_READ, false, 0, 1);
    ask_by_atc(10000, AMDVI_ATOMIC, false, 0, 2);
    ck_assert(!in_cache(2));
    ask_by_atc(20000, AMDVI_READ, false, 1, 3);
    ask_by_atc(30000, AMDVI_ATOMIC, false, 1, 4);
    ck_assert(in_cache(4));
    ask_by_atc(40000, AMDVI_EXECUTE, false, 1, 5);
    ck_assert(!in_cache(5));
    ask_by_atc(50000, AMDVI_EXECUTE, false, 1, 6);
    ck_assert(in_cache(6));
    stage_close(&s);
}
END_TEST

START_TEST(what_privileged_requests_got_is_not_for_others)
{
    open_ats("");
    ask_by_atc(0, AMDVI_READ, true, 0, 1);
    ask_by_atc(10000, AMDVI_READ, true, 0, 2);
    ck_assert(in_cache(2));
    ask_by_atc(20000, AMDVI_READ, false, 0, 3);
    ck_assert(!in_cache(3));
    stage_close(&s);
}
END_TEST

/* InvTimeOut 1 is a millisecond: the COMPLETION_WAIT behind it ends then, and an event is logged. */
START_TEST(an_unanswered_invalidation_times_out)
{
    uint64_t record[2];

    open_ats("atc.unanswered=1000000");
    machine_set_register(&s.machine, 0x18, (machine_register(&s.machine, 0x18) & ~UINT64_C(0xe0)) | 1 << 5);
    stage_invalidate_atc(&s, page_at(0));
    stage_wait(&s, 77);
    stage_doorbell(&s, 0, 1);
    stage_finish(&s);
    ck_assert_uint_eq(machine_peek(&s.machine, MACHINE_STORE), 77);
    ck_assert_uint_ge(amdvi_timed_now(s.timed), UINT64_C(1000000) * NS);
    ck_assert_uint_le(amdvi_timed_now(s.timed), UINT64_C(1002000) * NS);
    ck_assert_uint_eq(machine_events(&s.machine), 1);
    machine_event(&s.machine, 0, record);
    ck_assert_uint_eq(record[0] >> 60, 7); /* IOTLB_INV_TIMEOUT */
    stage_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("translation caches of devices");
    TCase *tests = tcase_create("atc");

    tcase_add_test(tests, a_miss_takes_the_way_there_and_back);
    tcase_add_test(tests, a_hit_takes_the_cache);
    tcase_add_test(tests, sets_and_ways);
    tcase_add_test(tests, no_cache);
    tcase_add_test(tests, an_invalidation_goes_there_and_back);
    tcase_add_test(tests, an_overtaken_answer_is_not_kept);
    tcase_add_test(tests, what_is_not_granted_is_asked_for);
    tcase_add_test(tests, what_privileged_requests_got_is_not_for_others);
    tcase_add_test(tests, an_unanswered_invalidation_times_out);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
