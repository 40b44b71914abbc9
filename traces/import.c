// SPDX-License-Identifier: Apache-2.0
/* The queue between the lines of a foreign text and the records they become. */
#include "import.h"

#include <string.h>

struct amdvi_trace_record *import_add(struct import_queue *queue, enum amdvi_trace_kind kind)
{
    size_t at = queue->count < IMPORT_RECORDS ? queue->count++ : IMPORT_RECORDS - 1;
    struct amdvi_trace_record *record = &queue->record[at];
    trace_record_clear(record);
    record->kind = kind;
    record->line = queue->line;
    if (queue->time_pending && kind > AMDVI_TRACE_KIND_BLANK && kind != AMDVI_TRACE_KIND_CONFIG) {
        amdvi_trace_set(record, AMDVI_TRACE_KEY_T, queue->time);
        queue->time_pending = false;
    }
    return record;
}

/* Text that came from outside must stay one line. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if (*text == '\n' || *text == '\r')
            *text = '?';
    }
}

static void write_text(struct import_queue *queue, const char *format, va_list args)
{
    size_t at = queue->count - 1;
    queue->text[at][0] = ' ';
    vsnprintf(queue->text[at] + 1, IMPORT_TEXT - 1, format, args);
    make_printable(queue->text[at]);
    queue->record[at].comment = queue->text[at];
}

void import_comment(struct import_queue *queue, const char *format, ...)
{
    va_list args;
    import_add(queue, AMDVI_TRACE_KIND_COMMENT);
    va_start(args, format);
    write_text(queue, format, args);
    va_end(args);
}

void import_note(struct import_queue *queue, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (queue->count)
        write_text(queue, format, args);
    va_end(args);
}

void import_gaps(struct import_queue *queue, const struct amdvi_trace_info *info)
{
    char text[IMPORT_TEXT];

    trace_gaps_print(info, text, sizeof(text));
    if (text[0])
        import_comment(queue, "%s", text);
}

void import_verbatim(struct import_queue *queue, const char *line, size_t len)
{
    import_comment(queue, "%.*s", len < IMPORT_TEXT ? (int)len : IMPORT_TEXT, line);
}

void import_mmio_write(struct import_queue *queue, uint64_t off, unsigned size, uint64_t value)
{
    struct amdvi_trace_record *record = import_add(queue, AMDVI_TRACE_KIND_MMIO_WRITE);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_OFF, off);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_SIZE, size);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_VALUE, value);
}

void import_pair(struct import_queue *queue, struct amdvi_trace_record *config, const char *key,
                 const char *format, ...)
{
    va_list args;
    size_t at = config->pairs_count;
    if (at == IMPORT_PAIRS)
        return;
    va_start(args, format);
    vsnprintf(queue->pair_text[at], sizeof(queue->pair_text[at]), format, args);
    va_end(args);
    queue->pairs[at] = (struct amdvi_trace_pair){key, queue->pair_text[at]};
    config->pairs = queue->pairs;
    config->pairs_count = at + 1;
}

void import_time(struct import_queue *queue, uint64_t ns)
{
    queue->time_pending |= ns != queue->time;
    queue->time = ns;
}

enum amdvi_trace_status import_next(struct amdvi_trace_reader *reader, struct import_queue *queue,
                                    import_line_fn take, struct amdvi_trace_record *record)
{
    while (queue->next == queue->count) {
        char *line;
        size_t len;
        queue->next = queue->count = 0;
        enum amdvi_trace_status status = trace_stream_line(&reader->stream, &line, &len, &reader->error);
        if (status != AMDVI_TRACE_OK)
            return status;
        queue->line = reader->stream.line;
        reader->counts.lines++;
        if (memchr(line, 0, len))
            return trace_reader_fail(reader, AMDVI_TRACE_ERR_SYNTAX, queue->line, "a zero byte in a text");
        line[len] = 0;
        status = take(reader, line, len);
        if (status != AMDVI_TRACE_OK)
            return status;
    }
    *record = queue->record[queue->next++];
    return AMDVI_TRACE_OK;
}

void import_split(struct import_words *words, char *line, size_t len)
{
    char *pos = line, *end = line + len;
    words->count = 0;
    while (words->count < IMPORT_WORDS) {
        while (pos < end && (*pos == ' ' || *pos == '\t'))
            pos++;
        if (pos == end)
            return;
        char *word = pos;
        bool last = words->count == IMPORT_WORDS - 1;
        while (pos < end && (last || (*pos != ' ' && *pos != '\t')))
            pos++;
        words->word[words->count] = word;
        words->len[words->count++] = (size_t)(pos - word);
    }
}

bool import_hex(const struct import_words *words, size_t at, uint64_t *value)
{
    return at < words->count && trace_parse_hex(words->word[at], words->len[at], value);
}

bool import_is(const struct import_words *words, size_t at, const char *text)
{
    return at < words->count && strlen(text) == words->len[at] &&
           !memcmp(words->word[at], text, words->len[at]);
}

bool import_after(const struct import_words *words, const char *name, uint64_t *value)
{
    for (size_t i = 0; i + 1 < words->count; i++) {
        size_t len = words->len[i + 1];
        if (!import_is(words, i, name))
            continue;
        if (len && strchr(",)", words->word[i + 1][len - 1]))
            len--;
        return trace_parse_number(words->word[i + 1], len, value);
    }
    return false;
}
