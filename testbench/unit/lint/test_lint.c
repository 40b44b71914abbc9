// SPDX-License-Identifier: Apache-2.0
/* The lint: each forgotten invalidation is found and blamed, each remembered one is not. */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What every scenario has: it fills, it changes a table, perhaps invalidates, it asks again, it ends. */
struct scenario {
    void (*ask)(void);
    void (*change)(void);
    void (*invalidate)(void);
    uint64_t (*word)(void); /* the word that changes */
    enum amdvi_cache cache;
    uint8_t opcode;
    bool at_once; /* entries that no flush queue collects: the wait is proof */
};

static void read_page(void)
{
    machine_read(&m, DEVICE, IOVA);
}

static void read_guest(void)
{
    machine_read_pasid(&m, OTHER, PASID, GVA);
}

static void interrupt(void)
{
    machine_interrupt(&m, DEVICE, 3);
}

static uint64_t leaf(void)
{
    return machine_host_entry(&m, root, 3, 1, IOVA);
}

static uint64_t directory(void)
{
    return machine_host_entry(&m, root, 3, 2, IOVA);
}

static uint64_t entry(void)
{
    return machine_dte_address(DEVICE);
}

static uint64_t gcr3_entry(void)
{
    return gcr3 + PASID * 8;
}

static uint64_t guest_leaf(void)
{
    return machine_guest_entry(&m, guest, GVA);
}

static uint64_t interrupt_entry(void)
{
    return interrupts + 3 * 16 + 8;
}

static void unmap(void)
{
    machine_poke(&m, leaf(), 0);
}

static void swap_directory(void)
{
    uint64_t page = machine_page(&m);

    machine_poke(&m, directory(), (machine_peek(&m, directory()) & 0xfff0000000000fff) | page);
}

static void change_device(void)
{
    uint64_t value = machine_peek(&m, entry());

    dte_set_tv(&value, 0);
    machine_poke(&m, entry(), value);
}

static void change_gcr3(void)
{
    machine_poke(&m, gcr3_entry(), 0);
}

static void unmap_guest(void)
{
    machine_poke(&m, guest_leaf(), 0);
}

static void change_interrupt(void)
{
    machine_poke(&m, interrupt_entry(), 0x42);
}

static void invalidate_page(void)
{
    machine_invalidate_page(&m, DOMAIN, IOVA);
}

static void invalidate_domain(void)
{
    machine_invalidate_domain(&m, DOMAIN);
}

static void invalidate_device(void)
{
    machine_invalidate_device(&m, DEVICE);
}

static void invalidate_pasid(void)
{
    machine_invalidate_pasid(&m, DOMAIN + 1, PASID);
}

static void invalidate_interrupts(void)
{
    machine_invalidate_interrupts(&m, DEVICE);
}

static const struct scenario scenarios[] = {
    {read_page, unmap, invalidate_page, leaf, AMDVI_CACHE_PTC, CMD_INVALIDATE_IOMMU_PAGES, false},
    {read_page, swap_directory, invalidate_domain, directory, AMDVI_CACHE_PTC, CMD_INVALIDATE_IOMMU_PAGES,
     false},
    {read_page, change_device, invalidate_device, entry, AMDVI_CACHE_DTC, CMD_INVALIDATE_DEVTAB_ENTRY, true},
    {read_guest, change_gcr3, invalidate_pasid, gcr3_entry, AMDVI_CACHE_PTC, CMD_INVALIDATE_IOMMU_PAGES,
     false},
    {read_guest, unmap_guest, invalidate_pasid, guest_leaf, AMDVI_CACHE_PTC, CMD_INVALIDATE_IOMMU_PAGES,
     false},
    {interrupt, change_interrupt, invalidate_interrupts, interrupt_entry, AMDVI_CACHE_ITC,
     CMD_INVALIDATE_INTERRUPT_TABLE, true},
};

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

START_TEST(a_forgotten_invalidation_is_found_and_blamed)
{
    const struct scenario *s = &scenarios[_i];
    uint64_t filled = step(), changed;

    s->ask();
    step();
    s->ask();
    changed = step();
    s->change();
    step();
    machine_wait(&m);
    step();
    s->ask();
    step();
    s->ask();
    ck_assert_uint_eq(findings, s->at_once);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_STALE_ENTRY);
    ck_assert_int_eq(found.severity, AMDVI_LINT_MISTAKE);
    ck_assert_int_eq(found.cache, s->cache);
    ck_assert_uint_eq(found.word, s->word());
    ck_assert_uint_eq(found.filled.line, filled);
    ck_assert_uint_eq(found.changed.line, changed);
    ck_assert_uint_eq(found.at.line, changed + 2);
    ck_assert_uint_eq(found.danger_records, 2);
    ck_assert_uint_eq(found.danger_ns, 2000);
    ck_assert_uint_eq(found.times, s->at_once ? 1 : 2);
    ck_assert_uint_eq(found.needed[0] >> 60, s->opcode);
    ck_assert_msg(strncmp(text, "stale-entry: ", 13) == 0, "%s", text);
    amdvi_lint_finish(lint); /* once is enough */
    ck_assert_uint_eq(findings, 1);
}
END_TEST

START_TEST(the_same_with_its_invalidation_is_silent)
{
    const struct scenario *s = &scenarios[_i];

    step();
    s->ask();
    step();
    s->change();
    step();
    s->invalidate();
    step();
    machine_wait(&m);
    step();
    s->ask();
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 0);
    ck_assert_uint_eq(statistics().stale, 0);
    ck_assert_uint_eq(statistics().invalidations, 1);
    ck_assert_uint_eq(statistics().superfluous_invalidations, 0);
}
END_TEST

