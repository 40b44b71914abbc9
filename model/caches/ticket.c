// SPDX-License-Identifier: Apache-2.0
#include "model/caches/ticket.h"

/* The smallest page, by log2, that holds `address` and part of the range. */
static uint8_t shared_shift(const struct cmd_range *range, uint64_t address)
{
    uint64_t differ;

    if (range->shift == CMD_RANGE_ALL)
        return 0;
    differ = (range->base ^ address) >> range->shift;
    return differ ? (uint8_t)(range->shift + 64 - (unsigned)__builtin_clzll(differ)) : 0;
}

static void lower(uint8_t *shift, uint8_t to)
{
    if (to < *shift)
        *shift = to;
}

/* A host range ends everything that is nested in the domain: no GPA tells what depends on it (6.4). */
bool ticket_cover_pages(struct ticket *ticket, const struct tlb_space *space, const struct cmd_range *range,
                        bool pde)
{
    uint8_t shift;

    if (!ticket->has_space || ticket->space.domain != space->domain)
        return false;
    if (!space->guest && ticket->space.guest)
        return ticket_cover_space(ticket);
    if (space->guest != ticket->space.guest || (space->guest && space->pasid != ticket->space.pasid))
        return false;
    shift = shared_shift(range, ticket->address);
    lower(&ticket->leaf_shift, shift);
    if (pde)
        lower(&ticket->dir_shift, shift);
    return true;
}

bool ticket_cover_space(struct ticket *ticket)
{
    if (!ticket->has_space)
        return false;
    ticket->leaf_shift = ticket->dir_shift = 0;
    return true;
}
