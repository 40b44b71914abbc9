// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_log.h"

#include <stdlib.h>
#include <string.h>

void kernel_log_start(struct kernel_log *log, const char *name)
{
    *log = (struct kernel_log){.name = name};
}

void kernel_log_end(struct kernel_log *log)
{
    for (size_t each = 0; each < log->count; each++)
        free(log->lines[each]);
    for (size_t each = 0; each < log->first_count; each++)
        free(log->first[each]);
    free(log->lines);
}

void kernel_log_add(struct kernel_log *log, int level, const char *line)
{
    (void)level;
    if (log->stream)
        fprintf(log->stream, "%s| %s\n", log->name, line);
    if (log->count == log->room) {
        size_t room = log->room ? 2 * log->room : 256;
        char **lines = realloc(log->lines, room * sizeof(*lines));

        if (!lines)
            return;
        log->lines = lines;
        log->room = room;
    }
    log->lines[log->count] = strdup(line);
    if (log->lines[log->count])
        log->count++;
}

static bool is_excused(const struct kernel_log *log, const char *text)
{
    for (size_t each = 0; each < log->excuses_count; each++)
        if (strstr(text, log->excuses[each]))
            return true;
    return false;
}

void kernel_log_trouble(struct kernel_log *log, enum kshim_trouble kind, const char *text)
{
    char line[400];

    if (is_excused(log, text)) {
        log->excused++;
        return;
    }
    log->troubles[kind]++;
    snprintf(line, sizeof(line), "%s: %s", kernel_log_kind_name(kind), text);
    if (log->stream)
        fprintf(log->stream, "%s! %s\n", log->name, line);
    if (log->first_count < KERNEL_LOG_FIRST) {
        log->first[log->first_count] = strdup(line);
        if (log->first[log->first_count])
            log->first_count++;
    }
}

void kernel_log_excuse(struct kernel_log *log, const char *text)
{
    if (!text)
        log->excuses_count = 0;
    else if (log->excuses_count < KERNEL_LOG_EXCUSES)
        log->excuses[log->excuses_count++] = text;
}

const char *kernel_log_find(const struct kernel_log *log, const char *text, size_t *from)
{
    while (*from < log->count) {
        const char *line = log->lines[(*from)++];

        if (strstr(line, text))
            return line;
    }
    return NULL;
}

unsigned kernel_log_troubles(const struct kernel_log *log, enum kshim_trouble kind)
{
    return log->troubles[kind];
}

void kernel_log_print_troubles(const struct kernel_log *log, FILE *stream)
{
    unsigned sum = 0;

    for (int kind = 0; kind < KERNEL_LOG_KINDS; kind++)
        sum += log->troubles[kind];
    for (size_t each = 0; each < log->first_count; each++)
        fprintf(stream, "%s! %s\n", log->name, log->first[each]);
    if (sum > log->first_count)
        fprintf(stream, "%s! and %zu more\n", log->name, sum - log->first_count);
}

void kernel_log_print_tail(const struct kernel_log *log, FILE *stream, size_t lines)
{
    for (size_t each = log->count > lines ? log->count - lines : 0; each < log->count; each++)
        fprintf(stream, "%s| %s\n", log->name, log->lines[each]);
}

const char *kernel_log_kind_name(enum kshim_trouble kind)
{
    static const char *const names[KERNEL_LOG_KINDS] = {
        [KSHIM_WARN] = "warning",          [KSHIM_BUG] = "bug",     [KSHIM_PANIC] = "panic",
        [KSHIM_STUB] = "missing function", [KSHIM_LOCKS] = "lock",  [KSHIM_SLEEP] = "sleep",
        [KSHIM_MEMORY] = "memory",         [KSHIM_STUCK] = "stuck", [KSHIM_ERROR_LINE] = "error line",
    };

    return (unsigned)kind < (unsigned)KERNEL_LOG_KINDS ? names[kind] : "unknown";
}
