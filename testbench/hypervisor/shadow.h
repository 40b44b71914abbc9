// SPDX-License-Identifier: Apache-2.0
/*
 * Shadows: a host (v1) table of the hypervisor's that says what a guest's own host table says, with system
 * addresses for the guest's. Devices cannot walk host tables inside of host tables, so this is how a guest
 * that uses them is served; somebody has to hear of each of its invalidations, also of entries that were not
 * present before (NpCache=1, iommu 10).
 */
#ifndef AMDVI_HYPERVISOR_SHADOW_H
#define AMDVI_HYPERVISOR_SHADOW_H

#include "testbench/hypervisor/driver.h"

enum { HV_SHADOW_LEVELS = 4 }; /* of the guest's table at most: HATS=0 */

/* The guest's memory. */
struct hv_shadow_memory {
    void *context;
    /* `bytes` of guest memory at `gpa`, which lie in one page; null where there is none. */
    const void *(*at)(void *context, uint64_t gpa, uint64_t bytes);
    /* Whether `gpa`, a page's, is guest memory; then `spa` is where, and `bytes` from there on lie in a row.
     * Otherwise there is none for `bytes`. Never 0. */
    bool (*find)(void *context, uint64_t gpa, uint64_t *spa, uint64_t *bytes);
};

/* The guest's table as its device table entry names it. */
struct hv_shadowed {
    uint64_t root; /* GPA */
    unsigned mode; /* 1 to HV_SHADOW_LEVELS */
    unsigned perm; /* HV_READ, HV_WRITE: what the entry lets pass */
};

/*
 * `stage2` says for [first, last] what the guest's table says now, and what devices had cached of it is
 * flushed. Entries that a device would fault on are holes: not present, illegal, or leading out of guest
 * memory (iommu 4.3). HV_ERR_NO_MEMORY: the rest of the range is a hole, because memory ran out or the
 * guest's table has more entries than any guest needs. HV_ERR_FOREIGN: `stage2` is another's.
 * HV_ERR_ARGUMENT.
 */
enum hv_status hv_stage2_shadow(struct hv_stage2 *stage2, const struct hv_shadowed *table,
                                const struct hv_shadow_memory *memory, uint64_t first, uint64_t last);

#endif
