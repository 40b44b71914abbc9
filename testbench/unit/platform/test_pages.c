// SPDX-License-Identifier: Apache-2.0
/* Page requests (PRI): groups, capacity, responses, and requests that no device should send. */
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include <linux/pci_regs.h>

enum { PASID = 5, GROUP = 9, SUCCESS = 0, FAILURE = 15, PAGE = 0x123000 };

static struct board b;
static unsigned pri;

static void setup(void)
{
    board_init(&b);
    board_start(&b);
    board_pasid(&b, PASID);
    board_enable_pasid(&b);
    board_enable_pri(&b, 8);
    pri = board_extended(&b, PCI_EXT_CAP_ID_PRI);
}

static void teardown(void)
{
    board_stop(&b);
}

static struct dma_page_request request(bool last)
{
    return (struct dma_page_request){.address = PAGE,
                                     .has_pasid = true,
                                     .pasid = PASID,
                                     .read = true,
                                     .write = true,
                                     .last = last,
                                     .group = GROUP};
}

static enum dma_page_outcome ask(bool last)
{
    const struct dma_page_request page = request(last);

    return dma_page_request(b.device, &page, NULL);
}

static struct dma_page_response response(void)
{
    struct dma_page_response taken;

    ck_assert(dma_page_next_response(b.device, &taken));
    return taken;
}

static uint32_t status(void)
{
    return board_config(&b, pri + PCI_PRI_STATUS, 2);
}

/* Entry number `index` of the PPR log. */
static void log_entry(unsigned index, uint64_t words[2])
{
    words[0] = ram_get(machine_ram(b.machine), BOARD_PPRS + index * 16);
    words[1] = ram_get(machine_ram(b.machine), BOARD_PPRS + index * 16 + 8);
}

static unsigned logged(void)
{
    return (unsigned)(board_get(&b, 0x2038) / 16); /* PPR tail */
}

START_TEST(test_a_group_of_one)
{
    uint64_t words[2];

    ck_assert_int_eq(ask(true), DMA_PAGE_LOGGED);
    ck_assert_uint_eq(logged(), 1);
    log_entry(0, words);
    ck_assert_uint_eq(words[0] & 0xffff, BOARD_DEVICE);
    ck_assert_uint_eq(words[0] >> 16 & 0xffff, PASID);
    ck_assert_uint_eq(words[0] >> 32 & 0x1ff, GROUP);
    ck_assert_uint_eq(words[0] >> 41 & 1, 1); /* last */
    ck_assert_uint_eq(words[1], PAGE);
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 1);
    board_answer_pages(&b, GROUP, SUCCESS);
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 0);
    ck_assert(response().expected);
    ck_assert_uint_eq(dma_statistics(b.device).responses, 1);
    ck_assert(!dma_page_next_response(b.device, &(struct dma_page_response){0}));
}
END_TEST

START_TEST(test_a_group_is_answered_as_a_whole)
{
    const struct dma_page_request page = request(true);

    ck_assert_uint_eq(dma_page_group(b.device, &page, 5, DMA_PAGE_LEGAL, 1), 5);
    ck_assert_uint_eq(logged(), 5);
    for (unsigned i = 0; i < 5; i++) {
        uint64_t words[2];
        log_entry(i, words);
        ck_assert_uint_eq(words[1], PAGE + i * 0x1000);
        ck_assert_uint_eq(words[0] >> 41 & 1, i == 4);
    }
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 5);
    board_answer_pages(&b, GROUP, SUCCESS);
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 0);
    ck_assert_uint_eq(response().code, SUCCESS);
}
END_TEST

START_TEST(test_no_more_than_software_allows)
{
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(ask(false), DMA_PAGE_LOGGED);
    ck_assert_int_eq(ask(true), DMA_PAGE_FULL);
    ck_assert_uint_eq(logged(), 8);
    board_configure(&b, pri + PCI_PRI_ALLOC_REQ, 4, 1000); /* more than the device is capable of */
    for (unsigned i = 8; i < 32; i++)
        ck_assert_int_eq(ask(false), DMA_PAGE_LOGGED);
    ck_assert_int_eq(ask(true), DMA_PAGE_FULL);
}
END_TEST

