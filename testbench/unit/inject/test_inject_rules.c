// SPDX-License-Identifier: Apache-2.0
/* Rules of fault plans one by one: which fields go together, which texts are rules, and who decides when two
 * rules match. */
#include "amdvi/inject.h"
#include "machine/machine.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>

enum { DEVICE = 0x100, IOVA = 0x10000 };

static struct machine m;

static void setup(void)
{
    uint64_t root;

    machine_init(&m);
    machine_start(&m);
    root = machine_page(&m);
    machine_dte(&m, DEVICE, 7, 3, root);
    machine_map(&m, root, 3, IOVA, MACHINE_DATA, MACHINE_READ_WRITE);
}

static void teardown(void)
{
    machine_free(&m);
}

/* ---------------------------------------------------------------- structures */

static struct amdvi_inject_rule memory_rule(void)
{
    return (struct amdvi_inject_rule){
        .what = AMDVI_INJECT_MEMORY, .action = AMDVI_INJECT_DATA_ERROR, .reads = true, .classes = 1};
}

static struct amdvi_inject_rule cache_rule(enum amdvi_cache cache)
{
    return (struct amdvi_inject_rule){
        .what = AMDVI_INJECT_CACHE, .action = AMDVI_INJECT_DROP, .cache = (uint8_t)cache};
}

static struct amdvi_inject_rule device_rule(enum amdvi_inject_what what, enum amdvi_inject_action action)
{
    return (struct amdvi_inject_rule){.what = (uint8_t)what, .action = (uint8_t)action};
}

static bool taken(struct amdvi_inject_rule rule)
{
    enum amdvi_status status = amdvi_inject(m.device, &rule, 1);

    ck_assert(status == AMDVI_OK || status == AMDVI_ERR_BAD_VALUE);
    return status == AMDVI_OK;
}

/* Each kind of operation has its own actions, as the grammar in the header says. */
START_TEST(an_action_goes_with_its_kind_of_operation)
{
    static const unsigned legal[] = {
        [AMDVI_INJECT_MEMORY] =
            1u << AMDVI_INJECT_MASTER_ABORT | 1u << AMDVI_INJECT_TARGET_ABORT | 1u << AMDVI_INJECT_DATA_ERROR,
        [AMDVI_INJECT_CACHE] = 1u << AMDVI_INJECT_DROP | 1u << AMDVI_INJECT_CORRUPT,
        [AMDVI_INJECT_ATC] = 1u << AMDVI_INJECT_TIMEOUT | 1u << AMDVI_INJECT_DELAY,
        [AMDVI_INJECT_PRG] = 1u << AMDVI_INJECT_DROP,
    };
    struct amdvi_inject_rule rule = memory_rule();

    rule.classes = _i == AMDVI_INJECT_MEMORY;
    rule.reads = _i == AMDVI_INJECT_MEMORY;
    rule.what = (uint8_t)_i;
    for (unsigned action = 0; action <= AMDVI_INJECT_DELAY + 1; action++) {
        rule.action = (uint8_t)action;
        ck_assert_msg(taken(rule) == (legal[_i] >> action & 1), "action %u", action);
    }
}
END_TEST

START_TEST(memory_rules_name_a_direction_and_no_device)
{
    struct amdvi_inject_rule rule = memory_rule();

    rule.reads = false;
    ck_assert(!taken(rule));
    rule.writes = true;
    ck_assert(taken(rule));
    rule.by_device = true;
    ck_assert(!taken(rule));
}
END_TEST

START_TEST(cache_rules_filter_by_what_their_cache_is_looked_up_with)
{
    for (unsigned cache = 0; cache <= AMDVI_CACHES; cache++) {
        struct amdvi_inject_rule rule = cache_rule((enum amdvi_cache)cache);
        bool devices = cache == AMDVI_CACHE_DTC || cache == AMDVI_CACHE_ITC;
        bool exists = cache < AMDVI_CACHES;

        ck_assert_msg(taken(rule) == exists, "cache %u", cache);
        rule.by_device = true;
        ck_assert_msg(taken(rule) == (exists && devices), "cache %u", cache);
        rule.by_device = false;
        rule.by_address = true;
        ck_assert_msg(taken(rule) == (exists && !devices), "cache %u", cache);
    }
}
END_TEST

