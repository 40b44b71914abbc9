// SPDX-License-Identifier: Apache-2.0
/* Sparse memory against a plain array, and at its borders. */
#include "amdvi/sparse_memory.h"
#include "random_trace.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW ((size_t)4 << 20)

static struct amdvi_sparse *memory;

static void make(void)
{
    ck_assert_int_eq(amdvi_sparse_create(AMDVI_SPARSE_MAX_SIZE, 0, &memory), AMDVI_SPARSE_OK);
}

static void destroy(void)
{
    amdvi_sparse_destroy(memory);
}

START_TEST(equals_an_array)
{
    struct random_trace random;
    uint8_t *array = calloc(1, WINDOW), *back = malloc(WINDOW);
    uint64_t base = (UINT64_C(1) << 40) + 12345; /* no alignment helps */
    random_start(&random, random_seed());
    for (unsigned n = 0; n < 3000; n++) {
        size_t len = random_trace_below(&random, 1 + (WINDOW >> random_trace_below(&random, 22)));
        size_t at = random_trace_below(&random, WINDOW - len + 1);
        uint8_t byte = (uint8_t)random_trace_below(&random, 3);
        if (random_trace_below(&random, 2)) {
            memset(array + at, byte, len);
            ck_assert_int_eq(amdvi_sparse_fill(memory, base + at, len, byte), AMDVI_SPARSE_OK);
        } else {
            len %= 9000;
            for (size_t i = 0; i < len; i++)
                array[at + i] = (uint8_t)(random_trace_below(&random, 250) + 5);
            ck_assert_int_eq(amdvi_sparse_write(memory, base + at, array + at, len), AMDVI_SPARSE_OK);
        }
        if (n % 50)
            continue;
        ck_assert_int_eq(amdvi_sparse_read(memory, base, back, WINDOW), AMDVI_SPARSE_OK);
        ck_assert_mem_eq(array, back, WINDOW);
        ck_assert_int_eq(amdvi_sparse_compare(memory, base, array, WINDOW, NULL), AMDVI_SPARSE_OK);
    }
    free(array);
    free(back);
}
END_TEST

START_TEST(huge_fill_is_cheap)
{
    uint8_t byte = 0;
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(amdvi_sparse_fill(memory, i, AMDVI_SPARSE_MAX_SIZE - 2 * i, (uint8_t)i),
                         AMDVI_SPARSE_OK);
        ck_assert_int_eq(amdvi_sparse_write(memory, UINT64_C(1) << 51 | i, "x", 1), AMDVI_SPARSE_OK);
    }
    ck_assert_uint_lt(amdvi_sparse_used(memory), 200000);
    amdvi_sparse_read(memory, UINT64_C(1) << 50, &byte, 1);
    ck_assert_uint_eq(byte, 99);
    amdvi_sparse_read(memory, 98, &byte, 1);
    ck_assert_uint_eq(byte, 98);
    amdvi_sparse_read(memory, AMDVI_SPARSE_MAX_SIZE - 1, &byte, 1);
    ck_assert_uint_eq(byte, 0);
}
END_TEST

START_TEST(ends_at_its_size)
{
    uint8_t bytes[16] = {0};
    uint64_t word = 0;
    struct amdvi_sparse *small;
    ck_assert_int_eq(amdvi_sparse_create(AMDVI_SPARSE_MAX_SIZE + 1, 0, &small), AMDVI_SPARSE_ERR_RANGE);
    ck_assert_int_eq(amdvi_sparse_create(0x1008, 0, &small), AMDVI_SPARSE_OK);
    ck_assert_int_eq(amdvi_sparse_write(small, 0x1000, bytes, 8), AMDVI_SPARSE_OK);
    ck_assert_int_eq(amdvi_sparse_write(small, 0x1001, bytes, 8), AMDVI_SPARSE_ERR_RANGE);
    ck_assert_int_eq(amdvi_sparse_read(small, UINT64_MAX, bytes, 16), AMDVI_SPARSE_ERR_RANGE);
    ck_assert_int_eq(amdvi_sparse_read(small, 0x1008, bytes, 0), AMDVI_SPARSE_OK);
    ck_assert_int_eq(amdvi_sparse_fill(small, 1, UINT64_MAX, 0), AMDVI_SPARSE_ERR_RANGE);
    ck_assert_int_eq(amdvi_sparse_compare(small, 0x1002, bytes, 8, NULL), AMDVI_SPARSE_ERR_RANGE);
    ck_assert_int_eq(amdvi_sparse_cas64(small, 0x1008, &word, 1), AMDVI_SPARSE_ERR_RANGE);
    ck_assert_int_eq(amdvi_sparse_cas64(small, 0x4, &word, 1), AMDVI_SPARSE_ERR_RANGE);
    ck_assert_ptr_null(amdvi_sparse_pointer(small, 0x1004, 8, true));
    amdvi_sparse_destroy(small);
}
END_TEST

