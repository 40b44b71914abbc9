// SPDX-License-Identifier: Apache-2.0
/* One line of text to one record. Works inside the line: hex strings are decoded and texts are ended in
 * place. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct line_parser {
    struct trace_parser *keep;
    struct amdvi_trace_record *record;
    const struct amdvi_trace_kind_info *info;
    size_t next_rule; /* keys mostly come in the order of the grammar: try that one first */
    char *pos, *end;
    bool forbidden; /* a zero byte or a carriage return was met */
    char *text;
    size_t text_size;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Quotes a part of the input in a message; strange bytes are not let through to a terminal. */
static const char *say(struct line_parser *p, const char *format, const char *word, size_t len,
                       const char *more)
{
    char quoted[48];
    size_t shown = len < sizeof(quoted) - 4 ? len : sizeof(quoted) - 4;
    for (size_t i = 0; i < shown; i++)
        quoted[i] = word[i] >= ' ' && word[i] < 0x7f ? word[i] : '?';
    strcpy(quoted + shown, shown < len ? "..." : "");
    snprintf(p->text, p->text_size, format, quoted, more);
    return p->text;
}

/* The next word, or NULL at the end of the record; a comment ends it. */
static char *next_word(struct line_parser *p, size_t *len)
{
    while (p->pos < p->end && is_space(*p->pos))
        p->pos++;
    if (p->pos == p->end)
        return NULL;
    if (*p->pos == '#') {
        p->record->comment = p->pos + 1;
        p->forbidden |=
            memchr(p->pos, 0, (size_t)(p->end - p->pos)) || memchr(p->pos, '\r', (size_t)(p->end - p->pos));
        *p->end = 0;
        p->pos = p->end;
        return NULL;
    }
    char *word = p->pos;
    for (; p->pos < p->end; p->pos++) {
        if ((unsigned char)*p->pos > ' ')
            continue;
        if (is_space(*p->pos))
            break;
        p->forbidden |= !*p->pos || *p->pos == '\r';
    }
    *len = (size_t)(p->pos - word);
    /* A text value is ended in place where the white space stood. */
    *p->pos = 0;
    if (p->pos < p->end)
        p->pos++;
    return word;
}

static const char *parse_label(struct line_parser *p, enum amdvi_trace_key key, char *value, size_t len)
{
    if (amdvi_trace_has(p->record, key))
        return say(p, "%s= is given twice", amdvi_trace_key_name(key), strlen(amdvi_trace_key_name(key)), "");
    p->record->have |= AMDVI_TRACE_BIT(key);
    if (key == AMDVI_TRACE_KEY_VM)
        p->record->vm = value;
    else if (key == AMDVI_TRACE_KEY_CPU)
        p->record->cpu = value;
    else if (!trace_parse_number(value, len, &p->record->num[key]))
        return say(p, "t=%s is not %s", value, len, "a decimal or 0x number of 64 bits");
    return NULL;
}

static bool label_key(const char *name, size_t len, enum amdvi_trace_key *key)
{
    for (unsigned k = AMDVI_TRACE_KEY_T; k <= AMDVI_TRACE_KEY_CPU; k++) {
        if (trace_key_is((enum amdvi_trace_key)k, name, len)) {
            *key = (enum amdvi_trace_key)k;
            return true;
        }
    }
    return false;
}

static const struct amdvi_trace_rule *find_rule(struct line_parser *p, const char *name, size_t len)
{
    for (size_t tried = 0; tried < p->info->rules_count; tried++) {
        size_t at = p->next_rule + tried;
        if (at >= p->info->rules_count)
            at -= p->info->rules_count;
        const struct amdvi_trace_rule *rule = &p->info->rules[at];
        if (trace_key_is((enum amdvi_trace_key)rule->key, name, len)) {
            p->next_rule = at + 1 == p->info->rules_count ? 0 : at + 1;
            return rule;
        }
    }
    return NULL;
}

static const char *parse_bytes(struct line_parser *p, char *value, size_t len)
{
    if (!trace_parse_bytes(value, len, (uint8_t *)value))
        return "a byte string must be hex digits, two for each byte";
    p->record->bytes = (const uint8_t *)value;
    p->record->bytes_len = len / 2;
    return NULL;
}

const char *trace_take_ok_data(struct trace_parser *keep, struct amdvi_trace_record *record,
                               const char *value, size_t len)
{
    uint64_t number;
    struct trace_buffer *room = &keep->ok_bytes;
    room->len = 0;
    record->data_text = value;
    if (len % 2 == 0) {
        if (!trace_buffer_reserve(room, len / 2))
            return "out of memory";
        if (trace_parse_bytes(value, len, room->bytes)) {
            record->bytes = room->bytes;
            record->bytes_len = len / 2;
            return NULL;
        }
    }
    return trace_parse_number(value, len, &number) ? NULL : "data= is neither a byte string nor a number";
}

