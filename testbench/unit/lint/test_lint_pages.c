// SPDX-License-Identifier: Apache-2.0
/* The lint about pages: whom it blames, which answers of ATS are dangerous, and how cases are told apart
 * (iommu 9.2, 10.2). */
#include "testbench/unit/lint/scene.h"

#include "amdvi/inject.h"
#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 0x400000, MANY = 140, FAR_UP = 0x8000000 };

/* ---------------------------------------------------------------- whom it blames */

/* Leaf and directory both changed: the directory is above. */
START_TEST(the_highest_change_is_blamed)
{
    ask(IOVA);
    unmap_page(IOVA);
    replace_directory(IOVA);
    machine_map(&m, root, 3, IOVA, MACHINE_DATA + 0x3000, MACHINE_READ);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.word, machine_host_entry(&m, root, 3, 2, IOVA));
}
END_TEST

/* Leaf and directory changed; one of them a walk has read since, so it is the other. */
START_TEST(a_change_that_was_read_since_is_not_blamed)
{
    uint64_t directory = machine_host_entry(&m, root, 3, 2, IOVA), leaf = leaf_of(IOVA);
    uint64_t read = _i ? leaf : directory, unread = _i ? directory : leaf, value = machine_peek(&m, read);

    ask(IOVA);
    step();
    machine_poke(&m, read, 0);
    machine_poke(&m, read, value);
    machine_invalidate_domain(&m, DOMAIN);
    ask(IOVA);
    step();
    machine_poke(&m, unread, 0);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.word, unread);
}
END_TEST

/* Another device of the domain has the same tables: it is no sharer. */
START_TEST(a_change_that_nobody_saw_has_no_blame)
{
    machine_dte(&m, OTHER, DOMAIN, 3, root);
    ask(IOVA);
    machine_read(&m, OTHER, IOVA);
    m.wrote = NULL;
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_STALE_ENTRY);
    ck_assert_uint_eq(found.word, 0);
    ck_assert_uint_eq(found.first, IOVA);
    ck_assert_uint_eq(found.last, IOVA + 0xfff);
    ck_assert_msg(strstr(text, "the change was not seen"), "%s", text);
}
END_TEST

/* The last page of all: its range ends where addresses do, and is no "all pages". */
START_TEST(the_last_page_is_a_page)
{
    uint64_t last = UINT64_C(0xfffffffffffff000);

    machine_guest_map(&m, guest, last, MACHINE_DATA);
    ck_assert(ask_guest(PASID, last).ok);
    machine_poke(&m, machine_guest_entry(&m, guest, last), 0);
    ask_guest(PASID, last);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.first, last);
    ck_assert_uint_eq(found.last, UINT64_MAX);
    ck_assert_msg(strstr(text, "PASID 0x5 0xfffffffffffff000 to 0xffffffffffffffff"), "%s", text);
}
END_TEST

/* Of a guest's request it may be the host's table: all of the domain is needed. */
START_TEST(a_guests_change_that_nobody_saw_needs_the_domain)
{
    ask_guest(PASID, GVA);
    m.wrote = NULL;
    machine_poke(&m, machine_guest_entry(&m, guest, GVA), 0);
    ask_guest(PASID, GVA);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.word, 0);
    ck_assert(!cmd_inv_pages_gn(found.needed));
    ck_assert_uint_eq(found.last, UINT64_MAX);
}
END_TEST

START_TEST(another_depth_is_another_table)
{
    uint64_t other = machine_page(&m);

    machine_dte(&m, OTHER, DOMAIN, 4, other);
    machine_map(&m, other, 4, IOVA, MACHINE_DATA + 0x5000, MACHINE_READ);
    ask(IOVA);
    machine_read(&m, OTHER, IOVA);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_SHARED_DOMAIN);
    ck_assert_uint_eq(found.sharer, DEVICE);
}
END_TEST

/* Software clears accessed bits to see which pages are in use: what a walk would set again is no difference,
 * and looking sets nothing. */
START_TEST(accessed_bits_that_were_cleared_are_silent)
{
    uint64_t at = machine_guest_entry(&m, guest, GVA), aged = machine_peek(&m, at);

    ask_guest(PASID, GVA);
    ck_assert_uint_ne(machine_peek(&m, at), aged); /* the walk has set it */
    machine_poke(&m, at, aged);
    ck_assert(ask_guest(PASID, GVA).ok);
    ck_assert_uint_eq(statistics().checked, 1);
    ck_assert_uint_eq(reported(), 0);
    ck_assert_uint_eq(machine_peek(&m, at), aged);
}
END_TEST

