// SPDX-License-Identifier: Apache-2.0
/* Records to canonical text, and the check that a record can be printed and read back. */
#include "internal.h"

#include <string.h>

void amdvi_trace_record_init(struct amdvi_trace_record *record, enum amdvi_trace_kind kind)
{
    memset(record, 0, sizeof(*record));
    record->kind = kind;
}

void amdvi_trace_set_bytes(struct amdvi_trace_record *record, enum amdvi_trace_key key, const void *bytes,
                           size_t len)
{
    record->have |= AMDVI_TRACE_BIT(key);
    record->bytes = bytes;
    record->bytes_len = len;
}

bool amdvi_trace_ok_int_data(const struct amdvi_trace_record *record, uint64_t *value)
{
    if (!amdvi_trace_has(record, AMDVI_TRACE_KEY_DATA))
        return false;
    if (record->data_text)
        return trace_parse_number(record->data_text, strlen(record->data_text), value);
    if (record->bytes)
        return false;
    *value = record->num[AMDVI_TRACE_KEY_DATA];
    return true;
}

static void print_key(struct trace_buffer *out, unsigned key)
{
    trace_buffer_byte(out, ' ');
    trace_buffer_text(out, amdvi_trace_key_name((enum amdvi_trace_key)key));
    trace_buffer_byte(out, '=');
}

static void print_ok_data(struct trace_buffer *out, const struct amdvi_trace_record *record)
{
    if (record->data_text)
        trace_buffer_text(out, record->data_text);
    else if (record->bytes)
        trace_print_bytes(out, record->bytes, record->bytes_len);
    else
        trace_print_hex(out, record->num[AMDVI_TRACE_KEY_DATA]);
}

static void print_rule(struct trace_buffer *out, const struct amdvi_trace_rule *rule,
                       const struct amdvi_trace_record *record)
{
    print_key(out, rule->key);
    if (rule->type == AMDVI_TRACE_TYPE_BYTES)
        trace_print_bytes(out, record->bytes, record->bytes_len);
    else if (rule->type == AMDVI_TRACE_TYPE_OK_DATA)
        print_ok_data(out, record);
    else if (rule->type == AMDVI_TRACE_TYPE_TEXT)
        trace_buffer_text(out, record->file);
    else
        trace_print_value(out, rule, record->num[rule->key]);
}

static void print_labels(struct trace_buffer *out, const struct amdvi_trace_record *record)
{
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_T)) {
        print_key(out, AMDVI_TRACE_KEY_T);
        trace_print_value(out, &trace_label_t, record->num[AMDVI_TRACE_KEY_T]);
    }
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_VM)) {
        print_key(out, AMDVI_TRACE_KEY_VM);
        trace_buffer_text(out, record->vm);
    }
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_CPU)) {
        print_key(out, AMDVI_TRACE_KEY_CPU);
        trace_buffer_text(out, record->cpu);
    }
}

static void print_pairs(struct trace_buffer *out, const struct amdvi_trace_record *record)
{
    for (size_t i = 0; i < record->pairs_count; i++) {
        trace_buffer_byte(out, ' ');
        trace_buffer_text(out, record->pairs[i].key);
        trace_buffer_byte(out, '=');
        trace_buffer_text(out, record->pairs[i].value);
    }
}

void trace_print_record(struct trace_buffer *out, const struct amdvi_trace_record *record)
{
    const struct amdvi_trace_kind_info *info = amdvi_trace_kind_info(record->kind);
    if (record->kind == AMDVI_TRACE_KIND_COMMENT)
        trace_buffer_byte(out, '#');
    else
        trace_buffer_text(out, info->name);
    if (record->kind == AMDVI_TRACE_KIND_HEADER)
        trace_buffer_text(out, " 1");
    print_pairs(out, record);
    for (size_t i = 0; i < info->rules_count; i++) {
        if (amdvi_trace_has(record, (enum amdvi_trace_key)info->rules[i].key))
            print_rule(out, &info->rules[i], record);
    }
    if (record->have & TRACE_LABELS)
        print_labels(out, record);
    if (record->comment && record->kind != AMDVI_TRACE_KIND_COMMENT)
        trace_buffer_text(out, " #");
    if (record->comment)
        trace_buffer_text(out, record->comment);
}

size_t amdvi_trace_format(const struct amdvi_trace_record *record, char *buffer, size_t size)
{
    struct trace_buffer out = {0};
    trace_print_record(&out, record);
    size_t len = out.failed ? 0 : out.len;
    if (size) {
        size_t copied = len < size ? len : size - 1;
        if (copied)
            memcpy(buffer, out.bytes, copied);
        buffer[copied] = 0;
    }
    trace_buffer_free(&out);
    return len;
}