static const char *parse_typed(struct line_parser *p, const struct amdvi_trace_rule *rule, char *value,
                               size_t len)
{
    if (rule->type == AMDVI_TRACE_TYPE_BYTES)
        return parse_bytes(p, value, len);
    if (rule->type == AMDVI_TRACE_TYPE_OK_DATA)
        return trace_take_ok_data(p->keep, p->record, value, len);
    if (rule->type == AMDVI_TRACE_TYPE_TEXT) {
        p->record->file = value;
        return NULL;
    }
    const char *wanted = trace_parse_value(rule, value, len, &p->record->num[rule->key]);
    if (!wanted)
        return NULL;
    char format[40];
    snprintf(format, sizeof(format), "%s=%%s is not %%s",
             amdvi_trace_key_name((enum amdvi_trace_key)rule->key));
    return say(p, format, value, len, wanted);
}

const char *trace_take_pair(struct trace_parser *keep, struct amdvi_trace_record *record, const char *key,
                            const char *value)
{
    if (record->pairs_count == keep->pairs_cap) {
        size_t cap = keep->pairs_cap ? keep->pairs_cap * 2 : 16;
        struct amdvi_trace_pair *pairs = realloc(keep->pairs, cap * sizeof(*pairs));
        if (!pairs)
            return "out of memory";
        keep->pairs = pairs;
        keep->pairs_cap = cap;
    }
    keep->pairs[record->pairs_count++] = (struct amdvi_trace_pair){key, value};
    record->pairs = keep->pairs;
    return NULL;
}

static const char *parse_key(struct line_parser *p, char *word, size_t len)
{
    char *equals = memchr(word, '=', len);
    if (!equals)
        return say(p, "'%s' is not key=value%s", word, len, "");
    size_t name_len = (size_t)(equals - word);
    char *value = equals + 1;
    size_t value_len = len - name_len - 1;
    enum amdvi_trace_key label;
    if (!name_len || !value_len)
        return say(p, "'%s' lacks a %s", word, len, name_len ? "value" : "key");
    const struct amdvi_trace_rule *rule = find_rule(p, word, name_len);
    if (!rule && label_key(word, name_len, &label))
        return parse_label(p, label, value, value_len);
    if (!rule && p->record->kind == AMDVI_TRACE_KIND_CONFIG) {
        *equals = 0;
        return trace_take_pair(p->keep, p->record, word, value);
    }
    if (!rule)
        return say(p, "unknown key '%s' of %s", word, name_len, p->info->name);
    if (amdvi_trace_has(p->record, (enum amdvi_trace_key)rule->key))
        return say(p, "%s= is given twice%s", word, name_len, "");
    p->record->have |= AMDVI_TRACE_BIT(rule->key);
    return parse_typed(p, rule, value, value_len);
}

static const char *check_required(struct line_parser *p)
{
    for (size_t i = 0; i < p->info->rules_count; i++) {
        const struct amdvi_trace_rule *rule = &p->info->rules[i];
        const char *name = amdvi_trace_key_name((enum amdvi_trace_key)rule->key);
        if (rule->required && !amdvi_trace_has(p->record, (enum amdvi_trace_key)rule->key))
            return say(p, "%s= is missing in %s", name, strlen(name), p->info->name);
    }
    return NULL;
}

static const char *parse_version(struct line_parser *p)
{
    size_t len;
    uint64_t version;
    char *word = next_word(p, &len);
    if (!word || !trace_parse_number(word, len, &version))
        return "amdvi-trace needs a version number";
    if (version == 1)
        return NULL;
    return say(p, "amdvi-trace %s is not known here, only version 1%s", word, len, "");
}

static const char *parse_words(struct line_parser *p, char *kind, size_t len)
{
    const char *bad = NULL;
    if (!trace_kind_by_name(kind, len, &p->record->kind))
        return say(p, "unknown record '%s'%s", kind, len, "");
    p->info = amdvi_trace_kind_info(p->record->kind);
    if (p->record->kind == AMDVI_TRACE_KIND_HEADER)
        bad = parse_version(p);
    char *word;
    while (!bad && (word = next_word(p, &len)))
        bad = parse_key(p, word, len);
    if (!bad && p->record->kind == AMDVI_TRACE_KIND_CONFIG && !p->record->pairs_count)
        return "config needs KEY=VALUE";
    return bad ? bad : check_required(p);
}

void trace_record_clear(struct amdvi_trace_record *record)
{
    record->have = 0;
    record->bytes = NULL;
    record->bytes_len = 0;
    record->data_text = record->file = record->vm = record->cpu = record->comment = NULL;
    record->pairs = NULL;
    record->pairs_count = 0;
}

const char *trace_parse_record(struct trace_parser *parser, char *line, size_t len,
                               struct amdvi_trace_record *record, char *text, size_t text_size)
{
    struct line_parser p = {.keep = parser,
                            .record = record,
                            .pos = line,
                            .end = line + len,
                            .text = text,
                            .text_size = text_size};
    trace_record_clear(record);
    size_t word_len;
    char *word = next_word(&p, &word_len);
    const char *bad = word ? parse_words(&p, word, word_len) : NULL;
    if (p.forbidden)
        return "a zero byte or a carriage return cannot stand inside a line";
    if (!word)
        record->kind = record->comment ? AMDVI_TRACE_KIND_COMMENT : AMDVI_TRACE_KIND_BLANK;
    return bad;
}

void trace_parser_free(struct trace_parser *parser)
{
    free(parser->pairs);
    trace_buffer_free(&parser->ok_bytes);
    *parser = (struct trace_parser){0};
}
