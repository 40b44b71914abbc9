// SPDX-License-Identifier: Apache-2.0
/* Guests of HW-vIOMMU in a world: a hypervisor's part done in a few lines (viommu 9.4), and a guest's ring.
 */
#ifndef AMDVI_STUDIES_GUESTS_H
#define AMDVI_STUDIES_GUESTS_H

#include "testbench/studies/world.h"

enum { STUDY_GUESTS = 8 };

struct guests {
    uint64_t private_root;
    uint64_t ring[STUDY_GUESTS], store[STUDY_GUESTS]; /* SPA */
    uint32_t tail[STUDY_GUESTS];
    uint64_t waits[STUDY_GUESTS];
};

/* Makes guests 0 to `count` - 1, each with a device, a domain, maps and a ring of 256 commands. */
void guests_open(struct world *w, struct guests *g, unsigned count);

/* INVALIDATE_IOMMU_PAGES of a page and COMPLETION_WAIT into the guest's ring, and its doorbell at `when`. */
void guests_flush(struct world *w, struct guests *g, unsigned guest, uint64_t when);
bool guests_flushed(const struct world *w, const struct guests *g, unsigned guest);

#endif
