// SPDX-License-Identifier: Apache-2.0
/* What of the translation caches is remembered of PASIDs, so that all lines of one can go at once. */
#include "machine.h"
#include "model/caches/tlb.h"

enum { PASIDS = 4 };

static struct tlb_space space_of(uint32_t pasid)
{
    return (struct tlb_space){.domain = 1, .guest = true, .pasid = pasid};
}

/* A PTC of one line: what it holds of one PASID says nothing about the roots of others. */
START_TEST(a_small_ptc_does_not_empty_the_gcr3_cache)
{
    const struct tlb_config config = {.gcr3 = {.log2_entries = 2, .ways = PASIDS, .policy = CACHE_LRU},
                                      .ptc = {.ways = 1},
                                      .pdc = {.ways = 1},
                                      .page_sizes = 1};
    struct tlb tlb;

    ck_assert(tlb_create(&tlb, &config, NULL));
    for (uint32_t pasid = 1; pasid <= PASIDS; pasid++) {
        struct tlb_space space = space_of(pasid);
        tlb_keep(&tlb, &space,
                 &(struct walk_dir){.kind = WALK_GCR3, .tag = pasid, .table = UINT64_C(0x1000) * pasid});
    }
    for (uint32_t pasid = 1; pasid <= PASIDS; pasid++) {
        struct walk_dir found = {.kind = WALK_GCR3, .tag = pasid};
        struct tlb_space space = space_of(pasid);
        ck_assert(tlb_probe(&tlb, &space, &found, 4));
        ck_assert_uint_eq(found.table, 0x1000 * pasid);
    }
    tlb_destroy(&tlb, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contexts");
    TCase *tests = tcase_create("contexts");

    tcase_add_test(tests, a_small_ptc_does_not_empty_the_gcr3_cache);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
