// SPDX-License-Identifier: Apache-2.0
/* The parts of the timed executor by themselves: wheel, shared arrays, histograms, parameters, the trapping
 * VMM. */
#include "model/timed/array.h"
#include "model/timed/histogram.h"
#include "model/timed/wheel.h"
#include "testbench/unit/run.h"

#include <amdvi/timed.h>
#include <stdio.h>
#include <string.h>

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---------------------------------------------------------------- wheel */

struct expected {
    uint64_t time;
    uint32_t order;
    bool quiet;
};

static int by_time_then_order(const void *x, const void *y)
{
    const struct expected *a = x, *b = y;

    return a->time != b->time ? (a->time < b->time ? -1 : 1) : (int)a->order - (int)b->order;
}

/* Near, far and equal times, some put in while others are taken out. */
static void fill(struct wheel *wheel, struct expected *list, uint32_t *count, uint64_t *state, uint32_t more)
{
    ck_assert(wheel_reserve(wheel, more));
    for (uint32_t i = 0; i < more; i++) {
        uint64_t far = draw(state) & ((UINT64_C(1) << (draw(state) % 45)) - 1);
        list[*count] = (struct expected){wheel->now + far / 7 * 7, *count, draw(state) % 3 == 0};
        (list[*count].quiet ? wheel_put_quiet : wheel_put)(wheel, list[*count].time, 1, *count);
        ++*count;
    }
}

static uint64_t first_loud(const struct expected *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!list[i].quiet)
            return list[i].time;
    return UINT64_MAX;
}

START_TEST(wheel_gives_events_in_order)
{
    enum { MOST = 4000 };
    static struct expected list[MOST];
    struct amdvi_allocator allocator = {0};
    struct wheel_event event;
    uint64_t state = 88172645463325252;

    for (unsigned round = 0; round < 30; round++) {
        static struct wheel wheel;
        uint32_t count = 0, taken = 0;
        ck_assert(wheel_create(&wheel, &allocator));
        while (count < MOST - 100) {
            fill(&wheel, list, &count, &state, 1 + draw(&state) % 100);
            qsort(list + taken, count - taken, sizeof(list[0]), by_time_then_order);
            for (uint32_t n = draw(&state) % 90; n && taken < count; n--, taken++) {
                ck_assert_uint_eq(wheel_next(&wheel), list[taken].time);
                if (draw(&state) % 2)
                    ck_assert_uint_eq(wheel_next_loud(&wheel), first_loud(list + taken, count - taken));
                ck_assert(!wheel_take(&wheel, list[taken].time - (list[taken].time > wheel.now), &event) ||
                          list[taken].time == wheel.now);
                if (wheel_next(&wheel) == list[taken].time && event.which != list[taken].order)
                    ck_assert(wheel_take(&wheel, UINT64_MAX, &event));
                ck_assert_uint_eq(event.time, list[taken].time);
                ck_assert_uint_eq(event.which, list[taken].order);
            }
        }
        wheel_destroy(&wheel);
    }
}
END_TEST

START_TEST(wheel_takes_nothing_after_the_limit)
{
    static struct wheel wheel;
    struct amdvi_allocator allocator = {0};
    struct wheel_event event;

    ck_assert(wheel_create(&wheel, &allocator));
    ck_assert_uint_eq(wheel_next(&wheel), UINT64_MAX);
    ck_assert(!wheel_take(&wheel, UINT64_MAX, &event));
    wheel_put(&wheel, AMDVI_TIMED_LAST, 1, 5);
    wheel_put(&wheel, 1000, 1, 6);
    ck_assert(!wheel_take(&wheel, 999, &event));
    ck_assert(wheel_take(&wheel, 1000, &event));
    ck_assert_uint_eq(event.which, 6);
    ck_assert(!wheel_take(&wheel, AMDVI_TIMED_LAST - 1, &event));
    ck_assert(wheel_take(&wheel, AMDVI_TIMED_LAST, &event));
    ck_assert_uint_eq(event.which, 5);
    wheel_destroy(&wheel);
}
END_TEST

