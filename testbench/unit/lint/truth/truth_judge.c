// SPDX-License-Identifier: Apache-2.0
/* What devices ask, what is true, and whether the lint knew. */
#include "testbench/unit/lint/truth/truth.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint16_t truth_domain_id(unsigned domain)
{
    return (uint16_t)(7 + domain);
}

/* The last one has guest tables. */
uint16_t truth_device(unsigned domain)
{
    return (uint16_t)(0x100 + 8 * domain);
}

uint64_t truth_address(unsigned domain, unsigned page)
{
    return 0x10000 + UINT64_C(0x1000) * page;
}

/* ---------------------------------------------------------------- what may have made it stale */

void truth_changed(struct truth *t, unsigned domain, unsigned page)
{
    struct truth_page *p = &t->pages[domain][page];

    if (p->count && p->operations[p->count - 1] == t->now)
        return;
    if (p->count == TRUTH_CANDIDATES) /* the oldest but one goes */
        memmove(&p->operations[1], &p->operations[2], sizeof(p->operations[0]) * (--p->count - 1));
    p->operations[p->count++] = t->now;
}

/* A directory that nobody invalidated stays, and may be right by chance when it is changed back. */
void truth_flushed(struct truth *t, unsigned domain, unsigned page)
{
    struct truth_page *p = &t->pages[domain][page];
    unsigned kept = 0;

    for (unsigned i = 0; i < p->count; i++) {
        const struct operation *o = &t->operations[p->operations[i]];
        if (o->directory && o->fault)
            p->operations[kept++] = p->operations[i];
    }
    p->count = kept;
}

static bool in_time(const struct truth *t, const struct operation *o)
{
    return o->queued && o->fault != FAULT_REUSED && t->ns - o->ns <= QUEUE_NS &&
           t->queue_entries - o->entries <= QUEUE_ENTRIES;
}

/* A wrong answer may be the fault of each of them: it is only for sure when none is excused. */
static bool excused(const struct truth *t, const struct truth_page *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        const struct operation *o = &t->operations[p->operations[i]];
        if (o->under_way || in_time(t, o))
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- requests */

static unsigned permissions(const struct amdvi_result *result)
{
    return result->ok ? result->perm : 0;
}

static bool is_stale(const struct amdvi_result *got, const struct amdvi_result *now)
{
    if (!permissions(got))
        return permissions(now) != 0;
    return !permissions(now) || got->pa != now->pa;
}

static void note_stale(struct truth *t, const struct truth_page *p)
{
    if (excused(t, p)) {
        t->windows++;
        return;
    }
    t->mistakes++;
    if (t->wrong_count < TRUTH_WRONG)
        t->wrong[t->wrong_count++] = *p;
}

void truth_ask(struct truth *t)
{
    unsigned domain = (unsigned)truth_draw(t, TRUTH_DOMAINS), page = (unsigned)truth_draw(t, TRUTH_PAGES);
    bool guest = domain == TRUTH_DOMAINS - 1;
    struct amdvi_request request = {.device = truth_device(domain),
                                    .op = truth_draw(t, 3) ? AMDVI_READ : AMDVI_WRITE,
                                    .has_pasid = guest,
                                    .pasid = guest ? TRUTH_PASID : 0,
                                    .address = truth_address(domain, page) + truth_draw(t, 64) * 8,
                                    .length = 8};
    struct amdvi_result got, now;

    truth_step(t);
    amdvi_translate(t->twin, &request, &now);
    amdvi_translate(t->m.device, &request, &got);
    t->answers++;
    if (is_stale(&got, &now))
        note_stale(t, &t->pages[domain][page]);
    else if (permissions(
                 &got)) /* what is cached is what memory says; a refusal may come by a stale directory */
        truth_flushed(t, domain, page);
}

/* ---------------------------------------------------------------- the verdict */

static void fail(struct truth *t, const char *failure)
{
    if (!t->failure)
        t->failure = failure;
}

/* Which operation a finding names. */
static struct operation *named(struct truth *t, const struct amdvi_lint_finding *f)
{
    bool command = f->proof == AMDVI_LINT_NOT_WAITED || !f->changed.record;
    uint64_t record = command ? f->near_at.record : f->changed.record;

    return &t->operations[t->of_record[record % TRUTH_RECORDS]];
}

static void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    struct truth *t = context;
    struct operation *o = named(t, finding);

    if (finding->severity != AMDVI_LINT_MISTAKE)
        return;
    t->found_by[finding->proof]++;
    o->found = t->operations[t->of_record[finding->changed.record % TRUTH_RECORDS]].found = true;
    if (o->fault != FAULT_NONE || t->failure)
        return;
    snprintf(t->text, sizeof(t->text), "a finding about operation %td, which is right: %.800s",
             o - t->operations, finding->text);
    fail(t, t->text);
}

void truth_attach(struct truth *t, enum amdvi_lint_regime regime)
{
    struct amdvi_lint_options options = {
        .context = t, .finding = on_finding, .regime = regime, .apart = true, .told = t->told};

    if (amdvi_lint_create(t->m.device, &options, &t->lint) != AMDVI_OK)
        fail(t, "no lint");
}

static bool is_found(const struct truth *t, const struct truth_page *p)
{
    for (unsigned i = 0; i < p->count; i++)
        if (t->operations[p->operations[i]].found)
            return true;
    return false;
}

bool truth_judge(struct truth *t)
{
    amdvi_lint_finish(t->lint);
    for (unsigned i = 0; i < t->wrong_count && !t->failure; i++) {
        const struct truth_page *p = &t->wrong[i];
        if (is_found(t, p))
            continue;
        snprintf(t->text, sizeof(t->text),
                 "a wrong answer without a finding, after operation %" PRIu32 " (fault %d)", p->operations[0],
                 t->operations[p->operations[0]].fault);
        fail(t, t->text);
    }
    return !t->failure;
}
