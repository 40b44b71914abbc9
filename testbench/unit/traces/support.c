// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <stdlib.h>
#include <string.h>

int sink_write(void *context, const void *bytes, size_t len)
{
    struct sink *sink = context;
    if (sink->len + len > sink->cap) {
        sink->cap = (sink->len + len) * 2;
        sink->bytes = realloc(sink->bytes, sink->cap);
        ck_assert_ptr_nonnull(sink->bytes);
    }
    memcpy(sink->bytes + sink->len, bytes, len);
    sink->len += len;
    return 0;
}

void sink_free(struct sink *sink)
{
    free(sink->bytes);
    *sink = (struct sink){0};
}

enum amdvi_trace_status convert(const void *bytes, size_t len, enum amdvi_trace_form form, struct sink *out,
                                struct amdvi_trace_error *error)
{
    struct amdvi_trace_options options = {.keep_layout = true};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_writer *writer;
    enum amdvi_trace_status status = amdvi_trace_open_memory(bytes, len, "memory", &options, &reader, error);
    if (status != AMDVI_TRACE_OK)
        return status;
    ck_assert_int_eq(amdvi_trace_writer_open(form, sink_write, out, &writer, error), AMDVI_TRACE_OK);
    status = amdvi_trace_copy(reader, writer);
    if (status != AMDVI_TRACE_OK)
        *error = amdvi_trace_last_error(reader)->text[0] ? *amdvi_trace_last_error(reader)
                                                         : *amdvi_trace_writer_error(writer);
    amdvi_trace_writer_close(writer);
    amdvi_trace_close(reader);
    return status;
}

struct amdvi_trace_reader *read_one(const char *text, struct amdvi_trace_record *record)
{
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;
    enum amdvi_trace_status status = amdvi_trace_open_memory(text, strlen(text), "t", NULL, &reader, &error);
    ck_assert_msg(status == AMDVI_TRACE_OK, "%s", error.text);
    status = amdvi_trace_next(reader, record);
    ck_assert_msg(status == AMDVI_TRACE_OK, "%s", amdvi_trace_last_error(reader)->text);
    return reader;
}

static void assert_same_text(const char *a, const char *b)
{
    ck_assert_int_eq(!a, !b);
    if (a)
        ck_assert_str_eq(a, b);
}

static void assert_same_key(const struct amdvi_trace_rule *rule, const struct amdvi_trace_record *a,
                            const struct amdvi_trace_record *b)
{
    uint64_t x = 0, y = 0;
    switch (rule->type) {
    case AMDVI_TRACE_TYPE_BYTES:
        ck_assert_uint_eq(a->bytes_len, b->bytes_len);
        ck_assert_mem_eq(a->bytes, b->bytes, a->bytes_len);
        break;
    case AMDVI_TRACE_TYPE_TEXT:
        assert_same_text(a->file, b->file);
        break;
    case AMDVI_TRACE_TYPE_OK_DATA:
        ck_assert_int_eq(amdvi_trace_ok_int_data(a, &x), amdvi_trace_ok_int_data(b, &y));
        ck_assert_uint_eq(x, y);
        break;
    default:
        ck_assert_uint_eq(a->num[rule->key], b->num[rule->key]);
    }
}

void assert_same(const struct amdvi_trace_record *a, const struct amdvi_trace_record *b)
{
    const struct amdvi_trace_kind_info *info = amdvi_trace_kind_info(a->kind);
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_uint_eq(a->have, b->have);
    for (size_t i = 0; i < info->rules_count; i++) {
        if (amdvi_trace_has(a, (enum amdvi_trace_key)info->rules[i].key))
            assert_same_key(&info->rules[i], a, b);
    }
    if (amdvi_trace_has(a, AMDVI_TRACE_KEY_T))
        ck_assert_uint_eq(a->num[AMDVI_TRACE_KEY_T], b->num[AMDVI_TRACE_KEY_T]);
    assert_same_text(a->vm, b->vm);
    assert_same_text(a->cpu, b->cpu);
    assert_same_text(a->comment, b->comment);
    ck_assert_uint_eq(a->pairs_count, b->pairs_count);
    for (size_t i = 0; i < a->pairs_count; i++) {
        ck_assert_str_eq(a->pairs[i].key, b->pairs[i].key);
        ck_assert_str_eq(a->pairs[i].value, b->pairs[i].value);
    }
}

bool file_exists(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file)
        fclose(file);
    return file;
}

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
