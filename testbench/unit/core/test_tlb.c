// SPDX-License-Identifier: Apache-2.0
/*
 * The translation caches against a list: what was inserted is found until an invalidation that covers it or
 * an eviction, and never after an invalidation (6.4 opcode 3, 10).
 */
#include "machine.h"
#include "model/caches/tlb.h"

enum { STEPS = 20000, LIST = 4096, PAGES = 24, DOMAINS = 3, PASIDS = 3 };

struct entry {
    struct tlb_space space;
    uint64_t address, spa;
    unsigned guest_shift, host_shift; /* the page of software is the guest's for guest spaces */
    bool live;
};

struct list {
    struct entry entry[LIST];
    unsigned count;
};

static void open_tlb(struct tlb *tlb, unsigned log2_entries)
{
    struct tlb_config config = {
        .ptc = {.log2_entries = (uint8_t)log2_entries, .ways = 8, .policy = CACHE_PLRU},
        .pdc = {.log2_entries = (uint8_t)log2_entries, .ways = 8, .policy = CACHE_PLRU},
        .gcr3 = {.log2_entries = 4, .ways = 8, .policy = CACHE_PLRU},
        .page_sizes = 0x49,
    };

    ck_assert(tlb_create(tlb, &config, NULL));
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* The page of the walk and, for guests, the page software invalidates. */
static unsigned walk_shift(const struct entry *e)
{
    return e->space.guest ? smaller(e->guest_shift, e->host_shift) : e->host_shift;
}

static unsigned software_shift(const struct entry *e)
{
    return e->space.guest ? e->guest_shift : e->host_shift;
}

static void fill(struct tlb *tlb, const struct entry *e)
{
    struct walk_result result = {.spa = e->spa,
                                 .shift = (uint8_t)walk_shift(e),
                                 .guest_shift = (uint8_t)(e->space.guest ? e->guest_shift : 0),
                                 .perm = PERM_READ};

    ptc_fill(tlb, &e->space, e->address, &result);
}

static bool same_space(const struct tlb_space *a, const struct tlb_space *b)
{
    return a->domain == b->domain && a->guest == b->guest && (!a->guest || a->pasid == b->pasid);
}

/* 6.4: GN=0 takes host entries in range and every combined one; GN=1 the PASID's entries in range. */
static bool covered(const struct entry *e, const struct tlb_space *space, const struct cmd_range *range)
{
    unsigned page = software_shift(e), wide;

    if (e->space.domain != space->domain)
        return false;
    if (!space->guest && e->space.guest)
        return true;
    if (!same_space(&e->space, space))
        return false;
    wide = range->shift > page ? range->shift : page;
    return wide >= 64 || range->base >> wide == e->address >> wide;
}

static void invalidate(struct tlb *tlb, struct list *list, const struct tlb_space *space,
                       const struct cmd_range *range)
{
    tlb_invalidate(tlb, space, range, false);
    for (unsigned i = 0; i < list->count; i++)
        if (covered(&list->entry[i], space, range))
            list->entry[i].live = false;
}

/* A few pages, and a few places inside of large ones. */
static uint64_t random_address(uint64_t *seed, uint64_t page)
{
    return page << 32 | (next_random(seed) % 3) << 27 | (next_random(seed) % 32) << 12;
}

/* A page of the region has one fixed geometry, so that no two entries contradict each other. */
static struct entry random_entry(uint64_t *seed)
{
    static const uint8_t host[] = {12, 12, 13, 16, 21, 23, 30}, guest[] = {12, 12, 21, 30};
    struct entry e = {.live = true};
    uint64_t page = next_random(seed) % PAGES;

    e.space.domain = (uint16_t)(next_random(seed) % DOMAINS);
    e.space.guest = next_random(seed) % 2;
    e.space.pasid = e.space.guest ? (uint32_t)(next_random(seed) % PASIDS) : 0;
    e.host_shift = host[page % sizeof(host)];
    e.guest_shift = guest[page % sizeof(guest)];
    e.address = random_address(seed, page);
    e.spa = (next_random(seed) & 0xffffff) << 30 | (e.address & (((uint64_t)1 << walk_shift(&e)) - 1));
    return e;
}

static struct tlb_space random_space(uint64_t *seed)
{
    struct tlb_space space = {.domain = (uint16_t)(next_random(seed) % DOMAINS),
                              .guest = next_random(seed) % 4 != 0};

    space.pasid = space.guest ? (uint32_t)(next_random(seed) % PASIDS) : 0;
    return space;
}

static struct cmd_range random_range(uint64_t *seed)
{
    static const uint8_t shifts[] = {12, 12, 13, 16, 21, 25, 32, 40, CMD_RANGE_ALL};
    unsigned shift = shifts[next_random(seed) % sizeof(shifts)];
    uint64_t address = random_address(seed, next_random(seed) % PAGES);

    if (shift == CMD_RANGE_ALL)
        return (struct cmd_range){.base = 0, .shift = shift};
    return (struct cmd_range){.base = address >> shift << shift, .shift = shift};
}

/* Newest entry of the list that answers `address`; an entry covers at least its 4 KiB page. */
static const struct entry *list_find(const struct list *list, const struct tlb_space *space, uint64_t address)
{
    for (unsigned i = list->count; i-- > 0;) {
        const struct entry *e = &list->entry[i];
        if (e->live && same_space(&e->space, space) && e->address >> 12 == address >> 12)
            return e;
    }
    return NULL;
}

/* Any live entry whose page of the walk holds the address may answer. */
static bool list_explains(const struct list *list, const struct tlb_space *space, uint64_t address,
                          uint64_t spa)
{
    for (unsigned i = 0; i < list->count; i++) {
        const struct entry *e = &list->entry[i];
        unsigned shift = walk_shift(e);
        if (e->live && same_space(&e->space, space) && e->address >> shift == address >> shift &&
            e->spa >> shift << shift == (spa - (address & (((uint64_t)1 << shift) - 1))) >> shift << shift)
            return true;
    }
    return false;
}

static void check(struct tlb *tlb, const struct list *list, const struct tlb_space *space, uint64_t address,
                  bool may_evict)
{
    const struct ptc_line *line = ptc_lookup(tlb, space, address);
    uint64_t spa;

    if (!line) {
        ck_assert_msg(may_evict || !list_find(list, space, address), "an entry was lost at %llx",
                      (unsigned long long)address);
        return;
    }
    spa = line->spa | (address & (((uint64_t)1 << tlb_id_more(line->id)) - 1));
    ck_assert_msg(list_explains(list, space, address, spa), "a line answers after its invalidation at %llx",
                  (unsigned long long)address);
}

/* Fills with another target replace what the same page had before. */
static void add(struct tlb *tlb, struct list *list, const struct entry *e)
{
    unsigned shift = walk_shift(e);

    for (unsigned i = 0; i < list->count; i++) {
        struct entry *old = &list->entry[i];
        if (old->live && same_space(&old->space, &e->space) && old->address >> shift == e->address >> shift)
            return; /* software has not invalidated it: a walk would find the same */
    }
    if (list->count == LIST)
        list->count = 0, tlb_invalidate_all(tlb);
    list->entry[list->count++] = *e;
    fill(tlb, e);
}

static void random_steps(unsigned log2_entries, bool may_evict, unsigned steps, uint32_t next_gen,
                         uint32_t epoch)
{
    static struct list list;
    uint64_t seed = test_seed();
    struct tlb tlb;

    list.count = 0;
    open_tlb(&tlb, log2_entries);
    tlb.next_gen = next_gen;
    tlb.epoch = epoch;
    for (unsigned i = 0; i < steps; i++) {
        struct entry e = random_entry(&seed);
        struct tlb_space space = random_space(&seed);
        struct cmd_range range = random_range(&seed);

        if (next_random(&seed) % 4 == 0)
            add(&tlb, &list, &e);
        else if (next_random(&seed) % 10 == 0)
            invalidate(&tlb, &list, &space, &range);
        else
            check(&tlb, &list, &e.space, e.address, may_evict);
    }
    tlb_destroy(&tlb, NULL);
}

START_TEST(found_until_invalidated)
{
    random_steps(14, false, STEPS, 1, 1);
}
END_TEST

START_TEST(never_found_after_invalidation_in_a_small_array)
{
    random_steps(5, true, STEPS, 1, 1);
}
END_TEST

START_TEST(generations_may_run_out)
{
    for (uint32_t left = 0; left < 40; left++)
        random_steps(8, true, 400, UINT32_MAX - left, UINT32_MAX);
}
END_TEST

START_TEST(epoch_may_run_out)
{
    struct entry e = {.space = {.domain = 1}, .address = IOVA, .spa = PAGE, .host_shift = 12};
    struct tlb tlb;

    open_tlb(&tlb, 5);
    tlb.epoch = UINT32_MAX;
    fill(&tlb, &e);
    ck_assert_ptr_nonnull(ptc_lookup(&tlb, &e.space, IOVA));
    tlb_invalidate_all(&tlb);
    ck_assert_ptr_null(ptc_lookup(&tlb, &e.space, IOVA));
    tlb_destroy(&tlb, NULL);
}
END_TEST

START_TEST(domain_generations_may_run_out)
{
    struct entry host = {.space = {.domain = 1}, .address = IOVA, .spa = PAGE, .host_shift = 12};
    struct entry guest = {.space = {.domain = 1, .guest = true, .pasid = 5},
                          .address = IOVA,
                          .host_shift = 12,
                          .guest_shift = 12};
    struct cmd_range all = {.shift = CMD_RANGE_ALL};
    struct tlb tlb;

    open_tlb(&tlb, 5);
    tlb.domains[1] = (struct tlb_domain){UINT32_MAX, UINT32_MAX, UINT32_MAX};
    fill(&tlb, &host);
    fill(&tlb, &guest);
    tlb_invalidate(&tlb, &host.space, &all, true);
    ck_assert_ptr_null(ptc_lookup(&tlb, &host.space, IOVA));
    ck_assert_ptr_null(ptc_lookup(&tlb, &guest.space, IOVA));
    tlb_destroy(&tlb, NULL);
}
END_TEST

/* ---------------------------------------------------------------- directories */

static bool probe(struct tlb *tlb, const struct tlb_space *space, enum walk_kind kind, uint64_t tag,
                  struct walk_dir *found)
{
    *found = (struct walk_dir){.kind = (uint8_t)kind, .tag = tag};
    return tlb_probe(tlb, space, found, 4);
}

static void keep(struct tlb *tlb, const struct tlb_space *space, enum walk_kind kind, unsigned level,
                 uint64_t tag, uint64_t table)
{
    tlb_keep(tlb, space,
             &(struct walk_dir){.kind = (uint8_t)kind, .level = (uint8_t)level, .tag = tag, .table = table});
}

START_TEST(deepest_directory_answers)
{
    struct tlb_space space = {.domain = 1};
    struct walk_dir found;
    struct tlb tlb;

    open_tlb(&tlb, 6);
    keep(&tlb, &space, WALK_HOST, 3, 0x40000000, 0x3000);
    keep(&tlb, &space, WALK_HOST, 1, 0x40000000, 0x1000);
    ck_assert(probe(&tlb, &space, WALK_HOST, 0x40001000, &found));
    ck_assert_uint_eq(found.table, 0x1000);
    ck_assert_uint_eq(found.level, 1);
    ck_assert(probe(&tlb, &space, WALK_HOST, 0x40200000, &found));
    ck_assert_uint_eq(found.table, 0x3000);
    ck_assert(!probe(&tlb, &space, WALK_HOST, UINT64_C(1) << 40, &found));
    tlb_destroy(&tlb, NULL);
}
END_TEST

START_TEST(pde_bit_decides_about_host_directories)
{
    struct tlb_space space = {.domain = 1};
    struct cmd_range page = {.base = 0x40000000, .shift = 12}, elsewhere = {.base = 0x80000000, .shift = 12};
    struct walk_dir found;
    struct tlb tlb;

    open_tlb(&tlb, 6);
    keep(&tlb, &space, WALK_HOST, 1, 0x40000000, 0x1000);
    tlb_invalidate(&tlb, &space, &page, false);
    ck_assert(probe(&tlb, &space, WALK_HOST, 0x40000000, &found));
    tlb_invalidate(&tlb, &space, &elsewhere, true);
    ck_assert(probe(&tlb, &space, WALK_HOST, 0x40000000, &found));
    tlb_invalidate(&tlb, &space, &page, true);
    ck_assert(!probe(&tlb, &space, WALK_HOST, 0x40000000, &found));
    tlb_destroy(&tlb, NULL);
}
END_TEST

START_TEST(wide_ranges_sweep_directories_of_every_level)
{
    struct tlb_space space = {.domain = 1};
    struct cmd_range wide = {.base = 0, .shift = 48};
    struct walk_dir found;
    struct tlb tlb;

    open_tlb(&tlb, 4);
    for (unsigned level = 1; level < 4; level++)
        keep(&tlb, &space, WALK_HOST, level, 0x40000000, level << 12);
    tlb_invalidate(&tlb, &space, &wide, true);
    ck_assert(!probe(&tlb, &space, WALK_HOST, 0x40000000, &found));
    tlb_destroy(&tlb, NULL);
}
END_TEST

START_TEST(guest_directories_die_with_their_pasid_or_their_domain)
{
    struct tlb_space guest = {.domain = 1, .guest = true, .pasid = 5}, host = {.domain = 1}, other = guest;
    struct cmd_range all = {.shift = CMD_RANGE_ALL}, far = {.base = UINT64_C(1) << 40, .shift = 12};
    struct walk_dir found;
    struct tlb tlb;

    other.pasid = 6;
    open_tlb(&tlb, 6);
    for (int round = 0; round < 2; round++) {
        keep(&tlb, &guest, WALK_GUEST, 1, 0x40000000, 0x1000);
        keep(&tlb, &guest, WALK_GCR3, 0, 5, 0x2000);
        tlb_invalidate(&tlb, &other, &all, true);
        tlb_invalidate(&tlb, &guest, &all, false);
        ck_assert(probe(&tlb, &guest, WALK_GUEST, 0x40000000, &found));
        ck_assert(probe(&tlb, &guest, WALK_GCR3, 5, &found));
        ck_assert_uint_eq(found.table, 0x2000);
        tlb_invalidate(&tlb, round ? &host : &guest, round ? &far : &all, true);
        ck_assert(!probe(&tlb, &guest, WALK_GUEST, 0x40000000, &found));
        ck_assert(!probe(&tlb, &guest, WALK_GCR3, 5, &found));
    }
    tlb_destroy(&tlb, NULL);
}
END_TEST

START_TEST(guest_range_with_pde_drops_directories_in_range_and_the_gcr3_entry)
{
    struct tlb_space guest = {.domain = 1, .guest = true, .pasid = 5};
    struct cmd_range page = {.base = 0x40000000, .shift = 12};
    struct walk_dir found;
    struct tlb tlb;

    open_tlb(&tlb, 6);
    keep(&tlb, &guest, WALK_GUEST, 1, 0x40000000, 0x1000);
    keep(&tlb, &guest, WALK_GUEST, 1, 0x80000000, 0x3000);
    keep(&tlb, &guest, WALK_GCR3, 0, 5, 0x2000);
    tlb_invalidate(&tlb, &guest, &page, true);
    ck_assert(!probe(&tlb, &guest, WALK_GUEST, 0x40000000, &found));
    ck_assert(probe(&tlb, &guest, WALK_GUEST, 0x80000000, &found));
    ck_assert(!probe(&tlb, &guest, WALK_GCR3, 5, &found));
    tlb_destroy(&tlb, NULL);
}
END_TEST

/* What performance counter 13h adds up (2.9): each line, and each generation by which many lines go at once;
 * that of what is nested in a domain once anything is nested. */
START_TEST(host_invalidations_count_lines_and_generations)
{
    struct entry e = {.space = {.domain = 1}, .address = IOVA, .spa = PAGE, .host_shift = 12}, next = e;
    struct entry nested = {.space = {.domain = 1, .guest = true, .pasid = 5},
                           .address = IOVA,
                           .spa = PAGE,
                           .host_shift = 12,
                           .guest_shift = 12};
    struct cmd_range page = {.base = IOVA, .shift = 12}, pages = {.base = IOVA, .shift = 13},
                     wide = {.base = 0, .shift = 48}, all = {.shift = CMD_RANGE_ALL};
    struct tlb tlb;

    next.address += 0x1000;
    open_tlb(&tlb, 4);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &page, false), 0);
    fill(&tlb, &e);
    fill(&tlb, &next);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &page, false), 1);
    fill(&tlb, &e);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &pages, false), 2);
    fill(&tlb, &e);
    fill(&tlb, &next);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &wide, false), 2);
    keep(&tlb, &e.space, WALK_HOST, 1, IOVA, 0x1000);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &page, true), 1);
    for (unsigned level = 1; level < 4; level++)
        keep(&tlb, &e.space, WALK_HOST, level, IOVA, level << 12);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &wide, true), 3);
    fill(&tlb, &e);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &all, true), 1);
    fill(&tlb, &e);
    fill(&tlb, &nested);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &page, false), 2);
    tlb_destroy(&tlb, NULL);
}
END_TEST

