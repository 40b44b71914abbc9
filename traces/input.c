// SPDX-License-Identifier: Apache-2.0
/* Bytes from a file, memory or a callback; zstd is recognised by its magic and taken off on the way. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define RAW_CHUNK ((size_t)64 << 10)

struct trace_input {
    FILE *file;
    bool close_file;
    const uint8_t *memory;
    struct trace_buffer kept; /* what a pipe gave, until it is known whether it must be read twice */
    bool keeping;
    size_t memory_len, memory_pos;
    amdvi_trace_read_fn read;
    void *context;
    uint8_t *raw; /* what was read and not yet used */
    size_t raw_pos, raw_end;
    bool raw_over;
    bool seekable;
    uint64_t size; /* of the file, where it is known */
    ZSTD_DStream *zstd;
    bool frame_open;
};

static void remember(struct trace_input *input, const uint8_t *bytes, size_t len)
{
    if (input->keeping)
        trace_buffer_put(&input->kept, bytes, len);
}

static enum trace_input_result raw_fill(struct trace_input *input)
{
    input->raw_pos = input->raw_end = 0;
    if (input->raw_over)
        return TRACE_INPUT_OK;
    if (input->file) {
        input->raw_end = fread(input->raw, 1, RAW_CHUNK, input->file);
        if (!input->raw_end && ferror(input->file))
            return TRACE_INPUT_IO;
    } else if (input->memory) {
        size_t left = input->memory_len - input->memory_pos;
        input->raw_end = left < RAW_CHUNK ? left : RAW_CHUNK;
        if (input->raw_end)
            memcpy(input->raw, input->memory + input->memory_pos, input->raw_end);
        input->memory_pos += input->raw_end;
    } else {
        long got = input->read(input->context, input->raw, RAW_CHUNK);
        if (got < 0 || (size_t)got > RAW_CHUNK)
            return TRACE_INPUT_IO;
        input->raw_end = (size_t)got;
    }
    input->raw_over = !input->raw_end;
    remember(input, input->raw, input->raw_end);
    return TRACE_INPUT_OK;
}

static enum trace_input_result use_source(struct trace_input *input, const struct trace_input_config *config)
{
    static const uint8_t nothing[1];
    if (config->read) {
        input->read = config->read;
        input->context = config->context;
        input->keeping = true;
        return TRACE_INPUT_OK;
    }
    if (!config->path) {
        input->memory = config->len ? config->bytes : nothing;
        input->memory_len = config->len;
        input->seekable = true;
        return TRACE_INPUT_OK;
    }
    input->close_file = strcmp(config->path, "-") != 0;
    input->file = input->close_file ? fopen(config->path, "rb") : stdin;
    if (!input->file)
        return TRACE_INPUT_IO;
    long end = fseek(input->file, 0, SEEK_END) ? -1 : ftell(input->file);
    input->seekable = end >= 0 && !fseek(input->file, 0, SEEK_SET);
    input->size = input->seekable ? (uint64_t)end : 0;
    input->keeping = !input->seekable;
    clearerr(input->file);
    return TRACE_INPUT_OK;
}

/* A callback may give a few bytes at a time; the magic needs four. */
static enum trace_input_result first_bytes(struct trace_input *input)
{
    enum trace_input_result result = raw_fill(input);
    while (result == TRACE_INPUT_OK && input->read && input->raw_end < 4 && !input->raw_over) {
        long got = input->read(input->context, input->raw + input->raw_end, RAW_CHUNK - input->raw_end);
        if (got < 0 || (size_t)got > RAW_CHUNK - input->raw_end)
            return TRACE_INPUT_IO;
        remember(input, input->raw + input->raw_end, (size_t)got);
        input->raw_end += (size_t)got;
        if (!got)
            break; /* asked again later: an end stays an end */
    }
    return result;
}

static enum trace_input_result start(struct trace_input *input)
{
    static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    enum trace_input_result result = first_bytes(input);
    if (result != TRACE_INPUT_OK || input->raw_end < 4 || memcmp(input->raw, zstd_magic, 4) != 0)
        return result;
    input->zstd = ZSTD_createDStream();
    return input->zstd ? TRACE_INPUT_OK : TRACE_INPUT_MEMORY;
}

enum trace_input_result trace_input_open(const struct trace_input_config *config, struct trace_input **result)
{
    struct trace_input *input = calloc(1, sizeof(*input));
    *result = NULL;
    if (!input)
        return TRACE_INPUT_MEMORY;
    input->raw = malloc(RAW_CHUNK);
    enum trace_input_result status = input->raw ? use_source(input, config) : TRACE_INPUT_MEMORY;
    if (status == TRACE_INPUT_OK)
        status = start(input);
    if (status != TRACE_INPUT_OK) {
        int saved = errno; /* the caller says why a file could not be opened */
        trace_input_close(input);
        errno = saved;
        return status;
    }
    *result = input;
    return TRACE_INPUT_OK;
}

void trace_input_close(struct trace_input *input)
{
    if (!input)
        return;
    if (input->file && input->close_file)
        fclose(input->file);
    ZSTD_freeDStream(input->zstd);
    trace_buffer_free(&input->kept);
    free(input->raw);
    free(input);
}

