// SPDX-License-Identifier: Apache-2.0
/* The guests of a device, and the queue of those that have commands. */
#ifndef AMDVI_MODEL_GUESTS_H
#define AMDVI_MODEL_GUESTS_H

#include "model/port/lock.h"
#include "model/registers.h"

struct guest;

struct guests {
    struct reg_mask vf_mask[VF_COUNT], vfc_mask[VFC_COUNT];
    struct guest ***pages; /* [GuestID / 256][GuestID % 256]; null without HW-vIOMMU */
    struct guest *first;   /* all that exist */
    struct guest *queue_first, *queue_last;
    struct guest *named; /* whose maps this run has read */
    uint32_t count;
    bool unsettled;             /* the control register has changed what guests may do (guests_settle()) */
    struct job_lock dirty_lock; /* the words of dirty status */
    uint32_t run;               /* number of the run under way */
    uint32_t resets;            /* guests whose dirty bit a reset has taken back so far */
};

#endif