START_TEST(test_not_allowed)
{
    struct dma_page_request page = request(true);

    board_configure(&b, board_extended(&b, PCI_EXT_CAP_ID_PASID) + PCI_PASID_CTRL, 2, 0);
    ck_assert_int_eq(dma_page_request(b.device, &page, NULL), DMA_PAGE_NOT_ALLOWED);
    page.has_pasid = false;
    ck_assert_int_eq(dma_page_request(b.device, &page, NULL), DMA_PAGE_LOGGED);
    board_configure(&b, PCI_COMMAND, 2, 0);
    ck_assert_int_eq(dma_page_request(b.device, &page, NULL), DMA_PAGE_NOT_ALLOWED);
    board_configure(&b, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    board_configure(&b, pri + PCI_PRI_CTRL, 2, 0);
    ck_assert_int_eq(dma_page_request(b.device, &page, NULL), DMA_PAGE_NOT_ALLOWED);
    ck_assert_uint_eq(logged(), 1);
}
END_TEST

START_TEST(test_arguments)
{
    struct dma_page_request page = request(true);

    page.group = 512;
    ck_assert_int_eq(dma_page_request(b.device, &page, NULL), DMA_PAGE_BAD_ARGUMENT);
    ck_assert_int_eq(dma_page_request_forced(b.device, &page, NULL), DMA_PAGE_BAD_ARGUMENT);
    page.group = 511;
    page.pasid = 1 << 20;
    ck_assert_int_eq(dma_page_request(b.device, &page, NULL), DMA_PAGE_BAD_ARGUMENT);
    ck_assert_uint_eq(dma_page_group(b.device, &page, 0, DMA_PAGE_LEGAL, 1), 0);
    ck_assert_uint_eq(dma_page_group(b.device, &page, 33, DMA_PAGE_LEGAL, 1), 0);
}
END_TEST

/* ---------------------------------------------------------------- responses */

START_TEST(test_unexpected_responses)
{
    board_answer_pages(&b, GROUP, SUCCESS); /* nothing was asked */
    ck_assert(!response().expected);
    ck_assert_uint_eq(status(), PCI_PRI_STATUS_UPRGI);
    board_configure(&b, pri + PCI_PRI_STATUS, 2, PCI_PRI_STATUS_UPRGI);
    ck_assert_int_eq(ask(false), DMA_PAGE_LOGGED);
    board_answer_pages(&b, GROUP, SUCCESS); /* the group is not at its end */
    ck_assert(!response().expected);
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 1);
    ck_assert_int_eq(ask(true), DMA_PAGE_LOGGED);
    board_answer_pages(&b, GROUP + 1, SUCCESS);
    ck_assert(!response().expected);
    board_answer_pages(&b, GROUP, SUCCESS);
    ck_assert(response().expected);
    board_answer_pages(&b, GROUP, SUCCESS); /* once is enough */
    ck_assert(!response().expected);
    ck_assert_uint_eq(dma_statistics(b.device).unexpected_responses, 4);
}
END_TEST

START_TEST(test_a_failure_stops_the_device)
{
    ask(true);
    board_answer_pages(&b, GROUP, FAILURE);
    ck_assert_uint_eq(response().code, FAILURE);
    ck_assert_uint_eq(status(), PCI_PRI_STATUS_RF);
    ck_assert_int_eq(ask(true), DMA_PAGE_NOT_ALLOWED);
    board_configure(&b, pri + PCI_PRI_STATUS, 2, PCI_PRI_STATUS_RF);
    ck_assert_int_eq(ask(true), DMA_PAGE_LOGGED);
}
END_TEST

/* Switched off with requests open, it is stopped when they are answered. */
START_TEST(test_stopping)
{
    ask(true);
    board_configure(&b, pri + PCI_PRI_CTRL, 2, 0);
    ck_assert_uint_eq(status() & PCI_PRI_STATUS_STOPPED, 0);
    board_answer_pages(&b, GROUP, SUCCESS);
    ck_assert_uint_eq(status() & PCI_PRI_STATUS_STOPPED, PCI_PRI_STATUS_STOPPED);
}
END_TEST

static struct board strict;

/* A device that wants the PASID back: DTE.GPRP makes the IOMMU send it. */
static bool answer_strict(unsigned gprp, uint32_t pasid)
{
    const struct dma_page_request page = request(true);
    struct dma_page_response taken;

    board_init(&strict);
    strict.what.pri_pasid = true;
    board_start(&strict);
    board_pasid(&strict, PASID);
    board_dte(&strict, 0, board_dte_get(&strict, 0) | (uint64_t)gprp << 53);
    board_enable_pasid(&strict);
    board_enable_pri(&strict, 8);
    ck_assert_int_eq(dma_page_request(strict.device, &page, NULL), DMA_PAGE_LOGGED);
    board_answer_pages_pasid(&strict, GROUP, SUCCESS, pasid);
    ck_assert(dma_page_next_response(strict.device, &taken));
    board_stop(&strict);
    return taken.expected;
}

START_TEST(test_responses_with_a_pasid)
{
    ck_assert(answer_strict(1, PASID));
    ck_assert(!answer_strict(1, PASID + 1));
    ck_assert(!answer_strict(0, PASID));
}
END_TEST

START_TEST(test_many_responses)
{
    struct dma_page_response taken;
    unsigned count = 0;

    for (unsigned i = 0; i < 1030; i++)
        board_answer_pages(&b, i % 512, SUCCESS);
    while (dma_page_next_response(b.device, &taken))
        ck_assert_uint_eq(taken.group, count++ % 512);
    ck_assert_uint_eq(count, 1024);
    ck_assert_uint_eq(dma_statistics(b.device).lost_responses, 6);
}
END_TEST

/* ---------------------------------------------------------------- mishaps */

