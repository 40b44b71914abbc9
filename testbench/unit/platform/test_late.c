// SPDX-License-Identifier: Apache-2.0
/* When things happen: at once or when time passes, in which order, the same each time. */
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include <linux/pci_regs.h>
#include <string.h>

enum { IOVA = 0x10000 };

static struct board b;

static void setup(void)
{
    board_init(&b);
}

static void teardown(void)
{
    board_stop(&b);
}

START_TEST(test_inline_the_doorbell_does_all)
{
    board_start(&b);
    board_queue_wait(&b);
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(machine_now(b.machine), 0);
}
END_TEST

START_TEST(test_late_the_doorbell_only_notes)
{
    b.config.late = true;
    board_start(&b);
    board_queue_wait(&b);
    ck_assert(!board_waited(&b));
    ck_assert_uint_eq(board_get(&b, 0x2008), 16); /* tail */
    ck_assert_uint_eq(board_get(&b, 0x2000), 0);  /* head */
    machine_delay(b.machine, 1);
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(board_get(&b, 0x2000), 16);
    ck_assert_uint_eq(machine_now(b.machine), 1);
    ck_assert_uint_eq(machine_statistics(b.machine).delays, 1);
}
END_TEST

START_TEST(test_settle_takes_no_time)
{
    b.config.late = true;
    board_start(&b);
    board_queue_wait(&b);
    machine_settle(b.machine);
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(machine_now(b.machine), 0);
}
END_TEST

/* Old tables are used until the invalidation is executed. */
START_TEST(test_late_requests_see_old_translations)
{
    uint64_t word = 7;

    b.config.late = true;
    board_start(&b);
    board_map(&b, IOVA, BOARD_DATA, true, true);
    ck_assert_int_eq(dma_write(b.device, IOVA, &word, 8), DMA_DONE);
    board_map(&b, IOVA, BOARD_DATA + 0x1000, true, true);
    board_invalidate_pages(&b);
    word = 8;
    ck_assert_int_eq(dma_write(b.device, IOVA, &word, 8), DMA_DONE);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA), 8);
    machine_delay(b.machine, 1);
    ck_assert_int_eq(dma_write(b.device, IOVA, &word, 8), DMA_DONE);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 0x1000), 8);
}
END_TEST

START_TEST(test_modes_change)
{
    board_start(&b);
    machine_set_late(b.machine, true);
    board_queue_wait(&b);
    ck_assert(!board_waited(&b));
    machine_set_late(b.machine, false);
    board_get(&b, 0x2000);
    ck_assert(board_waited(&b));
}
END_TEST

START_TEST(test_the_clock_does_not_wrap)
{
    board_start(&b);
    machine_delay(b.machine, UINT64_MAX - 5);
    machine_delay(b.machine, UINT64_MAX);
    ck_assert_uint_eq(machine_now(b.machine), UINT64_MAX);
}
END_TEST

/* ---------------------------------------------------------------- delivery and time */

static uint64_t seen_at;

static void remember(void *context, uint64_t address, uint32_t data)
{
    struct board *board = context;

    seen_at = machine_now(board->machine);
    board->count++;
}

static void enable_own_message(void)
{
    machine_cfg_write(b.machine, 0, 0, 2, 0x68, 4, 0xfee02000);
    machine_cfg_write(b.machine, 0, 0, 2, 0x70, 2, 0x31);
    machine_cfg_write(b.machine, 0, 0, 2, 0x66, 2, PCI_MSI_FLAGS_ENABLE);
}

/* COMPLETION_WAIT with an interrupt behind an invalidation that is answered late: delivered at the time of
 * the answer, not at the end of the delay. */
START_TEST(test_messages_come_at_their_time)
{
    b.config.deliver = remember;
    board_start(&b);
    enable_own_message();
    board_set(&b, 0x18, board_get(&b, 0x18) | 1 << 4); /* ComWaitIntEn */
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, 300);
    board_enable_ats(&b);
    board_invalidate_atc(&b);
    board_command(&b, UINT64_C(1) << 60 | 2, 0);
    ck_assert_uint_eq(b.count, 0);
    machine_delay(b.machine, 1000);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(seen_at, 300);
    ck_assert_uint_eq(machine_now(b.machine), 1000);
}
END_TEST

