// SPDX-License-Identifier: Apache-2.0
/* Any text: no crash, and what can be read prints to a text that reads and prints the same. */
#include "amdvi/trace.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    char *bytes;
    size_t len;
};

static int keep(void *context, const void *bytes, size_t len)
{
    struct text *text = context;
    char *grown = realloc(text->bytes, text->len + len);
    if (!grown)
        return 1;
    text->bytes = grown;
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    return 0;
}

static enum amdvi_trace_status print(const void *bytes, size_t len, struct text *out)
{
    struct amdvi_trace_options options = {.keep_layout = true, .max_line = 1 << 20};
    struct amdvi_trace_reader *reader;
    struct amdvi_trace_writer *writer;
    enum amdvi_trace_status status = amdvi_trace_open_memory(bytes, len, "fuzz", &options, &reader, NULL);
    if (status != AMDVI_TRACE_OK)
        return status;
    status = amdvi_trace_writer_open(AMDVI_TRACE_FORM_TEXT, keep, out, &writer, NULL);
    if (status == AMDVI_TRACE_OK)
        status = amdvi_trace_copy(reader, writer);
    amdvi_trace_writer_close(writer);
    amdvi_trace_close(reader);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text once = {0}, twice = {0};
    if (print(data, size, &once) == AMDVI_TRACE_OK) {
        if (print(once.bytes, once.len, &twice) != AMDVI_TRACE_OK || once.len != twice.len ||
            memcmp(once.bytes, twice.bytes, once.len))
            abort();
    }
    free(once.bytes);
    free(twice.bytes);
    return 0;
}
