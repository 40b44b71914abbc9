// SPDX-License-Identifier: Apache-2.0
/* Where lines of an array may lie: sets chosen by bits, groups of domains, ways that are disabled
 * (performance a.1). */
#include "machine.h"
#include "model/caches/cache.h"

enum { LOG2_ENTRIES = 6, WAYS = 8, SETS = 8, LINES = 4000 };

struct line {
    uint64_t key;
};

static bool same_key(const void *line, const void *key)
{
    return ((const struct line *)line)->key == *(const uint64_t *)key;
}

static struct cache open_cache(struct cache_geometry geometry)
{
    struct cache cache;

    geometry.log2_entries = LOG2_ENTRIES;
    geometry.ways = WAYS;
    ck_assert(cache_create(&cache, &geometry, sizeof(struct line), NULL));
    return cache;
}

static uint64_t hash_of(const struct cache *cache, uint64_t key, uint32_t domain)
{
    const struct cache_place place = {.address = key, .domain = domain};

    return cache_hash_at(cache, cache_hash(key, domain), &place);
}

static uint32_t put(struct cache *cache, uint64_t key, uint32_t domain)
{
    uint32_t slot =
        cache_insert_in(cache, hash_of(cache, key, domain), cache_ways_of(cache, domain), NULL, NULL);

    *(struct line *)cache_line(cache, slot) = (struct line){.key = key};
    return slot;
}

static bool has(struct cache *cache, uint64_t key, uint32_t domain)
{
    return cache_find(cache, hash_of(cache, key, domain), same_key, &key) != CACHE_NO_SLOT;
}

START_TEST(by_address)
{
    struct cache cache = open_cache((struct cache_geometry){.index = CACHE_BY_ADDRESS, .policy = CACHE_LRU});

    for (uint64_t key = 0; key < LINES; key++) {
        ck_assert_uint_eq(put(&cache, key, 5) / WAYS, key % SETS);
        ck_assert(has(&cache, key, 5));
        ck_assert(key < SETS * WAYS || !has(&cache, key - SETS * WAYS, 5));
        ck_assert(key < SETS * WAYS || has(&cache, key - SETS * WAYS + SETS, 5));
    }
    cache_destroy(&cache, NULL);
}
END_TEST

START_TEST(by_domain)
{
    struct cache cache = open_cache((struct cache_geometry){.index = CACHE_BY_DOMAIN});

    for (uint32_t i = 0; i < LINES; i++)
        ck_assert_uint_eq(put(&cache, i, i / 3) / WAYS, i / 3 % SETS);
    cache_destroy(&cache, NULL);
}
END_TEST

START_TEST(groups_of_ways)
{
    for (unsigned policy = CACHE_PLRU; policy <= CACHE_RANDOM; policy++) {
        struct cache cache = open_cache((struct cache_geometry){
            .partition = CACHE_GROUP_WAYS, .log2_groups = 2, .policy = (uint8_t)policy});
        for (uint32_t i = 0; i < LINES; i++) {
            uint32_t way = put(&cache, i, i % 7) % WAYS;
            ck_assert_uint_eq(way / 2, i % 7 % 4);
            ck_assert(has(&cache, i, i % 7));
        }
        cache_destroy(&cache, NULL);
    }
}
END_TEST

/* More groups than there are sets share them. */
START_TEST(groups_of_sets)
{
    for (unsigned log2 = 0; log2 < 6; log2++) {
        struct cache cache = open_cache((struct cache_geometry){
            .index = CACHE_BY_ADDRESS, .partition = CACHE_GROUP_SETS, .log2_groups = (uint8_t)log2});
        uint32_t groups = log2 < 3 ? 1u << log2 : SETS, mine = SETS / groups;
        for (uint32_t i = 0; i < LINES; i++) {
            uint32_t set = put(&cache, i, i % 11) / WAYS;
            ck_assert_uint_eq(set, i % 11 % groups * mine + i % mine);
        }
        cache_destroy(&cache, NULL);
    }
}
END_TEST

START_TEST(disabled_ways)
{
    static const struct {
        uint16_t disabled, left;
    } cases[] = {{0x0f, 0xf0}, {0x55, 0xaa}, {0x7f, 0x80}, {0xffff, 0x80}, {0xff00, 0xff}};

    for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++)
        for (unsigned policy = CACHE_PLRU; policy <= CACHE_RANDOM; policy++) {
            struct cache cache = open_cache(
                (struct cache_geometry){.way_disable = cases[n].disabled, .policy = (uint8_t)policy});
            uint16_t seen = 0;
            for (uint64_t key = 0; key < LINES; key++)
                seen |= (uint16_t)(1u << put(&cache, key, 0) % WAYS);
            ck_assert_uint_eq(seen, cases[n].left);
            cache_destroy(&cache, NULL);
        }
}
END_TEST

/* A group of which all ways are disabled keeps them: it could hold nothing else. */
START_TEST(disabled_ways_of_a_group)
{
    struct cache cache = open_cache(
        (struct cache_geometry){.partition = CACHE_GROUP_WAYS, .log2_groups = 1, .way_disable = 0x1f});

    ck_assert_uint_eq(cache_ways_of(&cache, 0), 0x0f);
    ck_assert_uint_eq(cache_ways_of(&cache, 1), 0xe0);
    cache_destroy(&cache, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("places");
    TCase *tests = tcase_create("places");

    tcase_add_test(tests, by_address);
    tcase_add_test(tests, by_domain);
    tcase_add_test(tests, groups_of_ways);
    tcase_add_test(tests, groups_of_sets);
    tcase_add_test(tests, disabled_ways);
    tcase_add_test(tests, disabled_ways_of_a_group);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
