// SPDX-License-Identifier: Apache-2.0
/*
 * The one place that makes a fault (house idea IV): reason + request + device table entry give the record,
 * its suppression, the reply and the status bits (3.4, 7.3-7.6, 8.5, 9.2).
 */
#include "model/logs/fault.h"
#include "model/base/fault_facts.h"
#include "model/device.h"
#include "model/signals/signals.h"

enum { PR = EVENT_PR, PE = EVENT_PE, RZ = EVENT_RZ };

/* The fixed half of the record of each reason. `code` 0: the architecture knows no event. */
struct reason_row {
    const char *text;
    uint8_t code;
    uint16_t flags;
    uint8_t type;
};

static const struct reason_row rows[REASON_COUNT] = {
    [REASON_NONE] = {"no fault", 0, 0, 0},
    [REASON_DTE_BEYOND_TABLE] = {"DeviceID beyond the device table", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_DTE_READ_ERROR] = {"device table entry could not be read", EVT_DEV_TAB_HARDWARE_ERROR, 0, 0},
    [REASON_DTE_RESERVED] = {"reserved bit set in device table entry", EVT_ILLEGAL_DEV_TABLE_ENTRY, RZ, 0},
    [REASON_DTE_LEVELS] = {"GLX or GuestPagingMode not supported", EVT_ILLEGAL_DEV_TABLE_ENTRY, 0, 0},
    [REASON_DTE_HAD] = {"HAD not supported", EVT_ILLEGAL_DEV_TABLE_ENTRY, RZ, 0},
    [REASON_DTE_HOST_DISABLED] = {"host table named, host translation absent", EVT_ILLEGAL_DEV_TABLE_ENTRY,
                                  RZ, 0},
    [REASON_DTE_SNP_IDENTITY] = {"Mode 0 while SNP", EVT_ILLEGAL_DEV_TABLE_ENTRY, 0, 0},
    [REASON_DTE_TV0] = {"device blocked: V=1, TV=0", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_DTE_MODE] = {"Mode not supported", EVT_IO_PAGE_FAULT, PR, 0},
    [REASON_DTE_PERMISSION] = {"DTE.IR/IW deny the access", EVT_IO_PAGE_FAULT, PR | PE, 0},
    [REASON_DTE_IOCTL] = {"IoCtl reserved", EVT_ILLEGAL_DEV_TABLE_ENTRY, RZ, 0},
    [REASON_MARC_READ_ONLY] = {"write to a read-only MARC aperture", EVT_IO_PAGE_FAULT, PR | PE, 0},
    [REASON_HOST_WIDTH] = {"address above the width of Mode", EVT_IO_PAGE_FAULT, PR, 0},
    [REASON_HOST_NOT_PRESENT] = {"host page not present", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_HOST_RESERVED] = {"reserved bit set in host page table", EVT_IO_PAGE_FAULT, PR | RZ, 0},
    [REASON_HOST_LEVEL] = {"illegal level in host page table", EVT_IO_PAGE_FAULT, PR, 0},
    [REASON_HOST_SKIP] = {"address bits of skipped levels not zero", EVT_IO_PAGE_FAULT, PR, 0},
    [REASON_HOST_SIZE] = {"illegal page size in host page table", EVT_IO_PAGE_FAULT, PR, 0},
    [REASON_HOST_PERMISSION] = {"host page table denies the access", EVT_IO_PAGE_FAULT, PR | PE, 0},
    [REASON_TABLE_READ_ERROR] = {"page table could not be read", EVT_PAGE_TAB_HARDWARE_ERROR, 0, 0},
    [REASON_GUEST_DISABLED] = {"PASID without guest translation", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_GUEST_PASID_RANGE] = {"PASID out of range", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_GUEST_GCR3_INVALID] = {"GCR3 entry not valid", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_GUEST_GCR3_RESERVED] = {"reserved bit set in GCR3 entry", EVT_IO_PAGE_FAULT, PR | RZ, 0},
    [REASON_GUEST_CANONICAL] = {"guest address not canonical", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_GUEST_NOT_PRESENT] = {"guest page not present", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_GUEST_RESERVED] = {"reserved bit set in guest page table", EVT_IO_PAGE_FAULT, PR | RZ, 0},
    [REASON_GUEST_PERMISSION] = {"guest page not writable", EVT_IO_PAGE_FAULT, PR | PE, 0},
    [REASON_GUEST_USER] = {"user access to supervisor page", EVT_IO_PAGE_FAULT, PR | PE, 0},
    [REASON_GUEST_NX] = {"guest page not executable", EVT_IO_PAGE_FAULT, PR | PE, 0},
    [REASON_INT_DTE_RESERVED] = {"reserved bit set in interrupt part of DTE", EVT_ILLEGAL_DEV_TABLE_ENTRY, RZ,
                                 0},
    [REASON_INT_DTE_LENGTH] = {"IntTabLen reserved", EVT_ILLEGAL_DEV_TABLE_ENTRY, 0, 0},
    [REASON_INT_DTE_CONTROL] = {"IntCtl reserved", EVT_ILLEGAL_DEV_TABLE_ENTRY, RZ, 0},
    [REASON_INT_CONTROL_ABORT] = {"IntCtl aborts interrupts", 0, 0, 0},
    [REASON_INT_PASS_DENIED] = {"interrupt type not passed by DTE", 0, 0, 4},
    [REASON_INT_TYPE_UNKNOWN] = {"delivery type not allowed", 0, 0, 0},
    [REASON_INT_SMI_FILTERED] = {"SMI filtered", 0, 0, 0},
    [REASON_INT_SMI_LOGGED] = {"SMI filtered", EVT_IO_PAGE_FAULT, PR, 0},
    [REASON_INT_INDEX] = {"interrupt index outside the table", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_INT_REMAP_DISABLED] = {"RemapEn=0", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_INT_IRTE_ILLEGAL] = {"illegal interrupt remapping entry", EVT_IO_PAGE_FAULT, PR | RZ, 0},
    [REASON_INT_READ_ERROR] = {"interrupt remapping entry could not be read", EVT_PAGE_TAB_HARDWARE_ERROR, 0,
                               0},
    [REASON_INT_PASID] = {"interrupt with PASID", EVT_IO_PAGE_FAULT, 0, 0},
    [REASON_REQ_INT_READ] = {"read or non-posted write in the interrupt range", EVT_INVALID_DEVICE_REQUEST, 0,
                             0},
    [REASON_REQ_PRETRANSLATED] = {"translated request while I=0", EVT_INVALID_DEVICE_REQUEST, 0, 1},
    [REASON_REQ_PORT_IO] = {"port I/O not allowed", EVT_INVALID_DEVICE_REQUEST, 0, 2},
    [REASON_REQ_SYSMGT] = {"system management not allowed", EVT_INVALID_DEVICE_REQUEST, 0, 3},
    [REASON_REQ_INT_RANGE] = {"access to the interrupt range not allowed", EVT_INVALID_DEVICE_REQUEST, 0, 4},
    [REASON_REQ_RESERVED_INT] = {"reserved interrupt range", EVT_INVALID_DEVICE_REQUEST, 0, 5},
    [REASON_ATS_ADDRESS] = {"translation of an interrupt address", EVT_INVALID_DEVICE_REQUEST, 0, 0},
    [REASON_ATS_DISABLED] = {"translation requests disabled", EVT_INVALID_DEVICE_REQUEST, 0, 1},
    [REASON_ATS_DEVICE] = {"translation request of a DeviceID beyond the table", EVT_INVALID_DEVICE_REQUEST,
                           0, 2},
    [REASON_ATS_UNSUPPORTED] = {"translation requests not supported", 0, 0, 0},
    [REASON_PPR_REFUSED] = {"page request not allowed", EVT_INVALID_PPR_REQUEST, 0, 0},
    [REASON_PPR_DROPPED] = {"page request dropped", 0, 0, 0},
};

