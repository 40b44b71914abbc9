// SPDX-License-Identifier: Apache-2.0
/* Inside of a lint: the words of tables that hardware has read, and the stale answers that are held back. */
#ifndef AMDVI_MODEL_LINT_H
#define AMDVI_MODEL_LINT_H

#include "amdvi/lint.h"
#include "model/lint/lint_atc.h"
#include "model/lint/lint_cases.h"
#include "model/lint/lint_directories.h"
#include "model/lint/lint_known.h"
#include "model/lint/lint_order.h"
#include "model/lint/lint_page_requests.h"
#include "model/lint/lint_regime.h"
#include "model/lint/lint_ring.h"
#include "model/lint/lint_torn.h"
#include "model/lint/shadow.h"

enum { LINT_WORD_WAYS = 8, LINT_STORES_MAX = 32, LINT_TEXT_MAX = 1024, LINT_TABLE_PAGES = 4096 };

/* Eight bytes of a table: what hardware read last, and the first change after that. */
struct lint_word {
    uint64_t address; /* SPA | 1; 0: free */
    uint64_t value;   /* what hardware read, or software wrote, last */
    struct amdvi_lint_mark read;
    uint32_t used;
    bool changed; /* since it was read, or before it was read last */
    bool fresh;   /* read after the last change */
    bool gone;    /* since it was read it was not present for a while */
    bool reused;  /* after that it was present again */
    uint64_t old_value, new_value;
    struct amdvi_lint_mark changed_at, filled_at;
    struct lint_moment moment; /* of the change */
    uint32_t bursts;           /* of changes in its domain, then */
    bool interrupt;            /* of an interrupt entry */
    struct lint_reach reach;   /* what hardware translated with it last */
};

struct lint_store {
    uint64_t address;
    uint64_t stores;
    bool read;
};

/* The table words of the walk that is under way. */
struct lint_trail {
    unsigned count;
    struct {
        uint64_t address;
        uint8_t kind, level; /* enum walk_kind */
    } words[SHADOW_WORDS];
};

struct amdvi_lint {
    struct amdvi_device *device;
    struct amdvi_allocator allocator;
    struct amdvi_observation *observation;
    struct amdvi_lint_options options;
    struct amdvi_lint_statistics statistics;
    struct amdvi_lint_mark now;
    struct lint_word *words;
    uint32_t word_mask; /* sets - 1 */
    uint32_t *filled;   /* places in `words` that are taken: a scan looks at no others */
    uint32_t filled_count;
    uint32_t clock;
    uint64_t table_pages[LINT_TABLE_PAGES]; /* page number | 1 << 63: hardware has read tables there */
    struct lint_trail trail;
    struct lint_order order;
    struct lint_regimes regimes;
    struct lint_atc atc;
    struct lint_cases cases;
    struct lint_directories directories;
    struct lint_ring ring;
    struct lint_torn torn;
    struct lint_page_requests page_requests;
    struct lint_memory known;
    uint32_t last_sharers; /* the newest pair of devices that was reported for sharing a domain */
    struct lint_store stores[LINT_STORES_MAX];
    struct amdvi_access_info last[AMDVI_ACCESS_DATA + 1]; /* newest read of each kind, for reserved bits */
    char text[LINT_TEXT_MAX];
};

/* lint_observe.c */
struct amdvi_observer lint_observer(struct amdvi_lint *lint);
/* Nothing is cached any more: what was read before counts no more. */
void lint_start_anew(struct amdvi_lint *lint);

/* lint_store.c */
struct lint_word *lint_word(struct amdvi_lint *lint, uint64_t address);
void lint_word_read(struct amdvi_lint *lint, uint64_t address, uint64_t value);
/* The page holds tables. */
void lint_note_table(struct amdvi_lint *lint, uint64_t address);
bool lint_is_table(const struct amdvi_lint *lint, uint64_t page);

/* lint_words.c */
/* `bytes` null: `byte` repeated. */
void lint_words_write(struct amdvi_lint *lint, uint64_t spa, const uint8_t *bytes, uint8_t byte,
                      uint64_t length);

void lint_words_scan(struct amdvi_lint *lint);
void lint_words_reread(struct amdvi_lint *lint, uint64_t spa, uint64_t length);

/* lint_stale.c */
void lint_check(struct amdvi_lint *lint, const struct amdvi_hit_info *info);

/* The needed command: all pages of `finding` from `first` to `last`. */
void lint_need_range(struct amdvi_lint_finding *finding, bool gn, bool pde);

/* lint_commands.c */
void lint_command(struct amdvi_lint *lint, const struct amdvi_command_info *info);

/* lint_guest.c */
void lint_guest_control_write(struct amdvi_lint *lint, uint16_t id, uint64_t offset, unsigned size,
                              uint64_t value);
void lint_guest_command(struct amdvi_lint *lint, const struct amdvi_command_info *info);
void lint_dirty_write(struct amdvi_lint *lint, uint64_t spa, const uint8_t *bytes, uint8_t byte,
                      uint64_t length);

/* The value that a register would have; a write of one half leaves the other. */
static inline uint64_t lint_written(uint64_t old, uint64_t offset, unsigned size, uint64_t value)
{
    if (size == 8)
        return value;
    return offset % 8 ? (old & UINT32_MAX) | value << 32 : (old & ~(uint64_t)UINT32_MAX) | value;
}

/* lint_covered.c: does the command drop anything? */
bool lint_covers(const struct amdvi_device *device, const uint64_t words[2]);
/* How many directories INVALIDATE_IOMMU_PAGES with PDE=1 drops. */
unsigned lint_directories_covered(const struct amdvi_device *device, const uint64_t words[2]);

/* lint_text.c */
void lint_report(struct amdvi_lint *lint, struct amdvi_lint_finding *finding);

#endif
