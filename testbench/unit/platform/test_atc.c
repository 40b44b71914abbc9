// SPDX-License-Identifier: Apache-2.0
/* Translations that a device keeps (ATS). */
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include <string.h>

enum { IOVA = 0x10000, HOLE = 0x700000, PASID = 5, OTHER_PASID = 6 };

static struct board b;

static void setup(void)
{
    board_init(&b);
    board_start(&b);
    board_map(&b, IOVA, BOARD_DATA, true, true);
    board_map(&b, IOVA + 0x1000, BOARD_DATA + 0x8000, true, false);
    board_enable_ats(&b);
}

static void teardown(void)
{
    board_stop(&b);
}

static enum dma_outcome access_at(uint64_t address, bool write, struct amdvi_result *result)
{
    const struct dma_access access = {.address = address, .length = 8, .write = write, .ats = true};
    uint64_t word = 0x1122;

    return dma_access(b.device, &access, &word, result);
}

static struct dma_translation entry(size_t index)
{
    struct dma_translation translation;

    ck_assert(dma_atc_entry(b.device, index, &translation));
    return translation;
}

static size_t held(void)
{
    struct dma_translation translation;
    size_t count = 0;

    while (dma_atc_entry(b.device, count, &translation))
        count++;
    return count;
}

static uint64_t translated(void)
{
    return dma_statistics(b.device).translated;
}

START_TEST(test_asked_once_and_used)
{
    ck_assert_int_eq(access_at(IOVA + 8, true, NULL), DMA_DONE);
    ck_assert_int_eq(access_at(IOVA + 16, false, NULL), DMA_DONE);
    ck_assert_uint_eq(dma_statistics(b.device).translations, 1);
    ck_assert_uint_eq(dma_statistics(b.device).atc_hits, 1);
    ck_assert_uint_eq(translated(), 2);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 8), 0x1122);
    ck_assert_uint_eq(held(), 1);
    ck_assert_uint_eq(entry(0).address, IOVA);
    ck_assert_uint_eq(entry(0).pa, BOARD_DATA);
    ck_assert_uint_eq(entry(0).size, 0x1000);
    ck_assert_uint_eq(entry(0).rights & (AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE),
                      AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE);
}
END_TEST

/* Software has changed the table and sent no invalidation: the device goes on with what it has. */
START_TEST(test_what_is_kept_goes_stale)
{
    access_at(IOVA, true, NULL);
    board_map(&b, IOVA, BOARD_DATA + 0x4000, true, true);
    board_invalidate_pages(&b);
    ck_assert_int_eq(access_at(IOVA, true, NULL), DMA_DONE);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 0x4000), 0);
    board_invalidate_atc(&b);
    ck_assert_uint_eq(held(), 0);
    ck_assert_int_eq(access_at(IOVA, true, NULL), DMA_DONE);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 0x4000), 0x1122);
}
END_TEST

START_TEST(test_no_right_is_an_answer_without_event)
{
    ck_assert_int_eq(access_at(HOLE, false, NULL), DMA_NO_RIGHT);
    ck_assert_uint_eq(held(), 0);
    ck_assert_int_eq(access_at(IOVA + 0x1000, true, NULL), DMA_NO_RIGHT);
    ck_assert_uint_eq(held(), 1); /* reading is a right */
    ck_assert_int_eq(access_at(IOVA + 0x1000, false, NULL), DMA_DONE);
    ck_assert_uint_eq(dma_statistics(b.device).translations_denied, 2);
    ck_assert_uint_eq(board_events(&b), 0);
}
END_TEST

/* Who asks to read gets no right to write; with that it asks anew, and keeps one translation. */
START_TEST(test_reading_then_writing)
{
    ck_assert_int_eq(access_at(IOVA, false, NULL), DMA_DONE);
    ck_assert_uint_eq(entry(0).rights & AMDVI_RIGHT_WRITE, 0);
    ck_assert_int_eq(access_at(IOVA, true, NULL), DMA_DONE);
    ck_assert_uint_eq(held(), 1);
    ck_assert_int_eq(access_at(IOVA, true, NULL), DMA_DONE);
    ck_assert_uint_eq(dma_statistics(b.device).translations, 2);
    ck_assert_uint_eq(dma_statistics(b.device).atc_hits, 1);
}
END_TEST

START_TEST(test_across_translations)
{
    const struct dma_access access = {.address = IOVA + 0xffc, .length = 8, .ats = true};
    uint8_t bytes[32] = {0};

    memcpy(ram_at(machine_ram(b.machine), BOARD_DATA + 0xffc, 4), "left", 4);
    memcpy(ram_at(machine_ram(b.machine), BOARD_DATA + 0x8000, 9), "right end", 9);
    ck_assert_int_eq(dma_access(b.device, &access, bytes, NULL), DMA_DONE);
    ck_assert_mem_eq(bytes, "leftrigh\0\0\0\0\0", 13); /* and not a byte more */
    ck_assert_uint_eq(held(), 2);
    ck_assert_uint_eq(translated(), 2);
}
END_TEST

START_TEST(test_the_oldest_gives_way)
{
    for (uint64_t i = 0; i <= DMA_ATC_ENTRIES; i++) {
        board_map(&b, 0x400000 + i * 0x1000, BOARD_DATA + i * 0x1000, true, true);
        ck_assert_int_eq(access_at(0x400000 + i * 0x1000, false, NULL), DMA_DONE);
    }
    ck_assert_uint_eq(held(), DMA_ATC_ENTRIES);
    ck_assert_uint_eq(entry(0).address, 0x401000);
    ck_assert_uint_eq(entry(DMA_ATC_ENTRIES - 1).address, 0x400000 + DMA_ATC_ENTRIES * 0x1000);
}
END_TEST

