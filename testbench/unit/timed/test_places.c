// SPDX-License-Identifier: Apache-2.0
/*
 * A host's memory of the built-in memory's latency: with answers announced, each takes the place that the
 * built-in memory's would have among what happens at the same picosecond, in whatever order they arrive.
 */
#include "testbench/unit/timed/stage.h"

#include <stdlib.h>

enum { REQUESTS = 600, MOST = 4096, LATENCY = 150 * NS };

static struct stage s;

struct due {
    uint64_t when, id;
};

static struct memory {
    struct due due[MOST];
    unsigned first, count;
    bool on, announces;
    uint64_t late; /* answers come so much later than announced */
} memory;

static uint64_t host_clock;
static uint64_t ends[2][REQUESTS];
static unsigned run_number;

static void complete(void *context, const struct amdvi_timed_completion *c)
{
    (void)context;
    if (memory.on && !memory.late)
        ck_assert_uint_eq(c->done, host_clock);
    ends[run_number][c->what->tag] = c->done;
}

static void issue(void *context, const struct amdvi_ask *ask)
{
    uint64_t when = amdvi_timed_now(s.timed) + LATENCY;

    (void)context;
    ck_assert(memory.late || amdvi_timed_now(s.timed) == host_clock);
    ck_assert_uint_lt(memory.count, MOST);
    memory.due[memory.count++] = (struct due){when + memory.late, ask->id};
    if (memory.announces)
        ck_assert_int_eq(amdvi_timed_memory_expect(s.timed, ask->id, when), AMDVI_OK);
}

/* What is due at one time comes the wrong way round. */
static void answer_all_at(uint64_t when)
{
    unsigned end = memory.first;

    while (end < memory.count && memory.due[end].when == when)
        end++;
    for (unsigned i = end; i-- > memory.first;)
        ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, memory.due[i].id), AMDVI_OK);
    memory.first = end;
}

static uint64_t next_of_all(uint64_t end)
{
    uint64_t next = amdvi_timed_wake(s.timed);

    if (memory.first < memory.count && memory.due[memory.first].when < next)
        next = memory.due[memory.first].when;
    return next < end ? next : end;
}

/* The host's clock: events of the executor and of the memory, up to and at `end`. */
static void pass(uint64_t end)
{
    uint64_t next;

    do {
        host_clock = next = next_of_all(end);
        amdvi_timed_run(s.timed, next);
        answer_all_at(next);
        while (amdvi_timed_awaits(s.timed) && memory.late) {
            amdvi_timed_late(s.timed);
            amdvi_timed_run(s.timed, next);
        }
        ck_assert(!amdvi_timed_awaits(s.timed));
        if (amdvi_timed_wake(s.timed) == next) /* an answer has come before its place */
            amdvi_timed_run(s.timed, next);
    } while (next < end);
}

/* Dense enough that walkers are short, and few pages for each walk to wait for others. */
static void run(bool host)
{
    const struct amdvi_timed_host how = {.complete = complete, .issue = host ? issue : NULL};
    struct amdvi_timed_parameters parameters;
    uint64_t now = 1000, random = 7;

    stage_open(&s, "", NULL);
    amdvi_timed_destroy(s.timed);
    amdvi_timed_preset_parameters(&parameters, NULL);
    amdvi_timed_set(&parameters, "walk.slots", "3");
    amdvi_timed_set(&parameters, "l1.entries", "0");
    ck_assert_int_eq(amdvi_timed_create(s.machine.device, &parameters, &how, NULL, &s.timed), AMDVI_OK);
    memory.first = memory.count = 0;
    memory.on = host;
    for (uint64_t i = 0; i < REQUESTS; i++) {
        struct amdvi_request request = {.device = i % 3 ? DEVICE : OTHER, .op = AMDVI_READ, .length = 8};
        random = random * 6364136223846793005u + 1442695040888963407u;
        request.address = page_at((unsigned)(random >> 40) % PAGES);
        now += 500 * (1 + (random >> 33) % 40);
        if (host)
            pass(now);
        else
            amdvi_timed_run(s.timed, now);
        ck_assert_int_eq(amdvi_timed_request(s.timed, now, 0, &request, i), AMDVI_OK);
    }
    if (host)
        pass(now + 1000000 * (uint64_t)NS);
    else
        amdvi_timed_run(s.timed, AMDVI_TIMED_NEVER);
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 0);
    stage_close(&s);
}

static unsigned differences(bool announces, uint64_t late)
{
    unsigned count = 0;

    run_number = 0;
    run(false);
    run_number = 1;
    memory.announces = announces;
    memory.late = late;
    run(true);
    for (unsigned i = 0; i < REQUESTS; i++)
        count += ends[0][i] != ends[1][i];
    return count;
}

START_TEST(announced_answers_have_their_places)
{
    ck_assert_uint_eq(differences(true, 0), 0);
}
END_TEST

