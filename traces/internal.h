// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of this folder only. */
#ifndef AMDVI_TRACES_INTERNAL_H
#define AMDVI_TRACES_INTERNAL_H

#include "amdvi/trace.h"

#include <stdarg.h>
#include <string.h>

#define TRACE_DEFAULT_MAX_LINE ((size_t)256 << 20)
#define TRACE_DEFAULT_MAX_PIPE (UINT64_C(1) << 30)
#define TRACE_LABELS                                                                                         \
    (AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_T) | AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_VM) |                              \
     AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_CPU))

#if defined(__GNUC__)
#define TRACE_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define TRACE_PRINTF(fmt, first)
#endif

/* -- errors (status.c) */
enum amdvi_trace_status trace_fail(struct amdvi_trace_error *error, enum amdvi_trace_status status,
                                   const char *name, uint64_t line, const char *format, ...)
    TRACE_PRINTF(5, 6);

/* -- a growing byte buffer (buffer.c). failed is sticky, so that a long print is checked once at its end. */
struct trace_buffer {
    uint8_t *bytes;
    size_t len;
    size_t cap;
    bool failed;
};
bool trace_buffer_reserve(struct trace_buffer *buffer, size_t more);
void trace_buffer_put(struct trace_buffer *buffer, const void *bytes, size_t len);
void trace_buffer_byte(struct trace_buffer *buffer, uint8_t byte);
void trace_buffer_text(struct trace_buffer *buffer, const char *text);
void trace_buffer_free(struct trace_buffer *buffer);

/* -- bytes from somewhere, decompressed on the way (input.c) */
struct trace_input;
struct trace_input_config {
    const char *path; /* one of path, bytes, read */
    const void *bytes;
    size_t len;
    amdvi_trace_read_fn read;
    void *context;
};
enum trace_input_result {
    TRACE_INPUT_OK,
    TRACE_INPUT_TRUNCATED, /* compressed data end inside a frame */
    TRACE_INPUT_CORRUPT,
    TRACE_INPUT_IO,
    TRACE_INPUT_MEMORY,
    TRACE_INPUT_TOO_LONG, /* to be kept */
};
enum trace_input_result trace_input_open(const struct trace_input_config *config, struct trace_input **input);
void trace_input_close(struct trace_input *input);
/* *got is 0 only at the end or with a result that is not OK. */
enum trace_input_result trace_input_read(struct trace_input *input, void *buffer, size_t size, size_t *got);
bool trace_input_compressed(const struct trace_input *input);
/* Bytes read of all there are, as they are stored; false for pipes and callbacks. */
bool trace_input_progress(const struct trace_input *input, uint64_t *done, uint64_t *size);
/*
 * A pipe is remembered from its start until one of these is called: forget when it is read once only; after
 * keep, which must be followed by a rewind, it can be read again.
 */
void trace_input_forget(struct trace_input *input);
enum trace_input_result trace_input_keep(struct trace_input *input, uint64_t limit);
enum trace_input_result trace_input_rewind(struct trace_input *input);
bool trace_input_can_seek(const struct trace_input *input); /* plain and random access */
enum trace_input_result trace_input_size(struct trace_input *input, uint64_t *size);
enum trace_input_result trace_input_seek(struct trace_input *input, uint64_t offset);

/* -- a window on the input: lines and blocks (stream.c) */
struct trace_stream {
    struct trace_input *input;
    const char *name;
    uint8_t *buffer; /* always one byte more than cap, so that a text can be ended in place */
    size_t pos, end, cap;
    size_t limit;    /* longest line or block */
    uint64_t offset; /* in the (decompressed) input, of buffer[pos] */
    uint64_t line;
    bool at_end;
    enum trace_input_result result; /* why it ended */
};
enum amdvi_trace_status trace_stream_init(struct trace_stream *stream, struct trace_input *input,
                                          const char *name, const struct amdvi_trace_options *options);
void trace_stream_free(struct trace_stream *stream);
/* OK and a line without its end (LF or CRLF; line[len] may be overwritten), END, TRUNCATED or an error. */
enum amdvi_trace_status trace_stream_line(struct trace_stream *stream, char **line, size_t *len,
                                          struct amdvi_trace_error *error);
