// SPDX-License-Identifier: Apache-2.0
/*
 * The translation unit in three steps, so that any executor can stand between the first and the last:
 * decide (device table entry, ranges, caches), walk, conclude (fill caches, name the fault).
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

/* The interrupt range FEE0_0000h to FEEF_FFFFh is never memory to translate (8.1). */
static inline bool is_interrupt_address(uint64_t address)
{
    return address >= 0xfee00000 && address <= 0xfeefffff;
}

/* True: `t->walk` must be walked; false: `t->result` is complete or `t->reason` says what is wrong. */
bool translation_decide(struct amdvi_device *device, struct translation *t);
/* After the walk: caches filled, `t->result` complete or `t->reason` set. */
void translation_conclude(struct amdvi_device *device, struct translation *t, const struct walk *walk);

#endif
