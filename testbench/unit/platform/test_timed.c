// SPDX-License-Identifier: Apache-2.0
/* A machine whose IOMMU takes time: writes take effect later, reads and requests move the clock. */
#include "testbench/platform/way_timed.h"

#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include <string.h>

enum { IOVA = 0x10000, PAGE = 4096, COMMAND_HEAD = 0x2000, COMMAND_TAIL = 0x2008 };

static struct board b;
static struct way_timed way;

static void setup(void)
{
    way = (struct way_timed){0};
    board_init(&b);
    b.config.way = &way_timed;
    b.config.way_context = &way;
}

static void teardown(void)
{
    board_stop(&b);
}

/* The writes that switch it on are posted, too. */
static void start(void)
{
    board_start(&b);
    machine_delay(b.machine, 2000);
}

/* What the register says now, past the machine. */
static uint64_t tail_now(void)
{
    uint64_t value = 0;

    amdvi_mmio_read(machine_iommu(b.machine, 0), COMMAND_TAIL, 8, &value);
    return value;
}

START_TEST(test_a_write_takes_effect_later)
{
    start();
    board_queue_wait(&b);
    ck_assert_uint_eq(tail_now(), 0);
    ck_assert(!board_waited(&b));
    machine_delay(b.machine, 2000);
    ck_assert_uint_eq(tail_now(), 16);
    ck_assert(board_waited(&b));
}
END_TEST

/* Nothing overtakes a write to the same device. */
START_TEST(test_a_read_waits_and_sees_writes_before)
{
    uint64_t before;

    start();
    board_queue_wait(&b);
    before = machine_now(b.machine);
    ck_assert_uint_eq(board_get(&b, COMMAND_TAIL), 16);
    ck_assert_uint_gt(machine_now(b.machine), before);
    ck_assert_uint_eq(machine_now(b.machine), (way_timed_now(&way, 0) + 999) / 1000);
}
END_TEST

static uint64_t time_of_write(uint64_t iova, enum dma_outcome wanted)
{
    uint64_t before = machine_now(b.machine), word = 1;

    ck_assert_int_eq(dma_write(b.device, iova, &word, 8), wanted);
    return machine_now(b.machine) - before;
}

START_TEST(test_walks_take_longer_than_hits)
{
    uint64_t cold, warm;

    start();
    board_map(&b, IOVA, BOARD_DATA, true, true);
    cold = time_of_write(IOVA, DMA_DONE);
    warm = time_of_write(IOVA, DMA_DONE);
    ck_assert_uint_gt(warm, 0);
    ck_assert_uint_gt(cold, 2 * warm); /* the entry and three levels, in memory */
}
END_TEST

START_TEST(test_data_across_pages)
{
    uint8_t out[3 * PAGE], back[3 * PAGE] = {0};

    start();
    for (unsigned page = 0; page < 4; page++)
        board_map(&b, IOVA + page * PAGE, BOARD_DATA + (3 - page) * PAGE, true, true);
    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)(i * 7 + i / PAGE);
    ck_assert_int_eq(dma_write(b.device, IOVA + 100, out, sizeof(out)), DMA_DONE);
    ck_assert_mem_eq(ram_at(machine_ram(b.machine), BOARD_DATA + 3 * PAGE + 100, PAGE - 100), out,
                     PAGE - 100);
    ck_assert_int_eq(dma_read(b.device, IOVA + 100, back, sizeof(back)), DMA_DONE);
    ck_assert_mem_eq(out, back, sizeof(out));
}
END_TEST

START_TEST(test_a_fault_moves_nothing)
{
    uint8_t out[2 * PAGE];

    start();
    board_map(&b, IOVA, BOARD_DATA, true, true);
    memset(out, 0x55, sizeof(out));
    ck_assert_int_eq(dma_write(b.device, IOVA, out, sizeof(out)), DMA_FAULT);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA), 0);
    machine_delay(b.machine, 10000);
    ck_assert_uint_eq(board_events(&b), 1);
}
END_TEST

START_TEST(test_interrupts_are_remapped)
{
    start();
    board_irte(&b, 3, 0x41);
    ck_assert_int_eq(dma_write(b.device, 0xfee00000, &(uint32_t){3}, 4), DMA_DONE);
    ck_assert_uint_eq(b.count, 1);
    ck_assert_uint_eq(b.taken[0].data & 0xff, 0x41);
}
END_TEST

START_TEST(test_the_clock_goes_on_over_a_reset)
{
    uint64_t before;

    start();
    machine_delay(b.machine, 12345);
    before = machine_now(b.machine);
    ck_assert_int_eq(machine_power_on(b.machine), AMDVI_OK);
    ck_assert_uint_ge(machine_now(b.machine), before);
    machine_delay(b.machine, 1000);
    ck_assert_uint_eq(way_timed_now(&way, 0), machine_now(b.machine) * 1000);
}
END_TEST

/* Equal machines, equal times. */
START_TEST(test_the_same_each_time)
{
    uint64_t ends[2];

    for (unsigned run = 0; run < 2; run++) {
        start();
        for (unsigned page = 0; page < 8; page++)
            board_map(&b, IOVA + page * PAGE, BOARD_DATA, true, true);
        for (unsigned each = 0; each < 40; each++)
            time_of_write(IOVA + each * 5 % 8 * PAGE, DMA_DONE);
        board_invalidate_pages(&b);
        board_queue_wait(&b);
        while (!board_waited(&b))
            machine_delay(b.machine, 100);
        ends[run] = way_timed_now(&way, 0);
        board_stop(&b);
        setup();
    }
    ck_assert_uint_eq(ends[0], ends[1]);
}
END_TEST

Suite *timed_suite(void)
{
    Suite *suite = suite_create("timed");
    TCase *tests = tcase_create("timed");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_a_write_takes_effect_later);
    tcase_add_test(tests, test_a_read_waits_and_sees_writes_before);
    tcase_add_test(tests, test_walks_take_longer_than_hits);
    tcase_add_test(tests, test_data_across_pages);
    tcase_add_test(tests, test_a_fault_moves_nothing);
    tcase_add_test(tests, test_interrupts_are_remapped);
    tcase_add_test(tests, test_the_clock_goes_on_over_a_reset);
    tcase_add_test(tests, test_the_same_each_time);
    suite_add_tcase(suite, tests);
    return suite;
}
