// SPDX-License-Identifier: Apache-2.0
/* What software sees of a guest: its VF MMIO page and its VF Control block (viommu 3, 4). */
#include "model/guests/guest.h"

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

static void observe(const struct amdvi_device *device, uint16_t id, bool control, bool write, uint64_t offset,
                    unsigned size, uint64_t value)
{
    if (device->observed && device->observer.guest_mmio)
        device->observer.guest_mmio(device->observer.context, id, control, write, offset, size, value);
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

static void write_vf(struct amdvi_device *device, struct guest *guest, enum vf_id id, uint64_t value,
                     uint64_t enable)
{
    const struct reg_mask *mask = &device->vf_mask[id];
    uint64_t old = id == VF_STATUS ? guest_status_bits(device, guest) : vf_get(device, guest, id);
    uint64_t now = (old & ~(mask->rw & enable)) | (value & mask->rw & enable);

    now &= ~(value & mask->w1c & enable);
    if (!mask->exists || pointer_locked(device, guest, id))
        return;
    if (id == VF_STATUS)
        guest_log_overflow_cleared(guest, old & ~now);
    vf_set(device, guest, id, now);
    if (id != VF_CMD_TAIL)
        return;
    guest_mark_dirty(device, guest, true);
    guest_queue(device, guest);
}

/* By choice the registers of some guests (11 #26), or of all while vIommuEn=0 (E11). */
static bool absent(const struct amdvi_device *device, uint16_t id)
{
    return guest_rejected(device, id) ||
           (device->config.value[CONFIG_REGISTERS_OFF] && !guests_enabled(device));
}

enum amdvi_status amdvi_vf_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                unsigned size, uint64_t *value)
{
    struct guest *guest;
    int id;

    if (!device || !value)
        return AMDVI_ERR_ARGUMENT;
    *value = 0;
    if (!device->guest_pages)
        return AMDVI_ERR_UNSUPPORTED;
    if (!access_legal(offset, size, VF_SPACE_STRIDE))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    id = find_register(offset);
    guest = absent(device, guest_id) ? NULL : guest_get(device, guest_id);
    if (!guest) /* registers that are not there read 0 and ignore writes */
        return absent(device, guest_id) ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;
    if (id >= 0 && device->vf_mask[id].exists)
        *value = part(vf_get(device, guest, (enum vf_id)id), offset, size);
    observe(device, guest_id, false, false, offset, size, *value);
    return AMDVI_OK;
}

