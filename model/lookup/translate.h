// SPDX-License-Identifier: Apache-2.0
/*
 * The translation unit in three steps, so that any executor can stand between the first and the last:
 * decide (device table entry, ranges, caches), walk, conclude (fill caches, make faults).
 */
#ifndef AMDVI_MODEL_TRANSLATE_H
#define AMDVI_MODEL_TRANSLATE_H

#include "model/port/exec.h"

/* One page of one request on its way. */
struct translation {
    const struct amdvi_request *request;
    uint64_t address;
    struct amdvi_result *result;
    const struct dte *dte;
    struct tlb_space space;
    struct walk_request walk;
    enum reason reason; /* a fault that is to be made */
    struct fault_facts facts;
    bool excluded;        /* the exclusion range let it through */
    struct dtc_line line; /* the entry when no cache holds it */
};

/* True: `t->walk` must be walked; false: `t->result` is complete or `t->reason` says what is wrong. */
bool translation_decide(struct amdvi_device *device, struct translation *t);
/* `walk` is null if there was none. */
void translation_conclude(struct amdvi_device *device, struct translation *t, const struct walk *walk);

/* All pages of a request after the first one, which `result` already describes. */
void translation_rest(struct amdvi_device *device, const struct amdvi_request *request,
                      struct amdvi_result *result);

/* One page of a request, events included. */
void translation_page(struct amdvi_device *device, const struct amdvi_request *request,
                      struct amdvi_result *result);

bool request_legal(const struct amdvi_request *request);
bool request_is_interrupt(const struct amdvi_request *request);
void request_as_interrupt(struct amdvi_device *device, const struct amdvi_request *request, uint32_t data,
                          struct amdvi_result *result);
void request_observe(struct amdvi_device *device, const struct amdvi_request *request,
                     const struct amdvi_result *result);

#endif
