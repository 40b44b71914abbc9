// SPDX-License-Identifier: Apache-2.0
/*
 * INVALIDATE_IOMMU_ALL of a guest (viommu 7.1, 11 #14): it drops what the maps name, as they are at the time
 * of the run, and a ring full of them costs little more than one.
 */
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>

enum { A, B, FULL = RING_ENTRIES - 1, MAP_PAGES = 256 + 128, NEW = 3 };

static struct world w;

static void setup(void)
{
    world_open(&w, NULL, true);
}

static void teardown(void)
{
    world_close(&w);
}

static void put_all(unsigned g, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        guest_put_command(&w, g, i, UINT64_C(8) << 60, 0);
    ck_assert_int_eq(amdvi_vf_write(w.device, guest_id(g), VF_TAIL, 8, 16 * count), AMDVI_OK);
}

static uint64_t reads_of_run(void)
{
    uint64_t before = w.reads;

    world_run(&w);
    return w.reads - before;
}

/* Both maps once; of each command the command, pointers, and what it takes to find them. */
START_TEST(a_ring_full_of_them_reads_the_maps_once)
{
    put_all(A, FULL);
    put_all(B, FULL);
    ck_assert_uint_le(reads_of_run(), 2 * (4 * MAP_PAGES + 20 * FULL));
    ck_assert_uint_eq(vf_read(&w, A, VF_HEAD), 16 * FULL);
    ck_assert_uint_eq(vf_read(&w, B, VF_HEAD), 16 * FULL);
}
END_TEST

static uint64_t page_of_b(void)
{
    struct amdvi_result result = guest_ask(&w, B, 0, AMDVI_READ, G_IOVA);

    ck_assert(result.ok);
    return result.pa - guest_spa(B, G_DATA);
}

/* Guest B's page has moved, and nobody has told the device: A's command can, if A's map names B's domain. */
static void move_page_of_b(void)
{
    ck_assert_uint_eq(page_of_b(), 0);
    guest_put64(&w, B, G_LEAF + 8 * (G_IOVA / PAGE_BYTES), (G_DATA + NEW * PAGE_BYTES) | 7);
    ck_assert_uint_eq(page_of_b(), 0);
}

static void name_domain_of_b(bool by_register)
{
    if (by_register)
        map_domain_id(&w, A, 9, host_domain(B, 0));
    else
        put64(&w, w.domain_map[A] + 8 * 9, (uint64_t)host_domain(B, 0) << 24 | 1);
}

START_TEST(the_next_run_sees_the_maps_as_they_are_then)
{
    move_page_of_b();
    put_all(A, 10);
    world_run(&w);
    ck_assert_uint_eq(page_of_b(), 0);
    name_domain_of_b(_i);
    put_all(A, 20);
    world_run(&w);
    ck_assert_uint_eq(page_of_b(), NEW * PAGE_BYTES);
}
END_TEST

/* The same for a device: B's entry names another guest, and is seen when A's map names the device. */
START_TEST(so_it_does_for_devices)
{
    uint64_t entry = H_DEVTAB + 32 * (uint64_t)host_device(B, 0);

    ck_assert_uint_eq(page_of_b(), 0);
    put64(&w, entry, 0);
    put_all(A, 10);
    world_run(&w);
    ck_assert_uint_eq(page_of_b(), 0);
    put64(&w, w.device_map[A] + 16 * 9, (uint64_t)host_device(B, 0) << 24 | 1);
    put_all(A, 20);
    world_run(&w);
    ck_assert(guest_ask(&w, B, 0, AMDVI_READ, G_IOVA).pa != guest_spa(B, G_DATA));
}
END_TEST

START_TEST(without_memory_to_remember_in_it_works_as_well)
{
    unsigned blocks = w.live_blocks;

    move_page_of_b();
    name_domain_of_b(true);
    w.allocation_fails = w.allocations + 1;
    put_all(A, 1);
    world_run(&w);
    ck_assert_uint_eq(w.allocations, w.allocation_fails);
    ck_assert_uint_eq(page_of_b(), NEW * PAGE_BYTES);
    ck_assert_uint_eq(w.live_blocks, blocks);
}
END_TEST

START_TEST(no_memory_is_kept_between_runs)
{
    unsigned blocks = w.live_blocks;

    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        put_all(g, 3);
    world_run(&w);
    ck_assert_uint_eq(w.live_blocks, blocks);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: INVALIDATE_IOMMU_ALL");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_ring_full_of_them_reads_the_maps_once);
    tcase_add_loop_test(tests, the_next_run_sees_the_maps_as_they_are_then, 0, 2);
    tcase_add_test(tests, so_it_does_for_devices);
    tcase_add_test(tests, without_memory_to_remember_in_it_works_as_well);
    tcase_add_test(tests, no_memory_is_kept_between_runs);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
