// SPDX-License-Identifier: Apache-2.0
/* What software sees of a guest: its VF MMIO page and its VF Control block (viommu 3, 4). */
#include "model/guests/guest_regs.h"

/* ---------------------------------------------------------------- VF MMIO */

static int find_register(uint64_t offset)
{
    for (unsigned i = 0; i < VF_COUNT; i++)
        if (vf_info[i].offset == (offset & ~(uint64_t)7))
            return (int)i;
    return -1;
}

static bool access_legal(uint64_t offset, unsigned size, uint64_t end)
{
    return (size == 4 || size == 8) && offset % size == 0 && offset < end;
}

static uint64_t part(uint64_t value, uint64_t offset, unsigned size)
{
    value >>= 8 * (offset & 7);
    return size == 4 ? value & UINT32_MAX : value;
}

static uint64_t enables(uint64_t offset, unsigned size)
{
    return size == 8 ? UINT64_MAX : (uint64_t)UINT32_MAX << 8 * (offset & 7);
}

/* Pointers that hardware moves, while their ring runs (as 2.8 of the host). */
static bool pointer_locked(const struct amdvi_device *device, const struct guest *guest, enum vf_id id)
{
    switch (id) {
    case VF_CMD_HEAD:
        return guest_command_running(device, guest);
    case VF_EVENT_TAIL:
        return guest_log_running(device, guest, AMDVI_LOG_EVENT, false);
    case VF_EVENT_B_TAIL:
        return guest_log_running(device, guest, AMDVI_LOG_EVENT, true);
    case VF_PPR_TAIL:
        return guest_log_running(device, guest, AMDVI_LOG_PPR, false);
    case VF_PPR_B_TAIL:
        return guest_log_running(device, guest, AMDVI_LOG_PPR, true);
    default:
        return false;
    }
}

/* By choice the registers of some guests (11 #26), or of all while vIommuEn=0 (E11). */
static bool absent(const struct amdvi_device *device, uint16_t id)
{
    return guest_rejected(device, id) ||
           (device->config.value[CONFIG_REGISTERS_OFF] && !guests_enabled(device));
}

static bool read_vf(struct amdvi_device *device, struct job *job, enum vf_id id, struct guest_access *a)
{
    if (!vf_get(device, job, a->guest, id, &a->work))
        return false;
    a->value = part(vf_value(device, a->guest, id), a->offset, a->size);
    return true;
}

static uint64_t written(const struct guest_access *a, const struct reg_mask *mask, uint64_t old)
{
    uint64_t enable = enables(a->offset, a->size), value = a->value << 8 * (a->offset & 7);

    return ((old & ~(mask->rw & enable)) | (value & mask->rw & enable)) & ~(value & mask->w1c & enable);
}

static bool write_vf(struct amdvi_device *device, struct job *job, enum vf_id id, struct guest_access *a)
{
    struct guest *guest = a->guest;

    STEPS_BEGIN(&a->way);
    STEPS_WAIT(&a->way, job_lock(job, &guest->lock));
    STEPS_WAIT(&a->way, vf_get(device, job, guest, id, &a->work));
    a->old = id == VF_STATUS ? guest->vf[VF_STATUS] : vf_value(device, guest, id);
    a->now = written(a, &device->guests.vf_mask[id], a->old);
    a->stored = device->guests.vf_mask[id].exists && !pointer_locked(device, guest, id);
    if (a->stored && id == VF_STATUS)
        guest_log_overflow_cleared(guest, a->old & ~a->now);
    if (a->stored)
        STEPS_WAIT(&a->way, vf_set(device, job, guest, id, a->now, &a->work));
    job_unlock(device, job, &guest->lock);
    if (a->stored && id == VF_CMD_TAIL) {
        STEPS_WAIT(&a->way, guest_mark_dirty(device, job, guest, true, &a->work));
        guest_queue(device, guest);
    }
    STEPS_END(&a->way);
}

static bool use_vf(struct amdvi_device *device, struct job *job, struct guest_access *a)
{
    int id = find_register(a->offset);

    if (id < 0)
        return true;
    if (a->write)
        return write_vf(device, job, (enum vf_id)id, a);
    return !device->guests.vf_mask[id].exists || read_vf(device, job, (enum vf_id)id, a);
}

