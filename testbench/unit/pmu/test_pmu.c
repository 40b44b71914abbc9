// SPDX-License-Identifier: Apache-2.0
/* Performance counters: registers, what each source counts, filters, roll-over. */
#include "machine/machine.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>

enum { DEVICE = 0x100, OTHER = 0x208, DOMAIN = 7 };
enum { IOVA = 0x10000 };

static struct machine m;
static uint64_t root;

static uint64_t offset_of(unsigned bank, unsigned counter, unsigned id)
{
    return CTR_SPACE_BASE + bank * CTR_SPACE_BANK_STRIDE + counter * CTR_SPACE_COUNTER_STRIDE +
           ctr_info[id].offset;
}

/* Counters 0 to 7 lie in two banks. */
static void set(unsigned n, unsigned id, uint64_t value)
{
    machine_set_register(&m, offset_of(n / 4, n % 4, id), value);
}

static uint64_t get(unsigned n, unsigned id)
{
    return machine_register(&m, offset_of(n / 4, n % 4, id));
}

static void watch(unsigned n, unsigned source)
{
    set(n, CTR_COUNTER, 0);
    set(n, CTR_SOURCE, source);
}

static uint64_t count(unsigned n)
{
    return get(n, CTR_COUNTER);
}

static void setup(void)
{
    machine_init(&m);
    machine_start(&m);
    root = machine_page(&m);
    machine_dte(&m, DEVICE, DOMAIN, 3, root);
    for (unsigned i = 0; i < 8; i++)
        machine_map(&m, root, 3, IOVA + i * 0x1000, MACHINE_DATA + i * 0x1000, MACHINE_READ_WRITE);
}

static void teardown(void)
{
    machine_free(&m);
}

START_TEST(registers_are_where_drivers_look)
{
    uint64_t value;

    ck_assert_uint_eq(machine_register(&m, 0x4000), 4u << 7 | 2u << 12);
    set(5, CTR_PASID, UINT64_MAX);
    ck_assert_uint_eq(get(5, CTR_PASID), 0x000fffff800fffff);
    set(5, CTR_DEVICE, UINT64_MAX);
    ck_assert_uint_eq(get(5, CTR_DEVICE), 0x0000ffff8000ffff);
    set(5, CTR_COUNTER, UINT64_MAX);
    ck_assert_uint_eq(get(5, CTR_COUNTER), 0x0000ffffffffffff);
    ck_assert_uint_eq(get(4, CTR_COUNTER), 0);
    /* two halves, as Linux does it */
    amdvi_mmio_write(m.device, offset_of(1, 2, CTR_COUNTER), 4, 0x11111111);
    amdvi_mmio_write(m.device, offset_of(1, 2, CTR_COUNTER) + 4, 4, 0x22223333);
    ck_assert_uint_eq(get(6, CTR_COUNTER), 0x333311111111);
    amdvi_mmio_read(m.device, offset_of(1, 2, CTR_COUNTER) + 4, 4, &value);
    ck_assert_uint_eq(value, 0x3333);
    /* no third bank, no fifth counter, no register at 30h */
    machine_set_register(&m, offset_of(2, 0, CTR_COUNTER), 1);
    ck_assert_uint_eq(machine_register(&m, offset_of(2, 0, CTR_COUNTER)), 0);
    machine_set_register(&m, offset_of(0, 4, CTR_COUNTER), 1);
    ck_assert_uint_eq(machine_register(&m, offset_of(0, 4, CTR_COUNTER)), 0);
    machine_set_register(&m, offset_of(0, 0, CTR_COUNTER) + 0x30, 1);
    ck_assert_uint_eq(machine_register(&m, offset_of(0, 0, CTR_COUNTER) + 0x30), 0);
    machine_set_register(&m, 0x4010, 3); /* bank locks keep what is written */
    ck_assert_uint_eq(machine_register(&m, 0x4010), 3);
    amdvi_reset(m.device);
    ck_assert_uint_eq(get(5, CTR_COUNTER), 0);
}
END_TEST

