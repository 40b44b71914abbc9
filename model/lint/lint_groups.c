// SPDX-License-Identifier: Apache-2.0
/* Findings that belong together are told once: the entries that one operation of the driver changed, or,
 * where the host says so, one place in the driver. */
#include "model/lint/lint.h"

uint64_t lint_group(enum amdvi_lint_kind kind, uint64_t what, uint64_t which)
{
    return cache_hash(what, which) ^ cache_hash((uint64_t)kind + 1, 0);
}

bool lint_group_told(struct amdvi_lint *lint, uint64_t group, uint64_t entries)
{
    struct lint_cases *cases = &lint->cases;

    for (unsigned i = 0; i < LINT_GROUPS; i++)
        if (cases->groups[i] == group) {
            lint->statistics.grouped += entries;
            return true;
        }
    cases->groups[cases->next_group++ % LINT_GROUPS] = group;
    return false;
}

static bool of_pages(const struct amdvi_lint_finding *f)
{
    return f->cache != AMDVI_CACHE_DTC && f->cache != AMDVI_CACHE_ITC;
}

uint64_t lint_group_of(const struct amdvi_lint_finding *f, uint64_t operation)
{
    uint64_t who = of_pages(f) ? (uint64_t)f->pasid << 16 | f->domain : f->request.device;
    uint64_t place = f->changed.place;

    return lint_group(f->kind, who << 8 | (uint64_t)f->cache << 1 | f->has_pasid,
                      place ? place : operation << 1 | (uint64_t)1 << 63);
}

static uint64_t group_of(const struct lint_case *c)
{
    return lint_group_of(&c->finding, c->changed.operation);
}

static void merge(struct amdvi_lint_finding *f, const struct amdvi_lint_finding *other)
{
    f->times += other->times;
    f->entries += other->entries;
    if (!of_pages(f))
        return;
    if (other->first < f->first)
        f->first = other->first;
    if (other->last > f->last)
        f->last = other->last;
    if (other->lack > f->lack) {
        f->lack = other->lack;
        f->missed = other->missed;
        f->late = other->late;
        f->near_at = other->near_at;
        memcpy(f->near, other->near, sizeof(f->near));
    }
    lint_need_range(f, cmd_inv_pages_gn(f->needed),
                    cmd_inv_pages_pde(f->needed) || cmd_inv_pages_pde(other->needed));
}

static bool waits_to_be_told(const struct lint_case *c)
{
    return c->used && c->guilty && !c->reported;
}

static void tell(struct amdvi_lint *lint, uint32_t at)
{
    struct lint_case *all = lint->cases.all;
    struct amdvi_lint_finding finding = all[at].finding;
    uint64_t group = group_of(&all[at]);

    all[at].reported = true;
    for (uint32_t i = at + 1; i < lint->cases.high; i++) {
        if (lint->options.apart || !waits_to_be_told(&all[i]) || group_of(&all[i]) != group)
            continue;
        all[i].reported = true;
        merge(&finding, &all[i].finding);
    }
    finding.severity = AMDVI_LINT_MISTAKE;
    if (lint->options.apart || !lint_group_told(lint, group, finding.entries))
        lint_report(lint, &finding);
}

void lint_tell_guilty(struct amdvi_lint *lint)
{
    for (uint32_t i = 0; i < lint->cases.high; i++)
        if (waits_to_be_told(&lint->cases.all[i]))
            tell(lint, i);
}
