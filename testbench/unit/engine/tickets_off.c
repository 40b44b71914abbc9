// SPDX-License-Identifier: Apache-2.0
/*
 * A library in which part of the tickets does not work, to show that test_tickets.c would notice. It takes
 * the place of model/port/jobs.c; AMDVI_WITHOUT says what is missing:
 *
 *     marks     invalidations mark nobody
 *     waiting   COMPLETION_WAIT does not wait for those who are marked
 *     dropping  who is marked keeps what it has found all the same
 */
#include "model/port/jobs.h"

#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define jobs_mark_pages           whole_mark_pages
#define jobs_mark_domain_combined whole_mark_domain_combined
#define jobs_mark_owner           whole_mark_owner
#define jobs_mark_entry           whole_mark_entry
#define jobs_mark_interrupts      whole_mark_interrupts
#define jobs_mark_all             whole_mark_all
#define jobs_settled              whole_settled
#include "model/port/jobs.c"
#undef jobs_mark_pages
#undef jobs_mark_domain_combined
#undef jobs_mark_owner
#undef jobs_mark_entry
#undef jobs_mark_interrupts
#undef jobs_mark_all
#undef jobs_settled

static bool without(const char *what)
{
    const char *text = getenv("AMDVI_WITHOUT");

    return text && strcmp(text, what) == 0;
}

static void keep_all(struct amdvi_device *device)
{
    for (struct job *job = device->jobs; job && without("dropping"); job = job->next) {
        job->ticket.entry_stale = job->ticket.interrupt_stale = false;
        job->ticket.leaf_shift = job->ticket.dir_shift = TICKET_UNMARKED;
    }
}

void jobs_mark_pages(struct amdvi_device *device, const struct tlb_space *space,
                     const struct cmd_range *range, bool pde)
{
    if (!without("marks"))
        whole_mark_pages(device, space, range, pde);
    keep_all(device);
}

void jobs_mark_domain_combined(struct amdvi_device *device, uint16_t domain)
{
    if (!without("marks"))
        whole_mark_domain_combined(device, domain);
    keep_all(device);
}

void jobs_mark_owner(struct amdvi_device *device, uint16_t guest_id)
{
    if (!without("marks"))
        whole_mark_owner(device, guest_id);
    keep_all(device);
}

void jobs_mark_entry(struct amdvi_device *device, uint16_t requester)
{
    if (!without("marks"))
        whole_mark_entry(device, requester);
    keep_all(device);
}

void jobs_mark_interrupts(struct amdvi_device *device, uint16_t requester)
{
    if (!without("marks"))
        whole_mark_interrupts(device, requester);
    keep_all(device);
}

void jobs_mark_all(struct amdvi_device *device)
{
    if (!without("marks"))
        whole_mark_all(device);
    keep_all(device);
}

bool jobs_settled(struct amdvi_device *device, struct jobs_wait *wait)
{
    return without("waiting") || whole_settled(device, wait);
}
