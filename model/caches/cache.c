// SPDX-License-Identifier: Apache-2.0
#include "model/caches/cache.h"

#include "model/base/allocator.h"

/* Each node on the way to the used way points away from it; the others stay. */
static void make_tree_masks(struct cache *cache)
{
    for (uint32_t way = 0; way < cache->ways; way++) {
        uint32_t node = 1;
        cache->plru_keep[way] = UINT16_MAX;
        cache->plru_set[way] = 0;
        for (uint32_t half = cache->ways >> 1; half; half >>= 1) {
            uint32_t right = (way & half) != 0;
            cache->plru_keep[way] &= (uint16_t) ~(1u << node);
            cache->plru_set[way] |= (uint16_t)(right ? 0 : 1u << node);
            node = node * 2 + right;
        }
    }
}

/* At least the last way stays. */
static uint16_t ways_left(uint32_t ways, uint16_t disabled)
{
    uint16_t all = (uint16_t)((1u << ways) - 1), left = all & (uint16_t)~disabled;

    return left ? left : (uint16_t)(all & ~(all >> 1));
}

static uint8_t smaller_of(uint32_t a, uint32_t b)
{
    return (uint8_t)(a < b ? a : b);
}

static void set_geometry(struct cache *cache, const struct cache_geometry *geometry)
{
    struct cache_geometry *g = &cache->geometry;
    uint32_t log2_sets = (uint32_t)__builtin_popcount(cache->set_mask);

    *g = *geometry;
    g->log2_groups = g->partition == CACHE_GROUP_SETS   ? smaller_of(g->log2_groups, log2_sets)
                     : g->partition == CACHE_GROUP_WAYS ? smaller_of(g->log2_groups, cache->log2_ways)
                                                        : 0;
    cache->ways_used = ways_left(cache->ways, g->way_disable);
    cache->placed = g->index != CACHE_BY_HASH || (g->partition == CACHE_GROUP_SETS && g->log2_groups);
}

bool cache_create(struct cache *cache, const struct cache_geometry *geometry, size_t line_bytes,
                  const struct amdvi_allocator *allocator)
{
    uint32_t entries = 1u << geometry->log2_entries;
    uint32_t ways = geometry->ways;

    memset(cache, 0, sizeof(*cache));
    cache->entries = entries;
    cache->ways = ways > entries ? entries : ways;
    cache->set_mask = entries / cache->ways - 1;
    cache->log2_ways = (uint32_t)__builtin_ctz(cache->ways);
    cache->print_words = (cache->ways + 7) / 8;
    cache->print_mask = cache->ways < 8 ? ((uint64_t)1 << 8 * cache->ways) - 1 : UINT64_MAX;
    cache->line_bytes = line_bytes;
    cache->policy = geometry->policy;
    set_geometry(cache, geometry);
    make_tree_masks(cache);
    cache->tags = allocate_zeroed(allocator, entries * sizeof(*cache->tags));
    cache->prints = allocate_zeroed(allocator, (size_t)(entries / cache->ways) * cache->print_words *
                                                   sizeof(*cache->prints));
    cache->stamps = allocate_zeroed(allocator, entries * sizeof(*cache->stamps));
    cache->lines = allocate_zeroed(allocator, entries * line_bytes);
    cache_clear(cache);
    if (cache->tags && cache->prints && cache->stamps && cache->lines)
        return true;
    cache_destroy(cache, allocator);
    return false;
}

void cache_destroy(struct cache *cache, const struct amdvi_allocator *allocator)
{
    release(allocator, cache->tags);
    release(allocator, cache->prints);
    release(allocator, cache->stamps);
    release(allocator, cache->lines);
    memset(cache, 0, sizeof(*cache));
}

void cache_clear(struct cache *cache)
{
    cache->clock = 0;
    cache->random = 0x2545f4914f6cdd1du;
    if (cache->prints)
        memset(cache->prints, 0, ((size_t)cache->set_mask + 1) * cache->print_words * sizeof(*cache->prints));
    if (cache->tags)
        memset(cache->tags, 0, cache->entries * sizeof(*cache->tags));
    if (cache->stamps)
        memset(cache->stamps, 0, cache->entries * sizeof(*cache->stamps));
}

/* The clock may wrap: then all lines look equally old for once, which only costs a few early victims. */
void cache_touch_slow(struct cache *cache, uint32_t slot)
{
    cache->stamps[slot] = ++cache->clock;
}

/* ---------------------------------------------------------------- places */

