// SPDX-License-Identifier: Apache-2.0
#include "model/lint/lint.h"

#include "tables/layout.h"

/* Weights of evidence: a queue never sends ranges; a whole domain is also what simple drivers send at once.
 */
enum { RANGE_AT_ONCE = 16, ALL_AT_ONCE = 1, LATE = 1, ENOUGH = 16, EVIDENCE_MAX = 4096 };
/* At once: that many answers and nanoseconds may lie between change and command. */
enum { PROMPT_ANSWERS = 8, PROMPT_NS = 1000000 };

/* ---------------------------------------------------------------- changes */

/* Rights and page that an entry gives; accessed bits and what software keeps there do not count. */
static bool takes_away(const struct lint_reach *reach, uint64_t old, uint64_t value)
{
    if (!v1_pr(old)) /* PR of host tables, P of guest tables */
        return false;
    if (reach->kind == WALK_GUEST)
        return !v2_p(value) || v2_addr(old) != v2_addr(value) || v2_rw(old) > v2_rw(value) ||
               v2_us(old) > v2_us(value) || v2_nx(old) < v2_nx(value) || v2_d(old) > v2_d(value);
    return !v1_pr(value) || v1_addr(old) != v1_addr(value) || v1_ir(old) > v1_ir(value) ||
           v1_iw(old) > v1_iw(value) || v1_d(old) > v1_d(value);
}

void lint_regime_write(struct lint_regimes *regimes, uint64_t spa, uint64_t length)
{
    bool next_table = spa % 4096 == 0 && regimes->written % 4096 == 0;

    regimes->burst += spa != regimes->written && !next_table;
    regimes->written = spa + length;
}

static void count_burst(struct lint_domain *domain, uint64_t burst)
{
    domain->bursts += domain->burst != burst;
    domain->burst = burst;
}

bool lint_regime_change(struct amdvi_lint *lint, const struct lint_word *word, uint64_t value)
{
    struct lint_regimes *r = &lint->regimes;
    struct lint_removal *slot = &r->removals[r->next];
    const struct lint_reach *reach = &word->reach;

    if (!reach->known || !takes_away(reach, word->value, value))
        return false;
    if (!reach->leaf) {
        r->domains[reach->domain].directories = true;
        return true;
    }
    count_burst(&r->domains[reach->domain], r->burst);
    r->next = (r->next + 1) % LINT_REMOVALS;
    r->open += !slot->used;
    *slot = (struct lint_removal){.used = true,
                                  .reach = *reach,
                                  .moment = lint->order.now,
                                  .ns = lint->now.ns,
                                  .answers = lint->statistics.checked};
    return false;
}

/* ---------------------------------------------------------------- commands */

bool lint_reach_covered(const struct lint_reach *reach, const uint64_t words[2])
{
    bool guest = cmd_inv_pages_gn(words);
    struct cmd_range range;

    if (cmd_inv_pages_domainid(words) != reach->domain || (guest && !reach->guest))
        return false;
    if (!guest && reach->guest)
        return true;
    if (guest && cmd_inv_pages_pasid(words) != reach->pasid)
        return false;
    range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));
    return range.shift >= CMD_RANGE_ALL ||
           (reach->address + (reach->size - 1) >= range.base &&
            reach->address <= range.base + (((uint64_t)1 << range.shift) - 1));
}

static bool is_prompt(const struct amdvi_lint *lint, const struct lint_removal *removal)
{
    return !lint_order_waits(&lint->order, removal->moment.time) &&
           lint->statistics.checked - removal->answers < PROMPT_ANSWERS &&
           lint->now.ns - removal->ns < PROMPT_NS;
}

static void halve(struct lint_domain *domain)
{
    if (domain->at_once < EVIDENCE_MAX && domain->queued < EVIDENCE_MAX)
        return;
    domain->at_once /= 2;
    domain->queued /= 2;
}

/* A range says by itself what it is; of a whole domain all that it covers must be new. */
static void learn(struct lint_domain *domain, unsigned covered, unsigned late, bool all)
{
    unsigned at_once = !all ? RANGE_AT_ONCE * (covered - late) : late ? 0 : ALL_AT_ONCE;
    unsigned queued = all && !late ? 0 : LATE * late;

    domain->at_once = (uint16_t)(domain->at_once + at_once);
    domain->queued = (uint16_t)(domain->queued + queued);
    halve(domain);
}