/* ---------------------------------------------------------------- VF Control */

_Static_assert(VFC_COUNT * 8 == VFC_SPACE_STRIDE, "each 8 bytes of a VF Control block are a register");

static bool rose(const struct guest_access *a, uint64_t mask)
{
    return ~a->old & a->now & mask;
}

/* What was blocked at its head is fetched again. */
static void restart_ring(struct guest *guest)
{
    guest->command_stopped = false;
    guest->blocked.held = false;
    guest->restarts++;
}

/* Enable bits that rise start their ring again; what changed is seen by the next fetch (7.4, 11 #32, #35). */
static bool control_changed_of(struct amdvi_device *device, struct job *job, enum vfc_id id,
                               struct guest_access *a)
{
    struct guest *guest = a->guest;

    STEPS_BEGIN(&a->way);
    a->old = guest->vfc[id];
    a->now = guest->vfc[id] = written(a, &device->guests.vfc_mask[id], a->old);
    if (id == VFC_CMD_CONTROL && rose(a, VFC_CMD_CONTROL_CMDBUFEN_MASK)) {
        restart_ring(guest);
        if (device->config.value[CONFIG_GUEST_HEAD_RESET])
            STEPS_WAIT(&a->way, vf_set(device, job, guest, VF_CMD_HEAD, 0, &a->work));
    }
    if (id == VFC_EVENT_CONTROL && rose(a, VFC_EVENT_CONTROL_EVENTLOGEN_MASK))
        STEPS_WAIT(&a->way, guest_log_rose(device, job, guest, AMDVI_LOG_EVENT, &a->work));
    if (id == VFC_PPR_CONTROL && rose(a, VFC_PPR_CONTROL_PPRLOGEN_MASK))
        STEPS_WAIT(&a->way, guest_log_rose(device, job, guest, AMDVI_LOG_PPR, &a->work));
    guest_log_dual_changed(guest, id, a->old);
    STEPS_WAIT(&a->way, guest_status_set(device, job, guest, 0, &a->work));
    guest_queue(device, guest);
    STEPS_END(&a->way);
}

/* Bit 63 reads 0 (11 #5). A write without W is only latched, and by choice reads the entry (11 #4); before
 * the private space is live all are (E1). */
static bool use_map(struct amdvi_device *device, struct job *job, enum vfc_id id, struct guest_access *a)
{
    uint64_t *reg = &a->guest->vfc[id];

    STEPS_BEGIN(&a->way);
    a->now = written(a, &device->guests.vfc_mask[id], *reg);
    *reg = vfc_did_map0_set_w(a->now, 0);
    if (!guests_enabled(device) && !device->config.value[CONFIG_MAP_ENABLE])
        STEPS_DONE(&a->way);
    if (vfc_did_map0_w(a->now)) {
        STEPS_WAIT(&a->way, map_write(device, job, a->guest, id, a->now, &a->work));
    } else if (device->config.value[CONFIG_MAP_WITHOUT_W]) {
        STEPS_WAIT(&a->way, map_read(device, job, a->guest, id, &a->now, &a->work));
        *reg = a->now;
    }
    STEPS_END(&a->way);
}

static bool use_vfc(struct amdvi_device *device, struct job *job, struct guest_access *a)
{
    enum vfc_id id = (enum vfc_id)(a->offset / 8);

    if (a->write)
        return id == VFC_DID_MAP0 || id == VFC_DID_MAP1 ? use_map(device, job, id, a)
                                                        : control_changed_of(device, job, id, a);
    a->value = part(a->guest->vfc[id], a->offset, a->size);
    return true;
}

/* ---------------------------------------------------------------- accesses */

/* Registers that are not there read 0 and ignore writes. */
static enum amdvi_status find_guest(struct amdvi_device *device, struct guest_access *a)
{
    bool gone = absent(device, a->guest_id), made = !a->control || a->write;

    if (!gone)
        a->guest = made ? guest_get(device, a->guest_id) : guest_find(device, a->guest_id);
    return a->guest || gone || !made ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;
}

