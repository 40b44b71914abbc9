// SPDX-License-Identifier: Apache-2.0
/*
 * What every call answers.
 */
#ifndef AMDVI_STATUS_H
#define AMDVI_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

enum amdvi_status {
    AMDVI_OK = 0,
    AMDVI_ERR_ARGUMENT,    /* a null pointer or a value outside its documented range */
    AMDVI_ERR_NO_MEMORY,   /* the allocator returned null */
    AMDVI_ERR_UNKNOWN_KEY, /* no configuration key of that name */
    AMDVI_ERR_BAD_VALUE,   /* the key does not take that value */
    AMDVI_ERR_ACCESS,      /* width or alignment that a register space does not accept */
    AMDVI_ERR_MEMORY,      /* a memory callback failed during a data transfer */
    AMDVI_ERR_UNSUPPORTED, /* not present in this device */
    AMDVI_ERR_END,         /* iteration is over */
    AMDVI_ERR_TOO_SMALL,   /* the buffer does not hold the answer; the size needed was told */
    AMDVI_ERR_CORRUPT,     /* saved bytes are damaged or not of this kind */
    AMDVI_ERR_BUSY,  /* something under way must end first: above all the call that this one comes from */
    AMDVI_ERR_STUCK, /* something is under way under time, and nothing happens any more */
};

/* A short English text, never null. */
const char *amdvi_status_text(enum amdvi_status status);

#ifdef __cplusplus
}
#endif

#endif
