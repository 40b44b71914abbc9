// SPDX-License-Identifier: Apache-2.0
/* The guest's rings and their interrupts, as its base and control registers describe them (viommu 9.2, 9.4
 * steps 5 and 8). */
#include "testbench/hypervisor/vmm_internal.h"

#include "model/layout.h"

static unsigned enabled(uint64_t control, uint64_t enable, uint64_t interrupt)
{
    return (control & enable ? HV_QUEUE_ENABLE : 0) | (control & interrupt ? HV_QUEUE_INTERRUPT : 0);
}

static unsigned ppr_flags(const struct hv_vmm *vmm, uint64_t control)
{
    bool wrong = hv_driver_mistakes(vmm->driver, HV_MISTAKE_AON_BIT);
    bool always = wrong ? reg_control_gdupdatedis(control) : reg_control_pprautorspaon(control);

    /* The guest is not offered automatic responses, so nobody would answer what its full log loses: the host
     * wants them answered (iommu 7.7). */
    return HV_QUEUE_PPR_AUTO | (reg_control_ppren(control) ? HV_QUEUE_PPR_ENABLE : 0) |
           (reg_control_blkstopmrken(control) ? HV_QUEUE_PPR_STOP_MARKER : 0) |
           (always ? HV_QUEUE_PPR_ALWAYS : 0);
}

static void describe_queue(const struct hv_vmm *vmm, enum hv_queue_type type, struct hv_queue_alloc *queue)
{
    const struct hv_registers *r = &vmm->registers;
    uint64_t base = type == HV_QUEUE_CMD ? r->cmd_base : type == HV_QUEUE_EVT ? r->event_base : r->ppr_base;

    *queue = (struct hv_queue_alloc){.viommu = vmm->viommu, .type = type};
    queue->gpa = reg_cmd_base_base(base);
    queue->length = (unsigned)reg_cmd_base_len(base);
    if (type == HV_QUEUE_CMD)
        queue->flags = enabled(r->control, REG_CONTROL_CMDBUFEN_MASK, REG_CONTROL_COMWAITINTEN_MASK);
    if (type == HV_QUEUE_EVT)
        queue->flags = enabled(r->control, REG_CONTROL_EVENTLOGEN_MASK, REG_CONTROL_EVENTINTEN_MASK);
    if (type == HV_QUEUE_PPR) {
        queue->flags = enabled(r->control, REG_CONTROL_PPRLOGEN_MASK, REG_CONTROL_PPRINTEN_MASK);
        queue->flags |= ppr_flags(vmm, r->control);
    }
    if (!reg_control_iommuen(r->control))
        queue->flags = 0;
}

/* A queue exists while the guest has it enabled. Other changes leave it where it is: a ring that an error has
 * stopped starts again when its enable bit rises, and only then (viommu 7.4). */
static void renew_queue(struct hv_vmm *vmm, enum hv_queue_type type)
{
    struct hv_queue_alloc queue;

    describe_queue(vmm, type, &queue);
    queue.queue = vmm->queues[type];
    if (queue.queue && queue.flags & HV_QUEUE_ENABLE && !hv_fd_queue_change(vmm->fd, &queue))
        return;
    if (queue.queue)
        hv_fd_destroy_object(vmm->fd, queue.queue);
    vmm->queues[type] = 0;
    if (queue.flags & HV_QUEUE_ENABLE && !hv_fd_queue_alloc(vmm->fd, &queue))
        vmm->queues[type] = queue.queue;
}

/* Type 0 is the event log's, type 1 the PPR log's (viommu 8.5). Without a page to post into nothing is
 * posted. */
static void interrupt_changed(struct hv_vmm *vmm, enum hv_interrupt_type type)
{
    struct hv_interrupt interrupt = {.tag = 1, .vapic = vmm->options.vapic};

    vmm_interrupt_of(vmm, type, &interrupt);
    interrupt.valid = interrupt.valid && interrupt.vapic;
    hv_fd_interrupt(vmm->fd, vmm->viommu, type, &interrupt);
}

void vmm_interrupts_changed(struct hv_vmm *vmm)
{
    if (!vmm->vf.device)
        return;
    interrupt_changed(vmm, HV_INTERRUPT_EVENT);
    interrupt_changed(vmm, HV_INTERRUPT_PPR);
}

void vmm_queues_changed(struct hv_vmm *vmm, uint64_t old_control)
{
    if (!vmm->vf.device) {
        vmm_rings_changed(vmm, old_control);
        return;
    }
    for (unsigned type = 0; type < HV_QUEUE_TYPES; type++)
        renew_queue(vmm, (enum hv_queue_type)type);
}
