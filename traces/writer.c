// SPDX-License-Identifier: Apache-2.0
/* The face of both writers, and the text writer itself. */
#include "internal.h"

#include <stdlib.h>

#define TEXT_PENDING ((size_t)64 << 10) /* handed on in pieces of about this size */

enum amdvi_trace_status trace_writer_fail(struct amdvi_trace_writer *writer, enum amdvi_trace_status status,
                                          const char *message)
{
    writer->failed = status;
    return trace_fail(&writer->error, status, NULL, 0, "%s", message);
}

enum amdvi_trace_status trace_writer_emit(struct amdvi_trace_writer *writer, const void *bytes, size_t len)
{
    if (writer->failed != AMDVI_TRACE_OK)
        return writer->failed;
    if (!len || !writer->write(writer->context, bytes, len))
        return AMDVI_TRACE_OK;
    return trace_writer_fail(writer, AMDVI_TRACE_ERR_IO, "the output cannot be written");
}

static enum amdvi_trace_status flush_text(struct amdvi_trace_writer *writer)
{
    if (writer->out.failed)
        return trace_writer_fail(writer, AMDVI_TRACE_ERR_MEMORY, "out of memory");
    enum amdvi_trace_status status = trace_writer_emit(writer, writer->out.bytes, writer->out.len);
    writer->out.len = 0;
    return status;
}

static enum amdvi_trace_status text_write(struct amdvi_trace_writer *writer,
                                          const struct amdvi_trace_record *record)
{
    trace_print_record(&writer->out, record);
    trace_buffer_byte(&writer->out, '\n');
    return writer->out.failed || writer->out.len >= TEXT_PENDING ? flush_text(writer) : AMDVI_TRACE_OK;
}

static const struct trace_writer_ops text_ops = {.write = text_write, .finish = flush_text};

enum amdvi_trace_status amdvi_trace_writer_open(enum amdvi_trace_form form, amdvi_trace_write_fn write,
                                                void *context, struct amdvi_trace_writer **result,
                                                struct amdvi_trace_error *error)
{
    enum amdvi_trace_status status = AMDVI_TRACE_OK;
    struct amdvi_trace_writer *writer = calloc(1, sizeof(*writer));
    *result = NULL;
    if (!writer)
        return trace_fail(error, AMDVI_TRACE_ERR_MEMORY, NULL, 0, "out of memory");
    writer->write = write;
    writer->context = context;
    writer->ops = &text_ops;
    if (form == AMDVI_TRACE_FORM_BINARY)
        status = trace_binary_writer_open(writer);
    if (status != AMDVI_TRACE_OK) {
        if (error)
            *error = writer->error;
        amdvi_trace_writer_close(writer);
        return status;
    }
    *result = writer;
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status write_header(struct amdvi_trace_writer *writer)
{
    struct amdvi_trace_record header;
    amdvi_trace_record_init(&header, AMDVI_TRACE_KIND_HEADER);
    writer->header_done = true;
    return writer->ops->write(writer, &header);
}

static enum amdvi_trace_status check(struct amdvi_trace_writer *writer,
                                     const struct amdvi_trace_record *record)
{
    if (writer->failed != AMDVI_TRACE_OK)
        return writer->failed;
    if (writer->finished)
        return trace_fail(&writer->error, AMDVI_TRACE_ERR_ARGUMENT, NULL, 0, "the trace is already finished");
    if (writer->header_done && record->kind == AMDVI_TRACE_KIND_HEADER)
        return trace_fail(&writer->error, AMDVI_TRACE_ERR_ARGUMENT, NULL, 0, "a trace has one header");
    return amdvi_trace_record_check(record, &writer->error);
}

enum amdvi_trace_status amdvi_trace_write(struct amdvi_trace_writer *writer,
                                          const struct amdvi_trace_record *record)
{
    enum amdvi_trace_status status = check(writer, record);
    if (status != AMDVI_TRACE_OK)
        return status;
    if (record->kind == AMDVI_TRACE_KIND_HEADER)
        writer->header_done = true;
    else if (!writer->header_done && record->kind > AMDVI_TRACE_KIND_BLANK)
        status = write_header(writer);
    return status == AMDVI_TRACE_OK ? writer->ops->write(writer, record) : status;
}

enum amdvi_trace_status amdvi_trace_writer_finish(struct amdvi_trace_writer *writer)
{
    if (writer->failed != AMDVI_TRACE_OK || writer->finished)
        return writer->failed;
    enum amdvi_trace_status status = writer->header_done ? AMDVI_TRACE_OK : write_header(writer);
    if (status == AMDVI_TRACE_OK)
        status = writer->ops->finish(writer);
    writer->finished = status == AMDVI_TRACE_OK;
    return status;
}

void amdvi_trace_writer_close(struct amdvi_trace_writer *writer)
{
    if (!writer)
        return;
    if (writer->ops->close)
        writer->ops->close(writer);
    trace_buffer_free(&writer->out);
    free(writer);
}

const struct amdvi_trace_error *amdvi_trace_writer_error(const struct amdvi_trace_writer *writer)
{
    return &writer->error;
}

int amdvi_trace_write_to_file(void *file, const void *bytes, size_t len)
{
    return fwrite(bytes, 1, len, file) != len;
}

enum amdvi_trace_status amdvi_trace_copy(struct amdvi_trace_reader *reader, struct amdvi_trace_writer *writer)
{
    struct amdvi_trace_record record;
    enum amdvi_trace_status status;
    while ((status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK) {
        enum amdvi_trace_status written = amdvi_trace_write(writer, &record);
        if (written != AMDVI_TRACE_OK)
            return written;
    }
    /* What was read of a truncated trace is worth keeping; the caller still learns that it was cut. */
    if (status != AMDVI_TRACE_END && status != AMDVI_TRACE_TRUNCATED)
        return status;
    enum amdvi_trace_status finished = amdvi_trace_writer_finish(writer);
    return finished != AMDVI_TRACE_OK ? finished : status == AMDVI_TRACE_END ? AMDVI_TRACE_OK : status;
}