START_TEST(every_translation_hits_or_misses)
{
    watch(0, 0x05);
    watch(1, 0x06);
    watch(2, 0x07);
    watch(3, 0x0c);
    watch(4, 0x0d);
    watch(5, 0x0e);
    watch(6, 0x0a);
    watch(7, 0x0b);
    for (unsigned i = 0; i < 16; i++)
        machine_read(&m, DEVICE, IOVA + i % 8 * 0x1000);
    machine_read(&m, DEVICE, 0x500000); /* not present: a translation all the same */
    ck_assert_uint_eq(count(0), 17);
    ck_assert_uint_eq(count(1), 8);
    ck_assert_uint_eq(count(2), 9);
    ck_assert_uint_eq(count(0), count(1) + count(2));
    ck_assert_uint_eq(count(3), count(4));
    ck_assert_uint_eq(count(5), 0); /* host-only: nothing is read from guests */
    ck_assert_uint_eq(count(4), 3 + 7 + 1);
    ck_assert_uint_eq(count(6), 16);
    ck_assert_uint_eq(count(7), 1);
}
END_TEST

START_TEST(without_caches_every_translation_misses)
{
    machine_free(&m);
    machine_init(&m);
    machine_set(&m, "caches", "off");
    machine_start(&m);
    root = machine_page(&m);
    machine_dte(&m, DEVICE, DOMAIN, 3, root);
    machine_map(&m, root, 3, IOVA, MACHINE_DATA, MACHINE_READ);
    watch(0, 0x05);
    watch(1, 0x06);
    watch(2, 0x07);
    watch(3, 0x0b);
    machine_read(&m, DEVICE, IOVA);
    machine_read(&m, DEVICE, IOVA);
    ck_assert_uint_eq(count(0), 2);
    ck_assert_uint_eq(count(1), 0);
    ck_assert_uint_eq(count(2), 2);
    ck_assert_uint_eq(count(3), 2);
}
END_TEST

START_TEST(directories_hit_where_walks_share_them)
{
    watch(0, 0x08);
    watch(1, 0x09);
    machine_read(&m, DEVICE, IOVA);
    machine_read(&m, DEVICE, IOVA + 0x1000);
    ck_assert_uint_eq(count(0), 1);
    ck_assert_uint_eq(count(1), 1);
}
END_TEST

START_TEST(passing_requests_are_told_apart)
{
    struct amdvi_request rq = {.device = OTHER, .address = 0x1000, .length = 4};
    struct amdvi_result result;

    watch(0, 0x01);
    watch(1, 0x02);
    watch(2, 0x03);
    watch(3, 0x04);
    amdvi_translate(m.device, &rq, &result); /* V=0 */
    rq.device = DEVICE;
    rq.at = AMDVI_TRANSLATED;
    amdvi_translate(m.device, &rq, &result);
    machine_set_register(&m, 0x28, 0x9000);
    machine_set_register(&m, 0x20, 0x9003);
    machine_read(&m, DEVICE, 0x9008);
    machine_read(&m, DEVICE, 0x500000);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(count(i), 1);
}
END_TEST

START_TEST(guest_reads_are_told_apart)
{
    uint64_t gcr3 = machine_page(&m), guest = machine_page(&m);

    machine_dte(&m, OTHER, 9, 0, 0);
    machine_dte_guest(&m, OTHER, gcr3);
    machine_poke(&m, gcr3 + 5 * 8, guest | 1);
    machine_guest_map(&m, guest, 0x4000, MACHINE_DATA);
    watch(0, 0x0c);
    watch(1, 0x0d);
    watch(2, 0x0e);
    ck_assert(machine_read_pasid(&m, OTHER, 5, 0x4000).ok);
    ck_assert_uint_eq(count(1), 0);
    ck_assert_uint_eq(count(2), 1 + 4);
    ck_assert_uint_eq(count(0), count(1) + count(2));
}
END_TEST

START_TEST(strict_unmapping_is_two_commands_one_invalidation)
{
    watch(0, 0x11);
    watch(1, 0x12);
    watch(2, 0x13);
    for (unsigned i = 0; i < 8; i++) {
        machine_read(&m, DEVICE, IOVA + i * 0x1000);
        machine_invalidate_page(&m, DOMAIN, IOVA + i * 0x1000);
        ck_assert(machine_wait(&m));
    }
    ck_assert_uint_eq(count(0), 16);
    ck_assert_uint_eq(count(1), 8);
    ck_assert_uint_eq(count(2), 3 * 8); /* the page and two directories each */
}
END_TEST