/* The table's memory is taken away: memory answers with an error. */
START_TEST(a_page_whose_table_has_gone_is_found)
{
    again_in_callbacks();
    machine_map(&m, root, 3, FAR_UP, MACHINE_DATA, MACHINE_READ);
    ask(FAR_UP);
    m.gone = leaf_of(FAR_UP) & ~UINT64_C(0xfff);
    ck_assert(ask(FAR_UP).ok);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.should_perm, 0);
    ck_assert_msg(strstr(text, "went to 0x800000, memory refuses it"), "%s", text);
}
END_TEST

/* ---------------------------------------------------------------- ATS (9.2) */

static struct amdvi_result ask_ats(uint64_t iova)
{
    struct amdvi_request request = {
        .device = DEVICE, .address = iova, .length = 8, .at = AMDVI_TRANSLATION_REQUEST};
    struct amdvi_result result;

    step();
    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_OK);
    return result;
}

static void make_read_only(void)
{
    machine_poke(&m, leaf_of(IOVA), v1_set_iw(machine_peek(&m, leaf_of(IOVA)), 0));
}

static void move(void)
{
    machine_map(&m, root, 3, IOVA, MACHINE_DATA + 0x7000, MACHINE_READ_WRITE);
}

static void forbid(void)
{
    machine_poke(&m, leaf_of(IOVA), 0);
}

START_TEST(a_translation_that_grants_too_much_is_found)
{
    static void (*const changes[])(void) = {make_read_only, move, forbid};

    ask_ats(IOVA);
    step();
    changes[_i]();
    ck_assert_uint_eq(ask_ats(IOVA).perm & MACHINE_READ_WRITE, MACHINE_READ_WRITE);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.word, leaf_of(IOVA));
    ck_assert_uint_eq(found.got_perm & MACHINE_READ_WRITE, MACHINE_READ_WRITE);
}
END_TEST

START_TEST(a_translation_that_grants_too_little_is_silent)
{
    make_read_only();
    ask_ats(IOVA);
    machine_map(&m, root, 3, IOVA, MACHINE_DATA, MACHINE_READ_WRITE);
    ask_ats(IOVA);
    ck_assert_uint_eq(ask_ats(IOVA + 0x9000).perm, 0);
    ck_assert_uint_eq(ask_ats(IOVA + 0x9000).perm, 0);
    ck_assert_uint_eq(reported(), 0);
    ck_assert_uint_gt(statistics().checked, 2);
}
END_TEST

/* DTE.I was set, and the cached entry has it clear. */
START_TEST(a_translation_request_that_is_refused_wrongly_is_found)
{
    uint64_t at = machine_dte_address(DEVICE) + 8, word = machine_peek(&m, at);

    machine_poke(&m, at, word & ~DTE_I_MASK);
    ck_assert(!ask_ats(IOVA).ok);
    machine_poke(&m, at, word);
    ck_assert(!ask_ats(IOVA).ok);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_DTC);
}
END_TEST

/* The page is in the new table only: the stale directory leads to the old one. */
START_TEST(a_translation_without_permission_by_a_stale_directory_is_found)
{
    ask(IOVA);
    replace_directory(IOVA);
    ck_assert_uint_eq(ask_ats(IOVA + 0x20000).perm, 0);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_PDC);
    ck_assert_uint_eq(found.should_perm & MACHINE_READ_WRITE, MACHINE_READ_WRITE);
}
END_TEST

/* The line of another device of the domain answers, and the own entry grants nothing. */
static uint64_t refuse_by_the_entry(void)
{
    uint64_t raw = machine_peek(&m, machine_dte_address(DEVICE));

    machine_dte(&m, OTHER, DOMAIN, 3, root);
    machine_poke(&m, machine_dte_address(DEVICE), raw & ~(DTE_IR_MASK | DTE_IW_MASK));
    machine_read(&m, OTHER, IOVA);
    ck_assert_uint_eq(ask_ats(IOVA).perm, 0);
    return raw;
}

START_TEST(a_translation_without_permission_by_the_entry_is_silent)
{
    refuse_by_the_entry();
    ck_assert_uint_eq(ask_ats(IOVA).perm, 0);
    ck_assert_uint_eq(reported(), 0);
}
END_TEST

START_TEST(a_translation_without_permission_by_a_stale_entry_is_found)
{
    machine_poke(&m, machine_dte_address(DEVICE), refuse_by_the_entry());
    ck_assert_uint_eq(ask_ats(IOVA).perm, 0);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_DTC);
}
END_TEST

