// SPDX-License-Identifier: Apache-2.0
/* What ends held translations (held.h). */
#ifndef AMDVI_MODEL_HELD_INDEX_H
#define AMDVI_MODEL_HELD_INDEX_H

#include <stdint.h>

struct held;

struct held_index {
    struct held *dirty; /* one for each page of dirty status */
    uint64_t *entries;  /* bit per DeviceID: guests hold translations made from its entry */
    uint64_t epoch;
};

#endif
