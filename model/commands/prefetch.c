// SPDX-License-Identifier: Apache-2.0
/* PREFETCH_IOMMU_PAGES: a hint (6.4 opcode 6). Faults are reported to nobody. */
#include "model/commands/prefetch.h"

#include "model/lookup/dtc.h"
#include "model/lookup/invalidate.h"

enum { PAGE_BYTES = 4096 };

/* A line that is filled without setting the accessed bits would hide later accesses from software. */
static bool leaves_no_trace(const struct amdvi_device *device, const struct dte *dte, bool guest)
{
    return !dte->had && (!guest || device->env.guest_a_disabled || !device->env.hardware_ad);
}

static bool translates(const struct amdvi_device *device, const struct dte_fetch *fetch, bool guest)
{
    const struct dte *dte = fetch->dte;

    return !fetch->reason && device->caches && dte->valid && dte->tv && !dte->verdict && !dte->mode_verdict &&
           (guest ? dte->guest : dte->mode != 0) && leaves_no_trace(device, dte, guest);
}

static void make_request(const struct amdvi_device *device, const struct prefetch_order *order,
                         const struct dte *dte, struct prefetch *p)
{
    p->space = dtc_space(device, dte, order->guest, order->pasid);
    p->request = (struct walk_request){.env = &device->env,
                                       .dte = dte,
                                       .address = order->address,
                                       .guest = order->guest,
                                       .pasid = p->space.pasid,
                                       .user = true,
                                       .probe = order->directories,
                                       .no_update = true};
}

/* An answer that an invalidation has overtaken is not kept. */
static void keep(struct amdvi_device *device, const struct job *job, const struct prefetch *p)
{
    if (job_is_direct(job) || ticket_keeps_page(&job->ticket, &p->run.walk.result))
        ptc_fill(&device->tlb, &p->space, p->request.address, &p->run.walk.result);
}

/* Behind make_request(): up to the first page that is not there. */
static bool walk_pages(struct amdvi_device *device, struct job *job, const struct prefetch_order *order,
                       struct prefetch *p)
{
    STEPS_BEGIN(&p->pages);
    p->run.begun = false;
    for (p->i = 0; p->i < order->count; p->i++, p->request.address += PAGE_BYTES) {
        STEPS_WAIT(&p->pages, exec_walk(device, job, &p->run, &p->request, &p->space));
        if (p->run.walk.reason)
            STEPS_DONE(&p->pages);
        keep(device, job, p);
    }
    STEPS_END(&p->pages);
}

bool prefetch_pages(struct amdvi_device *device, struct job *job, const struct prefetch_order *order,
                    struct dte_fetch *fetch, struct prefetch *p)
{
    STEPS_BEGIN(&p->steps);
    STEPS_WAIT(&p->steps, dtc_fetch(device, job, order->device, fetch));
    if (!translates(device, fetch, order->guest))
        STEPS_DONE(&p->steps);
    make_request(device, order, fetch->dte, p);
    STEPS_WAIT(&p->steps, walk_pages(device, job, order, p));
    STEPS_END(&p->steps);
}

static struct prefetch_order order_of(const uint64_t command[2])
{
    return (struct prefetch_order){
        .device = (uint16_t)cmd_prefetch_deviceid(command),
        .guest = cmd_prefetch_gn(command),
        .pasid = (uint32_t)cmd_prefetch_pasid(command),
        .address = cmd_range_decode(cmd_prefetch_address(command), cmd_prefetch_s(command)).base,
        .count = (unsigned)cmd_prefetch_pfcount(command) + 1};
}

bool prefetch_step(struct amdvi_device *device, struct job *job, const uint64_t command[2],
                   struct dte_fetch *fetch, struct prefetch *p)
{
    const struct cmd_range range = cmd_range_decode(cmd_prefetch_address(command), cmd_prefetch_s(command));

    STEPS_BEGIN(&p->steps);
    p->order = order_of(command);
    STEPS_WAIT(&p->steps, dtc_fetch(device, job, p->order.device, fetch));
    if (!translates(device, fetch, p->order.guest))
        STEPS_DONE(&p->steps);
    make_request(device, &p->order, fetch->dte, p);
    if (cmd_prefetch_inval(command))
        invalidate_pages(device, &p->space, &range, false);
    STEPS_WAIT(&p->steps, walk_pages(device, job, &p->order, p));
    STEPS_END(&p->steps);
}
