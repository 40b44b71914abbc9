// SPDX-License-Identifier: Apache-2.0
/* The lint: what devices keep in caches of their own, when no INVALIDATE_IOTLB_PAGES reaches them (9.3). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

static void let_ats(uint64_t *raw)
{
    dte_set_i(raw, 1);
}

static void forbid_ats(uint64_t *raw)
{
    dte_set_i(raw, 0);
}

static void start(void)
{
    setup();
    edit_entry(DEVICE, let_ats);
    edit_entry(OTHER, let_ats);
    ck_assert_uint_eq(findings, 0);
}

/* A device asks for a translation and keeps it. */
static struct amdvi_result fetch(uint64_t iova)
{
    struct amdvi_request request = {.device = DEVICE,
                                    .op = AMDVI_WRITE,
                                    .at = AMDVI_TRANSLATION_REQUEST,
                                    .address = iova,
                                    .length = 4096};
    struct amdvi_result result;

    step();
    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_OK);
    return result;
}

static void fetch_guest(void)
{
    struct amdvi_request request = {.device = OTHER,
                                    .at = AMDVI_TRANSLATION_REQUEST,
                                    .has_pasid = true,
                                    .pasid = PASID,
                                    .address = GVA,
                                    .length = 4096};
    struct amdvi_result result;

    step();
    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_OK);
    ck_assert(result.ok && result.perm);
}

/* `pages` of 4 KiB, a power of two; 0: all. */
static void tell(uint16_t device, bool guests, uint64_t address, uint64_t pages)
{
    uint64_t words[2] = {0};

    cmd_inv_iotlb_set_opcode(words, CMD_INVALIDATE_IOTLB_PAGES);
    cmd_inv_iotlb_set_deviceid(words, device);
    cmd_inv_iotlb_set_queueid(words, device);
    cmd_inv_iotlb_set_gn(words, guests);
    cmd_inv_iotlb_set_pasid(words, guests ? PASID : 0);
    cmd_inv_iotlb_set_s(words, pages != 1);
    cmd_inv_iotlb_set_address(words, pages ? address | (pages / 2 * 0x1000 - (pages > 1))
                                           : INT64_MAX & ~UINT64_C(0xfff));
    step();
    machine_command(&m, words[0], words[1]);
}

static void flush_and_wait(void)
{
    step();
    machine_invalidate_domain(&m, DOMAIN);
    step();
    machine_wait(&m);
}

/* The driver goes on to something else. */
static void go_on(void)
{
    step();
    machine_wait(&m);
}

static void expect(uint16_t device, uint64_t first, uint64_t last)
{
    ck_assert_msg(findings == 1, "%u findings, the newest: %s", findings, text);
    ck_assert_int_eq(found.kind, AMDVI_LINT_STALE_ATC);
    ck_assert_int_eq(found.severity, AMDVI_LINT_MISTAKE);
    ck_assert_uint_eq(found.request.device, device);
    ck_assert_uint_eq(found.pasid, found.request.has_pasid ? found.request.pasid : 0);
    ck_assert_msg((strstr(text, " with PASID 0x5") != NULL) == (device == OTHER), "%s", text);
    ck_assert_msg(device == OTHER || !strstr(text, "with PASID"), "%s", text);
    ck_assert_uint_eq(found.first, first);
    ck_assert_uint_eq(found.last, last);
    ck_assert_uint_eq(cmd_inv_iotlb_opcode(found.needed), CMD_INVALIDATE_IOTLB_PAGES);
    ck_assert_uint_eq(cmd_inv_iotlb_deviceid(found.needed), device);
}

START_TEST(a_device_that_is_not_told_is_found)
{
    uint64_t changed, given;

    ck_assert(fetch(IOVA).perm);
    unmap_page(IOVA);
    changed = line;
    given = line + 1;
    flush_and_wait();
    ck_assert_uint_eq(findings, 0); /* it may follow yet */
    if (_i)
        amdvi_lint_finish(lint);
    else
        go_on();
    expect(DEVICE, IOVA, IOVA + 0xfff);
    ck_assert_uint_eq(found.word, leaf_of(IOVA));
    ck_assert_uint_eq(found.changed.line, changed);
    ck_assert_uint_eq(found.near_at.line, given);
    ck_assert_uint_eq(found.got, MACHINE_DATA);
    ck_assert_msg(strstr(text, "no INVALIDATE_IOTLB_PAGES behind it") != NULL, "%s", text);
    go_on();
    ck_assert_uint_eq(reported(), 1);
}
END_TEST

/* 0: its page; 1: all; 2: behind a first wait. */
START_TEST(a_device_that_is_told_is_silent)
{
    fetch(IOVA);
    unmap_page(IOVA);
    step();
    machine_invalidate_domain(&m, DOMAIN);
    if (_i == 2)
        go_on();
    tell(DEVICE, false, IOVA, _i == 1 ? 0 : 1);
    go_on();
    go_on();
    ck_assert_msg(reported() == 0, "%s", text);
}
END_TEST

