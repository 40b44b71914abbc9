// SPDX-License-Identifier: Apache-2.0
/*
 * Answers of the hypervisor library. A status other than HV_OK means that the call changed nothing, unless
 * its description says otherwise.
 */
#ifndef AMDVI_HYPERVISOR_STATUS_H
#define AMDVI_HYPERVISOR_STATUS_H

enum hv_status {
    HV_OK = 0,
    HV_ERR_ARGUMENT,    /* a null pointer, or a value outside its documented range */
    HV_ERR_NO_MEMORY,   /* system memory or the host's heap is used up */
    HV_ERR_NO_ID,       /* no GuestID, TransDevID or DomainID is left */
    HV_ERR_UNSUPPORTED, /* the device lacks what the call needs */
    HV_ERR_DEVICE,      /* a call on the device failed, or COMPLETION_WAIT did not come */
    HV_ERR_NO_OBJECT,   /* no such object: never made, destroyed, or of another kind */
    HV_ERR_FOREIGN,     /* the objects belong to different owners */
    HV_ERR_BUSY,        /* the object is in use by somebody else */
    HV_ERR_EXISTS,      /* there is one already */
    HV_ERR_ORDER,       /* an earlier step is missing */
    HV_ERR_MODE,        /* not in this buffer mode (GstBufferTRPMode) */
    HV_ERR_DTE,         /* a guest's device table entry that cannot be honoured (viommu 5.3) */
    HV_ERR_COMMAND,     /* a guest command that cannot be honoured (viommu 7) */
    HV_ERR_UNMAPPED,    /* an address without memory behind it */
    HV_ERR_EMPTY,       /* nothing to read */
};

/* A short English text, never null. */
const char *hv_status_text(enum hv_status status);

#endif
