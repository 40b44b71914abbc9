// SPDX-License-Identifier: Apache-2.0
/*
 * One algorithm, several ways to run it: one request at a time, in batches, with and without caches, memory
 * by callbacks or through the window. All must agree on random tables (house idea I).
 */
#include "machine.h"
#include "random_world.h"

#include <stdio.h>

enum { ROUNDS = 60, REQUESTS = 200 };

/* Its own memory, small, so that it can be compared as a whole. */
struct world {
    uint8_t bytes[WORLD_BYTES];
    struct amdvi_device *device;
};

static enum amdvi_memory_result on_read(void *context, uint64_t address, void *data, size_t length)
{
    struct world *world = context;

    if (address >= WORLD_BYTES || length > WORLD_BYTES - address)
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(data, world->bytes + address, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result on_write(void *context, uint64_t address, const void *data, size_t length)
{
    struct world *world = context;

    if (address >= WORLD_BYTES || length > WORLD_BYTES - address)
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(world->bytes + address, data, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result on_exchange(void *context, uint64_t address, uint64_t expected,
                                            uint64_t desired, uint64_t *seen)
{
    enum amdvi_memory_result result = on_read(context, address, seen, 8);

    if (result == AMDVI_MEMORY_OK && *seen == expected)
        result = on_write(context, address, &desired, 8);
    return result;
}

static struct world *world_open(uint64_t seed, const char *settings, bool direct)
{
    struct world *world = calloc(1, sizeof(*world));
    struct amdvi_memory memory = {world, on_read, on_write, on_exchange, NULL, 0, 0};
    struct amdvi_config *config = config_of(settings);
    struct chance chance = {.state = seed};

    ck_assert_ptr_nonnull(world);
    if (direct) {
        memory.direct = world->bytes;
        memory.direct_size = WORLD_BYTES;
    }
    ck_assert_int_eq(amdvi_create(config, &memory, NULL, NULL, &world->device), AMDVI_OK);
    amdvi_config_destroy(config);
    world_fill(&chance, world->bytes);
    world_boot(&chance, world->device);
    return world;
}

static void world_close(struct world *world)
{
    amdvi_destroy(world->device);
    free(world);
}

static void make_requests(uint64_t seed, struct amdvi_request *requests)
{
    struct chance chance = {.state = seed ^ 0x5555};

    for (unsigned i = 0; i < REQUESTS; i++)
        world_request(&chance, &requests[i]);
}

static void one_by_one(struct world *world, const struct amdvi_request *requests,
                       struct amdvi_result *results)
{
    memset(results, 0, REQUESTS * sizeof(*results));
    for (unsigned i = 0; i < REQUESTS; i++)
        ck_assert_int_eq(amdvi_translate(world->device, &requests[i], &results[i]), AMDVI_OK);
}

/*
 * Devices share tables in the random world, and who comes first decides which of them must set an accessed
 * bit, for which their permissions differ. Between devices no order is promised.
 */
static unsigned run_of_one_device(const struct amdvi_request *requests, unsigned left)
{
    unsigned count = 1;

    while (count < left && requests[count].device == requests[0].device)
        count++;
    return count;
}

static void in_batches(struct world *world, const struct amdvi_request *requests,
                       struct amdvi_result *results)
{
    unsigned count;

    memset(results, 0, REQUESTS * sizeof(*results));
    for (unsigned i = 0; i < REQUESTS; i += count) {
        count = run_of_one_device(&requests[i], REQUESTS - i);
        ck_assert_int_eq(amdvi_translate_batch(world->device, &requests[i], &results[i], count), AMDVI_OK);
    }
}

static void same_fault(const struct amdvi_fault *a, const struct amdvi_fault *b, unsigned i)
{
    ck_assert_msg(a->reason == b->reason, "request %u: %s, not %s", i, amdvi_reason_text(b->reason),
                  amdvi_reason_text(a->reason));
    ck_assert_msg(a->event == b->event && a->flags == b->flags && a->address == b->address &&
                      a->reply == b->reply && a->logged == b->logged && a->domain == b->domain &&
                      a->pasid == b->pasid,
                  "request %u: records differ for %s", i, amdvi_reason_text(a->reason));
}

static void same_results(const struct amdvi_result *a, const struct amdvi_result *b)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        ck_assert_msg(a[i].ok == b[i].ok, "request %u: ok=%d, not %d (%s)", i, b[i].ok, a[i].ok,
                      amdvi_reason_text(a[i].ok ? b[i].fault.reason : a[i].fault.reason));
        if (!a[i].ok) {
            same_fault(&a[i].fault, &b[i].fault, i);
            continue;
        }
        ck_assert_msg(a[i].pa == b[i].pa && a[i].perm == b[i].perm && a[i].identity == b[i].identity,
                      "request %u: pa %llx, not %llx; perm %u, not %u", i, (unsigned long long)b[i].pa,
                      (unsigned long long)a[i].pa, b[i].perm, a[i].perm);
        ck_assert_msg(a[i].identity || (a[i].size == b[i].size && a[i].covered == b[i].covered),
                      "request %u: size %llx, not %llx", i, (unsigned long long)b[i].size,
                      (unsigned long long)a[i].size);
    }
}

static void same_world(const struct world *a, const struct world *b)
{
    size_t at = 0;

    if (memcmp(a->bytes, b->bytes, WORLD_BYTES) == 0)
        return;
    while (a->bytes[at] == b->bytes[at])
        at++;
    ck_abort_msg("memory differs at %zx", at);
}

typedef void way(struct world *world, const struct amdvi_request *requests, struct amdvi_result *results);

static void agree(const char *settings_a, bool direct_a, way *way_a, const char *settings_b, bool direct_b,
                  way *way_b)
{
    static struct amdvi_request requests[REQUESTS];
    static struct amdvi_result a[REQUESTS], b[REQUESTS];
    uint64_t seed = test_seed();

    for (unsigned round = 0; round < ROUNDS; round++, seed++) {
        struct world *one = world_open(seed, settings_a, direct_a),
                     *two = world_open(seed, settings_b, direct_b);

        printf("round %u\n", round);
        make_requests(seed, requests);
        way_a(one, requests, a);
        way_b(two, requests, b);
        same_results(a, b);
        same_world(one, two);
        world_close(one);
        world_close(two);
    }
}

START_TEST(batch_is_a_loop)
{
    agree("caches=on", true, one_by_one, "caches=on", true, in_batches);
}
END_TEST

START_TEST(batch_is_a_loop_without_caches)
{
    agree("caches=off", true, one_by_one, "caches=off", true, in_batches);
}
END_TEST

START_TEST(batch_is_a_loop_with_tiny_caches)
{
    const char *tiny =
        "ptc.log2_entries=2 ptc.ways=2 pdc.log2_entries=2 pdc.ways=1 dtc.log2_entries=1 dtc.ways=1 "
        "gcr3.log2_entries=0 gcr3.ways=1";

    agree(tiny, true, one_by_one, tiny, true, in_batches);
}
END_TEST

START_TEST(caches_change_no_result)
{
    agree("caches=off", true, one_by_one, "caches=on", true, one_by_one);
}
END_TEST

START_TEST(tiny_caches_change_no_result)
{
    agree("caches=off", true, one_by_one,
          "ptc.log2_entries=2 ptc.ways=1 ptc.page_sizes=0x7f pdc.log2_entries=1 cache.policy=fifo", true,
          one_by_one);
}
END_TEST

START_TEST(the_window_changes_no_result)
{
    agree("caches=on", false, one_by_one, "caches=on", true, one_by_one);
}
END_TEST

START_TEST(callbacks_and_batch_change_no_result)
{
    agree("caches=off", true, one_by_one, "caches=on", false, in_batches);
}
END_TEST

/* ---------------------------------------------------------------- many first writes at once */

enum { FIRST_WRITES = 16, H_TOP = 1, H_LEAF = 6, G_TOP = 8, G_LEAF = 12, G_CR3 = 13, TARGETS = 64 };

static void put(struct world *world, uint64_t page, unsigned index, uint64_t value)
{
    memcpy(world->bytes + page * 4096 + 8 * index, &value, 8);
}

/* Six host levels that map every page to itself, five guest levels, no accessed or dirty bit set anywhere. */
static void fresh_nested_tables(struct world *world)
{
    uint64_t rw = UINT64_C(3) << 61, dte[3];

    for (unsigned level = 6; level > 1; level--)
        put(world, H_TOP + 6 - level, 0, rw | (H_TOP + 7 - level) << 12 | (level - 1) << 9 | 1);
    for (unsigned page = 0; page < 256; page++)
        put(world, H_LEAF, page, rw | page << 12 | 1);
    for (unsigned level = 5; level > 1; level--)
        put(world, G_TOP + 5 - level, 0, (G_TOP + 6 - level) << 12 | 7);
    for (unsigned page = 0; page < FIRST_WRITES; page++)
        put(world, G_LEAF, page, (TARGETS + page) << 12 | 7);
    put(world, G_CR3, 5, G_TOP << 12 | 1);
    dte[0] = 3 | 3 << 7 | 6 << 9 | H_TOP << 12 | UINT64_C(1) << 55 | (uint64_t)(G_CR3 & 7) << 58 | rw;
    dte[1] = DOM | (uint64_t)(G_CR3 >> 3) << 16;
    dte[2] = UINT64_C(1) << 54;
    memcpy(world->bytes, dte, sizeof(dte));
}

START_TEST(many_first_writes_all_set_their_dirty_bits)
{
    struct world *world = world_open(1, _i ? "caches=on" : "caches=off", true);
    struct amdvi_request requests[FIRST_WRITES];
    struct amdvi_result results[FIRST_WRITES];
    uint64_t leaf, host;

    memset(world->bytes, 0, WORLD_BYTES);
    fresh_nested_tables(world);
    amdvi_mmio_write(world->device, R_CONTROL, 8, C_NORMAL | C_GT | C_TRP);
    ck_assert_int_eq(amdvi_run(world->device), AMDVI_OK);
    for (unsigned i = 0; i < FIRST_WRITES; i++)
        requests[i] = (struct amdvi_request){
            .op = AMDVI_WRITE, .has_pasid = true, .pasid = 5, .address = i * 4096u, .length = 8};
    ck_assert_int_eq(amdvi_translate_batch(world->device, requests, results, FIRST_WRITES), AMDVI_OK);
    for (unsigned i = 0; i < FIRST_WRITES; i++) {
        ck_assert_msg(results[i].ok, "%u: %s", i, amdvi_reason_text(results[i].fault.reason));
        memcpy(&leaf, world->bytes + G_LEAF * 4096 + 8 * i, 8);
        memcpy(&host, world->bytes + H_LEAF * 4096 + 8 * (TARGETS + i), 8);
        ck_assert_msg((leaf & 0x60) == 0x60 && (host & 0x60) == 0x60, "write %u: guest %llx, host %llx", i,
                      (unsigned long long)leaf, (unsigned long long)host);
    }
    world_close(world);
}
END_TEST

START_TEST(an_empty_batch_is_fine)
{
    struct world *world = world_open(1, "", true);
    struct amdvi_request request;
    struct amdvi_result result;

    ck_assert_int_eq(amdvi_translate_batch(world->device, &request, &result, 0), AMDVI_OK);
    world_close(world);
}
END_TEST

/* The random world is of use only if it reaches most outcomes. */
START_TEST(random_worlds_reach_many_outcomes)
{
    static struct amdvi_request requests[REQUESTS];
    static struct amdvi_result results[REQUESTS];
    bool reasons[256] = {false};
    unsigned distinct = 0, good = 0;

    for (uint64_t seed = 1; seed < 100; seed++) {
        struct world *world = world_open(seed, "", true);
        make_requests(seed, requests);
        one_by_one(world, requests, results);
        for (unsigned i = 0; i < REQUESTS; i++) {
            good += results[i].ok && !results[i].identity;
            distinct += !results[i].ok && !reasons[results[i].fault.reason];
            reasons[results[i].ok ? 0 : results[i].fault.reason] = true;
        }
        world_close(world);
    }
    ck_assert_uint_gt(good, 500);
    ck_assert_uint_gt(distinct, 25);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch");
    TCase *tests = tcase_create("batch");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, batch_is_a_loop);
    tcase_add_test(tests, batch_is_a_loop_without_caches);
    tcase_add_test(tests, batch_is_a_loop_with_tiny_caches);
    tcase_add_test(tests, caches_change_no_result);
    tcase_add_test(tests, tiny_caches_change_no_result);
    tcase_add_test(tests, the_window_changes_no_result);
    tcase_add_test(tests, callbacks_and_batch_change_no_result);
    tcase_add_loop_test(tests, many_first_writes_all_set_their_dirty_bits, 0, 2);
    tcase_add_test(tests, an_empty_batch_is_fine);
    tcase_add_test(tests, random_worlds_reach_many_outcomes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
