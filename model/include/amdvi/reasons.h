// SPDX-License-Identifier: Apache-2.0
/*
 * Why a request was refused, and which event the device reports for it. Numbers never change; new ones come
 * at the end. amdvi_reason_text() and amdvi_event_name() have a text for each.
 */
#ifndef AMDVI_REASONS_H
#define AMDVI_REASONS_H

/* `reason` of struct amdvi_fault. Comments name the rule; sections are those of the reference. */
enum amdvi_reason {
    AMDVI_REASON_NONE = 0,

    /* Device table entry [3.1, 3.3, 3.4] */
    AMDVI_REASON_DTE_BEYOND_TABLE = 1,  /* DeviceID outside its segment */
    AMDVI_REASON_DTE_READ_ERROR = 2,    /* memory answered the fetch with an error */
    AMDVI_REASON_DTE_RESERVED = 3,      /* V=1 and a reserved bit of 127:1 */
    AMDVI_REASON_DTE_LEVELS = 4,        /* GLX or GuestPagingMode not supported */
    AMDVI_REASON_DTE_HAD = 5,           /* HAD=10b */
    AMDVI_REASON_DTE_HOST_DISABLED = 6, /* HATS=11b and a host table is named */
    AMDVI_REASON_DTE_SNP_IDENTITY = 7,  /* SNP: V=TV=1, Mode=0 */
    AMDVI_REASON_DTE_TV0 = 8,           /* V=1, TV=0 */
    AMDVI_REASON_DTE_MODE = 9,          /* Mode reserved or above HATS */
    AMDVI_REASON_DTE_PERMISSION = 10,   /* DTE.IR/IW do not allow the request */
    AMDVI_REASON_DTE_IOCTL = 11,        /* IoCtl=3 on a port-I/O access */
    AMDVI_REASON_MARC_READ_ONLY = 12,   /* a write to a MARC aperture with ReadOnly=1 */

    /* Host (v1) walk [4.3] */
    AMDVI_REASON_HOST_WIDTH = 13,       /* address above the width of Mode */
    AMDVI_REASON_HOST_NOT_PRESENT = 14, /* PR=0 */
    AMDVI_REASON_HOST_RESERVED = 15,    /* reserved bits of an entry */
    AMDVI_REASON_HOST_LEVEL = 16,       /* NextLevel not below the level, or a leaf at level 6 */
    AMDVI_REASON_HOST_SKIP = 17,        /* address bits of skipped levels not zero */
    AMDVI_REASON_HOST_SIZE = 18,        /* 7h coding names a size the level does not hold */
    AMDVI_REASON_HOST_PERMISSION = 19,  /* IR/IW of an entry */
    AMDVI_REASON_TABLE_READ_ERROR = 20, /* memory answered a table access with an error */

    /* Guest (v2) walk [5.1-5.3] */
    AMDVI_REASON_GUEST_DISABLED = 21,    /* request with PASID, GV=0 or GTEn=0 */
    AMDVI_REASON_GUEST_PASID_RANGE = 22, /* PASID above PASmax or beyond the GCR3 table */
    AMDVI_REASON_GUEST_GCR3_INVALID = 23,
    AMDVI_REASON_GUEST_GCR3_RESERVED = 24,
    AMDVI_REASON_GUEST_CANONICAL = 25, /* address not canonical, or GIoV address above the table's width */
    AMDVI_REASON_GUEST_NOT_PRESENT = 26,
    AMDVI_REASON_GUEST_RESERVED = 27,
    AMDVI_REASON_GUEST_PERMISSION = 28, /* R/W=0 */
    AMDVI_REASON_GUEST_USER = 29,       /* U/S=0 for a user request */
    AMDVI_REASON_GUEST_NX = 30,         /* NX=1 for an execute request */

