// SPDX-License-Identifier: Apache-2.0
/*
 * Calls around a device whose memory is answered later, one by one: taking everything back, answers from the
 * device's own memory, answers from caches alone, and which requests are legal or interrupts.
 */
#include "surroundings.h"

enum { COMMANDS = 250 * 4096, LOST = 0x3000 };

static struct surroundings *s;

static const struct amdvi_request request = {.device = 1, .op = AMDVI_READ, .address = 0x1010, .length = 8};

static void setup(void)
{
    s = surroundings_simple("", 4);
}

static void teardown(void)
{
    surroundings_close(s);
}

static uint64_t read_register(uint64_t offset)
{
    uint64_t value = 0;

    ck_assert_int_eq(amdvi_mmio_read(s->device, offset, 8, &value), AMDVI_OK);
    return value;
}

START_TEST(what_is_taken_back_ends_as_busy_and_may_be_asked_again)
{
    uint8_t data[AMDVI_ASK_BYTES] = {0};
    uint64_t id;
    uint32_t pending;

    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 0), AMDVI_OK);
    ck_assert_int_eq(amdvi_submit_interrupt(s->device, 1, 0xfee00000, 0x31, 1), AMDVI_OK);
    id = s->open[0].id;
    ck_assert_int_eq(amdvi_external_cancel(s->device), AMDVI_OK);
    for (unsigned tag = 0; tag < 2; tag++) {
        ck_assert(s->ended[tag].done);
        ck_assert_int_eq(s->ended[tag].status, AMDVI_ERR_BUSY);
    }
    ck_assert_int_eq(amdvi_external_pending(s->device, &pending), AMDVI_OK);
    ck_assert_uint_eq(pending, 0);
    ck_assert_int_eq(amdvi_memory_done(s->device, id, AMDVI_MEMORY_OK, data), AMDVI_ERR_ARGUMENT);
    s->opened = 0;
    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 2), AMDVI_OK);
    surroundings_settle(s);
    ck_assert(s->ended[2].result.ok);
    ck_assert_uint_eq(s->ended[2].result.pa, HOST_PAGE + 0x10);
}
END_TEST

/* The ring stood at a COMPLETION_WAIT whose store was under way: the next doorbell begins it again. */
START_TEST(a_ring_that_was_taken_back_begins_again)
{
    uint64_t stored;

    put_word(s, COMMANDS, (uint64_t)1 << 60 | LOST | 1); /* COMPLETION_WAIT with a store */
    put_word(s, COMMANDS + 8, 0x77);
    amdvi_mmio_write(s->device, R_CMD_TAIL, 8, 16);
    amdvi_run(s->device);
    ck_assert_uint_eq(s->opened, 1);
    ck_assert_int_eq(amdvi_external_cancel(s->device), AMDVI_OK);
    s->opened = 0;
    ck_assert_uint_eq(read_register(R_CMD_HEAD), 0);
    amdvi_mmio_write(s->device, R_CMD_TAIL, 8, 16);
    amdvi_run(s->device);
    surroundings_settle(s);
    ck_assert_uint_eq(read_register(R_CMD_HEAD), 16);
    memcpy(&stored, s->bytes + LOST, sizeof(stored));
    ck_assert_uint_eq(stored, 0x77);
}
END_TEST

