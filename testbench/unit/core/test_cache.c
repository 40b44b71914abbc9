// SPDX-License-Identifier: Apache-2.0
/* The set-associative array against a naive model of the replacement policies. */
#include "machine.h"
#include "model/caches/cache.h"

enum { WAYS = 4, SETS = 4, ENTRIES = WAYS * SETS, STEPS = 4000, KEYS = 40 };

struct line {
    uint64_t key;
    bool dead;
};

static bool same_key(const void *line, const void *key)
{
    return ((const struct line *)line)->key == *(const uint64_t *)key;
}

static bool alive(const void *context, const void *line)
{
    return !((const struct line *)line)->dead;
}

/* The test chooses the set: low bits of the hash; the rest is the tag. */
static uint64_t hash_of(uint64_t key)
{
    return key << 8 | key % SETS;
}

static void open_cache(struct cache *cache, enum cache_policy policy)
{
    struct cache_geometry geometry = {.log2_entries = 4, .ways = WAYS, .policy = policy};

    ck_assert(cache_create(cache, &geometry, sizeof(struct line), NULL));
}

static uint32_t insert(struct cache *cache, uint64_t key)
{
    uint32_t slot = cache_insert(cache, hash_of(key), alive, NULL);

    *(struct line *)cache_line(cache, slot) = (struct line){.key = key};
    return slot;
}

static int32_t find(struct cache *cache, uint64_t key)
{
    return cache_find(cache, hash_of(key), same_key, &key);
}

/* Naive model of one set: keys by way, and an order of use or the bits of a tree as a readable struct. */
struct model {
    uint64_t key[ENTRIES];
    bool used[ENTRIES], dead[ENTRIES];
    uint64_t time[ENTRIES], clock;
    /* Tree of four ways: top points to a half, each half to a way. */
    bool top_right[SETS], half_right[SETS][2];
};

static void model_use(struct model *model, enum cache_policy policy, uint32_t slot, bool inserted)
{
    uint32_t set = slot / WAYS, way = slot % WAYS;

    if (policy == CACHE_LRU || (policy == CACHE_FIFO && inserted))
        model->time[slot] = ++model->clock;
    if (policy == CACHE_PLRU) {
        model->top_right[set] = way < 2;
        model->half_right[set][way / 2] = way % 2 == 0;
    }
}

static uint32_t model_victim(const struct model *model, enum cache_policy policy, uint32_t set)
{
    uint32_t best = set * WAYS;

    if (policy == CACHE_PLRU) {
        uint32_t half = model->top_right[set];
        return set * WAYS + half * 2 + model->half_right[set][half];
    }
    for (uint32_t slot = set * WAYS; slot < (set + 1) * WAYS; slot++)
        if (model->time[slot] < model->time[best])
            best = slot;
    return best;
}

static uint32_t model_slot(const struct model *model, enum cache_policy policy, uint32_t set)
{
    for (uint32_t slot = set * WAYS; slot < (set + 1) * WAYS; slot++)
        if (!model->used[slot])
            return slot;
    for (uint32_t slot = set * WAYS; slot < (set + 1) * WAYS; slot++)
        if (model->dead[slot])
            return slot;
    return model_victim(model, policy, set);
}

static int32_t model_find(const struct model *model, uint64_t key)
{
    for (uint32_t slot = 0; slot < ENTRIES; slot++)
        if (model->used[slot] && model->key[slot] == key)
            return (int32_t)slot;
    return CACHE_NO_SLOT;
}

static void model_insert(struct model *model, enum cache_policy policy, uint32_t slot, uint64_t key)
{
    model->used[slot] = true;
    model->dead[slot] = false;
    model->key[slot] = key;
    model_use(model, policy, slot, true);
}

