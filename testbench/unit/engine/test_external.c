// SPDX-License-Identifier: Apache-2.0
/* The face of a device whose memory is answered later (amdvi/external.h). */
#include "surroundings.h"

static struct surroundings *simple(const char *settings)
{
    return surroundings_simple(settings, 4);
}

/* Answers the first open question with an error, or with no data. */
static void fail_first(struct surroundings *s, enum amdvi_memory_result result)
{
    uint64_t id = s->open[0].id;

    s->open[0] = s->open[--s->opened];
    ck_assert_int_eq(amdvi_memory_done(s->device, id, result, NULL), AMDVI_OK);
}

static const struct amdvi_request request = {.device = 1, .op = AMDVI_READ, .address = 0x1010, .length = 8};

START_TEST(a_request_asks_for_entry_and_table)
{
    struct surroundings *s = simple("");

    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 7), AMDVI_OK);
    ck_assert_uint_eq(s->opened, 1);
    ck_assert_int_eq(s->open[0].access, AMDVI_ACCESS_DTE);
    ck_assert_uint_eq(s->open[0].address, 32);
    ck_assert_uint_eq(s->open[0].length, 32);
    surroundings_answer(s, 0);
    ck_assert_uint_eq(s->opened, 1);
    ck_assert_int_eq(s->open[0].access, AMDVI_ACCESS_HOST_ENTRY);
    ck_assert_uint_eq(s->open[0].address, TABLE + 8);
    ck_assert(!s->ended[7].done);
    surroundings_answer(s, 0);
    ck_assert(s->ended[7].done && s->ended[7].result.ok);
    ck_assert_uint_eq(s->ended[7].result.pa, HOST_PAGE + 0x10);
    surroundings_close(s);
}
END_TEST

START_TEST(a_cached_request_asks_nothing)
{
    struct surroundings *s = simple("");

    amdvi_submit_request(s->device, &request, 0);
    surroundings_settle(s);
    amdvi_submit_request(s->device, &request, 1);
    ck_assert_uint_eq(s->opened, 0);
    ck_assert(s->ended[1].done && s->ended[1].result.ok);
    surroundings_close(s);
}
END_TEST

START_TEST(an_answer_may_come_from_inside_the_question)
{
    struct surroundings *s = simple("");

    s->answer_at_once = true;
    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 0), AMDVI_OK);
    ck_assert(s->ended[0].done && s->ended[0].result.ok);
    surroundings_close(s);
}
END_TEST

START_TEST(errors_of_memory_become_faults)
{
    struct surroundings *s = simple("");

    amdvi_submit_request(s->device, &request, 0);
    fail_first(s, AMDVI_MEMORY_TARGET_ABORT);
    ck_assert_int_eq(s->open[0].access, AMDVI_ACCESS_LOG); /* the request waits for its record */
    ck_assert(!s->ended[0].done);
    surroundings_settle(s);
    ck_assert(s->ended[0].done && s->ended[0].result.fault.logged);
    ck_assert(s->ended[0].done && !s->ended[0].result.ok);
    ck_assert_str_eq(amdvi_event_name(s->ended[0].result.fault.event), "DEV_TAB_HARDWARE_ERROR");
    surroundings_close(s);
}
END_TEST

START_TEST(a_read_without_data_is_an_error)
{
    struct surroundings *s = simple("");

    amdvi_submit_request(s->device, &request, 0);
    fail_first(s, AMDVI_MEMORY_OK);
    surroundings_settle(s);
    ck_assert(s->ended[0].done && !s->ended[0].result.ok);
    surroundings_close(s);
}
END_TEST

START_TEST(only_open_questions_take_answers)
{
    struct surroundings *s = simple("");
    uint8_t data[AMDVI_ASK_BYTES] = {0};
    uint64_t id;

    amdvi_submit_request(s->device, &request, 0);
    id = s->open[0].id;
    ck_assert_int_eq(amdvi_memory_done(s->device, 0, AMDVI_MEMORY_OK, data), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_memory_done(s->device, id + 1, AMDVI_MEMORY_OK, data), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_memory_done(s->device, UINT64_MAX, AMDVI_MEMORY_OK, data), AMDVI_ERR_ARGUMENT);
    surroundings_answer(s, 0);
    ck_assert_int_eq(amdvi_memory_done(s->device, id, AMDVI_MEMORY_OK, data), AMDVI_ERR_ARGUMENT);
    surroundings_close(s);
}
END_TEST

