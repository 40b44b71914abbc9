// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/guest_registers.h"

#include "model/layout.h"

uint64_t *hv_registers_at(struct hv_registers *registers, uint64_t offset)
{
    switch (offset) {
    case REG_DEVTAB_BASE_OFFSET:
        return &registers->devtab_base;
    case REG_CMD_BASE_OFFSET:
        return &registers->cmd_base;
    case REG_EVENT_BASE_OFFSET:
        return &registers->event_base;
    case REG_EVENT_B_BASE_OFFSET:
        return &registers->event_b_base;
    case REG_PPR_BASE_OFFSET:
        return &registers->ppr_base;
    case REG_PPR_B_BASE_OFFSET:
        return &registers->ppr_b_base;
    case REG_CONTROL_OFFSET:
        return &registers->control;
    case REG_EFR_OFFSET:
        return &registers->efr;
    case REG_XT_GENERAL_OFFSET:
        return &registers->xt_event;
    case REG_XT_PPR_OFFSET:
        return &registers->xt_ppr;
    default:
        return NULL;
    }
}

static bool legal(uint64_t offset, unsigned size)
{
    return (size == 4 || size == 8) && offset % size == 0 && offset < HV_REGISTERS_BYTES;
}

enum hv_status hv_registers_read(const struct hv_registers *registers, uint64_t offset, unsigned size,
                                 uint64_t *value)
{
    struct hv_registers copy = *registers;
    const uint64_t *at = hv_registers_at(&copy, offset & ~UINT64_C(7));

    if (!legal(offset, size))
        return HV_ERR_ARGUMENT;
    *value = at ? *at >> 8 * (offset & 7) : 0;
    if (size == 4)
        *value &= UINT32_MAX;
    return HV_OK;
}

enum hv_status hv_registers_write(struct hv_registers *registers, uint64_t offset, unsigned size,
                                  uint64_t value)
{
    uint64_t *at = hv_registers_at(registers, offset & ~UINT64_C(7));
    uint64_t enable = size == 8 ? UINT64_MAX : (uint64_t)UINT32_MAX << 8 * (offset & 7);

    if (!legal(offset, size))
        return HV_ERR_ARGUMENT;
    if (at && at != &registers->efr)
        *at = (*at & ~enable) | (value << 8 * (offset & 7) & enable);
    return HV_OK;
}

uint64_t hv_command_control(const struct hv_registers *registers)
{
    uint64_t value = vfc_cmd_control_set_base(0, reg_cmd_base_base(registers->cmd_base));

    value = vfc_cmd_control_set_len(value, reg_cmd_base_len(registers->cmd_base));
    value = vfc_cmd_control_set_cmdbufen(value, reg_control_cmdbufen(registers->control));
    return vfc_cmd_control_set_comwaitinten(value, reg_control_comwaitinten(registers->control));
}

uint64_t hv_event_control(const struct hv_registers *registers)
{
    uint64_t value = vfc_event_control_set_base(0, reg_event_base_base(registers->event_base));

    value = vfc_event_control_set_len(value, reg_event_base_len(registers->event_base));
    value = vfc_event_control_set_lenb(value, reg_event_base_len(registers->event_b_base));
    value = vfc_event_control_set_eventlogen(value, reg_control_eventlogen(registers->control));
    value = vfc_event_control_set_eventinten(value, reg_control_eventinten(registers->control));
    return vfc_event_control_set_dualeventlogen(value, reg_control_dualeventlogen(registers->control));
}

uint64_t hv_ppr_control(const struct hv_registers *registers)
{
    uint64_t control = registers->control, value;

    value = vfc_ppr_control_set_base(0, reg_ppr_base_base(registers->ppr_base));
    value = vfc_ppr_control_set_len(value, reg_ppr_base_len(registers->ppr_base));
    value = vfc_ppr_control_set_lenb(value, reg_ppr_base_len(registers->ppr_b_base));
    value = vfc_ppr_control_set_pprlogen(value, reg_control_pprlogen(control));
    value = vfc_ppr_control_set_pprinten(value, reg_control_pprinten(control));
    value = vfc_ppr_control_set_ppren(value, reg_control_ppren(control));
    value = vfc_ppr_control_set_dualpprlogen(value, reg_control_dualpprlogen(control));
    value = vfc_ppr_control_set_pprautorspen(value, reg_control_pprautorspen(control));
    value = vfc_ppr_control_set_blkstopmrken(value, reg_control_blkstopmrken(control));
    return vfc_ppr_control_set_pprautorspaon(value, reg_control_pprautorspaon(control));
}

/* With the mistake the bit is taken from where GDUpdateDis is. */
static uint64_t ppr_control_for(const struct hv_registers *registers, const struct hv_guest *guest)
{
    uint64_t value = hv_ppr_control(registers);

    if (hv_driver_mistakes(hv_guest_driver(guest), HV_MISTAKE_AON_BIT))
        value = vfc_ppr_control_set_pprautorspaon(value, reg_control_gdupdatedis(registers->control));
    return value;
}

enum hv_status hv_registers_apply(const struct hv_registers *registers, struct hv_guest *guest)
{
    uint64_t event_b = vfc_event_b_base_set_base(0, reg_event_base_base(registers->event_b_base));
    uint64_t ppr_b = vfc_ppr_b_base_set_base(0, reg_ppr_base_base(registers->ppr_b_base));
    enum hv_status status = hv_guest_control(guest, VFC_EVENT_B_BASE_OFFSET, event_b);

    if (!status)
        status = hv_guest_control(guest, VFC_PPR_B_BASE_OFFSET, ppr_b);
    if (!status)
        status = hv_guest_control(guest, VFC_EVENT_CONTROL_OFFSET, hv_event_control(registers));
    if (!status)
        status = hv_guest_control(guest, VFC_PPR_CONTROL_OFFSET, ppr_control_for(registers, guest));
    return status ? status : hv_guest_control(guest, VFC_CMD_CONTROL_OFFSET, hv_command_control(registers));
}

void hv_registers_interrupt(uint64_t xt, struct hv_interrupt *interrupt)
{
    interrupt->vector = (uint8_t)reg_xt_general_vector(xt);
    interrupt->destination = (uint32_t)reg_xt_general_destination(xt);
    interrupt->valid = xt != 0; /* drivers write 0 to mask (iommu 2.8) */
}
