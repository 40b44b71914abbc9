// SPDX-License-Identifier: Apache-2.0
/* What a lint reports beside stale entries, and how it leaves its surroundings alone. */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t DTE_IW = UINT64_C(1) << 62;

static void read_page(void)
{
    machine_read(&m, DEVICE, IOVA);
}

static uint64_t leaf(void)
{
    return machine_host_entry(&m, root, 3, 1, IOVA);
}

static uint64_t entry(void)
{
    return machine_dte_address(DEVICE);
}

static void unmap(void)
{
    machine_poke(&m, leaf(), 0);
}

static void invalidate_page(void)
{
    machine_invalidate_page(&m, DOMAIN, IOVA);
}

static void unmap_and_wait(void)
{
    step();
    read_page();
    step();
    unmap();
    step();
    machine_wait(&m);
    step();
    read_page();
}

/* ---------------------------------------------------------------- other findings */

START_TEST(a_torn_device_table_entry_is_found)
{
    uint64_t value = machine_peek(&m, entry());

    step();
    read_page();
    step();
    machine_invalidate_device(&m, DEVICE);
    machine_poke(&m, entry(), value & ~DTE_IW); /* first piece of an update */
    step();
    read_page();
    step();
    machine_poke(&m, entry() + 8, machine_peek(&m, entry() + 8) + 1); /* second half: another domain */
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_TORN_DTE);
    ck_assert_uint_eq(found.request.device, DEVICE);
    ck_assert_uint_eq(found.filled.line, 3);
}
END_TEST

START_TEST(careful_updates_are_not_torn)
{
    uint64_t value = machine_peek(&m, entry()), halves[2] = {value & ~DTE_IW, DOMAIN + 3};

    step();
    read_page();
    machine_poke(&m, entry(), value & ~(uint64_t)1); /* V=0 first */
    read_page();
    machine_poke(&m, entry() + 8, DOMAIN + 2);
    machine_poke(&m, entry(), value);
    machine_invalidate_device(&m, DEVICE);
    read_page();
    machine_poke(&m, entry(), halves[0]); /* one piece, invalidated, another piece */
    machine_invalidate_device(&m, DEVICE);
    read_page();
    machine_poke(&m, entry(), value);
    machine_invalidate_device(&m, DEVICE);
    read_page();
    amdvi_lint_write(lint, entry(), halves, 16); /* 16 bytes at once */
    memcpy(m.ram + entry(), halves, 16);
    machine_invalidate_device(&m, DEVICE);
    read_page();
    ck_assert_uint_eq(statistics().findings[AMDVI_LINT_TORN_DTE], 0);
}
END_TEST

START_TEST(reserved_bits_are_found_with_their_writer)
{
    step();
    read_page();
    step();
    machine_poke(&m, leaf(), machine_peek(&m, leaf()) | UINT64_C(1) << 55);
    invalidate_page();
    step();
    read_page();
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_RESERVED_BITS);
    ck_assert_uint_eq(found.word, leaf());
    ck_assert_uint_eq(found.changed.line, 2);
    ck_assert_uint_eq(found.at.line, 3);
}
END_TEST

START_TEST(devices_of_one_domain_with_different_tables_are_found)
{
    uint64_t other = machine_page(&m);

    machine_dte(&m, OTHER, DOMAIN, 3, other);
    machine_map(&m, other, 3, IOVA, MACHINE_DATA + 0x5000, MACHINE_READ);
    step();
    read_page();
    step();
    machine_read(&m, OTHER, IOVA);
    machine_read(&m, OTHER, IOVA);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_SHARED_DOMAIN);
    ck_assert_uint_eq(found.sharer, DEVICE);
    ck_assert_uint_eq(found.request.device, OTHER);
}
END_TEST