START_TEST(no_more_than_said_are_under_way)
{
    struct surroundings *s = simple("");
    uint32_t pending = 0;

    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(amdvi_submit_request(s->device, &request, i), AMDVI_OK);
    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 9), AMDVI_ERR_BUSY);
    ck_assert_int_eq(amdvi_external_pending(s->device, &pending), AMDVI_OK);
    ck_assert_uint_eq(pending, 4);
    ck_assert_int_eq(amdvi_external_attach(s->device, NULL), AMDVI_ERR_BUSY);
    surroundings_settle(s);
    ck_assert_int_eq(amdvi_external_attach(s->device, NULL), AMDVI_OK);
    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 9), AMDVI_ERR_UNSUPPORTED);
    surroundings_close(s);
}
END_TEST

START_TEST(a_reset_takes_back_what_is_under_way)
{
    struct surroundings *s = simple("");
    uint8_t data[AMDVI_ASK_BYTES] = {0};
    size_t needed;

    amdvi_submit_request(s->device, &request, 0);
    amdvi_submit_interrupt(s->device, 1, 0xfee00000, 0x31, 1);
    ck_assert_int_eq(amdvi_save(s->device, NULL, 0, &needed), AMDVI_ERR_BUSY);
    ck_assert_int_eq(amdvi_reset(s->device), AMDVI_OK);
    ck_assert(s->ended[0].done && s->ended[0].status == AMDVI_ERR_BUSY);
    ck_assert(s->ended[1].done && s->ended[1].status == AMDVI_ERR_BUSY);
    ck_assert_int_eq(amdvi_memory_done(s->device, s->open[0].id, AMDVI_MEMORY_OK, data), AMDVI_ERR_ARGUMENT);
    surroundings_close(s);
}
END_TEST

