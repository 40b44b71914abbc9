// SPDX-License-Identifier: Apache-2.0
/* Mistakes of hypervisors: what they write to VF Control and to the private space (viommu 2.3, 3.1, 9.2, 10).
 */
#include "model/guests/guest_work.h"
#include "model/lint/lint.h"

/* Where an address of the private space is, as memory says now; an entry that does not translate leads
 * nowhere (E8). */
static bool private_spa(struct amdvi_device *device, uint64_t address, uint64_t *spa)
{
    struct amdvi_request request = {.device = (uint16_t)device->config.value[CONFIG_DEVID],
                                    .op = AMDVI_WRITE,
                                    .address = address,
                                    .length = 8};
    struct shadow shadow;

    shadow_page(device, &request, address, &shadow);
    *spa = shadow.result.pa;
    return shadow.result.ok && !shadow.result.identity;
}

static struct amdvi_lint_finding finding_of(const struct amdvi_lint *lint, enum amdvi_lint_kind kind,
                                            uint16_t guest)
{
    return (struct amdvi_lint_finding){
        .kind = kind, .severity = AMDVI_LINT_MISTAKE, .at = lint->now, .guest = guest, .times = 1};
}

/* ---------------------------------------------------------------- VF Control */

/* What switches a ring on, and what says where it is. */
static const struct {
    uint64_t enable, place;
} rings[VFC_COUNT] = {
    [VFC_CMD_CONTROL] = {VFC_CMD_CONTROL_CMDBUFEN_MASK, VFC_CMD_CONTROL_BASE_MASK | VFC_CMD_CONTROL_LEN_MASK},
    [VFC_EVENT_CONTROL] = {VFC_EVENT_CONTROL_EVENTLOGEN_MASK,
                           VFC_EVENT_CONTROL_BASE_MASK | VFC_EVENT_CONTROL_LEN_MASK},
    [VFC_PPR_CONTROL] = {VFC_PPR_CONTROL_PPRLOGEN_MASK | VFC_PPR_CONTROL_PPREN_MASK,
                         VFC_PPR_CONTROL_BASE_MASK | VFC_PPR_CONTROL_LEN_MASK},
};

/* A new base whose write takes the enable bits along: a ring that ran stands still (10). All zeros is the
 * end. */
static void check_enables(struct amdvi_lint *lint, uint16_t guest, unsigned id, uint64_t old, uint64_t now)
{
    struct amdvi_lint_finding finding = finding_of(lint, AMDVI_LINT_WIPED_ENABLES, guest);

    if (now == 0 || !((old ^ now) & rings[id].place) || !(old & ~now & rings[id].enable))
        return;
    finding.word = vfc_info[id].offset;
    finding.old_value = old;
    finding.new_value = now;
    lint_report(lint, &finding);
}

/* A map entry that has no memory behind it: the map was freed first, or never given (3.1, 10). */
static void check_map(struct amdvi_lint *lint, uint16_t guest, unsigned id, uint64_t value)
{
    bool devices = id == VFC_DID_MAP0;
    uint64_t entry = devices ? map_device_entry(guest, (uint16_t)vfc_did_map0_gdevid(value))
                             : map_domain_entry(guest, (uint16_t)vfc_did_map1_gdomid(value));
    struct amdvi_lint_finding finding = finding_of(lint, AMDVI_LINT_MAP_UNMAPPED, guest);
    uint64_t spa;

    if (!vfc_did_map0_w(value) || !guests_enabled(lint->device) || private_spa(lint->device, entry, &spa))
        return;
    finding.word = entry;
    finding.new_value = value;
    if (!lint_group_told(lint, lint_group(finding.kind, guest, id), 1))
        lint_report(lint, &finding);
}

/* Another TransDevID is another owner: what the one before has left in the rings' registers runs for him. */
static void check_owner(struct amdvi_lint *lint, const struct guest *guest, uint16_t id, uint64_t old,
                        uint64_t now)
{
    struct amdvi_lint_finding finding = finding_of(lint, AMDVI_LINT_GUEST_NOT_RESET, id);
    bool left = guest->vfc[VFC_CMD_CONTROL] || guest->vfc[VFC_EVENT_CONTROL] || guest->vfc[VFC_PPR_CONTROL];

    if (!vfc_misc_transdevid(old) || vfc_misc_transdevid(old) == vfc_misc_transdevid(now) || !left)
        return;
    finding.word = vfc_info[VFC_MISC].offset;
    finding.old_value = old;
    finding.new_value = now;
    lint_report(lint, &finding);
}

