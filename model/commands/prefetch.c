// SPDX-License-Identifier: Apache-2.0
/* PREFETCH_IOMMU_PAGES: a hint (6.4 opcode 6). Faults are reported to nobody. */
#include "model/lookup/invalidate.h"
#include "model/port/exec.h"

enum { PAGE_BYTES = 4096 };

/* A line that is filled without setting the accessed bits would hide later accesses from software. */
static bool leaves_no_trace(const struct amdvi_device *device, const struct dte *dte, bool guest)
{
    return !dte->had && (!guest || device->env.guest_a_disabled || !device->env.hardware_ad);
}

static bool prefetch_page(struct amdvi_device *device, struct job *job, const struct walk_request *request,
                          const struct tlb_space *space)
{
    struct walk_run run;

    exec_walk(device, job, &run, request, space);
    if (run.walk.reason)
        return false;
    ptc_fill(&device->tlb, space, request->address, &run.walk.result);
    return true;
}

void prefetch(struct amdvi_device *device, struct job *job, const uint64_t command[2])
{
    struct cmd_range range = cmd_range_decode(cmd_prefetch_address(command), cmd_prefetch_s(command));
    uint16_t id = (uint16_t)cmd_prefetch_deviceid(command);
    bool guest = cmd_prefetch_gn(command);
    struct dte_fetch fetch = {.asked = false};
    struct walk_request request = {
        .env = &device->env, .address = range.base, .guest = guest, .user = true, .no_update = true};
    struct tlb_space space = {.guest = guest};

    dtc_fetch(device, job, id, &fetch);
    request.dte = fetch.dte;
    if (fetch.reason || !device->caches || !fetch.dte->valid || !fetch.dte->tv || fetch.dte->verdict ||
        fetch.dte->mode_verdict || (guest ? !fetch.dte->guest : fetch.dte->mode == 0) ||
        !leaves_no_trace(device, fetch.dte, guest))
        return;
    space.domain = fetch.dte->domain;
    space.withheld = dte_withheld(fetch.dte, &device->env);
    request.pasid = space.pasid = guest ? (uint32_t)cmd_prefetch_pasid(command) : 0;
    if (cmd_prefetch_inval(command))
        invalidate_pages(device, &space, &range, false);
    for (unsigned i = 0; i <= cmd_prefetch_pfcount(command); i++, request.address += PAGE_BYTES)
        if (!prefetch_page(device, job, &request, &space))
            return;
}
