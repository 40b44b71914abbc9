// SPDX-License-Identifier: Apache-2.0
/* The places where faults come from. All but the first line of each is reached only while a plan is active.
 */
#ifndef AMDVI_MODEL_INJECT_H
#define AMDVI_MODEL_INJECT_H

#include "amdvi/inject.h"

struct inject {
    bool active;
    unsigned count;
    struct amdvi_inject_rule rules[AMDVI_INJECT_RULES_MAX];
    struct amdvi_inject_count counts[AMDVI_INJECT_RULES_MAX];
};

struct amdvi_device;

/* How the access fails: enum walk_error, 0 if it does not. */
uint8_t inject_memory(struct amdvi_device *device, enum amdvi_access access, bool write, uint64_t spa,
                      size_t length);
/* True: the entry must not answer and is to be dropped. `address` is that of PTC, PDC and GCR3 rules. */
bool inject_cache(struct amdvi_device *device, enum amdvi_cache cache, uint16_t requester, uint64_t address);
/* What becomes of a completion: 0, AMDVI_INJECT_TIMEOUT or AMDVI_INJECT_DELAY. */
unsigned inject_atc(struct amdvi_device *device, uint16_t requester, uint64_t *delay);
bool inject_prg(struct amdvi_device *device, uint16_t requester);

#endif
