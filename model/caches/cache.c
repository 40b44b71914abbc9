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
    make_tree_masks(cache);
    cache->tags = allocate_zeroed(allocator, entries * sizeof(*cache->tags));
    cache->prints =
        allocate_zeroed(allocator, entries / cache->ways * cache->print_words * sizeof(*cache->prints));
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
        memset(cache->prints, 0, (cache->set_mask + 1) * cache->print_words * sizeof(*cache->prints));
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

static uint32_t oldest(const struct cache *cache, uint32_t set)
{
    uint32_t victim = set;

    for (uint32_t slot = set + 1; slot < set + cache->ways; slot++)
        if (cache->stamps[slot] < cache->stamps[victim])
            victim = slot;
    return victim;
}

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

static uint32_t any_way(struct cache *cache, uint32_t set)
{
    cache->random ^= cache->random << 13;
    cache->random ^= cache->random >> 7;
    cache->random ^= cache->random << 17;
    return set + ((uint32_t)(cache->random >> 32) & (cache->ways - 1));
}

static uint32_t victim(struct cache *cache, uint32_t set)
{
    switch (cache->policy) {
    case CACHE_PLRU:
        return follow_tree(cache, set);
    case CACHE_RANDOM:
        return any_way(cache, set);
    default:
        return oldest(cache, set);
    }
}

static uint32_t free_slot(struct cache *cache, uint32_t set, cache_alive *alive, const void *context)
{
    for (uint32_t slot = set; slot < set + cache->ways; slot++)
        if (!cache->tags[slot])
            return slot;
    for (uint32_t slot = set; alive && slot < set + cache->ways; slot++)
        if (!alive(context, cache_line(cache, slot)))
            return slot;
    return victim(cache, set);
}

uint32_t cache_insert(struct cache *cache, uint64_t hash, cache_alive *alive, const void *context)
{
    uint32_t slot = free_slot(cache, cache_set(cache, hash), alive, context);

    cache->tags[slot] = cache_tag(hash);
    cache_set_print(cache, slot, cache_print(hash));
    if (cache->policy == CACHE_FIFO)
        cache_touch_slow(cache, slot);
    else
        cache_touch(cache, slot);
    return slot;
}