bool trace_input_compressed(const struct trace_input *input)
{
    return input->zstd;
}

bool trace_input_progress(const struct trace_input *input, uint64_t *done, uint64_t *size)
{
    long at = input->file && input->seekable ? ftell(input->file) : -1;

    if (!input->memory && at < 0)
        return false;
    *done = input->memory ? input->memory_pos : (uint64_t)at;
    *size = input->memory ? input->memory_len : input->size;
    return true;
}

static enum trace_input_result read_plain(struct trace_input *input, void *buffer, size_t size, size_t *got)
{
    if (input->raw_pos == input->raw_end) {
        enum trace_input_result result = raw_fill(input);
        if (result != TRACE_INPUT_OK)
            return result;
    }
    size_t left = input->raw_end - input->raw_pos;
    *got = left < size ? left : size;
    memcpy(buffer, input->raw + input->raw_pos, *got);
    input->raw_pos += *got;
    return TRACE_INPUT_OK;
}

static enum trace_input_result read_zstd(struct trace_input *input, void *buffer, size_t size, size_t *got)
{
    ZSTD_outBuffer out = {buffer, size, 0};
    while (!out.pos) {
        if (input->raw_pos == input->raw_end) {
            enum trace_input_result result = raw_fill(input);
            if (result != TRACE_INPUT_OK)
                return result;
        }
        bool over = input->raw_pos == input->raw_end;
        if (over && !input->frame_open)
            return TRACE_INPUT_OK;
        ZSTD_inBuffer in = {input->raw, input->raw_end, input->raw_pos};
        size_t hint = ZSTD_decompressStream(input->zstd, &out, &in);
        input->raw_pos = in.pos;
        if (ZSTD_isError(hint))
            return TRACE_INPUT_CORRUPT;
        input->frame_open = hint != 0;
        if (over && !out.pos)
            return input->frame_open ? TRACE_INPUT_TRUNCATED : TRACE_INPUT_OK;
    }
    *got = out.pos;
    return TRACE_INPUT_OK;
}

enum trace_input_result trace_input_read(struct trace_input *input, void *buffer, size_t size, size_t *got)
{
    *got = 0;
    return input->zstd ? read_zstd(input, buffer, size, got) : read_plain(input, buffer, size, got);
}

void trace_input_forget(struct trace_input *input)
{
    input->keeping = false;
    if (!input->memory)
        trace_buffer_free(&input->kept);
}

/* Takes in the rest of a pipe; the memory grows with the bytes that are really there. */
enum trace_input_result trace_input_keep(struct trace_input *input, uint64_t limit)
{
    enum trace_input_result result = TRACE_INPUT_OK;
    if (input->seekable)
        return TRACE_INPUT_OK;
    while (result == TRACE_INPUT_OK && !input->raw_over && input->kept.len <= limit)
        result = raw_fill(input);
    if (input->kept.len > limit)
        return TRACE_INPUT_TOO_LONG;
    if (input->kept.failed || !input->kept.len)
        return TRACE_INPUT_MEMORY;
    if (input->file && input->close_file)
        fclose(input->file);
    input->file = NULL;
    input->read = NULL;
    input->memory = input->kept.bytes;
    input->memory_len = input->kept.len;
    input->seekable = true;
    input->keeping = false;
    return result;
}

static enum trace_input_result seek_raw(struct trace_input *input, uint64_t offset)
{
    if (!input->seekable)
        return TRACE_INPUT_IO;
    input->raw_pos = input->raw_end = 0;
    input->raw_over = false;
    if (input->memory) {
        input->memory_pos = offset < input->memory_len ? (size_t)offset : input->memory_len;
        return TRACE_INPUT_OK;
    }
    clearerr(input->file);
    return offset > INT64_MAX || fseek(input->file, (long)offset, SEEK_SET) ? TRACE_INPUT_IO : TRACE_INPUT_OK;
}

enum trace_input_result trace_input_rewind(struct trace_input *input)
{
    if (input->zstd)
        ZSTD_DCtx_reset(input->zstd, ZSTD_reset_session_only);
    input->frame_open = false;
    return seek_raw(input, 0);
}

bool trace_input_can_seek(const struct trace_input *input)
{
    return input->seekable && !input->zstd;
}

enum trace_input_result trace_input_size(struct trace_input *input, uint64_t *size)
{
    *size = input->memory_len;
    if (input->memory)
        return TRACE_INPUT_OK;
    if (!input->seekable || fseek(input->file, 0, SEEK_END))
        return TRACE_INPUT_IO;
    long end = ftell(input->file);
    *size = end < 0 ? 0 : (uint64_t)end;
    /* The next read starts wherever the caller seeks to. */
    input->raw_pos = input->raw_end = 0;
    return end < 0 ? TRACE_INPUT_IO : TRACE_INPUT_OK;
}

enum trace_input_result trace_input_seek(struct trace_input *input, uint64_t offset)
{
    return input->zstd ? TRACE_INPUT_IO : seek_raw(input, offset);
}