/* A guest table that the host maps read-only: the update of an accessed bit is refused, rightly. */
START_TEST(a_refused_update_is_no_stale_entry)
{
    uint64_t host = machine_page(&m);

    machine_dte(&m, OTHER, DOMAIN + 1, 3, host);
    machine_dte_guest(&m, OTHER, gcr3);
    for (uint64_t page = MACHINE_HEAP; page < MACHINE_HEAP + 0x40000; page += 0x1000)
        machine_map(&m, host, 3, page, page, MACHINE_READ);
    machine_map(&m, host, 3, MACHINE_DATA, MACHINE_DATA, MACHINE_READ_WRITE);
    step();
    ck_assert(!machine_read_pasid(&m, OTHER, PASID, GVA).ok);
    step();
    ck_assert(!machine_read_pasid(&m, OTHER, PASID, GVA).ok);
    ck_assert_uint_gt(statistics().checked, 0);
    ck_assert_uint_eq(statistics().stale, 0);
}
END_TEST

START_TEST(registers_of_running_units_are_watched)
{
    step();
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset,
                         machine_register(&m, reg_info[REG_DEVTAB_BASE].offset)); /* the same again */
    ck_assert_uint_eq(findings, 0);
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset, 0x3001ff);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_BASE_WHILE_RUNNING);
    machine_set_register(&m, reg_info[REG_CMD_BASE].offset, 0x0900000000050000);
    ck_assert_uint_eq(findings, 2);
    ck_assert_uint_eq(found.word, reg_info[REG_CMD_BASE].offset);
    machine_set_register(&m, reg_info[REG_CMD_TAIL].offset, m.tail);
    ck_assert_uint_eq(findings, 3);
    ck_assert_int_eq(found.kind, AMDVI_LINT_EMPTY_DOORBELL);
    machine_set_register(&m, reg_info[REG_CONTROL].offset, 0);
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset, MACHINE_DEVICES | 0x1ff);
    machine_set_register(&m, reg_info[REG_CMD_BASE].offset, 0x0900000000060000);
    ck_assert_uint_eq(findings, 3);
}
END_TEST

START_TEST(waste_is_counted)
{
    machine_invalidate_page(&m, DOMAIN, IOVA);
    machine_invalidate_device(&m, DEVICE);
    machine_invalidate_interrupts(&m, DEVICE);
    ck_assert_uint_eq(statistics().superfluous_invalidations, 3);
    read_page();
    machine_invalidate_page(&m, DOMAIN, IOVA);
    ck_assert_uint_eq(statistics().superfluous_invalidations, 3);
    machine_wait(&m);
    machine_wait(&m);
    ck_assert_uint_eq(statistics().stores, 2);
    ck_assert_uint_eq(statistics().stores_unread, 1);
    amdvi_lint_read(lint, MACHINE_STORE, 8);
    ck_assert_uint_eq(statistics().stores_unread, 0);
    ck_assert_uint_eq(findings, 0);
}
END_TEST

static unsigned heard;

static void on_hit(void *context, const struct amdvi_hit_info *info)
{
    heard++;
    ck_assert_uint_eq(info->device, DEVICE);
    ck_assert(info->caches >> AMDVI_CACHE_DTC & 1);
}

/* ---------------------------------------------------------------- manners */

START_TEST(the_former_observer_hears_everything)
{
    struct amdvi_observer observer = {.hit = on_hit};

    amdvi_lint_destroy(lint);
    ck_assert_int_eq(amdvi_observe(m.device, &observer), AMDVI_OK);
    attach();
    heard = 0;
    read_page();
    read_page();
    ck_assert_uint_eq(heard, 1);
    amdvi_lint_destroy(lint);
    lint = NULL;
    m.wrote = NULL;
    read_page();
    ck_assert_uint_eq(heard, 2);
}
END_TEST