static enum amdvi_status begin(struct amdvi_device *device, struct guest_access *a)
{
    a->guest = NULL;
    if (!device->guests.pages)
        return AMDVI_ERR_UNSUPPORTED;
    if (!access_legal(a->offset, a->size, a->control ? VFC_SPACE_STRIDE : VF_SPACE_STRIDE))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    return find_guest(device, a);
}

static void observe_access(const struct amdvi_device *device, const struct guest_access *a)
{
    if (device->observed && device->observer.guest_mmio)
        device->observer.guest_mmio(device->observer.context, a->guest_id, a->control, a->write, a->offset,
                                    a->size, a->value);
}

bool guest_access_step(struct amdvi_device *device, struct job *job, struct guest_access *a)
{
    STEPS_BEGIN(&a->steps);
    if (!a->write)
        a->value = 0;
    a->status = begin(device, a);
    if (a->guest && a->write)
        observe_access(device, a);
    if (a->guest)
        STEPS_WAIT(&a->steps, a->control ? use_vfc(device, job, a) : use_vf(device, job, a));
    if (!a->write && !a->status && (a->guest || a->control))
        observe_access(device, a);
    STEPS_END(&a->steps);
}

/* At once. */
static enum amdvi_status access_now(struct amdvi_device *device, struct guest_access *a)
{
    struct job job;

    job_begin(device, &job);
    guest_access_begin(a);
    guest_access_step(device, &job, a);
    return a->status;
}

static enum amdvi_status write_now(struct amdvi_device *device, bool control, uint16_t guest_id,
                                   uint64_t offset, unsigned size, uint64_t value)
{
    struct guest_access a;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    a.control = control;
    a.write = true;
    a.guest_id = guest_id;
    a.offset = offset;
    a.size = size;
    a.value = value;
    return access_now(device, &a);
}

static enum amdvi_status read_now(struct amdvi_device *device, bool control, uint16_t guest_id,
                                  uint64_t offset, unsigned size, uint64_t *value)
{
    struct guest_access a;

    if (!device || !value)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    a.control = control;
    a.write = false;
    a.guest_id = guest_id;
    a.offset = offset;
    a.size = size;
    access_now(device, &a);
    *value = a.value;
    return a.status;
}

enum amdvi_status amdvi_vf_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                unsigned size, uint64_t *value)
{
    return read_now(device, false, guest_id, offset, size, value);
}

enum amdvi_status amdvi_vf_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t value)
{
    return write_now(device, false, guest_id, offset, size, value);
}

enum amdvi_status amdvi_vfc_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t *value)
{
    return read_now(device, true, guest_id, offset, size, value);
}

enum amdvi_status amdvi_vfc_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                  unsigned size, uint64_t value)
{
    return write_now(device, true, guest_id, offset, size, value);
}

/* ---------------------------------------------------------------- RESET_VMMIO */

static void clear_control(struct guest *guest)
{
    memset(guest->vfc, 0, sizeof(guest->vfc));
    memset(&guest->events, 0, sizeof(guest->events));
    memset(&guest->pprs, 0, sizeof(guest->pprs));
}

/* `all` the registers, `engine` the command engine. The maps stay. Without a dirty bit nothing is fetched
 * before the tail is written again (7.2). */
bool guest_reset_registers(struct amdvi_device *device, struct job *job, uint16_t id, bool all, bool engine,
                           struct guest_reset *r)
{
    STEPS_BEGIN(&r->steps);
    r->guest = all || engine ? guest_get(device, id) : NULL;
    if (!r->guest)
        STEPS_DONE(&r->steps);
    guest_work_begin(&r->work);
    if (all) {
        clear_control(r->guest);
        for (r->i = 0; r->i < VF_COUNT; r->i++)
            STEPS_WAIT(&r->steps, vf_set(device, job, r->guest, (enum vf_id)r->i, 0, &r->work));
    }
    /* Nobody waits for the devices of the guest that had this GuestID before. */
    atc_forget(device, &r->guest->ats);
    STEPS_WAIT(&r->steps, guest_mark_dirty(device, job, r->guest, false, &r->work));
    device->guests.resets++;
    guest_unqueue(device, r->guest);
    restart_ring(r->guest);
    STEPS_WAIT(&r->steps, guest_status_set(device, job, r->guest, 0, &r->work));
    STEPS_END(&r->steps);
}