_Static_assert(VFC_COUNT * 8 == VFC_SPACE_STRIDE, "each 8 bytes of a VF Control block are a register");

void lint_guest_control_write(struct amdvi_lint *lint, uint16_t id, uint64_t offset, unsigned size,
                              uint64_t value)
{
    const struct guest *guest = guest_find(lint->device, id); /* made before the write is seen */
    unsigned at = (unsigned)offset / 8;
    uint64_t old = guest->vfc[at], now = lint_written(old, offset, size, value);

    if (at == VFC_MISC)
        check_owner(lint, guest, id, old, now);
    if (at == VFC_DID_MAP0 || at == VFC_DID_MAP1)
        check_map(lint, id, at, now);
    else if (rings[at].enable)
        check_enables(lint, id, at, old, now);
}

/* ---------------------------------------------------------------- commands */

static bool names_device(unsigned opcode)
{
    return opcode == CMD_INVALIDATE_DEVTAB_ENTRY || opcode == CMD_INVALIDATE_IOTLB_PAGES ||
           opcode == CMD_INVALIDATE_INTERRUPT_TABLE || opcode == CMD_COMPLETE_PPR_REQUEST;
}

/* Device 0 is the root complex. Drivers clear maps by writing it (viommu 3.1), so only a guest that uses such
 * an entry is told. */
void lint_guest_command(struct amdvi_lint *lint, const struct amdvi_command_info *info)
{
    struct amdvi_lint_finding finding = finding_of(lint, AMDVI_LINT_MAP_TO_ZERO, info->guest_id);

    if (!names_device((unsigned)cmd_opcode(info->executed)) || cmd_inv_devtab_deviceid(info->executed))
        return;
    finding.word = map_device_entry(info->guest_id, (uint16_t)cmd_inv_devtab_deviceid(info->words));
    finding.guest_device = (uint16_t)cmd_inv_devtab_deviceid(info->words);
    if (!lint_group_told(lint, lint_group(finding.kind, info->guest_id, finding.guest_device), 1))
        lint_report(lint, &finding);
}

/* ---------------------------------------------------------------- the dirty status */

enum { DIRTY_BYTES = 0x2000 };

static bool has_commands(const struct amdvi_device *device, uint16_t id)
{
    const struct guest *guest = guest_find(device, id);

    return guest && guest_command_running(device, guest) && guest->vf[VF_CMD_HEAD] != guest->vf[VF_CMD_TAIL];
}

/* Whose bit it is: as guest_dirty.c places it (2.3, 11 #9). False: nobody's. */
static bool owner(const struct amdvi_device *device, uint32_t byte, unsigned bit, uint16_t *id)
{
    unsigned shift = device->config.value[CONFIG_DIRTY_STRIDE] == 16 ? 4 : 5;
    uint32_t low = byte >> shift, group = byte >> 2 & ((1u << (shift - 2)) - 1);

    *id = (uint16_t)(low | (bit + byte % 4 * 8) << 8 | group << 13);
    return low < 256;
}

static void check_dirty_byte(struct amdvi_lint *lint, uint32_t byte, uint8_t cleared)
{
    for (unsigned bit = 0; bit < 8; bit++) {
        struct amdvi_lint_finding finding;
        uint16_t id;

        if (!(cleared >> bit & 1) || !owner(lint->device, byte, bit, &id) || !has_commands(lint->device, id))
            continue;
        finding = finding_of(lint, AMDVI_LINT_DIRTY_LOST, id);
        finding.word = PRIVATE_DIRTY_BASE + byte;
        lint_report(lint, &finding);
    }
}

/* Software writes here only to clear the bit of a guest that it starts (2.3). */
void lint_dirty_write(struct amdvi_lint *lint, uint64_t spa, const uint8_t *bytes, uint8_t byte,
                      uint64_t length)
{
    if (!lint->device->guests.count || !guests_enabled(lint->device))
        return;
    for (uint32_t page = 0; page < DIRTY_BYTES; page += 4096) {
        uint64_t at;
        if (!private_spa(lint->device, PRIVATE_DIRTY_BASE + page, &at) || spa >= at + 4096 ||
            spa + (length - 1) < at)
            continue;
        for (uint32_t i = 0; i < 4096; i++) {
            uint64_t from = at + i - spa;
            if (from < length)
                check_dirty_byte(lint, page + i, (uint8_t) ~(bytes ? bytes[from] : byte));
        }
    }
}

