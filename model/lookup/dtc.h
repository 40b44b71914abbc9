// SPDX-License-Identifier: Apache-2.0
/* Device table entries, from the cache or from memory. */
#ifndef AMDVI_MODEL_DTC_H
#define AMDVI_MODEL_DTC_H

#include "model/device.h"

struct dte_fetch {
    bool asked; /* false before the first call */
    const struct dte *dte;
    enum reason reason;
    uint8_t error; /* enum walk_error of REASON_DTE_READ_ERROR */
    uint64_t address;
    uint64_t raw[4];
    struct dtc_line spare; /* the entry when no cache holds it, or when the cache may lose it meanwhile */
};
/* True: `fetch` has the entry or the reason why there is none. */
bool dtc_fetch(struct amdvi_device *device, struct job *job, uint16_t requester, struct dte_fetch *fetch);
/* From here on other entries may be looked up, and take the line of this one: it becomes the caller's own. */
static inline const struct dte *dtc_own(struct dte_fetch *fetch)
{
    if (fetch->dte && fetch->dte != &fetch->spare.dte) {
        fetch->spare.dte = *fetch->dte;
        fetch->dte = &fetch->spare.dte;
    }
    return fetch->dte;
}

/* Whose addresses the entry translates, as caches and tickets know it. */
static inline struct tlb_space dtc_space(const struct amdvi_device *device, const struct dte *dte, bool guest,
                                         uint32_t pasid)
{
    return (struct tlb_space){.domain = dte->domain,
                              .guest = guest,
                              .pasid = guest ? pasid : 0,
                              .owned = dte->vimu,
                              .owner = dte->guest_id,
                              .withheld = dte_withheld(dte, &device->env)};
}

/* The cached entry of the device that asked last, if it still is what a fetch would give; else null. */
static inline const struct dte *dtc_again(const struct amdvi_device *device, uint16_t requester)
{
    const struct dtc_line *line = device->entries.dtc_last;

    return line && line->device == requester && line->decoded == device->entries.decode_epoch ? &line->dte
                                                                                              : NULL;
}

void dtc_invalidate(struct amdvi_device *device, uint16_t requester);
void dtc_invalidate_all(struct amdvi_device *device);
void dtc_invalidate_guest(struct amdvi_device *device, uint16_t guest_id);
/* The entry that the cache holds, untouched; null if there is none. */
const struct dte *dtc_peek(const struct amdvi_device *device, uint16_t requester);

#endif