START_TEST(nothing_is_taken_back_without_surroundings)
{
    ck_assert_int_eq(amdvi_external_attach(s->device, NULL), AMDVI_OK);
    ck_assert_int_eq(amdvi_external_cancel(s->device), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_external_cancel(NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_memory_answer(s->device, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_memory_answer(NULL, 1), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(the_devices_own_memory_may_answer)
{
    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 0), AMDVI_OK);
    ck_assert_int_eq(amdvi_memory_answer(s->device, s->open[0].id + 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_memory_answer(s->device, s->open[0].id), AMDVI_OK);
    ck_assert_int_eq(amdvi_memory_answer(s->device, s->open[0].id), AMDVI_ERR_ARGUMENT); /* no longer open */
    ck_assert_uint_eq(s->opened, 2);
    put_word(s, TABLE + 8, V1_RW | 1 | (HOST_PAGE + 0x5000)); /* as it is when it is answered */
    ck_assert_int_eq(amdvi_memory_answer(s->device, s->open[1].id), AMDVI_OK);
    ck_assert(s->ended[0].done && s->ended[0].result.ok);
    ck_assert_uint_eq(s->ended[0].result.pa, HOST_PAGE + 0x5010);
    s->opened = 0;
}
END_TEST

START_TEST(caches_answer_what_they_hold)
{
    struct amdvi_statistics before, after;
    struct amdvi_result result, again;
    struct amdvi_work work;
    bool answered = true;

    ck_assert_int_eq(amdvi_answer_cached(s->device, &request, &result, &work, &answered), AMDVI_OK);
    ck_assert(!answered);
    ck_assert_uint_eq(s->asked, 0);
    for (unsigned tag = 0; tag < 2;
         tag++) { /* the shortcut is for a device whose entry has answered before */
        ck_assert_int_eq(amdvi_submit_request(s->device, &request, tag), AMDVI_OK);
        surroundings_settle(s);
    }
    ck_assert_int_eq(amdvi_get_statistics(s->device, &before), AMDVI_OK);
    ck_assert_int_eq(amdvi_answer_cached(s->device, &request, &result, &work, &answered), AMDVI_OK);
    ck_assert_int_eq(amdvi_get_statistics(s->device, &after), AMDVI_OK);
    ck_assert(answered && result.ok);
    ck_assert_uint_eq(result.pa, HOST_PAGE + 0x10);
    ck_assert_uint_eq(work.dtc, 1);
    ck_assert_uint_eq(work.ptc, 1);
    ck_assert_uint_ge(work.ptc_sizes, 1);
    ck_assert_uint_eq(after.requests, before.requests + 1);
    again = s->ended[1].result;
    ck_assert_uint_eq(again.pa, result.pa);
    ck_assert_uint_eq(again.perm, result.perm);
    ck_assert_uint_eq(again.covered, result.covered);
}
END_TEST

START_TEST(answers_from_caches_need_their_places)
{
    struct amdvi_request bad = request;
    struct amdvi_result result;
    struct amdvi_work work;
    bool answered;

    bad.length = 0;
    ck_assert_int_eq(amdvi_answer_cached(NULL, &request, &result, &work, &answered), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_answer_cached(s->device, &bad, &result, &work, &answered), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_answer_cached(s->device, &request, NULL, &work, &answered), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_answer_cached(s->device, &request, &result, NULL, &answered), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_answer_cached(s->device, &request, &result, &work, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

struct row {
    struct amdvi_request request;
    bool yes;
};

START_TEST(requests_are_legal_within_their_ranges)
{
    static const struct row rows[] = {
        {{.length = 1}, true},
        {{.length = 0}, false},
        {{.length = 1 << 30}, true},
        {{.length = (1 << 30) + 1}, false},
        {{.length = 1, .address = UINT64_MAX}, true},
        {{.length = 2, .address = UINT64_MAX}, false},
        {{.length = 1, .op = AMDVI_ATOMIC, .at = AMDVI_TRANSLATED}, true},
        {{.length = 1, .op = AMDVI_ATOMIC + 1}, false},
        {{.length = 1, .at = AMDVI_TRANSLATED + 1}, false},
        {{.length = 1, .pasid = 0xfffff}, true},
        {{.length = 1, .pasid = 0x100000}, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(amdvi_request_is_legal(&rows[i].request) == rows[i].yes, "row %zu", i);
    ck_assert(!amdvi_request_is_legal(NULL));
}
END_TEST

/* An aligned write of 4 bytes without PASID to FEE0_0000h to FEEF_FFFFh (8.1). */
START_TEST(interrupts_are_writes_of_four_bytes)
{
    static const struct row rows[] = {
        {{.op = AMDVI_WRITE, .length = 4, .address = 0xfee00000}, true},
        {{.op = AMDVI_WRITE, .length = 4, .address = 0xfeeffffc}, true},
        {{.op = AMDVI_WRITE, .length = 4, .address = 0xfedffffc}, false},
        {{.op = AMDVI_WRITE, .length = 4, .address = 0xfef00000}, false},
        {{.op = AMDVI_WRITE, .length = 4, .address = 0xfee00002}, false},
        {{.op = AMDVI_WRITE, .length = 8, .address = 0xfee00000}, false},
        {{.op = AMDVI_READ, .length = 4, .address = 0xfee00000}, false},
        {{.op = AMDVI_ATOMIC, .length = 4, .address = 0xfee00000}, false},
        {{.op = AMDVI_WRITE, .length = 4, .address = 0xfee00000, .at = AMDVI_TRANSLATED}, false},
        {{.op = AMDVI_WRITE, .length = 4, .address = 0xfee00000, .has_pasid = true}, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(amdvi_request_is_interrupt(&rows[i].request) == rows[i].yes, "row %zu", i);
    ck_assert(!amdvi_request_is_interrupt(NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("calls");
    TCase *tests = tcase_create("calls");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_is_taken_back_ends_as_busy_and_may_be_asked_again);
    tcase_add_test(tests, a_ring_that_was_taken_back_begins_again);
    tcase_add_test(tests, nothing_is_taken_back_without_surroundings);
    tcase_add_test(tests, the_devices_own_memory_may_answer);
    tcase_add_test(tests, caches_answer_what_they_hold);
    tcase_add_test(tests, answers_from_caches_need_their_places);
    tcase_add_test(tests, requests_are_legal_within_their_ranges);
    tcase_add_test(tests, interrupts_are_writes_of_four_bytes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
