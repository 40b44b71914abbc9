// SPDX-License-Identifier: Apache-2.0
/*
 * A lint with a weakness, to show that test_lint_truth.c would notice. It takes the place of
 * model/lint/lint_cases.c and lint_known.c; AMDVI_WITHOUT says what is missing:
 *
 *     waits      COMPLETION_WAITs prove nothing
 *     pages      some stale pages are not followed
 *     acquittal  commands that cover a stale answer are not seen
 *     comparison an answer that was right once is taken to be right for ever
 */
#include "model/lint/lint.h"

#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define lint_hold          whole_hold
#define lint_cases_command whole_cases_command
#define lint_cases_wait    whole_cases_wait
#define lint_is_known      whole_is_known
#include "model/lint/lint_cases.c"
#include "model/lint/lint_known.c"
#undef lint_hold
#undef lint_cases_command
#undef lint_cases_wait
#undef lint_is_known

static bool without(const char *what)
{
    const char *text = getenv("AMDVI_WITHOUT");

    return text && strcmp(text, what) == 0;
}

void lint_hold(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding, bool guest, uint64_t size)
{
    if (!without("pages") || finding->first >> 12 & 3)
        whole_hold(lint, finding, guest, size);
}

void lint_cases_command(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                        const struct lint_slot *slot)
{
    if (!without("acquittal"))
        whole_cases_command(lint, info, slot);
}

void lint_cases_wait(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                     const struct lint_slot *slot)
{
    if (!without("waits"))
        whole_cases_wait(lint, info, slot);
}

bool lint_is_known(struct amdvi_lint *lint, const struct amdvi_request *request,
                   const struct amdvi_result *result)
{
    if (without("comparison")) {
        lint->options.told = true;
        lint->known.writes = 0;
    }
    return whole_is_known(lint, request, result);
}
