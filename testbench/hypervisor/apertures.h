// SPDX-License-Identifier: Apache-2.0
/* Where the guests' registers lie: the IOMMU function's vendor-specific capability (viommu 1.3). */
#ifndef AMDVI_HYPERVISOR_APERTURES_H
#define AMDVI_HYPERVISOR_APERTURES_H

#include "amdvi/amdvi.h"

struct hv_apertures {
    uint32_t capability; /* header of the IOMMU's own capability: which commands exist depends on it
                            (iommu 1.2, 6.2) */
    uint64_t vf, vfc;    /* bases in system memory space */
};

/* False when there is no such capability, or when firmware left an aperture disabled or at address 0. */
bool hv_apertures_find(struct amdvi_device *device, struct hv_apertures *apertures);

#endif
