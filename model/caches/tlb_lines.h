// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of the translation caches share: tlb.c generations, contexts and groups; ptc.c final
 * translations; pdc.c directories; tlb_invalidate.c opcode 3.
 */
#ifndef AMDVI_MODEL_TLB_LINES_H
#define AMDVI_MODEL_TLB_LINES_H

#include "model/caches/tlb.h"

enum { NO_GROUP = UINT32_MAX, SPACE_GUEST = 1u << 31 };

static inline uint32_t space_key(const struct tlb_space *space)
{
    return space->guest ? space->pasid | SPACE_GUEST : 0;
}

static inline bool is_guest(uint64_t id)
{
    return id & SPACE_GUEST;
}

static inline const struct tlb_context *context_at(const struct tlb *tlb, uint32_t slot)
{
    return cache_line(&tlb->contexts, slot);
}

static inline const struct tlb_group *group_at(const struct tlb *tlb, uint32_t slot)
{
    return cache_line(&tlb->groups, slot);
}

/* Raises a generation; one that was used before must not return while a line with it exists. */
void tlb_raise(struct tlb *tlb, uint32_t *generation);
uint32_t tlb_new_generation(struct tlb *tlb);
void tlb_reserve_generations(struct tlb *tlb);

/* The {domain, PASID} of `id`: a slot of tlb->contexts, or CACHE_NO_SLOT; made if it is not there. */
int32_t tlb_context_find(const struct tlb *tlb, uint64_t id);
uint32_t tlb_context_get(struct tlb *tlb, uint64_t id);

/* The same for pages that the PTC holds in pieces. */
int32_t tlb_group_find(const struct tlb *tlb, const struct tlb_group *group);
uint32_t tlb_group_get(struct tlb *tlb, struct tlb_group group);

/* Of a page in the PTC: `id` with log2 of the page. */
static inline uint64_t ptc_hash(const struct tlb *tlb, uint64_t page, uint64_t id)
{
    uint64_t hash = cache_hash(page, id);
    struct cache_place place;

    if (__builtin_expect(!tlb->ptc.placed, 1))
        return hash;
    place.address = page << tlb_id_more(id) >> tlb->ptc.geometry.index_shift;
    place.domain = tlb_id_domain(id);
    return cache_hash_placed(&tlb->ptc, hash, &place);
}

/* Directories: keys, and what an id says. */
struct pdc_line dir_key(const struct tlb_space *space, unsigned kind, unsigned level, uint64_t address);
/* In the array that holds it. */
uint64_t pdc_hash(const struct tlb *tlb, const struct pdc_line *line);
unsigned dir_kind(const struct pdc_line *line);
unsigned dir_level(const struct pdc_line *line);

#endif
