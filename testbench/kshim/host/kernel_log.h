/* SPDX-License-Identifier: GPL-2.0-only */
/* What a kernel has said, and what was wrong. */
#ifndef KSHIM_KERNEL_LOG_H
#define KSHIM_KERNEL_LOG_H

#include "kshim_abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { KERNEL_LOG_KINDS = KSHIM_ERROR_LINE + 1, KERNEL_LOG_EXCUSES = 16, KERNEL_LOG_FIRST = 8 };

struct kernel_log {
    const char *name;
    FILE *stream;
    char **lines;
    size_t count, room;
    unsigned troubles[KERNEL_LOG_KINDS];
    char *first[KERNEL_LOG_FIRST]; /* texts of the first ones */
    size_t first_count;
    const char *excuses[KERNEL_LOG_EXCUSES];
    size_t excuses_count, excused;
};

void kernel_log_start(struct kernel_log *log, const char *name);
void kernel_log_end(struct kernel_log *log);
void kernel_log_add(struct kernel_log *log, int level, const char *line);
void kernel_log_trouble(struct kernel_log *log, enum kshim_trouble kind, const char *text);
/* `text` must outlive the log; null forgets all. */
void kernel_log_excuse(struct kernel_log *log, const char *text);
const char *kernel_log_find(const struct kernel_log *log, const char *text, size_t *from);
unsigned kernel_log_troubles(const struct kernel_log *log, enum kshim_trouble kind);
void kernel_log_print_troubles(const struct kernel_log *log, FILE *stream);
void kernel_log_print_tail(const struct kernel_log *log, FILE *stream, size_t lines);
const char *kernel_log_kind_name(enum kshim_trouble kind);

#endif
