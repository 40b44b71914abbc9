// SPDX-License-Identifier: Apache-2.0
/* The page at 2000h without hardware: the VMM runs the guest's ring and writes its logs (viommu 9.4, last
 * lines). */
#include "testbench/hypervisor/vmm_internal.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"

#include <string.h>

enum { BATCH = 64, LENGTH_MIN = 8 };

/* Bytes of a ring; 0 for a length that is none, and for rings that do not lie in guest memory: no queue is
 * made for those in hardware mode. */
static uint32_t ring_bytes(const struct hv_vmm *vmm, uint64_t base)
{
    uint64_t length = reg_cmd_base_len(base);
    uint32_t bytes = length < LENGTH_MIN ? 0 : (uint32_t)VMM_RECORD_BYTES << length;

    return vmm_is_memory(vmm, reg_cmd_base_base(base), bytes) ? bytes : 0;
}

/* Rings are powers of two. */
static uint32_t wrap(uint64_t pointer, uint32_t bytes)
{
    return (uint32_t)pointer & (bytes - 1);
}

static bool running(const struct hv_vmm *vmm)
{
    uint64_t control = vmm->registers.control;

    return reg_control_iommuen(control) && reg_control_cmdbufen(control) &&
           ring_bytes(vmm, vmm->registers.cmd_base) && !vmm->rings.stopped;
}

static bool log_running(const struct hv_vmm *vmm, bool pprs)
{
    uint64_t control = vmm->registers.control, overflow;
    bool enabled = pprs ? reg_control_pprlogen(control) : reg_control_eventlogen(control);

    overflow = pprs ? VF_STATUS_PPROVERFLOW_MASK : VF_STATUS_EVENTOVERFLOW_MASK;
    enabled = enabled && reg_control_iommuen(control) && !vmm->rings.log_stopped[pprs];
    return enabled && !(vmm->rings.status & overflow) &&
           ring_bytes(vmm, pprs ? vmm->registers.ppr_base : vmm->registers.event_base);
}

/* ---------------------------------------------------------------- interrupts */

/* Where the guest has said, if the Control register has the cause enabled (viommu 9.2). */
static void interrupt(const struct hv_vmm *vmm, enum hv_interrupt_type type, uint64_t enable)
{
    struct hv_interrupt message = {0};

    vmm_interrupt_of(vmm, type, &message);
    if (vmm->registers.control & enable && message.valid && vmm->options.interrupt)
        vmm->options.interrupt(vmm->options.context, type, message.vector);
}

static void log_interrupt(const struct hv_vmm *vmm, bool pprs)
{
    interrupt(vmm, pprs ? HV_INTERRUPT_PPR : HV_INTERRUPT_EVENT,
              pprs ? REG_CONTROL_PPRINTEN_MASK : REG_CONTROL_EVENTINTEN_MASK);
}

/* ---------------------------------------------------------------- logs */

/* Clearing the overflow bit is not enough to start again: the enable bit must rise (iommu 7.1). */
static void overflow(struct hv_vmm *vmm, bool pprs)
{
    vmm->rings.status |= pprs ? VF_STATUS_PPROVERFLOW_MASK : VF_STATUS_EVENTOVERFLOW_MASK;
    vmm->rings.log_stopped[pprs] = true;
    log_interrupt(vmm, pprs);
}

/* False when the record is lost. */
static bool append(struct hv_vmm *vmm, bool pprs, const uint64_t record[2])
{
    uint64_t base = pprs ? vmm->registers.ppr_base : vmm->registers.event_base;
    uint64_t *head = pprs ? &vmm->rings.ppr_head : &vmm->rings.event_head;
    uint64_t *tail = pprs ? &vmm->rings.ppr_tail : &vmm->rings.event_tail;
    uint32_t bytes = ring_bytes(vmm, base), next;
    void *to;

    if (!log_running(vmm, pprs))
        return false;
    next = wrap(*tail + VMM_RECORD_BYTES, bytes);
    if (next == wrap(*head, bytes)) {
        overflow(vmm, pprs);
        return false;
    }
    to = hv_vmm_at(vmm, reg_cmd_base_base(base) + wrap(*tail, bytes), VMM_RECORD_BYTES);
    if (!to)
        return false;
    memcpy(to, record, VMM_RECORD_BYTES);
    *tail = next;
    vmm->rings.status |= pprs ? VF_STATUS_PPRINT_MASK : VF_STATUS_EVENTLOGINT_MASK;
    vmm->exits[HV_EXIT_INJECT]++;
    log_interrupt(vmm, pprs);
    return true;
}

