// SPDX-License-Identifier: Apache-2.0
/* Virtual IOMMUs, virtual devices and hardware queues (viommu 9.4 steps 2 to 5, 8). */
#include "testbench/hypervisor/fd_objects.h"
#include "testbench/hypervisor/guest_registers.h"

#include "model/layout.h"

enum { VF_PAGE_BYTES = 4096, LENGTH_MIN = 8, LENGTH_MAX = 15, RECORD_BYTES = 16 };

enum hv_status hv_fd_viommu_alloc(struct hv_fd *fd, struct hv_viommu_alloc *alloc)
{
    const struct fd_device *device = alloc ? fd_get(fd, alloc->device, FD_DEVICE) : NULL;
    struct fd_parent *parent = alloc ? fd_get(fd, alloc->parent, FD_PARENT) : NULL;
    struct hv_guest *guest = NULL;
    struct fd_viommu *made;
    enum hv_status status = HV_OK;

    if (!alloc || (alloc->type != HV_VIOMMU_AMD && alloc->type != HV_VIOMMU_MEDIATED))
        return HV_ERR_ARGUMENT;
    if (!device || !parent)
        return HV_ERR_NO_OBJECT;
    if (device->driver != parent->driver)
        return HV_ERR_FOREIGN;
    if (alloc->type == HV_VIOMMU_AMD)
        status = hv_guest_create(device->driver, parent->stage2, &guest);
    if (status)
        return status;
    made = fd_new(fd, FD_VIOMMU, sizeof(*made));
    if (!made) {
        hv_guest_destroy(guest);
        return HV_ERR_NO_MEMORY;
    }
    made->guest = guest;
    made->parent = parent;
    fd_hold(&parent->base);
    alloc->viommu = made->base.handle;
    alloc->vf_offset = guest ? (uint64_t)hv_guest_id(guest) * VF_PAGE_BYTES : 0;
    return HV_OK;
}

void fd_viommu_end(struct fd_viommu *viommu)
{
    hv_guest_destroy(viommu->guest);
    fd_drop(&viommu->parent->base);
}

enum hv_status hv_fd_vf_page(struct hv_fd *fd, hv_handle viommu, uint64_t vf_offset, struct hv_vf_page *page)
{
    const struct fd_viommu *v = fd_get(fd, viommu, FD_VIOMMU);

    if (!v)
        return HV_ERR_NO_OBJECT;
    if (!v->guest)
        return HV_ERR_UNSUPPORTED;
    if (!page || vf_offset != (uint64_t)hv_guest_id(v->guest) * VF_PAGE_BYTES)
        return HV_ERR_ARGUMENT;
    *page =
        (struct hv_vf_page){.device = hv_driver_device(v->parent->driver), .guest_id = hv_guest_id(v->guest)};
    return HV_OK;
}

enum hv_status hv_fd_viommu_reset(struct hv_fd *fd, hv_handle viommu)
{
    const struct fd_viommu *v = fd_get(fd, viommu, FD_VIOMMU);

    if (!v)
        return HV_ERR_NO_OBJECT;
    for (unsigned type = 0; type < HV_QUEUE_TYPES; type++)
        if (v->queue[type])
            return HV_ERR_BUSY;
    return v->guest ? hv_guest_reset(v->guest) : HV_OK;
}

/* ---------------------------------------------------------------- virtual devices */

struct fd_vdevice *fd_find_vdevice(const struct fd_viommu *viommu, uint16_t virt_id)
{
    struct fd_vdevice *v = viommu->vdevices;

    while (v && v->virt_id != virt_id)
        v = v->next;
    return v;
}

static void push_record(void *context, enum amdvi_log log, uint16_t device, const uint64_t record[2]);
static void lose_records(void *context, enum amdvi_log log);

static enum hv_status make_vdevice(struct hv_fd *fd, struct fd_viommu *viommu, struct fd_device *device,
                                   uint16_t virt_id, hv_handle *vdevice)
{
    struct fd_vdevice *made = fd_new(fd, FD_VDEVICE, sizeof(*made));
    struct hv_listener listener = {.context = made, .record = push_record, .lost = lose_records};
    enum hv_status status = HV_OK;

    if (!made)
        return HV_ERR_NO_MEMORY;
    made->viommu = viommu;
    made->device = device;
    made->virt_id = virt_id;
    made->next = viommu->vdevices;
    viommu->vdevices = made;
    device->vdevice = made;
    fd_hold(&viommu->base);
    fd_hold(&device->base);
    hv_driver_listen(device->driver, device->id, &listener);
    if (viommu->guest)
        status = hv_guest_map_device(viommu->guest, virt_id, device->id, 0);
    if (status)
        hv_fd_destroy_object(fd, made->base.handle);
    else
        *vdevice = made->base.handle;
    return status;
}

