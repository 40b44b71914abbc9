// SPDX-License-Identifier: Apache-2.0
/* The lint field by field: what of a device table entry or an interrupt entry decides about an answer is
 * found when it changes without its command, and what does not is silent (iommu 3.2, 8.3, 8.6, 10.2). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum {
    NO_PASID = 0x20000, /* where the guest of PASID 0 has a page */
    EXCLUDED = 0x40000,
};

#define SYSTEM_MANAGEMENT UINT64_C(0xfdf9100000)
#define PORT_IO           UINT64_C(0xfdfc000000)

/* ---------------------------------------------------------------- dirty tracking (10.2) */

static void track_dirty(uint64_t *raw)
{
    dte_set_had(raw, 3);
}

/* A migration begins: HAD=3, so that writes set dirty bits. 0: the entry's own invalidation is missing, and
 * writes are lost; 1: that of the pages is; 2: the right way. */
START_TEST(dirty_tracking_needs_its_invalidations)
{
    ck_assert(machine_write(&m, DEVICE, IOVA).ok);
    step();
    edit_entry(DEVICE, track_dirty);
    if (_i)
        machine_invalidate_device(&m, DEVICE);
    if (_i != 1)
        machine_invalidate_domain(&m, DOMAIN);
    machine_wait(&m);
    step();
    ck_assert(machine_write(&m, DEVICE, IOVA).ok);
    ck_assert_int_eq(v1_d(machine_peek(&m, leaf_of(IOVA))) != 0, _i == 2);
    amdvi_lint_finish(lint);
    if (_i == 2) {
        ck_assert_msg(findings == 0, "%s", text);
        return;
    }
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, _i ? AMDVI_LINT_STALE_DIRTY : AMDVI_LINT_STALE_ENTRY);
    ck_assert_int_eq(found.cache, _i ? AMDVI_CACHE_PTC : AMDVI_CACHE_DTC);
}
END_TEST

/* ---------------------------------------------------------------- device table entries */

static void clear_v(uint64_t *raw)
{
    dte_set_v(raw, 0);
}

static void clear_tv(uint64_t *raw)
{
    dte_set_tv(raw, 0);
}

static void make_identity(uint64_t *raw)
{
    dte_set_mode(raw, 0);
}

static void other_root(uint64_t *raw)
{
    dte_set_host_root(raw, machine_page(&m));
}

/* The page goes, and the device into another domain, which alone is flushed. */
static void other_domain(uint64_t *raw)
{
    machine_poke(&m, machine_host_entry(&m, root, 3, 1, IOVA), 0);
    dte_set_domainid(raw, DOMAIN + 5);
}

static void clear_iw(uint64_t *raw)
{
    dte_set_iw(raw, 0);
}

static void clear_gv(uint64_t *raw)
{
    dte_set_gv(raw, 0);
}

static void set_giov(uint64_t *raw)
{
    machine_poke(&m, gcr3, guest | 1);
    machine_guest_map(&m, guest, NO_PASID, MACHINE_DATA);
    dte_set_giov(raw, 1);
}

static void clear_giov(uint64_t *raw)
{
    dte_set_giov(raw, 0);
}

static void other_gcr3(uint64_t *raw)
{
    dte_set_gcr3_root(raw, machine_page(&m));
}

static void two_gcr3_levels(uint64_t *raw)
{
    dte_set_glx(raw, 1);
}

static void five_guest_levels(uint64_t *raw)
{
    dte_set_guestpagingmode(raw, 1);
}

static void clear_i(uint64_t *raw)
{
    dte_set_i(raw, 0);
}

static void set_ex(uint64_t *raw)
{
    machine_set_register(&m, reg_info[REG_EXCLUSION_LIMIT].offset, EXCLUDED);
    machine_set_register(&m, reg_info[REG_EXCLUSION_BASE].offset, EXCLUDED | REG_EXCLUSION_BASE_EXEN_MASK);
    dte_set_ex(raw, 1);
}