/* 0: another device; 1: another page; 2: with a PASID. */
START_TEST(what_is_told_to_somebody_else_does_not_help)
{
    fetch(IOVA);
    unmap_page(IOVA);
    step();
    machine_invalidate_domain(&m, DOMAIN);
    tell(_i == 0 ? OTHER : DEVICE, _i == 2, _i == 1 ? IOVA + 0x1000 : IOVA, 1);
    go_on();
    go_on();
    expect(DEVICE, IOVA, IOVA + 0xfff);
}
END_TEST

/* Four pages, and the device is told of two. */
START_TEST(a_range_that_ends_too_early_is_found)
{
    for (unsigned i = 0; i < 4; i++)
        fetch(IOVA + i * 0x1000);
    for (unsigned i = 0; i < 4; i++)
        unmap_page(IOVA + i * 0x1000);
    step();
    machine_invalidate_domain(&m, DOMAIN);
    tell(DEVICE, false, IOVA, _i ? 4 : 2);
    go_on();
    go_on();
    if (_i)
        ck_assert_msg(findings == 0, "%s", text);
    else
        expect(DEVICE, IOVA + 0x2000, IOVA + 0x3fff);
}
END_TEST

/* 0: nothing has changed; 1: the device holds nothing; 2: it may write now, too; 3: the entry takes ATS away.
 */
START_TEST(nothing_to_fear_is_silent)
{
    uint64_t leaf = leaf_of(IOVA), entry = machine_peek(&m, leaf);

    if (_i == 2)
        machine_poke(&m, leaf, v1_set_iw(entry, 0));
    if (_i == 1)
        ask(IOVA);
    else
        ck_assert(fetch(IOVA).perm);
    if (_i == 2)
        machine_poke(&m, leaf, entry);
    else if (_i)
        unmap_page(IOVA);
    if (_i == 3) {
        edit_entry(DEVICE, forbid_ats);
        machine_invalidate_device(&m, DEVICE);
    }
    flush_and_wait();
    go_on();
    ck_assert_msg(reported() == 0, "%s", text);
}
END_TEST

START_TEST(a_right_that_was_taken_away_is_found)
{
    uint64_t leaf = leaf_of(IOVA);

    fetch(IOVA);
    step();
    machine_poke(&m, leaf, v1_set_iw(machine_peek(&m, leaf), 0));
    flush_and_wait();
    go_on();
    expect(DEVICE, IOVA, IOVA + 0xfff);
}
END_TEST

/* Of guest tables the PASID has to be told: 0: it is not; 1: it is. */
START_TEST(a_guests_translation_goes_with_its_pasid)
{
    fetch_guest();
    step();
    machine_poke(&m, machine_guest_entry(&m, guest, GVA), 0);
    machine_invalidate_pasid(&m, DOMAIN + 1, PASID);
    tell(OTHER, _i != 0, GVA, 1);
    go_on();
    go_on();
    if (_i) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    expect(OTHER, GVA, GVA + 0xfff);
    ck_assert_uint_eq(found.pasid, PASID);
    ck_assert(cmd_inv_iotlb_gn(found.needed));
}
END_TEST

/* What the device was given anew is what memory says. */
START_TEST(a_translation_that_was_fetched_again_is_silent)
{
    fetch(IOVA);
    unmap_page(IOVA);
    machine_map(&m, root, 3, IOVA, MACHINE_DATA + 0x5000, MACHINE_READ_WRITE);
    machine_invalidate_domain(&m, DOMAIN);
    tell(DEVICE, false, IOVA, 1);
    ck_assert_uint_eq(fetch(IOVA).pa, MACHINE_DATA + 0x5000);
    flush_and_wait();
    go_on();
    ck_assert_msg(reported() == 0, "%s", text);
}
END_TEST

START_TEST(other_processors_wait_for_themselves)
{
    again(&(struct amdvi_lint_options){.processors = 2});
    edit_entry(DEVICE, let_ats);
    fetch(IOVA);
    unmap_page(IOVA);
    flush_and_wait();
    go_on();
    ck_assert_msg(findings == 0, "%s", text);
    go_on();
    ck_assert_uint_eq(findings, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("caches of devices under lint");
    TCase *tests = tcase_create("caches of devices");

    tcase_add_checked_fixture(tests, start, teardown);
    tcase_add_loop_test(tests, a_device_that_is_not_told_is_found, 0, 2);
    tcase_add_loop_test(tests, a_device_that_is_told_is_silent, 0, 3);
    tcase_add_loop_test(tests, what_is_told_to_somebody_else_does_not_help, 0, 3);
    tcase_add_loop_test(tests, a_range_that_ends_too_early_is_found, 0, 2);
    tcase_add_loop_test(tests, nothing_to_fear_is_silent, 0, 4);
    tcase_add_test(tests, a_right_that_was_taken_away_is_found);
    tcase_add_loop_test(tests, a_guests_translation_goes_with_its_pasid, 0, 2);
    tcase_add_test(tests, a_translation_that_was_fetched_again_is_silent);
    tcase_add_test(tests, other_processors_wait_for_themselves);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