enum amdvi_status amdvi_vf_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t value)
{
    struct guest *guest;
    int id;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (!device->guest_pages)
        return AMDVI_ERR_UNSUPPORTED;
    if (!access_legal(offset, size, VF_SPACE_STRIDE))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    id = find_register(offset);
    guest = absent(device, guest_id) ? NULL : guest_get(device, guest_id);
    if (!guest) /* registers that are not there read 0 and ignore writes */
        return absent(device, guest_id) ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;
    observe(device, guest_id, false, true, offset, size, value);
    if (id >= 0)
        write_vf(device, guest, (enum vf_id)id, value << 8 * (offset & 7), enables(offset, size));
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- VF Control */

_Static_assert(VFC_COUNT * 8 == VFC_SPACE_STRIDE, "each 8 bytes of a VF Control block are a register");

static bool rose(uint64_t old, uint64_t now, uint64_t mask)
{
    return ~old & now & mask;
}

/* Enable bits that rise start their ring again; what changed is seen by the next fetch (7.4, 11 #32, #35). */
static void control_changed_of(struct amdvi_device *device, struct guest *guest, enum vfc_id id, uint64_t old)
{
    uint64_t now = guest->vfc[id];

    if (id == VFC_CMD_CONTROL && rose(old, now, VFC_CMD_CONTROL_CMDBUFEN_MASK)) {
        guest->command_stopped = false;
        if (device->config.value[CONFIG_GUEST_HEAD_RESET])
            vf_set(device, guest, VF_CMD_HEAD, 0);
    }
    if (id == VFC_EVENT_CONTROL && rose(old, now, VFC_EVENT_CONTROL_EVENTLOGEN_MASK))
        guest_log_rose(device, guest, AMDVI_LOG_EVENT);
    if (id == VFC_PPR_CONTROL && rose(old, now, VFC_PPR_CONTROL_PPRLOGEN_MASK))
        guest_log_rose(device, guest, AMDVI_LOG_PPR);
    guest_log_dual_changed(guest, id, old);
    guest_status_set(device, guest, 0);
    guest_queue(device, guest);
}

/* 11 #4. */
static void use_map(struct amdvi_device *device, struct guest *guest, enum vfc_id id, uint64_t value)
{
    if (vfc_did_map0_w(value))
        map_write(device, guest, id, value);
    else if (device->config.value[CONFIG_MAP_WITHOUT_W])
        guest->vfc[id] = map_read(device, guest, id, value);
}

static void write_vfc(struct amdvi_device *device, struct guest *guest, enum vfc_id id, uint64_t value,
                      uint64_t enable)
{
    const struct reg_mask *mask = &device->vfc_mask[id];
    uint64_t old = guest->vfc[id];
    uint64_t now = (old & ~(mask->rw & enable)) | (value & mask->rw & enable);
    bool map = id == VFC_DID_MAP0 || id == VFC_DID_MAP1;

    guest->vfc[id] = map ? vfc_did_map0_set_w(now, 0) : now; /* bit 63 reads 0 (11 #5) */
    if (!map)
        control_changed_of(device, guest, id, old);
    else if (guests_enabled(device) || device->config.value[CONFIG_MAP_ENABLE]) /* E1 */
        use_map(device, guest, id, now);
}

enum amdvi_status amdvi_vfc_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t *value)
{
    const struct guest *guest;

    if (!device || !value)
        return AMDVI_ERR_ARGUMENT;
    *value = 0;
    if (!device->guest_pages)
        return AMDVI_ERR_UNSUPPORTED;
    if (!access_legal(offset, size, VFC_SPACE_STRIDE))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    guest = absent(device, guest_id) ? NULL : guest_find(device, guest_id);
    if (guest)
        *value = part(guest->vfc[offset / 8], offset, size);
    observe(device, guest_id, true, false, offset, size, *value);
    return AMDVI_OK;
}

enum amdvi_status amdvi_vfc_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                  unsigned size, uint64_t value)
{
    struct guest *guest;

    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (!device->guest_pages)
        return AMDVI_ERR_UNSUPPORTED;
    if (!access_legal(offset, size, VFC_SPACE_STRIDE))
        return AMDVI_ERR_ACCESS;
    tell_call(device, AMDVI_CALL_REGISTERS, 0);
    guest = absent(device, guest_id) ? NULL : guest_get(device, guest_id);
    if (!guest) /* registers that are not there read 0 and ignore writes */
        return absent(device, guest_id) ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;
    observe(device, guest_id, true, true, offset, size, value);
    write_vfc(device, guest, (enum vfc_id)(offset / 8), value << 8 * (offset & 7), enables(offset, size));
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- RESET_VMMIO */

/* RESET_VMMIO (7.5): `all` the registers, `engine` the command engine. The maps stay. Without a dirty bit
 * nothing is fetched before the tail is written again (7.2). */
void guest_reset_registers(struct amdvi_device *device, uint16_t id, bool all, bool engine)
{
    struct guest *guest = all || engine ? guest_get(device, id) : NULL;

    if (!guest)
        return;
    if (all) {
        memset(guest->vfc, 0, sizeof(guest->vfc));
        memset(&guest->events, 0, sizeof(guest->events));
        memset(&guest->pprs, 0, sizeof(guest->pprs));
        for (unsigned i = 0; i < VF_COUNT; i++)
            vf_set(device, guest, (enum vf_id)i, 0);
    }
    /* Nobody waits for the devices of the guest that had this GuestID before. */
    atc_forget(device, &guest->ats);
    guest->command_stopped = false;
    guest_status_set(device, guest, 0);
    guest_mark_dirty(device, guest, false);
    guest_unqueue(device, guest);
}