uint64_t cache_hash_placed(const struct cache *cache, uint64_t hash, const struct cache_place *place)
{
    const struct cache_geometry *g = &cache->geometry;
    uint64_t bits = g->index == CACHE_BY_ADDRESS  ? place->address
                    : g->index == CACHE_BY_DOMAIN ? place->domain
                                                  : hash;

    if (g->partition == CACHE_GROUP_SETS) {
        uint32_t mine = (cache->set_mask + 1) >> g->log2_groups; /* sets of a group */
        bits = (bits & (mine - 1)) | (uint64_t)(place->domain & ((1u << g->log2_groups) - 1)) * mine;
    }
    return (hash & ~(uint64_t)cache->set_mask) | (bits & cache->set_mask);
}

uint16_t cache_ways_of_group(const struct cache *cache, uint32_t domain)
{
    const struct cache_geometry *g = &cache->geometry;
    uint32_t mine = cache->ways >> g->log2_groups, group = domain & ((1u << g->log2_groups) - 1);
    uint16_t ways;

    ways = (uint16_t)(((1u << mine) - 1) << group * mine);
    return ways & cache->ways_used ? ways & cache->ways_used : ways;
}

/* ---------------------------------------------------------------- victims */

static uint32_t oldest(const struct cache *cache, uint32_t set, uint16_t ways)
{
    uint32_t victim = set + (uint32_t)__builtin_ctz(ways);

    for (uint32_t way = victim - set + 1; way < cache->ways; way++)
        if (ways >> way & 1 && cache->stamps[set + way] < cache->stamps[victim])
            victim = set + way;
    return victim;
}

/* To the side that was used longer ago. */
static uint32_t follow_tree(const struct cache *cache, uint32_t set)
{
    uint32_t tree = cache->stamps[set], node = 1, way = 0;

    for (uint32_t half = cache->ways >> 1; half; half >>= 1) {
        uint32_t right = tree >> node & 1;
        way |= right ? half : 0;
        node = node * 2 + right;
    }
    return set + way;
}

/* The same, if a way that may be taken is there. */
static uint32_t follow_tree_within(const struct cache *cache, uint32_t set, uint16_t ways)
{
    uint32_t tree = cache->stamps[set], node = 1, way = 0;

    for (uint32_t half = cache->ways >> 1; half; half >>= 1) {
        uint32_t right = tree >> node & 1, side = ((1u << half) - 1) << (way + (right ? half : 0));
        if (!(ways & side))
            right = !right;
        way |= right ? half : 0;
        node = node * 2 + right;
    }
    return set + way;
}

static uint32_t any_way(struct cache *cache, uint32_t set, uint16_t ways)
{
    uint32_t way;

    cache->random ^= cache->random << 13;
    cache->random ^= cache->random >> 7;
    cache->random ^= cache->random << 17;
    way = (uint32_t)(cache->random >> 32) & (cache->ways - 1);
    while (!(ways >> way & 1))
        way = (way + 1) & (cache->ways - 1);
    return set + way;
}

static uint32_t victim(struct cache *cache, uint32_t set, uint16_t ways)
{
    switch (cache->policy) {
    case CACHE_PLRU:
        return cache->ways > (unsigned)__builtin_popcount(ways) ? follow_tree_within(cache, set, ways)
                                                                : follow_tree(cache, set);
    case CACHE_RANDOM:
        return any_way(cache, set, ways);
    default:
        return oldest(cache, set, ways);
    }
}

/* CACHE_WAYS_MAX: none is empty. The print of an empty way is 0. */
static uint32_t empty_way(const struct cache *cache, uint32_t set, uint16_t ways)
{
    for (uint32_t word = 0; word < cache->print_words; word++) {
        uint64_t prints = cache->prints[(set >> cache->log2_ways) * cache->print_words + word];
        uint64_t empty = cache_similar(prints, 0) & cache->print_mask;
        for (; empty; empty &= empty - 1) {
            uint32_t way = word * 8 + (uint32_t)__builtin_ctzll(empty) / 8;
            if (ways >> way & 1 && !cache->tags[set + way])
                return way;
        }
    }
    return CACHE_WAYS_MAX;
}

static uint32_t free_slot(struct cache *cache, uint32_t set, uint16_t ways, cache_alive *alive,
                          const void *context)
{
    uint32_t way = empty_way(cache, set, ways);

    if (way != CACHE_WAYS_MAX)
        return set + way;
    for (uint32_t left = alive ? ways : 0; left; left &= left - 1)
        if (!alive(context, cache_line(cache, set + (uint32_t)__builtin_ctz(left))))
            return set + (uint32_t)__builtin_ctz(left);
    return victim(cache, set, ways);
}

uint32_t cache_insert_in(struct cache *cache, uint64_t hash, uint16_t ways, cache_alive *alive,
                         const void *context)
{
    uint32_t slot = free_slot(cache, cache_set(cache, hash), ways, alive, context);

    cache->tags[slot] = cache_tag(hash);
    cache_set_print(cache, slot, cache_print(hash));
    if (cache->policy == CACHE_FIFO)
        cache_touch_slow(cache, slot);
    else
        cache_touch(cache, slot);
    return slot;
}
