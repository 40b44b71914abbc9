// SPDX-License-Identifier: Apache-2.0
/* Stale answers that are held until a command covers them, or until it is proven that none did in time. */
#include "model/base/allocator.h"
#include "model/lint/lint.h"
#include "model/lookup/dtc.h"

/* ---------------------------------------------------------------- where cases are kept */

static bool same_case(const struct amdvi_lint_finding *a, const struct amdvi_lint_finding *b)
{
    return a->cache == b->cache && a->interrupt == b->interrupt && a->request.device == b->request.device &&
           a->domain == b->domain && a->pasid == b->pasid && a->index == b->index && a->first == b->first &&
           a->word == b->word && a->changed.record == b->changed.record;
}

static uint32_t bucket_of(const struct amdvi_lint_finding *f)
{
    uint64_t id = (uint64_t)f->request.device << 48 | (uint64_t)f->domain << 32 | f->pasid;

    return (uint32_t)cache_hash(f->word ^ f->first ^ f->index, id) % LINT_BUCKETS;
}

static struct lint_case *find(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding)
{
    struct lint_cases *cases = &lint->cases;

    for (uint32_t at = cases->buckets[bucket_of(finding)]; at; at = cases->all[at - 1].next)
        if (same_case(&cases->all[at - 1].finding, finding))
            return &cases->all[at - 1];
    return NULL;
}

static bool grow(struct amdvi_lint *lint)
{
    struct lint_cases *cases = &lint->cases;
    uint32_t capacity = cases->capacity ? cases->capacity * 2 : LINT_CASES_FIRST;
    struct lint_case *all =
        capacity > LINT_CASES_MAX ? NULL : allocate_zeroed(&lint->allocator, sizeof(*all) * capacity);

    if (!all)
        return false;
    if (cases->all)
        memcpy(all, cases->all, sizeof(*all) * cases->high);
    release(&lint->allocator, cases->all);
    cases->all = all;
    cases->capacity = capacity;
    return true;
}

static struct lint_case *place(struct amdvi_lint *lint)
{
    struct lint_cases *cases = &lint->cases;
    uint32_t at = cases->free;

    if (at) {
        cases->free = cases->all[at - 1].next;
        return &cases->all[at - 1];
    }
    if (cases->high == cases->capacity && !grow(lint))
        return NULL;
    return &cases->all[cases->high++];
}

static void insert(struct amdvi_lint *lint, struct lint_case *c)
{
    struct lint_cases *cases = &lint->cases;

    c->bucket = bucket_of(&c->finding);
    c->next = cases->buckets[c->bucket];
    cases->buckets[c->bucket] = (uint32_t)(c - cases->all) + 1;
    lint_chain_add(cases, c);
    cases->open++;
}

static void withdraw(struct amdvi_lint *lint, struct lint_case *c)
{
    struct lint_cases *cases = &lint->cases;
    uint32_t self = (uint32_t)(c - cases->all) + 1, *link = &cases->buckets[c->bucket];

    while (*link != self)
        link = &cases->all[*link - 1].next;
    *link = c->next;
    lint_chain_remove(cases, c);
    c->used = false;
    c->next = cases->free;
    cases->free = self;
    cases->open--;
}

void lint_cases_free(struct amdvi_lint *lint)
{
    release(&lint->allocator, lint->cases.all);
    lint->cases.all = NULL;
}

/* ---------------------------------------------------------------- proofs */

static bool queues(const struct amdvi_lint *lint, const struct lint_case *c)
{
    bool pages = c->finding.cache != AMDVI_CACHE_DTC && c->finding.cache != AMDVI_CACHE_ITC;

    return pages && lint_regime(lint, c->finding.domain) == AMDVI_LINT_QUEUED;
}