START_TEST(guest_invalidations_count_lines_and_pages_of_fragments)
{
    struct entry e = {.space = {.domain = 1, .guest = true, .pasid = 5},
                      .address = 0x40000000,
                      .spa = PAGE,
                      .host_shift = 12,
                      .guest_shift = 12};
    struct cmd_range page = {.base = 0x40000000, .shift = 12}, beside = {.base = 0x40001000, .shift = 12},
                     wide = {.base = 0, .shift = 48}, all = {.shift = CMD_RANGE_ALL};
    struct tlb tlb;

    open_tlb(&tlb, 4);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &page, false), 0);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &all, false), 0);
    fill(&tlb, &e);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &page, false), 1);
    e.guest_shift = 21; /* a fragment: all of its page goes by one generation */
    fill(&tlb, &e);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &beside, false), 1);
    ck_assert_ptr_null(ptc_lookup(&tlb, &e.space, e.address));
    fill(&tlb, &e);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &wide, false), 2);
    keep(&tlb, &e.space, WALK_GUEST, 1, 0x40000000, 0x1000);
    keep(&tlb, &e.space, WALK_GCR3, 0, 5, 0x2000);
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &beside, true), 3); /* and the page's generation */
    ck_assert_uint_eq(tlb_invalidate(&tlb, &e.space, &all, true), 1);
    tlb_destroy(&tlb, NULL);
}
END_TEST

