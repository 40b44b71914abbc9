// SPDX-License-Identifier: Apache-2.0
/* The reader of the binary form. Frame by frame; the index at the end is needed only to seek. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct binary_state {
    ZSTD_DStream *zstd;
    struct trace_buffer raw; /* the open frame */
    struct trace_decoder decoder;
    struct trace_buffer index;
    uint64_t total_records; /* known with the index */
    uint64_t number;        /* of the next record */
    uint32_t left;          /* records of the open frame */
    bool header_seen;
    bool jumped; /* after a seek the place of the header was not seen */
    bool have_index;
};

static enum amdvi_trace_status corrupt(struct amdvi_trace_reader *reader, const char *what)
{
    struct binary_state *state = reader->state;
    return trace_reader_fail(reader, AMDVI_TRACE_ERR_CORRUPT, state->number + 1, "%s (at byte %llu)", what,
                             (unsigned long long)reader->stream.offset);
}

static enum amdvi_trace_status truncated(struct amdvi_trace_reader *reader)
{
    struct binary_state *state = reader->state;
    return trace_reader_fail(reader, AMDVI_TRACE_TRUNCATED, state->number + 1,
                             "the trace is cut off here, after %llu whole records",
                             (unsigned long long)state->number);
}

/* Exactly len bytes at the window's start, or TRUNCATED. */
static enum amdvi_trace_status need(struct amdvi_trace_reader *reader, size_t len)
{
    size_t got;
    enum amdvi_trace_status status = trace_stream_need(&reader->stream, len, &got, &reader->error);
    if (status < 0)
        return status;
    return got == len ? AMDVI_TRACE_OK : truncated(reader);
}

static const uint8_t *window(struct amdvi_trace_reader *reader)
{
    return reader->stream.buffer + reader->stream.pos;
}

/* The header and the compressed bytes it announces, whole and unharmed; the header is taken off. */
static enum amdvi_trace_status take_block(struct amdvi_trace_reader *reader, struct trace_block *block)
{
    enum amdvi_trace_status status = need(reader, TRACE_BLOCK_HEADER);
    if (status != AMDVI_TRACE_OK)
        return status;
    trace_block_unpack(block, window(reader));
    if (memcmp(block->tag, "FRAM", 4) && memcmp(block->tag, "INDX", 4))
        return corrupt(reader, "neither a frame nor the index");
    status = need(reader, (size_t)TRACE_BLOCK_HEADER + block->packed);
    if (status != AMDVI_TRACE_OK)
        return status;
    if (!trace_block_intact(window(reader), window(reader) + TRACE_BLOCK_HEADER, block->packed))
        return corrupt(reader, "the checksum of a frame is wrong");
    if (block->raw > TRACE_DEFAULT_MAX_LINE + (64u << 20))
        return corrupt(reader, "a frame is longer than the format allows");
    trace_stream_skip(&reader->stream, TRACE_BLOCK_HEADER);
    return AMDVI_TRACE_OK;
}

/* The output grows with what really comes out; the sizes in the file only have to agree in the end. */
static enum amdvi_trace_status unpack(struct amdvi_trace_reader *reader, const struct trace_block *block,
                                      struct trace_buffer *raw)
{
    struct binary_state *state = reader->state;
    ZSTD_inBuffer in = {window(reader), block->packed, 0};
    size_t hint = 1;
    raw->len = 0;
    ZSTD_DCtx_reset(state->zstd, ZSTD_reset_session_only);
    while (hint) {
        if (raw->len > block->raw || !trace_buffer_reserve(raw, 64 << 10))
            return raw->failed
                       ? trace_reader_fail(reader, AMDVI_TRACE_ERR_MEMORY, 0, "out of memory for a frame")
                       : corrupt(reader, "a frame is longer than it says");
        ZSTD_outBuffer out = {raw->bytes, raw->cap, raw->len};
        size_t before = in.pos;
        hint = ZSTD_decompressStream(state->zstd, &out, &in);
        bool stuck = in.pos == before && out.pos == raw->len;
        raw->len = out.pos;
        if (ZSTD_isError(hint) || (hint && stuck))
            return corrupt(reader, "the compressed data of a frame are damaged");
    }
    if (raw->len != block->raw || in.pos != block->packed)
        return corrupt(reader, "a frame does not have the length it says");
    trace_stream_skip(&reader->stream, block->packed);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status check_block(struct amdvi_trace_reader *reader, const struct trace_block *block)
{
    struct binary_state *state = reader->state;
    if (block->first_record != state->number || block->first_line != state->number + 1)
        return corrupt(reader, "a frame does not follow the one before it");
    return AMDVI_TRACE_OK;
}

/* Offsets and record numbers rise, starting behind the file header. */
static bool index_is_sound(const struct trace_buffer *index, uint32_t count, uint64_t records, uint64_t end)
{
    uint64_t offset = 0, number = 0;
    if (index->len != (size_t)count * TRACE_INDEX_ENTRY || !count != !records)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = index->bytes + (size_t)i * TRACE_INDEX_ENTRY;
        uint64_t at = trace_get_u64(entry), first = trace_get_u64(entry + 8);
        bool rises = i ? at > offset && first > number : at == TRACE_FILE_HEADER && !first;
        if (!rises || at >= end || first >= records || trace_get_u64(entry + 16) != first + 1)
            return false;
        offset = at;
        number = first;
    }
    return true;
}