START_TEST(test_refused_by_the_iommu)
{
    const struct dma_page_request page = request(true);
    struct amdvi_fault fault;

    board_dte(&b, 0, board_dte_get(&b, 0) & ~(UINT64_C(1) << 52)); /* DTE.PPR */
    ck_assert_int_eq(dma_page_request(b.device, &page, &fault), DMA_PAGE_REFUSED);
    ck_assert_uint_eq(fault.reason, AMDVI_REASON_PPR_REFUSED);
    ck_assert_uint_eq(response().code, 1);
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 0);
    ck_assert_uint_eq(board_event(&b, 0), AMDVI_EVT_INVALID_PPR_REQUEST);
}
END_TEST

static unsigned run_mishap(enum dma_page_mishap mishap, unsigned pages)
{
    const struct dma_page_request page = request(true);
    unsigned count = dma_page_group(b.device, &page, pages, mishap, 42);

    ck_assert_uint_eq(logged(), count);
    return count;
}

START_TEST(test_no_last)
{
    ck_assert_uint_eq(run_mishap(DMA_PAGE_NO_LAST, 3), 3);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t words[2];
        log_entry(i, words);
        ck_assert_uint_eq(words[0] >> 41 & 1, 0);
    }
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 3);
}
END_TEST

START_TEST(test_gn_mismatch)
{
    unsigned with = 0;

    ck_assert_uint_eq(run_mishap(DMA_PAGE_GN_MISMATCH, 4), 4);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t words[2];
        log_entry(i, words);
        with += words[0] >> 56 & 1;
    }
    ck_assert_uint_eq(with, 3);
}
END_TEST

START_TEST(test_unknown_pasid)
{
    uint64_t words[2];
    uint32_t pasid;

    ck_assert_uint_eq(run_mishap(DMA_PAGE_UNKNOWN_PASID, 1), 1);
    log_entry(0, words);
    pasid = (uint32_t)(words[0] >> 16 & 0xffff) | (uint32_t)(words[0] >> 42 & 15) << 16;
    ck_assert_uint_ne(pasid, PASID);
    ck_assert_int_eq(__builtin_popcount(pasid ^ PASID), 1);
}
END_TEST

START_TEST(test_pasid_off)
{
    uint64_t words[2];

    ck_assert_uint_eq(run_mishap(DMA_PAGE_PASID_OFF, 2), 2);
    for (unsigned i = 0; i < 2; i++) {
        log_entry(i, words);
        ck_assert_uint_eq(words[0] >> 56 & 1, 0);
    }
}
END_TEST

START_TEST(test_pri_off)
{
    const struct dma_page_request page = request(true);

    board_configure(&b, pri + PCI_PRI_CTRL, 2, 0);
    ck_assert_uint_eq(dma_page_group(b.device, &page, 2, DMA_PAGE_LEGAL, 42), 0);
    ck_assert_uint_eq(run_mishap(DMA_PAGE_PRI_OFF, 2), 2);
}
END_TEST

/* With `last` a stop marker: an entry, and no answer is waited for. */
START_TEST(test_no_rights)
{
    uint64_t words[2];

    ck_assert_uint_eq(run_mishap(DMA_PAGE_NO_RIGHTS, 1), 1);
    log_entry(0, words);
    ck_assert_uint_eq(words[0] >> 49 & 0x13, 0); /* X, R and W */
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 0);
}
END_TEST

START_TEST(test_the_same_seed_makes_the_same_mishap)
{
    uint64_t first[2], again[2];

    run_mishap(DMA_PAGE_UNKNOWN_PASID, 1);
    log_entry(0, first);
    board_stop(&b);
    setup();
    run_mishap(DMA_PAGE_UNKNOWN_PASID, 1);
    log_entry(0, again);
    ck_assert_uint_eq(first[0], again[0]);
}
END_TEST

Suite *pages_suite(void)
{
    Suite *suite = suite_create("pages");
    TCase *tc = tcase_create("pages");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_a_group_of_one);
    tcase_add_test(tc, test_a_group_is_answered_as_a_whole);
    tcase_add_test(tc, test_no_more_than_software_allows);
    tcase_add_test(tc, test_not_allowed);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_unexpected_responses);
    tcase_add_test(tc, test_a_failure_stops_the_device);
    tcase_add_test(tc, test_stopping);
    tcase_add_test(tc, test_responses_with_a_pasid);
    tcase_add_test(tc, test_many_responses);
    tcase_add_test(tc, test_refused_by_the_iommu);
    tcase_add_test(tc, test_no_last);
    tcase_add_test(tc, test_gn_mismatch);
    tcase_add_test(tc, test_unknown_pasid);
    tcase_add_test(tc, test_pasid_off);
    tcase_add_test(tc, test_pri_off);
    tcase_add_test(tc, test_no_rights);
    tcase_add_test(tc, test_the_same_seed_makes_the_same_mishap);
    suite_add_tcase(suite, tc);
    return suite;
}