/* What would be later than the last moment happens at it, in the order in which it was put in. */
START_TEST(wheel_has_a_last_moment)
{
    static struct wheel wheel;
    struct amdvi_allocator allocator = {0};
    struct wheel_event event;

    ck_assert_uint_eq(WHEEL_LAST, AMDVI_TIMED_LAST);
    ck_assert(wheel_create(&wheel, &allocator));
    wheel_put(&wheel, AMDVI_TIMED_LAST + 500, 1, 1);
    wheel_put_quiet(&wheel, AMDVI_TIMED_LAST + 1, 1, 2);
    wheel_put(&wheel, AMDVI_TIMED_LAST, 1, 3);
    wheel_put(&wheel, AMDVI_TIMED_LAST - 1, 1, 0);
    ck_assert_uint_eq(wheel_search_loud(&wheel), AMDVI_TIMED_LAST - 1);
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert(wheel_take(&wheel, AMDVI_TIMED_LAST, &event));
        ck_assert_uint_eq(event.time, i ? AMDVI_TIMED_LAST : AMDVI_TIMED_LAST - 1);
        ck_assert_uint_eq(event.which, i);
        wheel_put(&wheel, event.time + 2, 1, 4 + i);
    }
    for (uint32_t i = 4; i < 8; i++) {
        ck_assert(wheel_take(&wheel, AMDVI_TIMED_NEVER, &event));
        ck_assert_uint_eq(event.which, i);
    }
    ck_assert_uint_eq(wheel_next(&wheel), AMDVI_TIMED_NEVER);
    wheel_destroy(&wheel);
}
END_TEST

/* ---------------------------------------------------------------- arrays */

static struct array array_of(void)
{
    return (struct array){.cycle = 1, .requests = 8, .invalidates = 8};
}

START_TEST(an_array_takes_a_probe_a_cycle)
{
    struct array a = array_of();

    ck_assert_uint_eq(array_probe(&a, 10, 1), 10);
    ck_assert_uint_eq(array_probe(&a, 10, 3), 13);
    ck_assert_uint_eq(array_probe(&a, 20, 1), 20);
}
END_TEST

START_TEST(bursts_of_eight)
{
    struct array a = array_of();

    ck_assert_uint_eq(array_invalidate(&a, 100, 20), 120);
    ck_assert_uint_eq(array_probe(&a, 101, 10),
                      125); /* 8 from 108 on; the invalidation 8 more; 2 from 124 on */
    ck_assert_uint_eq(a.end, 130);
}
END_TEST

/* What the invalidation and the requests take in all is what they take alone. */
START_TEST(nothing_is_lost_in_an_array)
{
    uint64_t state = 4711;

    for (unsigned round = 0; round < 1000; round++) {
        struct array a = array_of();
        uint64_t steps = 1 + draw(&state) % 300, probes = 0, at = 0;
        array_invalidate(&a, 0, steps);
        while (at < a.end) {
            uint64_t count = 1 + draw(&state) % 5, was = a.end;
            probes += at < was ? count : 0;
            at = array_probe(&a, at, count) + 1 + draw(&state) % 6;
        }
        ck_assert_uint_ge(a.end, steps);
        ck_assert_uint_le(a.end, steps + probes);
    }
}
END_TEST

START_TEST(an_invalidation_to_come_does_not_wait_on)
{
    struct array a = array_of();

    array_invalidate(&a, 100, 50);
    ck_assert_uint_eq(array_probe(&a, 10, 2), 11);
    ck_assert_uint_eq(a.end, 150);
}
END_TEST

/* ---------------------------------------------------------------- histograms */

START_TEST(percentiles_are_known_to_three_percent)
{
    static struct histogram h;

    ck_assert_uint_eq(histogram_at(&h, 500000), 0);
    for (uint64_t i = 1; i <= 100000; i++)
        histogram_add(&h, i * 1000);
    for (uint32_t percent = 1; percent < 100; percent++) {
        uint64_t exact = (uint64_t)percent * 1000 * 1000, seen = histogram_at(&h, percent * 10000);
        ck_assert_uint_ge(seen, exact);
        ck_assert_uint_le(seen, exact + exact / 31);
    }
    ck_assert_uint_eq(histogram_at(&h, 1000000), 100000 * 1000);
    ck_assert_uint_eq(h.count, 100000);
}
END_TEST

START_TEST(small_and_great_values_have_buckets)
{
    static struct histogram h;

    for (uint64_t i = 0; i < 64; i++)
        ck_assert_uint_eq(histogram_bucket(i), i);
    histogram_add(&h, UINT64_MAX);
    ck_assert_uint_eq(histogram_at(&h, 1000000), UINT64_MAX);
}
END_TEST

/* ---------------------------------------------------------------- parameters */

