// SPDX-License-Identifier: Apache-2.0
/*
 * What caches meet once in a long life: keys whose hashes collide, counters that run out, sweeps over lines
 * of others (10).
 */
#include "machine.h"
#include "model/device.h"
#include "model/lint/shadow.h"
#include "model/lookup/dtc.h"
#include "model/lookup/itc.h"

static struct tlb tlb;

static void open_tlb(void)
{
    struct cache_geometry small = {.log2_entries = 4, .ways = 8, .policy = CACHE_PLRU};
    struct tlb_config config = {.ptc = small, .pdc = small, .gcr3 = small, .page_sizes = 1};

    ck_assert(tlb_create(&tlb, &config, NULL));
}

static void close_tlb(void)
{
    tlb_destroy(&tlb, NULL);
}

/* ---------------------------------------------------------------- collisions */

/* 1 / odd, modulo 2^64. */
static uint64_t inverse(uint64_t odd)
{
    uint64_t x = odd;

    for (unsigned i = 0; i < 6; i++)
        x *= 2 - odd * x;
    return x;
}

/* The only `a` with cache_hash(a, b) == hash. */
static uint64_t preimage(uint64_t hash, uint64_t b)
{
    uint64_t h = hash ^ hash >> 32;

    h = h * inverse(0xbf58476d1ce4e5b9u) - b;
    h ^= h >> 29 ^ h >> 58;
    return (h * inverse(0x9e3779b97f4a7c15u)) ^ (b << 32 | b >> 32);
}

/* Another domain or PASID in which some address below 2^`bits` pages collides with page `page` of `id`. */
static uint64_t collide(uint64_t page, uint64_t id, unsigned more, unsigned bits, struct tlb_space *other)
{
    uint64_t hash = cache_hash(page, id);

    for (uint32_t pasid = 0; pasid < 1u << 20; pasid++)
        for (unsigned domain = 1; domain < 65536; domain++) {
            uint64_t a = preimage(hash, tlb_id((uint16_t)domain, pasid | 1u << 31, more));
            if (a >> bits || tlb_id((uint16_t)domain, pasid | 1u << 31, more) == id)
                continue;
            *other = (struct tlb_space){.domain = (uint16_t)domain, .guest = true, .pasid = pasid};
            ck_assert_uint_eq(cache_hash(a, tlb_id((uint16_t)domain, pasid | 1u << 31, more)), hash);
            return a;
        }
    ck_abort_msg("no collision");
}

struct key {
    struct tlb_space space;
    uint64_t address, spa;
};

static void fill(const struct key *key)
{
    struct walk_result result = {.spa = key->spa, .shift = 12, .guest_shift = 12, .perm = PERM_READ};

    ptc_fill(&tlb, &key->space, key->address, &result);
}

/* Where the PTC says the key leads; 0: it does not know. */
static uint64_t found(const struct key *key)
{
    const struct ptc_line *line = ptc_lookup(&tlb, &key->space, key->address);

    return line ? line->spa : 0;
}

static void drop_page(const struct key *key)
{
    struct cmd_range range = {.base = key->address, .shift = 12};

    tlb_invalidate(&tlb, &key->space, &range, false);
}

/* A guest address, and another guest's that hashes alike: 45 bits of page are those of five levels. */
static void colliding_pages(struct key keys[2])
{
    keys[0] = (struct key){{.domain = 7, .guest = true, .pasid = 5}, IOVA, 0x111000};
    keys[1] = (struct key){.spa = 0x222000};
    keys[1].address = collide(IOVA >> 12, tlb_id(7, 5 | 1u << 31, 12), 12, 45, &keys[1].space) << 12;
}

START_TEST(pages_whose_hashes_collide_are_told_apart)
{
    struct key keys[2];

    open_tlb();
    colliding_pages(keys);
    fill(&keys[0]);
    ck_assert_uint_eq(found(&keys[0]), keys[0].spa);
    ck_assert_uint_eq(found(&keys[1]), 0);
    fill(&keys[1]);
    ck_assert_uint_eq(found(&keys[0]), keys[0].spa);
    ck_assert_uint_eq(found(&keys[1]), keys[1].spa);
    close_tlb();
}
END_TEST