START_TEST(interrupts_have_their_own_sources)
{
    uint64_t table = machine_page(&m);
    struct amdvi_int_result result;

    machine_set_register(&m, 0x18, reg_control_set_gamen(machine_register(&m, 0x18), 1));
    machine_irte(&m, table, 3, 0x41);
    machine_dte_interrupts(&m, DEVICE, table, 9);
    watch(0, 0x0f);
    watch(1, 0x10);
    watch(2, 0x15);
    watch(3, 0x16);
    watch(4, 0x17);
    watch(5, 0x18);
    watch(6, 0x0a);
    watch(7, 0x0b);
    ck_assert(machine_interrupt(&m, DEVICE, 3).ok);
    ck_assert(machine_interrupt(&m, DEVICE, 3).ok);
    amdvi_interrupt(m.device, DEVICE, 0xfee00000, 0x200, &result); /* an SMI, no filter */
    machine_set_register(&m, 0x18, reg_control_set_smifen(machine_register(&m, 0x18), 1));
    amdvi_interrupt(m.device, DEVICE, 0xfee00000, 0x200, &result);
    ck_assert(!result.ok);
    ck_assert_uint_eq(count(0), 3);
    ck_assert_uint_eq(count(1), 1);
    ck_assert_uint_eq(count(2), 2);
    ck_assert_uint_eq(count(3), 0);
    ck_assert_uint_eq(count(4), 2);
    ck_assert_uint_eq(count(5), 1);
    ck_assert_uint_eq(count(6), 0);
    ck_assert_uint_eq(count(7), 0);
}
END_TEST

START_TEST(posted_interrupts_are_the_guests)
{
    uint64_t table = machine_page(&m), page = machine_page(&m);

    machine_set_register(&m, 0x18, reg_control_set_gamen(machine_register(&m, 0x18), 1));
    machine_poke(&m, table + 3 * 16 + 8, (page >> 12) << 12 | 0x41); /* vector, backing page */
    machine_poke(&m, table + 3 * 16, 0xc1);                          /* RemapEn, GuestMode, IsRun */
    machine_dte_interrupts(&m, DEVICE, table, 9);
    watch(0, 0x15);
    watch(1, 0x16);
    ck_assert(machine_interrupt(&m, DEVICE, 3).posted);
    ck_assert_uint_eq(count(0), 0);
    ck_assert_uint_eq(count(1), 1);
}
END_TEST

START_TEST(the_reserved_location_is_counted)
{
    uint64_t value;

    watch(0, 0x14);
    machine_set_register(&m, 0x1ff8, 1);
    ck_assert_uint_eq(machine_register(&m, 0x1ff8), 0);
    amdvi_mmio_read(m.device, 0x1ffc, 4, &value);
    machine_register(&m, 0x2000);
    ck_assert_uint_eq(count(0), 3);
}
END_TEST

START_TEST(filters_compare_under_their_masks)
{
    machine_dte(&m, OTHER, DOMAIN + 1, 3, root);
    for (unsigned i = 0; i < 6; i++)
        watch(i, 0x05);
    set(0, CTR_DEVICE, (uint64_t)0xffff << 32 | 1u << 31 | DEVICE);
    set(1, CTR_DEVICE, (uint64_t)0xff00 << 32 | 1u << 31 | 0x2ff); /* bus 2 */
    set(2, CTR_DOMAIN, (uint64_t)0xffff << 32 | 1u << 31 | DOMAIN);
    set(3, CTR_PASID, (uint64_t)0xfffff << 32 | 1u << 31); /* no request has a PASID */
    set(4, CTR_DEVICE, (uint64_t)0xffff << 32 | 0xdead);   /* not enabled */
    set(5, CTR_DEVICE, (uint64_t)0xffff << 32 | 1u << 31 | OTHER);
    set(5, CTR_DOMAIN, (uint64_t)0xffff << 32 | 1u << 31 | DOMAIN);
    machine_read(&m, DEVICE, IOVA);
    machine_read(&m, OTHER, IOVA);
    machine_read(&m, OTHER, IOVA);
    ck_assert_uint_eq(count(0), 1);
    ck_assert_uint_eq(count(1), 2);
    ck_assert_uint_eq(count(2), 1);
    ck_assert_uint_eq(count(3), 0);
    ck_assert_uint_eq(count(4), 3);
    ck_assert_uint_eq(count(5), 0);
}
END_TEST

