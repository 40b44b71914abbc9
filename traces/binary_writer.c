// SPDX-License-Identifier: Apache-2.0
/* The writer of the binary form: records gather in a frame, frames are compressed one by one, the index comes
 * last. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* A frame is closed when it reaches one of these; a reader that seeks decodes half a frame on average. */
#define FRAME_BYTES   ((size_t)256 << 10)
#define FRAME_RECORDS 32768u

struct binary_writer {
    ZSTD_CCtx *zstd;
    struct trace_buffer packed;
    struct trace_buffer index; /* entries as they will be written, uncompressed */
    struct trace_deltas deltas;
    uint64_t offset;
    uint64_t records; /* in closed frames */
    uint32_t in_frame;
    bool started;
};

static enum amdvi_trace_status emit(struct amdvi_trace_writer *writer, const void *bytes, size_t len)
{
    struct binary_writer *state = writer->state;
    state->offset += len;
    return trace_writer_emit(writer, bytes, len);
}

static enum amdvi_trace_status start(struct amdvi_trace_writer *writer)
{
    struct binary_writer *state = writer->state;
    uint8_t head[TRACE_FILE_HEADER] = {0};
    if (state->started)
        return AMDVI_TRACE_OK;
    state->started = true;
    memcpy(head, trace_binary_magic, sizeof(trace_binary_magic));
    trace_put_u32(head + 8, TRACE_BINARY_VERSION);
    return emit(writer, head, sizeof(head));
}

static enum amdvi_trace_status write_block(struct amdvi_trace_writer *writer, const char *tag, uint32_t count,
                                           const struct trace_buffer *raw)
{
    struct binary_writer *state = writer->state;
    struct trace_block block = {
        .count = count, .first_record = state->records, .first_line = state->records + 1};
    uint8_t head[TRACE_BLOCK_HEADER];
    size_t bound = ZSTD_compressBound(raw->len);
    state->packed.len = 0;
    if (raw->failed || raw->len > UINT32_MAX || !trace_buffer_reserve(&state->packed, bound))
        return trace_writer_fail(writer, AMDVI_TRACE_ERR_MEMORY, "out of memory for a frame");
    size_t packed = ZSTD_compress2(state->zstd, state->packed.bytes, bound, raw->bytes, raw->len);
    if (ZSTD_isError(packed) || packed > UINT32_MAX)
        return trace_writer_fail(writer, AMDVI_TRACE_ERR_MEMORY, "a frame cannot be compressed");
    memcpy(block.tag, tag, 4);
    block.packed = (uint32_t)packed;
    block.raw = (uint32_t)raw->len;
    trace_block_pack(&block, state->packed.bytes, head);
    enum amdvi_trace_status status = emit(writer, head, sizeof(head));
    return status == AMDVI_TRACE_OK ? emit(writer, state->packed.bytes, packed) : status;
}

static void add_to_index(struct binary_writer *state)
{
    uint8_t entry[TRACE_INDEX_ENTRY];
    trace_put_u64(entry, state->offset);
    trace_put_u64(entry + 8, state->records);
    trace_put_u64(entry + 16, state->records + 1);
    trace_buffer_put(&state->index, entry, sizeof(entry));
}

static enum amdvi_trace_status close_frame(struct amdvi_trace_writer *writer)
{
    struct binary_writer *state = writer->state;
    if (!state->in_frame)
        return AMDVI_TRACE_OK;
    add_to_index(state);
    enum amdvi_trace_status status = write_block(writer, "FRAM", state->in_frame, &writer->out);
    state->records += state->in_frame;
    state->in_frame = 0;
    writer->out.len = 0;
    memset(&state->deltas, 0, sizeof(state->deltas));
    return status;
}

static enum amdvi_trace_status binary_write(struct amdvi_trace_writer *writer,
                                            const struct amdvi_trace_record *record)
{
    struct binary_writer *state = writer->state;
    enum amdvi_trace_status status = start(writer);
    if (status != AMDVI_TRACE_OK)
        return status;
    trace_encode_record(&writer->out, &state->deltas, record);
    if (writer->out.failed)
        return trace_writer_fail(writer, AMDVI_TRACE_ERR_MEMORY, "out of memory for a record");
    if (writer->out.len > TRACE_DEFAULT_MAX_LINE)
        return trace_writer_fail(writer, AMDVI_TRACE_ERR_RANGE, "a record of more than 256 MiB");
    state->in_frame++;
    bool full = writer->out.len >= FRAME_BYTES || state->in_frame == FRAME_RECORDS;
    return full ? close_frame(writer) : AMDVI_TRACE_OK;
}

static enum amdvi_trace_status binary_finish(struct amdvi_trace_writer *writer)
{
    struct binary_writer *state = writer->state;
    uint8_t trailer[TRACE_TRAILER];
    enum amdvi_trace_status status = close_frame(writer);
    trace_put_u64(trailer, state->offset);
    memcpy(trailer + 8, trace_binary_end, sizeof(trace_binary_end));
    if (status == AMDVI_TRACE_OK)
        status = write_block(writer, "INDX", (uint32_t)(state->index.len / TRACE_INDEX_ENTRY), &state->index);
    return status == AMDVI_TRACE_OK ? emit(writer, trailer, sizeof(trailer)) : status;
}

static void binary_close(struct amdvi_trace_writer *writer)
{
    struct binary_writer *state = writer->state;
    if (!state)
        return;
    ZSTD_freeCCtx(state->zstd);
    trace_buffer_free(&state->packed);
    trace_buffer_free(&state->index);
    free(state);
}

static const struct trace_writer_ops binary_ops = {
    .write = binary_write, .finish = binary_finish, .close = binary_close};

enum amdvi_trace_status trace_binary_writer_open(struct amdvi_trace_writer *writer)
{
    struct binary_writer *state = calloc(1, sizeof(*state));
    writer->state = state;
    writer->ops = &binary_ops;
    if (state)
        state->zstd = ZSTD_createCCtx();
    if (!state || !state->zstd)
        return trace_writer_fail(writer, AMDVI_TRACE_ERR_MEMORY, "out of memory");
    ZSTD_CCtx_setParameter(state->zstd, ZSTD_c_checksumFlag, 1);
    return AMDVI_TRACE_OK;
}