static void clear_ex(uint64_t *raw)
{
    dte_set_ex(raw, 0);
}

static void forward_system_management(uint64_t *raw)
{
    dte_set_sysmgt(raw, 1);
}

static void abort_system_management(uint64_t *raw)
{
    dte_set_sysmgt(raw, 0);
}

static void forward_port_io(uint64_t *raw)
{
    dte_set_ioctl(raw, 1);
}

static void abort_port_io(uint64_t *raw)
{
    dte_set_ioctl(raw, 0);
}

static void set_reserved(uint64_t *raw)
{
    raw[0] |= 1 << 2;
}

static void nothing(uint64_t *raw)
{
    (void)raw;
}

/* A request of 4 bytes; the entry before, the change, the word of the entry that it is in. */
struct field {
    void (*before)(uint64_t *raw), (*change)(uint64_t *raw);
    struct amdvi_request request;
    unsigned word;
};

static const struct field fields[] = {
    {nothing, clear_v, {.device = DEVICE, .address = IOVA}, 0},
    {nothing, clear_tv, {.device = DEVICE, .address = IOVA}, 0},
    {nothing, make_identity, {.device = DEVICE, .address = IOVA}, 0},
    {nothing, other_root, {.device = DEVICE, .address = IOVA}, 0},
    {nothing, other_domain, {.device = DEVICE, .address = IOVA}, 1},
    {nothing, clear_iw, {.device = DEVICE, .address = IOVA, .op = AMDVI_WRITE}, 0},
    {nothing, clear_gv, {.device = OTHER, .address = GVA, .has_pasid = true, .pasid = PASID}, 0},
    {set_giov, clear_giov, {.device = OTHER, .address = NO_PASID}, 0},
    {nothing, other_gcr3, {.device = OTHER, .address = GVA, .has_pasid = true, .pasid = PASID}, 1},
    {nothing, two_gcr3_levels, {.device = OTHER, .address = GVA, .has_pasid = true, .pasid = PASID}, 0},
    {nothing, five_guest_levels, {.device = OTHER, .address = GVA, .has_pasid = true, .pasid = PASID}, 2},
    {nothing, clear_i, {.device = DEVICE, .address = IOVA, .at = AMDVI_TRANSLATED}, 1},
    {set_ex, clear_ex, {.device = DEVICE, .address = EXCLUDED}, 1},
    {forward_system_management, abort_system_management, {.device = DEVICE, .address = SYSTEM_MANAGEMENT}, 1},
    {forward_port_io, abort_port_io, {.device = DEVICE, .address = PORT_IO}, 1},
    {nothing, set_reserved, {.device = DEVICE, .address = IOVA}, 0},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static struct amdvi_result ask_for(const struct field *f)
{
    struct amdvi_request request = f->request;
    struct amdvi_result result;

    request.length = 4;
    step();
    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_OK);
    return result;
}

/* The entry is cached, and then it changes. */
static void change_field(const struct field *f)
{
    edit_entry(f->request.device, f->before);
    ck_assert(ask_for(f).ok);
    ck_assert(ask_for(f).ok);
    step();
    edit_entry(f->request.device, f->change);
}

START_TEST(a_field_that_counts_is_found)
{
    const struct field *f = &fields[_i];

    change_field(f);
    ck_assert(ask_for(f).ok);
    amdvi_lint_finish(lint);
    ck_assert_msg(findings == 1, "%u findings for field %d, the newest: %s", findings, _i, text);
    ck_assert_int_eq(found.kind, AMDVI_LINT_STALE_ENTRY);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_DTC);
    ck_assert_uint_eq(found.word, machine_dte_address(f->request.device) + 8 * f->word);
    ck_assert_uint_eq(found.changed.line, 3);
    ck_assert_uint_eq(cmd_inv_devtab_deviceid(found.needed), f->request.device);
}
END_TEST

