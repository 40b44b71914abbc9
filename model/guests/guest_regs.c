// SPDX-License-Identifier: Apache-2.0
/*
 * A guest's VF MMIO page and VF Control block (viommu 3, 4). The first 64 bytes of the VF page live in
 * memory while the private space maps them: there the memory is the register (11 #12, E2).
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
           !memory_write(device, AMDVI_ACCESS_MAP, spa, &value, sizeof(value));
}

static bool read_slot(struct amdvi_device *device, struct guest *guest, enum vf_id id)
{
    uint64_t spa, value;

    if (!slot_address(device, guest, vf_info[id].offset, false, &spa) ||
        memory_read(device, AMDVI_ACCESS_MAP, spa, &value, sizeof(value)))
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
        !memory_read(device, AMDVI_ACCESS_MAP, spa, &value, sizeof(value)))
        guest->vf[id] = value & kept(device, id);
    return stored(device, guest, id);
}

void vf_get_command_pointers(struct amdvi_device *device, struct guest *guest)
{
    uint64_t spa, head, tail;

    if (!in_memory(device, guest, vf_info[VF_CMD_HEAD].offset, &spa) ||
        memory_read(device, AMDVI_ACCESS_MAP, spa, &head, sizeof(head)) ||
        memory_read(device, AMDVI_ACCESS_MAP, spa + sizeof(head), &tail, sizeof(tail)))
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
static uint64_t status_bits(struct amdvi_device *device, struct guest *guest)
{
    vf_get(device, guest, VF_STATUS);
    return guest->vf[VF_STATUS];
}

void guest_status_set(struct amdvi_device *device, struct guest *guest, uint64_t bits)
{
    vf_set(device, guest, VF_STATUS, status_bits(device, guest) | (bits & device->vf_mask[VF_STATUS].w1c));
}

void guest_status_clear(struct amdvi_device *device, struct guest *guest, uint64_t bits)
{
    vf_set(device, guest, VF_STATUS, status_bits(device, guest) & ~bits);
}

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
    uint64_t old = id == VF_STATUS ? status_bits(device, guest) : vf_get(device, guest, id);
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
    guest = absent(device, guest_id) ? NULL : guest_get(device, guest_id);
    if (!guest) /* registers that are not there read 0 and ignore writes */
        return absent(device, guest_id) ? AMDVI_OK : AMDVI_ERR_NO_MEMORY;
    observe(device, guest_id, true, true, offset, size, value);
    write_vfc(device, guest, (enum vfc_id)(offset / 8), value << 8 * (offset & 7), enables(offset, size));
    return AMDVI_OK;
}
