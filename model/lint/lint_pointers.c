// SPDX-License-Identifier: Apache-2.0
#include "model/lint/lint_pointers.h"

#include "model/lint/lint.h"

enum { COMMAND_BYTES = 16, LOG_BYTES = 16, GA_BYTES = 8 };

static const struct lint_pointers rings[] = {
    {REG_CMD_BASE, REG_CMD_HEAD, REG_CMD_TAIL, COMMAND_BYTES, LINT_COMMANDS, false},
    {REG_EVENT_BASE, REG_EVENT_HEAD, REG_EVENT_TAIL, LOG_BYTES, AMDVI_LOG_EVENT, false},
    {REG_EVENT_B_BASE, REG_EVENT_B_HEAD, REG_EVENT_B_TAIL, LOG_BYTES, AMDVI_LOG_EVENT, true},
    {REG_PPR_BASE, REG_PPR_HEAD, REG_PPR_TAIL, LOG_BYTES, AMDVI_LOG_PPR, false},
    {REG_PPR_B_BASE, REG_PPR_B_HEAD, REG_PPR_B_TAIL, LOG_BYTES, AMDVI_LOG_PPR, true},
    {REG_GA_BASE, REG_GA_HEAD, REG_GA_TAIL, GA_BYTES, AMDVI_LOG_GA, false},
};

enum { RINGS = sizeof(rings) / sizeof(*rings) };

const struct lint_pointers *lint_pointers_of(unsigned id)
{
    for (unsigned i = 0; i < RINGS; i++)
        if (rings[i].base == id || rings[i].head == id || rings[i].tail == id)
            return &rings[i];
    return NULL;
}

unsigned lint_hardwares_pointer(const struct lint_pointers *r)
{
    return r->log == LINT_COMMANDS ? r->head : r->tail;
}

const char *lint_register_rule(const struct amdvi_lint_finding *finding)
{
    if (finding->word == reg_info[REG_CONTROL].offset)
        return "devices use entries that were read in the other way";
    for (unsigned i = 0; i < RINGS; i++)
        if (finding->word == reg_info[lint_hardwares_pointer(&rings[i])].offset)
            return "hardware moves this pointer while the ring runs";
    if (finding->word == reg_info[REG_CMD_TAIL].offset)
        return "it moves only over new commands, within the ring";
    return "it moves only over records that are there, within the ring";
}
