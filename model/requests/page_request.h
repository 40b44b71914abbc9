// SPDX-License-Identifier: Apache-2.0
/* The page request job: from a device's request to the log, or to the answer that refuses it (7.7, 9.4). */
#ifndef AMDVI_MODEL_PAGE_REQUEST_H
#define AMDVI_MODEL_PAGE_REQUEST_H

#include "model/guests/guest.h"
#include "model/port/steps.h"

/* What is to be done, once the device table entry is known. */
enum page_request_way {
    PAGE_REQUEST_DROP,
    PAGE_REQUEST_REFUSE,
    PAGE_REQUEST_LOG,
};

struct page_request_job {
    struct steps steps, way_steps;
    struct job *job;
    uint8_t way; /* enum page_request_way */
    bool answer; /* a refusal that the device hears of */
    struct amdvi_page_request request;
    struct amdvi_page_request_result result;
    struct dte_fetch fetch;
    const struct dte *dte; /* null without one */
    struct guest *guest;   /* whose log; null: the host's */
    uint64_t record[2];
};

/* Whether a page request has a PASID of 20 bits and a group index of 9 (7.7). */
static inline bool page_request_legal(const struct amdvi_page_request *request)
{
    return request->pasid < 1u << 20 && request->prg_index < 1u << 9;
}

static inline void page_request_begin(struct page_request_job *p, struct job *job,
                                      const struct amdvi_page_request *request)
{
    p->steps.at = p->way_steps.at = 0;
    p->job = job;
    p->request = *request;
    p->result = (struct amdvi_page_request_result){0};
    p->fetch.asked = false;
    p->dte = NULL;
    p->guest = NULL;
}

/* False: it has asked, or its record is on its way. */
bool page_request_step(struct amdvi_device *device, struct page_request_job *p);

#endif
