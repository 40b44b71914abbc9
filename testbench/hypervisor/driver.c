// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/internal.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"

#include <stdlib.h>

enum { RECORD_BYTES = 16 };

/* With an owner the IOMMU is shared. */
static enum hv_status create(struct amdvi_device *device, struct hv_memory *memory,
                             const struct hv_options *options, const struct hv_owner *owner,
                             struct hv_driver **driver)
{
    struct hv_driver *made;
    enum hv_status status;

    if (!device || !memory || !options || !driver)
        return HV_ERR_ARGUMENT;
    made = calloc(1, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->device = device;
    made->memory = memory;
    made->options = *options;
    made->shared = owner;
    if (owner)
        made->owner = *owner;
    hv_ids_take(&made->trans_ids, options->devid);
    status = owner ? hv_join(made) : hv_bring_up(made);
    if (status) {
        hv_driver_destroy(made);
        return status;
    }
    *driver = made;
    return HV_OK;
}

enum hv_status hv_driver_create(struct amdvi_device *device, struct hv_memory *memory,
                                const struct hv_options *options, struct hv_driver **driver)
{
    return create(device, memory, options, NULL, driver);
}

enum hv_status hv_driver_share(struct amdvi_device *device, struct hv_memory *memory,
                               const struct hv_options *options, const struct hv_owner *owner,
                               struct hv_driver **driver)
{
    if (!owner || !owner->entry_read || !owner->entry_write || !owner->command || !owner->wait ||
        !owner->take != !owner->give)
        return HV_ERR_ARGUMENT;
    return create(device, memory, options, owner, driver);
}

static void give_memory(struct hv_driver *driver)
{
    for (unsigned i = 0; i < 1024; i++)
        hv_memory_give(driver->memory, driver->interrupt_tables[i], HV_PAGE);
    hv_memory_give(driver->memory, driver->interrupts, 2 * HV_PAGE);
    hv_memory_give(driver->memory, driver->store, HV_PAGE);
    hv_memory_give(driver->memory, driver->pprs.base, HV_RING_BYTES);
    hv_memory_give(driver->memory, driver->events.base, HV_RING_BYTES);
    hv_memory_give(driver->memory, driver->commands.base, HV_RING_BYTES);
    hv_memory_give(driver->memory, driver->device_table, (uint64_t)65536 * HV_DTE_BYTES);
}

static void give_stages(struct hv_driver *driver)
{
    while (driver->stages) {
        struct hv_stage2 *stage2 = driver->stages;
        while (stage2->domains)
            hv_domain_give(stage2, stage2->domains->id);
        stage2->users = 0;
        hv_stage2_destroy(stage2);
    }
}

void hv_driver_destroy(struct hv_driver *driver)
{
    if (!driver)
        return;
    while (driver->guests)
        hv_guest_destroy(driver->guests);
    if (driver->shared)
        hv_leave(driver);
    give_stages(driver);
    if (!driver->shared)
        amdvi_mmio_write(driver->device, REG_CONTROL_OFFSET, 8, 0);
    hv_private_destroy(driver);
    give_memory(driver);
    free(driver);
}

struct amdvi_device *hv_driver_device(const struct hv_driver *driver)
{
    return driver->device;
}

struct hv_memory *hv_driver_memory(const struct hv_driver *driver)
{
    return driver->memory;
}

bool hv_driver_private_buffers(const struct hv_driver *driver)
{
    return driver->options.private_buffers;
}

bool hv_driver_mistakes(const struct hv_driver *driver, enum hv_mistake mistake)
{
    return driver->options.mistakes & mistake;
}

void hv_driver_features(const struct hv_driver *driver, uint64_t *efr, uint64_t *efr2)
{
    *efr = driver->efr;
    *efr2 = driver->efr2;
}

enum hv_status hv_driver_lost(struct hv_driver *driver, enum amdvi_log log)
{
    if (!driver || (log != AMDVI_LOG_EVENT && log != AMDVI_LOG_PPR))
        return HV_ERR_ARGUMENT;
    for (unsigned i = 0; i <= UINT16_MAX; i++) {
        const struct hv_listener *listener = &driver->devices[i].listener;
        if (listener->lost)
            listener->lost(listener->context, log);
    }
    return HV_OK;
}

/* A log that has overflowed stands until its enable bit rises again (iommu 7.1, 7.7): when all that it holds
 * has been read. */
static enum hv_status restart_log(struct hv_driver *driver, bool events)
{
    uint64_t overflow = events ? REG_STATUS_EVENTOVERFLOW_MASK : REG_STATUS_PPROVERFLOW_MASK, status = 0;
    uint64_t enable = events ? REG_CONTROL_EVENTLOGEN_MASK : REG_CONTROL_PPRLOGEN_MASK;