START_TEST(rules_about_devices_take_no_address)
{
    struct amdvi_inject_rule rules[] = {device_rule(AMDVI_INJECT_ATC, AMDVI_INJECT_TIMEOUT),
                                        device_rule(AMDVI_INJECT_PRG, AMDVI_INJECT_DROP)};

    for (unsigned i = 0; i < 2; i++) {
        rules[i].by_device = true;
        ck_assert(taken(rules[i]));
        rules[i].by_address = true;
        ck_assert(!taken(rules[i]));
    }
}
END_TEST

START_TEST(ranges_and_numbers_make_sense)
{
    struct amdvi_inject_rule rule = memory_rule();

    rule.by_address = true;
    rule.first = 8;
    rule.last = 7;
    ck_assert(!taken(rule));
    rule.last = 8;
    ck_assert(taken(rule));
    rule.nth = 1;
    ck_assert(taken(rule));
    rule.every = 1;
    ck_assert(!taken(rule));
    rule.nth = 0;
    ck_assert(taken(rule));
}
END_TEST

START_TEST(a_plan_with_one_bad_rule_is_refused_whole)
{
    struct amdvi_inject_rule rules[] = {memory_rule(), memory_rule()};
    struct amdvi_inject_count count;

    rules[1].classes = 0;
    ck_assert_int_eq(amdvi_inject(m.device, rules, 2), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(amdvi_inject_count(m.device, 0, &count), AMDVI_ERR_END);
    ck_assert_int_eq(amdvi_inject(NULL, rules, 1), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(counts_end_after_the_last_rule)
{
    struct amdvi_inject_rule rule = memory_rule();
    struct amdvi_inject_count count;

    ck_assert_int_eq(amdvi_inject(m.device, &rule, 1), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject_count(m.device, 0, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject_count(m.device, 1, &count), AMDVI_ERR_END);
    ck_assert_int_eq(amdvi_inject_count(NULL, 0, &count), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inject_count(m.device, 0, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- who decides */

static void plan(const char *text)
{
    struct amdvi_inject_rule rules[AMDVI_INJECT_RULES_MAX];
    size_t count;

    ck_assert_int_eq(amdvi_inject_parse(text, rules, AMDVI_INJECT_RULES_MAX, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(m.device, rules, count), AMDVI_OK);
}

static void expect_count(size_t index, uint64_t matched, uint64_t acted)
{
    struct amdvi_inject_count count;

    ck_assert_int_eq(amdvi_inject_count(m.device, index, &count), AMDVI_OK);
    ck_assert_uint_eq(count.matched, matched);
    ck_assert_uint_eq(count.acted, acted);
}

/* Type field of the first hardware error (7.3). */
static unsigned error_type(void)
{
    uint64_t record[2];

    ck_assert_uint_ge(machine_events(&m), 1);
    machine_event(&m, 0, record);
    return record[0] >> 57 & 3;
}

START_TEST(the_first_rule_that_acts_decides_and_all_count)
{
    plan("read:dte:nth=2:master_abort;read:dte:target_abort;read:dte:data_error");
    ck_assert(!machine_read(&m, DEVICE, IOVA).ok);
    ck_assert_uint_eq(error_type(), AMDVI_MEMORY_TARGET_ABORT);
    expect_count(0, 1, 0);
    expect_count(1, 1, 1);
    expect_count(2, 1, 0);
    ck_assert(!machine_read(&m, DEVICE, IOVA).ok);
    expect_count(0, 2, 1);
    expect_count(1, 2, 1);
}
END_TEST

START_TEST(other_devices_caches_and_directions_do_not_match)
{
    plan("write:dte:data_error;cache:itc:drop;atc:timeout;cache:dtc:dev=0x101:drop");
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    for (size_t i = 0; i < 4; i++)
        expect_count(i, 0, 0);
}
END_TEST

/* ---------------------------------------------------------------- texts */

static bool parses(const char *text, struct amdvi_inject_rule *rule)
{
    size_t count;

    return amdvi_inject_parse(text, rule, 1, &count) == AMDVI_OK;
}

START_TEST(numbers_are_decimal_or_hex)
{
    struct amdvi_inject_rule rule;

    ck_assert(parses("read:dte:nth=012:data_error", &rule));
    ck_assert_uint_eq(rule.nth, 12);
    ck_assert(parses("read:dte:nth=0XfF:data_error", &rule));
    ck_assert_uint_eq(rule.nth, 255);
    ck_assert(parses("read:dte:every=18446744073709551615:data_error", &rule));
    ck_assert_uint_eq(rule.every, UINT64_MAX);
    ck_assert(parses("read:dte:addr=0xffffffffffffffff:data_error", &rule));
    ck_assert_uint_eq(rule.first, UINT64_MAX);
    ck_assert_uint_eq(rule.last, UINT64_MAX);
}
END_TEST

START_TEST(texts_that_are_no_rule)
{
    static const char *const bad[] = {
        "read:dte:nth=/1:data_error",
        "read:dte:nth=:1:data_error",
        "read:dte:nth=1a:data_error",
        "read:dte:nth=0xg:data_error",
        "read:dte:nth=0x/:data_error",
        "read:dte:nth=18446744073709551616:data_error",
        "read:dte:nth=0x10000000000000000:data_error",
        "read:dte:nth=1:nth=2:data_error",
        "read:dte:every=1:nth=2:data_error",
        "read:dte:every=1:every=2:data_error",
        "read:dte:every=0:data_error",
        "read:dte:every=x:data_error",
        "read:dte:addr=1:addr=2:data_error",
        "read:dte:addr=1-x:data_error",
        "read:dte:addr=1-:data_error",
        "read:dte:xxx=1:data_error",
        "atc:dev=1:dev=2:timeout",
        "atc:dev=x:timeout",
        "atc:delay=x",
        "atc:drop",
        "prg:addr=1:drop",
    };
    struct amdvi_inject_rule rule;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!parses(bad[i], &rule), "%s", bad[i]);
}
END_TEST

START_TEST(parsing_needs_a_place_for_what_it_finds)
{
    struct amdvi_inject_rule rule;
    size_t count = 9;

    ck_assert_int_eq(amdvi_inject_parse("prg:drop", &rule, 1, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inject_parse("prg:drop", NULL, 1, &count), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inject_parse("prg:drop", NULL, 0, &count), AMDVI_ERR_TOO_SMALL);
    ck_assert_int_eq(amdvi_inject_parse("", NULL, 0, &count), AMDVI_OK);
    ck_assert_uint_eq(count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inject rules");
    TCase *tests = tcase_create("inject rules");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, an_action_goes_with_its_kind_of_operation, AMDVI_INJECT_MEMORY,
                        AMDVI_INJECT_PRG + 1);
    tcase_add_test(tests, memory_rules_name_a_direction_and_no_device);
    tcase_add_test(tests, cache_rules_filter_by_what_their_cache_is_looked_up_with);
    tcase_add_test(tests, rules_about_devices_take_no_address);
    tcase_add_test(tests, ranges_and_numbers_make_sense);
    tcase_add_test(tests, a_plan_with_one_bad_rule_is_refused_whole);
    tcase_add_test(tests, counts_end_after_the_last_rule);
    tcase_add_test(tests, the_first_rule_that_acts_decides_and_all_count);
    tcase_add_test(tests, other_devices_caches_and_directions_do_not_match);
    tcase_add_test(tests, numbers_are_decimal_or_hex);
    tcase_add_test(tests, texts_that_are_no_rule);
    tcase_add_test(tests, parsing_needs_a_place_for_what_it_finds);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
