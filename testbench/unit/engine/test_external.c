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

/* As if the memory had been read before it was changed. */
static void answer_first_with(struct surroundings *s, const void *old)
{
    uint64_t id = s->open[0].id;

    s->open[0] = s->open[--s->opened];
    ck_assert_int_eq(amdvi_memory_done(s->device, id, AMDVI_MEMORY_OK, old), AMDVI_OK);
}

/* What the command processor asks for; walks stay where they are. */
static void settle_commands(struct surroundings *s)
{
    for (unsigned i = 0; i < s->opened;) {
        enum amdvi_access access = s->open[i].access;
        if (access == AMDVI_ACCESS_COMMAND || access == AMDVI_ACCESS_STORE) {
            surroundings_answer(s, i);
            i = 0;
        } else {
            i++;
        }
    }
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

/* The device table entry, then the page's translation, read before and used after an invalidation. */
static void put_command(struct surroundings *s, unsigned slot, uint64_t low, uint64_t high)
{
    put_word(s, 250 * 4096 + 16 * slot, low);
    put_word(s, 250 * 4096 + 16 * slot + 8, high);
}

static void ring_to(struct surroundings *s, unsigned slot)
{
    amdvi_mmio_write(s->device, 0x2008, 8, 16u * slot);
    amdvi_run(s->device);
    settle_commands(s);
}

static uint64_t head(struct surroundings *s)
{
    uint64_t value = 0;

    amdvi_mmio_read(s->device, 0x2000, 8, &value);
    return value / 16;
}

START_TEST(a_completion_wait_waits_for_walks_that_an_invalidation_covers)
{
    struct surroundings *s = simple("");
    uint8_t old[AMDVI_ASK_BYTES];

    amdvi_submit_request(s->device, &request, 0);
    surroundings_answer(s, 0);
    memcpy(old, s->bytes + TABLE + 8, 8); /* the walk reads the old entry */
    put_word(s, TABLE + 8, 0);
    put_command(s, 0, (uint64_t)3 << 60 | (uint64_t)1 << 32, 0x1000); /* INVALIDATE_IOMMU_PAGES 0x1000 */
    put_command(s, 1, (uint64_t)1 << 60, 0);                          /* COMPLETION_WAIT */
    ring_to(s, 2);
    ck_assert_uint_eq(head(s), 1);
    answer_first_with(s, old);
    ck_assert(s->ended[0].done && s->ended[0].result.ok); /* the old translation may still be used */
    ck_assert_uint_eq(head(s), 2);
    amdvi_submit_request(s->device, &request, 1); /* but nothing of it was kept */
    surroundings_settle(s);
    ck_assert(s->ended[1].done && !s->ended[1].result.ok);
    surroundings_close(s);
}
END_TEST

START_TEST(other_invalidations_do_not_concern_a_walk)
{
    struct surroundings *s = simple("");

    amdvi_submit_request(s->device, &request, 0);
    surroundings_answer(s, 0);
    put_command(s, 0, (uint64_t)3 << 60 | (uint64_t)2 << 32, 0x1000); /* another domain */
    put_command(s, 1, (uint64_t)2 << 60 | 2, 0);                      /* another device */
    put_command(s, 2, (uint64_t)5 << 60 | 1, 0);                      /* the device's interrupts */
    put_command(s, 3, (uint64_t)1 << 60, 0);
    ring_to(s, 4);
    ck_assert_uint_eq(head(s), 4);
    surroundings_settle(s);
    amdvi_submit_request(s->device, &request, 1);
    ck_assert(s->ended[1].done && s->ended[1].result.ok); /* from the cache */
    surroundings_close(s);
}
END_TEST

/* Before a walk has ended nobody knows whether its page will hold the invalidated one too. */
START_TEST(a_page_beside_the_invalidated_one_is_waited_for_and_kept)
{
    struct surroundings *s = simple("");

    amdvi_submit_request(s->device, &request, 0);
    surroundings_answer(s, 0);
    put_command(s, 0, (uint64_t)3 << 60 | (uint64_t)1 << 32, 0x5000);
    put_command(s, 1, (uint64_t)1 << 60, 0);
    ring_to(s, 2);
    ck_assert_uint_eq(head(s), 1);
    surroundings_settle(s);
    ck_assert_uint_eq(head(s), 2);
    amdvi_submit_request(s->device, &request, 1);
    ck_assert_uint_eq(s->opened, 0);
    ck_assert(s->ended[1].done && s->ended[1].result.ok);
    surroundings_close(s);
}
END_TEST

START_TEST(an_entry_that_was_overtaken_is_not_kept)
{
    struct surroundings *s = simple("");
    uint8_t old[AMDVI_ASK_BYTES];

    amdvi_submit_request(s->device, &request, 0);
    memcpy(old, s->bytes + 32, 32);
    put_word(s, 32, D_V | D_TV); /* blocked from now on */
    put_command(s, 0, (uint64_t)2 << 60 | 1, 0);
    put_command(s, 1, (uint64_t)1 << 60, 0);
    ring_to(s, 2);
    ck_assert_uint_eq(head(s), 1);
    answer_first_with(s, old);
    surroundings_settle(s);
    ck_assert(s->ended[0].done && s->ended[0].result.ok);
    ck_assert_uint_eq(head(s), 2);
    amdvi_submit_request(s->device, &request, 1);
    surroundings_settle(s);
    ck_assert(s->ended[1].done && !s->ended[1].result.ok);
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

/* All that is asked but records: `open[0]` is then the one that is being written. */
static void answer_all_but_records(struct surroundings *s)
{
    for (unsigned i = 0; i < s->opened;) {
        if (s->open[i].access == AMDVI_ACCESS_LOG) {
            i++;
            continue;
        }
        surroundings_answer(s, i);
        i = 0;
    }
}

/* Else a guest whose devices fault all the time would hold up everybody's COMPLETION_WAIT. */
START_TEST(a_completion_wait_does_not_wait_for_records_behind_it)
{
    struct surroundings *s = simple("");
    struct amdvi_request unmapped = request;

    unmapped.address = 0x5000;
    amdvi_submit_request(s->device, &unmapped, 0);
    answer_all_but_records(s);
    ck_assert_uint_eq(s->opened, 1);
    put_command(s, 0, (uint64_t)1 << 60, 0);
    ring_to(s, 1);
    answer_all_but_records(s);
    ck_assert_uint_eq(head(s), 0); /* the record was there before it */
    amdvi_submit_request(s->device, &unmapped, 1);
    answer_all_but_records(s);
    surroundings_answer(s, 0);
    answer_all_but_records(s);
    ck_assert(s->ended[0].done && !s->ended[1].done);
    ck_assert_uint_eq(head(s), 1);
    surroundings_settle(s);
    ck_assert(s->ended[1].done);
    surroundings_close(s);
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
    tcase_add_test(tests, a_completion_wait_waits_for_walks_that_an_invalidation_covers);
    tcase_add_test(tests, other_invalidations_do_not_concern_a_walk);
    tcase_add_test(tests, a_page_beside_the_invalidated_one_is_waited_for_and_kept);
    tcase_add_test(tests, an_entry_that_was_overtaken_is_not_kept);
    tcase_add_test(tests, every_submission_tells_why_it_fails);
    tcase_add_test(tests, a_completion_wait_does_not_wait_for_records_behind_it);
    tcase_add_test(tests, other_calls_are_refused_inside_of_a_question);
    tcase_add_test(tests, an_observer_must_not_submit);
    tcase_add_test(tests, registers_are_reached_by_submission);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
