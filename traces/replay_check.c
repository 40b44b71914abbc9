// SPDX-License-Identifier: Apache-2.0
/* Checks and their reports: "expected pa=0x1000 got pa=0x2000". */
#include "traces/replay_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char *text, const char *more)
{
    size_t used = strlen(text);

    snprintf(text + used, REPLAY_TEXT - used, "%s%s", used ? " " : "", more);
}

void check_fail(struct check *check, const char *expected, const char *got)
{
    check->failed = true;
    append(check->expected, expected);
    append(check->got, got);
}

void check_number(struct check *check, const char *key, uint64_t expected, uint64_t got)
{
    char e[64], g[64];

    if (expected == got)
        return;
    snprintf(e, sizeof(e), "%s=0x%" PRIx64, key, expected);
    snprintf(g, sizeof(g), "%s=0x%" PRIx64, key, got);
    check_fail(check, e, g);
}

void check_text(struct check *check, const char *key, const char *expected, const char *got)
{
    char e[128], g[128];

    if (strcmp(expected, got) == 0)
        return;
    snprintf(e, sizeof(e), "%s=%s", key, expected);
    snprintf(g, sizeof(g), "%s=%s", key, got);
    check_fail(check, e, g);
}

/* The bytes around the first difference: enough to see it in any length. */
static void print_bytes(char *text, size_t size, const char *key, size_t at, const uint8_t *bytes,
                        size_t length)
{
    size_t end = length - at > 16 ? at + 16 : length, used;

    used = (size_t)snprintf(text, size, "%s[%zu]=", key, at);
    for (size_t i = at; i < end && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%02x", bytes[i]);
    if (end < length && used < size)
        snprintf(text + used, size - used, "...");
}

void check_bytes(struct check *check, const char *key, const uint8_t *expected, const uint8_t *got,
                 size_t length)
{
    char e[96], g[96];
    size_t at = 0;

    while (at < length && expected[at] == got[at])
        at++;
    if (at == length)
        return;
    print_bytes(e, sizeof(e), key, at, expected, length);
    print_bytes(g, sizeof(g), key, at, got, length);
    check_fail(check, e, g);
}

static void count(struct amdvi_replay_counts *counts, enum check_class class, bool failed)
{
    uint64_t *figures[][2] = {
        [CHECK_TRANSLATION] = {&counts->translations_checked, &counts->translations_failed},
        [CHECK_INTERRUPT] = {&counts->interrupts_checked, &counts->interrupts_failed},
        [CHECK_STORE] = {&counts->stores_checked, &counts->stores_failed},
        [CHECK_REGISTER] = {&counts->registers_checked, &counts->registers_failed},
        [CHECK_OTHER] = {&counts->others_checked, &counts->others_failed},
    };

    counts->checks++;
    counts->failed += failed;
    ++*figures[class][0];
    *figures[class][1] += failed;
}

void check_report(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                  enum check_class class, const struct check *check)
{
    char text[2 * REPLAY_TEXT + 32];
    struct amdvi_replay_verdict verdict = {.line = record->line,
                                           .held = !check->failed,
                                           .text = text,
                                           .kind = amdvi_trace_kind_info(record->kind)->name};

    count(&replay->counts, class, check->failed);
    if (!replay->options.verdict)
        return;
    text[0] = 0;
    if (check->failed)
        snprintf(text, sizeof(text), "expected %s got %s", check->expected, check->got);
    replay->options.verdict(replay->options.context, &verdict);
}

enum amdvi_replay_status replay_fail(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                                     const char *format, ...)
{
    char message[REPLAY_TEXT / 2];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    snprintf(replay->error, sizeof(replay->error), "%.200s:%" PRIu64 ": %s", replay->options.name,
             record ? record->line : 0, message);
    return AMDVI_REPLAY_ERROR;
}