START_TEST(has_a_limit)
{
    struct amdvi_sparse *small;
    enum amdvi_sparse_status status = AMDVI_SPARSE_OK;
    ck_assert_int_eq(amdvi_sparse_create(AMDVI_SPARSE_MAX_SIZE, 100000, &small), AMDVI_SPARSE_OK);
    for (uint64_t i = 0; i < 1000 && status == AMDVI_SPARSE_OK; i++)
        status = amdvi_sparse_write(small, i << 20, "x", 1);
    ck_assert_int_eq(status, AMDVI_SPARSE_ERR_MEMORY);
    ck_assert_uint_le(amdvi_sparse_used(small), 100000);
    status = AMDVI_SPARSE_OK;
    for (uint64_t i = 0; i < 10000 && status == AMDVI_SPARSE_OK; i++)
        status = amdvi_sparse_fill(small, i << 30, 1 << 20, 1);
    ck_assert_int_eq(status, AMDVI_SPARSE_ERR_MEMORY);
    amdvi_sparse_destroy(small);
}
END_TEST

START_TEST(exchanges_and_points)
{
    uint64_t word = 0;
    uint64_t where = 0;
    ck_assert_int_eq(amdvi_sparse_cas64(memory, 0x10, &word, 5), AMDVI_SPARSE_OK);
    ck_assert_int_eq(amdvi_sparse_cas64(memory, 0x10, &word, 6), AMDVI_SPARSE_DIFFERENT);
    ck_assert_uint_eq(word, 5);
    ck_assert_int_eq(amdvi_sparse_cas64(memory, 0x10, &word, 6), AMDVI_SPARSE_OK);
    uint8_t *at = amdvi_sparse_pointer(memory, 0x10, 8, true);
    ck_assert_uint_eq(at[0], 6);
    at[1] = 7;
    ck_assert_int_eq(amdvi_sparse_compare(memory, 0x10, "\x06\x08", 2, &where), AMDVI_SPARSE_DIFFERENT);
    ck_assert_uint_eq(where, 0x11);
    ck_assert_ptr_null(amdvi_sparse_pointer(memory, 0xfff, 2, true));
    amdvi_sparse_fill(memory, 0x2000, 0x1000, 0x77);
    const uint8_t *uniform = amdvi_sparse_pointer(memory, 0x2ff0, 16, false);
    ck_assert_uint_eq(uniform[15], 0x77);
}
END_TEST

static int count_pages(void *context, uint64_t addr, const uint8_t page[4096])
{
    unsigned *count = context;
    ck_assert_uint_eq(addr % 0x100000, 0);
    ck_assert_uint_eq(page[0], 'x');
    return ++*count == 5;
}

START_TEST(walks_its_pages)
{
    unsigned count = 0;
    for (uint64_t i = 0; i < 3; i++)
        amdvi_sparse_write(memory, i << 20, "x", 1);
    amdvi_sparse_fill(memory, 0x10000000, 0x10000000, 9);
    ck_assert_int_eq(amdvi_sparse_pages(memory, count_pages, &count), 0);
    ck_assert_uint_eq(count, 3);
    for (uint64_t i = 3; i < 9; i++)
        amdvi_sparse_write(memory, i << 20, "x", 1);
    count = 0;
    ck_assert_int_eq(amdvi_sparse_pages(memory, count_pages, &count), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sparse memory");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make, destroy);
    tcase_add_test(tests, equals_an_array);
    tcase_add_test(tests, huge_fill_is_cheap);
    tcase_add_test(tests, ends_at_its_size);
    tcase_add_test(tests, has_a_limit);
    tcase_add_test(tests, exchanges_and_points);
    tcase_add_test(tests, walks_its_pages);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