enum hv_status hv_fd_vdevice_alloc(struct hv_fd *fd, hv_handle viommu, hv_handle device, uint64_t virt_id,
                                   hv_handle *vdevice)
{
    struct fd_viommu *v = fd_get(fd, viommu, FD_VIOMMU);
    struct fd_device *d = fd_get(fd, device, FD_DEVICE);

    if (!v || !d)
        return HV_ERR_NO_OBJECT;
    if (!vdevice || virt_id > UINT16_MAX)
        return HV_ERR_ARGUMENT;
    if (v->parent->driver != d->driver)
        return HV_ERR_FOREIGN;
    if (d->vdevice || fd_find_vdevice(v, (uint16_t)virt_id))
        return HV_ERR_EXISTS;
    return make_vdevice(fd, v, d, (uint16_t)virt_id, vdevice);
}

void fd_vdevice_end(struct fd_vdevice *vdevice)
{
    struct fd_vdevice **link = &vdevice->viommu->vdevices;

    while (*link != vdevice)
        link = &(*link)->next;
    *link = vdevice->next;
    vdevice->device->vdevice = NULL;
    hv_driver_listen(vdevice->device->driver, vdevice->device->id, NULL);
    if (vdevice->viommu->guest)
        hv_guest_unmap_device(vdevice->viommu->guest, vdevice->virt_id);
    fd_drop(&vdevice->device->base);
    fd_drop(&vdevice->viommu->base);
}

/* ---------------------------------------------------------------- hardware queues */

static bool ring_is_memory(const struct fd_viommu *viommu, const struct hv_queue_alloc *alloc)
{
    unsigned need = alloc->type == HV_QUEUE_CMD ? HV_READ : HV_READ | HV_WRITE, perm;
    uint64_t bytes = (uint64_t)RECORD_BYTES << alloc->length, spa;

    for (uint64_t at = 0; at < bytes; at += HV_PAGE)
        if (!hv_stage2_lookup(viommu->parent->stage2, alloc->gpa + at, &spa, &perm) || (perm & need) != need)
            return false;
    return true;
}

static uint64_t command_control(const struct hv_queue_alloc *a)
{
    uint64_t value = vfc_cmd_control_set_len(vfc_cmd_control_set_base(0, a->gpa), a->length);

    value = vfc_cmd_control_set_cmdbufen(value, !!(a->flags & HV_QUEUE_ENABLE));
    return vfc_cmd_control_set_comwaitinten(value, !!(a->flags & HV_QUEUE_INTERRUPT));
}

static uint64_t event_control(const struct hv_queue_alloc *a)
{
    uint64_t value = vfc_event_control_set_len(vfc_event_control_set_base(0, a->gpa), a->length);

    value = vfc_event_control_set_eventlogen(value, !!(a->flags & HV_QUEUE_ENABLE));
    return vfc_event_control_set_eventinten(value, !!(a->flags & HV_QUEUE_INTERRUPT));
}

static uint64_t ppr_control(const struct hv_queue_alloc *a)
{
    uint64_t value = vfc_ppr_control_set_len(vfc_ppr_control_set_base(0, a->gpa), a->length);

    value = vfc_ppr_control_set_pprlogen(value, !!(a->flags & HV_QUEUE_ENABLE));
    value = vfc_ppr_control_set_pprinten(value, !!(a->flags & HV_QUEUE_INTERRUPT));
    value = vfc_ppr_control_set_ppren(value, !!(a->flags & HV_QUEUE_PPR_ENABLE));
    value = vfc_ppr_control_set_pprautorspen(value, !!(a->flags & HV_QUEUE_PPR_AUTO));
    value = vfc_ppr_control_set_blkstopmrken(value, !!(a->flags & HV_QUEUE_PPR_STOP_MARKER));
    return vfc_ppr_control_set_pprautorspaon(value, !!(a->flags & HV_QUEUE_PPR_ALWAYS));
}

static const unsigned control_offset[HV_QUEUE_TYPES] = {
    [HV_QUEUE_CMD] = VFC_CMD_CONTROL_OFFSET,
    [HV_QUEUE_EVT] = VFC_EVENT_CONTROL_OFFSET,
    [HV_QUEUE_PPR] = VFC_PPR_CONTROL_OFFSET,
};

/* As an early driver: the control bits by one call, the base by another, which takes them along (viommu 10).
 */
static enum hv_status program_in_two_steps(const struct fd_viommu *viommu, const struct hv_queue_alloc *alloc,
                                           uint64_t value)
{
    const uint64_t place = alloc->type == HV_QUEUE_PPR ? VFC_PPR_CONTROL_BASE_MASK | VFC_PPR_CONTROL_LEN_MASK
                                                       : VFC_CMD_CONTROL_BASE_MASK | VFC_CMD_CONTROL_LEN_MASK;
    enum hv_status status = hv_guest_control(viommu->guest, control_offset[alloc->type], value & ~place);

    return status ? status : hv_guest_control(viommu->guest, control_offset[alloc->type], value & place);
}

