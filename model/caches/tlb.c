// SPDX-License-Identifier: Apache-2.0
/* Life and death of cached translations: epochs, generations, contexts and groups. */
#include "model/caches/tlb_lines.h"

#include "model/base/allocator.h"

static void set_page_sizes(struct tlb *tlb, unsigned mask)
{
    tlb->nshifts = 0;
    for (unsigned i = 0; i < TLB_SIZES_MAX; i++)
        if ((mask | 1) >> i & 1)
            tlb->shifts[tlb->nshifts++] = (uint8_t)(12 + 3 * i);
}

static uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* As many PASIDs are remembered as the largest array has lines, as many split pages as the PTC has: more
 * cannot be alive in it. */
static struct cache_geometry tags_of(const struct tlb_config *config, bool contexts)
{
    uint8_t directories = larger(config->pdc.log2_entries, config->gcr3.log2_entries);

    return (struct cache_geometry){.log2_entries =
                                       larger(config->ptc.log2_entries, contexts ? directories : 0),
                                   .ways = contexts ? CACHE_WAYS_MAX : config->ptc.ways,
                                   .policy = config->ptc.policy};
}

bool tlb_create(struct tlb *tlb, const struct tlb_config *config, const struct amdvi_allocator *allocator)
{
    const struct cache_geometry contexts = tags_of(config, true), groups = tags_of(config, false);

    memset(tlb, 0, sizeof(*tlb));
    set_page_sizes(tlb, config->page_sizes);
    tlb->domains = allocate_zeroed(allocator, TLB_DOMAINS * sizeof(*tlb->domains));
    if (config->owners)
        tlb->owners = allocate_zeroed(allocator, TLB_DOMAINS * sizeof(*tlb->owners));
    if (cache_create(&tlb->ptc, &config->ptc, sizeof(struct ptc_line), allocator) &&
        cache_create(&tlb->pdc, &config->pdc, sizeof(struct pdc_line), allocator) &&
        cache_create(&tlb->gcr3, &config->gcr3, sizeof(struct pdc_line), allocator) &&
        cache_create(&tlb->contexts, &contexts, sizeof(struct tlb_context), allocator) &&
        cache_create(&tlb->groups, &groups, sizeof(struct tlb_group), allocator) && tlb->domains &&
        (tlb->owners || !config->owners)) {
        tlb_clear(tlb);
        return true;
    }
    tlb_destroy(tlb, allocator);
    return false;
}

void tlb_destroy(struct tlb *tlb, const struct amdvi_allocator *allocator)
{
    cache_destroy(&tlb->ptc, allocator);
    cache_destroy(&tlb->pdc, allocator);
    cache_destroy(&tlb->gcr3, allocator);
    cache_destroy(&tlb->contexts, allocator);
    cache_destroy(&tlb->groups, allocator);
    release(allocator, tlb->domains);
    release(allocator, tlb->owners);
    tlb->domains = NULL;
    tlb->owners = NULL;
}

void tlb_clear(struct tlb *tlb)
{
    tlb->last = NULL;
    cache_clear(&tlb->ptc);
    cache_clear(&tlb->pdc);
    cache_clear(&tlb->gcr3);
    cache_clear(&tlb->contexts);
    cache_clear(&tlb->groups);
    memset(tlb->domains, 0, TLB_DOMAINS * sizeof(*tlb->domains));
    if (tlb->owners)
        memset(tlb->owners, 0, TLB_DOMAINS * sizeof(*tlb->owners));
    memset(tlb->shift_used, 0, sizeof(tlb->shift_used));
    tlb->group_shifts = 0;
    tlb->dir_levels = 0;
    tlb->guest_lines = tlb->dead_lines = false;
    tlb->epoch = 1;
    tlb->next_gen = 1;
    tlb->wipes++;
}

/* Every line dies with the epoch. When the number is used up the arrays are emptied instead. */
void tlb_invalidate_all(struct tlb *tlb)
{
    tlb->dead_lines = true;
    tlb->wipes++;
    if (++tlb->epoch == 0)
        tlb_clear(tlb);
}

