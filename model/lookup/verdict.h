// SPDX-License-Identifier: Apache-2.0
/* How a translation ends: what the request asked for, what it is granted, or the fault that is named. */
#ifndef AMDVI_MODEL_VERDICT_H
#define AMDVI_MODEL_VERDICT_H

#include "model/lookup/translate.h"

/* What the tables, or a line of the PTC, say of a page. */
struct page {
    uint64_t spa;
    uint8_t shift, perm, flags;
};

/* What must be granted, and what may be: an ATS request asks, it does not insist (9.2). */
uint8_t request_needs(const struct amdvi_request *request);
uint8_t request_asks(const struct amdvi_request *request);
/* A request is a user request unless it says otherwise and USSup=1 (5.3). */
bool request_is_user(const struct amdvi_device *device, const struct amdvi_request *request);

/* What a record of this request tells. */
struct fault_facts verdict_facts(const struct amdvi_device *device, const struct translation *t);

/* Each is the end of a decision, and false: nothing is to be walked. Faults are made when the request is
 * concluded, so that their records come in the order of the requests. */
bool verdict_fail_with(struct translation *t, enum reason reason, const struct fault_facts *facts);
bool verdict_fail(const struct amdvi_device *device, struct translation *t, enum reason reason);
bool verdict_pass(struct amdvi_device *device, struct translation *t, uint8_t perm);
bool verdict_succeed(struct amdvi_device *device, struct translation *t, const struct page *page);

/* What the tables allow, cut by DTE.IR/IW and by user mode. */
uint8_t verdict_granted(const struct amdvi_device *device, const struct translation *t, uint8_t perm,
                        uint8_t flags, uint8_t rights);

#endif