static void one_step(struct cache *cache, struct model *model, enum cache_policy policy, uint64_t *seed)
{
    uint64_t key = next_random(seed) % KEYS + 1;
    int32_t slot = find(cache, key);

    ck_assert_int_eq(slot, model_find(model, key));
    if (slot == CACHE_NO_SLOT) {
        uint32_t expected = model_slot(model, policy, (uint32_t)(key % SETS));
        ck_assert_uint_eq(insert(cache, key), expected);
        model_insert(model, policy, expected, key);
    } else if (next_random(seed) % 8 == 0) {
        cache_remove(cache, (uint32_t)slot);
        model->used[slot] = false;
    } else if (next_random(seed) % 8 == 0) {
        ((struct line *)cache_line(cache, (uint32_t)slot))->dead = model->dead[slot] = true;
    } else {
        cache_touch(cache, (uint32_t)slot);
        model_use(model, policy, (uint32_t)slot, false);
    }
}

static void against_model(enum cache_policy policy)
{
    uint64_t seed = test_seed();
    struct model model = {0};
    struct cache cache;

    open_cache(&cache, policy);
    for (int i = 0; i < STEPS; i++)
        one_step(&cache, &model, policy, &seed);
    cache_destroy(&cache, NULL);
}

START_TEST(plru_victims)
{
    against_model(CACHE_PLRU);
}
END_TEST

START_TEST(lru_victims)
{
    against_model(CACHE_LRU);
}
END_TEST

START_TEST(fifo_victims)
{
    against_model(CACHE_FIFO);
}
END_TEST

START_TEST(random_victims_stay_in_their_set)
{
    struct cache cache;
    unsigned ways_hit = 0;

    open_cache(&cache, CACHE_RANDOM);
    for (uint64_t n = 0; n < 200; n++) {
        uint32_t slot = insert(&cache, 2 + n * SETS);
        ck_assert_uint_eq(slot / WAYS, 2);
        ways_hit |= 1u << slot % WAYS;
    }
    ck_assert_uint_eq(ways_hit, 0xf);
    cache_destroy(&cache, NULL);
}
END_TEST

START_TEST(geometry_is_rounded_to_what_fits)
{
    struct cache_geometry geometry = {.log2_entries = 2, .ways = 16};
    struct cache cache;

    ck_assert(cache_create(&cache, &geometry, 8, NULL));
    ck_assert_uint_eq(cache.entries, 4);
    ck_assert_uint_eq(cache.ways, 4);
    cache_destroy(&cache, NULL);
}
END_TEST

START_TEST(clear_forgets_everything)
{
    struct cache cache;

    open_cache(&cache, CACHE_LRU);
    for (uint64_t key = 1; key <= ENTRIES; key++)
        insert(&cache, key);
    cache_clear(&cache);
    for (uint64_t key = 1; key <= ENTRIES; key++)
        ck_assert_int_eq(find(&cache, key), CACHE_NO_SLOT);
    cache_destroy(&cache, NULL);
}
END_TEST

START_TEST(sixteen_ways_are_all_used)
{
    struct cache_geometry geometry = {.log2_entries = 4, .ways = 16, .policy = CACHE_PLRU};
    unsigned slots = 0;
    struct cache cache;

    ck_assert(cache_create(&cache, &geometry, sizeof(struct line), NULL));
    for (uint64_t key = 1; key <= 64; key++) {
        uint32_t slot = insert(&cache, key);
        if (key > 32)
            slots |= 1u << slot;
    }
    ck_assert_uint_eq(slots, 0xffff);
    cache_destroy(&cache, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cache");
    TCase *tests = tcase_create("cache");

    tcase_add_test(tests, plru_victims);
    tcase_add_test(tests, lru_victims);
    tcase_add_test(tests, fifo_victims);
    tcase_add_test(tests, random_victims_stay_in_their_set);
    tcase_add_test(tests, geometry_is_rounded_to_what_fits);
    tcase_add_test(tests, clear_forgets_everything);
    tcase_add_test(tests, sixteen_ways_are_all_used);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
