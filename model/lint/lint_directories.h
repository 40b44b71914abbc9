// SPDX-License-Identifier: Apache-2.0
/*
 * Directory entries that software took away, invalidated with PDE=0, and relied upon: hardware may go on to
 * the table that was behind them, whether a device has met it or not (6.4).
 */
#ifndef AMDVI_MODEL_LINT_DIRECTORIES_H
#define AMDVI_MODEL_LINT_DIRECTORIES_H

#include "model/lint/lint_regime.h"

enum { LINT_DIRECTORIES = 32, LINT_DROPS = 32 };

/* An INVALIDATE_IOMMU_PAGES with PDE=1, and lint.clock when it was executed: what was read before that is
 * dropped. */
struct lint_drop {
    uint32_t clock;
    uint64_t words[2];
};

struct lint_directory {
    bool used;
    bool close;      /* a command for it came that has PDE=0 */
    bool from_guest; /* out of a guest's ring */
    unsigned waits;  /* after that command */
    struct lint_reach reach;
    uint64_t word, old_value, new_value;
    struct amdvi_lint_mark changed, filled;
    uint64_t operation;
    uint64_t near[2];
    struct lint_slot slot; /* of that command */
};

struct lint_directories {
    struct lint_directory all[LINT_DIRECTORIES];
    unsigned next, open;
    struct lint_drop drops[LINT_DROPS]; /* the newest */
    unsigned newest;
    uint32_t emptied; /* lint.clock when everything was dropped last */
};

struct amdvi_command_info;
struct lint_word;

/* A directory entry that hardware has read is about to be taken away. */
void lint_directory_change(struct amdvi_lint *lint, const struct lint_word *word, uint64_t value);
void lint_directory_command(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                            const struct lint_slot *slot);
void lint_directory_wait(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                         const struct lint_slot *slot);
void lint_directory_finish(struct amdvi_lint *lint);

#endif
