// SPDX-License-Identifier: Apache-2.0
/*
 * Why a request was refused. Walkers and decoders only name a reason; one function of the device
 * (model/logs/fault.c) turns it into an event record. One row per row of the fault tables
 * (reference/iommu.md 3.3, 3.4, 4.3, 4.4, 5.1-5.4, 7.4, 8.2, 8.5, 9.2).
 */
/* Numbers are public (amdvi/reasons.h): what comes new comes last, there and here. */
#ifndef AMDVI_TABLES_REASON_H
#define AMDVI_TABLES_REASON_H

enum reason {
    REASON_NONE = 0,

    /* Device table entry, 3.1, 3.3, 3.4 */
    REASON_DTE_BEYOND_TABLE,  /* DeviceID outside its segment */
    REASON_DTE_READ_ERROR,    /* memory answered the fetch with an error */
    REASON_DTE_RESERVED,      /* V=1 and a reserved bit of 127:1 */
    REASON_DTE_LEVELS,        /* GLX or GuestPagingMode not supported */
    REASON_DTE_HAD,           /* HAD=10b */
    REASON_DTE_HOST_DISABLED, /* HATS=11b and a host table is named */
    REASON_DTE_SNP_IDENTITY,  /* SNP: V=TV=1, Mode=0 */
    REASON_DTE_TV0,           /* V=1, TV=0 */
    REASON_DTE_MODE,          /* Mode reserved or above HATS */
    REASON_DTE_PERMISSION,    /* DTE.IR/IW do not allow the request */
    REASON_DTE_IOCTL,         /* IoCtl=3 on a port-I/O access */
    REASON_MARC_READ_ONLY,    /* a write to a MARC aperture with ReadOnly=1 */

    /* Host (v1) walk, 4.3 */
    REASON_HOST_WIDTH,       /* address above the width of Mode */
    REASON_HOST_NOT_PRESENT, /* PR=0 */
    REASON_HOST_RESERVED,    /* reserved bits of an entry */
    REASON_HOST_LEVEL,       /* NextLevel not below the level, or a leaf at level 6 */
    REASON_HOST_SKIP,        /* address bits of skipped levels not zero */
    REASON_HOST_SIZE,        /* 7h coding names a size the level does not hold */
    REASON_HOST_PERMISSION,  /* IR/IW of an entry */
    REASON_TABLE_READ_ERROR, /* memory answered a table access with an error */

    /* Guest (v2) walk, 5.1-5.3 */
    REASON_GUEST_DISABLED,    /* request with PASID, GV=0 or GTEn=0 */
    REASON_GUEST_PASID_RANGE, /* PASID above PASmax or beyond the GCR3 table */
    REASON_GUEST_GCR3_INVALID,
    REASON_GUEST_GCR3_RESERVED,
    REASON_GUEST_CANONICAL, /* address not canonical, or GIoV address above the table's width */
    REASON_GUEST_NOT_PRESENT,
    REASON_GUEST_RESERVED,
    REASON_GUEST_PERMISSION, /* R/W=0 */
    REASON_GUEST_USER,       /* U/S=0 for a user request */
    REASON_GUEST_NX,         /* NX=1 for an execute request */

    /* Interrupts, 8.2, 8.5 */
    REASON_INT_DTE_RESERVED,   /* IV=1 and a reserved bit of 255:129 */
    REASON_INT_DTE_LENGTH,     /* IntTabLen >= 12 */
    REASON_INT_DTE_CONTROL,    /* IntCtl=3 */
    REASON_INT_CONTROL_ABORT,  /* IntCtl=0 */
    REASON_INT_PASS_DENIED,    /* NMI/INIT/ExtInt without its pass bit */
    REASON_INT_TYPE_UNKNOWN,   /* delivery type 3 or 6, or destination mode illegal for the type */
    REASON_INT_SMI_FILTERED,   /* SmiFEn and no filter names the device */
    REASON_INT_SMI_LOGGED,     /* the same with SmiFLogEn */
    REASON_INT_INDEX,          /* index outside the table */
    REASON_INT_REMAP_DISABLED, /* RemapEn=0 */
    REASON_INT_IRTE_ILLEGAL,   /* IntType, reserved bits, GuestMode while GAMEn=0 */
    REASON_INT_READ_ERROR,     /* memory answered the IRTE fetch with an error */
    REASON_INT_PASID,          /* interrupt write with a PASID */

    /* Requests that are not allowed, 7.3 code 8 */
    REASON_REQ_INT_READ,      /* type 0: read or non-posted write in the interrupt range */
    REASON_REQ_PRETRANSLATED, /* type 1: translated request while I=0 */
    REASON_REQ_PORT_IO,       /* type 2 */
    REASON_REQ_SYSMGT,        /* type 3 */
    REASON_REQ_INT_RANGE,     /* type 4 */
    REASON_REQ_RESERVED_INT,  /* type 5: reserved interrupt range */
    REASON_ATS_ADDRESS,       /* TR=1 type 0: translation of an interrupt or reserved address */
    REASON_ATS_DISABLED,      /* TR=1 type 1: I=0 or no valid translation */
    REASON_ATS_DEVICE,        /* TR=1 type 2: DeviceID out of range */
    REASON_ATS_UNSUPPORTED,   /* unsupported request without an event: V=0 or IommuEn=0 */

    /* Page requests, 7.7 */
    REASON_PPR_REFUSED, /* PPREn=0, DTE.PPR=0, V=0, GV or GTEn off */
    REASON_PPR_DROPPED, /* log off or full: no record, no event */

    REASON_COUNT
};

#endif