/* PDE=1 throws directories away, and all walks after that are longer. */
static void count_directories(struct amdvi_lint *lint, const uint64_t words[2], unsigned covered)
{
    struct lint_domain *domain = &lint->regimes.domains[cmd_inv_pages_domainid(words)];

    if (!cmd_inv_pages_pde(words))
        return;
    if (lint->options.costs && covered && !domain->directories) {
        lint->statistics.superfluous_pde++;
        lint->statistics.directories_lost += lint_directories_covered(lint->device, words);
    }
    domain->directories = false;
}

static void report_unwaited(struct amdvi_lint *lint, const struct lint_unwaited *u)
{
    struct amdvi_lint_finding finding = {.kind = AMDVI_LINT_MISSING_WAIT,
                                         .severity = AMDVI_LINT_MISTAKE,
                                         .at = lint->now,
                                         .domain = u->domain,
                                         .near = {u->words[0], u->words[1]},
                                         .near_at = u->given,
                                         .proof = AMDVI_LINT_NOT_WAITED,
                                         .times = 1};

    if (!lint_group_told(lint, lint_group(finding.kind, u->domain, u->given.place), 1))
        lint_report(lint, &finding);
}

/* Later commands of so many operations of the driver, and no wait: it has not waited. */
static void check_unwaited(struct amdvi_lint *lint, const struct lint_slot *slot)
{
    struct lint_unwaited *u = &lint->regimes.unwaited;

    if (!u->open || slot->given.operation < u->operation + lint->options.processors)
        return;
    u->open = false;
    report_unwaited(lint, u);
}

static void owe_wait(struct amdvi_lint *lint, const struct lint_removal *removal, const uint64_t words[2],
                     const struct lint_slot *slot)
{
    struct lint_unwaited *u = &lint->regimes.unwaited;

    if (u->open)
        return;
    *u = (struct lint_unwaited){.open = true,
                                .operation = slot->given.operation,
                                .domain = removal->reach.domain,
                                .given = slot->at,
                                .words = {words[0], words[1]}};
}

void lint_regime_command(struct amdvi_lint *lint, const uint64_t words[2], const struct lint_slot *slot)
{
    struct lint_regimes *r = &lint->regimes;
    bool everything = cmd_opcode(words) == CMD_INVALIDATE_IOMMU_ALL;
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));

    struct lint_domain *domain = NULL; /* of INVALIDATE_IOMMU_ALL any of them */
    unsigned covered = 0, late = 0;

    check_unwaited(lint, slot);
    for (unsigned i = 0; i < LINT_REMOVALS && r->open; i++) {
        struct lint_removal *removal = &r->removals[i];
        if (!removal->used || !(everything || lint_reach_covered(&removal->reach, words)))
            continue;
        domain = &r->domains[removal->reach.domain];
        covered++;
        late += !is_prompt(lint, removal);
        owe_wait(lint, removal, words, slot);
        removal->used = false;
        r->open--;
    }
    if (!everything)
        count_directories(lint, words, covered);
    if (covered)
        learn(domain, covered, late, everything || range.shift >= CMD_RANGE_ALL);
}

void lint_regime_wait(struct amdvi_lint *lint, const struct lint_slot *slot)
{
    check_unwaited(lint, slot);
    lint->regimes.unwaited.open = false;
}

void lint_regime_forget(struct lint_regimes *regimes)
{
    memset(regimes->removals, 0, sizeof(regimes->removals));
    regimes->open = regimes->next = 0;
    regimes->unwaited.open = false;
}

/* ---------------------------------------------------------------- the verdict */

enum amdvi_lint_regime lint_regime(const struct amdvi_lint *lint, uint16_t domain)
{
    const struct lint_domain *d = &lint->regimes.domains[domain];

    if (lint->options.regime != AMDVI_LINT_AUTO)
        return lint->options.regime;
    if (d->queued >= d->at_once + ENOUGH)
        return AMDVI_LINT_QUEUED;
    return d->at_once >= d->queued + ENOUGH ? AMDVI_LINT_SYNCHRONOUS : AMDVI_LINT_AUTO;
}

enum amdvi_lint_regime amdvi_lint_regime_of(const struct amdvi_lint *lint, uint16_t domain)
{
    return lint ? lint_regime(lint, domain) : AMDVI_LINT_AUTO;
}
