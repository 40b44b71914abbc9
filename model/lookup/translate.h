// SPDX-License-Identifier: Apache-2.0
/*
 * The translation unit in three steps, so that any executor can stand between the first and the last:
 * decide (device table entry, ranges, caches), walk, conclude (fill caches, name the fault).
 */
#ifndef AMDVI_MODEL_TRANSLATE_H
#define AMDVI_MODEL_TRANSLATE_H

#include "model/base/fault_facts.h"
#include "model/lookup/dtc.h"
#include "model/lookup/fault_report.h"
#include "model/port/exec.h"
#include "model/port/watched.h"

enum translation_state {
    TRANSLATION_BEGIN,
    TRANSLATION_ENTRY, /* the device table entry was asked for */
    TRANSLATION_WALK,
    TRANSLATION_REPORT, /* the record of a fault waits to be written */
};

/* One page of one request on its way. */
struct translation {
    uint8_t state; /* enum translation_state: TRANSLATION_BEGIN before the first call */
    struct job *job;
    const struct amdvi_request *request;
    uint64_t address;
    struct amdvi_result *result;
    const struct dte *dte;
    struct tlb_space space;
    struct walk_request walk;
    enum reason reason; /* a fault that is to be made */
    struct fault_facts facts;
    bool excluded; /* the exclusion range let it through */
    struct dte_fetch entry;
    struct fault_report report;
    struct watch watch;
};

static inline void translation_begin(struct translation *t, struct job *job,
                                     const struct amdvi_request *request, uint64_t address,
                                     struct amdvi_result *result)
{
    t->state = TRANSLATION_BEGIN;
    t->job = job;
    t->request = request;
    t->address = address;
    t->result = result;
    t->entry.asked = false;
}

/* The interrupt range FEE0_0000h to FEEF_FFFFh is never memory to translate (8.1). */
static inline bool is_interrupt_address(uint64_t address)
{
    return address >= 0xfee00000 && address <= 0xfeefffff;
}

enum decision {
    DECISION_ASKED, /* the entry was asked for: decide again when it is there */
    DECISION_WALK,  /* `t->walk` must be walked */
    DECISION_MADE,  /* `t->result` is complete or `t->reason` says what is wrong */
};
enum decision translation_decide(struct amdvi_device *device, struct translation *t);
/* After the walk: caches filled, `t->result` complete or `t->reason` set. */
void translation_conclude(struct amdvi_device *device, struct translation *t, const struct walk *walk);

#endif