/* ---------------------------------------------------------------- what the guest wanted */

/* Fields of the guest's Control register against those of VF Control (9.2). */
static const struct {
    uint64_t control;
    unsigned vfc;
    uint64_t field;
} controls[] = {
    {REG_CONTROL_CMDBUFEN_MASK, VFC_CMD_CONTROL, VFC_CMD_CONTROL_CMDBUFEN_MASK},
    {REG_CONTROL_COMWAITINTEN_MASK, VFC_CMD_CONTROL, VFC_CMD_CONTROL_COMWAITINTEN_MASK},
    {REG_CONTROL_EVENTLOGEN_MASK, VFC_EVENT_CONTROL, VFC_EVENT_CONTROL_EVENTLOGEN_MASK},
    {REG_CONTROL_EVENTINTEN_MASK, VFC_EVENT_CONTROL, VFC_EVENT_CONTROL_EVENTINTEN_MASK},
    {REG_CONTROL_DUALEVENTLOGEN_MASK, VFC_EVENT_CONTROL, VFC_EVENT_CONTROL_DUALEVENTLOGEN_MASK},
    {REG_CONTROL_PPRLOGEN_MASK, VFC_PPR_CONTROL, VFC_PPR_CONTROL_PPRLOGEN_MASK},
    {REG_CONTROL_PPRINTEN_MASK, VFC_PPR_CONTROL, VFC_PPR_CONTROL_PPRINTEN_MASK},
    {REG_CONTROL_PPREN_MASK, VFC_PPR_CONTROL, VFC_PPR_CONTROL_PPREN_MASK},
    {REG_CONTROL_DUALPPRLOGEN_MASK, VFC_PPR_CONTROL, VFC_PPR_CONTROL_DUALPPRLOGEN_MASK},
    {REG_CONTROL_PPRAUTORSPEN_MASK, VFC_PPR_CONTROL, VFC_PPR_CONTROL_PPRAUTORSPEN_MASK},
    {REG_CONTROL_BLKSTOPMRKEN_MASK, VFC_PPR_CONTROL, VFC_PPR_CONTROL_BLKSTOPMRKEN_MASK},
    {REG_CONTROL_PPRAUTORSPAON_MASK, VFC_PPR_CONTROL, VFC_PPR_CONTROL_PPRAUTORSPAON_MASK},
};

/* A field's value. */
static uint64_t field_of(uint64_t value, uint64_t mask)
{
    return (value & mask) / (mask & -mask);
}

/* Nothing runs for a guest whose IOMMU is disabled, and no page request is taken without a log: such bits
 * need not get through. */
static bool need_not_arrive(uint64_t value, uint64_t bit)
{
    if (!(value & REG_CONTROL_IOMMUEN_MASK))
        return true;
    return bit == REG_CONTROL_PPREN_MASK && !(value & REG_CONTROL_PPRLOGEN_MASK);
}

/* A host may have lost page requests answered for a guest that does not ask for it: a device that waits for
 * ever is nobody's wish (iommu 7.7). */
static bool as_wanted(uint64_t value, uint64_t is, size_t i)
{
    uint64_t wanted = field_of(value, controls[i].control), got = field_of(is, controls[i].field);

    if (!got && need_not_arrive(value, controls[i].control))
        return true;
    return wanted == got || (controls[i].control == REG_CONTROL_PPRAUTORSPEN_MASK && got);
}

enum amdvi_status amdvi_lint_guest_control(struct amdvi_lint *lint, uint16_t guest_id, uint64_t value)
{
    const struct guest *guest;

    if (!lint)
        return AMDVI_ERR_ARGUMENT;
    guest = guest_find(lint->device, guest_id);
    for (size_t i = 0; i < sizeof(controls) / sizeof(*controls); i++) {
        struct amdvi_lint_finding finding = finding_of(lint, AMDVI_LINT_GUEST_CONTROL, guest_id);
        uint64_t is = guest ? guest->vfc[controls[i].vfc] : 0;
        if (as_wanted(value, is, i))
            continue;
        finding.word = vfc_info[controls[i].vfc].offset;
        finding.bit = (uint8_t)__builtin_ctzll(controls[i].control);
        finding.old_value = is;
        finding.new_value = value;
        lint_report(lint, &finding);
    }
    return AMDVI_OK;
}
