// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's VF registers as the device itself uses them (viommu 3.2). The first 64 bytes of the VF page live
 * in memory while the private space maps them: there the memory is the register (11 #12, E2).
 */
#include "model/guests/guest.h"

enum { SLOT_BYTES = 64 };

/* ---------------------------------------------------------------- the slot in memory */

static bool in_slot(enum vf_id id)
{
    return vf_info[id].offset < SLOT_BYTES;
}

static bool slot_address(struct amdvi_device *device, struct guest *guest, uint32_t offset, bool write,
                         uint64_t *spa)
{
    struct space_access access;

    if (!guests_enabled(device) ||
        !private_translate(device, &guest->held[HELD_REGISTERS],
                           private_address(PRIVATE_REGISTERS, guest->id) + offset, write, &access))
        return false;
    *spa = access.spa;
    return true;
}

static uint64_t stored(const struct amdvi_device *device, const struct guest *guest, enum vf_id id)
{
    return id == VF_STATUS ? guest_status(device, guest) : guest->vf[id];
}

/* What may be taken from the slot: the bits that are kept, for status those that software clears. */
static uint64_t kept(const struct amdvi_device *device, enum vf_id id)
{
    return id == VF_STATUS ? device->vf_mask[id].w1c : device->vf_mask[id].rw;
}

static bool write_slot(struct amdvi_device *device, struct guest *guest, enum vf_id id)
{
    uint64_t spa, value = stored(device, guest, id);

    return slot_address(device, guest, vf_info[id].offset, true, &spa) &&
           !direct_write(device, AMDVI_ACCESS_MAP, spa, &value, sizeof(value));
}

static bool read_slot(struct amdvi_device *device, struct guest *guest, enum vf_id id)
{
    uint64_t spa, value;

    if (!slot_address(device, guest, vf_info[id].offset, false, &spa) ||
        direct_read(device, AMDVI_ACCESS_MAP, spa, &value, sizeof(value)))
        return false;
    guest->vf[id] = value & kept(device, id);
    return true;
}

/* The slot has come into being. A guest whose registers were used before takes them along (E2); for a new one
 * memory is the register from the start (11 #12). */
static void begin_mirror(struct amdvi_device *device, struct guest *guest)
{
    bool adopt = !guest->ahead && device->config.value[CONFIG_SLOT_IS_REGISTER];

    guest->mirrored = true;
    for (unsigned i = 0; i < VF_COUNT && in_slot((enum vf_id)i); i++)
        if (!(adopt ? read_slot(device, guest, (enum vf_id)i) : write_slot(device, guest, (enum vf_id)i)))
            guest->mirrored = false;
    guest->ahead = !guest->mirrored;
}

static void end_mirror(struct guest *guest)
{
    guest->ahead |= guest->mirrored;
    guest->mirrored = false;
}

/* Whether the registers of the slot are to be read from memory, at `*spa`. */
static bool in_memory(struct amdvi_device *device, struct guest *guest, uint32_t offset, uint64_t *spa)
{
    if (!slot_address(device, guest, offset, false, spa)) {
        end_mirror(guest);
        return false;
    }
    if (!guest->mirrored) {
        begin_mirror(device, guest);
        return false;
    }
    return device->config.value[CONFIG_SLOT_IS_REGISTER];
}

uint64_t vf_get(struct amdvi_device *device, struct guest *guest, enum vf_id id)
{
    uint64_t spa, value;

    if (in_slot(id) && in_memory(device, guest, vf_info[id].offset, &spa) &&
        !direct_read(device, AMDVI_ACCESS_MAP, spa, &value, sizeof(value)))
        guest->vf[id] = value & kept(device, id);
    return stored(device, guest, id);
}

void vf_get_command_pointers(struct amdvi_device *device, struct guest *guest)
{
    uint64_t spa, head, tail;

    if (!in_memory(device, guest, vf_info[VF_CMD_HEAD].offset, &spa) ||
        direct_read(device, AMDVI_ACCESS_MAP, spa, &head, sizeof(head)) ||
        direct_read(device, AMDVI_ACCESS_MAP, spa + sizeof(head), &tail, sizeof(tail)))
        return;
    guest->vf[VF_CMD_HEAD] = head & device->vf_mask[VF_CMD_HEAD].rw;
    guest->vf[VF_CMD_TAIL] = tail & device->vf_mask[VF_CMD_TAIL].rw;
}

void vf_set(struct amdvi_device *device, struct guest *guest, enum vf_id id, uint64_t value)
{
    uint64_t spa;

    if (in_slot(id) && !guest->mirrored && slot_address(device, guest, vf_info[id].offset, false, &spa))
        begin_mirror(device, guest);
    guest->vf[id] = value;
    if (in_slot(id) && !write_slot(device, guest, id)) {
        guest->mirrored = false;
        guest->ahead = true;
    }
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

/* The bits that software clears, as memory has them now (11 #12). */
uint64_t guest_status_bits(struct amdvi_device *device, struct guest *guest)
{
    vf_get(device, guest, VF_STATUS);
    return guest->vf[VF_STATUS];
}

void guest_status_set(struct amdvi_device *device, struct guest *guest, uint64_t bits)
{
    vf_set(device, guest, VF_STATUS,
           guest_status_bits(device, guest) | (bits & device->vf_mask[VF_STATUS].w1c));
}

void guest_status_clear(struct amdvi_device *device, struct guest *guest, uint64_t bits)
{
    vf_set(device, guest, VF_STATUS, guest_status_bits(device, guest) & ~bits);
}