/* Nobody will answer a request that the guest does not see, and its device would wait for ever: the VMM does,
 * as the hardware's automatic response (iommu 7.7). */
static enum hv_status page_request(struct hv_vmm *vmm, const uint64_t record[2])
{
    const struct vmm_device *device;

    if (append(vmm, true, record))
        return HV_OK;
    device = vmm_find_guest(vmm, (uint16_t)ppr_deviceid(record));
    return device ? hv_driver_page_lost(vmm->driver, device->host, record) : HV_OK;
}

void vmm_illegal_entry(struct hv_vmm *vmm, uint16_t guest_device)
{
    uint64_t record[2] = {0};

    if (vmm->vf.device)
        return;
    evt_illegal_dev_table_entry_set_code(record, EVT_ILLEGAL_DEV_TABLE_ENTRY);
    evt_illegal_dev_table_entry_set_deviceid(record, guest_device);
    evt_illegal_dev_table_entry_set_rz(record, 1);
    append(vmm, false, record);
}

/* Events that were lost on the way are an overflow of the guest's log: nothing else says so to a driver. All
 * are taken here at once, so the marker behind them does not miss. */
static enum hv_status relay(struct hv_vmm *vmm, bool pprs)
{
    enum hv_status status = HV_OK;
    struct hv_event event;

    while (!status) {
        status = hv_fd_eventq_next(vmm->fd, pprs ? vmm->pprs : vmm->events, &event);
        if (status)
            break;
        if (event.lost && log_running(vmm, pprs))
            overflow(vmm, pprs);
        else if (!event.lost && pprs)
            status = page_request(vmm, event.record);
        else if (!event.lost)
            append(vmm, false, event.record);
    }
    return status == HV_ERR_EMPTY ? HV_OK : status;
}

enum hv_status hv_vmm_deliver(struct hv_vmm *vmm)
{
    enum hv_status status;

    if (!vmm)
        return HV_ERR_ARGUMENT;
    if (vmm->vf.device)
        return HV_OK;
    status = relay(vmm, false);
    return status ? status : relay(vmm, true);
}

/* ---------------------------------------------------------------- the command ring */

static void illegal(struct hv_vmm *vmm, uint64_t gpa)
{
    uint64_t record[2] = {0};

    vmm->rings.stopped = true;
    evt_illegal_command_error_set_code(record, EVT_ILLEGAL_COMMAND_ERROR);
    evt_illegal_command_error_set_address(record, gpa);
    append(vmm, false, record);
}

/* The store goes to guest memory; one that cannot stops the ring, as in hardware (viommu 11 #18). */
static bool wait_done(struct hv_vmm *vmm, const uint64_t command[2])
{
    uint64_t address = cmd_completion_wait_address(command), data = cmd_completion_wait_data(command);
    void *to = hv_vmm_at(vmm, address, sizeof(data));

    if (cmd_completion_wait_s(command) && !to) {
        vmm->rings.stopped = true;
        return false;
    }
    if (cmd_completion_wait_s(command))
        memcpy(to, &data, sizeof(data));
    if (cmd_completion_wait_i(command)) {
        vmm->rings.status |= VF_STATUS_COMWAITINT_MASK;
        interrupt(vmm, HV_INTERRUPT_EVENT, REG_CONTROL_COMWAITINTEN_MASK);
    }
    return true;
}

