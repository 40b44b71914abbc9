// SPDX-License-Identifier: Apache-2.0
#include "cmdbuf/event.h"

/* Which optional fields a code carries (7.3). */
static bool carries_device(unsigned code)
{
    switch (code) {
    case EVT_ILLEGAL_COMMAND_ERROR:
    case EVT_COMMAND_HARDWARE_ERROR:
    case EVT_EVENT_COUNTER_ZERO:
    case EVT_GUEST_EVENT_FAULT:
    case EVT_VIOMMU_HARDWARE_ERROR:
        return false;
    default:
        return true;
    }
}

static bool carries_domain(unsigned code)
{
    return code == EVT_IO_PAGE_FAULT || code == EVT_PAGE_TAB_HARDWARE_ERROR;
}

/* Low address bits that the layout does not hold (7.3). */
static uint64_t address_mask(unsigned code)
{
    switch (code) {
    case EVT_ILLEGAL_DEV_TABLE_ENTRY:
        return ~(uint64_t)3;
    case EVT_PAGE_TAB_HARDWARE_ERROR:
        return ~(uint64_t)7;
    case EVT_IOTLB_INV_TIMEOUT:
        return ~(uint64_t)15;
    default:
        return UINT64_MAX;
    }
}

static void encode_ids(const struct event *event, uint64_t record[2])
{
    if (event->code == EVT_GUEST_EVENT_FAULT)
        evt_guest_event_fault_set_guestid(record, event->guest_id);
    if (event->code == EVT_VIOMMU_HARDWARE_ERROR) {
        evt_viommu_hardware_error_set_guestid(record, event->guest_id);
        evt_viommu_hardware_error_set_source(record, event->source);
    }
    if (carries_device(event->code))
        evt_set_deviceid(record, event->device);
    if (event->flags & EVENT_GN && carries_device(event->code))
        evt_set_pasid(record, event->pasid);
    else if (carries_domain(event->code))
        evt_set_domainid(record, event->domain);
}

void event_encode(const struct event *event, uint64_t record[2])
{
    record[0] = record[1] = 0;
    encode_ids(event, record);
    evt_set_flags(record, event->flags);
    evt_set_code(record, event->code);
    record[0] |= (uint64_t)(event->vflags & 0x1f) << EVT_VNR_SHIFT;
    record[1] = event->address & address_mask(event->code);
}

/* What page requests have in common, in the log and refused (7.3, 7.7). */
static void encode_request(const struct ppr_request *request, uint64_t record[2])
{
    record[0] = record[1] = 0;
    ppr_set_deviceid(record, request->device);
    ppr_set_pasid(record, request->has_pasid ? request->pasid : 0);
    ppr_set_prgindex(record, request->prg_index);
    ppr_set_last(record, request->last);
    ppr_set_x(record, request->exec);
    ppr_set_r(record, request->read);
    ppr_set_w(record, request->write);
    ppr_set_us(record, request->user);
    ppr_set_address(record, request->address & ~(uint64_t)0xfff);
}

void ppr_encode(const struct ppr_request *request, uint64_t record[2])
{
    encode_request(request, record);
    ppr_set_gn(record, request->has_pasid);
    ppr_set_code(record, PPR_CODE_PAGE_SERVICE_REQUEST);
}

void ppr_encode_invalid(const struct ppr_request *request, uint64_t record[2])
{
    encode_request(request, record);
    evt_invalid_ppr_request_set_rx(record, request->answered);
    evt_invalid_ppr_request_set_gn(record, request->has_pasid);
    evt_set_code(record, EVT_INVALID_PPR_REQUEST);
}

uint64_t ga_encode(uint32_t tag, uint16_t device)
{
    uint64_t record = 0;

    record = ga_set_gatag(record, tag);
    record = ga_set_deviceid(record, device);
    return ga_set_code(record, GA_CODE_GUEST_NR);
}
