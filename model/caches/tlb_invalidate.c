// SPDX-License-Identifier: Apache-2.0
/* INVALIDATE_IOMMU_PAGES: what a range drops (6.4 opcode 3). */
#include "model/caches/tlb_lines.h"

/* Pages and ranges are smaller than the address space here: CMD_RANGE_ALL goes another way. */
static bool covers(const struct cmd_range *range, uint64_t base, unsigned shift)
{
    unsigned wide = range->shift > shift ? range->shift : shift;

    return range->base >> wide == base >> wide;
}

/* Number of naturally aligned pages of 2^shift bytes that a range touches. */
static uint64_t pages_in(const struct cmd_range *range, unsigned shift)
{
    return range->shift <= shift ? 1 : (uint64_t)1 << (range->shift - shift);
}

static unsigned ptc_sweep(struct tlb *tlb, uint64_t id, const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (uint32_t slot = 0; slot < tlb->ptc.entries; slot++) {
        const struct ptc_line *line = cache_line(&tlb->ptc, slot);
        unsigned shift = tlb_id_more(line->id);
        if (!tlb->ptc.tags[slot] || line->id != (id | tlb_id(0, 0, shift)) ||
            !covers(range, line->page << shift, shift))
            continue;
        cache_remove(&tlb->ptc, slot);
        dropped++;
    }
    return dropped;
}

static unsigned ptc_probe_range(struct tlb *tlb, uint64_t id, unsigned shift, const struct cmd_range *range)
{
    uint64_t count = pages_in(range, shift), first = range->base >> shift;
    unsigned dropped = 0;

    for (uint64_t i = 0; i < count; i++)
        dropped += cache_drop(&tlb->ptc, ptc_hash(tlb, first + i, id | tlb_id(0, 0, shift)));
    return dropped;
}

static unsigned ptc_drop_range(struct tlb *tlb, uint64_t id, const struct cmd_range *range)
{
    unsigned dropped = 0;

    tlb->last = NULL;
    for (unsigned i = 0; i < tlb->nshifts; i++) {
        if (!tlb->shift_used[i])
            continue;
        if (pages_in(range, tlb->shifts[i]) > tlb->ptc.entries)
            return dropped + ptc_sweep(tlb, id, range);
        dropped += ptc_probe_range(tlb, id, tlb->shifts[i], range);
    }
    return dropped;
}

static unsigned group_sweep(struct tlb *tlb, uint64_t id, const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (uint32_t slot = 0; slot < tlb->groups.entries; slot++) {
        struct tlb_group *group = cache_line(&tlb->groups, slot);
        unsigned shift = tlb_id_more(group->id);
        if (!tlb->groups.tags[slot] || group->id != (id | tlb_id(0, 0, shift)) ||
            !covers(range, group->page << shift, shift))
            continue;
        group->gen = tlb_new_generation(tlb);
        tlb->dead_lines = true;
        dropped++;
    }
    return dropped;
}

static unsigned group_probe_range(struct tlb *tlb, uint64_t id, unsigned shift, const struct cmd_range *range)
{
    struct tlb_group key = {.page = range->base >> shift, .id = id | tlb_id(0, 0, shift)};
    uint64_t count = pages_in(range, shift);
    unsigned dropped = 0;

    for (uint64_t i = 0; i < count; i++, key.page++) {
        int32_t slot = tlb_group_find(tlb, &key);
        if (slot != CACHE_NO_SLOT) {
            ((struct tlb_group *)cache_line(&tlb->groups, (uint32_t)slot))->gen = tlb_new_generation(tlb);
            tlb->dead_lines = true;
            dropped++;
        }
    }
    return dropped;
}

static unsigned group_drop_range(struct tlb *tlb, uint64_t id, const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (uint64_t left = tlb->group_shifts; left; left &= left - 1) {
        unsigned shift = (unsigned)__builtin_ctzll(left);
        if (pages_in(range, shift) > tlb->groups.entries)
            return dropped + group_sweep(tlb, id, range);
        dropped += group_probe_range(tlb, id, shift, range);
    }
    return dropped;
}

static bool dir_in_range(const struct pdc_line *line, const struct cmd_range *range)
{
    unsigned shift = host_level_shift(dir_level(line)) + 9;

    return covers(range, line->tag << shift, shift);
}

