// SPDX-License-Identifier: Apache-2.0
/*
 * The one generic set-associative array of the house (idea III). It knows tags and victims; what a line
 * means, and whether it is still alive, is its user's business.
 */
#ifndef AMDVI_MODEL_CACHE_H
#define AMDVI_MODEL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum cache_policy { CACHE_PLRU, CACHE_LRU, CACHE_FIFO, CACHE_RANDOM };

enum { CACHE_WAYS_MAX = 16, CACHE_LOG2_MAX = 20, CACHE_NO_SLOT = -1 };

/* What chooses a line's set: all of its key, or bits that silicon takes. */
enum cache_index { CACHE_BY_HASH, CACHE_BY_ADDRESS, CACHE_BY_DOMAIN };

/* Groups of lines (of domains that are equal in their low bits) have ways, or sets, of their own. */
enum cache_partition { CACHE_SHARED, CACHE_GROUP_WAYS, CACHE_GROUP_SETS };

struct cache_geometry {
    uint8_t log2_entries; /* 0..CACHE_LOG2_MAX */
    uint8_t ways;         /* 1..CACHE_WAYS_MAX, a power of two; more than the entries: the entries */
    uint8_t policy;       /* enum cache_policy */
    uint8_t index;        /* enum cache_index */
    uint8_t index_shift;  /* CACHE_BY_ADDRESS: the lowest bit of the address that counts */
    uint8_t partition;    /* enum cache_partition */
    uint8_t log2_groups;  /* more groups than ways or sets: as many as there are */
    uint16_t way_disable; /* bit n: no line goes into way n; one way is always left */
};

struct cache {
    uint64_t *tags;   /* 0: empty */
    uint64_t *prints; /* one byte of each way's tag, eight ways a word, so that a set is searched at once */
    uint32_t *stamps; /* LRU, FIFO: a line's time; PLRU: the tree of a set in its first stamp */
    uint8_t *lines;
    size_t line_bytes;
    uint32_t set_mask;
    uint32_t ways, log2_ways;
    uint32_t print_words; /* of a set */
    uint64_t print_mask;  /* the bytes of a word that stand for ways */
    uint32_t entries;
    uint32_t clock;
    uint64_t random;
    uint8_t policy;
    uint16_t ways_used; /* bit n: lines may go into way n */
    bool placed;        /* the set is not that of the hash alone */
    struct cache_geometry geometry;
    /* Tree pseudo-LRU: what using a way does to the tree of its set. */
    uint16_t plru_keep[CACHE_WAYS_MAX], plru_set[CACHE_WAYS_MAX];
};

struct amdvi_allocator;

bool cache_create(struct cache *cache, const struct cache_geometry *geometry, size_t line_bytes,
                  const struct amdvi_allocator *allocator);
void cache_destroy(struct cache *cache, const struct amdvi_allocator *allocator);
void cache_clear(struct cache *cache);

/* A tag and a set from a key of up to 128 bits. */
static inline uint64_t cache_hash(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ (b << 32 | b >> 32)) * 0x9e3779b97f4a7c15u;

    h ^= h >> 29;
    h = (h + b) * 0xbf58476d1ce4e5b9u;
    return h ^ h >> 32;
}

/* Where a line lies, besides its hash. */
struct cache_place {
    uint64_t address; /* CACHE_BY_ADDRESS: its bits from index_shift on, or a name that takes its place */
    uint32_t domain;
};

uint64_t cache_hash_placed(const struct cache *cache, uint64_t hash, const struct cache_place *place);

/* The hash, with the bits in it that name the set replaced by those that this cache goes by. */
static inline uint64_t cache_hash_at(const struct cache *cache, uint64_t hash,
                                     const struct cache_place *place)
{
    return __builtin_expect(cache->placed, 0) ? cache_hash_placed(cache, hash, place) : hash;
}

uint16_t cache_ways_of_group(const struct cache *cache, uint32_t domain);

/* The ways into which lines of a domain may go. */
static inline uint16_t cache_ways_of(const struct cache *cache, uint32_t domain)
{
    return cache->geometry.partition == CACHE_GROUP_WAYS ? cache_ways_of_group(cache, domain)
                                                         : cache->ways_used;
}

static inline uint64_t cache_tag(uint64_t hash)
{
    return hash | (uint64_t)1 << 63;
}

