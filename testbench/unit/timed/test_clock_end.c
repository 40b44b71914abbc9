// SPDX-License-Identifier: Apache-2.0
/* The clock's last moment: what is submitted at it, or would end behind it, ends at it, and time stands. */
#include "testbench/unit/timed/stage.h"

static struct stage s;

static void read_at(uint64_t when, unsigned port, uint64_t tag)
{
    const struct amdvi_request request = {
        .device = DEVICE, .op = AMDVI_READ, .address = page_at((unsigned)tag), .length = 64};

    ck_assert_int_eq(amdvi_timed_request(s.timed, when, port, &request, tag), AMDVI_OK);
}

static void ended_at_the_last_moment(uint64_t tag)
{
    ck_assert(s.ends[tag].ended && s.ends[tag].ok);
    ck_assert_uint_eq(s.ends[tag].at, AMDVI_TIMED_LAST);
}

static void nothing_is_left(void)
{
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 0);
    ck_assert_uint_eq(amdvi_timed_next(s.timed), AMDVI_TIMED_NEVER);
    ck_assert_uint_eq(amdvi_timed_now(s.timed), AMDVI_TIMED_LAST);
}

/* One walks before the end and answers behind it, the others come at it: a walk, a hit, merged and queued
 * ones. */
START_TEST(requests)
{
    stage_open(&s, "walk.slots=1,memory.credits=1,l1.outstanding=2", NULL);
    read_at(AMDVI_TIMED_LAST - 100, 0, 0);
    for (uint64_t tag = 1; tag < 20; tag++)
        read_at(AMDVI_TIMED_LAST, tag % 4, tag);
    stage_finish(&s);
    for (uint64_t tag = 0; tag < 20; tag++)
        ended_at_the_last_moment(tag);
    nothing_is_left();
    stage_close(&s);
}
END_TEST

/* No wait that is counted runs backwards. */
START_TEST(waits)
{
    struct amdvi_timed_statistics all;

    stage_open(&s, "walk.slots=1,memory.credits=1,l1.outstanding=2", NULL);
    for (uint64_t tag = 0; tag < 20; tag++)
        read_at(AMDVI_TIMED_LAST - 10, tag % 4, tag);
    stage_finish(&s);
    ck_assert_int_eq(amdvi_timed_get_statistics(s.timed, &all), AMDVI_OK);
    for (unsigned class = 0; class < AMDVI_TIMED_CLASSES; class ++) {
        ck_assert_uint_le(all.credit_wait_ps[class], 10 * all.asks[class]);
        ck_assert_uint_le(all.busy_ps[class], 10 * all.asks[class]);
    }
    ck_assert_uint_le(all.walker_wait_ps + all.port_wait_ps + all.walker_busy_ps, UINT64_C(3) * 20 * 10);
    stage_close(&s);
}
END_TEST

START_TEST(commands)
{
    const struct amdvi_register_access access = {
        .space = AMDVI_SPACE_MMIO, .write = true, .size = 8, .offset = 0x2008, .value = 32};

    stage_open(&s, "", NULL);
    stage_invalidate_page(&s, page_at(0));
    stage_wait(&s, 77);
    ck_assert_int_eq(amdvi_timed_register(s.timed, AMDVI_TIMED_LAST, &access, 1), AMDVI_OK);
    stage_finish(&s);
    ck_assert_uint_eq(machine_peek(&s.machine, MACHINE_STORE), 77);
    ck_assert_uint_eq(s.ends[1].at, AMDVI_TIMED_LAST);
    nothing_is_left();
    stage_close(&s);
}
END_TEST

static uint64_t heard;

static bool hear(void *context, const struct amdvi_timed_completion *c)
{
    ck_assert_ptr_eq(context, &s);
    heard = c->done;
    return true;
}

START_TEST(who_hears_ahead_hears_of_the_last_moment)
{
    stage_open(&s, "", NULL);
    ck_assert_int_eq(amdvi_timed_hear_ahead(s.timed, hear), AMDVI_OK);
    read_at(0, 0, 1);
    stage_finish(&s);
    read_at(AMDVI_TIMED_LAST, 0, 1);
    stage_finish(&s);
    ck_assert_uint_eq(heard, AMDVI_TIMED_LAST);
    nothing_is_left();
    stage_close(&s);
}
END_TEST

START_TEST(time_stands)
{
    const struct amdvi_request request = {.device = DEVICE, .address = IOVA, .length = 64};

    stage_open(&s, "", NULL);
    ck_assert_int_eq(amdvi_timed_run(s.timed, AMDVI_TIMED_NEVER - 1), AMDVI_OK);
    ck_assert_uint_eq(amdvi_timed_now(s.timed), AMDVI_TIMED_LAST);
    ck_assert_int_eq(amdvi_timed_run(s.timed, AMDVI_TIMED_LAST + 1), AMDVI_OK);
    ck_assert_int_eq(amdvi_timed_request(s.timed, AMDVI_TIMED_LAST + 1, 0, &request, 0), AMDVI_ERR_ARGUMENT);
    read_at(AMDVI_TIMED_LAST, 0, 1);
    stage_finish(&s);
    ended_at_the_last_moment(1);
    nothing_is_left();
    stage_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock_end");
    TCase *all = tcase_create("all");

    tcase_add_test(all, requests);
    tcase_add_test(all, waits);
    tcase_add_test(all, commands);
    tcase_add_test(all, who_hears_ahead_hears_of_the_last_moment);
    tcase_add_test(all, time_stands);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