static void wait_inside(void *context, uint64_t address, uint32_t data)
{
    struct board *board = context;

    board->count++;
    machine_delay(board->machine, 5000);
}

/* Who takes an interrupt may wait: the outer delay then ends later, not earlier, and time never goes back. */
START_TEST(test_delays_nest)
{
    b.config.deliver = wait_inside;
    board_start(&b);
    enable_own_message();
    board_set(&b, 0x18, board_get(&b, 0x18) | 1 << 4);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, 300);
    board_enable_ats(&b);
    board_invalidate_atc(&b);
    board_command(&b, UINT64_C(1) << 60 | 2, 0);
    machine_delay(b.machine, 1000);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(machine_now(b.machine), 5300);
}
END_TEST

/* ---------------------------------------------------------------- again */

struct trail {
    uint64_t hash;
    struct machine_statistics counts;
};

static void mix(struct trail *trail, uint64_t value)
{
    trail->hash = (trail->hash ^ value) * UINT64_C(0x100000001b3);
}

static void act(struct trail *trail, uint64_t *seed)
{
    const struct dma_access access = {.address = IOVA + (*seed >> 40 & 7) * 0x1000,
                                      .length = 1 + (*seed >> 20 & 63),
                                      .write = *seed >> 33 & 1,
                                      .ats = *seed >> 34 & 1};
    uint8_t bytes[64] = {0};

    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    mix(trail, dma_access(b.device, &access, bytes, NULL));
    mix(trail, bytes[0]);
    switch (*seed >> 60) {
    case 0:
        board_map(&b, IOVA + (*seed >> 45 & 7) * 0x1000, BOARD_DATA + (*seed >> 50 & 7) * 0x1000, true, true);
        break;
    case 1:
        board_invalidate_pages(&b);
        break;
    case 2:
        board_invalidate_atc(&b);
        break;
    case 3:
        machine_delay(b.machine, *seed >> 50);
        break;
    default:
        break;
    }
}

static struct trail run(bool late)
{
    struct trail trail = {.hash = 1};
    uint64_t seed = 2026;

    board_init(&b);
    b.config.late = late;
    board_start(&b);
    board_enable_ats(&b);
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, 3000);
    for (unsigned i = 0; i < 3000; i++)
        act(&trail, &seed);
    machine_settle(b.machine);
    for (uint64_t at = 0; at < 0x8000; at += 8)
        mix(&trail, ram_get(machine_ram(b.machine), BOARD_DATA + at));
    trail.counts = machine_statistics(b.machine);
    return trail;
}

START_TEST(test_the_same_calls_give_the_same_results)
{
    struct trail first = run(_i), second;

    board_stop(&b);
    second = run(_i);
    ck_assert_uint_eq(first.hash, second.hash);
    ck_assert_mem_eq(&first.counts, &second.counts, sizeof(first.counts));
    ck_assert_uint_gt(dma_statistics(b.device).atc_hits, 100);
    ck_assert_uint_gt(dma_statistics(b.device).invalidations_answered, 10);
}
END_TEST

Suite *late_suite(void)
{
    Suite *suite = suite_create("late");
    TCase *tc = tcase_create("late");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_inline_the_doorbell_does_all);
    tcase_add_test(tc, test_late_the_doorbell_only_notes);
    tcase_add_test(tc, test_settle_takes_no_time);
    tcase_add_test(tc, test_late_requests_see_old_translations);
    tcase_add_test(tc, test_modes_change);
    tcase_add_test(tc, test_the_clock_does_not_wrap);
    tcase_add_test(tc, test_messages_come_at_their_time);
    tcase_add_test(tc, test_delays_nest);
    tcase_add_loop_test(tc, test_the_same_calls_give_the_same_results, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