START_TEST(every_default_is_what_it_says)
{
    struct amdvi_timed_parameters generic, again;
    size_t count = 0;

    ck_assert_int_eq(amdvi_timed_preset_parameters(&generic, NULL), AMDVI_OK);
    again = generic;
    for (const struct amdvi_timed_parameter *p; (p = amdvi_timed_parameter_at(count)); count++) {
        ck_assert_msg(amdvi_timed_set(&again, p->name, p->fallback) == AMDVI_OK, "%s=%s", p->name,
                      p->fallback);
        ck_assert(*p->meaning && *p->basis);
        ck_assert(!strcmp(p->origin, "source") || !strcmp(p->origin, "inferred") ||
                  !strcmp(p->origin, "assumption"));
    }
    ck_assert_uint_gt(count, 30);
    ck_assert_mem_eq(&generic, &again, sizeof(generic));
    ck_assert_int_eq(amdvi_timed_check(&generic, NULL), AMDVI_OK);
}
END_TEST

START_TEST(every_preset_sets_what_it_says)
{
    for (size_t i = 0; amdvi_timed_preset_at(i); i++) {
        const struct amdvi_timed_preset *preset = amdvi_timed_preset_at(i);
        struct amdvi_timed_parameters p, expected;
        char text[1024], *word;
        amdvi_timed_preset_parameters(&expected, NULL);
        ck_assert_int_eq(amdvi_timed_preset_parameters(&p, preset->name), AMDVI_OK);
        snprintf(text, sizeof(text), "%s", preset->settings);
        for (word = strtok(text, ","); word; word = strtok(NULL, ",")) {
            char *value = strchr(word, '=');
            *value = 0;
            ck_assert_int_eq(amdvi_timed_set(&expected, word, value + 1), AMDVI_OK);
        }
        ck_assert_msg(!memcmp(&p, &expected, sizeof(p)), "%s", preset->name);
    }
    ck_assert_int_eq(amdvi_timed_preset_parameters(&(struct amdvi_timed_parameters){0}, "none such"),
                     AMDVI_ERR_BAD_VALUE);
}
END_TEST

/* The value of a key of the device after a preset, from the reference's table of presets. */
START_TEST(a_preset_sets_the_keys_of_the_device)
{
    static const char *const expected[][3] = {
        {"reset", "ptc.page_sizes", "1"},
        {"rd890-hash", "dtc.index", "device"},
        {"rd890-hash", "pdc.index", "domain"},
        {"hypersio20", "pdc.log2_entries", "9"},
        {"hypersio20", "pdc.ways", "0x10"},
        {"hypersio20", "cache.policy", "lru"},
        {"gem5-smmu", "cache.policy", "fifo"},
        {"gpu-apu", "ptc.log2_entries", "0xd"},
        {"ideal", "gcr3.log2_entries", "0x10"},
        {"none", "caches", "off"},
        {"generic", "caches", "on"},
    };
    struct amdvi_config *config;
    char value[64];

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
        ck_assert_int_eq(amdvi_timed_preset_device(config, expected[i][0]), AMDVI_OK);
        ck_assert_int_eq(amdvi_config_get(config, expected[i][1], value, sizeof(value)), AMDVI_OK);
        ck_assert_msg(!strcmp(value, expected[i][2]), "%s: %s=%s", expected[i][0], expected[i][1], value);
        amdvi_config_destroy(config);
    }
    ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
    ck_assert_int_eq(amdvi_timed_preset_device(config, "none such"), AMDVI_ERR_BAD_VALUE);
    for (size_t i = 0; amdvi_timed_preset_at(i); i++)
        ck_assert_int_eq(amdvi_timed_preset_device(config, amdvi_timed_preset_at(i)->name), AMDVI_OK);
    amdvi_config_destroy(config);
}
END_TEST