static enum hv_status program(const struct fd_viommu *viommu, const struct hv_queue_alloc *alloc)
{
    uint64_t value = alloc->type == HV_QUEUE_CMD   ? command_control(alloc)
                     : alloc->type == HV_QUEUE_EVT ? event_control(alloc)
                                                   : ppr_control(alloc);

    if (hv_driver_mistakes(viommu->parent->driver, HV_MISTAKE_WIPED_ENABLES))
        return program_in_two_steps(viommu, alloc, value);
    return hv_guest_control(viommu->guest, control_offset[alloc->type], value);
}

static enum hv_status check_queue(const struct fd_viommu *viommu, const struct hv_queue_alloc *alloc)
{
    unsigned known = HV_QUEUE_ENABLE | HV_QUEUE_INTERRUPT;

    if (alloc->type == HV_QUEUE_PPR)
        known |= HV_QUEUE_PPR_ENABLE | HV_QUEUE_PPR_AUTO | HV_QUEUE_PPR_STOP_MARKER | HV_QUEUE_PPR_ALWAYS;
    if (!viommu->guest || alloc->index)
        return HV_ERR_UNSUPPORTED;
    if ((unsigned)alloc->type >= HV_QUEUE_TYPES || alloc->flags & ~known || alloc->gpa % HV_PAGE ||
        alloc->gpa >> 52 || alloc->length < LENGTH_MIN || alloc->length > LENGTH_MAX)
        return HV_ERR_ARGUMENT;
    if (hv_driver_private_buffers(viommu->parent->driver))
        return HV_ERR_MODE;
    return ring_is_memory(viommu, alloc) ? HV_OK : HV_ERR_UNMAPPED;
}

enum hv_status hv_fd_queue_alloc(struct hv_fd *fd, struct hv_queue_alloc *alloc)
{
    struct fd_viommu *viommu = alloc ? fd_get(fd, alloc->viommu, FD_VIOMMU) : NULL;
    struct fd_queue *made;
    enum hv_status status;

    if (!alloc)
        return HV_ERR_ARGUMENT;
    if (!viommu)
        return HV_ERR_NO_OBJECT;
    status = check_queue(viommu, alloc);
    if (!status && viommu->queue[alloc->type])
        status = HV_ERR_EXISTS;
    if (status)
        return status;
    made = fd_new(fd, FD_QUEUE, sizeof(*made));
    if (!made)
        return HV_ERR_NO_MEMORY;
    made->viommu = viommu;
    made->now = *alloc;
    fd_hold(&viommu->base);
    viommu->queue[alloc->type] = true;
    status = program(viommu, alloc);
    if (status)
        hv_fd_destroy_object(fd, made->base.handle);
    else
        alloc->queue = made->base.handle;
    return status;
}

static bool same_queue(const struct hv_queue_alloc *a, const struct hv_queue_alloc *b)
{
    return a->gpa == b->gpa && a->length == b->length && a->flags == b->flags;
}

enum hv_status hv_fd_queue_change(struct hv_fd *fd, const struct hv_queue_alloc *alloc)
{
    struct fd_queue *queue = alloc ? fd_get(fd, alloc->queue, FD_QUEUE) : NULL;
    enum hv_status status;

    if (!alloc)
        return HV_ERR_ARGUMENT;
    if (!queue)
        return HV_ERR_NO_OBJECT;
    if (alloc->viommu != queue->viommu->base.handle || alloc->type != queue->now.type)
        return HV_ERR_ARGUMENT;
    if (same_queue(alloc, &queue->now))
        return HV_OK;
    status = check_queue(queue->viommu, alloc);
    if (!status)
        status = program(queue->viommu, alloc);
    if (!status)
        queue->now = *alloc;
    return status;
}

void fd_queue_end(struct fd_queue *queue)
{
    hv_guest_control(queue->viommu->guest, control_offset[queue->now.type], 0);
    queue->viommu->queue[queue->now.type] = false;
    fd_drop(&queue->viommu->base);
}

enum hv_status hv_fd_interrupt(struct hv_fd *fd, hv_handle viommu, enum hv_interrupt_type type,
                               const struct hv_interrupt *interrupt)
{
    const struct fd_viommu *v = fd_get(fd, viommu, FD_VIOMMU);

    if (!v)
        return HV_ERR_NO_OBJECT;
    return v->guest ? hv_guest_interrupt(v->guest, type, interrupt) : HV_ERR_UNSUPPORTED;
}

/* ---------------------------------------------------------------- events */

static struct fd_eventq *queue_of(const struct fd_vdevice *vdevice, enum amdvi_log log)
{
    return log == AMDVI_LOG_PPR ? vdevice->viommu->pprs : vdevice->viommu->events;
}

static void push_record(void *context, enum amdvi_log log, uint16_t device, const uint64_t record[2])
{
    const struct fd_vdevice *vdevice = context;

    fd_eventq_push(queue_of(vdevice, log), vdevice, record);
}

static void lose_records(void *context, enum amdvi_log log)
{
    fd_eventq_lose(queue_of(context, log));
}
