// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's VF registers as the device itself uses them (viommu 3.2). The first 64 bytes of the VF page live
 * in memory while the private space maps them: there the memory is the register (11 #12, E2).
 */
#include "model/guests/guest_work.h"

enum { SLOT_BYTES = 64 };

/* ---------------------------------------------------------------- the slot in memory */

static bool in_slot(enum vf_id id)
{
    return vf_info[id].offset < SLOT_BYTES;
}

static void aim(const struct amdvi_device *device, const struct guest *guest, enum vf_id id, bool write,
                struct space_io *io)
{
    space_aim_private(device, io, private_address(PRIVATE_REGISTERS, guest->id) + vf_info[id].offset, write);
}

uint64_t vf_value(const struct amdvi_device *device, const struct guest *guest, enum vf_id id)
{
    return id == VF_STATUS ? guest_status(device, guest) : guest->vf[id];
}

/* What may be taken from the slot: the bits that are kept, for status those that software clears. */
static uint64_t kept(const struct amdvi_device *device, enum vf_id id)
{
    return id == VF_STATUS ? device->guests.vf_mask[id].w1c : device->guests.vf_mask[id].rw;
}

static bool write_slot(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id,
                       struct guest_work *w)
{
    STEPS_BEGIN(&w->slot);
    w->worked = false;
    if (!guests_enabled(device))
        STEPS_DONE(&w->slot);
    w->value = vf_value(device, guest, id);
    aim(device, guest, id, true, &w->io);
    STEPS_WAIT(&w->slot, space_write(device, job, &guest->held[HELD_REGISTERS], &w->io, AMDVI_ACCESS_MAP,
                                     &w->value, sizeof(w->value)));
    w->worked = space_worked(&w->io);
    STEPS_END(&w->slot);
}

/* `w->io` has been aimed, and may already have found the place. */
static bool read_slot(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id,
                      struct guest_work *w)
{
    if (!space_read(device, job, &guest->held[HELD_REGISTERS], &w->io, AMDVI_ACCESS_MAP, &w->value,
                    sizeof(w->value)))
        return false;
    w->worked = space_worked(&w->io);
    if (w->worked)
        guest->vf[id] = w->value & kept(device, id);
    return true;
}

static bool adopt_slot(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id,
                       struct guest_work *w)
{
    STEPS_BEGIN(&w->slot);
    aim(device, guest, id, false, &w->io);
    STEPS_WAIT(&w->slot, read_slot(device, job, guest, id, w));
    STEPS_END(&w->slot);
}

/* The slot has come into being. A guest whose registers were used before takes them along (E2); for a new one
 * memory is the register from the start (11 #12). */
static bool begin_mirror(struct amdvi_device *device, struct job *job, struct guest *guest,
                         struct guest_work *w)
{
    STEPS_BEGIN(&w->mirror);
    w->adopt = !guest->ahead && device->config.value[CONFIG_SLOT_IS_REGISTER];
    guest->mirrored = true;
    for (w->i = 0; w->i < VF_COUNT && in_slot((enum vf_id)w->i); w->i++) {
        STEPS_WAIT(&w->mirror, w->adopt ? adopt_slot(device, job, guest, (enum vf_id)w->i, w)
                                        : write_slot(device, job, guest, (enum vf_id)w->i, w));
        if (!w->worked)
            guest->mirrored = false;
    }
    guest->ahead = !guest->mirrored;
    STEPS_END(&w->mirror);
}

static void end_mirror(struct guest *guest)
{
    guest->ahead |= guest->mirrored;
    guest->mirrored = false;
}

/* Looks for the slot; `w->in_slot`: the register is to be read from there. */
static bool look(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id,
                 struct guest_work *w)
{
    STEPS_BEGIN(&w->look);
    w->in_slot = false;
    aim(device, guest, id, false, &w->io);
    if (guests_enabled(device))
        STEPS_WAIT(&w->look, space_find(device, job, &guest->held[HELD_REGISTERS], &w->io));
    if (!guests_enabled(device) || w->io.access.reason) {
        end_mirror(guest);
        STEPS_DONE(&w->look);
    }
    w->in_slot = guest->mirrored && device->config.value[CONFIG_SLOT_IS_REGISTER];
    if (!guest->mirrored)
        STEPS_WAIT(&w->look, begin_mirror(device, job, guest, w));
    STEPS_END(&w->look);
}

/* ---------------------------------------------------------------- the shortest way */

/* The slot is there and its place is held: nothing but the access itself is left to do. */
static inline bool at_hand(struct amdvi_device *device, const struct job *job, const struct guest *guest,
                           enum vf_id id, bool write, struct place *place)
{
    uint64_t address = private_address(PRIVATE_REGISTERS, guest->id) + vf_info[id].offset;

    place->access = AMDVI_ACCESS_MAP;
    return job_is_direct(job) && guest->mirrored && guests_enabled(device) &&
           held_find(device, &guest->held[HELD_REGISTERS], (uint16_t)device->config.value[CONFIG_DEVID],
                     address, write ? PERM_WRITE : PERM_READ, &place->spa);
}

static void write_at_once(struct amdvi_device *device, const struct job *job, struct guest *guest,
                          enum vf_id id, const struct place *place)
{
    uint64_t value = vf_value(device, guest, id);

    if (port_write(device, job, place, &value, sizeof(value))) {
        guest->mirrored = false;
        guest->ahead = true;
    }
}

/* Neither is taken when one of them cannot be read. */
static void read_pair_at_once(struct amdvi_device *device, const struct job *job, struct guest *guest,
                              enum vf_id first, struct place *place)
{
    uint64_t *reg = &guest->vf[first], before = *reg, value;

    if (!device->config.value[CONFIG_SLOT_IS_REGISTER] ||
        port_read(device, job, place, &value, sizeof(value)))
        return;
    reg[0] = value & kept(device, first);
    place->spa += sizeof(value);
    if (port_read(device, job, place, &value, sizeof(value)))
        reg[0] = before;
    else
        reg[1] = value & kept(device, (enum vf_id)(first + 1));
}

/* ---------------------------------------------------------------- registers */

bool vf_get(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id,
            struct guest_work *w)
{
    if (!in_slot(id))
        return true;
    STEPS_BEGIN(&w->get);
    STEPS_WAIT(&w->get, job_lock(job, &guest->lock));
    STEPS_WAIT(&w->get, look(device, job, guest, id, w));
    if (w->in_slot)
        STEPS_WAIT(&w->get, read_slot(device, job, guest, id, w));
    job_unlock(device, job, &guest->lock);
    STEPS_END(&w->get);
}

/* Neither is taken when one of them cannot be read. */
bool vf_get_pair(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id first,
                 struct guest_work *w)
{
    struct place place;

    if (at_hand(device, job, guest, first, false, &place)) {
        read_pair_at_once(device, job, guest, first, &place);
        return true;
    }
    STEPS_BEGIN(&w->get);
    STEPS_WAIT(&w->get, job_lock(job, &guest->lock));
    STEPS_WAIT(&w->get, look(device, job, guest, first, w));
    if (w->in_slot) {
        w->wanted = guest->vf[first];
        STEPS_WAIT(&w->get, read_slot(device, job, guest, first, w));
    }
    if (w->in_slot && w->worked) {
        w->io.access.spa += sizeof(w->value);
        STEPS_WAIT(&w->get, read_slot(device, job, guest, (enum vf_id)(first + 1), w));
        if (!w->worked)
            guest->vf[first] = w->wanted;
    }
    job_unlock(device, job, &guest->lock);
    STEPS_END(&w->get);
}

static bool find_slot_for_write(struct amdvi_device *device, struct job *job, struct guest *guest,
                                enum vf_id id, struct guest_work *w)
{
    STEPS_BEGIN(&w->look);
    aim(device, guest, id, false, &w->io);
    STEPS_WAIT(&w->look, space_find(device, job, &guest->held[HELD_REGISTERS], &w->io));
    if (!w->io.access.reason)
        STEPS_WAIT(&w->look, begin_mirror(device, job, guest, w));
    STEPS_END(&w->look);
}

static bool set_in_slot(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id,
                        struct guest_work *w)
{
    STEPS_BEGIN(&w->set);
    STEPS_WAIT(&w->set, job_lock(job, &guest->lock));
    if (!guest->mirrored && guests_enabled(device))
        STEPS_WAIT(&w->set, find_slot_for_write(device, job, guest, id, w));
    guest->vf[id] = w->wanted;
    STEPS_WAIT(&w->set, write_slot(device, job, guest, id, w));
    if (!w->worked) {
        guest->mirrored = false;
        guest->ahead = true;
    }
    job_unlock(device, job, &guest->lock);
    STEPS_END(&w->set);
}

bool vf_set(struct amdvi_device *device, struct job *job, struct guest *guest, enum vf_id id, uint64_t value,
            struct guest_work *w)
{
    struct place place;

    if (!in_slot(id)) {
        guest->vf[id] = value;
        return true;
    }
    if (at_hand(device, job, guest, id, true, &place)) {
        guest->vf[id] = value;
        write_at_once(device, job, guest, id, &place);
        return true;
    }
    if (w->set.at == 0)
        w->wanted = value;
    return set_in_slot(device, job, guest, id, w);
}

/* ---------------------------------------------------------------- status and dirty bits */

bool guest_command_running(const struct amdvi_device *device, const struct guest *guest)
{
    uint64_t value = guest->vfc[VFC_CMD_CONTROL];

    return guests_enabled(device) && reg_control_vcmden(control(device)) && vfc_cmd_control_cmdbufen(value) &&
           vfc_cmd_control_len(value) >= RING_LEN_MIN && !guest->command_stopped;
}

uint64_t guest_status(const struct amdvi_device *device, const struct guest *guest)
{
    uint64_t value = guest->vf[VF_STATUS];
    bool event = guest_log_running(device, guest, AMDVI_LOG_EVENT, false) ||
                 guest_log_running(device, guest, AMDVI_LOG_EVENT, true);
    bool ppr = guest_log_running(device, guest, AMDVI_LOG_PPR, false) ||
               guest_log_running(device, guest, AMDVI_LOG_PPR, true);

    value = vf_status_set_cmdbufrun(value, guest_command_running(device, guest));
    value = vf_status_set_eventlogrun(value, event);
    value = vf_status_set_pprlogrun(value, ppr);
    value = vf_status_set_eventlogactive(value, guest->events.active_b);
    return vf_status_set_pprlogactive(value, guest->pprs.active_b);
}

bool guest_status_set(struct amdvi_device *device, struct job *job, struct guest *guest, uint64_t bits,
                      struct guest_work *w)
{
    STEPS_BEGIN(&w->status);
    STEPS_WAIT(&w->status, job_lock(job, &guest->lock));
    STEPS_WAIT(&w->status, vf_get(device, job, guest, VF_STATUS, w));
    STEPS_WAIT(&w->status, vf_set(device, job, guest, VF_STATUS,
                                  guest->vf[VF_STATUS] | (bits & device->guests.vf_mask[VF_STATUS].w1c), w));
    job_unlock(device, job, &guest->lock);
    STEPS_END(&w->status);
}

bool guest_status_clear(struct amdvi_device *device, struct job *job, struct guest *guest, uint64_t bits,
                        struct guest_work *w)
{
    STEPS_BEGIN(&w->status);
    STEPS_WAIT(&w->status, job_lock(job, &guest->lock));
    STEPS_WAIT(&w->status, vf_get(device, job, guest, VF_STATUS, w));
    STEPS_WAIT(&w->status, vf_set(device, job, guest, VF_STATUS, guest->vf[VF_STATUS] & ~bits, w));
    job_unlock(device, job, &guest->lock);
    STEPS_END(&w->status);
}