static bool synchronous(const struct amdvi_lint *lint, const struct lint_case *c)
{
    bool pages = c->finding.cache != AMDVI_CACHE_DTC && c->finding.cache != AMDVI_CACHE_ITC;

    return !pages || lint_regime(lint, c->finding.domain) == AMDVI_LINT_SYNCHRONOUS;
}

/* A queue's promise: so many changes, so long. */
static bool overdue(struct amdvi_lint *lint, const struct lint_case *c)
{
    const struct amdvi_lint_finding *f = &c->finding;
    uint64_t patience = lint->options.patience_records;

    if (!f->changed.record)
        return false;
    if (patience && lint->now.record - f->changed.record >= patience)
        return true;
    if (lint->now.ns - f->changed.ns > lint->options.queue_ns)
        return true;
    return !synchronous(lint, c) &&
           lint->regimes.domains[f->domain].bursts - c->bursts > lint->options.queue_entries;
}

static void convict(struct lint_case *c, enum amdvi_lint_proof proof)
{
    if (c->guilty)
        return;
    c->guilty = true;
    c->finding.proof = proof;
    if (proof == AMDVI_LINT_NOT_WAITED)
        c->finding.kind = AMDVI_LINT_MISSING_WAIT;
}

/* An answer proves it by itself. */
static void judge_answer(struct amdvi_lint *lint, struct lint_case *c, bool reused)
{
    if (c->changed.time < lint->order.relied)
        convict(c, AMDVI_LINT_RELIED);
    else if (reused)
        convict(c, AMDVI_LINT_REUSED);
    else if (overdue(lint, c))
        convict(c, AMDVI_LINT_OVERDUE);
}

static void judge_waits(const struct amdvi_lint *lint, struct lint_case *c)
{
    if (!c->covered && c->waits >= lint->options.processors && synchronous(lint, c))
        convict(c, AMDVI_LINT_WAITED);
}

/* ---------------------------------------------------------------- what came close */

static void note_near(struct amdvi_lint_finding *f, enum amdvi_lint_lack lack, const uint64_t words[2],
                      const struct lint_slot *slot)
{
    f->lack = lack;
    memcpy(f->near, words, sizeof(f->near));
    f->near_at = slot->at;
}

/* The newest of the closest; of a command that only was not waited for, itself. */
static void find_near(const struct amdvi_lint *lint, struct lint_case *c)
{
    const struct lint_cases *cases = &lint->cases;
    uint64_t known = cases->executed < LINT_HISTORY ? cases->executed : LINT_HISTORY;

    for (uint64_t i = 0; i < known && !c->covered; i++) {
        const struct lint_executed *e = &cases->history[(cases->executed - 1 - i) % LINT_HISTORY];
        uint64_t missed;
        enum amdvi_lint_lack lack = lint_case_lacks(c, e->words, &missed);

        if (e->slot.given.time <= c->changed.time)
            break;
        if (lack < c->finding.lack || lack == AMDVI_LINT_NO_COMMAND ||
            (lack == c->finding.lack && missed >= c->finding.missed))
            continue;
        c->finding.missed = missed;
        c->finding.late = lack == AMDVI_LINT_LACKS_RANGE && lint_case_before(c, e->words);
        note_near(&c->finding, lack, e->words, &e->slot);
    }
}

void lint_cases_remember(struct amdvi_lint *lint, const uint64_t words[2], const struct lint_slot *slot)
{
    struct lint_executed *e = &lint->cases.history[lint->cases.executed++ % LINT_HISTORY];

    memcpy(e->words, words, sizeof(e->words));
    e->slot = *slot;
}

static void close_case(struct amdvi_lint *lint, struct lint_case *c)
{
    if (!c->reported) {
        lint->statistics.windows++;
        c->finding.severity = AMDVI_LINT_WINDOW;
        if (lint->options.windows)
            lint_report(lint, &c->finding);
    }
    withdraw(lint, c);
}

/* ---------------------------------------------------------------- a stale answer */