START_TEST(the_command_that_was_needed_would_have_helped)
{
    const struct scenario *s = &scenarios[_i];

    step();
    s->ask();
    step();
    s->change();
    step();
    s->ask();
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    machine_command(&m, found.needed[0], found.needed[1]);
    step();
    s->ask();
    ck_assert_uint_eq(statistics().stale, 1);
}
END_TEST

START_TEST(a_request_before_the_invalidation_is_only_a_window)
{
    const struct scenario *s = &scenarios[_i % SCENARIOS];
    bool told = _i >= SCENARIOS;

    again(&(struct amdvi_lint_options){.windows = told});
    step();
    s->ask();
    step();
    s->change();
    step();
    s->ask();
    step();
    s->invalidate();
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().windows, 1);
    ck_assert_uint_eq(statistics().findings[AMDVI_LINT_STALE_ENTRY], 0);
    ck_assert_uint_eq(findings, told);
    if (told)
        ck_assert_int_eq(found.severity, AMDVI_LINT_WINDOW);
}
END_TEST

/* ---------------------------------------------------------------- proofs */

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

START_TEST(strict_takes_a_wait_as_proof)
{
    again(&(struct amdvi_lint_options){.regime = AMDVI_LINT_SYNCHRONOUS});
    unmap_and_wait();
    ck_assert_uint_eq(findings, 1);
    step();
    read_page();
    invalidate_page();
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(statistics().windows, 0);
}
END_TEST

START_TEST(patience_ends)
{
    again(&(struct amdvi_lint_options){.patience_records = 5});
    unmap_and_wait();
    ck_assert_uint_eq(findings, 0);
    for (int i = 0; i < 3; i++) {
        step();
        read_page();
    }
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.times, 4);
}
END_TEST

START_TEST(commands_for_somebody_else_do_not_help)
{
    unmap_and_wait();
    machine_invalidate_page(&m, DOMAIN, IOVA + 0x1000);
    machine_invalidate_domain(&m, DOMAIN + 1);
    machine_invalidate_device(&m, DEVICE);
    machine_invalidate_interrupts(&m, DEVICE);
    machine_invalidate_pasid(&m, DOMAIN, 0);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
}
END_TEST

START_TEST(more_permission_is_no_mistake)
{
    uint64_t value = machine_peek(&m, leaf());

    machine_poke(&m, leaf(), v1_set_iw(value, 0));
    step();
    read_page();
    step();
    machine_poke(&m, leaf(), value);
    step();
    read_page();
    step();
    machine_write(&m, DEVICE, IOVA);
    step();
    machine_map(&m, root, 3, IOVA + 0x9000, MACHINE_DATA, MACHINE_READ); /* was not present */
    step();
    machine_read(&m, DEVICE, IOVA + 0x9000);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().stale, 0);
}
END_TEST

START_TEST(less_permission_is_one_only_for_those_who_need_it)
{
    step();
    machine_write(&m, DEVICE, IOVA);
    step();
    machine_poke(&m, leaf(), v1_set_iw(machine_peek(&m, leaf()), 0));
    step();
    read_page();
    ck_assert_uint_eq(statistics().stale, 0);
    machine_write(&m, DEVICE, IOVA);
    ck_assert_uint_eq(statistics().stale, 1);
}
END_TEST

START_TEST(a_moved_page_is_found)
{
    step();
    read_page();
    step();
    machine_map(&m, root, 3, IOVA, MACHINE_DATA + 0x7000, MACHINE_READ_WRITE);
    step();
    read_page();
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.got, MACHINE_DATA);
    ck_assert_uint_eq(found.should, MACHINE_DATA + 0x7000);
    ck_assert_uint_eq(found.first, IOVA);
    ck_assert_uint_eq(found.last, IOVA + 0xfff);
}
END_TEST

/* A walk that finds a stale directory reads the old table: nothing of the answer came from the PTC. */
START_TEST(a_stale_directory_is_found_without_a_stale_translation)
{
    step();
    read_page();
    step();
    swap_directory();
    step();
    machine_read(&m, DEVICE, IOVA + 0x2000);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_PDC);
    ck_assert_uint_eq(found.word, directory());
    ck_assert_uint_eq(found.last - found.first, 0x1fffff);
    ck_assert(cmd_inv_pages_pde(found.needed));
}
END_TEST

START_TEST(an_entry_that_refuses_wrongly_is_found)
{
    uint64_t value = machine_peek(&m, entry());

    change_device();
    step();
    read_page(); /* blocked, and the entry is cached */
    step();
    machine_poke(&m, entry(), value);
    step();
    read_page();
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_DTC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint");
    TCase *tcase = tcase_create("lint");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_forgotten_invalidation_is_found_and_blamed, 0, SCENARIOS);
    tcase_add_loop_test(tcase, the_same_with_its_invalidation_is_silent, 0, SCENARIOS);
    tcase_add_loop_test(tcase, the_command_that_was_needed_would_have_helped, 0, SCENARIOS);
    tcase_add_loop_test(tcase, a_request_before_the_invalidation_is_only_a_window, 0, 2 * SCENARIOS);
    tcase_add_test(tcase, strict_takes_a_wait_as_proof);
    tcase_add_test(tcase, patience_ends);
    tcase_add_test(tcase, commands_for_somebody_else_do_not_help);
    tcase_add_test(tcase, more_permission_is_no_mistake);
    tcase_add_test(tcase, less_permission_is_one_only_for_those_who_need_it);
    tcase_add_test(tcase, a_moved_page_is_found);
    tcase_add_test(tcase, a_stale_directory_is_found_without_a_stale_translation);
    tcase_add_test(tcase, an_entry_that_refuses_wrongly_is_found);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
