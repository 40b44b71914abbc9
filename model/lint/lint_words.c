// SPDX-License-Identifier: Apache-2.0
/* What happens to table words that hardware has read. */
#include "model/lint/lint.h"

#include "model/port/memory.h"
#include "tables/layout.h"

/* An address that was unmapped and is mapped again, before hardware has looked. Bit 0 says in all tables
 * whether an entry is there. */
static void follow_presence(struct lint_word *word, uint64_t value)
{
    word->reused |= word->gone && value & 1;
    word->gone |= !(value & 1);
}

/* The first change after a read is the one that made copies of the word stale. */
static void change(struct amdvi_lint *lint, struct lint_word *word, uint64_t value)
{
    lint->statistics.writes++;
    if (value == word->value)
        return;
    if (lint_regime_change(lint, word, value))
        lint_directory_change(lint, word, value);
    if (word->fresh) {
        word->changed = true;
        word->fresh = false;
        word->old_value = word->value;
        word->changed_at = lint->now;
        word->filled_at = word->read;
        word->moment = lint->order.now;
        word->bursts = word->reach.known ? lint->regimes.domains[word->reach.domain].bursts : 0;
    }
    follow_presence(word, value);
    word->new_value = word->value = value;
}

/* ---------------------------------------------------------------- writes */

/* The word after bytes [spa, spa + length) were written over it. */
static uint64_t merged(uint64_t value, uint64_t at, uint64_t spa, const uint8_t *bytes, uint8_t byte,
                       uint64_t length)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t offset = at + i - spa, shift = UINT64_C(8) * i;
        if (offset >= length)
            continue;
        value &= ~((uint64_t)0xff << shift);
        value |= (uint64_t)(bytes ? bytes[offset] : byte) << shift;
    }
    return value;
}

static void write_word(struct amdvi_lint *lint, struct lint_word *word, uint64_t spa, const uint8_t *bytes,
                       uint8_t byte, uint64_t length)
{
    change(lint, word, merged(word->value, word->address & ~(uint64_t)1, spa, bytes, byte, length));
}

/* A host directory that software writes names a table before hardware reads it. */
static void note_named_tables(struct amdvi_lint *lint, uint64_t spa, const uint8_t *bytes, uint64_t length)
{
    for (uint64_t i = 0; bytes && spa % 8 == 0 && i + 8 <= length; i += 8) {
        uint64_t entry;
        memcpy(&entry, bytes + i, sizeof(entry));
        if (v1_pr(entry) && v1_nextlevel(entry) >= 1 && v1_nextlevel(entry) <= WALK_MAX_LEVELS)
            lint_note_table(lint, v1_addr(entry));
    }
}

static bool meets_tables(const struct amdvi_lint *lint, uint64_t spa, uint64_t length)
{
    uint64_t first = spa >> 12, last = (spa + (length - 1)) >> 12;

    for (uint64_t page = first; page <= last && page - first < LINT_TABLE_PAGES; page++)
        if (lint_is_table(lint, page))
            return true;
    return false;
}

void lint_words_write(struct amdvi_lint *lint, uint64_t spa, const uint8_t *bytes, uint8_t byte,
                      uint64_t length)
{
    uint64_t first = spa & ~(uint64_t)7, last = (spa + length - 1) & ~(uint64_t)7;
    struct torn_write torn;

    if (!meets_tables(lint, spa, length))
        return;
    lint_order_change(&lint->order);
    lint_regime_write(&lint->regimes, spa, length);
    note_named_tables(lint, spa, bytes, length);
    torn = lint_torn_before(lint, spa, length);
    if ((last - first) / 8 < lint->filled_count) {
        for (uint64_t at = first; at - first <= last - first; at += 8) {
            struct lint_word *word = lint_word(lint, at);
            if (word)
                write_word(lint, word, spa, bytes, byte, length);
        }
    } else {
        for (uint32_t i = 0; i < lint->filled_count; i++) {
            struct lint_word *word = &lint->words[lint->filled[i]];
            if ((word->address & ~(uint64_t)1) - first <= last - first)
                write_word(lint, word, spa, bytes, byte, length);
        }
    }
    lint_torn_after(lint, &torn, spa, length);
}

/* Stores that nobody has told: in which order they were made nobody knows. */
void lint_words_scan(struct amdvi_lint *lint)
{
    lint->regimes.burst++;
    for (uint32_t i = 0; i < lint->filled_count; i++) {
        struct lint_word *word = &lint->words[lint->filled[i]];
        uint64_t value;

        if (memory_read(lint->device, word->address & ~(uint64_t)1, &value, sizeof(value)) ||
            value == word->value)
            continue;
        lint_order_change(&lint->order);
        change(lint, word, value);
    }
}

/* A transfer whose bytes the tap does not show: the words are read back. */
void lint_words_reread(struct amdvi_lint *lint, uint64_t spa, uint64_t length)
{
    for (uint64_t at = spa & ~(uint64_t)7; at < spa + length; at += 8) {
        struct lint_word *word = lint_word(lint, at);
        uint64_t value;

        if (word && shadow_read(lint->device, at, &value))
            change(lint, word, value);
    }
}
