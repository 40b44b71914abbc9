// SPDX-License-Identifier: Apache-2.0
#include "model/lookup/invalidate.h"
#include "model/lookup/dtc.h"

unsigned invalidate_pages(struct amdvi_device *device, const struct tlb_space *space,
                          const struct cmd_range *range, bool pde)
{
    if (__builtin_expect(device->jobs != NULL, 0))
        jobs_mark_pages(device, space, range, pde);
    return tlb_invalidate(&device->tlb, space, range, pde);
}

void invalidate_combined(struct amdvi_device *device, uint16_t domain)
{
    jobs_mark_domain_combined(device, domain);
    tlb_invalidate_combined(&device->tlb, domain);
}

void invalidate_owner(struct amdvi_device *device, uint16_t guest_id)
{
    jobs_mark_owner(device, guest_id);
    tlb_invalidate_owner(&device->tlb, guest_id);
    dtc_invalidate_guest(device, guest_id);
}

void invalidate_translations(struct amdvi_device *device)
{
    jobs_mark_all(device);
    tlb_invalidate_all(&device->tlb);
    dtc_invalidate_all(device);
}
