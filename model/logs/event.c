// SPDX-License-Identifier: Apache-2.0
/* Records of the event log: written, counted, latched (7.1, 7.6). */
#include "model/device.h"
#include "model/logs/fault.h"

/* 7.6: hardware and illegal-type errors are also latched, the first one wins. */
static void latch(struct amdvi_device *device, unsigned code, const uint64_t record[2])
{
    uint64_t *status = &device->reg[REG_HW_EVENT_STATUS];
    /* The upper register has the half with the event code, or by choice the lower one (13 no. 2). */
    bool lower = device->config.value[CONFIG_EVENT_LATCH];

    if (!device->mask[REG_HW_EVENT_STATUS].exists || code == EVT_IO_PAGE_FAULT ||
        code > EVT_COMMAND_HARDWARE_ERROR)
        return;
    if (reg_hw_event_status_hev(*status)) {
        *status = reg_hw_event_status_set_heo(*status, 1);
        return;
    }
    *status = reg_hw_event_status_set_hev(*status, 1);
    device->reg[lower ? REG_HW_EVENT_LOWER : REG_HW_EVENT_UPPER] = record[0];
    device->reg[lower ? REG_HW_EVENT_UPPER : REG_HW_EVENT_LOWER] = record[1];
}

void event_written(struct amdvi_device *device, const uint64_t record[2], bool logged)
{
    unsigned code = (unsigned)evt_code(record);

    device->statistics.events_by_code[code]++;
    device->statistics.events_lost += !logged;
    latch(device, code, record);
}
