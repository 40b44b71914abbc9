// SPDX-License-Identifier: Apache-2.0
/* The lint that looks on while a trace plays. */
#include "traces/replay_internal.h"

#include <inttypes.h>
#include <stdio.h>

static void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    struct amdvi_replay *replay = context;
    char text[1024];

    snprintf(text, sizeof(text), "%.200s:%" PRIu64 ": %s", replay->options.name, finding->at.line,
             finding->text);
    replay->options.lint(replay->options.context, finding, text);
}

enum amdvi_status replay_lint_start(struct amdvi_replay *replay)
{
    struct amdvi_lint_options options = {0};

    if (!replay->options.lint)
        return AMDVI_OK;
    if (replay->options.lint_options)
        options = *replay->options.lint_options;
    options.told = true; /* replay_lint_record() comes before each request */
    options.context = replay;
    options.finding = on_finding;
    return amdvi_lint_create(replay->device, &options, &replay->lint);
}

static void wrote(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    uint64_t address = record->num[AMDVI_TRACE_KEY_ADDR];

    if (record->kind == AMDVI_TRACE_KIND_MEM)
        amdvi_lint_write(replay->lint, address, record->bytes, record->bytes_len);
    else if (record->kind == AMDVI_TRACE_KIND_FILL)
        amdvi_lint_fill(replay->lint, address, (uint8_t)record->num[AMDVI_TRACE_KEY_BYTE],
                        record->num[AMDVI_TRACE_KEY_LEN]);
    else if (record->kind == AMDVI_TRACE_KIND_EXPECT_MEM)
        amdvi_lint_read(replay->lint, address, record->bytes_len);
}

void replay_lint_record(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    if (!replay->lint)
        return;
    replay->lint_ns = amdvi_trace_num(record, AMDVI_TRACE_KEY_T, replay->lint_ns);
    amdvi_lint_mark(replay->lint, record->line, replay->lint_ns);
    wrote(replay, record);
}

const struct amdvi_lint *amdvi_replay_lint(const struct amdvi_replay *replay)
{
    return replay ? replay->lint : NULL;
}