/* A generation that was used before must not return while a line with it exists. */
void tlb_raise(struct tlb *tlb, uint32_t *generation)
{
    if (++*generation == 0)
        tlb_clear(tlb);
}

uint32_t tlb_new_generation(struct tlb *tlb)
{
    if (++tlb->next_gen == 0)
        tlb_clear(tlb);
    return tlb->next_gen;
}

/* So that no number runs out while a line is put together: a line takes two at the most. */
void tlb_reserve_generations(struct tlb *tlb)
{
    if (tlb->next_gen >= UINT32_MAX - 2)
        tlb_clear(tlb);
}

bool ptc_line_live(const struct tlb *tlb, const struct ptc_line *line)
{
    const struct tlb_domain *domain = &tlb->domains[tlb_id_domain(line->id)];
    bool guest = is_guest(line->id);

    if (line->epoch != tlb->epoch || line->domain_gen != (guest ? domain->combined : domain->host_leaf))
        return false;
    if (guest && context_at(tlb, line->context)->leaf_gen != line->context_gen)
        return false;
    if (line->owned && tlb->owners[line->owner] != line->owner_gen)
        return false;
    return line->group == NO_GROUP || group_at(tlb, line->group)->gen == line->group_gen;
}

bool pdc_line_live(const struct tlb *tlb, const struct pdc_line *line)
{
    const struct tlb_domain *domain = &tlb->domains[tlb_id_domain(line->id)];
    bool guest = is_guest(line->id);

    if (line->epoch != tlb->epoch || line->domain_gen != (guest ? domain->combined : domain->host_dir))
        return false;
    if (line->owned && tlb->owners[line->owner] != line->owner_gen)
        return false;
    return !guest || context_at(tlb, line->context)->dir_gen == line->context_gen;
}
static bool context_match(const void *line, const void *key)
{
    return ((const struct tlb_context *)line)->id == *(const uint64_t *)key;
}

int32_t tlb_context_find(const struct tlb *tlb, uint64_t id)
{
    return cache_find(&tlb->contexts, cache_hash(id, 0), context_match, &id);
}

/* A new context, or one that takes another's place, has generations no line knows. */
uint32_t tlb_context_get(struct tlb *tlb, uint64_t id)
{
    int32_t found = tlb_context_find(tlb, id);
    uint32_t slot, gen;

    if (found != CACHE_NO_SLOT) {
        cache_touch(&tlb->contexts, (uint32_t)found);
        return (uint32_t)found;
    }
    gen = tlb_new_generation(tlb);
    slot = cache_insert(&tlb->contexts, cache_hash(id, 0), NULL, NULL);
    tlb->dead_lines |= context_at(tlb, slot)->id != 0; /* somebody else's place */
    *(struct tlb_context *)cache_line(&tlb->contexts, slot) =
        (struct tlb_context){.id = id, .leaf_gen = gen, .dir_gen = gen};
    return slot;
}

static bool group_match(const void *line, const void *key)
{
    const struct tlb_group *a = line, *b = key;

    return a->page == b->page && a->id == b->id;
}

static uint64_t group_hash(const struct tlb_group *group)
{
    return cache_hash(group->page, group->id);
}

int32_t tlb_group_find(const struct tlb *tlb, const struct tlb_group *group)
{
    return cache_find(&tlb->groups, group_hash(group), group_match, group);
}

uint32_t tlb_group_get(struct tlb *tlb, struct tlb_group group)
{
    int32_t found = tlb_group_find(tlb, &group);
    uint32_t slot;

    if (found != CACHE_NO_SLOT) {
        cache_touch(&tlb->groups, (uint32_t)found);
        return (uint32_t)found;
    }
    group.gen = tlb_new_generation(tlb);
    slot = cache_insert(&tlb->groups, group_hash(&group), NULL, NULL);
    tlb->dead_lines |= group_at(tlb, slot)->id != 0;
    *(struct tlb_group *)cache_line(&tlb->groups, slot) = group;
    tlb->group_shifts |= (uint64_t)1 << tlb_id_more(group.id);
    return slot;
}
