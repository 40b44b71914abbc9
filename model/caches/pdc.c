// SPDX-License-Identifier: Apache-2.0
/* The PDC and the GCR3 cache: directories and guest roots (10.1). */
#include "model/caches/tlb_lines.h"

static bool pdc_alive(const void *context, const void *line)
{
    return pdc_line_live(context, line);
}

static bool pdc_match(const void *line, const void *key)
{
    const struct pdc_line *a = line, *b = key;

    return a->tag == b->tag && a->id == b->id;
}

/* A directory's address is the first that it maps, a GCR3 root's its PASID. */
uint64_t pdc_hash(const struct tlb *tlb, const struct pdc_line *line)
{
    const struct cache *array = dir_kind(line) == WALK_GCR3 ? &tlb->gcr3 : &tlb->pdc;
    uint64_t hash = cache_hash(line->tag, line->id);
    struct cache_place place;

    if (__builtin_expect(!array->placed, 1))
        return hash;
    place.address = dir_kind(line) == WALK_GCR3 ? tlb_id_space(line->id) : line->tag;
    place.domain = tlb_id_domain(line->id);
    return cache_hash_placed(array, hash, &place);
}

unsigned dir_kind(const struct pdc_line *line)
{
    return tlb_id_more(line->id) >> 4;
}

unsigned dir_level(const struct pdc_line *line)
{
    return tlb_id_more(line->id) & 15;
}

/* A table at `level` serves all addresses that agree above the bits that index it. A root is not a directory,
 * so levels end at 5. */
static uint64_t dir_tag(unsigned kind, unsigned level, uint64_t address)
{
    return kind == WALK_GCR3 ? 0 : address >> (host_level_shift(level) + 9);
}

struct pdc_line dir_key(const struct tlb_space *space, unsigned kind, unsigned level, uint64_t address)
{
    uint32_t key = kind == WALK_HOST ? 0 : space_key(space);

    return (struct pdc_line){.tag = dir_tag(kind, level, address),
                             .id = tlb_id(space->domain, key, kind << 4 | level)};
}

static struct cache *dir_array(struct tlb *tlb, unsigned kind)
{
    return kind == WALK_GCR3 ? &tlb->gcr3 : &tlb->pdc;
}

static const struct pdc_line *dir_find(struct tlb *tlb, const struct pdc_line *key)
{
    struct cache *array = dir_array(tlb, dir_kind(key));
    int32_t slot = cache_find(array, pdc_hash(tlb, key), pdc_match, key);

    if (slot == CACHE_NO_SLOT)
        return NULL;
    if (!pdc_line_live(tlb, cache_line(array, (uint32_t)slot))) {
        cache_remove(array, (uint32_t)slot);
        return NULL;
    }
    cache_touch(array, (uint32_t)slot);
    return cache_line(array, (uint32_t)slot);
}

bool tlb_probe(struct tlb *tlb, const struct tlb_space *space, struct walk_dir *probe, unsigned levels)
{
    unsigned first = probe->kind == WALK_GCR3 ? 0 : 1;
    unsigned last = probe->kind == WALK_GCR3 ? 1 : levels;

    probe->hit = false;
    for (unsigned level = first; level < last && !probe->hit; level++) {
        if (!(tlb->dir_levels >> level & 1))
            continue;
        struct pdc_line key = dir_key(space, probe->kind, level, probe->tag);
        const struct pdc_line *line = dir_find(tlb, &key);

        if (!line)
            continue;
        probe->hit = true;
        probe->level = (uint8_t)dir_level(line);
        probe->table = line->table;
        probe->perm = line->perm;
        probe->guest_bits = line->guest_bits;
    }
    return probe->hit;
}

void tlb_forget(struct tlb *tlb, const struct tlb_space *space, const struct walk_dir *probe)
{
    struct pdc_line key = dir_key(space, probe->kind, probe->level, probe->tag);

    cache_drop(dir_array(tlb, probe->kind), pdc_hash(tlb, &key));
}

void tlb_keep(struct tlb *tlb, const struct tlb_space *space, const struct walk_dir *dir)
{
    struct cache *array = dir_array(tlb, dir->kind);
    struct pdc_line line = dir_key(space, dir->kind, dir->level, dir->tag);
    int32_t slot;

    tlb_reserve_generations(tlb);
    tlb->dir_levels |= (uint8_t)(1u << dir->level);
    line.table = dir->table;
    line.perm = dir->perm;
    line.guest_bits = dir->guest_bits;
    line.epoch = tlb->epoch;
    line.domain_gen = tlb->domains[space->domain].host_dir;
    if (dir->kind != WALK_HOST) {
        line.owned = space->owned;
        line.owner = space->owner;
        line.owner_gen = space->owned ? tlb->owners[space->owner] : 0;
        line.domain_gen = tlb->domains[space->domain].combined;
        line.context = tlb_context_get(tlb, tlb_id(space->domain, space_key(space), 0));
        line.context_gen = context_at(tlb, line.context)->dir_gen;
    }
    slot = cache_find(array, pdc_hash(tlb, &line), pdc_match, &line);
    if (slot == CACHE_NO_SLOT)
        slot = (int32_t)cache_insert_in(array, pdc_hash(tlb, &line), cache_ways_of(array, space->domain),
                                        tlb->dead_lines ? pdc_alive : NULL, tlb);
    *(struct pdc_line *)cache_line(array, (uint32_t)slot) = line;
}