START_TEST(test_ats_must_be_enabled)
{
    struct board other;
    const struct dma_access access = {.address = IOVA, .length = 8, .ats = true};
    uint64_t word;

    board_init(&other);
    board_start(&other);
    ck_assert_int_eq(dma_access(other.device, &access, &word, NULL), DMA_NO_ATS);
    ck_assert_int_eq(dma_translate(other.device, &access, NULL), DMA_NO_ATS);
    ck_assert_uint_eq(dma_statistics(other.device).not_allowed, 2);
    board_stop(&other);
}
END_TEST

/* DTE.I=0: neither translation requests nor translated ones are allowed. */
START_TEST(test_a_device_without_permission_for_ats)
{
    struct amdvi_result result;

    access_at(IOVA, true, NULL);
    board_dte(&b, 1, board_dte_get(&b, 1) & ~(UINT64_C(1) << 32));
    board_invalidate_device(&b);
    ck_assert_int_eq(access_at(IOVA, true, &result), DMA_FAULT);
    ck_assert_uint_eq(result.fault.reason, AMDVI_REASON_REQ_PRETRANSLATED);
    board_invalidate_atc(&b);
    ck_assert_int_eq(access_at(IOVA, true, &result), DMA_FAULT);
    ck_assert_uint_eq(result.fault.reason, AMDVI_REASON_ATS_DISABLED);
}
END_TEST

START_TEST(test_past_iommus_there_is_nobody_to_ask)
{
    struct board bare;
    const struct dma_access access = {.address = IOVA, .length = 8, .ats = true};
    uint64_t word;

    board_init(&bare);
    bare.config.iommus_count = 0;
    board_power(&bare);
    board_enable_ats(&bare);
    ck_assert_int_eq(dma_access(bare.device, &access, &word, NULL), DMA_FAULT);
    board_stop(&bare);
}
END_TEST

/* ---------------------------------------------------------------- with PASIDs */

static enum dma_outcome access_pasid(uint32_t pasid, uint64_t address)
{
    const struct dma_access access = {
        .address = address, .length = 8, .write = true, .has_pasid = true, .pasid = pasid, .ats = true};
    uint64_t word = pasid;

    return dma_access(b.device, &access, &word, NULL);
}

static void start_pasids(void)
{
    board_pasid(&b, PASID);
    board_map_guest(&b, PASID, IOVA, BOARD_DATA + 0x1000);
    board_pasid(&b, OTHER_PASID);
    board_map_guest(&b, OTHER_PASID, IOVA, BOARD_DATA + 0x2000);
    board_enable_pasid(&b);
}

START_TEST(test_each_pasid_has_its_own)
{
    start_pasids();
    ck_assert_int_eq(access_pasid(PASID, IOVA), DMA_DONE);
    ck_assert_int_eq(access_pasid(OTHER_PASID, IOVA), DMA_DONE);
    ck_assert_int_eq(access_at(IOVA, true, NULL), DMA_DONE);
    ck_assert_uint_eq(held(), 3);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 0x1000), PASID);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 0x2000), OTHER_PASID);
    ck_assert_uint_eq(entry(1).pasid, OTHER_PASID);
    board_invalidate_atc(&b); /* without a PASID */
    ck_assert_uint_eq(held(), 2);
    board_invalidate_atc_pasid(&b, PASID);
    ck_assert_uint_eq(held(), 1);
    ck_assert_uint_eq(entry(0).pasid, OTHER_PASID);
}
END_TEST

START_TEST(test_global_pages_serve_all_pasids)
{
    start_pasids();
    board_map_guest_global(&b, PASID, IOVA + 0x1000, BOARD_DATA + 0x3000);
    ck_assert_int_eq(access_pasid(PASID, IOVA + 0x1000), DMA_DONE);
    ck_assert(entry(0).global);
    ck_assert_int_eq(access_pasid(OTHER_PASID, IOVA + 0x1000), DMA_DONE);
    ck_assert_uint_eq(dma_statistics(b.device).translations, 1);
    board_invalidate_atc_pasid(&b, OTHER_PASID);
    ck_assert_uint_eq(held(), 0);
}
END_TEST

/* A privileged request and one of a user do not share a translation. */
START_TEST(test_privilege_is_part_of_it)
{
    struct dma_access access = {
        .address = IOVA, .length = 8, .has_pasid = true, .pasid = PASID, .ats = true, .privileged = true};
    uint64_t word;

    start_pasids();
    ck_assert_int_eq(access_pasid(PASID, IOVA), DMA_DONE);
    ck_assert_int_eq(dma_access(b.device, &access, &word, NULL), DMA_DONE);
    ck_assert_uint_eq(dma_statistics(b.device).translations, 2);
    ck_assert_uint_eq(held(), 2);
}
END_TEST

Suite *atc_suite(void)
{
    Suite *suite = suite_create("atc");
    TCase *tc = tcase_create("atc");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_asked_once_and_used);
    tcase_add_test(tc, test_what_is_kept_goes_stale);
    tcase_add_test(tc, test_no_right_is_an_answer_without_event);
    tcase_add_test(tc, test_reading_then_writing);
    tcase_add_test(tc, test_across_translations);
    tcase_add_test(tc, test_the_oldest_gives_way);
    tcase_add_test(tc, test_ats_must_be_enabled);
    tcase_add_test(tc, test_a_device_without_permission_for_ats);
    tcase_add_test(tc, test_past_iommus_there_is_nobody_to_ask);
    tcase_add_test(tc, test_each_pasid_has_its_own);
    tcase_add_test(tc, test_global_pages_serve_all_pasids);
    tcase_add_test(tc, test_privilege_is_part_of_it);
    suite_add_tcase(suite, tc);
    return suite;
}
