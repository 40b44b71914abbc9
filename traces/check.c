// SPDX-License-Identifier: Apache-2.0
/* Does a record obey the grammar, so that its text reads back as the same record? */
#include "internal.h"

#include <string.h>

/* A word of a line: not empty, no white space. A '#' inside it starts no comment. */
static bool is_word(const char *text)
{
    return text && text[0] && !strpbrk(text, " \t\r\n");
}

/* A config key that the parser would read as something else. */
static bool is_pair_key(const char *text)
{
    static const char *const labels[] = {"t", "vm", "cpu"};
    if (!is_word(text) || strchr(text, '=') || text[0] == '#')
        return false;
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (!strcmp(text, labels[i]))
            return false;
    }
    return true;
}

static const char *check_ok_data(const struct amdvi_trace_record *record)
{
    uint64_t number;
    if (!record->data_text)
        return record->bytes && !record->bytes_len ? "empty data=" : NULL;
    size_t len = strlen(record->data_text);
    if (trace_parse_number(record->data_text, len, &number))
        return NULL;
    bool hex = len && len % 2 == 0 && strspn(record->data_text, "0123456789abcdefABCDEF") == len;
    return hex ? NULL : "data= is neither a byte string nor a number";
}

static const char *check_rule(const struct amdvi_trace_rule *rule, const struct amdvi_trace_record *record)
{
    if (!amdvi_trace_has(record, (enum amdvi_trace_key)rule->key))
        return rule->required ? "is missing" : NULL;
    if (rule->type == AMDVI_TRACE_TYPE_BYTES)
        return record->bytes && record->bytes_len ? NULL : "is empty";
    if (rule->type == AMDVI_TRACE_TYPE_TEXT)
        return is_word(record->file) ? NULL : "is no single word";
    if (rule->type == AMDVI_TRACE_TYPE_OK_DATA)
        return check_ok_data(record);
    return trace_check_value(rule, record->num[rule->key]) ? "has a value that is not allowed" : NULL;
}

static const char *check_pairs(const struct amdvi_trace_record *record)
{
    if (record->kind != AMDVI_TRACE_KIND_CONFIG)
        return record->pairs_count ? "only config has pairs" : NULL;
    if (!record->pairs_count)
        return "config needs KEY=VALUE";
    for (size_t i = 0; i < record->pairs_count; i++) {
        if (!is_pair_key(record->pairs[i].key) || !is_word(record->pairs[i].value))
            return "a config pair is not KEY=VALUE";
    }
    return NULL;
}

static const char *check_rest(const struct amdvi_trace_record *record)
{
    bool layout = record->kind == AMDVI_TRACE_KIND_COMMENT || record->kind == AMDVI_TRACE_KIND_BLANK;
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_VM) && !is_word(record->vm))
        return "vm= is no single word";
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_CPU) && !is_word(record->cpu))
        return "cpu= is no single word";
    if (layout && record->have)
        return "a comment or blank line has no keys";
    if (record->kind == AMDVI_TRACE_KIND_COMMENT ? !record->comment
                                                 : record->kind == AMDVI_TRACE_KIND_BLANK && record->comment)
        return "a comment record has text and a blank line has none";
    /* A carriage return at the very end would be taken for a line end. */
    if (record->comment && strpbrk(record->comment, "\r\n"))
        return "a comment is one line";
    return check_pairs(record);
}

enum amdvi_trace_status amdvi_trace_record_check(const struct amdvi_trace_record *record,
                                                 struct amdvi_trace_error *error)
{
    const struct amdvi_trace_kind_info *info = amdvi_trace_kind_info(record->kind);
    const char *bad = NULL, *key = "";
    if (!info)
        return trace_fail(error, AMDVI_TRACE_ERR_ARGUMENT, NULL, 0, "no such kind of record: %u",
                          (unsigned)record->kind);
    uint64_t allowed = TRACE_LABELS;
    for (size_t i = 0; i < info->rules_count && !bad; i++) {
        allowed |= AMDVI_TRACE_BIT(info->rules[i].key);
        key = amdvi_trace_key_name((enum amdvi_trace_key)info->rules[i].key);
        bad = check_rule(&info->rules[i], record);
    }
    if (bad)
        return trace_fail(error, AMDVI_TRACE_ERR_ARGUMENT, NULL, 0, "%s: %s= %s", info->name, key, bad);
    if (record->have & ~allowed)
        return trace_fail(error, AMDVI_TRACE_ERR_ARGUMENT, NULL, 0, "%s: a key that it does not take",
                          info->name);
    bad = check_rest(record);
    return bad ? trace_fail(error, AMDVI_TRACE_ERR_ARGUMENT, NULL, 0, "%s: %s", info->name, bad)
               : AMDVI_TRACE_OK;
}