START_TEST(a_device_goes_with_what_is_under_way)
{
    struct surroundings *s = simple("");

    amdvi_submit_request(s->device, &request, 0);
    surroundings_close(s); /* the sanitizer looks for what was left */
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    struct amdvi_external face = {.most = 4};
    struct surroundings *s = simple("");
    struct amdvi_page_request page = {.prg_index = 512};
    struct amdvi_register_access access = {.space = (enum amdvi_register_space)9};
    struct amdvi_request bad = request;
    uint32_t pending;

    bad.length = 0;
    ck_assert_int_eq(amdvi_external_attach(NULL, &face), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_external_attach(s->device, &face), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_submit_request(s->device, &bad, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_submit_request(NULL, &request, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_submit_interrupt(NULL, 1, 0, 0, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_submit_page_request(s->device, &page, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_submit_register(s->device, &access, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_submit_register(s->device, NULL, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_external_pending(s->device, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_external_pending(NULL, &pending), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_memory_done(NULL, 1, AMDVI_MEMORY_OK, NULL), AMDVI_ERR_ARGUMENT);
    surroundings_close(s);
}
END_TEST

static enum amdvi_status seen[3];

static void call_from_issue(void *context, const struct amdvi_ask *ask)
{
    struct surroundings *s = context;
    struct amdvi_result result;

    seen[0] = amdvi_translate(s->device, &request, &result);
    seen[1] = amdvi_reset(s->device);
    s->open[s->opened++] = *ask;
}

static void no_completion(void *context, const struct amdvi_completion *completion)
{
}

/* ---------------------------------------------------------------- no memory, no surroundings, no place */

static unsigned grants;

static void *allocate(void *context, size_t bytes)
{
    (void)context;
    if (grants == 0)
        return NULL;
    grants--;
    return malloc(bytes);
}

static void release(void *context, void *block)
{
    (void)context;
    free(block);
}

static void all_submissions_give(struct amdvi_device *device, enum amdvi_status expected)
{
    const struct amdvi_register_access access = {.space = AMDVI_SPACE_MMIO, .size = 8};
    const struct amdvi_page_request page = {.device = 1};

    ck_assert_int_eq(amdvi_submit_request(device, &request, 0), expected);
    ck_assert_int_eq(amdvi_submit_interrupt(device, 1, 0xfee00000, 0x31, 0), expected);
    ck_assert_int_eq(amdvi_submit_page_request(device, &page, 0), expected);
    ck_assert_int_eq(amdvi_submit_register(device, &access, 0), expected);
}

static void ask_nobody(void *context, const struct amdvi_ask *ask)
{
    (void)context;
    (void)ask;
}

START_TEST(every_submission_tells_why_it_fails)
{
    const struct amdvi_allocator allocator = {.allocate = allocate, .release = release};
    const struct amdvi_external face = {.issue = ask_nobody, .complete = no_completion, .most = 1};
    const struct amdvi_memory memory = {0};
    struct amdvi_config *config = config_of("");
    struct amdvi_device *device;
    uint32_t pending;

    grants = UINT32_MAX;
    ck_assert_int_eq(amdvi_create(config, &memory, NULL, &allocator, &device), AMDVI_OK);
    amdvi_config_destroy(config);
    all_submissions_give(device, AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_external_pending(device, &pending), AMDVI_OK);
    ck_assert_uint_eq(pending, 0);
    for (unsigned few = 0; few < 3; few++) {
        grants = few;
        ck_assert_int_eq(amdvi_external_attach(device, &face), AMDVI_ERR_NO_MEMORY);
    }
    grants = 3;
    ck_assert_int_eq(amdvi_external_attach(device, &face), AMDVI_OK);
    all_submissions_give(device, AMDVI_ERR_NO_MEMORY);
    grants = 1;
    amdvi_mmio_write(device, 0x18, 8, 1); /* IommuEn: the entry is asked for */
    ck_assert_int_eq(amdvi_submit_request(device, &request, 0), AMDVI_OK);
    all_submissions_give(device, AMDVI_ERR_BUSY);
    amdvi_destroy(device);
}
END_TEST

START_TEST(other_calls_are_refused_inside_of_a_question)
{
    struct surroundings *s = simple("");
    struct amdvi_external face = {
        .context = s, .issue = call_from_issue, .complete = no_completion, .most = 1};

    ck_assert_int_eq(amdvi_external_attach(s->device, &face), AMDVI_OK);
    ck_assert_int_eq(amdvi_submit_request(s->device, &request, 0), AMDVI_OK);
    ck_assert_int_eq(seen[0], AMDVI_ERR_BUSY);
    ck_assert_int_eq(seen[1], AMDVI_ERR_BUSY);
    surroundings_close(s);
}
END_TEST

static void submit_from_observer(void *context, const struct amdvi_access_info *info)
{
    struct surroundings *s = context;

    seen[0] = amdvi_submit_request(s->device, &request, 1);
    seen[1] = amdvi_memory_done(s->device, 1, AMDVI_MEMORY_OK, NULL);
    seen[2] = amdvi_external_attach(s->device, NULL);
}

START_TEST(an_observer_must_not_submit)
{
    struct surroundings *s = simple("");
    struct amdvi_observer observer = {.context = s, .access = submit_from_observer};
    struct amdvi_result result;

    ck_assert_int_eq(amdvi_observe(s->device, &observer), AMDVI_OK);
    ck_assert_int_eq(amdvi_translate(s->device, &request, &result), AMDVI_OK);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(seen[i], AMDVI_ERR_BUSY);
    surroundings_close(s);
}
END_TEST

START_TEST(registers_are_reached_by_submission)
{
    struct surroundings *s = simple("");
    struct amdvi_register_access access = {
        .space = AMDVI_SPACE_MMIO, .write = true, .size = 8, .offset = 0x20, .value = 0x5000};

    ck_assert_int_eq(amdvi_submit_register(s->device, &access, 0), AMDVI_OK);
    ck_assert(s->ended[0].done && s->ended[0].status == AMDVI_OK);
    access.write = false;
    ck_assert_int_eq(amdvi_submit_register(s->device, &access, 1), AMDVI_OK);
    ck_assert_uint_eq(s->ended[1].value, 0x5000);
    access.offset = 0x21;
    ck_assert_int_eq(amdvi_submit_register(s->device, &access, 2), AMDVI_OK);
    ck_assert_int_eq(s->ended[2].status, AMDVI_ERR_ACCESS);
    surroundings_close(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("external");
    TCase *tests = tcase_create("external");

    tcase_add_test(tests, a_request_asks_for_entry_and_table);
    tcase_add_test(tests, a_cached_request_asks_nothing);
    tcase_add_test(tests, an_answer_may_come_from_inside_the_question);
    tcase_add_test(tests, errors_of_memory_become_faults);
    tcase_add_test(tests, a_read_without_data_is_an_error);
    tcase_add_test(tests, only_open_questions_take_answers);
    tcase_add_test(tests, no_more_than_said_are_under_way);
    tcase_add_test(tests, a_reset_takes_back_what_is_under_way);
    tcase_add_test(tests, a_device_goes_with_what_is_under_way);
    tcase_add_test(tests, bad_arguments_are_refused);
    tcase_add_test(tests, every_submission_tells_why_it_fails);
    tcase_add_test(tests, other_calls_are_refused_inside_of_a_question);
    tcase_add_test(tests, an_observer_must_not_submit);
    tcase_add_test(tests, registers_are_reached_by_submission);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
