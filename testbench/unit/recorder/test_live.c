// SPDX-License-Identifier: Apache-2.0
/* The live page: counters, rings and logs of a working device, as another process sees them. */
#include "recording.h"

#include "amdvi/live.h"

#include "testbench/unit/core/machine.h"

static struct machine m;
static struct amdvi_live_page page;
static struct amdvi_live *live;

static void setup(void)
{
    machine_open(&m, "");
    map_host(&m, DEV, D_OK, 0);
    ck_assert_int_eq(amdvi_live_start(&page, m.device, NULL, &live), AMDVI_OK);
    boot(&m, C_NORMAL);
}

static void teardown(void)
{
    amdvi_live_stop(live);
    machine_close(&m);
}

static struct amdvi_live_view look(void)
{
    struct amdvi_live_view view;

    ck_assert_int_eq(amdvi_live_update(live, 42), AMDVI_OK);
    ck_assert_int_eq(amdvi_live_read(&page, &view), AMDVI_OK);
    return view;
}

START_TEST(rings_and_logs_stand_where_they_are)
{
    struct amdvi_live_view before = look(), after;

    ck_assert_uint_eq(before.commands.bytes, 4096);
    ck_assert_uint_eq(before.commands.head, before.commands.tail);
    command(&m, UINT64_C(8) << 60, 0);
    ask(&m, AMDVI_READ, 0x123456789000);
    after = look();
    ck_assert_uint_eq(after.commands.passed, before.commands.passed + 1);
    ck_assert_uint_eq(after.commands.head, before.commands.head + 16);
    ck_assert_uint_eq(after.commands.tail, after.commands.head);
    ck_assert_uint_eq(after.events.passed, before.events.passed + 1);
    ck_assert_uint_eq(after.events.tail, before.events.tail + 16);
    ck_assert_uint_eq(after.events.head, 0);
    ck_assert_uint_eq(after.statistics.faulted, before.statistics.faulted + 1);
    ck_assert_uint_eq(after.ns, 42);
    ck_assert(!after.ended && !after.linted);
}
END_TEST

/* After as many commands as the ring has, it stands where it stood. */
START_TEST(a_ring_begins_anew_at_its_end)
{
    struct amdvi_live_view before = look(), after;

    for (unsigned i = 0; i < 256; i++)
        command(&m, UINT64_C(8) << 60, 0);
    after = look();
    ck_assert_uint_eq(after.commands.head, before.commands.head);
    ck_assert_uint_eq(after.commands.passed, before.commands.passed + 256);
}
END_TEST

START_TEST(a_reset_takes_rings_away)
{
    struct amdvi_live_view view;

    amdvi_reset(m.device);
    view = look();
    ck_assert_uint_eq(view.commands.bytes, 0);
    ck_assert_uint_eq(view.commands.head, 0);
}
END_TEST

START_TEST(the_last_view_stays_after_the_end)
{
    struct amdvi_live_view view = look();
    uint64_t requests = view.statistics.requests;

    ask(&m, AMDVI_READ, IOVA);
    amdvi_live_update(live, 50);
    amdvi_live_stop(live);
    live = NULL;
    ck_assert_int_eq(amdvi_live_read(&page, &view), AMDVI_OK);
    ck_assert(view.ended);
    ck_assert_uint_eq(view.statistics.requests, requests + 1);
    ck_assert_uint_eq(view.ns, 50);
}
END_TEST

START_TEST(what_is_no_page_is_refused)
{
    struct amdvi_live_page other = page;
    struct amdvi_live_view view;
    struct amdvi_live *none;

    other.generation |= 1;
    ck_assert_int_eq(amdvi_live_read(&other, &view), AMDVI_ERR_BUSY);
    other.version++;
    ck_assert_int_eq(amdvi_live_read(&other, &view), AMDVI_ERR_UNSUPPORTED);
    other = page;
    other.bytes--;
    ck_assert_int_eq(amdvi_live_read(&other, &view), AMDVI_ERR_UNSUPPORTED);
    other.magic = 0;
    ck_assert_int_eq(amdvi_live_read(&other, &view), AMDVI_ERR_CORRUPT);
    ck_assert_int_eq(amdvi_live_read(NULL, &view), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_live_read(&page, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_live_start(NULL, m.device, NULL, &none), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_live_update(NULL, 0), AMDVI_ERR_ARGUMENT);
    amdvi_live_stop(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live page");
    TCase *tests = tcase_create("live");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, rings_and_logs_stand_where_they_are);
    tcase_add_test(tests, a_ring_begins_anew_at_its_end);
    tcase_add_test(tests, a_reset_takes_rings_away);
    tcase_add_test(tests, the_last_view_stays_after_the_end);
    tcase_add_test(tests, what_is_no_page_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
