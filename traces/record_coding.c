// SPDX-License-Identifier: Apache-2.0
/* One record as bytes and back. Numbers are differences to the same key of the last record of that kind. */
#include "internal.h"

#include <string.h>

/* Bits of the presence word; the keys of the grammar follow in their order. */
#define HAS_COMMENT 1u
#define HAS_T       2u
#define HAS_VM      4u
#define HAS_CPU     8u
#define FIRST_KEY   4

static void put_varint(struct trace_buffer *out, uint64_t value)
{
    while (value >= 0x80) {
        trace_buffer_byte(out, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    trace_buffer_byte(out, (uint8_t)value);
}

static void put_delta(struct trace_buffer *out, uint64_t *last, uint64_t value)
{
    uint64_t delta = value - *last;
    *last = value;
    /* The sign goes to bit 0, so that small steps down are short, too. */
    put_varint(out, delta << 1 ^ (0 - (delta >> 63)));
}

static void put_bytes(struct trace_buffer *out, const void *bytes, size_t len)
{
    put_varint(out, len);
    trace_buffer_put(out, bytes, len);
}

/* The zero at the end lets a reader use the text where it lies. */
static void put_text(struct trace_buffer *out, const char *text)
{
    put_bytes(out, text, strlen(text));
    trace_buffer_byte(out, 0);
}

static void put_ok_data(struct trace_buffer *out, const struct amdvi_trace_record *record)
{
    struct trace_buffer text = {0};
    if (record->data_text) {
        put_text(out, record->data_text);
        return;
    }
    if (record->bytes)
        trace_print_bytes(&text, record->bytes, record->bytes_len);
    else
        trace_print_hex(&text, record->num[AMDVI_TRACE_KEY_DATA]);
    put_bytes(out, text.bytes, text.len);
    trace_buffer_byte(out, 0);
    out->failed |= text.failed;
    trace_buffer_free(&text);
}

static void put_key(struct trace_buffer *out, struct trace_deltas *deltas,
                    const struct amdvi_trace_rule *rule, const struct amdvi_trace_record *record)
{
    if (rule->type == AMDVI_TRACE_TYPE_BYTES)
        put_bytes(out, record->bytes, record->bytes_len);
    else if (rule->type == AMDVI_TRACE_TYPE_OK_DATA)
        put_ok_data(out, record);
    else if (rule->type == AMDVI_TRACE_TYPE_TEXT)
        put_text(out, record->file);
    else
        put_delta(out, &deltas->last[record->kind][rule->key], record->num[rule->key]);
}

static uint64_t presence(const struct amdvi_trace_kind_info *info, const struct amdvi_trace_record *record)
{
    uint64_t word = record->comment ? HAS_COMMENT : 0;
    word |= amdvi_trace_has(record, AMDVI_TRACE_KEY_T) ? HAS_T : 0;
    word |= amdvi_trace_has(record, AMDVI_TRACE_KEY_VM) ? HAS_VM : 0;
    word |= amdvi_trace_has(record, AMDVI_TRACE_KEY_CPU) ? HAS_CPU : 0;
    for (size_t i = 0; i < info->rules_count; i++) {
        if (amdvi_trace_has(record, (enum amdvi_trace_key)info->rules[i].key))
            word |= UINT64_C(1) << (FIRST_KEY + i);
    }
    return word;
}

static void put_labels(struct trace_buffer *out, struct trace_deltas *deltas,
                       const struct amdvi_trace_record *record)
{
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_T))
        put_delta(out, &deltas->last[0][AMDVI_TRACE_KEY_T], record->num[AMDVI_TRACE_KEY_T]);
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_VM))
        put_text(out, record->vm);
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_CPU))
        put_text(out, record->cpu);
    if (record->comment)
        put_text(out, record->comment);
}

void trace_encode_record(struct trace_buffer *out, struct trace_deltas *deltas,
                         const struct amdvi_trace_record *record)
{
    const struct amdvi_trace_kind_info *info = amdvi_trace_kind_info(record->kind);
    trace_buffer_byte(out, (uint8_t)record->kind);
    put_varint(out, presence(info, record));
    if (record->kind == AMDVI_TRACE_KIND_CONFIG) {
        put_varint(out, record->pairs_count);
        for (size_t i = 0; i < record->pairs_count; i++) {
            put_text(out, record->pairs[i].key);
            put_text(out, record->pairs[i].value);
        }
    }
    for (size_t i = 0; i < info->rules_count; i++) {
        if (amdvi_trace_has(record, (enum amdvi_trace_key)info->rules[i].key))
            put_key(out, deltas, &info->rules[i], record);
    }
    put_labels(out, deltas, record);
}

