// SPDX-License-Identifier: Apache-2.0
/* Inside of a lint: the words of tables that hardware has read, and the stale answers that are held back. */
#ifndef AMDVI_MODEL_LINT_H
#define AMDVI_MODEL_LINT_H

#include "amdvi/lint.h"
#include "model/lint/shadow.h"

enum { LINT_OPEN_MAX = 128, LINT_WORD_WAYS = 8, LINT_STORES_MAX = 32, LINT_TEXT_MAX = 640 };

/* Eight bytes of a table: what hardware read last, and the first change after that. */
struct lint_word {
    uint64_t address; /* SPA | 1; 0: free */
    uint64_t value;   /* what hardware read, or software wrote, last */
    struct amdvi_lint_mark read;
    uint32_t used;
    bool changed; /* since it was read, or before it was read last */
    bool fresh;   /* read after the last change */
    uint64_t old_value, new_value;
    struct amdvi_lint_mark changed_at, filled_at;
    /* word 0 of a device table entry: partial writes while V=1 since the last whole state */
    bool torn_open, torn_read;
};

/* A stale answer that is not yet a finding. */
struct lint_open {
    bool used, reported, waited; /* waited: a COMPLETION_WAIT came after the change and an answer */
    bool guest;
    uint64_t size;  /* of the page */
    bool owned;     /* its device belongs to a guest */
    uint16_t owner; /* GuestID */
    struct amdvi_lint_finding finding;
};

struct lint_store {
    uint64_t address;
    uint64_t stores;
    bool read;
};

struct amdvi_lint {
    struct amdvi_device *device;
    struct amdvi_observation *observation;
    struct amdvi_lint_options options;
    struct amdvi_lint_statistics statistics;
    struct amdvi_lint_mark now;
    uint64_t last_wait; /* record of the newest COMPLETION_WAIT */
    struct lint_word *words;
    uint32_t word_mask; /* sets - 1 */
    uint32_t clock;
    struct lint_open open[LINT_OPEN_MAX];
    unsigned open_count;
    uint32_t last_sharers; /* the newest pair of devices that was reported for sharing a domain */
    struct lint_store stores[LINT_STORES_MAX];
    struct amdvi_access_info last[AMDVI_ACCESS_DATA + 1]; /* newest read of each kind, for reserved bits */
    char text[LINT_TEXT_MAX];
};

/* lint_words.c */
struct lint_word *lint_word(struct amdvi_lint *lint, uint64_t address);
void lint_word_read(struct amdvi_lint *lint, uint64_t address, uint64_t value);
/* `bytes` null: `byte` repeated. */
void lint_words_write(struct amdvi_lint *lint, uint64_t spa, const uint8_t *bytes, uint8_t byte,
                      uint64_t length);

void lint_words_reread(struct amdvi_lint *lint, uint64_t spa, uint64_t length);

/* lint_stale.c */
void lint_check(struct amdvi_lint *lint, const struct amdvi_hit_info *info);

/* lint_open.c. `size`: of the page that the entry maps; a command for any part of it drops the entry (6.4).
 */
void lint_hold(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding, bool guest, uint64_t size);
void lint_command(struct amdvi_lint *lint, const struct amdvi_command_info *info);
void lint_finish(struct amdvi_lint *lint);
/* Whatever is cached is dropped now. */
void lint_close_all(struct amdvi_lint *lint);

/* lint_guest.c */
void lint_guest_control_write(struct amdvi_lint *lint, uint16_t id, uint64_t offset, unsigned size,
                              uint64_t value);
void lint_dirty_write(struct amdvi_lint *lint, uint64_t spa, const uint8_t *bytes, uint8_t byte,
                      uint64_t length);

/* lint.c: the value that a register would have; a write of one half leaves the other. */
static inline uint64_t lint_written(uint64_t old, uint64_t offset, unsigned size, uint64_t value)
{
    if (size == 8)
        return value;
    return offset % 8 ? (old & UINT32_MAX) | value << 32 : (old & ~(uint64_t)UINT32_MAX) | value;
}

/* lint_covered.c: does the command drop anything? */
bool lint_covers(const struct amdvi_device *device, const uint64_t words[2]);

/* lint_text.c */
void lint_report(struct amdvi_lint *lint, struct amdvi_lint_finding *finding);

#endif
