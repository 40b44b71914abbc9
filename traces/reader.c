// SPDX-License-Identifier: Apache-2.0
/* The face of all readers: open by content, next, seek, close. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD ((size_t)64 << 10) /* looked at to find out what it is */

enum amdvi_trace_status trace_reader_fail(struct amdvi_trace_reader *reader, enum amdvi_trace_status status,
                                          uint64_t line, const char *format, ...)
{
    char message[256];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return trace_fail(&reader->error, status, reader->name, line, "%s", message);
}

static enum amdvi_trace_status open_failed(enum trace_input_result result, const char *name,
                                           struct amdvi_trace_error *error)
{
    if (result == TRACE_INPUT_IO)
        return trace_fail(error, AMDVI_TRACE_ERR_IO, name, 0, "cannot be opened: %s", strerror(errno));
    return trace_fail(error, AMDVI_TRACE_ERR_MEMORY, name, 0, "out of memory");
}

/* Finds out what the input is and starts its reader. */
static enum amdvi_trace_status start(struct amdvi_trace_reader *reader)
{
    size_t got;
    enum amdvi_trace_status status = trace_stream_need(&reader->stream, HEAD, &got, &reader->error);
    if (status < 0)
        return status;
    reader->ops =
        trace_recognise(reader->stream.buffer + reader->stream.pos, reader->stream.end - reader->stream.pos);
    reader->info.source_name = reader->ops->name;
    reader->info.compressed = trace_input_compressed(reader->stream.input);
    status = reader->ops->open(reader);
    trace_input_forget(reader->stream.input);
    return status;
}

static enum amdvi_trace_status open_input(const struct trace_input_config *config, const char *name,
                                          const struct amdvi_trace_options *options,
                                          struct amdvi_trace_reader **result, struct amdvi_trace_error *error)
{
    struct trace_input *input;
    *result = NULL;
    errno = 0;
    enum trace_input_result opened = trace_input_open(config, &input);
    if (opened != TRACE_INPUT_OK)
        return open_failed(opened, name, error);
    struct amdvi_trace_reader *reader = calloc(1, sizeof(*reader));
    if (!reader) {
        trace_input_close(input);
        return open_failed(TRACE_INPUT_MEMORY, name, error);
    }
    if (options)
        reader->options = *options;
    reader->name = malloc(strlen(name) + 1);
    enum amdvi_trace_status status =
        trace_stream_init(&reader->stream, input, reader->name, &reader->options);
    if (!reader->name || status != AMDVI_TRACE_OK) {
        amdvi_trace_close(reader);
        return open_failed(TRACE_INPUT_MEMORY, name, error);
    }
    strcpy(reader->name, name);
    status = start(reader);
    if (status != AMDVI_TRACE_OK) {
        if (error)
            *error = reader->error;
        amdvi_trace_close(reader);
        return status;
    }
    *result = reader;
    return AMDVI_TRACE_OK;
}

enum amdvi_trace_status amdvi_trace_open(const char *path, const struct amdvi_trace_options *options,
                                         struct amdvi_trace_reader **reader, struct amdvi_trace_error *error)
{
    struct trace_input_config config = {.path = path};
    return open_input(&config, strcmp(path, "-") ? path : "<stdin>", options, reader, error);
}

enum amdvi_trace_status amdvi_trace_open_memory(const void *bytes, size_t len, const char *name,
                                                const struct amdvi_trace_options *options,
                                                struct amdvi_trace_reader **reader,
                                                struct amdvi_trace_error *error)
{
    struct trace_input_config config = {.bytes = bytes, .len = len};
    return open_input(&config, name ? name : "<memory>", options, reader, error);
}

enum amdvi_trace_status amdvi_trace_open_callback(amdvi_trace_read_fn read, void *context, const char *name,
                                                  const struct amdvi_trace_options *options,
                                                  struct amdvi_trace_reader **reader,
                                                  struct amdvi_trace_error *error)
{
    struct trace_input_config config = {.read = read, .context = context};
    return open_input(&config, name ? name : "<stream>", options, reader, error);
}

void amdvi_trace_close(struct amdvi_trace_reader *reader)
{
    if (!reader)
        return;
    if (reader->ops)
        reader->ops->close(reader);
    trace_stream_free(&reader->stream);
    free(reader->name);
    free(reader);
}

const char *trace_check_place(bool *header_seen, const struct amdvi_trace_record *record)
{
    bool header = record->kind == AMDVI_TRACE_KIND_HEADER;
    if (record->kind == AMDVI_TRACE_KIND_COMMENT || record->kind == AMDVI_TRACE_KIND_BLANK)
        return NULL;
    if (header == *header_seen)
        return header ? "only the first record can be amdvi-trace"
                      : "the first record must be 'amdvi-trace 1'";
    *header_seen = true;
    return NULL;
}

static bool is_layout(const struct amdvi_trace_record *record)
{
    return record->kind <= AMDVI_TRACE_KIND_BLANK;
}

enum amdvi_trace_status amdvi_trace_next(struct amdvi_trace_reader *reader, struct amdvi_trace_record *record)
{
    if (reader->ended != AMDVI_TRACE_OK)
        return reader->ended;
    enum amdvi_trace_status status;
    do {
        status = reader->ops->next(reader, record);
        if (status == AMDVI_TRACE_OK && record->kind == AMDVI_TRACE_KIND_COMMENT && record->comment)
            trace_gaps_take(record->comment, &reader->info);
    } while (status == AMDVI_TRACE_OK && !reader->options.keep_layout && is_layout(record));
    reader->ended = status;
    return status;
}

enum amdvi_trace_status amdvi_trace_seek(struct amdvi_trace_reader *reader, uint64_t number)
{
    if (!reader->ops->seek || !reader->info.can_seek)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_UNSUPPORTED, 0,
                                 "only a plain binary trace in a file or in memory has an index to seek by");
    enum amdvi_trace_status status = reader->ops->seek(reader, number);
    /* A number beyond the end leaves the reader where it was. */
    if (status != AMDVI_TRACE_ERR_RANGE)
        reader->ended = status;
    return status;
}

const struct amdvi_trace_error *amdvi_trace_last_error(const struct amdvi_trace_reader *reader)
{
    return &reader->error;
}

const struct amdvi_trace_info *amdvi_trace_info(const struct amdvi_trace_reader *reader)
{
    return &reader->info;
}

const struct amdvi_trace_import_counts *amdvi_trace_import_counts(const struct amdvi_trace_reader *reader)
{
    return &reader->counts;
}

bool amdvi_trace_progress(const struct amdvi_trace_reader *reader, uint64_t *done, uint64_t *size)
{
    return trace_input_progress(reader->stream.input, done, size);
}
