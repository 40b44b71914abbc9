// SPDX-License-Identifier: Apache-2.0
#include "model/lint/lint.h"

#include "tables/layout.h"

/* Where stores are looked for now and then, the command may have come before its change is seen. */
static bool is_dropped_alone(const struct amdvi_lint *lint, const struct lint_word *word)
{
    for (unsigned i = 0; i < LINT_DROPS; i++) {
        const struct lint_drop *drop = &lint->directories.drops[i];
        if (word->used <= drop->clock && lint_reach_covered(&word->reach, drop->words))
            return true;
    }
    return false;
}

/* Since hardware has read it, it was dropped: it is cached nowhere. */
static bool is_dropped(const struct amdvi_lint *lint, const struct lint_word *word)
{
    return word->used <= lint->directories.emptied ||
           word->used <= lint->regimes.domains[word->reach.domain].emptied || is_dropped_alone(lint, word);
}

void lint_directory_change(struct amdvi_lint *lint, const struct lint_word *word, uint64_t value)
{
    struct lint_directories *d = &lint->directories;
    struct lint_directory *slot = &d->all[d->next];

    if (!word->fresh || word->reach.kind == WALK_GCR3 || is_dropped(lint, word))
        return;
    d->next = (d->next + 1) % LINT_DIRECTORIES;
    d->open += !slot->used;
    *slot = (struct lint_directory){.used = true,
                                    .reach = word->reach,
                                    .word = word->address & ~(uint64_t)1,
                                    .old_value = word->value,
                                    .new_value = value,
                                    .changed = lint->now,
                                    .filled = word->read,
                                    .operation = lint->order.now.operation};
}

static void forget(struct amdvi_lint *lint, struct lint_directory *d)
{
    d->used = false;
    lint->directories.open--;
}

/* ---------------------------------------------------------------- commands */

static bool is_all(const uint64_t words[2])
{
    return cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words)).shift >= CMD_RANGE_ALL;
}

/* GN=0 takes all that guests have along, whatever PDE says (6.4). */
static bool drops(const struct lint_directory *d, const uint64_t words[2])
{
    return cmd_inv_pages_pde(words) || (d->reach.guest && !cmd_inv_pages_gn(words));
}

/* A flush queue frees tables after it has flushed the whole domain: what comes before is for something else.
 */
static bool is_meant(const struct amdvi_lint *lint, const struct lint_directory *d, const uint64_t words[2])
{
    return lint_regime(lint, d->reach.domain) != AMDVI_LINT_QUEUED || is_all(words);
}

static void meet(struct amdvi_lint *lint, struct lint_directory *d, const struct amdvi_command_info *info,
                 const struct lint_slot *slot)
{
    const uint64_t *words = info->executed;

    if (!lint_reach_covered(&d->reach, words))
        return;
    if (drops(d, words)) {
        forget(lint, d);
        return;
    }
    if (d->close || !is_meant(lint, d, words))
        return;
    d->close = true;
    d->from_guest = info->guest;
    d->slot = *slot;
    memcpy(d->near, words, sizeof(d->near));
}

static void note_drop(struct amdvi_lint *lint, const uint64_t words[2])
{
    struct lint_directories *d = &lint->directories;

    if (!cmd_inv_pages_pde(words))
        return;
    d->drops[d->newest] = (struct lint_drop){.clock = lint->clock, .words = {words[0], words[1]}};
    d->newest = (d->newest + 1) % LINT_DROPS;
    if (is_all(words) && !cmd_inv_pages_gn(words))
        lint->regimes.domains[cmd_inv_pages_domainid(words)].emptied = lint->clock;
}

void lint_directory_command(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                            const struct lint_slot *slot)
{
    unsigned opcode = (unsigned)cmd_opcode(info->executed);

    if (opcode == CMD_INVALIDATE_IOMMU_PAGES)
        note_drop(lint, info->executed);
    else if (opcode == CMD_INVALIDATE_IOMMU_ALL && !info->guest)
        lint->directories.emptied = lint->clock;
    for (unsigned i = 0; i < LINT_DIRECTORIES && lint->directories.open; i++) {
        struct lint_directory *d = &lint->directories.all[i];
        if (d->used && opcode == CMD_INVALIDATE_IOMMU_ALL)
            forget(lint, d);
        else if (d->used && opcode == CMD_INVALIDATE_IOMMU_PAGES)
            meet(lint, d, info, slot);
    }
}

/* ---------------------------------------------------------------- findings */

static uint64_t table_of(const struct lint_directory *d)
{
    return d->reach.kind == WALK_GUEST ? v2_addr(d->old_value) : v1_addr(d->old_value);
}

static struct amdvi_lint_finding finding_of(const struct amdvi_lint *lint, const struct lint_directory *d)
{
    return (struct amdvi_lint_finding){.kind = AMDVI_LINT_STALE_ENTRY,
                                       .severity = AMDVI_LINT_MISTAKE,
                                       .at = lint->now,
                                       .request = {.device = d->reach.device,
                                                   .has_pasid = d->reach.guest,
                                                   .pasid = d->reach.pasid,
                                                   .address = d->reach.address},
                                       .cache = AMDVI_CACHE_PDC,
                                       .domain = d->reach.domain,
                                       .has_pasid = d->reach.guest,
                                       .pasid = d->reach.pasid,
                                       .got = table_of(d),
                                       .word = d->word,
                                       .old_value = d->old_value,
                                       .new_value = d->new_value,
                                       .changed = d->changed,
                                       .filled = d->filled,
                                       .first = d->reach.address,
                                       .last = d->reach.address + (d->reach.size - 1),
                                       .danger_records = lint->now.record - d->changed.record,
                                       .danger_ns = lint->now.ns - d->changed.ns,
                                       .entries = 1,
                                       .lack = AMDVI_LINT_LACKS_PDE,
                                       .near = {d->near[0], d->near[1]},
                                       .near_at = d->slot.at};
}

/* What devices have met is told as such; the rest of the same operation belongs to it. */
static void report(struct amdvi_lint *lint, struct lint_directory *d, enum amdvi_lint_proof proof)
{
    struct amdvi_lint_finding finding = finding_of(lint, d);

    finding.proof = proof;
    lint_need_range(&finding, d->reach.guest, true);
    forget(lint, d);
    if (lint->options.apart || !lint_group_told(lint, lint_group_of(&finding, d->operation), finding.entries))
        lint_report(lint, &finding);
}

void lint_directory_wait(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                         const struct lint_slot *slot)
{
    for (unsigned i = 0; i < LINT_DIRECTORIES && lint->directories.open; i++) {
        struct lint_directory *d = &lint->directories.all[i];
        if (!d->used || !d->close || d->from_guest != info->guest || slot->given.time < d->slot.given.time)
            continue;
        if (++d->waits >= lint->options.processors)
            report(lint, d, AMDVI_LINT_WAITED);
    }
}

void lint_directory_finish(struct amdvi_lint *lint)
{
    for (unsigned i = 0; i < LINT_DIRECTORIES; i++)
        if (lint->directories.all[i].used && lint->directories.all[i].close)
            report(lint, &lint->directories.all[i], AMDVI_LINT_NEVER);
}
