// SPDX-License-Identifier: Apache-2.0
/*
 * What a lookup under way depends on, so that an invalidation that comes meanwhile can mark it (engine: wall
 * 8).
 *
 * A walk that has read an old entry may still answer its requester: the architecture allows the old or the
 * new translation until the COMPLETION_WAIT behind the invalidation completes (6.4). It must not fill a line
 * that would then count as live, and that COMPLETION_WAIT waits for it.
 */
#ifndef AMDVI_MODEL_TICKET_H
#define AMDVI_MODEL_TICKET_H

#include "model/caches/tlb.h"

enum { TICKET_UNMARKED = 255 };

struct ticket {
    bool has_entry; /* a device table entry was asked for, or answered: that of `device` */
    bool has_space; /* tables were asked for: those of `space` at `address` */
    bool has_interrupt;
    bool entry_stale, interrupt_stale;
    /* Pages and directories of at least this log2 hold both `address` and something that was invalidated. */
    uint8_t leaf_shift, dir_shift;
    uint16_t device;
    uint64_t address;
    struct tlb_space space;
    uint64_t marked; /* number of the first invalidation that covered it; 0: none did */
};

static inline void ticket_clear(struct ticket *ticket)
{
    ticket->has_entry = ticket->has_space = ticket->has_interrupt = false;
    ticket->entry_stale = ticket->interrupt_stale = false;
    ticket->leaf_shift = ticket->dir_shift = TICKET_UNMARKED;
    ticket->marked = 0;
}

/* The next page of a request: its entry is asked for anew. What the pages before depend on is still part of
 * the answer, so invalidations of their tables concern the job, and it stays marked. */
static inline void ticket_next(struct ticket *ticket)
{
    ticket->entry_stale = ticket->interrupt_stale = false;
}

/* From now on invalidations of these tables concern the job. Tables that an entry names which is not there
 * any more may have been invalidated before: nothing of them is kept. */
static inline void ticket_take_space(struct ticket *ticket, const struct tlb_space *space, uint64_t address)
{
    ticket->has_space = true;
    ticket->space = *space;
    ticket->address = address;
    ticket->leaf_shift = ticket->dir_shift = ticket->entry_stale ? 0 : TICKET_UNMARKED;
}

/* The same of the interrupt table. */
static inline void ticket_take_interrupt(struct ticket *ticket)
{
    ticket->has_interrupt = true;
    ticket->interrupt_stale |= ticket->entry_stale;
}

/* What opcode 3 with these operands covers (tlb_invalidate()). True: it concerns the ticket. */
bool ticket_cover_pages(struct ticket *ticket, const struct tlb_space *space, const struct cmd_range *range,
                        bool pde);
/* Everything that the ticket's tables could give. */
bool ticket_cover_space(struct ticket *ticket);

/* Whether a page, or a directory that stands for 2^shift bytes, may be kept. */
static inline bool ticket_keeps_leaf(const struct ticket *ticket, unsigned shift)
{
    return shift < ticket->leaf_shift;
}

/* The same of what a walk of the ticket's tables has found. The page is the one that software knows and
 * invalidates: the guest's for guest addresses, else the host's. */
static inline bool ticket_keeps_page(const struct ticket *ticket, const struct walk_result *result)
{
    return ticket_keeps_leaf(ticket, ticket->space.guest ? result->guest_shift : result->shift);
}

static inline bool ticket_keeps_dir(const struct ticket *ticket, unsigned shift)
{
    return shift < ticket->dir_shift;
}

#endif
