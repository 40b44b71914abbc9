// SPDX-License-Identifier: Apache-2.0
/* Translations that PREFETCH_IOMMU_PAGES has put into the cache (iommu 6.4 opcode 6) are those of the guest
 * that owns the device: its INVALIDATE_IOMMU_ALL takes them, whatever its maps name (viommu 11 #14). */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>

enum { A, NEW = 3, GN = 4 };

static struct world w;

static void prefetch(bool by_guest)
{
    uint64_t low = UINT64_C(6) << 60 | (uint64_t)G_PASID << 32;

    if (by_guest)
        guest_command(&w, A, low | guest_device(0), G_IOVA | GN);
    else
        host_command(&w, low | host_device(A, 0), G_IOVA | GN);
}

static uint64_t page_of_device(void)
{
    struct amdvi_result result = guest_ask(&w, A, 0, AMDVI_READ, G_IOVA);

    ck_assert(result.ok);
    return result.pa - guest_spa(A, G_DATA);
}

static void move_page(void)
{
    guest_put64(&w, A, G_LEAF + 8 * (G_IOVA / PAGE_BYTES), (G_DATA + NEW * PAGE_BYTES) | 7);
}

static void setup(void)
{
    /* Preset genoa with PreFSup; no accessed bits, with which nothing is prefetched for guests. */
    world_open(&w, "efr=0x25bf732fa2295aff walk.hardware_ad=off", true);
}

static void teardown(void)
{
    world_close(&w);
}

START_TEST(a_prefetched_page_is_there)
{
    prefetch(_i);
    move_page();
    ck_assert_uint_eq(page_of_device(), 0);
}
END_TEST

/* The guest's DomIDMap does not name the domain of the device: what is left is whose it is. */
START_TEST(a_guests_invalidate_all_takes_it)
{
    put64(&w, w.domain_map[A] + 8 * guest_domain(0), 0);
    prefetch(_i);
    move_page();
    guest_command(&w, A, UINT64_C(8) << 60, 0);
    ck_assert_uint_eq(page_of_device(), NEW * PAGE_BYTES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: prefetched");
    TCase *tests = tcase_create("prefetched");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_prefetched_page_is_there, 0, 2);
    tcase_add_loop_test(tests, a_guests_invalidate_all_takes_it, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
