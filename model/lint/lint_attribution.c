// SPDX-License-Identifier: Apache-2.0
/* What a table word translates: told by the walk that has read it. Where walks of several requests are under
 * way at a time, their words are attributed to the one that ends first; evidence, not proof, rests on it. */
#include "model/lint/lint.h"
#include "model/lookup/dtc.h"
#include "tables/layout.h"

enum { TABLE_SLOTS = 512 };

static bool is_leaf(uint8_t kind, uint8_t level, uint64_t value)
{
    if (kind == WALK_GUEST)
        return level == 1 || v2_ps(value);
    return kind == WALK_HOST && (v1_nextlevel(value) == 0 || v1_nextlevel(value) == 7);
}

/* The slot in the table says more than the request's first address, when several pages were asked for. */
static void set_range(struct lint_reach *reach, uint64_t word, uint64_t address)
{
    unsigned shift = host_level_shift(reach->level);
    uint64_t slot = word / 8 % TABLE_SLOTS;

    reach->size = (uint64_t)1 << shift;
    if (shift + 9 < 64)
        address = (address >> (shift + 9) << (shift + 9)) | slot << shift;
    reach->address = address & ~(reach->size - 1);
}

static void learn(struct amdvi_lint *lint, unsigned i, const struct amdvi_request *request,
                  const struct dte *dte)
{
    uint64_t address = lint->trail.words[i].address;
    uint8_t kind = lint->trail.words[i].kind, level = lint->trail.words[i].level;
    struct lint_word *word = lint_word(lint, address);
    bool guest = dte->guest && (request->has_pasid || dte->giov);

    if (!word || level < 1 || level > WALK_MAX_LEVELS)
        return;
    word->reach = (struct lint_reach){.known = kind != WALK_HOST || !guest, /* a GPA nobody told */
                                      .leaf = is_leaf(kind, level, word->value),
                                      .guest = guest,
                                      .kind = kind,
                                      .level = level,
                                      .domain = dte->domain,
                                      .pasid = request->has_pasid ? request->pasid : 0,
                                      .device = request->device};
    set_range(&word->reach, address, request->address);
}

void lint_reach_learn(struct amdvi_lint *lint, const struct amdvi_request *request)
{
    const struct dte *dte = lint->trail.count ? dtc_peek(lint->device, request->device) : NULL;

    for (unsigned i = 0; dte && i < lint->trail.count; i++)
        learn(lint, i, request, dte);
    lint->trail.count = 0;
}