/* The block header was taken; the index and what follows it must make sense to the last byte. */
static enum amdvi_trace_status take_index(struct amdvi_trace_reader *reader, const struct trace_block *block,
                                          uint64_t block_offset)
{
    struct binary_state *state = reader->state;
    enum amdvi_trace_status status = unpack(reader, block, &state->index);
    if (status == AMDVI_TRACE_OK)
        status = need(reader, TRACE_TRAILER);
    if (status != AMDVI_TRACE_OK)
        return status;
    if (!index_is_sound(&state->index, block->count, block->first_record, block_offset))
        return corrupt(reader, "the index does not fit the file");
    if (trace_get_u64(window(reader)) != block_offset || memcmp(window(reader) + 8, trace_binary_end, 8))
        return corrupt(reader, "the end mark is damaged");
    trace_stream_skip(&reader->stream, TRACE_TRAILER);
    state->total_records = block->first_record;
    state->have_index = true;
    size_t more;
    status = trace_stream_need(&reader->stream, 1, &more, &reader->error);
    if (status < 0)
        return status;
    return more ? corrupt(reader, "bytes follow the end mark") : AMDVI_TRACE_OK;
}

/* OK with a frame to decode, END after a sound index. */
static enum amdvi_trace_status next_frame(struct amdvi_trace_reader *reader)
{
    struct binary_state *state = reader->state;
    struct trace_block block;
    uint64_t offset = reader->stream.offset;
    enum amdvi_trace_status status = take_block(reader, &block);
    if (status == AMDVI_TRACE_OK)
        status = check_block(reader, &block);
    if (status != AMDVI_TRACE_OK)
        return status;
    if (!memcmp(block.tag, "INDX", 4)) {
        status = take_index(reader, &block, offset);
        return status == AMDVI_TRACE_OK ? AMDVI_TRACE_END : status;
    }
    if (!block.count)
        return corrupt(reader, "a frame without records");
    status = unpack(reader, &block, &state->raw);
    state->left = block.count;
    state->decoder.pos = state->raw.bytes;
    state->decoder.end = state->raw.bytes + state->raw.len;
    memset(&state->decoder.deltas, 0, sizeof(state->decoder.deltas));
    return status;
}

static enum amdvi_trace_status decode(struct amdvi_trace_reader *reader, struct amdvi_trace_record *record)
{
    struct binary_state *state = reader->state;
    const char *bad = trace_decode_record(&state->decoder, record);
    if (!bad && !state->jumped)
        bad = trace_check_place(&state->header_seen, record);
    if (!bad && !--state->left && state->decoder.pos != state->decoder.end)
        bad = "a frame holds more than its records";
    if (bad)
        return corrupt(reader, bad);
    record->line = ++state->number;
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status binary_next(struct amdvi_trace_reader *reader,
                                           struct amdvi_trace_record *record)
{
    struct binary_state *state = reader->state;
    enum amdvi_trace_status status = AMDVI_TRACE_OK;
    /* Only a file that is shorter than its header is still at its start. */
    if (!reader->stream.offset)
        return truncated(reader);
    if (!state->left)
        status = next_frame(reader);
    if (status == AMDVI_TRACE_END && !state->header_seen && !state->jumped)
        return corrupt(reader, "there is no header record");
    return status == AMDVI_TRACE_OK ? decode(reader, record) : status;
}

static enum amdvi_trace_status check_header(struct amdvi_trace_reader *reader)
{
    size_t got;
    enum amdvi_trace_status status =
        trace_stream_need(&reader->stream, TRACE_FILE_HEADER, &got, &reader->error);
    if (status < 0 || got < TRACE_FILE_HEADER)
        return status < 0 ? status : AMDVI_TRACE_OK;
    uint32_t version = trace_get_u32(window(reader) + 8);
    if (memcmp(window(reader), trace_binary_magic, 8) || !version)
        return corrupt(reader, "the file header is damaged");
    if (version > TRACE_BINARY_VERSION)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_VERSION, 0,
                                 "binary trace of version %u; this program reads up to version %u", version,
                                 TRACE_BINARY_VERSION);
    if (trace_get_u32(window(reader) + 12))
        return corrupt(reader, "the file header has a non-zero reserved field");
    trace_stream_skip(&reader->stream, TRACE_FILE_HEADER);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status binary_open(struct amdvi_trace_reader *reader)
{
    struct binary_state *state = calloc(1, sizeof(*state));
    reader->state = state;
    reader->info.source = AMDVI_TRACE_SOURCE_BINARY;
    reader->info.can_check_translations = true;
    reader->info.can_check_interrupts = true;
    reader->info.can_check_stores = true;
    reader->info.has_memory = true;
    reader->info.can_seek = trace_input_can_seek(reader->stream.input);
    if (state)
        state->zstd = ZSTD_createDStream();
    if (!state || !state->zstd)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_MEMORY, 0, "out of memory");
    return check_header(reader);
}

