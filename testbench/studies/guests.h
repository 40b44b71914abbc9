// SPDX-License-Identifier: Apache-2.0
/*
 * Guests of HW-vIOMMU in a world: a hypervisor's part done in a few lines (viommu 9.4), and a guest's ring.
 * Guest number N has GuestID N, one device, one domain and a table of its own. Its ID maps are real, but the
 * pages of a map are all the same one: every entry of them says the same.
 */
#ifndef AMDVI_STUDIES_GUESTS_H
#define AMDVI_STUDIES_GUESTS_H

#include "testbench/studies/world.h"

enum {
    /* As many as can have a device of their own: of 65,536 DeviceIDs one is the IOMMU's. */
    GUESTS_MOST = 65535,
    GUESTS_STORES = 512,
    GUEST_RING = 256,          /* commands */
    GUEST_FOOTPRINT = 48 << 10 /* bytes of memory at most, beside data */
};
#define GUEST_DATA_GPA UINT64_C(0x100000)

struct guest {
    uint64_t root; /* of its GPA space, SPA */
    uint64_t ring; /* SPA */
    uint32_t tail, waits;
};

struct guests {
    struct guest *all;
    unsigned count;
    uint64_t private_root;
    uint64_t tail_at; /* offset of the register in a guest's page */
    uint64_t seen[GUESTS_STORES];
    uint64_t stores; /* SPA; guest N stores in word N modulo GUESTS_STORES */
};

/* Makes guests 0 to `count` - 1, GUESTS_MOST at most; guests_close() also when it failed. */
void guests_open(struct world *w, struct guests *g, unsigned count);
/* The same without their creation: guests_tables(), guests_reset_command() into the host's ring, and once
 * that is executed guests_start(), for each. */
void guests_prepare(struct world *w, struct guests *g, unsigned count);
void guests_tables(struct world *w, struct guests *g, unsigned guest);
void guests_reset_command(struct world *w, unsigned guest);
void guests_start(struct world *w, unsigned guest);
void guests_close(struct guests *g);

/* Maps `pages` pages from GUEST_DATA_GPA on, for the guest's device. */
void guests_map(struct world *w, struct guests *g, unsigned guest, uint64_t pages);
uint16_t guests_device(unsigned guest);

/* Commands into the guest's ring: INVALIDATE_IOMMU_PAGES of one page, or of its whole domain; then a
 * COMPLETION_WAIT and the doorbell at `when`. */
void guests_invalidate(struct world *w, struct guests *g, unsigned guest, bool all);
void guests_ring(struct world *w, struct guests *g, unsigned guest, uint64_t when);
/* A page and the doorbell. */
void guests_flush(struct world *w, struct guests *g, unsigned guest, uint64_t when);
/* True: `*guest` has stored since this was asked the last time. Of guests whose words are the same one, the
 * one that stored last. */
bool guests_next_flushed(const struct world *w, struct guests *g, unsigned *guest);
bool guests_flushed(const struct world *w, const struct guests *g, unsigned guest);

#endif
