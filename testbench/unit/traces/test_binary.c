// SPDX-License-Identifier: Apache-2.0
/* The binary form: nothing is lost, nothing damaged goes unnoticed, and records are found by number. */
#include "random_trace.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static void random_text(struct random_trace *random, size_t records, struct sink *text)
{
    struct amdvi_trace_writer *writer;
    amdvi_trace_writer_open(AMDVI_TRACE_FORM_TEXT, sink_write, text, &writer, NULL);
    for (size_t i = 0; i < records; i++)
        ck_assert_int_eq(amdvi_trace_write(writer, random_any(random)), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_writer_finish(writer), AMDVI_TRACE_OK);
    amdvi_trace_writer_close(writer);
}

static void to_binary(const struct sink *text, struct sink *binary)
{
    struct amdvi_trace_error error;
    enum amdvi_trace_status status = convert(text->bytes, text->len, AMDVI_TRACE_FORM_BINARY, binary, &error);
    ck_assert_msg(status == AMDVI_TRACE_OK, "%s", error.text);
}

START_TEST(loses_nothing)
{
    struct random_trace random;
    uint64_t seed = random_seed();
    for (unsigned n = 0; n < 40; n++) {
        struct sink text = {0}, binary = {0}, text_again = {0}, binary_again = {0};
        struct amdvi_trace_error error;
        random_start(&random, seed + n);
        random_text(&random, n < 36 ? n * 20 : 40000, &text);
        to_binary(&text, &binary);
        ck_assert_int_eq(convert(binary.bytes, binary.len, AMDVI_TRACE_FORM_TEXT, &text_again, &error),
                         AMDVI_TRACE_OK);
        ck_assert_uint_eq(text.len, text_again.len);
        ck_assert_mem_eq(text.bytes, text_again.bytes, text.len);
        to_binary(&text_again, &binary_again);
        ck_assert_uint_eq(binary.len, binary_again.len);
        ck_assert_mem_eq(binary.bytes, binary_again.bytes, binary.len);
        sink_free(&text);
        sink_free(&binary);
        sink_free(&text_again);
        sink_free(&binary_again);
    }
}
END_TEST

/* Reads to the end; how many records came and how it ended. */
static enum amdvi_trace_status drain(const uint8_t *bytes, size_t len, uint64_t *records)
{
    struct amdvi_trace_options options = {.keep_layout = true};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    struct amdvi_trace_error error;
    *records = 0;
    enum amdvi_trace_status status = amdvi_trace_open_memory(bytes, len, "t", &options, &reader, &error);
    if (status != AMDVI_TRACE_OK) {
        ck_assert_ptr_null(reader);
        return status;
    }
    while ((status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK)
        ++*records;
    ck_assert(status == AMDVI_TRACE_END || amdvi_trace_last_error(reader)->text[0]);
    amdvi_trace_close(reader);
    return status;
}

/* A small trace with several frames: long records fill a frame each. */
static void small_binary(struct sink *binary)
{
    struct sink text = {0};
    static const uint8_t zeros[300000];
    struct amdvi_trace_writer *writer;
    struct amdvi_trace_record record;
    amdvi_trace_writer_open(AMDVI_TRACE_FORM_TEXT, sink_write, &text, &writer, NULL);
    for (unsigned i = 0; i < 3; i++) {
        amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_RUN);
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_T, i * 1000);
        amdvi_trace_write(writer, &record);
        amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_MEM);
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_ADDR, i << 20);
        amdvi_trace_set_bytes(&record, AMDVI_TRACE_KEY_DATA, zeros, sizeof(zeros));
        amdvi_trace_write(writer, &record);
    }
    amdvi_trace_writer_finish(writer);
    amdvi_trace_writer_close(writer);
    to_binary(&text, binary);
    sink_free(&text);
}

START_TEST(says_when_it_is_cut)
{
    struct sink binary = {0};
    uint64_t records, before = 0, whole;
    small_binary(&binary);
    ck_assert_int_eq(drain(binary.bytes, binary.len, &whole), AMDVI_TRACE_END);
    ck_assert_uint_eq(whole, 7);
    for (size_t len = 4; len < binary.len; len++) {
        ck_assert_int_eq(drain(binary.bytes, len, &records), AMDVI_TRACE_TRUNCATED);
        ck_assert_uint_ge(records, before);
        before = records;
    }
    ck_assert_uint_eq(before, whole);
    for (size_t len = 0; len < 4; len++)
        ck_assert_int_lt(drain(binary.bytes, len, &records), 0);
    sink_free(&binary);
}
END_TEST