/* No silent loss: once it is told that some are not followed. */
static void lose(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding)
{
    struct amdvi_lint_finding note = *finding;

    lint->statistics.lost++;
    if (lint->cases.loss_told)
        return;
    lint->cases.loss_told = true;
    note.severity = AMDVI_LINT_NOTE;
    note.times = 1;
    lint_report(lint, &note);
}

static struct lint_case *open_case(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding,
                                   bool guest, uint64_t size)
{
    const struct dte *dte = dtc_peek(lint->device, finding->request.device);
    const struct lint_word *word = finding->word ? lint_word(lint, finding->word) : NULL;
    struct lint_case *c = place(lint);

    if (!c)
        return NULL;
    *c = (struct lint_case){.used = true,
                            .finding = *finding,
                            .guest = guest,
                            .size = size,
                            .owned = dte && dte->vimu,
                            .owner = dte && dte->vimu ? dte->guest_id : 0,
                            .changed = word ? word->moment : lint->order.now,
                            .bursts = word ? word->bursts : lint->regimes.domains[finding->domain].bursts};
    c->finding.entries = 1;
    c->finding.has_guest = c->owned;
    c->finding.guest = c->owner;
    c->finding.guest_device = dte && c->owned ? dte->guest_device : 0;
    c->waits = lint_order_waits(&lint->order, c->changed.time);
    insert(lint, c);
    return c;
}

void lint_hold(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding, bool guest, uint64_t size)
{
    const struct lint_word *word = finding->word ? lint_word(lint, finding->word) : NULL;
    struct lint_case *c = find(lint, finding);

    lint->statistics.stale++;
    if (c && c->covered) { /* what was dropped has hidden another entry */
        if (!c->parked)
            close_case(lint, c);
        c = NULL;
    }
    if (!c)
        c = open_case(lint, finding, guest, size);
    if (!c) {
        lose(lint, finding);
        return;
    }
    c->finding.times++;
    judge_answer(lint, c, word && word->reused && finding->should_perm);
    judge_waits(lint, c);
    if (c->guilty && !c->reported) {
        find_near(lint, c);
        lint_tell_guilty(lint);
    }
}

/* ---------------------------------------------------------------- what becomes of it */

static bool is_all(const uint64_t words[2])
{
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(words), cmd_inv_pages_s(words));

    return cmd_opcode(words) == CMD_INVALIDATE_IOMMU_ALL || range.shift >= CMD_RANGE_ALL;
}

/* Other waits came before. Of a driver that is not known yet a range comes too late, since queues send none;
 * for the whole domain it has to be seen. */
static bool is_late(const struct amdvi_lint *lint, const struct lint_case *c)
{
    return c->waits >= lint->options.processors && !queues(lint, c);
}

static void cover(struct amdvi_lint *lint, struct lint_case *c, const uint64_t words[2], bool guest,
                  const struct lint_slot *slot)
{
    bool late = is_late(lint, c), known = synchronous(lint, c) || !is_all(words);

    if (late && known)
        convict(c, AMDVI_LINT_WAITED);
    if (c->guilty && !c->reported) {
        find_near(lint, c);
        lint_tell_guilty(lint);
    }
    if (c->guilty || guest || queues(lint, c)) {
        close_case(lint, c);
        return;
    }
    lint_chain_remove(&lint->cases, c);
    c->covered = true;
    lint_chain_add(&lint->cases, c);
    c->parked = late && !guest;
    c->covered_operation = slot->given.operation;
    note_near(&c->finding, AMDVI_LINT_NO_COMMAND, words, slot);
}

/* The driver has gone on: so many operations later it gives commands, and there was no wait. */
static bool went_on(const struct amdvi_lint *lint, const struct lint_case *c, uint64_t operation)
{
    return c->covered && operation >= c->covered_operation + lint->options.processors;
}

