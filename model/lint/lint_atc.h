// SPDX-License-Identifier: Apache-2.0
/*
 * Translations that devices hold in caches of their own. The IOMMU cannot see when a device uses one that
 * memory no longer gives: translated requests pass. So software has to send INVALIDATE_IOTLB_PAGES behind
 * each INVALIDATE_IOMMU_PAGES that reaches it, before it waits and lets go of the memory (9.3, 10.2).
 */
#ifndef AMDVI_MODEL_LINT_ATC_H
#define AMDVI_MODEL_LINT_ATC_H

#include "amdvi/lint.h"
#include "model/lint/lint_order.h"

enum { LINT_ATC_LINES = 512, LINT_ATC_DOMAINS = 64 };

/* The newest of the lines that fall onto its place. */
struct lint_atc_line {
    bool used;
    bool stale;      /* the IOMMU's own copy was invalidated, and memory gives something else */
    bool from_guest; /* that command came out of a guest's ring */
    bool guest;      /* of guest tables */
    uint16_t domain;
    unsigned waits; /* since then */
    struct amdvi_request request;
    uint64_t size, pa, should;
    uint8_t perm, should_perm;
    struct amdvi_lint_mark filled;
    uint64_t word, operation; /* what has changed */
    uint64_t near[2];
    struct lint_slot slot;
};

struct lint_atc {
    struct lint_atc_line lines[LINT_ATC_LINES];
    uint32_t of_domain[LINT_ATC_DOMAINS]; /* lines with this remainder of their DomainID */
    uint32_t stale;
};

struct amdvi_command_info;

/* A request of a device is done. */
void lint_atc_request(struct amdvi_lint *lint, const struct amdvi_request *request,
                      const struct amdvi_result *result);
/* The device is told to drop translations. */
void lint_atc_invalidated(struct amdvi_lint *lint, const struct amdvi_atc_invalidation *invalidation);
/* The IOMMU drops its own. */
void lint_atc_command(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                      const struct lint_slot *slot);
void lint_atc_wait(struct amdvi_lint *lint, const struct amdvi_command_info *info,
                   const struct lint_slot *slot);
void lint_atc_finish(struct amdvi_lint *lint);

#endif