/* A page of the guest's kernel becomes one of its users: the cached page grants less than memory does. */
START_TEST(a_translation_without_permission_by_its_page_is_silent)
{
    struct amdvi_request request = {.device = OTHER,
                                    .address = GVA,
                                    .length = 8,
                                    .at = AMDVI_TRANSLATION_REQUEST,
                                    .has_pasid = true,
                                    .pasid = PASID};
    uint64_t at = machine_guest_entry(&m, guest, GVA);
    struct amdvi_result result;

    machine_poke(&m, at, v2_set_us(machine_peek(&m, at), 0));
    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_OK);
    machine_poke(&m, at, v2_set_us(machine_peek(&m, at), 1));
    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_OK);
    ck_assert_uint_eq(result.perm, 0);
    ck_assert_uint_eq(statistics().checked, 1);
    ck_assert_uint_eq(reported(), 0);
}
END_TEST

/* ---------------------------------------------------------------- memory that fails */

START_TEST(memory_that_failed_a_moment_ago_is_no_stale_entry)
{
    struct amdvi_inject_rule rules[1];
    size_t count;

    ask(IOVA);
    ck_assert_int_eq(amdvi_inject_parse("read:pte:data_error", rules, 1, &count), AMDVI_OK);
    ck_assert_int_eq(amdvi_inject(m.device, rules, count), AMDVI_OK);
    ck_assert(!ask(IOVA + 0x2000).ok);
    ck_assert_uint_eq(reported(), 0);
    ck_assert_uint_eq(statistics().checked, 1);
}
END_TEST

/* ---------------------------------------------------------------- cases */

START_TEST(strict_without_a_wait_proves_nothing)
{
    again(&(struct amdvi_lint_options){.regime = AMDVI_LINT_SYNCHRONOUS});
    ask(IOVA);
    machine_wait(&m); /* before the change */
    unmap_page(IOVA);
    ask(IOVA);
    ck_assert_uint_eq(findings, 0);
    ck_assert_uint_eq(reported(), 1);
}
END_TEST

/* Each pair of wrong answers below differs in one thing: two cases, and each once more is the same case. */
static void two_pages(void)
{
    ask(IOVA);
    ask(IOVA + 0x1000);
    step();
    machine_poke(&m, leaf_of(IOVA), 0);
    machine_poke(&m, leaf_of(IOVA + 0x1000), 0);
    for (unsigned i = 0; i < 4; i++)
        ask(IOVA + 0x1000 * (i % 2));
}

static void two_pasids(void)
{
    machine_poke(&m, gcr3 + (PASID + 1) * 8, guest | 1);
    ask_guest(PASID, GVA);
    ask_guest(PASID + 1, GVA);
    step();
    machine_poke(&m, machine_guest_entry(&m, guest, GVA), 0);
    for (uint32_t i = 0; i < 4; i++)
        ask_guest(PASID + i % 2, GVA);
}

static void two_devices(void)
{
    machine_dte(&m, OTHER, DOMAIN, 3, root);
    ask(IOVA);
    machine_read(&m, OTHER, IOVA);
    unmap_page(IOVA);
    for (unsigned i = 0; i < 4; i++)
        machine_read(&m, i % 2 ? OTHER : DEVICE, IOVA);
}

static void two_interrupts(void)
{
    machine_irte(&m, interrupts, 4, 0x51);
    machine_interrupt(&m, DEVICE, 3);
    machine_interrupt(&m, DEVICE, 4);
    step();
    machine_poke(&m, interrupts + 3 * 16 + 8, 0x42);
    machine_poke(&m, interrupts + 4 * 16 + 8, 0x42);
    for (unsigned i = 0; i < 4; i++)
        machine_interrupt(&m, DEVICE, 3 + i % 2);
}

/* A device table entry that is wrong for a request and for an interrupt. */
static void two_uses(void)
{
    uint64_t at = machine_dte_address(DEVICE);

    ask(IOVA);
    machine_interrupt(&m, DEVICE, 3);
    step();
    machine_poke(&m, at + 16, machine_peek(&m, at + 16) & ~DTE_IV_MASK);
    machine_poke(&m, at, 0);
    for (unsigned i = 0; i < 2; i++) {
        ask(IOVA);
        machine_interrupt(&m, DEVICE, 3);
    }
}

static void two_domains(void)
{
    static const uint16_t domains[] = {DOMAIN, DOMAIN + 4};

    for (unsigned i = 0; i < 2; i++) {
        machine_poke(&m, machine_dte_address(DEVICE) + 8, domains[i]);
        machine_invalidate_device(&m, DEVICE);
        ask(IOVA);
    }
    unmap_page(IOVA);
    for (unsigned i = 0; i < 4; i++) {
        machine_poke(&m, machine_dte_address(DEVICE) + 8, domains[i % 2]);
        machine_invalidate_device(&m, DEVICE);
        ask(IOVA);
    }
}

