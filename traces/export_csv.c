// SPDX-License-Identifier: Apache-2.0
/* One line of CSV for each record that a player has dealt with (RFC 4180 quoting). */
#include "amdvi/trace_export.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define PENDING ((size_t)64 << 10)

struct amdvi_csv {
    amdvi_trace_write_fn write;
    void *context;
    struct trace_buffer out, text;
    enum amdvi_trace_status failed;
};

static enum amdvi_trace_status flush(struct amdvi_csv *csv, size_t when)
{
    if (csv->failed == AMDVI_TRACE_OK && (csv->out.failed || csv->text.failed))
        csv->failed = AMDVI_TRACE_ERR_MEMORY;
    if (csv->failed != AMDVI_TRACE_OK || csv->out.len < when)
        return csv->failed;
    if (csv->out.len && csv->write(csv->context, csv->out.bytes, csv->out.len))
        csv->failed = AMDVI_TRACE_ERR_IO;
    csv->out.len = 0;
    return csv->failed;
}

enum amdvi_trace_status amdvi_csv_open(amdvi_trace_write_fn write, void *context, struct amdvi_csv **result)
{
    struct amdvi_csv *csv = calloc(1, sizeof(*csv));
    *result = csv;
    if (!csv)
        return AMDVI_TRACE_ERR_MEMORY;
    csv->write = write;
    csv->context = context;
    trace_buffer_text(&csv->out, "line,t_ns,kind,dev,pasid,addr,outcome,detail,record\n");
    return AMDVI_TRACE_OK;
}

static void put_field(struct trace_buffer *out, const char *text, size_t len)
{
    bool quote = false;
    for (size_t i = 0; i < len; i++)
        quote |= strchr(",\"\r\n", text[i]) != NULL;
    if (!quote) {
        trace_buffer_put(out, text, len);
        return;
    }
    trace_buffer_byte(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            trace_buffer_byte(out, '"');
        trace_buffer_byte(out, (uint8_t)text[i]);
    }
    trace_buffer_byte(out, '"');
}

static void put_text(struct amdvi_csv *csv, const char *text)
{
    trace_buffer_byte(&csv->out, ',');
    if (text)
        put_field(&csv->out, text, strlen(text));
}

static void put_key(struct amdvi_csv *csv, const struct amdvi_trace_record *record, enum amdvi_trace_key key)
{
    trace_buffer_byte(&csv->out, ',');
    if (amdvi_trace_has(record, key))
        trace_print_hex(&csv->out, record->num[key]);
}

enum amdvi_trace_status amdvi_csv_result(struct amdvi_csv *csv, const struct amdvi_trace_record *record,
                                         uint64_t ts_ns, const char *outcome, const char *detail)
{
    char numbers[48];
    const struct amdvi_trace_kind_info *info = amdvi_trace_kind_info(record->kind);
    if (!info)
        return AMDVI_TRACE_ERR_ARGUMENT;
    snprintf(numbers, sizeof(numbers), "%llu,%llu", (unsigned long long)record->line,
             (unsigned long long)ts_ns);
    trace_buffer_text(&csv->out, numbers);
    put_text(csv, info->name);
    put_key(csv, record, AMDVI_TRACE_KEY_DEV);
    put_key(csv, record, AMDVI_TRACE_KEY_PASID);
    put_key(csv, record, AMDVI_TRACE_KEY_ADDR);
    put_text(csv, outcome);
    put_text(csv, detail);
    csv->text.len = 0;
    trace_print_record(&csv->text, record);
    trace_buffer_byte(&csv->out, ',');
    put_field(&csv->out, (const char *)csv->text.bytes, csv->text.len);
    trace_buffer_byte(&csv->out, '\n');
    return flush(csv, PENDING);
}

enum amdvi_trace_status amdvi_csv_finish(struct amdvi_csv *csv)
{
    return flush(csv, 0);
}

void amdvi_csv_close(struct amdvi_csv *csv)
{
    if (!csv)
        return;
    trace_buffer_free(&csv->out);
    trace_buffer_free(&csv->text);
    free(csv);
}