START_TEST(rolling_over_is_reported)
{
    uint64_t record[2];

    watch(0, 0x05);
    set(0, CTR_COUNTER, 0xfffffffffffe);
    set(0, CTR_REPORT, (uint64_t)1 << 63 | 0x000abcde12345678);
    machine_read(&m, DEVICE, IOVA);
    ck_assert_uint_eq(machine_events(&m), 0);
    machine_read(&m, DEVICE, IOVA);
    ck_assert_uint_eq(count(0), 0);
    ck_assert_uint_eq(machine_events(&m), 1);
    machine_event(&m, 0, record);
    ck_assert_uint_eq(record[0] >> 60, EVT_EVENT_COUNTER_ZERO);
    ck_assert_uint_eq(record[1] >> 32, 0x12345678);
    ck_assert_uint_eq(record[1] & 0xfffff, 0xabcde);
    set(0, CTR_COUNTER, 0xffffffffffff);
    set(0, CTR_REPORT, 0);
    machine_read(&m, DEVICE, IOVA);
    ck_assert_uint_eq(machine_events(&m), 1);
}
END_TEST

/* Requests that the caches answer, with counters near their end: as many, and as many records, as without
 * them. */
START_TEST(cached_answers_count_and_roll_over)
{
    for (unsigned filter = 0; filter < 2; filter++) {
        watch(0, 0x05);
        watch(1, 0x06);
        watch(2, 0x0a);
        watch(3, 0x07);
        set(0, CTR_COUNTER, 0xfffffffffffa);
        set(0, CTR_REPORT, (uint64_t)1 << 63);
        set(1, CTR_DEVICE, filter ? (uint64_t)0xffff << 32 | 1u << 31 | OTHER : 0);
        machine_read(&m, DEVICE, IOVA);
        for (unsigned i = 1; i < 20; i++) {
            uint64_t before = count(3);
            machine_read(&m, DEVICE, IOVA + 8 * i);
            ck_assert_uint_eq(count(3), before);
            ck_assert_uint_eq(count(0), (0xfffffffffffa + i + 1) & 0xffffffffffff);
        }
        for (unsigned i = 20; i < 40; i++)
            machine_read(&m, DEVICE, IOVA + 8 * i);
        ck_assert_uint_eq(count(0), 40 - 6);
        ck_assert_uint_eq(count(1), filter ? 0 : 39);
        ck_assert_uint_eq(count(2), filter ? 40 : 39);
        ck_assert_uint_eq(machine_events(&m), filter + 1);
    }
}
END_TEST

START_TEST(batches_and_loops_count_alike)
{
    struct amdvi_request rq[40];
    struct amdvi_result results[40];
    uint64_t counts[2][8];

    for (unsigned i = 0; i < 40; i++)
        rq[i] = (struct amdvi_request){.device = DEVICE, .address = IOVA + i * 7 % 9 * 0x1000, .length = 8};
    for (unsigned round = 0; round < 2; round++) {
        machine_invalidate_domain(&m, DOMAIN);
        machine_invalidate_device(&m, DEVICE);
        for (unsigned i = 0; i < 8; i++)
            watch(i, 0x04 + i);
        for (unsigned i = 0; i < 40 && round == 0; i++)
            amdvi_translate(m.device, &rq[i], &results[i]);
        if (round == 1)
            amdvi_translate_batch(m.device, rq, results, 40);
        for (unsigned i = 0; i < 8; i++)
            counts[round][i] = count(i);
    }
    ck_assert_mem_eq(counts[0], counts[1], sizeof(counts[0]));
    ck_assert_uint_eq(counts[0][1], 40);
}
END_TEST

