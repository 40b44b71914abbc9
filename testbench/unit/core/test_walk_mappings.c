// SPDX-License-Identifier: Apache-2.0
/* Walks over the mappings of a device, on tables that are laid out by hand (amdvi/host.h). */
#include "machine.h"

#include "amdvi/host.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "");
}

static void teardown(void)
{
    machine_close(&m);
}

enum { MAPPINGS = 64 };
static struct amdvi_mapping mapped[MAPPINGS];
static unsigned mapped_count, mapped_stop;

static int on_mapping(void *context, const struct amdvi_mapping *mapping)
{
    ck_assert_uint_lt(mapped_count, MAPPINGS);
    mapped[mapped_count++] = *mapping;
    return mapped_count == mapped_stop;
}

static void walk(uint16_t device, uint64_t first, uint64_t last, const uint32_t *pasid)
{
    struct amdvi_mappings w = {.device = device, .first = first, .last = last, .mapping = on_mapping};

    w.has_pasid = pasid != NULL;
    w.pasid = pasid ? *pasid : 0;
    mapped_count = 0;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &w), AMDVI_OK);
}

static void must_map(unsigned i, uint64_t iova, uint64_t last, uint64_t spa, uint8_t perm)
{
    ck_assert_uint_lt(i, mapped_count);
    ck_assert_uint_eq(mapped[i].iova, iova);
    ck_assert_uint_eq(mapped[i].last, last);
    ck_assert_uint_eq(mapped[i].spa, spa);
    ck_assert_uint_eq(mapped[i].perm, perm);
}

START_TEST(mappings_of_host_tables)
{
    uint64_t table = map_host(&m, DEV, D_OK, 0), value = get64(&m, table + 8 * (IOVA >> 12 & 511));

    boot(&m, C_NORMAL);
    put64(&m, table + 8 * 8, value + 0x1000);                           /* the next page, contiguous */
    put64(&m, table + 8 * 9, (value + 0x2000) & ~(UINT64_C(1) << 62));  /* contiguous, but read-only */
    put64(&m, table + 8 * 11, (value + 0x4000) & ~(UINT64_C(1) << 61)); /* behind a hole, write-only */
    walk(DEV, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 3);
    must_map(0, IOVA, IOVA + 0x1fff, PAGE, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    must_map(1, IOVA + 0x2000, IOVA + 0x2fff, PAGE + 0x2000, AMDVI_RIGHT_READ);
    must_map(2, IOVA + 0x4000, IOVA + 0x4fff, PAGE + 0x4000, AMDVI_RIGHT_WRITE);
    walk(DEV, IOVA + 0x1004, IOVA + 0x1008, NULL); /* cut to pages */
    ck_assert_uint_eq(mapped_count, 1);
    must_map(0, IOVA + 0x1000, IOVA + 0x1fff, PAGE + 0x1000, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    mapped_stop = 1;
    walk(DEV, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 1);
    mapped_stop = 0;
    ck_assert_uint_eq(m.irqs, 0);
}
END_TEST

START_TEST(mappings_of_guest_tables)
{
    uint32_t five = 5, six = 6;

    map_guest(&m, DEV, D_OK | D_GV, 0);
    boot(&m, C_NORMAL | C_GT);
    walk(DEV, 0, UINT64_MAX, &five);
    ck_assert_uint_eq(mapped_count, 1);
    must_map(0, IOVA, IOVA + 0xfff, PAGE, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    walk(DEV, 0, UINT64_MAX, &six);
    ck_assert_uint_eq(mapped_count, 0);
}
END_TEST

START_TEST(mappings_of_devices_that_pass_or_fail)
{
    dte(&m, DEV, D_OK, 0, 0);
    dte(&m, DEV + 1, D_V, 0, 0); /* TV=0: refused */
    boot(&m, C_NORMAL);
    walk(DEV, 0x1000, 0x10fff, NULL);
    ck_assert_uint_eq(mapped_count, 1);
    ck_assert(mapped[0].identity);
    must_map(0, 0x1000, 0x10fff, 0x1000, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    walk(DEV + 1, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 0);
    walk(DEV + 2, 0, UINT64_MAX, NULL); /* V=0 */
    ck_assert_uint_eq(mapped_count, 1);
    must_map(0, 0, UINT64_MAX, 0, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
}
END_TEST

/* Addresses that no table is read for: the walk does not go over them in small steps. */
START_TEST(mappings_end_where_nothing_can_be)
{
    map_guest(&m, DEV, D_OK | D_GV | UINT64_C(1) << 54, 0); /* GIoV: no upper half [5.2] */
    map_host(&m, DEV + 1, D_V | D_TV, 0);                   /* IR=IW=0 */
    boot(&m, C_NORMAL | C_GT);
    walk(DEV, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 1);
    must_map(0, IOVA, IOVA + 0xfff, PAGE, AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
    walk(DEV + 1, 0, UINT64_MAX, NULL);
    ck_assert_uint_eq(mapped_count, 0);
}
END_TEST

START_TEST(a_walk_refuses_what_makes_no_sense)
{
    struct amdvi_mappings w = {.mapping = on_mapping, .last = 1};

    ck_assert_int_eq(amdvi_walk_mappings(NULL, &w), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_walk_mappings(m.device, NULL), AMDVI_ERR_ARGUMENT);
    w.first = 2;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &w), AMDVI_ERR_ARGUMENT);
    w.first = 0;
    w.pasid = 1u << 20;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &w), AMDVI_ERR_ARGUMENT);
    w.pasid = 0;
    w.mapping = NULL;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &w), AMDVI_ERR_ARGUMENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("walks over mappings");
    TCase *tests = tcase_create("walks over mappings");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, mappings_of_host_tables);
    tcase_add_test(tests, mappings_of_guest_tables);
    tcase_add_test(tests, mappings_of_devices_that_pass_or_fail);
    tcase_add_test(tests, mappings_end_where_nothing_can_be);
    tcase_add_test(tests, a_walk_refuses_what_makes_no_sense);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
