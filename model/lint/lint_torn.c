// SPDX-License-Identifier: Apache-2.0
#include "model/lint/lint.h"

#include "tables/layout.h"

enum { WHOLE = 16 }; /* a live entry may be written in halves of 16 bytes */

static unsigned words_of(bool interrupt)
{
    return interrupt ? 2 : DTE_BYTES / 8;
}

/* ---------------------------------------------------------------- which entry */

static bool is_dte(const struct amdvi_lint *lint, uint64_t spa, uint64_t *entry, uint16_t *device)
{
    const struct dte_segments *s = &lint->device->segments;

    for (unsigned i = 0; i < 1u << s->log2; i++) {
        uint64_t offset = spa - s->base[i];
        if (offset >= (uint64_t)s->entries[i] * DTE_BYTES)
            continue;
        *entry = s->base[i] + offset / DTE_BYTES * DTE_BYTES;
        *device = (uint16_t)((uint64_t)i << (16 - s->log2) | offset / DTE_BYTES);
        return true;
    }
    return false;
}

/* Entries of 4 bytes cannot be torn. */
static bool is_irte(struct amdvi_lint *lint, uint64_t spa)
{
    const struct lint_word *word = lint_word(lint, spa & ~(uint64_t)15);

    return word && word->interrupt && irte_bytes(&lint->device->env) == 16;
}

/* The entry as the lint knows it: all of its words were read by hardware. */
static bool load(struct amdvi_lint *lint, uint64_t entry, bool interrupt, uint64_t raw[4])
{
    for (unsigned i = 0; i < words_of(interrupt); i++) {
        const struct lint_word *word = lint_word(lint, entry + UINT64_C(8) * i);
        if (!word)
            return false;
        raw[i] = word->value;
    }
    return true;
}

struct torn_write lint_torn_before(struct amdvi_lint *lint, uint64_t spa, uint64_t length)
{
    struct torn_write write = {.meets = length <= DTE_BYTES};

    if (write.meets && !is_dte(lint, spa, &write.entry, &write.device)) {
        write.interrupt = write.meets = is_irte(lint, spa);
        write.entry = spa & ~(uint64_t)15;
    }
    write.meets = write.meets && load(lint, write.entry, write.interrupt, write.before);
    return write;
}

/* ---------------------------------------------------------------- what a state between would do */

static bool same(const uint64_t *a, const uint64_t *b, unsigned words)
{
    return memcmp(a, b, words * sizeof(*a)) == 0;
}

/* With TV=0 every request is refused, whatever the other words hold: a door that drivers close first. */
static bool live(const uint64_t *raw, bool interrupt)
{
    return interrupt ? irte_remapen(raw) : dte_v(raw) && dte_tv(raw);
}

static bool same_host_table(const uint64_t *a, const uint64_t *b)
{
    return dte_mode(a) == dte_mode(b) && dte_host_root(a) == dte_host_root(b);
}

/* Translations of one table would be cached under the DomainID of the other: no later command for the right
 * one drops them. */
static bool mixes_domains(const struct lint_torn *t, const uint64_t *raw, const uint64_t *now)
{
    bool as_before = same_host_table(raw, t->before) && dte_domainid(raw) == dte_domainid(t->before);
    bool as_now = same_host_table(raw, now) && dte_domainid(raw) == dte_domainid(now);

    return !as_before && !as_now;
}

static bool is_harmful(const struct lint_torn *t, const uint64_t *raw, const uint64_t *now)
{
    unsigned words = words_of(t->interrupt);

    if (!live(t->before, t->interrupt) && !live(now, t->interrupt))
        return false;
    if (!live(raw, t->interrupt) || same(raw, t->before, words) || same(raw, now, words))
        return false;
    return t->interrupt || mixes_domains(t, raw, now);
}

static void report(struct amdvi_lint *lint, const struct torn_state *state, bool was_read)
{
    const struct lint_torn *t = &lint->torn;
    struct amdvi_lint_finding finding = {.kind = t->interrupt ? AMDVI_LINT_TORN_IRTE : AMDVI_LINT_TORN_DTE,
                                         .severity = was_read ? AMDVI_LINT_MISTAKE : AMDVI_LINT_NOTE,
                                         .at = state->at,
                                         .interrupt = t->interrupt,
                                         .request.device = t->device,
                                         .cache = t->interrupt ? AMDVI_CACHE_ITC : AMDVI_CACHE_DTC,
                                         .domain = t->interrupt ? 0 : (uint16_t)dte_domainid(state->raw),
                                         .word = state->word,
                                         .got = state->raw[0],
                                         .should = state->raw[1],
                                         .filled = state->read_at,
                                         .changed = state->at,
                                         .times = 1};

    cmd_inv_devtab_set_opcode(finding.needed, CMD_INVALIDATE_DEVTAB_ENTRY);
    cmd_inv_devtab_set_deviceid(finding.needed, t->device);
    if (was_read || !lint_group_told(lint, lint_group(finding.kind, state->word % DTE_BYTES, 1), 1))
        lint_report(lint, &finding);
}

/* ---------------------------------------------------------------- an update */

/* Hardware has read the entry, and another piece comes. */
static void report_read(struct amdvi_lint *lint, const uint64_t *raw)
{
    struct lint_torn *t = &lint->torn;
    struct torn_state *state = &t->states[t->count - 1];

    if (!state->read || state->whole || !live(raw, t->interrupt) ||
        same(raw, t->before, words_of(t->interrupt)))
        return;
    state->told = true;
    report(lint, state, true);
}

/* Only now is it known which entry was meant: the last state. */
void lint_torn_end(struct amdvi_lint *lint)
{
    struct lint_torn *t = &lint->torn;
    const uint64_t *now = t->count ? t->states[t->count - 1].raw : t->before;

    for (unsigned i = 0; t->open && i + 1 < t->count; i++)
        if (!t->states[i].told && !t->states[i].whole && is_harmful(t, t->states[i].raw, now))
            report(lint, &t->states[i], false);
    t->open = false;
}

static void begin(struct amdvi_lint *lint, const struct torn_write *write)
{
    struct lint_torn *t = &lint->torn;

    lint_torn_end(lint);
    *t = (struct lint_torn){
        .open = true, .interrupt = write->interrupt, .entry = write->entry, .device = write->device};
    memcpy(t->before, write->before, sizeof(t->before));
}

void lint_torn_after(struct amdvi_lint *lint, const struct torn_write *write, uint64_t spa, uint64_t length)
{
    struct lint_torn *t = &lint->torn;
    uint64_t time = lint->order.now.time;
    struct torn_state *state;

    if (!write->meets) {
        lint_torn_end(lint);
        return;
    }
    if (t->open && t->entry == write->entry && time == t->time + 1)
        report_read(lint, write->before);
    if (!t->open || t->entry != write->entry || time != t->time + 1 || t->count == LINT_TORN_STATES)
        begin(lint, write);
    t->time = time;
    state = &t->states[t->count++];
    *state = (struct torn_state){.word = spa & ~(uint64_t)7, .at = lint->now, .whole = length >= WHOLE};
    load(lint, t->entry, t->interrupt, state->raw);
}

void lint_torn_read(struct amdvi_lint *lint, uint64_t address)
{
    struct lint_torn *t = &lint->torn;
    struct torn_state *state = &t->states[t->count ? t->count - 1 : 0];

    if (!t->open || !t->count || address - t->entry >= words_of(t->interrupt) * UINT64_C(8) || state->read)
        return;
    state->read = true;
    state->read_at = lint->now;
}