/* Data of several pages: each page is one translation, whether its bytes move or not. */
START_TEST(moving_data_is_not_counted_again)
{
    struct amdvi_request rq = {.device = DEVICE, .address = IOVA, .length = 0x3000, .op = AMDVI_WRITE};
    static uint8_t data[0x3000];
    struct amdvi_result result;

    watch(0, 0x05);
    ck_assert_int_eq(amdvi_dma(m.device, &rq, data, &result), AMDVI_OK);
    ck_assert_uint_eq(count(0), 3);
}
END_TEST

/* The first, the last and one between of as many as there may be; those that roll over at once are reported
 * in the order of their numbers, whatever they count. */
START_TEST(many_counters)
{
    enum { COUNTERS = 3 };
    static const struct {
        unsigned bank, counter, source;
    } at[COUNTERS] = {{0, 0, 0x07}, {32, 7, 0x05}, {62, 14, 0x07}};
    uint64_t record[2];

    machine_free(&m);
    machine_init(&m);
    machine_set(&m, "pmu.banks", "63");
    machine_set(&m, "pmu.counters", "15");
    machine_start(&m);
    machine_dte(&m, DEVICE, DOMAIN, 3, root = machine_page(&m));
    machine_map(&m, root, 3, IOVA, MACHINE_DATA, MACHINE_READ_WRITE);
    for (unsigned i = 0; i < COUNTERS; i++) {
        machine_set_register(&m, offset_of(at[i].bank, at[i].counter, CTR_SOURCE), at[i].source);
        machine_set_register(&m, offset_of(at[i].bank, at[i].counter, CTR_COUNTER), 0xffffffffffff);
        machine_set_register(&m, offset_of(at[i].bank, at[i].counter, CTR_REPORT), (uint64_t)1 << 63 | i);
    }
    machine_read(&m, DEVICE, IOVA);
    ck_assert_uint_eq(machine_events(&m), COUNTERS);
    for (unsigned i = 0; i < COUNTERS; i++) {
        ck_assert_uint_eq(machine_register(&m, offset_of(at[i].bank, at[i].counter, CTR_COUNTER)), 0);
        machine_event(&m, i, record);
        ck_assert_uint_eq(record[1] >> 32, i);
    }
    machine_set_register(&m, offset_of(62, 14, CTR_SOURCE), 0);
    machine_read(&m, DEVICE, IOVA + 0x1000);
    ck_assert_uint_eq(machine_register(&m, offset_of(0, 0, CTR_COUNTER)), 1);
    ck_assert_uint_eq(machine_register(&m, offset_of(62, 14, CTR_COUNTER)), 0);
}
END_TEST

START_TEST(devices_without_counters_have_none)
{
    uint64_t value;

    machine_free(&m);
    machine_init(&m);
    machine_set(&m, "preset", "emulator-min");
    machine_start(&m);
    ck_assert_int_eq(amdvi_mmio_read(m.device, 0x40000, 8, &value), AMDVI_ERR_ACCESS);
    ck_assert_uint_eq(machine_register(&m, 0x3ff8), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmu");
    TCase *tcase = tcase_create("pmu");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, registers_are_where_drivers_look);
    tcase_add_test(tcase, every_translation_hits_or_misses);
    tcase_add_test(tcase, without_caches_every_translation_misses);
    tcase_add_test(tcase, directories_hit_where_walks_share_them);
    tcase_add_test(tcase, passing_requests_are_told_apart);
    tcase_add_test(tcase, guest_reads_are_told_apart);
    tcase_add_test(tcase, strict_unmapping_is_two_commands_one_invalidation);
    tcase_add_test(tcase, interrupts_have_their_own_sources);
    tcase_add_test(tcase, posted_interrupts_are_the_guests);
    tcase_add_test(tcase, the_reserved_location_is_counted);
    tcase_add_test(tcase, filters_compare_under_their_masks);
    tcase_add_test(tcase, rolling_over_is_reported);
    tcase_add_test(tcase, cached_answers_count_and_roll_over);
    tcase_add_test(tcase, batches_and_loops_count_alike);
    tcase_add_test(tcase, moving_data_is_not_counted_again);
    tcase_add_test(tcase, many_counters);
    tcase_add_test(tcase, devices_without_counters_have_none);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
