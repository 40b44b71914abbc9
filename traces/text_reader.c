// SPDX-License-Identifier: Apache-2.0
/* The reader of the text form. */
#include "internal.h"

#include <stdlib.h>

struct text_state {
    struct trace_parser parser;
    bool header_seen;
};

static enum amdvi_trace_status text_open(struct amdvi_trace_reader *reader)
{
    reader->info.source = AMDVI_TRACE_SOURCE_TEXT;
    reader->info.can_check_translations = true;
    reader->info.can_check_interrupts = true;
    reader->info.can_check_stores = true;
    reader->info.has_memory = true;
    reader->state = calloc(1, sizeof(struct text_state));
    return reader->state ? AMDVI_TRACE_OK
                         : trace_reader_fail(reader, AMDVI_TRACE_ERR_MEMORY, 0, "out of memory");
}

static enum amdvi_trace_status at_end(struct amdvi_trace_reader *reader, enum amdvi_trace_status status)
{
    struct text_state *state = reader->state;
    if (status != AMDVI_TRACE_END || state->header_seen)
        return status;
    return trace_reader_fail(reader, AMDVI_TRACE_ERR_SYNTAX, reader->stream.line + 1,
                             "the first record must be 'amdvi-trace 1', but there is none");
}

static enum amdvi_trace_status text_next(struct amdvi_trace_reader *reader, struct amdvi_trace_record *record)
{
    struct text_state *state = reader->state;
    char *line;
    size_t len;
    char text[200];
    enum amdvi_trace_status status = trace_stream_line(&reader->stream, &line, &len, &reader->error);
    if (status != AMDVI_TRACE_OK)
        return at_end(reader, status);
    record->line = reader->stream.line;
    const char *bad = trace_parse_record(&state->parser, line, len, record, text, sizeof(text));
    if (!bad)
        bad = trace_check_place(&state->header_seen, record);
    return bad ? trace_reader_fail(reader, AMDVI_TRACE_ERR_SYNTAX, record->line, "%s", bad) : AMDVI_TRACE_OK;
}

static void text_close(struct amdvi_trace_reader *reader)
{
    struct text_state *state = reader->state;
    if (state)
        trace_parser_free(&state->parser);
    free(state);
}

const struct trace_reader_ops trace_text_reader = {
    .name = "text trace", .open = text_open, .next = text_next, .close = text_close};