/* The leaf, and later the directory above it, whose range begins at the same address. */
static void two_words(void)
{
    machine_map(&m, root, 3, LARGE, MACHINE_DATA, MACHINE_READ_WRITE);
    ask(LARGE);
    unmap_page(LARGE);
    ask(LARGE);
    ask(LARGE);
    replace_directory(LARGE);
    ask(LARGE);
    ask(LARGE);
}

/* The leaf, whose change a walk of another device has read, and the leaf once more. */
static void two_changes(void)
{
    machine_dte(&m, OTHER, DOMAIN + 4, 3, root);
    ask(IOVA);
    unmap_page(IOVA);
    ask(IOVA);
    ask(IOVA);
    machine_read(&m, OTHER, IOVA);
    step();
    machine_map(&m, root, 3, IOVA, MACHINE_DATA + 0x3000, MACHINE_READ);
    ask(IOVA);
    ask(IOVA);
}

START_TEST(different_cases_are_told_apart)
{
    static void (*const pairs[])(void) = {two_pages, two_pasids,  two_devices, two_interrupts,
                                          two_uses,  two_domains, two_words,   two_changes};

    again(&(struct amdvi_lint_options){.apart = true});
    pairs[_i]();
    ck_assert_uint_eq(reported(), 2);
    ck_assert_uint_eq(statistics().stale, 4);
    ck_assert_uint_eq(found.times, 2);
}
END_TEST

/* One operation of the driver, one finding: with the range of all its pages, and how many they are. */
START_TEST(pages_of_one_operation_are_one_finding)
{
    for (unsigned i = 0; i < MANY; i++) {
        machine_map(&m, root, 3, FAR_UP + i * 0x1000, MACHINE_DATA, MACHINE_READ);
        ask(FAR_UP + i * 0x1000);
    }
    for (unsigned i = 0; i < MANY; i++)
        unmap_page(FAR_UP + i * 0x1000);
    for (unsigned i = 0; i < MANY; i++)
        ask(FAR_UP + i * 0x1000);
    ck_assert_uint_eq(statistics().stale, MANY);
    ck_assert_uint_eq(statistics().lost, 0);
    ck_assert_uint_eq(reported(), 1);
    ck_assert_uint_eq(found.entries, MANY);
    ck_assert_uint_eq(found.times, MANY);
    ck_assert_uint_eq(found.first, FAR_UP);
    ck_assert_uint_eq(found.last, FAR_UP + MANY * 0x1000 - 1);
    machine_command(&m, found.needed[0], found.needed[1]);
    for (unsigned i = 0; i < MANY; i++)
        ck_assert(!ask(FAR_UP + i * 0x1000).ok);
    ck_assert_uint_eq(statistics().stale, MANY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint about pages");
    TCase *tests = tcase_create("pages");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_highest_change_is_blamed);
    tcase_add_loop_test(tests, a_change_that_was_read_since_is_not_blamed, 0, 2);
    tcase_add_test(tests, a_change_that_nobody_saw_has_no_blame);
    tcase_add_test(tests, a_guests_change_that_nobody_saw_needs_the_domain);
    tcase_add_test(tests, the_last_page_is_a_page);
    tcase_add_test(tests, another_depth_is_another_table);
    tcase_add_test(tests, accessed_bits_that_were_cleared_are_silent);
    tcase_add_test(tests, a_page_whose_table_has_gone_is_found);
    tcase_add_loop_test(tests, a_translation_that_grants_too_much_is_found, 0, 3);
    tcase_add_test(tests, a_translation_that_grants_too_little_is_silent);
    tcase_add_test(tests, a_translation_request_that_is_refused_wrongly_is_found);
    tcase_add_test(tests, a_translation_without_permission_by_a_stale_directory_is_found);
    tcase_add_test(tests, a_translation_without_permission_by_the_entry_is_silent);
    tcase_add_test(tests, a_translation_without_permission_by_a_stale_entry_is_found);
    tcase_add_test(tests, a_translation_without_permission_by_its_page_is_silent);
    tcase_add_test(tests, memory_that_failed_a_moment_ago_is_no_stale_entry);
    tcase_add_test(tests, strict_without_a_wait_proves_nothing);
    tcase_add_loop_test(tests, different_cases_are_told_apart, 0, 8);
    tcase_add_test(tests, pages_of_one_operation_are_one_finding);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
