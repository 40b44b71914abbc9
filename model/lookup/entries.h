// SPDX-License-Identifier: Apache-2.0
/* The caches of device table entries and interrupt remapping entries. */
#ifndef AMDVI_MODEL_ENTRIES_H
#define AMDVI_MODEL_ENTRIES_H

#include "model/caches/cache.h"
#include "tables/walk.h"

/* A cached device table entry. */
struct dtc_line {
    uint16_t device;
    uint32_t decoded; /* entry_caches.decode_epoch when `dte` was made from its raw words */
    struct dte dte;
};

/* A cached interrupt remapping entry. */
struct itc_line {
    uint16_t device;
    uint32_t index;
    uint32_t gen;
    uint32_t epoch;
    uint64_t raw[2];
};

struct entry_caches {
    struct cache dtc, itc;
    const struct dtc_line *dtc_last; /* the line that answered last; null when it may be gone */
    struct dtc_line uncached;        /* caches off: the last entry, decoded */
    uint32_t decode_epoch;           /* changes with what an entry may mean */
    uint32_t *itc_gen;               /* per DeviceID */
    uint32_t itc_epoch;
};

#endif