static void binary_close(struct amdvi_trace_reader *reader)
{
    struct binary_state *state = reader->state;
    if (!state)
        return;
    ZSTD_freeDStream(state->zstd);
    trace_buffer_free(&state->raw);
    trace_buffer_free(&state->index);
    trace_parser_free(&state->decoder.parser);
    free(state);
}

/* Reads the index by way of the trailer; afterwards the position is at the end of the file. */
static enum amdvi_trace_status load_index(struct amdvi_trace_reader *reader)
{
    uint64_t size;
    struct trace_block block;
    if (trace_input_size(reader->stream.input, &size) != TRACE_INPUT_OK ||
        size < TRACE_FILE_HEADER + TRACE_BLOCK_HEADER + TRACE_TRAILER)
        return truncated(reader);
    enum amdvi_trace_status status = trace_stream_seek(&reader->stream, size - TRACE_TRAILER, &reader->error);
    if (status == AMDVI_TRACE_OK)
        status = need(reader, TRACE_TRAILER);
    if (status != AMDVI_TRACE_OK)
        return status;
    uint64_t offset = trace_get_u64(window(reader));
    if (memcmp(window(reader) + 8, trace_binary_end, 8) || offset < TRACE_FILE_HEADER || offset >= size)
        return trace_reader_fail(reader, AMDVI_TRACE_TRUNCATED, 0, "there is no index at the end");
    status = trace_stream_seek(&reader->stream, offset, &reader->error);
    if (status == AMDVI_TRACE_OK)
        status = take_block(reader, &block);
    if (status != AMDVI_TRACE_OK)
        return status;
    if (memcmp(block.tag, "INDX", 4))
        return corrupt(reader, "the end mark does not point to the index");
    return take_index(reader, &block, offset);
}

/* The last frame that starts at or before the record. */
static const uint8_t *find_frame(const struct trace_buffer *index, uint64_t number)
{
    size_t low = 0, high = index->len / TRACE_INDEX_ENTRY;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (trace_get_u64(index->bytes + middle * TRACE_INDEX_ENTRY + 8) <= number)
            low = middle;
        else
            high = middle;
    }
    return index->bytes + low * TRACE_INDEX_ENTRY;
}

static enum amdvi_trace_status go_to(struct amdvi_trace_reader *reader, uint64_t number)
{
    struct binary_state *state = reader->state;
    struct amdvi_trace_record skipped;
    const uint8_t *entry = find_frame(&state->index, number);
    state->number = trace_get_u64(entry + 8);
    state->left = 0;
    state->jumped = true;
    enum amdvi_trace_status status = trace_stream_seek(&reader->stream, trace_get_u64(entry), &reader->error);
    while (status == AMDVI_TRACE_OK && state->number < number)
        status = binary_next(reader, &skipped);
    return status;
}

static enum amdvi_trace_status binary_seek(struct amdvi_trace_reader *reader, uint64_t number)
{
    struct binary_state *state = reader->state;
    uint64_t was = reader->stream.offset;
    enum amdvi_trace_status status = state->have_index ? AMDVI_TRACE_OK : load_index(reader);
    if (status != AMDVI_TRACE_OK)
        return status;
    if (number < state->total_records)
        return go_to(reader, number);
    status = trace_stream_seek(&reader->stream, was, &reader->error);
    if (status != AMDVI_TRACE_OK)
        return status;
    return trace_reader_fail(reader, AMDVI_TRACE_ERR_RANGE, 0, "there is no record %llu, only %llu records",
                             (unsigned long long)number, (unsigned long long)state->total_records);
}

const struct trace_reader_ops trace_binary_reader = {.name = "binary trace",
                                                     .open = binary_open,
                                                     .next = binary_next,
                                                     .seek = binary_seek,
                                                     .close = binary_close};