/* Makes at least want bytes visible at buffer[pos]; *got may be less only at the end. */
enum amdvi_trace_status trace_stream_need(struct trace_stream *stream, size_t want, size_t *got,
                                          struct amdvi_trace_error *error);
void trace_stream_skip(struct trace_stream *stream, size_t len);
enum amdvi_trace_status trace_stream_rewind(struct trace_stream *stream, struct amdvi_trace_error *error);
enum amdvi_trace_status trace_stream_seek(struct trace_stream *stream, uint64_t offset,
                                          struct amdvi_trace_error *error);

/* -- words and values (value.c) */
bool trace_parse_number(const char *text, size_t len, uint64_t *value);
bool trace_parse_hex(const char *text, size_t len, uint64_t *value); /* without 0x */
/* to may be the text itself */
bool trace_parse_bytes(const char *text, size_t len, uint8_t *to);
/* Everything that ends up in num[]. NULL when good, otherwise what was expected. */
const char *trace_parse_value(const struct amdvi_trace_rule *rule, const char *text, size_t len,
                              uint64_t *value);
/* NULL when the value fits its rule. */
const char *trace_check_value(const struct amdvi_trace_rule *rule, uint64_t value);
void trace_print_value(struct trace_buffer *out, const struct amdvi_trace_rule *rule, uint64_t value);
void trace_print_hex(struct trace_buffer *out, uint64_t value);
void trace_print_bytes(struct trace_buffer *out, const uint8_t *bytes, size_t len);
extern const struct amdvi_trace_rule trace_label_t; /* the rule of t= */

/* -- what a source cannot tell (gaps.c): the text of a comment, and back. */
void trace_gaps_print(const struct amdvi_trace_info *info, char *text, size_t size);
void trace_gaps_take(const char *comment, struct amdvi_trace_info *info);

/* -- names (grammar.c) */
bool trace_kind_by_name(const char *name, size_t len, enum amdvi_trace_kind *kind);
struct trace_key_name {
    const char *text;
    size_t len;
};
extern const struct trace_key_name trace_key_names[AMDVI_TRACE_KEYS];
static inline bool trace_key_is(unsigned key, const char *name, size_t len)
{
    return trace_key_names[key].len == len && !memcmp(trace_key_names[key].text, name, len);
}
static inline bool trace_type_is_number(unsigned type)
{
    return type != AMDVI_TRACE_TYPE_BYTES && type != AMDVI_TRACE_TYPE_OK_DATA &&
           type != AMDVI_TRACE_TYPE_TEXT;
}

/* -- printing (print.c) */
void trace_print_record(struct trace_buffer *out, const struct amdvi_trace_record *record);

/* -- parsing of one record line (parse.c) */
struct trace_parser {
    struct amdvi_trace_pair *pairs;
    size_t pairs_cap;
    struct trace_buffer ok_bytes;
};
/* NULL when good, otherwise the message (which may lie in text). line[len] must be writable. */
const char *trace_parse_record(struct trace_parser *parser, char *line, size_t len,
                               struct amdvi_trace_record *record, char *text, size_t text_size);
/* The data= of an ok: bytes after a dma, a number after an int; only who sees the request knows. The text
 * stays. */
const char *trace_take_ok_data(struct trace_parser *parser, struct amdvi_trace_record *record,
                               const char *value, size_t len);
const char *trace_take_pair(struct trace_parser *parser, struct amdvi_trace_record *record, const char *key,
                            const char *value);
/* As after init, but without the cost of clearing num[]. */
void trace_record_clear(struct amdvi_trace_record *record);
void trace_parser_free(struct trace_parser *parser);

/* -- binary coding of one record (record_coding.c) */
struct trace_deltas {
    uint64_t last[AMDVI_TRACE_KINDS][AMDVI_TRACE_KEYS];
};
void trace_encode_record(struct trace_buffer *out, struct trace_deltas *deltas,
                         const struct amdvi_trace_record *record);
struct trace_decoder {
    const uint8_t *pos, *end; /* strings and bytes of a record point in here */
    struct trace_deltas deltas;
    struct trace_parser parser; /* room for pairs and ok bytes */
};
/* NULL when good. */
const char *trace_decode_record(struct trace_decoder *decoder, struct amdvi_trace_record *record);