START_TEST(spaces_do_not_mix)
{
    struct entry e = {.space = {.domain = 1, .guest = true, .pasid = 0},
                      .address = IOVA,
                      .spa = PAGE,
                      .host_shift = 12,
                      .guest_shift = 12};
    struct tlb_space host = {.domain = 1}, pasid = {.domain = 1, .guest = true, .pasid = 1},
                     domain = {.domain = 2, .guest = true};
    struct tlb tlb;

    open_tlb(&tlb, 6);
    fill(&tlb, &e);
    ck_assert_ptr_nonnull(ptc_lookup(&tlb, &e.space, IOVA));
    ck_assert_ptr_null(ptc_lookup(&tlb, &host, IOVA));
    ck_assert_ptr_null(ptc_lookup(&tlb, &pasid, IOVA));
    ck_assert_ptr_null(ptc_lookup(&tlb, &domain, IOVA));
    tlb_destroy(&tlb, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tlb");
    TCase *tests = tcase_create("tlb");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, found_until_invalidated);
    tcase_add_test(tests, never_found_after_invalidation_in_a_small_array);
    tcase_add_test(tests, generations_may_run_out);
    tcase_add_test(tests, epoch_may_run_out);
    tcase_add_test(tests, domain_generations_may_run_out);
    tcase_add_test(tests, deepest_directory_answers);
    tcase_add_test(tests, pde_bit_decides_about_host_directories);
    tcase_add_test(tests, wide_ranges_sweep_directories_of_every_level);
    tcase_add_test(tests, guest_directories_die_with_their_pasid_or_their_domain);
    tcase_add_test(tests, guest_range_with_pde_drops_directories_in_range_and_the_gcr3_entry);
    tcase_add_test(tests, host_invalidations_count_lines_and_generations);
    tcase_add_test(tests, guest_invalidations_count_lines_and_pages_of_fragments);
    tcase_add_test(tests, spaces_do_not_mix);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