    /* Interrupts [8.2, 8.5] */
    AMDVI_REASON_INT_DTE_RESERVED = 31,   /* IV=1 and a reserved bit of 255:129 */
    AMDVI_REASON_INT_DTE_LENGTH = 32,     /* IntTabLen >= 12 */
    AMDVI_REASON_INT_DTE_CONTROL = 33,    /* IntCtl=3 */
    AMDVI_REASON_INT_CONTROL_ABORT = 34,  /* IntCtl=0 */
    AMDVI_REASON_INT_PASS_DENIED = 35,    /* NMI/INIT/ExtInt without its pass bit */
    AMDVI_REASON_INT_TYPE_UNKNOWN = 36,   /* delivery type 3 or 6, or destination mode illegal for the type */
    AMDVI_REASON_INT_SMI_FILTERED = 37,   /* SmiFEn and no filter names the device */
    AMDVI_REASON_INT_SMI_LOGGED = 38,     /* the same with SmiFLogEn */
    AMDVI_REASON_INT_INDEX = 39,          /* index outside the table */
    AMDVI_REASON_INT_REMAP_DISABLED = 40, /* RemapEn=0 */
    AMDVI_REASON_INT_IRTE_ILLEGAL = 41,   /* IntType, reserved bits, GuestMode while GAMEn=0 */
    AMDVI_REASON_INT_READ_ERROR = 42,     /* memory answered the IRTE fetch with an error */
    AMDVI_REASON_INT_PASID = 43,          /* interrupt write with a PASID */

    /* Requests that are not allowed [7.3 code 8] */
    AMDVI_REASON_REQ_INT_READ = 44,      /* type 0: read or non-posted write in the interrupt range */
    AMDVI_REASON_REQ_PRETRANSLATED = 45, /* type 1: translated request while I=0 */
    AMDVI_REASON_REQ_PORT_IO = 46,       /* type 2 */
    AMDVI_REASON_REQ_SYSMGT = 47,        /* type 3 */
    AMDVI_REASON_REQ_INT_RANGE = 48,     /* type 4 */
    AMDVI_REASON_REQ_RESERVED_INT = 49,  /* type 5: reserved interrupt range */
    AMDVI_REASON_ATS_ADDRESS = 50,       /* TR=1 type 0: translation of an interrupt or reserved address */
    AMDVI_REASON_ATS_DISABLED = 51,      /* TR=1 type 1: I=0 or no valid translation */
    AMDVI_REASON_ATS_DEVICE = 52,        /* TR=1 type 2: DeviceID out of range */
    AMDVI_REASON_ATS_UNSUPPORTED = 53,   /* unsupported request without an event: V=0 or IommuEn=0 */

    /* Page requests [7.7] */
    AMDVI_REASON_PPR_REFUSED = 54, /* PPREn=0, DTE.PPR=0, V=0, GV or GTEn off */
    AMDVI_REASON_PPR_DROPPED = 55, /* log off or full: no record, no event */
};

/* `event` of struct amdvi_fault: bits 63:60 of an event record [7.3]. */
enum amdvi_evt {
    AMDVI_EVT_ILLEGAL_DEV_TABLE_ENTRY = 1,
    AMDVI_EVT_IO_PAGE_FAULT = 2,
    AMDVI_EVT_DEV_TAB_HARDWARE_ERROR = 3,
    AMDVI_EVT_PAGE_TAB_HARDWARE_ERROR = 4,
    AMDVI_EVT_ILLEGAL_COMMAND_ERROR = 5,
    AMDVI_EVT_COMMAND_HARDWARE_ERROR = 6,
    AMDVI_EVT_IOTLB_INV_TIMEOUT = 7,
    AMDVI_EVT_INVALID_DEVICE_REQUEST = 8,
    AMDVI_EVT_INVALID_PPR_REQUEST = 9,
    AMDVI_EVT_EVENT_COUNTER_ZERO = 10,
    AMDVI_EVT_GUEST_EVENT_FAULT = 11,
    AMDVI_EVT_VIOMMU_HARDWARE_ERROR = 12,
    AMDVI_EVT_RMP_PAGE_FAULT = 13,
    AMDVI_EVT_RMP_HARDWARE_ERROR = 14,
};

#endif