static bool wait_legal(const uint64_t command[2])
{
    uint64_t reserved[2] = {0};

    cmd_completion_wait_reserved(0, 0, 0, reserved);
    return !(command[0] & reserved[0]) && !(command[1] & reserved[1]);
}

static void advance(struct hv_vmm *vmm, unsigned commands)
{
    uint32_t bytes = ring_bytes(vmm, vmm->registers.cmd_base);

    vmm->rings.cmd_head = wrap(vmm->rings.cmd_head + (uint64_t)commands * VMM_RECORD_BYTES, bytes);
}

/* What the guest's commands say about its device and interrupt tables is the VMM's to hear. */
static void heed(struct hv_vmm *vmm, const uint64_t command[2])
{
    struct vmm_device *device = NULL;

    if (cmd_opcode(command) == CMD_INVALIDATE_DEVTAB_ENTRY ||
        cmd_opcode(command) == CMD_INVALIDATE_INTERRUPT_TABLE)
        device = vmm_find_guest(vmm, (uint16_t)cmd_inv_devtab_deviceid(command));
    if (device && cmd_opcode(command) == CMD_INVALIDATE_INTERRUPT_TABLE)
        vmm_messages_renew(vmm, device);
    else if (device)
        vmm_entry_invalidated(vmm, device);
    for (unsigned i = 0; cmd_opcode(command) == CMD_INVALIDATE_IOMMU_ALL && i < vmm->count; i++)
        vmm_entry_invalidated(vmm, &vmm->devices[i]);
}

/* Everything up to the next COMPLETION_WAIT is one call of the driver. */
static bool run_batch(struct hv_vmm *vmm, const uint64_t (*batch)[2], unsigned count)
{
    unsigned done = 0;
    enum hv_status status;

    if (count == 0)
        return true;
    for (unsigned i = 0; i < count; i++)
        vmm_shadow_heed(vmm, batch[i]);
    status = hv_fd_invalidate(vmm->fd, vmm->viommu, batch, count, &done);
    for (unsigned i = 0; i < done; i++)
        heed(vmm, batch[i]);
    advance(vmm, done);
    if (status == HV_ERR_COMMAND)
        illegal(vmm, reg_cmd_base_base(vmm->registers.cmd_base) + vmm->rings.cmd_head);
    else if (status)
        vmm->rings.stopped = true;
    return !status;
}

static bool fetch(struct hv_vmm *vmm, uint64_t at, uint64_t command[2])
{
    const void *from = hv_vmm_at(vmm, reg_cmd_base_base(vmm->registers.cmd_base) + at, VMM_RECORD_BYTES);

    if (from)
        memcpy(command, from, VMM_RECORD_BYTES);
    else
        vmm->rings.stopped = true;
    return from;
}

/* Takes commands into a batch until it is full, the ring is empty or a COMPLETION_WAIT comes. */
static unsigned collect(struct hv_vmm *vmm, uint64_t (*batch)[2], bool *wait)
{
    uint32_t bytes = ring_bytes(vmm, vmm->registers.cmd_base);
    uint64_t at = wrap(vmm->rings.cmd_head, bytes), tail = wrap(vmm->rings.cmd_tail, bytes);
    unsigned count = 0;

    *wait = false;
    while (count < BATCH && at != tail && fetch(vmm, at, batch[count])) {
        if (cmd_opcode(batch[count]) == CMD_COMPLETION_WAIT) {
            *wait = true;
            break;
        }
        count++;
        at = wrap(at + VMM_RECORD_BYTES, bytes);
    }
    return count;
}

static bool has_work(const struct hv_vmm *vmm)
{
    uint32_t bytes = ring_bytes(vmm, vmm->registers.cmd_base);

    return running(vmm) && wrap(vmm->rings.cmd_head, bytes) != wrap(vmm->rings.cmd_tail, bytes);
}