START_TEST(notices_every_flipped_byte)
{
    struct sink binary = {0};
    uint64_t records;
    small_binary(&binary);
    for (size_t at = 0; at < binary.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            binary.bytes[at] ^= (uint8_t)(1u << bit);
            enum amdvi_trace_status status = drain(binary.bytes, binary.len, &records);
            ck_assert_msg(status != AMDVI_TRACE_END, "byte %zu bit %u", at, bit);
            binary.bytes[at] ^= (uint8_t)(1u << bit);
        }
    }
    sink_free(&binary);
}
END_TEST

START_TEST(refuses_a_newer_version)
{
    struct sink binary = {0};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_error error;
    small_binary(&binary);
    binary.bytes[8] = 2;
    ck_assert_int_eq(amdvi_trace_open_memory(binary.bytes, binary.len, "new", NULL, &reader, &error),
                     AMDVI_TRACE_ERR_VERSION);
    ck_assert_str_eq(error.text, "new: binary trace of version 2; this program reads up to version 1");
    sink_free(&binary);
}
END_TEST

START_TEST(finds_records_by_number)
{
    struct sink text = {0}, binary = {0};
    struct random_trace random;
    struct amdvi_trace_options options = {.keep_layout = true};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_record record;
    size_t total = 70000;
    struct amdvi_trace_writer *writer;
    random_start(&random, random_seed());
    amdvi_trace_writer_open(AMDVI_TRACE_FORM_BINARY, sink_write, &binary, &writer, NULL);
    for (size_t i = 0; i < total; i++) {
        amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_RUN);
        amdvi_trace_set(&record, AMDVI_TRACE_KEY_T, i + 1);
        amdvi_trace_write(writer, &record);
    }
    amdvi_trace_writer_finish(writer);
    amdvi_trace_writer_close(writer);
    ck_assert_int_eq(amdvi_trace_open_memory(binary.bytes, binary.len, "t", &options, &reader, NULL),
                     AMDVI_TRACE_OK);
    ck_assert(amdvi_trace_info(reader)->can_seek);
    for (unsigned n = 0; n < 50; n++) {
        uint64_t to = 1 + random_trace_below(&random, total);
        ck_assert_int_eq(amdvi_trace_seek(reader, to), AMDVI_TRACE_OK);
        ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_OK);
        ck_assert_uint_eq(record.num[AMDVI_TRACE_KEY_T], to);
        ck_assert_uint_eq(record.line, to + 1);
    }
    /* A number that is not there leaves the reader where it is. */
    ck_assert_int_eq(amdvi_trace_seek(reader, 5), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_seek(reader, total + 1), AMDVI_TRACE_ERR_RANGE);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_OK);
    ck_assert_uint_eq(record.num[AMDVI_TRACE_KEY_T], 5);
    ck_assert_int_eq(amdvi_trace_seek(reader, total), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_END);
    ck_assert_int_eq(amdvi_trace_seek(reader, 0), AMDVI_TRACE_OK);
    ck_assert_int_eq(amdvi_trace_next(reader, &record), AMDVI_TRACE_OK);
    ck_assert_int_eq(record.kind, AMDVI_TRACE_KIND_HEADER);
    amdvi_trace_close(reader);
    sink_free(&text);
    sink_free(&binary);
}
END_TEST

START_TEST(is_short)
{
    struct random_trace random;
    struct sink text = {0}, binary = {0};
    random_start(&random, 1);
    random_text(&random, 5000, &text);
    to_binary(&text, &binary);
    ck_assert_uint_lt(binary.len, text.len);
    sink_free(&text);
    sink_free(&binary);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace binary");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, loses_nothing);
    tcase_add_test(tests, says_when_it_is_cut);
    tcase_add_test(tests, notices_every_flipped_byte);
    tcase_add_test(tests, refuses_a_newer_version);
    tcase_add_test(tests, finds_records_by_number);
    tcase_add_test(tests, is_short);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