/* The manner of its driver is known now: true if that makes it a mistake. */
static bool unpark(struct amdvi_lint *lint, struct lint_case *c)
{
    if (queues(lint, c))
        close_case(lint, c);
    else if (synchronous(lint, c))
        convict(c, AMDVI_LINT_WAITED);
    else
        return false;
    return c->used && !c->reported;
}

/* Those that were covered before. */
static bool look_after_pending(struct amdvi_lint *lint, bool guest, uint64_t operation)
{
    struct lint_cases *cases = &lint->cases;
    bool guilty = false;

    for (uint32_t at = cases->chains[LINT_CHAIN_PENDING].first, next; at; at = next) {
        struct lint_case *c = &cases->all[at - 1];
        next = c->chain_next;
        if (c->parked) {
            guilty |= unpark(lint, c);
        } else if (!guest && went_on(lint, c, operation)) {
            convict(c, AMDVI_LINT_NOT_WAITED);
            guilty |= !c->reported;
        }
    }
    return guilty;
}

static void cover_chain(struct amdvi_lint *lint, unsigned chain, const struct amdvi_command_info *info,
                        const struct lint_slot *slot)
{
    struct lint_cases *cases = &lint->cases;

    for (uint32_t at = cases->chains[chain].first, next; at; at = next) {
        struct lint_case *c = &cases->all[at - 1];
        next = c->chain_next;
        if (lint_case_covered(lint->device, c, info->executed, info))
            cover(lint, c, info->executed, info->guest, slot);
    }
}

void lint_cases_command(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                        const struct lint_slot *slot)
{
    unsigned chain = lint_chain_for(info->executed);
    bool all = chain == LINT_CHAINS;

    if (!lint->cases.open)
        return;
    if (look_after_pending(lint, info->guest, slot->given.operation))
        lint_tell_guilty(lint);
    for (unsigned i = all ? 0 : chain; i < (all ? LINT_CHAINS : chain + 1); i++)
        cover_chain(lint, i, info, slot);
}

static bool waits_for_itself(const struct amdvi_command_info *info, const struct lint_case *c)
{
    return info->guest ? c->owned && c->owner == info->guest_id : true;
}

/* The wait behind an invalidation: in the same operation of the driver, or those of other processors. */
static void settle(struct amdvi_lint *lint, struct lint_case *c, const struct lint_slot *slot)
{
    if (went_on(lint, c, slot->given.operation))
        convict(c, AMDVI_LINT_NOT_WAITED);
    else
        close_case(lint, c);
}

void lint_cases_wait(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                     const struct lint_slot *slot)
{
    bool guilty = false;

    for (uint32_t i = 0; i < lint->cases.high && lint->cases.open; i++) {
        struct lint_case *c = &lint->cases.all[i];
        if (!c->used || !waits_for_itself(info, c))
            continue;
        if (c->parked) {
            guilty |= unpark(lint, c);
            continue;
        }
        if (c->covered)
            settle(lint, c, slot);
        else if (slot->given.time > c->changed.time)
            c->waits++;
        judge_waits(lint, c);
        if (c->used && c->guilty && !c->reported) {
            find_near(lint, c);
            guilty = true;
        }
    }
    if (guilty)
        lint_tell_guilty(lint);
}

void lint_cases_drop(struct amdvi_lint *lint)
{
    for (uint32_t i = 0; i < lint->cases.high; i++)
        if (lint->cases.all[i].used)
            close_case(lint, &lint->cases.all[i]);
}

void lint_cases_finish(struct amdvi_lint *lint)
{
    for (uint32_t i = 0; i < lint->cases.high; i++) {
        struct lint_case *c = &lint->cases.all[i];
        if (!c->used || c->reported)
            continue;
        if (c->parked || (c->covered && !went_on(lint, c, lint->order.now.operation))) {
            close_case(lint, c);
            continue;
        }
        convict(c, c->covered ? AMDVI_LINT_NOT_WAITED : AMDVI_LINT_NEVER);
        find_near(lint, c);
    }
    lint_tell_guilty(lint);
}
