// SPDX-License-Identifier: Apache-2.0
/* A window on the input that slides over it: whole lines for text, blocks for the binary form. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_WINDOW ((size_t)256 << 10)

enum amdvi_trace_status trace_stream_init(struct trace_stream *stream, struct trace_input *input,
                                          const char *name, const struct amdvi_trace_options *options)
{
    *stream = (struct trace_stream){.input = input, .name = name, .cap = FIRST_WINDOW};
    stream->limit = options->max_line ? options->max_line : TRACE_DEFAULT_MAX_LINE;
    stream->buffer = malloc(stream->cap + 1);
    return stream->buffer ? AMDVI_TRACE_OK : AMDVI_TRACE_ERR_MEMORY;
}

void trace_stream_free(struct trace_stream *stream)
{
    trace_input_close(stream->input);
    free(stream->buffer);
    *stream = (struct trace_stream){0};
}

static enum amdvi_trace_status input_failed(struct trace_stream *stream, struct amdvi_trace_error *error)
{
    switch (stream->result) {
    case TRACE_INPUT_OK:
        return AMDVI_TRACE_END;
    case TRACE_INPUT_TRUNCATED:
        return trace_fail(error, AMDVI_TRACE_TRUNCATED, stream->name, stream->line,
                          "the compressed input ends too early");
    case TRACE_INPUT_CORRUPT:
        return trace_fail(error, AMDVI_TRACE_ERR_CORRUPT, stream->name, stream->line,
                          "the compressed input is damaged");
    case TRACE_INPUT_IO:
        return trace_fail(error, AMDVI_TRACE_ERR_IO, stream->name, stream->line, "the input cannot be read");
    case TRACE_INPUT_MEMORY:
    case TRACE_INPUT_TOO_LONG:
        break;
    }
    return trace_fail(error, AMDVI_TRACE_ERR_MEMORY, stream->name, stream->line, "out of memory");
}

/* More room behind end: slide first, grow only when the window is all in use. */
static enum amdvi_trace_status make_room(struct trace_stream *stream, struct amdvi_trace_error *error)
{
    size_t used = stream->end - stream->pos;
    if (stream->pos) {
        memmove(stream->buffer, stream->buffer + stream->pos, used);
        stream->pos = 0;
        stream->end = used;
    }
    if (stream->end <= stream->cap / 2)
        return AMDVI_TRACE_OK;
    if (used >= stream->limit)
        return trace_fail(error, AMDVI_TRACE_ERR_RANGE, stream->name, stream->line + 1,
                          "more than %zu bytes in one line or record", stream->limit);
    uint8_t *buffer = stream->cap > SIZE_MAX / 4 ? NULL : realloc(stream->buffer, stream->cap * 2 + 1);
    if (!buffer)
        return trace_fail(error, AMDVI_TRACE_ERR_MEMORY, stream->name, stream->line + 1,
                          "out of memory for a long line");
    stream->buffer = buffer;
    stream->cap *= 2;
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status fill(struct trace_stream *stream, struct amdvi_trace_error *error)
{
    if (stream->at_end)
        return AMDVI_TRACE_OK;
    enum amdvi_trace_status status = make_room(stream, error);
    if (status != AMDVI_TRACE_OK)
        return status;
    size_t got;
    stream->result =
        trace_input_read(stream->input, stream->buffer + stream->end, stream->cap - stream->end, &got);
    stream->end += got;
    stream->at_end = !got;
    return AMDVI_TRACE_OK;
}

void trace_stream_skip(struct trace_stream *stream, size_t len)
{
    stream->pos += len;
    stream->offset += len;
}

static enum amdvi_trace_status give_line(struct trace_stream *stream, size_t len, size_t with_end,
                                         char **line, size_t *result)
{
    char *text = (char *)stream->buffer + stream->pos;
    while (len && text[len - 1] == '\r')
        len--;
    *line = text;
    *result = len;
    stream->line++;
    trace_stream_skip(stream, with_end);
    return AMDVI_TRACE_OK;
}

enum amdvi_trace_status trace_stream_line(struct trace_stream *stream, char **line, size_t *len,
                                          struct amdvi_trace_error *error)
{
    size_t searched = 0;
    for (;;) {
        size_t have = stream->end - stream->pos;
        uint8_t *start = stream->buffer + stream->pos;
        uint8_t *newline = have > searched ? memchr(start + searched, '\n', have - searched) : NULL;
        if (newline)
            return give_line(stream, (size_t)(newline - start), (size_t)(newline - start) + 1, line, len);
        /* A last line without its end counts, unless it was cut off there. */
        if (stream->at_end && have && stream->result == TRACE_INPUT_OK)
            return give_line(stream, have, have, line, len);
        if (stream->at_end)
            return input_failed(stream, error);
        searched = have;
        enum amdvi_trace_status status = fill(stream, error);
        if (status != AMDVI_TRACE_OK)
            return status;
    }
}

enum amdvi_trace_status trace_stream_need(struct trace_stream *stream, size_t want, size_t *got,
                                          struct amdvi_trace_error *error)
{
    while (stream->end - stream->pos < want && !stream->at_end) {
        enum amdvi_trace_status status = fill(stream, error);
        if (status != AMDVI_TRACE_OK)
            return status;
    }
    size_t have = stream->end - stream->pos;
    *got = have < want ? have : want;
    if (have < want && stream->result != TRACE_INPUT_OK)
        return input_failed(stream, error);
    return AMDVI_TRACE_OK;
}

static void forget(struct trace_stream *stream, uint64_t offset)
{
    stream->pos = stream->end = 0;
    stream->at_end = false;
    stream->result = TRACE_INPUT_OK;
    stream->offset = offset;
}

enum amdvi_trace_status trace_stream_rewind(struct trace_stream *stream, struct amdvi_trace_error *error)
{
    forget(stream, 0);
    stream->line = 0;
    if (trace_input_rewind(stream->input) == TRACE_INPUT_OK)
        return AMDVI_TRACE_OK;
    return trace_fail(error, AMDVI_TRACE_ERR_IO, stream->name, 0, "the input cannot be read a second time");
}

enum amdvi_trace_status trace_stream_seek(struct trace_stream *stream, uint64_t offset,
                                          struct amdvi_trace_error *error)
{
    forget(stream, offset);
    if (trace_input_seek(stream->input, offset) == TRACE_INPUT_OK)
        return AMDVI_TRACE_OK;
    return trace_fail(error, AMDVI_TRACE_ERR_IO, stream->name, 0, "the input cannot be positioned");
}