/* -- layout of a binary trace: what writer and reader share (see docs/trace-binary.md) */
#define TRACE_BINARY_VERSION 1u
#define TRACE_FILE_HEADER    16u
#define TRACE_BLOCK_HEADER   40u
#define TRACE_TRAILER        16u
#define TRACE_INDEX_ENTRY    24u
struct trace_block {
    char tag[4]; /* "FRAM" or "INDX" */
    uint32_t packed;
    uint32_t raw;
    uint32_t count; /* records, or entries of the index */
    uint64_t first_record;
    uint64_t first_line;
};
void trace_put_u32(uint8_t *to, uint32_t value);
void trace_put_u64(uint8_t *to, uint64_t value);
uint32_t trace_get_u32(const uint8_t *from);
uint64_t trace_get_u64(const uint8_t *from);
/* The last field of a packed header is a checksum over the fields before it and the compressed bytes behind
 * it. */
void trace_block_pack(const struct trace_block *block, const uint8_t *packed, uint8_t to[TRACE_BLOCK_HEADER]);
void trace_block_unpack(struct trace_block *block, const uint8_t from[TRACE_BLOCK_HEADER]);
/* header: TRACE_BLOCK_HEADER bytes as read */
bool trace_block_intact(const uint8_t *header, const uint8_t *packed, size_t len);
extern const uint8_t trace_binary_end[8];

/* -- a reader is a source behind one face (reader.c) */
struct trace_reader_ops {
    const char *name;
    enum amdvi_trace_status (*open)(struct amdvi_trace_reader *reader); /* sets info and state */
    enum amdvi_trace_status (*next)(struct amdvi_trace_reader *reader, struct amdvi_trace_record *record);
    enum amdvi_trace_status (*seek)(struct amdvi_trace_reader *reader, uint64_t number); /* may be NULL */
    void (*close)(struct amdvi_trace_reader *reader);
};
struct amdvi_trace_reader {
    const struct trace_reader_ops *ops;
    struct trace_stream stream;
    struct amdvi_trace_options options;
    struct amdvi_trace_info info;
    struct amdvi_trace_import_counts counts;
    struct amdvi_trace_error error;
    enum amdvi_trace_status ended; /* OK while records come */
    char *name;
    void *state;
};
extern const struct trace_reader_ops trace_text_reader;
extern const struct trace_reader_ops trace_binary_reader;
extern const struct trace_reader_ops trace_capture_reader;
extern const struct trace_reader_ops trace_qemu_reader;
extern const struct trace_reader_ops trace_ftrace_reader;
enum amdvi_trace_status trace_reader_fail(struct amdvi_trace_reader *reader, enum amdvi_trace_status status,
                                          uint64_t line, const char *format, ...) TRACE_PRINTF(4, 5);

/* NULL when a record may stand here: the first record is the header, and only the first. */
const char *trace_check_place(bool *header_seen, const struct amdvi_trace_record *record);

/* -- which reader is for these first bytes (recognise.c) */
const struct trace_reader_ops *trace_recognise(const uint8_t *head, size_t len);
extern const uint8_t trace_binary_magic[8];

/* -- writers behind one face (writer.c) */
struct trace_writer_ops {
    enum amdvi_trace_status (*write)(struct amdvi_trace_writer *writer,
                                     const struct amdvi_trace_record *record);
    enum amdvi_trace_status (*finish)(struct amdvi_trace_writer *writer);
    void (*close)(struct amdvi_trace_writer *writer);
};
struct amdvi_trace_writer {
    const struct trace_writer_ops *ops;
    amdvi_trace_write_fn write;
    void *context;
    struct trace_buffer out; /* pending text, or the raw bytes of the open frame */
    struct amdvi_trace_error error;
    enum amdvi_trace_status failed; /* sticky: output could not be written */
    bool header_done;
    bool finished;
    void *state;
};
enum amdvi_trace_status trace_writer_emit(struct amdvi_trace_writer *writer, const void *bytes, size_t len);
enum amdvi_trace_status trace_writer_fail(struct amdvi_trace_writer *writer, enum amdvi_trace_status status,
                                          const char *message);
enum amdvi_trace_status trace_binary_writer_open(struct amdvi_trace_writer *writer);

#endif