const char *amdvi_reason_text(unsigned reason)
{
    return reason < REASON_COUNT ? rows[reason].text : "unknown reason";
}

/* Behaviour switches of 13 no. 10, 11, 33 and 34. */
static unsigned code_of(const struct amdvi_device *device, enum reason reason)
{
    const uint64_t *value = device->config.value;

    if (reason == REASON_DTE_MODE && value[CONFIG_DTE_MODE_FAULT])
        return EVT_ILLEGAL_DEV_TABLE_ENTRY;
    if (reason == REASON_DTE_BEYOND_TABLE && value[CONFIG_DTE_BEYOND])
        return EVT_ILLEGAL_DEV_TABLE_ENTRY;
    if (reason == REASON_INT_PASS_DENIED && value[CONFIG_INT_PASS_EVENT])
        return EVT_INVALID_DEVICE_REQUEST;
    if (reason == REASON_INT_CONTROL_ABORT && value[CONFIG_INT_CONTROL0])
        return EVT_ILLEGAL_DEV_TABLE_ENTRY;
    return rows[reason].code;
}

/* Flags of the reason; 13 no. 40. */
static uint16_t reason_flags(const struct amdvi_device *device, enum reason reason)
{
    if (reason == REASON_HOST_WIDTH && device->config.value[CONFIG_WIDTH_FAULT])
        return 0;
    return rows[reason].flags;
}

/* A PASID that came with the request is in the record, even where TV=0 blocks the device or its entry is
 * illegal; by choice not there (15 D7, D18). */
static bool reports_pasid(const struct amdvi_device *device, unsigned code, enum reason reason,
                          const struct fault_facts *facts)
{
    const uint64_t *value = device->config.value;

    if (reason == REASON_DTE_TV0 && value[CONFIG_EVENT_TV0_PASID])
        return false;
    return facts->guest && !(code == EVT_ILLEGAL_DEV_TABLE_ENTRY && value[CONFIG_EVENT_ILLEGAL_PASID]);
}

