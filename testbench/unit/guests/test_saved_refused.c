// SPDX-License-Identifier: Apache-2.0
/* Saved bytes that do not fit: damaged, of another device, or of guests that are not there. */
#include "amdvi/inject.h"
#include "testbench/unit/guests/saved_busy.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t seed(void)
{
    const char *text = getenv("AMDVI_TEST_SEED");
    uint64_t value = text ? strtoull(text, NULL, 0) : 1;

    printf("AMDVI_TEST_SEED=%llu\n", (unsigned long long)value);
    fflush(stdout);
    return value * 0x9e3779b97f4a7c15u + 1;
}

/* ---------------------------------------------------------------- header and sections */

START_TEST(another_version_or_kind_is_refused)
{
    saved_put(&bad, 8, 1, 4);
    refused(AMDVI_ERR_UNSUPPORTED);
    saved_put(&bad, 8, 3, 4);
    refused(AMDVI_ERR_UNSUPPORTED);
    saved_put(&bad, 12, 2, 4);
    refused(AMDVI_ERR_ARGUMENT);
    saved_put(&bad, 0, 'B', 1);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

START_TEST(a_section_of_a_wrong_length_is_refused)
{
    uint32_t tag = (uint32_t)_i;
    size_t body = saved_find(&bad, tag, 0);

    ck_assert_uint_ne(body, 0);
    saved_put(&bad, body - 8, saved_length(&bad, body) + 8, 8); /* the next section is taken as its end */
    refused(AMDVI_ERR_CORRUPT);
    saved_splice(&bad, body, 8, 0);
    saved_put(&bad, body - 8, saved_length(&good, body) - 8, 8);
    refused(AMDVI_ERR_CORRUPT);
    saved_put(&bad, body - 8, UINT64_MAX, 8);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

START_TEST(a_section_that_is_missing_or_there_twice_is_refused)
{
    uint32_t tag = (uint32_t)_i;
    size_t body = saved_find(&bad, tag, 0), length = saved_length(&bad, body), again;

    saved_remove(&bad, body);
    refused(AMDVI_ERR_CORRUPT);
    again = saved_append(&bad, tag, length);
    memcpy(bad.bytes + again, good.bytes + body, length);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

START_TEST(an_unknown_section_is_refused)
{
    saved_append(&bad, SAVED_TAGS, 8);
    refused(AMDVI_ERR_CORRUPT);
    saved_append(&bad, 0, 0);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

START_TEST(bytes_after_the_last_section_are_refused)
{
    saved_splice(&bad, bad.size - SAVED_SUM, 0, SAVED_SECTION - 1);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

START_TEST(counters_of_a_device_without_them_are_refused)
{
    world_close(&w);
    busy_device("efr=0x25bf732fa22958fe"); /* as genoa without PCSup */
    saved_append(&bad, SAVED_COUNTERS, 0);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

/* ---------------------------------------------------------------- guests and invalidations */

START_TEST(a_guest_id_of_more_than_16_bits_is_refused)
{
    saved_put(&bad, saved_find(&bad, SAVED_GUEST, 0), 0x10000, 8);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

START_TEST(a_guest_that_this_device_rejects_is_refused)
{
    world_close(&w);
    busy_device("viommu.reserved_guest_ids=rejected");
    saved_put(&bad, saved_find(&bad, SAVED_GUEST, 0), 0x8000, 8);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

START_TEST(invalidations_of_a_guest_that_is_not_there_are_refused)
{
    size_t atc = saved_find(&bad, SAVED_ATC, 0);

    ck_assert_uint_eq(saved_length(&bad, atc), 2 * 48);
    saved_put(&bad, atc, 0x123, 8);
    refused(AMDVI_ERR_CORRUPT);
    saved_put(&bad, atc, 0x10000 + (uint64_t)guest_id(A), 8);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

/* `count` more of guest A, before its one and that of the host. */
static void put_unanswered(unsigned count)
{
    size_t atc = saved_find(&bad, SAVED_ATC, 0), room = 48 * (size_t)count;

    saved_splice(&bad, atc, 0, room);
    saved_put(&bad, atc - 8, 48 * (count + 2), 8);
    for (size_t at = atc; at < atc + room; at += 48)
        saved_put(&bad, at, guest_id(A), 8);
}

/* ats.unanswered is 64. */
START_TEST(more_invalidations_than_a_guest_may_have_are_refused)
{
    put_unanswered(64);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

START_TEST(as_many_invalidations_as_a_guest_may_have_are_taken)
{
    put_unanswered(63);
    saved_seal(&bad);
    ck_assert_int_eq(amdvi_restore(w.device, bad.bytes, bad.size), AMDVI_OK);
}
END_TEST

START_TEST(invalidations_out_of_order_are_refused)
{
    size_t atc = saved_find(&bad, SAVED_ATC, 0);

    saved_put(&bad, atc, UINT64_MAX, 8);
    saved_put(&bad, atc + 48, guest_id(A), 8);
    refused(AMDVI_ERR_CORRUPT);
}
END_TEST

/* A device that has taken a strange state still ends every call. */
static void use(struct world *of)
{
    struct amdvi_statistics statistics;

    ck_assert_int_eq(amdvi_run(of->device), AMDVI_OK);
    for (unsigned g = 0; g < WORLD_GUESTS; g++) {
        guest_ask(of, g, 0, AMDVI_WRITE, G_IOVA);
        guest_page_request(of, g, 0, G_IOVA);
        vf_read(of, g, VF_STATUS);
        vf_write(of, g, VF_TAIL, 0x20);
    }
    reg_write(of, R_CMD_TAIL, 0x40);
    ck_assert_int_eq(amdvi_get_statistics(of->device, &statistics), AMDVI_OK);
    ck_assert_uint_ge(statistics.requests, WORLD_GUESTS);
}

/* What was taken is what is given again. */
static void taken(struct world *of, size_t at)
{
    saved_device(&after, of->device);
    ck_assert_msg(amdvi_restore(of->device, after.bytes, after.size) == AMDVI_OK, "byte %zu: not taken again",
                  at);
    saved_device(&bad, of->device);
    ck_assert_msg(saved_same(&bad, &after), "byte %zu: changes when it is taken again", at);
    use(of);
}

/* Reported devices are 8,192 bytes that are all alike. */
static size_t step_of(const struct saved *saved, size_t at)
{
    size_t reported = saved_find(saved, SAVED_REPORTED, 0);

    return at >= reported && at < reported + 8192 - 256 ? 248 : 8;
}

static void damage_one(struct world *of, const uint8_t *memory, size_t at, uint64_t change)
{
    size_t bytes = at + 8 <= good.size - SAVED_SUM ? 8 : good.size - SAVED_SUM - at;

    ck_assert_int_eq(amdvi_restore(of->device, good.bytes, good.size), AMDVI_OK);
    world_back(of, memory);
    bad = good;
    saved_put(&bad, at, saved_get(&bad, at, (unsigned)bytes) ^ change, (unsigned)bytes);
    saved_seal(&bad);
    if (amdvi_restore(of->device, bad.bytes, bad.size) == AMDVI_OK) {
        taken(of, at);
    } else {
        saved_device(&after, of->device);
        ck_assert_msg(saved_same(&good, &after), "byte %zu: refused, but something has changed", at);
    }
}

/* ---------------------------------------------------------------- every field */

/* Words of a state: one bit, all bits or any bits of them change. */
START_TEST(a_state_with_any_one_word_changed_is_refused_or_works)
{
    uint64_t random = seed() + (uint64_t)_i;
    uint8_t *memory = malloc(WORLD_BYTES);
    uint64_t change;

    ck_assert_ptr_nonnull(memory);
    memcpy(memory, w.bytes, WORLD_BYTES);
    world_mark(&w);
    for (size_t at = 0; at < good.size - SAVED_SUM; at += step_of(&good, at)) {
        change = next_random(&random);
        if (_i < 2)
            change = _i ? UINT64_MAX : UINT64_C(1) << change % 64;
        damage_one(&w, memory, at, change);
    }
    free(memory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("saved bytes that are refused");
    TCase *tests = tcase_create("saved bytes that are refused");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, another_version_or_kind_is_refused);
    tcase_add_loop_test(tests, a_section_of_a_wrong_length_is_refused, SAVED_CONFIG, SAVED_TAGS);
    tcase_add_loop_test(tests, a_section_that_is_missing_or_there_twice_is_refused, SAVED_CONFIG,
                        SAVED_GUEST);
    tcase_add_test(tests, an_unknown_section_is_refused);
    tcase_add_test(tests, bytes_after_the_last_section_are_refused);
    tcase_add_test(tests, counters_of_a_device_without_them_are_refused);
    tcase_add_test(tests, a_guest_id_of_more_than_16_bits_is_refused);
    tcase_add_test(tests, a_guest_that_this_device_rejects_is_refused);
    tcase_add_test(tests, invalidations_of_a_guest_that_is_not_there_are_refused);
    tcase_add_test(tests, more_invalidations_than_a_guest_may_have_are_refused);
    tcase_add_test(tests, as_many_invalidations_as_a_guest_may_have_are_taken);
    tcase_add_test(tests, invalidations_out_of_order_are_refused);
    tcase_add_loop_test(tests, a_state_with_any_one_word_changed_is_refused_or_works, 0, 4);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