static inline uint32_t cache_set(const struct cache *cache, uint64_t hash)
{
    return ((uint32_t)hash & cache->set_mask) * cache->ways;
}

static inline void *cache_line(const struct cache *cache, uint32_t slot)
{
    return cache->lines + (size_t)slot * cache->line_bytes;
}

void cache_touch_slow(struct cache *cache, uint32_t slot);

/* Marks a line as used. */
static inline void cache_touch(struct cache *cache, uint32_t slot)
{
    if (cache->policy == CACHE_PLRU) {
        uint32_t way = slot & (cache->ways - 1);
        uint32_t *tree = &cache->stamps[slot - way];

        *tree = (*tree & cache->plru_keep[way]) | cache->plru_set[way];
    } else if (cache->policy == CACHE_LRU) {
        cache_touch_slow(cache, slot);
    }
}

static inline uint8_t cache_print(uint64_t hash)
{
    return (uint8_t)(hash >> 56) | 1; /* 0 is an empty way */
}

/* The top bit of each byte of `prints` that may equal `print`: all that do, and now and then one that does
 * not. */
static inline uint64_t cache_similar(uint64_t prints, uint8_t print)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t x = prints ^ (ones * print);

    return (x - ones) & ~x & (ones << 7);
}

static inline void cache_set_print(struct cache *cache, uint32_t slot, uint8_t print)
{
    uint32_t set = slot >> cache->log2_ways, way = slot & (cache->ways - 1);
    uint64_t *word = &cache->prints[set * cache->print_words + way / 8];

    *word = (*word & ~((uint64_t)0xff << way % 8 * 8)) | (uint64_t)print << way % 8 * 8;
}

typedef bool cache_match(const void *line, const void *key);

/* Slot of the line that `match` accepts, or CACHE_NO_SLOT. Does not touch. */
static inline int32_t cache_find(const struct cache *cache, uint64_t hash, cache_match *match,
                                 const void *key)
{
    uint32_t set = (uint32_t)hash & cache->set_mask;

    for (uint32_t word = 0; word < cache->print_words; word++) {
        uint64_t prints = cache->prints[set * cache->print_words + word];
        uint64_t same = cache_similar(prints, cache_print(hash)) & cache->print_mask;
        for (; same; same &= same - 1) {
            uint32_t slot = (set << cache->log2_ways) + word * 8 + (uint32_t)__builtin_ctzll(same) / 8;
            if (cache->tags[slot] == cache_tag(hash) && match(cache_line(cache, slot), key))
                return (int32_t)slot;
        }
    }
    return CACHE_NO_SLOT;
}

typedef bool cache_alive(const void *context, const void *line);

/*
 * A slot for a new line of `hash`: an empty one, a dead one, or the policy's victim, among `ways`; its tag is
 * set and it is touched. The caller writes the line, and must have looked first whether the key is there
 * already.
 */
uint32_t cache_insert_in(struct cache *cache, uint64_t hash, uint16_t ways, cache_alive *alive,
                         const void *context);

static inline uint32_t cache_insert(struct cache *cache, uint64_t hash, cache_alive *alive,
                                    const void *context)
{
    return cache_insert_in(cache, hash, cache->ways_used, alive, context);
}

static inline void cache_remove(struct cache *cache, uint32_t slot)
{
    cache->tags[slot] = 0;
    cache_set_print(cache, slot, 0);
}

/* Drops what has this hash, by the tag alone: 63 bits of it say enough, since dropping too much is legal. Two
 * keys may share a hash, so one line is not the end. */
static inline bool cache_drop(struct cache *cache, uint64_t hash)
{
    uint32_t set = (uint32_t)hash & cache->set_mask;
    bool dropped = false;

    for (uint32_t word = 0; word < cache->print_words; word++) {
        uint64_t prints = cache->prints[set * cache->print_words + word];
        uint64_t same = cache_similar(prints, cache_print(hash)) & cache->print_mask;
        for (; same; same &= same - 1) {
            uint32_t slot = (set << cache->log2_ways) + word * 8 + (uint32_t)__builtin_ctzll(same) / 8;
            if (cache->tags[slot] != cache_tag(hash))
                continue;
            cache_remove(cache, slot);
            dropped = true;
        }
    }
    return dropped;
}

#endif
