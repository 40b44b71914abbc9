// SPDX-License-Identifier: Apache-2.0
/* What goes wrong in a busy guest: its own mistakes, logs that overflow, devices that are blocked. */
#include "testbench/hypervisor/workload_internal.h"

#include "cmdbuf/layout.h"
#include "tables/layout.h"

enum { BURST = 300 /* more than a log holds */ };

#define NOWHERE UINT64_C(0x7f0000000000)

/* A command that no guest may give: the guest is told, its ring stands, it starts again (viommu 7.3, 7.4). */
void workload_mistake(struct hv_workload *w)
{
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_RESET_VMMIO);
    hv_guest_iommu_command(&w->iommu, words);
    if (!hv_guest_iommu_wait(&w->iommu))
        w->status = HV_ERR_COMMAND; /* it should not have come */
    workload_read_events(w);
    if (hv_guest_iommu_restart(&w->iommu))
        w->status = HV_ERR_DEVICE;
    w->counts.mistakes++;
    workload_wait(w);
}

static void look_at_status(struct hv_workload *w)
{
    workload_see(w, HV_SIGHT_STATUS, hv_guest_iommu_status(&w->iommu), 0);
}

/* A device goes on where nothing is mapped, and the guest does not read its log. */
void workload_overflow(struct hv_workload *w)
{
    struct amdvi_request rq = {
        .device = workload_pick(w)->id, .op = AMDVI_READ, .length = 8, .address = NOWHERE};
    struct amdvi_result result;

    for (unsigned i = 0; i < BURST && !w->status; i++)
        if (hv_vmm_translate(w->iommu.vmm, &rq, &result))
            w->status = HV_ERR_DEVICE;
    look_at_status(w);
    workload_read_events(w);
    if (hv_guest_iommu_restart_log(&w->iommu, AMDVI_LOG_EVENT))
        w->status = HV_ERR_DEVICE;
    look_at_status(w);
    w->counts.overflows++;
}

/* V=TV=1 and no permission is how Linux blocks (iommu 3.3); then the device gets its entry back. */
void workload_block(struct hv_workload *w)
{
    const struct workload_device *device = workload_pick(w);
    struct amdvi_request rq = {
        .device = device->id, .op = AMDVI_READ, .length = 8, .address = workload_address(0)};
    struct amdvi_result result;
    uint64_t entry[4] = {0};

    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    hv_guest_iommu_entry(&w->iommu, device->id, entry);
    workload_wait(w);
    if (hv_vmm_translate(w->iommu.vmm, &rq, &result))
        w->status = HV_ERR_DEVICE;
    workload_see(w, HV_SIGHT_TRANSLATION, result.ok, 0);
    workload_read_events(w);
    workload_write_entry(w, device);
    workload_wait(w);
    w->counts.blocks++;
}

/* Commands for numbers that the guest does not have. */
void workload_stray(struct hv_workload *w)
{
    static const unsigned opcodes[] = {CMD_INVALIDATE_IOTLB_PAGES, CMD_INVALIDATE_DEVTAB_ENTRY,
                                       CMD_INVALIDATE_INTERRUPT_TABLE};

    workload_command_for(w, opcodes[workload_any(w, 3)], (uint16_t)(0x8000 | workload_any(w, 0x8000)));
    hv_guest_iommu_flush(&w->iommu, (uint16_t)(0x8000 | workload_any(w, 0x8000)), workload_any(w, PASIDS), 0,
                         0);
    workload_wait(w);
    look_at_status(w);
    w->counts.strays++;
}
