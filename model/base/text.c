// SPDX-License-Identifier: Apache-2.0
/* Texts for people. */
#include "amdvi/amdvi.h"
#include "cmdbuf/layout.h"

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

const char *amdvi_version(void)
{
    return TEXT(AMDVI_VERSION_MAJOR) "." TEXT(AMDVI_VERSION_MINOR) "." TEXT(AMDVI_VERSION_PATCH);
}

const char *amdvi_status_text(enum amdvi_status status)
{
    switch (status) {
    case AMDVI_OK:
        return "ok";
    case AMDVI_ERR_ARGUMENT:
        return "argument out of range";
    case AMDVI_ERR_NO_MEMORY:
        return "out of memory";
    case AMDVI_ERR_UNKNOWN_KEY:
        return "unknown configuration key";
    case AMDVI_ERR_BAD_VALUE:
        return "value not legal for this key";
    case AMDVI_ERR_ACCESS:
        return "access width or alignment not accepted";
    case AMDVI_ERR_MEMORY:
        return "memory failed";
    case AMDVI_ERR_UNSUPPORTED:
        return "not supported by this device";
    case AMDVI_ERR_END:
        return "no more";
    case AMDVI_ERR_TOO_SMALL:
        return "buffer too small";
    case AMDVI_ERR_CORRUPT:
        return "damaged data";
    case AMDVI_ERR_STUCK:
        return "something is under way, and nothing happens any more";
    case AMDVI_ERR_BUSY:
        return "busy";
    default:
        return "unknown status";
    }
}

const char *amdvi_event_name(unsigned code)
{
    static const char *const names[16] = {
        [EVT_ILLEGAL_DEV_TABLE_ENTRY] = "ILLEGAL_DEV_TABLE_ENTRY",
        [EVT_IO_PAGE_FAULT] = "IO_PAGE_FAULT",
        [EVT_DEV_TAB_HARDWARE_ERROR] = "DEV_TAB_HARDWARE_ERROR",
        [EVT_PAGE_TAB_HARDWARE_ERROR] = "PAGE_TAB_HARDWARE_ERROR",
        [EVT_ILLEGAL_COMMAND_ERROR] = "ILLEGAL_COMMAND_ERROR",
        [EVT_COMMAND_HARDWARE_ERROR] = "COMMAND_HARDWARE_ERROR",
        [EVT_IOTLB_INV_TIMEOUT] = "IOTLB_INV_TIMEOUT",
        [EVT_INVALID_DEVICE_REQUEST] = "INVALID_DEVICE_REQUEST",
        [EVT_INVALID_PPR_REQUEST] = "INVALID_PPR_REQUEST",
        [EVT_EVENT_COUNTER_ZERO] = "EVENT_COUNTER_ZERO",
        [EVT_GUEST_EVENT_FAULT] = "GUEST_EVENT_FAULT",
        [EVT_VIOMMU_HARDWARE_ERROR] = "VIOMMU_HARDWARE_ERROR",
        [EVT_RMP_PAGE_FAULT] = "RMP_PAGE_FAULT",
        [EVT_RMP_HARDWARE_ERROR] = "RMP_HARDWARE_ERROR",
    };

    return code < 16 ? names[code] : NULL;
}
