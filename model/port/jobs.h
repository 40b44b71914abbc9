// SPDX-License-Identifier: Apache-2.0
/* The jobs that are under way, and what invalidations mean to them (ticket.h). All of it costs nothing while
 * nothing is under way: with the direct executor nothing ever is. */
#ifndef AMDVI_MODEL_JOBS_H
#define AMDVI_MODEL_JOBS_H

#include "model/port/job.h"

void jobs_add(struct amdvi_device *device, struct job *job);
void jobs_remove(struct amdvi_device *device, struct job *job);

/* Mark whoever depends on what is being invalidated. */
void jobs_mark_pages(struct amdvi_device *device, const struct tlb_space *space,
                     const struct cmd_range *range, bool pde);
void jobs_mark_domain_combined(struct amdvi_device *device, uint16_t domain);
void jobs_mark_owner(struct amdvi_device *device, uint16_t guest_id);
void jobs_mark_entry(struct amdvi_device *device, uint16_t requester);
void jobs_mark_interrupts(struct amdvi_device *device, uint16_t requester);
void jobs_mark_all(struct amdvi_device *device);

void job_drop_ticket(struct amdvi_device *device, struct job *job);
/* One of the device's own is between two things: what it has looked up is used up. */
static inline void job_rest(struct amdvi_device *device, struct job *job)
{
    if (!job_is_direct(job))
        job_drop_ticket(device, job);
}

/* True: none of them is under way any more. */
bool jobs_settled(struct amdvi_device *device, struct jobs_wait *wait);

#endif
