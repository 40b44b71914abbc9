// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupts of devices on their way to processors, and the IOMMU's own. */
#include "unit.h"

#include <hw/i386/apic.h>
#include <hw/i386/apic_internal.h>
#include <hw/pci/msi.h>
#include <qemu/main-loop.h>

static void send_message(uint64_t address, uint32_t data)
{
    MSIMessage message = {.address = address, .data = data};

    apic_get_class()->send_msi(&message);
}

/* False: refused. */
static bool remap(struct unit *unit, uint16_t requester, const MSIMessage *from,
                  struct amdvi_int_result *result)
{
    enum amdvi_status status;

    unit_enter(unit);
    status =
        amdvi_interrupt(unit->device, traps_requester(unit, requester), from->address, from->data, result);
    unit_leave(unit);
    return status == AMDVI_OK && result->ok;
}

static MemTxResult write_interrupt(void *opaque, hwaddr offset, uint64_t value, unsigned size,
                                   MemTxAttrs attrs)
{
    struct unit *unit = opaque;
    const MSIMessage from = {.address = INTERRUPTS_FIRST + offset, .data = (uint32_t)value};
    struct amdvi_int_result result;

    if (!unit_remaps(unit)) {
        send_message(from.address, from.data);
        return MEMTX_OK;
    }
    /* The IOAPIC writes without a name. */
    if (!remap(unit, attrs.unspecified ? IOAPIC_REQUESTER : attrs.requester_id, &from, &result))
        return MEMTX_ERROR;
    if (!result.posted)
        send_message(result.address, result.data);
    return MEMTX_OK;
}

/* What lies here is not memory: reads get nothing. */
static MemTxResult read_interrupt(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                                  MemTxAttrs attrs)
{
    *data = 0;
    return MEMTX_ERROR;
}

const MemoryRegionOps interrupts_ops = {
    .read_with_attrs = read_interrupt,
    .write_with_attrs = write_interrupt,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = {.min_access_size = 4, .max_access_size = 4},
    .valid = {.min_access_size = 4, .max_access_size = 4},
};

int interrupts_remap_route(X86IOMMUState *iommu, MSIMessage *from, MSIMessage *to, uint16_t requester)
{
    struct unit *unit = container_of(iommu, struct unit, parent.x86);
    struct amdvi_int_result result;

    if (!unit_remaps(unit)) {
        *to = *from;
        return 0;
    }
    if (!remap(unit, requester == X86_IOMMU_SID_INVALID ? IOAPIC_REQUESTER : requester, from, &result))
        return -EINVAL;
    *to = (MSIMessage){.address = result.address, .data = result.data};
    return 0;
}

static void deliver_waiting(struct unit *unit)
{
    struct amdvi_irq irq;

    while (amdvi_irq_next(unit->interrupts, &irq) == AMDVI_OK)
        if (amdvi_irq_duty_of(&irq) == AMDVI_IRQ_DUTY_MESSAGE)
            send_message(irq.address, irq.data);
}

static void deliver_later(void *opaque)
{
    struct unit *unit = opaque;

    unit_enter(unit);
    unit_leave(unit);
}

/* Interrupt controllers want the big lock, which I/O threads do not hold. */
void interrupts_deliver(struct unit *unit)
{
    size_t waiting = 0;

    if (qemu_mutex_iothread_locked())
        deliver_waiting(unit);
    else if (amdvi_irq_queue_state(unit->interrupts, &waiting, NULL, NULL) == AMDVI_OK && waiting)
        aio_bh_schedule_oneshot(qemu_get_aio_context(), deliver_later, unit);
}