START_TEST(values_are_read_strictly)
{
    static const char *const bad[][2] = {{"memory.latency", "150"},
                                         {"memory.latency", "ns"},
                                         {"memory.latency", "-1ns"},
                                         {"memory.latency", "1.5ns"},
                                         {"memory.latency", "2ms"},
                                         {"memory.latency", "99999999999999999999ns"},
                                         {"memory.credits", "0"},
                                         {"walk.slots", "0"},
                                         {"walk.slots", "4 "},
                                         {"walk.merge_page", "yes"},
                                         {"command.flush", "waitt"},
                                         {"command.flush", "wai"},
                                         {"command.flush", ""},
                                         {"memory.slow_share", "1000001"},
                                         {"clock", "0ps"}};
    struct amdvi_timed_parameters p, before;
    uint64_t value;

    amdvi_timed_preset_parameters(&p, NULL);
    before = p;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(amdvi_timed_set(&p, bad[i][0], bad[i][1]) == AMDVI_ERR_BAD_VALUE, "%s=%s", bad[i][0],
                      bad[i][1]);
    ck_assert_int_eq(amdvi_timed_set(&p, "memory.latencies", "1ns"), AMDVI_ERR_UNKNOWN_KEY);
    ck_assert_mem_eq(&p, &before, sizeof(p));
    ck_assert_int_eq(amdvi_timed_set(&p, "memory.latency", "2us"), AMDVI_OK);
    ck_assert_int_eq(amdvi_timed_get(&p, "memory.latency", &value), AMDVI_OK);
    ck_assert_uint_eq(value, 2000000);
    ck_assert_int_eq(amdvi_timed_set(&p, "command.flush", "invalidation"), AMDVI_OK);
    amdvi_timed_get(&p, "command.flush", &value);
    ck_assert_uint_eq(value, 2);
}
END_TEST

/* A configuration in which nothing can move is refused. */
START_TEST(zeros_are_refused)
{
    struct amdvi_timed_parameters p;
    const char *name = NULL;

    amdvi_timed_preset_parameters(&p, NULL);
    for (size_t i = 0; amdvi_timed_parameter_at(i); i++) {
        struct amdvi_timed_parameters zero = p;
        zero.value[i] = 0;
        if (!amdvi_timed_parameter_at(i)->least)
            continue;
        ck_assert_int_eq(amdvi_timed_check(&zero, &name), AMDVI_ERR_BAD_VALUE);
        ck_assert_str_eq(name, amdvi_timed_parameter_at(i)->name);
    }
}
END_TEST

/* ---------------------------------------------------------------- a VMM that traps */

START_TEST(traps_under_one_lock_queue_up)
{
    struct amdvi_timed_parameters p;
    struct amdvi_trap trap;
    uint64_t done;

    amdvi_timed_preset_parameters(&p, NULL);
    ck_assert_int_eq(amdvi_trap_begin(&trap, &p), AMDVI_OK);
    amdvi_trap_submit(&trap, 0, 1, &done);
    ck_assert_uint_eq(done, 7000000); /* exit 1 us; 3 + 1 + 2 us under the lock */
    amdvi_trap_submit(&trap, 0, 2, &done);
    ck_assert_uint_eq(done, 13000000);
    amdvi_timed_set(&p, "trap.lock", "guest");
    amdvi_trap_begin(&trap, &p);
    amdvi_trap_submit(&trap, 0, 1, &done);
    amdvi_trap_submit(&trap, 0, 2, &done);
    ck_assert_uint_eq(done, 7000000);
    amdvi_timed_set(&p, "trap.lock", "convoy");
    amdvi_trap_begin(&trap, &p);
    amdvi_trap_submit(&trap, 0, 1, &done);
    ck_assert_uint_eq(done, 7000000);
    amdvi_trap_submit(&trap, 0, 2, &done); /* one waiter: a tenth more */
    ck_assert_uint_eq(done, 13600000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timed parts");
    TCase *parts = tcase_create("parts");

    tcase_set_timeout(parts, 0);

    tcase_add_test(parts, wheel_gives_events_in_order);
    tcase_add_test(parts, wheel_takes_nothing_after_the_limit);
    tcase_add_test(parts, wheel_has_a_last_moment);
    tcase_add_test(parts, an_array_takes_a_probe_a_cycle);
    tcase_add_test(parts, bursts_of_eight);
    tcase_add_test(parts, nothing_is_lost_in_an_array);
    tcase_add_test(parts, an_invalidation_to_come_does_not_wait_on);
    tcase_add_test(parts, percentiles_are_known_to_three_percent);
    tcase_add_test(parts, small_and_great_values_have_buckets);
    tcase_add_test(parts, every_default_is_what_it_says);
    tcase_add_test(parts, every_preset_sets_what_it_says);
    tcase_add_test(parts, a_preset_sets_the_keys_of_the_device);
    tcase_add_test(parts, values_are_read_strictly);
    tcase_add_test(parts, zeros_are_refused);
    tcase_add_test(parts, traps_under_one_lock_queue_up);
    suite_add_tcase(suite, parts);
    return run_suite(suite);
}