/* The shadow leaves no trace: neither in statistics nor in memory nor in the log. */
START_TEST(looking_changes_nothing)
{
    struct amdvi_statistics before, after;

    amdvi_lint_destroy(lint);
    lint = NULL;
    m.wrote = NULL;
    machine_read(&m, DEVICE, IOVA);
    amdvi_get_statistics(m.device, &before);
    machine_read(&m, DEVICE, IOVA);
    amdvi_get_statistics(m.device, &after);
    before.requests = after.requests - before.requests;
    before.dtc_hits = after.dtc_hits - before.dtc_hits;
    before.walks = after.walks - before.walks;
    attach();
    amdvi_get_statistics(m.device, &after);
    machine_poke(&m, leaf(), 0);
    machine_read(&m, DEVICE, IOVA);
    ck_assert_uint_eq(statistics().stale, 1);
    after.requests += before.requests;
    after.dtc_hits += before.dtc_hits;
    amdvi_get_statistics(m.device, &before);
    ck_assert_uint_eq(before.requests, after.requests);
    ck_assert_uint_eq(before.dtc_hits, after.dtc_hits);
    ck_assert_uint_eq(before.walks, after.walks);
    ck_assert_uint_eq(before.faulted, 0);
    ck_assert_uint_eq(machine_events(&m), 0);
}
END_TEST

START_TEST(a_small_memory_forgets_but_works)
{
    again(&(struct amdvi_lint_options){.log2_words = 10});
    for (unsigned i = 0; i < 3000; i++) {
        machine_map(&m, root, 3, 0x1000000 + i * 0x1000, MACHINE_DATA, MACHINE_READ);
        step();
        machine_read(&m, DEVICE, 0x1000000 + i * 0x1000);
    }
    ck_assert_uint_gt(statistics().words_lost, 0);
    unmap_and_wait();
    amdvi_lint_fill(lint, 0, 0, MACHINE_RAM); /* larger than what is remembered */
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
}
END_TEST

/* A device that writes over a page table: its transfer is the change. */
START_TEST(transfers_into_tables_are_seen)
{
    static uint8_t zeros[64];
    struct amdvi_request rq = {.device = DEVICE, .length = sizeof(zeros), .op = AMDVI_WRITE};
    struct amdvi_result result;

    machine_map(&m, root, 3, IOVA + 0x9000, leaf() & ~UINT64_C(0xfff), MACHINE_READ_WRITE);
    rq.address = IOVA + 0x9000 + (leaf() & 0xfff);
    step();
    read_page();
    step();
    ck_assert_int_eq(amdvi_dma(m.device, &rq, zeros, &result), AMDVI_OK);
    step();
    read_page();
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.word, leaf());
    ck_assert_uint_eq(found.changed.line, 2);
}
END_TEST

START_TEST(arguments_are_checked)
{
    struct amdvi_lint *other;

    ck_assert_int_eq(amdvi_lint_create(NULL, NULL, &other), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_lint_create(m.device, &(struct amdvi_lint_options){.log2_words = 30}, &other),
                     AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_lint_write(lint, UINT64_MAX, "xx", 2), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_lint_write(lint, 0, NULL, 2), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_lint_write(lint, UINT64_MAX, "x", 1), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_fill(lint, 0, 0, UINT64_MAX), AMDVI_OK);
    ck_assert_int_eq(amdvi_lint_mark(NULL, 0, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_str_eq(amdvi_lint_kind_name(AMDVI_LINT_TORN_DTE), "torn-dte");
    ck_assert_str_eq(amdvi_lint_kind_name((enum amdvi_lint_kind)99), "unknown");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint manners");
    TCase *tcase = tcase_create("lint manners");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_torn_device_table_entry_is_found);
    tcase_add_test(tcase, careful_updates_are_not_torn);
    tcase_add_test(tcase, reserved_bits_are_found_with_their_writer);
    tcase_add_test(tcase, devices_of_one_domain_with_different_tables_are_found);
    tcase_add_test(tcase, a_refused_update_is_no_stale_entry);
    tcase_add_test(tcase, registers_of_running_units_are_watched);
    tcase_add_test(tcase, waste_is_counted);
    tcase_add_test(tcase, the_former_observer_hears_everything);
    tcase_add_test(tcase, looking_changes_nothing);
    tcase_add_test(tcase, a_small_memory_forgets_but_works);
    tcase_add_test(tcase, transfers_into_tables_are_seen);
    tcase_add_test(tcase, arguments_are_checked);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
