// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_TEST_TRACES_SUPPORT_H
#define AMDVI_TEST_TRACES_SUPPORT_H

#include "amdvi/trace.h"

#include <check.h>

/* Bytes that a writer gave. */
struct sink {
    uint8_t *bytes;
    size_t len, cap;
};
int sink_write(void *sink, const void *bytes, size_t len);
void sink_free(struct sink *sink);

/* Reads anything to the end and writes it in a form; the status is that of the copy. */
enum amdvi_trace_status convert(const void *bytes, size_t len, enum amdvi_trace_form form, struct sink *out,
                                struct amdvi_trace_error *error);
/* The one record after the header of a text. */
struct amdvi_trace_reader *read_one(const char *text, struct amdvi_trace_record *record);
/* Both records say the same. */
void assert_same(const struct amdvi_trace_record *a, const struct amdvi_trace_record *b);
bool file_exists(const char *path);
/* Runs one suite; the exit status of the program. */
int run_suite(Suite *suite);

#endif
