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

static void make_request(const struct amdvi_device *device, const uint64_t command[2], const struct dte *dte,
                         struct prefetch *p)
{
    bool guest = cmd_prefetch_gn(command);

    p->space = (struct tlb_space){.guest = guest, .domain = dte->domain};
    p->space.withheld = dte_withheld(dte, &device->env);
    p->space.pasid = guest ? (uint32_t)cmd_prefetch_pasid(command) : 0;
    p->request = (struct walk_request){
        .env = &device->env,
        .dte = dte,
        .address = cmd_range_decode(cmd_prefetch_address(command), cmd_prefetch_s(command)).base,
        .guest = guest,
        .pasid = p->space.pasid,
        .user = true,
        .no_update = true};
}

/* An answer that an invalidation has overtaken is not kept. */
static void keep(struct amdvi_device *device, const struct job *job, const struct prefetch *p)
{
    if (job_is_direct(job) || ticket_keeps_leaf(&job->ticket, p->run.walk.result.shift))
        ptc_fill(&device->tlb, &p->space, p->request.address, &p->run.walk.result);
}

bool prefetch_step(struct amdvi_device *device, struct job *job, const uint64_t command[2],
                   struct dte_fetch *fetch, struct prefetch *p)
{
    const struct cmd_range range = cmd_range_decode(cmd_prefetch_address(command), cmd_prefetch_s(command));

    STEPS_BEGIN(&p->steps);
    STEPS_WAIT(&p->steps, dtc_fetch(device, job, (uint16_t)cmd_prefetch_deviceid(command), fetch));
    if (!translates(device, fetch, cmd_prefetch_gn(command)))
        STEPS_DONE(&p->steps);
    make_request(device, command, fetch->dte, p);
    if (cmd_prefetch_inval(command))
        invalidate_pages(device, &p->space, &range, false);
    p->run.begun = false;
    for (p->i = 0; p->i <= cmd_prefetch_pfcount(command); p->i++, p->request.address += PAGE_BYTES) {
        STEPS_WAIT(&p->steps, exec_walk(device, job, &p->run, &p->request, &p->space));
        if (p->run.walk.reason)
            STEPS_DONE(&p->steps);
        keep(device, job, p);
    }
    STEPS_END(&p->steps);
}