/* 10.2: where the tables are others now, the domain goes, too. */
START_TEST(a_field_that_counts_is_silent_after_its_commands)
{
    const struct field *f = &fields[_i];

    change_field(f);
    machine_invalidate_device(&m, f->request.device);
    machine_invalidate_domain(&m, f->request.device == DEVICE ? DOMAIN : DOMAIN + 1);
    ask_for(f);
    ask_for(f);
    ck_assert_msg(statistics().stale == 0, "field %d", _i);
}
END_TEST

static void suppress_events(uint64_t *raw)
{
    dte_set_sa(raw, 1);
}

START_TEST(fields_without_a_part_in_the_answer_are_silent)
{
    static const struct field silent[] = {
        {nothing, suppress_events, {.device = DEVICE, .address = IOVA}, 1},
        {nothing, clear_i, {.device = DEVICE, .address = IOVA}, 1},
        {nothing, clear_iw, {.device = DEVICE, .address = IOVA}, 0},
        {nothing, abort_port_io, {.device = DEVICE, .address = IOVA}, 1},
    };
    const struct field *f = &silent[_i];

    change_field(f);
    machine_read(&m, DEVICE, IOVA);
    amdvi_lint_finish(lint);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* Two words change; only the second change was seen: that one is blamed. */
START_TEST(the_change_that_was_seen_is_blamed)
{
    uint64_t raw[4];

    machine_read(&m, DEVICE, IOVA);
    load_entry(DEVICE, raw);
    dte_set_ir(raw, 0);
    m.wrote = NULL;
    machine_poke(&m, machine_dte_address(DEVICE), raw[0]);
    dte_set_domainid(raw, DOMAIN + 1);
    step();
    amdvi_lint_write(lint, machine_dte_address(DEVICE) + 8, &raw[1], 8);
    machine_poke(&m, machine_dte_address(DEVICE) + 8, raw[1]);
    machine_read(&m, DEVICE, IOVA);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.word, machine_dte_address(DEVICE) + 8);
    ck_assert_uint_eq(found.should, raw[1]);
}
END_TEST

START_TEST(a_change_that_nobody_saw_has_no_blame)
{
    uint64_t raw[4];

    machine_read(&m, DEVICE, IOVA);
    load_entry(DEVICE, raw);
    dte_set_ir(raw, 0);
    m.wrote = NULL;
    machine_poke(&m, machine_dte_address(DEVICE), raw[0]);
    machine_read(&m, DEVICE, IOVA);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.word, 0);
    ck_assert_uint_eq(found.should, raw[0]);
    ck_assert_msg(strstr(text, "the change was not seen"), "%s", text);
}
END_TEST

/* The table shrinks under a running device (which is a finding of its own): entries beyond it answer on. */
static void shrink_table(void)
{
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset, MACHINE_DEVICES);
    ck_assert_int_eq(found.kind, AMDVI_LINT_BASE_WHILE_RUNNING);
    findings = 0;
}

START_TEST(an_entry_that_is_beyond_the_table_now_is_found)
{
    machine_read(&m, DEVICE, IOVA);
    machine_interrupt(&m, DEVICE, 3);
    shrink_table();
    if (_i)
        ck_assert(machine_interrupt(&m, DEVICE, 3).ok);
    else
        ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_DTC);
    ck_assert_uint_eq(found.word, 0);
    machine_command(&m, found.needed[0], found.needed[1]);
    ck_assert(!machine_read(&m, DEVICE, IOVA).ok);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint about device table entries");
    TCase *tests = tcase_create("entries");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_field_that_counts_is_found, 0, FIELDS);
    tcase_add_loop_test(tests, a_field_that_counts_is_silent_after_its_commands, 0, FIELDS);
    tcase_add_loop_test(tests, fields_without_a_part_in_the_answer_are_silent, 0, 4);
    tcase_add_loop_test(tests, dirty_tracking_needs_its_invalidations, 0, 3);
    tcase_add_test(tests, the_change_that_was_seen_is_blamed);
    tcase_add_test(tests, a_change_that_nobody_saw_has_no_blame);
    tcase_add_loop_test(tests, an_entry_that_is_beyond_the_table_now_is_found, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