/* Too much may go, the named page must. */
START_TEST(a_collision_does_not_save_a_page_from_its_invalidation)
{
    struct key keys[2];

    open_tlb();
    colliding_pages(keys);
    fill(&keys[_i & 1]);
    fill(&keys[~_i & 1]);
    drop_page(&keys[_i >> 1]);
    ck_assert_uint_eq(found(&keys[_i >> 1]), 0);
    close_tlb();
}
END_TEST

/* The PTC holds 2 MiB pages in pieces of 4 KiB, and all pieces of a page die together. */
START_TEST(large_pages_whose_hashes_collide_die_alone)
{
    enum { SHIFT = 21 };
    struct walk_result result = {.spa = 0x111000, .shift = SHIFT, .guest_shift = SHIFT, .perm = PERM_READ};
    struct tlb_space a = {.domain = 7, .guest = true, .pasid = 5}, b;
    struct cmd_range range = {.shift = SHIFT};
    uint64_t other;

    open_tlb();
    other = collide(IOVA >> SHIFT, tlb_id(7, 5 | 1u << 31, SHIFT), SHIFT, 43, &b) << SHIFT;
    ptc_fill(&tlb, &a, IOVA, &result);
    ptc_fill(&tlb, &b, other, &result);
    ck_assert_ptr_nonnull(ptc_lookup(&tlb, &a, IOVA));
    ck_assert_ptr_nonnull(ptc_lookup(&tlb, &b, other));
    range.base = other;
    tlb_invalidate(&tlb, &b, &range, false);
    ck_assert_ptr_nonnull(ptc_lookup(&tlb, &a, IOVA));
    ck_assert_ptr_null(ptc_lookup(&tlb, &b, other));
    close_tlb();
}
END_TEST

static bool directory(const struct tlb_space *space, uint64_t address, uint64_t *table)
{
    struct walk_dir probe = {.kind = WALK_GUEST, .tag = address};
    bool hit = tlb_probe(&tlb, space, &probe, 4);

    *table = hit ? probe.table : 0;
    return hit;
}

static void keep(const struct tlb_space *space, enum walk_kind kind, uint64_t address, uint64_t table)
{
    tlb_keep(&tlb, space,
             &(struct walk_dir){.kind = (uint8_t)kind, .level = 1, .tag = address, .table = table});
}

START_TEST(directories_whose_hashes_collide_are_told_apart)
{
    enum { LEVEL_1 = WALK_GUEST << 4 | 1, SHIFT = 21 };
    struct tlb_space a = {.domain = 7, .guest = true, .pasid = 5}, b;
    uint64_t other, table;

    open_tlb();
    other = collide(IOVA >> SHIFT, tlb_id(7, 5 | 1u << 31, LEVEL_1), LEVEL_1, 43, &b) << SHIFT;
    keep(&a, WALK_GUEST, IOVA, 0x111000);
    ck_assert(!directory(&b, other, &table));
    keep(&b, WALK_GUEST, other, 0x222000);
    ck_assert(directory(&a, IOVA, &table));
    ck_assert_uint_eq(table, 0x111000);
    ck_assert(directory(&b, other, &table));
    ck_assert_uint_eq(table, 0x222000);
    close_tlb();
}
END_TEST

/* ---------------------------------------------------------------- sweeps */

static bool has_host_directory(uint16_t domain, uint64_t address)
{
    struct walk_dir probe = {.kind = WALK_HOST, .tag = address};

    return tlb_probe(&tlb, &(struct tlb_space){.domain = domain}, &probe, 4);
}

