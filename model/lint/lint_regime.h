// SPDX-License-Identifier: Apache-2.0
/*
 * How a driver invalidates: at once, or by a flush queue. Told for each domain from what becomes of changed
 * leaf entries that hardware had read: a command for a range, right after the change, is at once; a command
 * for all of the domain, after other waits or after many answers, is a queue.
 */
#ifndef AMDVI_MODEL_LINT_REGIME_H
#define AMDVI_MODEL_LINT_REGIME_H

#include "amdvi/lint.h"
#include "model/lint/lint_order.h"

/* What a table word translates. `known` is false as long as no walk has told. */
struct lint_reach {
    bool known, leaf, guest;
    uint8_t kind, level; /* enum walk_kind */
    uint16_t domain;
    uint32_t pasid;
    uint16_t device;
    uint64_t address, size;
};

enum { LINT_REMOVALS = 32, LINT_DOMAINS = 65536 };

/* A leaf entry that was changed and not yet invalidated. */
struct lint_removal {
    bool used;
    struct lint_reach reach;
    struct lint_moment moment;
    uint64_t ns, answers;
};

struct lint_domain {
    uint16_t at_once, queued; /* evidence */
    uint32_t bursts;          /* runs of written entries that lie side by side */
    uint64_t burst;           /* the newest of them */
    bool directories;         /* an entry above the leaves has changed since directories were dropped */
    uint32_t emptied;         /* lint.clock when all of it was dropped last, directories too */
};

/* An invalidation that was needed and that no COMPLETION_WAIT has followed yet. */
struct lint_unwaited {
    bool open;
    uint64_t operation;
    uint16_t domain;
    struct amdvi_lint_mark given;
    uint64_t words[2];
};

struct lint_regimes {
    struct lint_domain *domains;
    uint64_t written, burst; /* where the newest write to a table ends; counts runs */
    struct lint_removal removals[LINT_REMOVALS];
    unsigned next, open;
    struct lint_unwaited unwaited;
};

struct lint_word;

/* A request is done: what the words of its walk translate (lint_attribution.c). */
void lint_reach_learn(struct amdvi_lint *lint, const struct amdvi_request *request);
/* A word that hardware has read gets another value. True: a directory is taken away. */
bool lint_regime_change(struct amdvi_lint *lint, const struct lint_word *word, uint64_t value);
/* Software writes to a table: what lies side by side belongs to one map or unmap, also where hardware has not
 * read all of it. */
void lint_regime_write(struct lint_regimes *regimes, uint64_t spa, uint64_t length);
/* An INVALIDATE_IOMMU_PAGES is for this domain, PASID and range. */
bool lint_reach_covered(const struct lint_reach *reach, const uint64_t words[2]);
/* A command of the host that drops pages, executed now and given at `slot`. */
void lint_regime_command(struct amdvi_lint *lint, const uint64_t words[2], const struct lint_slot *slot);
void lint_regime_wait(struct amdvi_lint *lint, const struct lint_slot *slot);
/* Nothing is cached any more: nothing has to be invalidated or waited for. How domains do it stays known. */
void lint_regime_forget(struct lint_regimes *regimes);
enum amdvi_lint_regime lint_regime(const struct amdvi_lint *lint, uint16_t domain);

#endif
