// SPDX-License-Identifier: Apache-2.0
/* Event queues: the host's records of a guest's devices, as the guest is to see them (viommu 8.1, 8.2). */
#include "testbench/hypervisor/fd_objects.h"

#include "cmdbuf/layout.h"

#include <stdlib.h>

enum { DEPTH_MAX = 65536 };

enum hv_status hv_fd_eventq_alloc(struct hv_fd *fd, hv_handle viommu, enum amdvi_log log, unsigned depth,
                                  hv_handle *queue)
{
    struct fd_viommu *v = fd_get(fd, viommu, FD_VIOMMU);
    bool pprs = log == AMDVI_LOG_PPR;
    struct fd_eventq *made;

    if (!v)
        return HV_ERR_NO_OBJECT;
    if (!queue || depth == 0 || depth > DEPTH_MAX || (log != AMDVI_LOG_EVENT && !pprs))
        return HV_ERR_ARGUMENT;
    if (pprs ? v->pprs : v->events)
        return HV_ERR_EXISTS;
    made = fd_new(fd, FD_EVENTQ, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->viommu = v;
    fd_hold(&v->base);
    made->events = calloc(depth, sizeof(*made->events));
    if (!made->events) {
        hv_fd_destroy_object(fd, made->base.handle);
        return HV_ERR_NO_MEMORY;
    }
    made->depth = depth;
    made->pprs = pprs;
    *(pprs ? &v->pprs : &v->events) = made;
    *queue = made->base.handle;
    return HV_OK;
}

void fd_eventq_end(struct fd_eventq *queue)
{
    struct fd_eventq **at = queue->pprs ? &queue->viommu->pprs : &queue->viommu->events;

    if (*at == queue)
        *at = NULL;
    free(queue->events);
    fd_drop(&queue->viommu->base);
}

/* The guest's table that a device's host table stands for. */
static const struct fd_parent *stands_for(const struct fd_vdevice *vdevice)
{
    const struct fd_parent *parent = (const struct fd_parent *)vdevice->device->table;

    return parent && parent->base.kind == FD_PARENT && parent->shown ? parent : NULL;
}

/* 8.1: the guest hears of what its own tables did: faults with a PASID (GN=1), and those of a table that
 * stands for one of the guest's. The rest is the host's affair. */
static bool for_the_guest(const struct fd_eventq *queue, const struct fd_vdevice *vdevice,
                          const uint64_t record[2])
{
    return queue->pprs || (evt_io_page_fault_code(record) == EVT_IO_PAGE_FAULT &&
                           (evt_io_page_fault_gn(record) || stands_for(vdevice)));
}

/* With the numbers that the guest knows (8.2). */
static void rename_ids(uint64_t record[2], const struct fd_eventq *queue, const struct fd_vdevice *vdevice)
{
    const struct fd_parent *parent = stands_for(vdevice);

    evt_io_page_fault_set_deviceid(record, vdevice->virt_id);
    if (!queue->pprs && parent && !evt_io_page_fault_gn(record))
        evt_io_page_fault_set_domainid(record, parent->guest_domain);
}

static uint32_t number(struct fd_eventq *queue)
{
    uint32_t now = queue->sequence;

    queue->sequence = (now + 1) & INT32_MAX;
    return now;
}

void fd_eventq_lose(struct fd_eventq *queue)
{
    if (!queue)
        return;
    queue->lost++;
    queue->after = (struct hv_event){.sequence = number(queue), .lost = true};
}

void fd_eventq_push(struct fd_eventq *queue, const struct fd_vdevice *vdevice, const uint64_t record[2])
{
    struct hv_event *to;

    if (!queue || !for_the_guest(queue, vdevice, record))
        return;
    if (queue->count == queue->depth) {
        fd_eventq_lose(queue);
        if (queue->pprs)
            hv_driver_page_lost(queue->viommu->parent->driver, (uint16_t)ppr_deviceid(record), record);
        return;
    }
    to = &queue->events[(queue->first + queue->count++) % queue->depth];
    *to = (struct hv_event){.sequence = number(queue), .record = {record[0], record[1]}};
    rename_ids(to->record, queue, vdevice);
    queue->after.lost = false; /* the number that is left out says it from now on */
}

static enum hv_status take(struct fd_eventq *queue, struct hv_event *event)
{
    if (queue->count) {
        *event = queue->events[queue->first];
        queue->first = (queue->first + 1) % queue->depth;
        queue->count--;
        return HV_OK;
    }
    if (!queue->after.lost)
        return HV_ERR_EMPTY;
    *event = queue->after;
    queue->after.lost = false;
    return HV_OK;
}

enum hv_status hv_fd_eventq_next(struct hv_fd *fd, hv_handle queue, struct hv_event *event)
{
    struct fd_eventq *q = fd_get(fd, queue, FD_EVENTQ);
    enum hv_status status;

    if (!q)
        return HV_ERR_NO_OBJECT;
    if (!event)
        return HV_ERR_ARGUMENT;
    status = hv_driver_poll(q->viommu->parent->driver);
    return status ? status : take(q, event);
}

enum hv_status hv_fd_eventq_read(struct hv_fd *fd, hv_handle queue, uint64_t record[2])
{
    struct hv_event event;
    enum hv_status status;

    if (!record)
        return fd_get(fd, queue, FD_EVENTQ) ? HV_ERR_ARGUMENT : HV_ERR_NO_OBJECT;
    do
        status = hv_fd_eventq_next(fd, queue, &event);
    while (!status && event.lost);
    if (status)
        return status;
    record[0] = event.record[0];
    record[1] = event.record[1];
    return HV_OK;
}

enum hv_status hv_fd_eventq_lost(struct hv_fd *fd, hv_handle queue, uint64_t *lost)
{
    const struct fd_eventq *q = fd_get(fd, queue, FD_EVENTQ);

    if (!q)
        return HV_ERR_NO_OBJECT;
    if (!lost)
        return HV_ERR_ARGUMENT;
    *lost = q->lost;
    return HV_OK;
}
