// SPDX-License-Identifier: Apache-2.0
/* What is this file? Told by its first bytes, never by its name. */
#include "internal.h"

#include <string.h>

/* The first byte is no text, and the line end shows a transfer that changed line ends. */
const uint8_t trace_binary_magic[8] = {0x8b, 'A', 'M', 'D', 'V', 'T', '\r', '\n'};

static bool starts(const char *line, size_t len, const char *with)
{
    size_t want = strlen(with);
    return len >= want && !memcmp(line, with, want);
}

/* "12345@1700000000.123456:" stands before each line of some QEMU builds. */
static void skip_qemu_prefix(const char **line, size_t *len)
{
    size_t at = 0;
    while (at < *len && strchr("0123456789@.", (*line)[at]) && (*line)[at])
        at++;
    if (at && at < *len && (*line)[at] == ':') {
        *line += at + 1;
        *len -= at + 1;
    }
}

static bool is_qemu(const char *line, size_t len)
{
    skip_qemu_prefix(&line, &len);
    return starts(line, len, "amdvi_") || starts(line, len, "memory_region_ops_");
}

/* "   task-12   [000] d..2.   4.774847: event: ..." */
static bool is_ftrace(const char *line, size_t len)
{
    const char *open = memchr(line, '[', len);
    if (starts(line, len, "# tracer:"))
        return true;
    if (!open || (size_t)(line + len - open) < 6 || open == line || open[-1] != ' ')
        return false;
    return open[1] >= '0' && open[1] <= '9' && open[4] == ']' && open[5] == ' ' &&
           memchr(open, ':', (size_t)(line + len - open));
}

static const struct trace_reader_ops *recognise_line(const char *line, size_t len)
{
    if (is_ftrace(line, len))
        return &trace_ftrace_reader;
    return is_qemu(line, len) ? &trace_qemu_reader : NULL;
}

/* One line of the head, without its end; false when there is none left. */
static bool take_line(const char **pos, const char *end, const char **line, size_t *len)
{
    if (*pos >= end)
        return false;
    const char *newline = memchr(*pos, '\n', (size_t)(end - *pos));
    *line = *pos;
    *len = (size_t)((newline ? newline : end) - *pos);
    *pos += *len + 1;
    return true;
}

/* Comments before the header may quote anything, so what counts is the first line that is none. */
static bool is_text_trace(const char *pos, const char *end)
{
    const char *line;
    size_t len;
    while (take_line(&pos, end, &line, &len)) {
        while (len && strchr(" \t\r", *line) && *line) {
            line++;
            len--;
        }
        if (len && *line != '#')
            return starts(line, len, "amdvi-trace");
    }
    return false;
}

const struct trace_reader_ops *trace_recognise(const uint8_t *head, size_t len)
{
    const char *pos = (const char *)head, *end = pos + len, *line;
    size_t line_len;
    if (len >= 4 && !memcmp(head, trace_binary_magic, len < 8 ? len : 8))
        return &trace_binary_reader;
    if (is_text_trace(pos, end))
        return &trace_text_reader;
    if (starts(pos, len, "# amd-iommu-capture text"))
        return &trace_capture_reader;
    while (take_line(&pos, end, &line, &line_len)) {
        const struct trace_reader_ops *found = recognise_line(line, line_len);
        if (found)
            return found;
    }
    return &trace_text_reader;
}