/* 2^30 bytes are more level-1 directories than the array has lines: it is searched from end to end. */
START_TEST(a_sweep_takes_its_own_directories_only)
{
    struct tlb_space own = {.domain = 1}, other = {.domain = 2};
    struct tlb_space guest = {.domain = 1, .guest = true, .pasid = 5}, guests = guest;
    struct cmd_range range = {.base = 0x40000000, .shift = 30};
    uint64_t table;

    open_tlb();
    guests.pasid = 6;
    keep(&own, WALK_HOST, 0x40000000, 0x1000);
    keep(&own, WALK_HOST, 0x80000000, 0x2000);
    keep(&other, WALK_HOST, 0x40000000, 0x3000);
    keep(&guest, WALK_GUEST, 0x40000000, 0x4000);
    keep(&guests, WALK_GUEST, 0x40000000, 0x5000);
    tlb_invalidate(&tlb, &guest, &range, true);
    ck_assert(!directory(&guest, 0x40000000, &table));
    ck_assert(directory(&guests, 0x40000000, &table));
    ck_assert(has_host_directory(1, 0x40000000));
    tlb_invalidate(&tlb, &own, &range, true);
    tlb_invalidate(&tlb, &own, &range, true); /* nothing is left of them */
    ck_assert(!has_host_directory(1, 0x40000000));
    ck_assert(has_host_directory(1, 0x80000000));
    ck_assert(has_host_directory(2, 0x40000000));
    close_tlb();
}
END_TEST

/* ---------------------------------------------------------------- interrupt entries */

static struct machine m;

static void open_interrupts(void)
{
    machine_open(&m, "preset=genoa");
    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    put64(&m, INT_TABLE + 8, UINT64_C(0x00551201) << 32); /* index 3, 32-bit entries: vector 55h */
    boot(&m, C_NORMAL);
    ck_assert_uint_eq(interrupt(&m, 3).vector, 0x55);
    put64(&m, INT_TABLE + 8, UINT64_C(0x00661201) << 32);
    ck_assert_uint_eq(interrupt(&m, 3).vector, 0x55);
}

/* The line was made with generation 0, and so many invalidations later there is a generation 0 again. */
START_TEST(a_device_may_use_up_its_generations)
{
    open_interrupts();
    m.device->entries.itc_gen[DEV] = UINT32_MAX;
    command(&m, UINT64_C(5) << 60 | DEV, 0);
    ck_assert_uint_eq(m.device->entries.itc_gen[DEV], 0);
    ck_assert_uint_eq(interrupt(&m, 3).vector, 0x66);
    machine_close(&m);
}
END_TEST

START_TEST(epochs_may_run_out)
{
    open_interrupts();
    m.device->entries.itc_epoch = UINT32_MAX;
    command(&m, UINT64_C(8) << 60, 0);
    ck_assert_uint_eq(m.device->entries.itc_epoch, 0);
    ck_assert_uint_eq(interrupt(&m, 3).vector, 0x66);
    machine_close(&m);
}
END_TEST

/* What a lint looks at: entries as the caches hold them, and nothing that is gone. */
START_TEST(peeks_see_live_entries_only)
{
    open_interrupts();
    ck_assert_ptr_null(itc_peek(m.device, DEV, 4));
    ck_assert_ptr_null(dtc_peek(m.device, DEV + 1));
    ck_assert_uint_eq(itc_peek(m.device, DEV, 3)[0], 0x551201);
    ck_assert_uint_eq(dtc_peek(m.device, DEV)->domain, DOM);
    command(&m, UINT64_C(5) << 60 | DEV, 0);
    command(&m, UINT64_C(2) << 60 | DEV, 0);
    ck_assert_ptr_null(itc_peek(m.device, DEV, 3));
    ck_assert_ptr_null(dtc_peek(m.device, DEV));
    machine_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rare caches");
    TCase *tests = tcase_create("rare caches");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, pages_whose_hashes_collide_are_told_apart);
    tcase_add_loop_test(tests, a_collision_does_not_save_a_page_from_its_invalidation, 0, 4);
    tcase_add_test(tests, large_pages_whose_hashes_collide_die_alone);
    tcase_add_test(tests, directories_whose_hashes_collide_are_told_apart);
    tcase_add_test(tests, a_sweep_takes_its_own_directories_only);
    tcase_add_test(tests, a_device_may_use_up_its_generations);
    tcase_add_test(tests, epochs_may_run_out);
    tcase_add_test(tests, peeks_see_live_entries_only);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