static unsigned dir_sweep(struct tlb *tlb, const struct pdc_line *key, const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (uint32_t slot = 0; slot < tlb->pdc.entries; slot++) {
        const struct pdc_line *line = cache_line(&tlb->pdc, slot);
        /* Directories of one space are of one kind: GCR3 entries lie elsewhere. */
        bool same = tlb_id_domain(line->id) == tlb_id_domain(key->id) &&
                    tlb_id_space(line->id) == tlb_id_space(key->id);
        if (!tlb->pdc.tags[slot] || !same || !dir_in_range(line, range))
            continue;
        cache_remove(&tlb->pdc, slot);
        dropped++;
    }
    return dropped;
}

static unsigned dir_drop_range(struct tlb *tlb, const struct tlb_space *space, unsigned kind,
                               const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (unsigned left = tlb->dir_levels & ~1u; left; left &= left - 1) {
        unsigned level = (unsigned)__builtin_ctz(left);
        struct pdc_line key = dir_key(space, kind, level, range->base);
        uint64_t count = pages_in(range, host_level_shift(level) + 9);

        if (count > tlb->pdc.entries)
            return dropped + dir_sweep(tlb, &key, range);
        for (uint64_t i = 0; i < count; i++, key.tag++)
            dropped += cache_drop(&tlb->pdc, pdc_hash(tlb, &key));
    }
    return dropped;
}

static unsigned gcr3_drop(struct tlb *tlb, const struct tlb_space *space)
{
    struct pdc_line key = dir_key(space, WALK_GCR3, 0, 0);

    return cache_drop(&tlb->gcr3, pdc_hash(tlb, &key));
}

void tlb_invalidate_combined(struct tlb *tlb, uint16_t domain)
{
    tlb->dead_lines |= tlb->guest_lines;
    tlb_raise(tlb, &tlb->domains[domain].combined);
}

void tlb_invalidate_owner(struct tlb *tlb, uint16_t owner)
{
    tlb->dead_lines |= tlb->guest_lines;
    tlb_raise(tlb, &tlb->owners[owner]);
}

/* GN=0: host translations in range, and every combined one: no GPA can tell which it depends on. */
static unsigned invalidate_host(struct tlb *tlb, const struct tlb_space *space, const struct cmd_range *range,
                                bool pde)
{
    struct tlb_domain *domain = &tlb->domains[space->domain];
    uint64_t id = tlb_id(space->domain, 0, 0);
    unsigned dropped = tlb->guest_lines; /* those of the domain together, if there may be any */

    tlb_invalidate_combined(tlb, space->domain);
    if (range->shift == CMD_RANGE_ALL) {
        tlb->dead_lines = true;
        tlb_raise(tlb, &domain->host_leaf);
        if (pde)
            tlb_raise(tlb, &domain->host_dir);
        return 1;
    }
    dropped += ptc_drop_range(tlb, id, range);
    dropped += group_drop_range(tlb, id, range);
    return pde ? dropped + dir_drop_range(tlb, space, WALK_HOST, range) : dropped;
}

static unsigned invalidate_guest(struct tlb *tlb, const struct tlb_space *space,
                                 const struct cmd_range *range, bool pde)
{
    uint64_t id = tlb_id(space->domain, space_key(space), 0);
    int32_t slot = tlb_context_find(tlb, id);
    struct tlb_context *context;
    unsigned dropped;

    if (slot == CACHE_NO_SLOT)
        return 0;
    context = cache_line(&tlb->contexts, (uint32_t)slot);
    if (range->shift == CMD_RANGE_ALL) {
        tlb->dead_lines = true;
        context->leaf_gen = tlb_new_generation(tlb);
        if (pde)
            context->dir_gen = tlb_new_generation(tlb);
        return 1;
    }
    dropped = ptc_drop_range(tlb, id, range);
    dropped += group_drop_range(tlb, id, range);
    if (!pde)
        return dropped;
    return dropped + dir_drop_range(tlb, space, WALK_GUEST, range) + gcr3_drop(tlb, space);
}

unsigned tlb_invalidate(struct tlb *tlb, const struct tlb_space *space, const struct cmd_range *range,
                        bool pde)
{
    return space->guest ? invalidate_guest(tlb, space, range, pde) : invalidate_host(tlb, space, range, pde);
}
