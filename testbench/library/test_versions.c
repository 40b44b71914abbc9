// SPDX-License-Identifier: Apache-2.0
/* Callers that were compiled with an older or a newer header than the library: structures that are shorter or
 * longer than the library's. What lies behind a shorter one must neither be read nor written. */
#include "amdvi/amdvi.h"
#include "amdvi/lint.h"
#include "amdvi/replay.h"

#include "testbench/unit/run.h"

#include <string.h>

enum { MARK = 0xa5 };

/* Structures as an older header had them, and as a newer one might: one member more. */
struct old_memory {
    void *context;
    enum amdvi_memory_result (*read)(void *, uint64_t, void *, size_t);
    enum amdvi_memory_result (*write)(void *, uint64_t, const void *, size_t);
    enum amdvi_memory_result (*compare_exchange)(void *, uint64_t, uint64_t, uint64_t, uint64_t *);
};

struct old_callbacks {
    void *context;
    void (*interrupt)(void *, const struct amdvi_irq *);
};

struct new_callbacks {
    struct amdvi_callbacks known;
    void (*more)(void);
};

static enum amdvi_memory_result nothing_read(void *context, uint64_t spa, void *data, size_t length)
{
    memset(data, 0, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result nothing_written(void *context, uint64_t spa, const void *data, size_t length)
{
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result nothing_exchanged(void *context, uint64_t spa, uint64_t expected,
                                                  uint64_t desired, uint64_t *seen)
{
    *seen = expected;
    return AMDVI_MEMORY_OK;
}

static const struct old_memory old_memory = {
    .read = nothing_read, .write = nothing_written, .compare_exchange = nothing_exchanged};

static enum amdvi_status create(const void *memory, size_t memory_size, const void *callbacks,
                                size_t callbacks_size, struct amdvi_device **device)
{
    struct amdvi_config *config;
    enum amdvi_status status;

    ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
    status = amdvi_create_sized(config, memory, memory_size, callbacks, callbacks_size, NULL, device);
    amdvi_config_destroy(config);
    return status;
}

/* The bytes behind the old structure name a window: the library would read through it. */
START_TEST(old_memory_has_no_window)
{
    struct amdvi_memory behind;
    struct amdvi_device *device;
    struct amdvi_request request = {.device = 1, .op = AMDVI_READ, .address = 0x1000, .length = 8};
    struct amdvi_result result;
    uint64_t data = 1;

    memset(&behind, MARK, sizeof(behind));
    memcpy(&behind, &old_memory, sizeof(old_memory));
    behind.direct_base = 0;
    behind.direct_size = UINT64_MAX;
    ck_assert_int_eq(create(&behind, sizeof(old_memory), NULL, 0, &device), AMDVI_OK);
    ck_assert_int_eq(amdvi_dma(device, &request, &data, &result), AMDVI_OK);
    ck_assert_uint_eq(data, 0);
    amdvi_destroy(device);
}
END_TEST

/* Callbacks that came later are absent for an old caller: an ATS invalidation is answered without them. */
START_TEST(old_callbacks_are_a_beginning)
{
    struct amdvi_callbacks behind;
    struct amdvi_device *device;

    memset(&behind, MARK, sizeof(behind));
    memset(&behind, 0, sizeof(struct old_callbacks));
    ck_assert_int_eq(create(&old_memory, sizeof(old_memory), &behind, sizeof(struct old_callbacks), &device),
                     AMDVI_OK);
    amdvi_destroy(device);
}
END_TEST

START_TEST(a_newer_caller_is_refused_only_where_it_asks_for_more)
{
    struct new_callbacks callbacks = {0};
    struct amdvi_device *device = NULL;

    ck_assert_int_eq(create(&old_memory, sizeof(old_memory), &callbacks, sizeof(callbacks), &device),
                     AMDVI_OK);
    amdvi_destroy(device);
    device = NULL;
    memset(&callbacks.more, MARK, sizeof(callbacks.more));
    ck_assert_int_eq(create(&old_memory, sizeof(old_memory), &callbacks, sizeof(callbacks), &device),
                     AMDVI_ERR_UNSUPPORTED);
    ck_assert_ptr_null(device);
}
END_TEST

static void expect_marks(const uint8_t *bytes, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        ck_assert_uint_eq(bytes[i], MARK);
}

START_TEST(statistics_end_where_the_caller_ends)
{
    enum {
        OLD = offsetof(struct amdvi_statistics, guest_commands),
        ROOM = sizeof(struct amdvi_statistics) + 16
    };
    struct amdvi_device *device;
    struct amdvi_request request = {.device = 1, .op = AMDVI_READ, .address = 0x1000, .length = 8};
    struct amdvi_result result;
    union {
        struct amdvi_statistics known;
        uint8_t bytes[ROOM];
    } out;

    ck_assert_int_eq(create(&old_memory, sizeof(old_memory), NULL, 0, &device), AMDVI_OK);
    ck_assert_int_eq(amdvi_translate(device, &request, &result), AMDVI_OK);
    memset(&out, MARK, sizeof(out));
    ck_assert_int_eq(amdvi_get_statistics_sized(device, &out.known, OLD), AMDVI_OK);
    ck_assert_uint_eq(out.known.requests, 1);
    expect_marks(out.bytes, OLD, ROOM);
    memset(&out, MARK, sizeof(out));
    ck_assert_int_eq(amdvi_get_statistics_sized(device, &out.known, ROOM), AMDVI_OK);
    ck_assert_uint_eq(out.known.requests, 1);
    for (size_t i = sizeof(out.known); i < ROOM; i++)
        ck_assert_uint_eq(out.bytes[i], 0);
    amdvi_destroy(device);
}
END_TEST

/* An old caller's options end before `log2_words`: the byte pattern behind is no number of words. */
START_TEST(lint_options_and_statistics_have_a_size)
{
    enum {
        OLD = offsetof(struct amdvi_lint_options, log2_words),
        HALF = offsetof(struct amdvi_lint_statistics, lost)
    };
    struct amdvi_lint_options options;
    struct amdvi_device *device;
    struct amdvi_lint *lint;
    union {
        struct amdvi_lint_statistics known;
        uint8_t bytes[sizeof(struct amdvi_lint_statistics)];
    } out;

    memset(&options, MARK, sizeof(options));
    memset(&options, 0, OLD);
    ck_assert_int_eq(create(&old_memory, sizeof(old_memory), NULL, 0, &device), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_create(device, &options, &lint), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_lint_create_sized(device, &options, OLD, &lint), AMDVI_OK);
    memset(&out, MARK, sizeof(out));
    ck_assert_int_eq(amdvi_lint_statistics_sized(lint, &out.known, HALF), AMDVI_OK);
    ck_assert_uint_eq(out.known.checked, 0);
    expect_marks(out.bytes, HALF, sizeof(out.bytes));
    amdvi_lint_destroy(lint);
    amdvi_destroy(device);
}
END_TEST

/* Behind an old caller's options of a player lie a function and options of a lint that do not exist. */
START_TEST(replay_options_have_a_size)
{
    enum { OLD = offsetof(struct amdvi_replay_options, observer) };
    struct {
        struct amdvi_replay_options known;
        uint64_t more;
    } options;
    struct amdvi_trace_record run = {.kind = AMDVI_TRACE_KIND_RUN};
    struct amdvi_replay *replay;

    memset(&options, MARK, sizeof(options));
    memset(&options, 0, OLD);
    ck_assert_int_eq(amdvi_replay_create_sized(&options.known, OLD, &replay), AMDVI_REPLAY_OK);
    ck_assert_int_eq(amdvi_replay_record(replay, &run), AMDVI_REPLAY_OK);
    ck_assert_ptr_null(amdvi_replay_lint(replay));
    amdvi_replay_destroy(replay);
    memset(&options.known, 0, sizeof(options.known));
    ck_assert_int_eq(amdvi_replay_create_sized(&options.known, sizeof(options), &replay), AMDVI_REPLAY_ERROR);
    ck_assert_ptr_null(replay);
}
END_TEST

static void count_request(void *context, const struct amdvi_request *request,
                          const struct amdvi_result *result)
{
    ++*(unsigned *)context;
}

/* An old observer ends before `hit`: what lies behind it is never called. */
START_TEST(old_observers_are_a_beginning)
{
    enum { OLD = offsetof(struct amdvi_observer, hit) };
    struct {
        struct amdvi_observer known;
        uint64_t more;
    } observer;
    struct amdvi_request request = {.device = 1, .op = AMDVI_READ, .address = 0x1000, .length = 8};
    struct amdvi_observation *observation;
    struct amdvi_device *device;
    struct amdvi_result result;
    unsigned requests = 0;

    memset(&observer, MARK, sizeof(observer));
    memset(&observer, 0, OLD);
    observer.known.context = &requests;
    observer.known.request = count_request;
    ck_assert_int_eq(create(&old_memory, sizeof(old_memory), NULL, 0, &device), AMDVI_OK);
    ck_assert_int_eq(amdvi_observe_sized(device, &observer.known, OLD), AMDVI_OK);
    ck_assert_int_eq(amdvi_observer_attach_sized(device, &observer.known, OLD, &observation), AMDVI_OK);
    ck_assert_int_eq(amdvi_translate(device, &request, &result), AMDVI_OK);
    ck_assert_uint_eq(requests, 2);
    ck_assert_int_eq(amdvi_observe_sized(device, &observer.known, sizeof(observer)), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_observer_attach_sized(device, &observer.known, sizeof(observer), &observation),
                     AMDVI_ERR_UNSUPPORTED);
    amdvi_destroy(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("versions");
    TCase *tests = tcase_create("sizes");

    tcase_add_test(tests, old_memory_has_no_window);
    tcase_add_test(tests, old_callbacks_are_a_beginning);
    tcase_add_test(tests, a_newer_caller_is_refused_only_where_it_asks_for_more);
    tcase_add_test(tests, statistics_end_where_the_caller_ends);
    tcase_add_test(tests, lint_options_and_statistics_have_a_size);
    tcase_add_test(tests, replay_options_have_a_size);
    tcase_add_test(tests, old_observers_are_a_beginning);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