/* US and NX of a page fault with GN=1 (15 D2, D5). */
static uint16_t page_flags(const struct amdvi_device *device, enum reason reason,
                           const struct fault_facts *facts)
{
    const uint64_t *value = device->config.value;
    uint16_t flags = 0;

    if (facts->user && (!facts->giov || value[CONFIG_EVENT_GIOV_US]))
        flags |= EVENT_US;
    if (facts->exec && (reason == REASON_GUEST_NX || !value[CONFIG_EVENT_NX]))
        flags |= EVENT_NX;
    return flags;
}

/* Of interrupts and translation requests RW says nothing and is 0, or by choice is set for what writes (15
 * D3). */
static bool reports_write(const struct amdvi_device *device, const struct fault_facts *facts)
{
    if (facts->interrupt || facts->translation)
        return device->config.value[CONFIG_EVENT_RW] && (facts->interrupt || facts->write);
    return facts->write;
}

/* Which request flags the record of a code has (7.3). */
static uint16_t request_flags(const struct amdvi_device *device, unsigned code, enum reason reason,
                              const struct fault_facts *facts)
{
    bool page = code == EVT_IO_PAGE_FAULT;
    bool request = code == EVT_INVALID_DEVICE_REQUEST;
    bool table = page || code == EVT_ILLEGAL_DEV_TABLE_ENTRY || code == EVT_PAGE_TAB_HARDWARE_ERROR;
    bool guest = (table || request) && reports_pasid(device, code, reason, facts);
    uint16_t flags = 0;

    if (guest)
        flags |= EVENT_GN;
    if (guest && page)
        flags |= page_flags(device, reason, facts);
    if (guest && facts->user && request)
        /* US is bit 50, as in all other records, or by choice 49 (13 #25). */
        flags |= device->config.value[CONFIG_EVENT_US_BIT] == 49 ? EVENT_NX : EVENT_US;
    if (facts->interrupt && !request)
        flags |= EVENT_I;
    if (!request && reports_write(device, facts))
        flags |= EVENT_RW;
    if (facts->translation)
        flags |= EVENT_TR;
    return flags;
}

static uint16_t type_flags(unsigned code, enum reason reason, const struct fault_facts *facts)
{
    switch (code) {
    case EVT_DEV_TAB_HARDWARE_ERROR:
    case EVT_PAGE_TAB_HARDWARE_ERROR:
        return event_type(facts->error);
    case EVT_INVALID_DEVICE_REQUEST:
        return event_type(rows[reason].type);
    default:
        return 0;
    }
}

static bool reported_before(struct amdvi_device *device, uint16_t id)
{
    uint64_t bit = (uint64_t)1 << (id & 63);
    bool before = device->reported[id >> 6] & bit;

    device->reported[id >> 6] |= bit;
    return before;
}

/* 7.5: only page faults are ever suppressed. */
static bool suppressed(struct amdvi_device *device, unsigned code, const struct fault_facts *facts,
                       const struct dte *dte)
{
    if (code != EVT_IO_PAGE_FAULT)
        return false;
    if (facts->translation)
        return true;
    if (!dte)
        return false;
    if (facts->interrupt)
        return dte->ignore_int || facts->suppressed;
    if (dte->suppress_all)
        return true;
    return dte->suppress_repeat && reported_before(device, facts->device);
}

static uint8_t reply_of(const struct fault_facts *facts)
{
    return facts->interrupt || facts->posted ? AMDVI_REPLY_DROP : AMDVI_REPLY_ABORT;
}

/* The address as requested, also of a DeviceID beyond the table (15 D6); of a table entry to 8 bytes, or by
 * choice to 16 (13 no. 26). */
static uint64_t reported_address(const struct amdvi_device *device, unsigned code, enum reason reason,
                                 const struct fault_facts *facts)
{
    const uint64_t *value = device->config.value;

    if (reason == REASON_DTE_BEYOND_TABLE && value[CONFIG_EVENT_BEYOND_ADDRESS])
        return 0;
    if (code == EVT_PAGE_TAB_HARDWARE_ERROR && value[CONFIG_EVENT_TABLE_GRANULE] == 16)
        return facts->address & ~(uint64_t)15;
    return facts->address;
}

bool fault_make(struct amdvi_device *device, enum reason reason, const struct fault_facts *facts,
                const struct dte *dte, struct event *event, struct amdvi_fault *fault)
{
    unsigned code = code_of(device, reason);

    *event = (struct event){
        .code = (uint8_t)code,
        .flags = (uint16_t)(reason_flags(device, reason) | request_flags(device, code, reason, facts) |
                            type_flags(code, reason, facts)),
        .device = facts->device,
        .domain = facts->domain,
        .pasid = facts->pasid,
        .address = reported_address(device, code, reason, facts),
        .vflags = facts->vflags,
    };

    *fault = (struct amdvi_fault){.reason = (uint8_t)reason,
                                  .event = event->code,
                                  .reply = reply_of(facts),
                                  .flags = event->flags,
                                  .domain = event->domain,
                                  .pasid = event->pasid,
                                  .address = event->address};
    if (!facts->translation)
        pci_signal_target_abort(device);
    fault->vflags = facts->vflags;
    return code && !suppressed(device, code, facts, dte);
}
