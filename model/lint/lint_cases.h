// SPDX-License-Identifier: Apache-2.0
/* Stale answers that are held until it is known what became of them. */
#ifndef AMDVI_MODEL_LINT_CASES_H
#define AMDVI_MODEL_LINT_CASES_H

#include "amdvi/lint.h"
#include "model/lint/lint_order.h"

/* LINT_CASES_MAX bounds what a guest's mistakes can make the host remember. */
enum { LINT_CASES_FIRST = 64, LINT_CASES_MAX = 16384, LINT_BUCKETS = 1024, LINT_GROUPS = 256 };
enum { LINT_HISTORY = 64 };
/* By DeviceID, by DomainID, and of cases that were covered and not yet waited for. */
enum { LINT_CHAINS = 64, LINT_CHAIN_PENDING = LINT_CHAINS };

/* A stale answer that is not yet a finding. */
struct lint_case {
    bool used, reported, guilty;
    bool guest;
    bool owned;                 /* its device belongs to a guest */
    bool covered;               /* invalidated, not yet waited for */
    bool parked;                /* invalidated late, by a driver whose manner is not known yet */
    uint16_t owner;             /* GuestID */
    uint64_t size;              /* of the page */
    struct lint_moment changed; /* when not seen: the first answer */
    uint32_t bursts;            /* of the domain's changes, when it was changed */
    uint64_t covered_operation;
    unsigned waits; /* without the invalidation before them */
    uint32_t next;  /* in its bucket, or free: index + 1 */
    uint32_t bucket;
    uint32_t chain_next, chain_before; /* index + 1 */
    uint8_t chain;
    struct amdvi_lint_finding finding;
};

/* A command that was executed: for what came close. */
struct lint_executed {
    uint64_t words[2];
    struct lint_slot slot;
};

struct lint_chain {
    uint32_t first, last; /* index + 1 */
};

struct lint_cases {
    struct lint_chain chains[LINT_CHAINS + 1];
    struct lint_case *all;
    uint32_t capacity, high, free, open; /* `free`: index + 1 */
    uint32_t buckets[LINT_BUCKETS];
    uint64_t groups[LINT_GROUPS]; /* of findings that were told */
    unsigned next_group;
    struct lint_executed history[LINT_HISTORY];
    uint64_t executed;
    bool loss_told;
};

struct amdvi_hit_info;
struct amdvi_command_info;

/* lint_cases.c. `size`: of the page that the entry maps; a command for any part of it drops the entry (6.4).
 */
void lint_hold(struct amdvi_lint *lint, const struct amdvi_lint_finding *finding, bool guest, uint64_t size);
/* What becomes of open cases when a command is executed; `slot` says when it was given. */
void lint_cases_command(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                        const struct lint_slot *slot);
void lint_cases_wait(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                     const struct lint_slot *slot);
/* An invalidation that was executed, for what came close. */
void lint_cases_remember(struct amdvi_lint *lint, const uint64_t words[2], const struct lint_slot *slot);
void lint_cases_finish(struct amdvi_lint *lint);
/* Whatever is cached is dropped now. */
void lint_cases_drop(struct amdvi_lint *lint);
void lint_cases_free(struct amdvi_lint *lint);

/* lint_chains.c */
void lint_chain_add(struct lint_cases *cases, struct lint_case *c);
void lint_chain_remove(struct lint_cases *cases, struct lint_case *c);
/* Where cases are that this invalidation may be about; LINT_CHAINS: everywhere. */
unsigned lint_chain_for(const uint64_t words[2]);

/* lint_reach.c: whether the command drops what the case is about. */
bool lint_case_covered(struct amdvi_device *device, const struct lint_case *c, const uint64_t words[2],
                       const struct amdvi_command_info *info);
/* What an invalidation lacks that does not cover the case; higher is closer. */
enum amdvi_lint_lack lint_case_lacks(const struct lint_case *c, const uint64_t words[2], uint64_t *missed);

/* The page lies before the range of an INVALIDATE_IOMMU_PAGES. */
bool lint_case_before(const struct lint_case *c, const uint64_t words[2]);

/* lint_groups.c: tells guilty cases, those of one operation together. */
void lint_tell_guilty(struct amdvi_lint *lint);
/* Whether a finding of this group was told before; it is now. `entries` are counted if it was. */
bool lint_group_told(struct amdvi_lint *lint, uint64_t group, uint64_t entries);
/* The group of stale entries that one operation, or one place in the driver, has left. */
uint64_t lint_group_of(const struct amdvi_lint_finding *finding, uint64_t operation);
/* A group of findings of this kind about something. */
uint64_t lint_group(enum amdvi_lint_kind kind, uint64_t what, uint64_t which);

#endif
