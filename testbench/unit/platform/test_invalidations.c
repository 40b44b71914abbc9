// SPDX-License-Identifier: Apache-2.0
/* How devices answer invalidations: at once, late, never, wrongly; and what the IOMMU makes of it. */
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

enum { IOVA = 0x10000, LATE = 5000 };

/* A minute, longer than any time-out of the model. */
static const uint64_t LONG = UINT64_C(60000000000);

static struct board b;

static void setup(void)
{
    board_init(&b);
    board_start(&b);
    for (uint64_t i = 0; i < 4; i++)
        board_map(&b, IOVA + i * 0x1000, BOARD_DATA + i * 0x1000, true, true);
    board_enable_ats(&b);
}

static void teardown(void)
{
    board_stop(&b);
}

static void touch(unsigned page)
{
    const struct dma_access access = {
        .address = IOVA + page * 0x1000, .length = 8, .write = true, .ats = true};
    uint64_t word = 0x77;

    ck_assert_int_eq(dma_access(b.device, &access, &word, NULL), DMA_DONE);
}

static size_t held(void)
{
    struct dma_translation translation;
    size_t count = 0;

    while (dma_atc_entry(b.device, count, &translation))
        count++;
    return count;
}

static void invalidate_and_wait(void)
{
    board_invalidate_atc(&b);
    board_queue_wait(&b);
}

START_TEST(test_at_once)
{
    touch(0);
    invalidate_and_wait();
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(dma_statistics(b.device).invalidations, 1);
    ck_assert_uint_eq(dma_statistics(b.device).invalidations_answered, 1);
    ck_assert_uint_eq(dma_statistics(b.device).dropped, 1);
}
END_TEST

START_TEST(test_only_what_is_covered)
{
    for (unsigned i = 0; i < 4; i++)
        touch(i);
    board_invalidate_atc_page(&b, IOVA + 0x2000);
    ck_assert_uint_eq(held(), 3);
    for (size_t i = 0; i < 3; i++) {
        struct dma_translation translation;
        ck_assert(dma_atc_entry(b.device, i, &translation));
        ck_assert_uint_ne(translation.address, IOVA + 0x2000);
    }
}
END_TEST

/* Until it answers the device may use what it has; the wait behind the invalidation does not end before. */
START_TEST(test_late)
{
    touch(0);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, LATE);
    invalidate_and_wait();
    machine_delay(b.machine, LATE - 1);
    ck_assert(!board_waited(&b));
    ck_assert_uint_eq(held(), 1);
    touch(0);
    ck_assert_uint_eq(dma_statistics(b.device).atc_hits, 1);
    machine_delay(b.machine, 1);
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(board_events(&b), 0);
}
END_TEST

START_TEST(test_late_answers_come_in_their_order)
{
    touch(0);
    touch(1);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, 2 * LATE);
    board_invalidate_atc_page(&b, IOVA);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, LATE);
    board_invalidate_atc_page(&b, IOVA + 0x1000);
    board_queue_wait(&b);
    machine_delay(b.machine, LATE);
    ck_assert_uint_eq(dma_statistics(b.device).invalidations_answered, 1);
    ck_assert_uint_eq(held(), 1);
    ck_assert(!board_waited(&b));
    machine_delay(b.machine, LATE);
    ck_assert_uint_eq(dma_statistics(b.device).invalidations_answered, 2);
    ck_assert(board_waited(&b));
}
END_TEST

START_TEST(test_late_on_demand)
{
    touch(0);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, LONG);
    board_invalidate_atc(&b);
    invalidate_and_wait();
    ck_assert(!board_waited(&b));
    dma_answer_invalidations(b.device);
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(dma_statistics(b.device).invalidations_answered, 2);
    machine_delay(b.machine, 2 * LONG); /* nothing comes a second time */
    ck_assert_uint_eq(dma_statistics(b.device).invalidations_answered, 2);
    ck_assert_uint_eq(dma_statistics(b.device).wrong_answers, 0);
    ck_assert_uint_eq(board_events(&b), 0);
}
END_TEST

static void expect_timeout(void)
{
    invalidate_and_wait();
    ck_assert(!board_waited(&b));
    machine_delay(b.machine, LONG);
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(board_events(&b), 1);
    ck_assert_uint_eq(board_event(&b, 0), AMDVI_EVT_IOTLB_INV_TIMEOUT);
}

START_TEST(test_never)
{
    touch(0);
    dma_set_invalidation(b.device, DMA_INVALIDATE_NEVER, 0);
    expect_timeout();
    ck_assert_uint_eq(held(), 1);
}
END_TEST

START_TEST(test_lost)
{
    touch(0);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LOST, 0);
    expect_timeout();
    ck_assert_uint_eq(held(), 0);
}
END_TEST

/* After the time-out an answer is one to nothing. */
START_TEST(test_too_late)
{
    touch(0);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, LONG + 1);
    expect_timeout();
    machine_delay(b.machine, 1);
    ck_assert_uint_eq(dma_statistics(b.device).wrong_answers, 1);
    ck_assert_uint_eq(dma_statistics(b.device).invalidations_answered, 0);
}
END_TEST

START_TEST(test_a_lie)
{
    touch(0);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LIE, 0);
    invalidate_and_wait();
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(held(), 1);
}
END_TEST

START_TEST(test_a_wrong_tag)
{
    touch(0);
    dma_set_invalidation(b.device, DMA_INVALIDATE_WRONG, 0);
    expect_timeout();
    ck_assert_uint_eq(dma_statistics(b.device).wrong_answers, 1);
    ck_assert_uint_eq(dma_statistics(b.device).invalidations_answered, 0);
}
END_TEST

/* The IOMMU's command for a DeviceID where nobody is. */
START_TEST(test_nobody)
{
    dma_device_remove(b.device);
    expect_timeout();
}
END_TEST

Suite *invalidations_suite(void)
{
    Suite *suite = suite_create("invalidations");
    TCase *tc = tcase_create("invalidations");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_at_once);
    tcase_add_test(tc, test_only_what_is_covered);
    tcase_add_test(tc, test_late);
    tcase_add_test(tc, test_late_answers_come_in_their_order);
    tcase_add_test(tc, test_late_on_demand);
    tcase_add_test(tc, test_never);
    tcase_add_test(tc, test_lost);
    tcase_add_test(tc, test_too_late);
    tcase_add_test(tc, test_a_lie);
    tcase_add_test(tc, test_a_wrong_tag);
    tcase_add_test(tc, test_nobody);
    suite_add_tcase(suite, tc);
    return suite;
}