    if (amdvi_mmio_read(driver->device, REG_STATUS_OFFSET, 8, &status))
        return HV_ERR_DEVICE;
    if (!(status & overflow))
        return HV_ERR_EMPTY;
    hv_driver_lost(driver, events ? AMDVI_LOG_EVENT : AMDVI_LOG_PPR);
    if (amdvi_mmio_write(driver->device, REG_CONTROL_OFFSET, 8, driver->control & ~enable) ||
        amdvi_mmio_write(driver->device, REG_STATUS_OFFSET, 8, overflow) ||
        amdvi_mmio_write(driver->device, REG_CONTROL_OFFSET, 8, driver->control))
        return HV_ERR_DEVICE;
    return HV_ERR_EMPTY;
}

enum hv_status hv_driver_event(struct hv_driver *driver, enum amdvi_log log, uint64_t record[2])
{
    bool events = log == AMDVI_LOG_EVENT;
    struct hv_log *ring = events ? &driver->events : &driver->pprs;
    uint64_t tail = 0;

    if (log != AMDVI_LOG_EVENT && log != AMDVI_LOG_PPR)
        return HV_ERR_ARGUMENT;
    if (driver->shared)
        return HV_ERR_UNSUPPORTED;
    if (amdvi_mmio_read(driver->device, events ? REG_EVENT_TAIL_OFFSET : REG_PPR_TAIL_OFFSET, 8, &tail))
        return HV_ERR_DEVICE;
    if (tail == ring->head)
        return restart_log(driver, events);
    for (unsigned i = 0; i < 2; i++)
        record[i] = hv_memory_get(driver->memory, ring->base + ring->head + i * sizeof(record[i]));
    ring->head = (ring->head + RECORD_BYTES) % HV_RING_BYTES;
    if (amdvi_mmio_write(driver->device, events ? REG_EVENT_HEAD_OFFSET : REG_PPR_HEAD_OFFSET, 8, ring->head))
        return HV_ERR_DEVICE;
    return HV_OK;
}

enum hv_status hv_driver_listen(struct hv_driver *driver, uint16_t device, const struct hv_listener *listener)
{
    if (!driver)
        return HV_ERR_ARGUMENT;
    if (!driver->devices[device].known)
        return HV_ERR_NO_OBJECT;
    driver->devices[device].listener = listener ? *listener : (struct hv_listener){0};
    return HV_OK;
}

static bool hand_out(struct hv_driver *driver, enum amdvi_log log, const uint64_t record[2])
{
    /* Every record that names a device has it where page faults do. */
    uint16_t device = (uint16_t)evt_io_page_fault_deviceid(record);
    const struct hv_listener *listener = &driver->devices[device].listener;

    if (listener->record)
        listener->record(listener->context, log, device, record);
    else
        driver->unheard++;
    return listener->record;
}

enum hv_status hv_driver_record(struct hv_driver *driver, enum amdvi_log log, const uint64_t record[2],
                                bool *heard)
{
    if (!driver || !record || !heard || (log != AMDVI_LOG_EVENT && log != AMDVI_LOG_PPR))
        return HV_ERR_ARGUMENT;
    *heard = hand_out(driver, log, record);
    return HV_OK;
}

enum hv_status hv_driver_poll(struct hv_driver *driver)
{
    static const enum amdvi_log logs[] = {AMDVI_LOG_EVENT, AMDVI_LOG_PPR};
    enum hv_status status = HV_OK;
    uint64_t record[2];

    if (!driver)
        return HV_ERR_ARGUMENT;
    if (driver->shared) /* its owner reads the logs: hv_driver_record() */
        return HV_OK;
    for (unsigned i = 0; i < 2; i++) {
        while (!(status = hv_driver_event(driver, logs[i], record)))
            hand_out(driver, logs[i], record);
        if (status != HV_ERR_EMPTY)
            return status;
    }
    return HV_OK;
}

uint64_t hv_driver_unheard(const struct hv_driver *driver)
{
    return driver->unheard;
}
