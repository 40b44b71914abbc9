// SPDX-License-Identifier: Apache-2.0
/* The PTC: final translations (10.1). */
#include "model/caches/tlb_lines.h"

static bool ptc_alive(const void *context, const void *line)
{
    return ptc_line_live(context, line);
}

static bool ptc_match(const void *line, const void *key)
{
    const struct ptc_line *a = line, *b = key;

    return a->page == b->page && a->id == b->id;
}

static inline int32_t ptc_find(const struct tlb *tlb, uint64_t page, uint64_t id)
{
    struct ptc_line key = {.page = page, .id = id};

    return cache_find(&tlb->ptc, ptc_hash(tlb, page, id), ptc_match, &key);
}

/* Requests come in runs inside a page: the line that answered last, if it is the one and still alive. */
static inline bool same_again(const struct tlb *tlb, uint64_t id, uint64_t address)
{
    const struct ptc_line *line = tlb->last;
    unsigned shift = tlb_id_more(line->id);

    return line->id == (id | tlb_id(0, 0, shift)) && line->page == address >> shift &&
           ptc_line_live(tlb, line);
}

const struct ptc_line *ptc_lookup(struct tlb *tlb, const struct tlb_space *space, uint64_t address)
{
    uint64_t id = tlb_id(space->domain, space_key(space), 0);

    if (tlb->last && same_again(tlb, id, address))
        return tlb->last;
    for (unsigned i = 0; i < tlb->nshifts; i++) {
        unsigned shift = tlb->shifts[i];
        int32_t slot;

        if (!tlb->shift_used[i])
            continue;
        slot = ptc_find(tlb, address >> shift, id | tlb_id(0, 0, shift));
        if (slot == CACHE_NO_SLOT)
            continue;
        if (ptc_line_live(tlb, cache_line(&tlb->ptc, (uint32_t)slot))) {
            cache_touch(&tlb->ptc, (uint32_t)slot);
            tlb->last = cache_line(&tlb->ptc, (uint32_t)slot);
            return tlb->last;
        }
        cache_remove(&tlb->ptc, (uint32_t)slot);
    }
    return NULL;
}

unsigned ptc_sizes_looked_for(const struct tlb *tlb, const struct ptc_line *line)
{
    unsigned sizes = 1;

    while (sizes < tlb->nshifts && !(line && tlb->shifts[sizes - 1] == tlb_id_more(line->id)))
        sizes++;
    return sizes;
}

/* The largest page size the PTC holds that is not above the page's: what silicon does (10.1). */
static unsigned cached_size(const struct tlb *tlb, unsigned shift)
{
    unsigned best = 0;

    for (unsigned i = 1; i < tlb->nshifts && tlb->shifts[i] <= shift; i++)
        best = i;
    return best;
}

static uint8_t result_flags(const struct walk_result *result)
{
    return (uint8_t)((result->user_page ? PTC_USER : 0) | (result->dirty ? PTC_DIRTY : 0) |
                     (result->untranslated_only ? PTC_UNTRANSLATED : 0) |
                     (result->force_coherent ? PTC_COHERENT : 0) | (result->global ? PTC_GLOBAL : 0));
}

/* The page software knows and invalidates: the guest's for guest addresses, else the host's. */
static void tie_to_page(struct tlb *tlb, struct ptc_line *line, uint64_t address)
{
    unsigned shift = is_guest(line->id) ? line->guest_shift : line->walk_shift;

    line->group = NO_GROUP;
    if (shift <= tlb_id_more(line->id))
        return;
    line->group = tlb_group_get(
        tlb, (struct tlb_group){.page = address >> shift,
                                .id = tlb_id(tlb_id_domain(line->id), tlb_id_space(line->id), shift)});
    line->group_gen = group_at(tlb, line->group)->gen;
}

static void tie_to_space(struct tlb *tlb, struct ptc_line *line)
{
    const struct tlb_domain *domain = &tlb->domains[tlb_id_domain(line->id)];

    line->epoch = tlb->epoch;
    line->domain_gen = domain->host_leaf;
    if (!is_guest(line->id))
        return;
    line->domain_gen = domain->combined;
    line->context = tlb_context_get(tlb, tlb_id(tlb_id_domain(line->id), tlb_id_space(line->id), 0));
    line->context_gen = context_at(tlb, line->context)->leaf_gen;
}

void ptc_fill(struct tlb *tlb, const struct tlb_space *space, uint64_t address,
              const struct walk_result *result)
{
    unsigned size = cached_size(tlb, result->shift);
    uint8_t shift = tlb->shifts[size];
    struct ptc_line line = {
        .page = address >> shift,
        .id = tlb_id(space->domain, space_key(space), shift),
        .spa = result->spa >> shift << shift,
        .walk_shift = result->shift,
        .guest_shift = result->guest_shift,
        .perm = result->perm & ~space->withheld,
        .flags = result_flags(result),
        .owned = space->guest && space->owned,
        .owner = space->owner,
    };
    int32_t slot;

    if (result->own)
        return;
    tlb_reserve_generations(tlb);
    line.owner_gen = line.owned ? tlb->owners[line.owner] : 0;
    tie_to_page(tlb, &line, address);
    tie_to_space(tlb, &line);
    tlb->last = NULL;
    tlb->guest_lines |= is_guest(line.id);
    slot = ptc_find(tlb, line.page, line.id);
    if (slot == CACHE_NO_SLOT)
        slot = (int32_t)cache_insert_in(&tlb->ptc, ptc_hash(tlb, line.page, line.id),
                                        cache_ways_of(&tlb->ptc, space->domain),
                                        tlb->dead_lines ? ptc_alive : NULL, tlb);
    *(struct ptc_line *)cache_line(&tlb->ptc, (uint32_t)slot) = line;
    tlb->shift_used[size] = true;
}

void ptc_forget(struct tlb *tlb, const struct ptc_line *line)
{
    size_t offset = (size_t)((const uint8_t *)line - tlb->ptc.lines);

    tlb->last = NULL;
    cache_remove(&tlb->ptc, (uint32_t)(offset / tlb->ptc.line_bytes));
}