static void run_ring(struct hv_vmm *vmm)
{
    uint64_t batch[BATCH + 1][2];
    bool wait;

    while (has_work(vmm)) {
        unsigned count = collect(vmm, batch, &wait);
        if (!run_batch(vmm, (const uint64_t(*)[2])batch, count) || !wait)
            continue;
        if (!wait_legal(batch[count]))
            illegal(vmm, reg_cmd_base_base(vmm->registers.cmd_base) + vmm->rings.cmd_head);
        else if (wait_done(vmm, batch[count]))
            advance(vmm, 1);
    }
}

/* ---------------------------------------------------------------- registers */

/* Whether an enable bit has risen; none counts without IommuEn. */
static bool rose(const struct hv_vmm *vmm, uint64_t old_control, uint64_t enable)
{
    uint64_t needed = enable | REG_CONTROL_IOMMUEN_MASK;

    return (vmm->registers.control & needed) == needed && (old_control & needed) != needed;
}

/* What has stopped starts again when its enable bit rises (iommu 7.1, viommu 7.4). */
void vmm_rings_changed(struct hv_vmm *vmm, uint64_t old_control)
{
    if (rose(vmm, old_control, REG_CONTROL_CMDBUFEN_MASK))
        vmm->rings.stopped = false;
    if (rose(vmm, old_control, REG_CONTROL_EVENTLOGEN_MASK))
        vmm->rings.log_stopped[false] = false;
    if (rose(vmm, old_control, REG_CONTROL_PPRLOGEN_MASK))
        vmm->rings.log_stopped[true] = false;
    if (running(vmm))
        run_ring(vmm);
}

static uint64_t status_now(const struct hv_vmm *vmm)
{
    uint64_t value = vf_status_set_cmdbufrun(vmm->rings.status, running(vmm));

    value = vf_status_set_eventlogrun(value, log_running(vmm, false));
    return vf_status_set_pprlogrun(value, log_running(vmm, true));
}

static uint64_t *pointer(struct hv_vmm *vmm, uint64_t offset)
{
    switch (offset) {
    case REG_CMD_HEAD_OFFSET:
        return &vmm->rings.cmd_head;
    case REG_CMD_TAIL_OFFSET:
        return &vmm->rings.cmd_tail;
    case REG_EVENT_HEAD_OFFSET:
        return &vmm->rings.event_head;
    case REG_EVENT_TAIL_OFFSET:
        return &vmm->rings.event_tail;
    case REG_PPR_HEAD_OFFSET:
        return &vmm->rings.ppr_head;
    case REG_PPR_TAIL_OFFSET:
        return &vmm->rings.ppr_tail;
    default:
        return NULL;
    }
}

enum hv_status vmm_ring_read(struct hv_vmm *vmm, uint64_t offset, uint64_t *value)
{
    const uint64_t *at = pointer(vmm, offset);

    *value = offset == REG_STATUS_OFFSET ? status_now(vmm) : at ? *at : 0;
    return HV_OK;
}

/* Pointers that the IOMMU moves are not the guest's to write while their ring runs. */
static bool locked(const struct hv_vmm *vmm, uint64_t offset)
{
    return (offset == REG_CMD_HEAD_OFFSET && running(vmm)) ||
           (offset == REG_EVENT_TAIL_OFFSET && log_running(vmm, false)) ||
           (offset == REG_PPR_TAIL_OFFSET && log_running(vmm, true));
}

enum hv_status vmm_ring_write(struct hv_vmm *vmm, uint64_t offset, uint64_t value)
{
    const uint64_t sticky = VF_STATUS_EVENTOVERFLOW_MASK | VF_STATUS_EVENTLOGINT_MASK |
                            VF_STATUS_COMWAITINT_MASK | VF_STATUS_PPROVERFLOW_MASK | VF_STATUS_PPRINT_MASK;
    uint64_t *at = pointer(vmm, offset);

    if (offset == REG_STATUS_OFFSET)
        vmm->rings.status &= ~(value & sticky);
    if (at && !locked(vmm, offset))
        *at = vf_cmd_tail_set_ptr(0, vf_cmd_tail_ptr(value));
    if (offset == REG_CMD_TAIL_OFFSET)
        run_ring(vmm);
    return HV_OK;
}