/* The order does matter, or the test above would see nothing. */
START_TEST(without_it_the_order_of_arrival_counts)
{
    ck_assert_uint_gt(differences(false, 0), 0);
}
END_TEST

/* Late answers are taken when they come, and everything comes to its end. */
START_TEST(late_answers_are_given_up)
{
    ck_assert_uint_gt(differences(true, 7 * NS), REQUESTS / 2);
}
END_TEST

START_TEST(what_cannot_be_announced)
{
    stage_open_host_memory(&s, "");
    stage_read(&s, 1, 0, DEVICE, page_at(0), 0);
    amdvi_timed_run(s.timed, 500 * NS);
    ck_assert_uint_eq(s.asked, 1);
    ck_assert_int_eq(amdvi_timed_memory_expect(NULL, s.asks[0].id, 600 * NS), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_memory_expect(s.timed, s.asks[0].id + 1000, 600 * NS), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_memory_expect(s.timed, s.asks[0].id, 500 * NS), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_memory_expect(s.timed, s.asks[0].id, AMDVI_TIMED_LAST + 1),
                     AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_timed_memory_expect(s.timed, s.asks[0].id, 600 * NS), AMDVI_OK);
    ck_assert_int_eq(amdvi_timed_memory_expect(s.timed, s.asks[0].id, 700 * NS), AMDVI_ERR_ARGUMENT);
    ck_assert_uint_eq(amdvi_timed_next(s.timed), 600 * NS);
    ck_assert_uint_eq(amdvi_timed_wake(s.timed), AMDVI_TIMED_NEVER); /* the answer is what happens then */
    amdvi_timed_run(s.timed, 800 * NS);
    ck_assert(amdvi_timed_awaits(s.timed));
    ck_assert_uint_eq(amdvi_timed_now(s.timed), 600 * NS);
    ck_assert_uint_eq(amdvi_timed_next(s.timed), 600 * NS);
    ck_assert_uint_eq(amdvi_timed_wake(s.timed), 600 * NS);
    ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, s.asks[0].id), AMDVI_OK);
    ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, s.asks[0].id), AMDVI_ERR_ARGUMENT);
    ck_assert(!amdvi_timed_awaits(s.timed));
    stage_close(&s);
}
END_TEST

/* Between two places of one moment the host is to look in once more. */
START_TEST(an_answer_that_waits_for_its_place_wakes)
{
    stage_open_host_memory(&s, "");
    stage_read(&s, 1, 0, DEVICE, page_at(0), 0);
    stage_read(&s, 1, 1, OTHER, page_at(9), 1);
    amdvi_timed_run(s.timed, 500 * NS);
    ck_assert_uint_eq(s.asked, 2);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(amdvi_timed_memory_expect(s.timed, s.asks[i].id, 600 * NS), AMDVI_OK);
    amdvi_timed_run(s.timed, 600 * NS);
    for (unsigned i = 2; i-- > 0;)
        ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, s.asks[i].id), AMDVI_OK);
    ck_assert(!amdvi_timed_awaits(s.timed));
    ck_assert_uint_eq(amdvi_timed_wake(s.timed), 600 * NS);
    amdvi_timed_run(s.timed, 600 * NS);
    ck_assert_uint_gt(amdvi_timed_wake(s.timed), 600 * NS);
    stage_close(&s);
}
END_TEST

/* Time 0 is a time like others: what was not announced has no place to wait for. */
START_TEST(an_answer_at_time_0_is_taken)
{
    stage_open_host_memory(&s, "l1.latency=0,link.latency=0,l2a.latency=0,l2b.latency=0");
    stage_read(&s, 0, 0, DEVICE, page_at(0), 0);
    amdvi_timed_run(s.timed, 0);
    ck_assert_uint_eq(s.asked, 1);
    for (unsigned i = 0; i < s.asked; i++) {
        ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, s.asks[i].id), AMDVI_OK);
        ck_assert_int_eq(amdvi_timed_memory_answer(s.timed, s.asks[i].id), AMDVI_ERR_ARGUMENT);
        amdvi_timed_run(s.timed, AMDVI_TIMED_NEVER);
    }
    ck_assert_uint_eq(amdvi_timed_pending(s.timed), 0);
    ck_assert(s.ends[0].ended && s.ends[0].ok);
    stage_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("places");
    TCase *tests = tcase_create("places");

    tcase_add_test(tests, announced_answers_have_their_places);
    tcase_add_test(tests, without_it_the_order_of_arrival_counts);
    tcase_add_test(tests, late_answers_are_given_up);
    tcase_add_test(tests, what_cannot_be_announced);
    tcase_add_test(tests, an_answer_that_waits_for_its_place_wakes);
    tcase_add_test(tests, an_answer_at_time_0_is_taken);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
