// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of the guest's devices (iommu 8): where they go is said by the guest's device table and interrupt
 * tables, which the hardware never reads. The device that shows the guest its PCI function reads them in its
 * place: its registers are the guest's, its memory is the guest's, and it keeps nothing.
 */
#include "testbench/hypervisor/vmm_internal.h"

#include "model/layout.h"

#include <string.h>

enum { FIXED = 0, ARBITRATED = 1 };

static enum amdvi_memory_result read_tables(void *context, uint64_t spa, void *data, size_t length)
{
    const void *from = hv_vmm_at(context, spa, length);

    if (!from)
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(data, from, length);
    return AMDVI_MEMORY_OK;
}

struct amdvi_memory vmm_tables_port(struct hv_vmm *vmm)
{
    return (struct amdvi_memory){.context = vmm, .read = read_tables};
}

/* What of the guest's Control counts for interrupts; no ring and no log runs there. */
static enum hv_status show_registers(struct hv_vmm *vmm)
{
    const uint64_t counts = REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_GAEN_MASK;
    uint64_t control = vmm->registers.control & counts, table = vmm->registers.devtab_base;
    bool bad = false;

    if (table != vmm->shown_table)
        bad |= amdvi_mmio_write(vmm->function, REG_DEVTAB_BASE_OFFSET, 8, table) != AMDVI_OK;
    if (control != vmm->shown_control)
        bad |= amdvi_mmio_write(vmm->function, REG_CONTROL_OFFSET, 8, control) != AMDVI_OK;
    vmm->shown_table = table;
    vmm->shown_control = control;
    return bad ? HV_ERR_DEVICE : HV_OK;
}

enum hv_status hv_vmm_remap(struct hv_vmm *vmm, uint16_t guest_device, const struct hv_message *message,
                            struct amdvi_int_result *result)
{
    enum hv_status status;

    if (!vmm || !message || !result)
        return HV_ERR_ARGUMENT;
    status = show_registers(vmm);
    if (status)
        return status;
    return amdvi_interrupt(vmm->function, guest_device, message->address, message->data, result)
               ? HV_ERR_ARGUMENT
               : HV_OK;
}

static struct hv_interrupt where(struct hv_vmm *vmm, uint16_t guest_device, const struct vmm_message *m)
{
    struct amdvi_int_result result;

    if (!m->used || hv_vmm_remap(vmm, guest_device, &m->message, &result) || !result.ok ||
        (result.type != FIXED && result.type != ARBITRATED))
        return (struct hv_interrupt){0};
    return (struct hv_interrupt){.valid = true,
                                 .vector = result.vector,
                                 .destination = result.destination,
                                 .logical = result.logical,
                                 .arbitrated = result.type == ARBITRATED};
}

static bool same(const struct hv_interrupt *a, const struct hv_interrupt *b)
{
    return a->valid == b->valid && a->vector == b->vector && a->destination == b->destination &&
           a->logical == b->logical && a->arbitrated == b->arbitrated;
}

static enum hv_status renew(struct hv_vmm *vmm, const struct vmm_device *device, unsigned index)
{
    struct vmm_message *m = &vmm->messages[device - vmm->devices][index];
    struct hv_interrupt now = where(vmm, device->guest, m);
    enum hv_status status;

    if (same(&now, &m->now))
        return HV_OK;
    status = hv_device_interrupt(vmm->driver, device->host, index, &now);
    if (!status)
        m->now = now;
    return status;
}

void vmm_messages_renew(struct hv_vmm *vmm, const struct vmm_device *device)
{
    for (unsigned i = 0; vmm->message_count && i < VMM_MESSAGES; i++)
        if (vmm->messages[device - vmm->devices][i].used)
            renew(vmm, device, i);
}

void vmm_messages_forget(struct hv_vmm *vmm)
{
    memset(vmm->messages, 0, sizeof(vmm->messages));
    vmm->message_count = 0;
}

enum hv_status hv_vmm_device_message(struct hv_vmm *vmm, uint16_t guest_device, unsigned index,
                                     const struct hv_message *message)
{
    const struct vmm_device *device = vmm ? vmm_find_guest(vmm, guest_device) : NULL;
    struct vmm_message *m;

    if (!vmm || index >= VMM_MESSAGES)
        return HV_ERR_ARGUMENT;
    if (!device)
        return HV_ERR_NO_OBJECT;
    m = &vmm->messages[device - vmm->devices][index];
    vmm->message_count += (message != NULL) - m->used;
    m->used = message;
    if (message)
        m->message = *message;
    return renew(vmm, device, index);
}