static bool get_varint(struct trace_decoder *d, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && d->pos < d->end; shift += 7) {
        uint64_t bits = *d->pos & 0x7f;
        if (shift == 63 && bits > 1)
            return false;
        *value |= bits << shift;
        if (!(*d->pos++ & 0x80))
            return true;
    }
    return false;
}

static bool get_delta(struct trace_decoder *d, uint64_t *last, uint64_t *value)
{
    uint64_t folded;
    if (!get_varint(d, &folded))
        return false;
    *value = *last += folded >> 1 ^ (0 - (folded & 1));
    return true;
}

static bool get_bytes(struct trace_decoder *d, const uint8_t **bytes, size_t *len)
{
    uint64_t want;
    if (!get_varint(d, &want) || want > (size_t)(d->end - d->pos))
        return false;
    *bytes = d->pos;
    *len = (size_t)want;
    d->pos += want;
    return true;
}

static bool get_text(struct trace_decoder *d, const char **text)
{
    const uint8_t *bytes;
    size_t len;
    if (!get_bytes(d, &bytes, &len) || d->pos == d->end || *d->pos || memchr(bytes, 0, len))
        return false;
    d->pos++;
    *text = (const char *)bytes;
    return true;
}

static bool get_pairs(struct trace_decoder *d, struct amdvi_trace_record *record)
{
    uint64_t count;
    const char *key, *value;
    if (!get_varint(d, &count))
        return false;
    /* Each pair takes bytes of the input, so a wild count ends there. */
    for (uint64_t i = 0; i < count; i++) {
        if (!get_text(d, &key) || !get_text(d, &value) || trace_take_pair(&d->parser, record, key, value))
            return false;
    }
    return true;
}

static bool get_ok_data(struct trace_decoder *d, struct amdvi_trace_record *record)
{
    const char *text;
    return get_text(d, &text) && !trace_take_ok_data(&d->parser, record, text, strlen(text));
}

static bool get_key(struct trace_decoder *d, const struct amdvi_trace_rule *rule,
                    struct amdvi_trace_record *record)
{
    record->have |= AMDVI_TRACE_BIT(rule->key);
    if (rule->type == AMDVI_TRACE_TYPE_BYTES)
        return get_bytes(d, &record->bytes, &record->bytes_len);
    if (rule->type == AMDVI_TRACE_TYPE_OK_DATA)
        return get_ok_data(d, record);
    if (rule->type == AMDVI_TRACE_TYPE_TEXT)
        return get_text(d, &record->file);
    return get_delta(d, &d->deltas.last[record->kind][rule->key], &record->num[rule->key]);
}

static bool get_labels(struct trace_decoder *d, uint64_t word, struct amdvi_trace_record *record)
{
    record->have |= (word & HAS_T ? AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_T) : 0) |
                    (word & HAS_VM ? AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_VM) : 0) |
                    (word & HAS_CPU ? AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_CPU) : 0);
    if ((word & HAS_T) &&
        !get_delta(d, &d->deltas.last[0][AMDVI_TRACE_KEY_T], &record->num[AMDVI_TRACE_KEY_T]))
        return false;
    if ((word & HAS_VM) && !get_text(d, &record->vm))
        return false;
    if ((word & HAS_CPU) && !get_text(d, &record->cpu))
        return false;
    return !(word & HAS_COMMENT) || get_text(d, &record->comment);
}

static bool get_record(struct trace_decoder *d, struct amdvi_trace_record *record)
{
    uint64_t word;
    if (d->pos == d->end || *d->pos >= AMDVI_TRACE_KINDS)
        return false;
    record->kind = (enum amdvi_trace_kind) * d->pos++;
    const struct amdvi_trace_kind_info *info = amdvi_trace_kind_info(record->kind);
    if (!get_varint(d, &word) || word >> (FIRST_KEY + info->rules_count))
        return false;
    if (record->kind == AMDVI_TRACE_KIND_CONFIG && !get_pairs(d, record))
        return false;
    for (size_t i = 0; i < info->rules_count; i++) {
        if (word >> (FIRST_KEY + i) & 1 && !get_key(d, &info->rules[i], record))
            return false;
    }
    return get_labels(d, word, record);
}

const char *trace_decode_record(struct trace_decoder *decoder, struct amdvi_trace_record *record)
{
    trace_record_clear(record);
    if (!get_record(decoder, record))
        return "a record cannot be decoded";
    return amdvi_trace_record_check(record, NULL) == AMDVI_TRACE_OK
               ? NULL
               : "a record that the grammar does not allow";
}
