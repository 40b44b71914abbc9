// SPDX-License-Identifier: Apache-2.0
#include "model/port/jobs.h"

#include "model/port/external.h"

void jobs_add(struct amdvi_device *device, struct job *job)
{
    job->previous = NULL;
    job->next = device->jobs;
    if (job->next)
        job->next->previous = job;
    device->jobs = job;
}

void jobs_remove(struct amdvi_device *device, struct job *job)
{
    if (job->next)
        job->next->previous = job->previous;
    if (job->previous)
        job->previous->next = job->next;
    else
        device->jobs = job->next;
}

/* The first mark counts: a later one is for a later COMPLETION_WAIT, which waits for this job as well. */
static void mark(struct amdvi_device *device, struct job *job)
{
    if (!job->ticket.marked)
        job->ticket.marked = ++device->marks;
}

void jobs_mark_pages(struct amdvi_device *device, const struct tlb_space *space,
                     const struct cmd_range *range, bool pde)
{
    for (struct job *job = device->jobs; job; job = job->next)
        if (ticket_cover_pages(&job->ticket, space, range, pde))
            mark(device, job);
}

/* What is nested in the domain (viommu 11 #16). */
void jobs_mark_domain_combined(struct amdvi_device *device, uint16_t domain)
{
    for (struct job *job = device->jobs; job; job = job->next)
        if (job->ticket.space.guest && job->ticket.space.domain == domain && ticket_cover_space(&job->ticket))
            mark(device, job);
}

/* What one guest's devices translate (viommu 11 #14). */
void jobs_mark_owner(struct amdvi_device *device, uint16_t guest_id)
{
    for (struct job *job = device->jobs; job; job = job->next)
        if (job->ticket.space.owned && job->ticket.space.owner == guest_id &&
            ticket_cover_space(&job->ticket))
            mark(device, job);
}

static void mark_entry(struct amdvi_device *device, struct job *job)
{
    if (!job->ticket.has_entry)
        return;
    job->ticket.entry_stale = true;
    mark(device, job);
}

void jobs_mark_entry(struct amdvi_device *device, uint16_t requester)
{
    for (struct job *job = device->jobs; job; job = job->next)
        if (job->ticket.device == requester)
            mark_entry(device, job);
}

static void mark_interrupt(struct amdvi_device *device, struct job *job)
{
    if (!job->ticket.has_interrupt)
        return;
    job->ticket.interrupt_stale = true;
    mark(device, job);
}

void jobs_mark_interrupts(struct amdvi_device *device, uint16_t requester)
{
    for (struct job *job = device->jobs; job; job = job->next)
        if (job->ticket.device == requester)
            mark_interrupt(device, job);
}

void jobs_mark_all(struct amdvi_device *device)
{
    for (struct job *job = device->jobs; job; job = job->next) {
        mark_entry(device, job);
        mark_interrupt(device, job);
        if (ticket_cover_space(&job->ticket))
            mark(device, job);
    }
}

bool jobs_settled(struct amdvi_device *device, struct jobs_wait *wait)
{
    if (!wait->waiting) {
        wait->waiting = true;
        wait->mark = device->marks;
    }
    for (const struct job *job = device->jobs; job; job = job->next)
        if (job->ticket.marked && job->ticket.marked <= wait->mark)
            return false;
    wait->waiting = false;
    return true;
}

void job_drop_ticket(struct amdvi_device *device, struct job *job)
{
    device->external->stirred |= job->ticket.marked != 0;
    ticket_clear(&job->ticket);
}
