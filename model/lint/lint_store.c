// SPDX-License-Identifier: Apache-2.0
/*
 * The log of table words: only words that hardware has read are kept, in sets that forget the one that was
 * not used for longest.
 */
#include "model/lint/lint.h"

#define TABLE_PAGE ((uint64_t)1 << 63)

static struct lint_word *set_of(const struct amdvi_lint *lint, uint64_t address)
{
    uint64_t hash = cache_hash(address >> 3, 0);

    return &lint->words[(size_t)((uint32_t)hash & lint->word_mask) * LINT_WORD_WAYS];
}

struct lint_word *lint_word(struct amdvi_lint *lint, uint64_t address)
{
    struct lint_word *set = set_of(lint, address);

    for (unsigned i = 0; i < LINT_WORD_WAYS; i++)
        if (set[i].address == (address | 1))
            return &set[i];
    return NULL;
}

static struct lint_word *new_word(struct amdvi_lint *lint, uint64_t address)
{
    struct lint_word *set = set_of(lint, address), *victim = set;

    for (unsigned i = 0; i < LINT_WORD_WAYS && victim->address; i++)
        if (!set[i].address || set[i].used < victim->used)
            victim = &set[i];
    lint->statistics.words_lost += victim->address != 0;
    if (!victim->address)
        lint->filled[lint->filled_count++] = (uint32_t)(victim - lint->words);
    *victim = (struct lint_word){.address = address | 1};
    return victim;
}

void lint_note_table(struct amdvi_lint *lint, uint64_t address)
{
    lint->table_pages[address >> 12 & (LINT_TABLE_PAGES - 1)] = address >> 12 | TABLE_PAGE;
}

void lint_word_read(struct amdvi_lint *lint, uint64_t address, uint64_t value)
{
    struct lint_word *word = lint_word(lint, address);

    if (!word)
        word = new_word(lint, address);
    lint_note_table(lint, address);
    word->used = ++lint->clock;
    word->value = value;
    word->read = lint->now;
    word->fresh = true;
    word->gone = word->reused = false;
}

/* Pages whose number falls onto the same place push each other out: then a write may go unseen. */
bool lint_is_table(const struct amdvi_lint *lint, uint64_t page)
{
    return lint->table_pages[page & (LINT_TABLE_PAGES - 1)] == (page | TABLE_PAGE);
}
