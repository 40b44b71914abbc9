// SPDX-License-Identifier: Apache-2.0
/* The lint about interrupts: what of a device table entry or an interrupt entry decides about a message is
 * found when it changes without its command, and what does not is silent (iommu 3.2, 8.2, 8.3, 8.6, 10.2). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>

enum { TABLE_OF_BITS = 9 };

/* ---------------------------------------------------------------- device table entries */

static struct amdvi_int_result send(uint32_t data)
{
    struct amdvi_int_result result;

    step();
    ck_assert_int_eq(amdvi_interrupt(m.device, DEVICE, 0xfee00000, data, &result), AMDVI_OK);
    return result;
}

static void nothing(uint64_t *raw)
{
    (void)raw;
}

static void clear_iv(uint64_t *raw)
{
    dte_set_iv(raw, 0);
}

static void other_int_table(uint64_t *raw)
{
    uint64_t page = machine_page(&m);

    machine_irte(&m, page, 3, 0x77);
    dte_set_inttable_root(raw, page);
}

static void shorter_int_table(uint64_t *raw)
{
    dte_set_inttablen(raw, 1);
}

static void longer_int_table(uint64_t *raw)
{
    dte_set_inttablen(raw, TABLE_OF_BITS + 1);
}

static void abort_interrupts(uint64_t *raw)
{
    dte_set_intctl(raw, 0);
}

static void pass_all(uint64_t *raw)
{
    dte_set_initpass(raw, 1);
    dte_set_eintpass(raw, 1);
    dte_set_nmipass(raw, 1);
}

static void no_init(uint64_t *raw)
{
    dte_set_initpass(raw, 0);
}

static void no_extint(uint64_t *raw)
{
    dte_set_eintpass(raw, 0);
}

static void no_nmi(uint64_t *raw)
{
    dte_set_nmipass(raw, 0);
}

static void set_int_reserved(uint64_t *raw)
{
    raw[2] |= UINT64_C(1) << 52;
}

enum { FIXED = 3, NMI = 4 << 8, INIT = 5 << 8, EXTINT = 7 << 8 };

struct int_field {
    void (*before)(uint64_t *raw), (*change)(uint64_t *raw);
    uint32_t data;
};

static const struct int_field int_fields[] = {
    {nothing, clear_iv, FIXED},
    {nothing, other_int_table, FIXED},
    {nothing, shorter_int_table, FIXED},
    {nothing, abort_interrupts, FIXED},
    {pass_all, no_init, INIT},
    {pass_all, no_extint, EXTINT},
    {pass_all, no_nmi, NMI},
    {nothing, set_int_reserved, FIXED},
};

enum { INT_FIELDS = sizeof(int_fields) / sizeof(int_fields[0]) };

static void change_int_field(const struct int_field *f)
{
    edit_entry(DEVICE, f->before);
    send(f->data);
    ck_assert(send(f->data).ok);
    edit_entry(DEVICE, f->change);
    ck_assert(send(f->data).ok);
    amdvi_lint_finish(lint);
}

START_TEST(an_interrupt_field_that_counts_is_found)
{
    const struct int_field *f = &int_fields[_i];

    change_int_field(f);
    ck_assert_msg(findings == 1, "%u findings for field %d, the newest: %s", findings, _i, text);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_DTC);
    ck_assert(found.interrupt);
    ck_assert_uint_eq(found.word, machine_dte_address(DEVICE) + 16);
    ck_assert_uint_eq(found.data, f->data);
}
END_TEST

START_TEST(interrupts_that_come_out_the_same_are_silent)
{
    static const struct int_field silent[] = {
        {nothing, longer_int_table, FIXED}, /* index 3 was there before */
        {pass_all, no_nmi, FIXED},          /* about other messages */
        {pass_all, abort_interrupts, NMI},
        {clear_iv, other_int_table, FIXED}, /* IV=0: the other fields mean nothing */
    };

    change_int_field(&silent[_i]);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* ---------------------------------------------------------------- interrupt entries */

static uint64_t entry_word(unsigned word)
{
    return interrupts + UINT64_C(16) * FIXED + 8 * word;
}

static void flip(unsigned word, uint64_t bits)
{
    machine_poke(&m, entry_word(word), machine_peek(&m, entry_word(word)) ^ bits);
}

/* Guest mode, IsRun, a backing page. */
static void make_guest_mode(void)
{
    uint64_t control = machine_register(&m, reg_info[REG_CONTROL].offset), raw[2] = {0};

    control = reg_control_set_gamen(control | REG_CONTROL_GAPPIEN_MASK, 1);
    machine_set_register(&m, reg_info[REG_CONTROL].offset, control);
    irteg_set_remapen(raw, 1);
    irteg_set_guestmode(raw, 1);
    irteg_set_isrun(raw, 1);
    irteg_set_vector(raw, 0x55);
    irteg_set_vapic_root(raw, MACHINE_DATA);
    machine_poke(&m, entry_word(0), raw[0]);
    machine_poke(&m, entry_word(1), raw[1]);
}

struct bits {
    bool guest_mode;
    unsigned word;
    uint64_t flipped;
};

static void change_bits(const struct bits *bits)
{
    if (bits->guest_mode)
        make_guest_mode();
    send(FIXED);
    ck_assert(send(FIXED).ok);
    flip(bits->word, bits->flipped);
    send(FIXED);
    amdvi_lint_finish(lint);
}

static const struct bits counting[] = {
    {false, 0, IRTE_REMAPEN_MASK},
    {false, 0, UINT64_C(1) << 2}, /* IntType: arbitrated */
    {false, 0, IRTE_DM_MASK},
    {false, 0, UINT64_C(5) << 8}, /* Destination */
    {false, 0, IRTE_GUESTMODE_MASK},
    {false, 1, 0x0f}, /* Vector */
    {false, 1, UINT64_C(1) << 20},
    {true, 0, IRTEG_GAPPIDIS_MASK},
    {true, 1, 0x0f},
    {true, 1, 0x1000}, /* backing page */
};

START_TEST(bits_of_an_interrupt_entry_that_count_are_found)
{
    const struct bits *bits = &counting[_i];

    change_bits(bits);
    ck_assert_msg(findings == 1, "%u findings for change %d, the newest: %s", findings, _i, text);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_ITC);
    ck_assert_uint_eq(found.index, FIXED);
    ck_assert_uint_eq(found.word, entry_word(bits->word));
    ck_assert_uint_eq(cmd_inv_intr_deviceid(found.needed), DEVICE);
}
END_TEST

/* 8.6: IsRun, Destination, GATag and GALogIntr are read for each interrupt. */
START_TEST(bits_that_are_not_cached_are_silent)
{
    static const struct bits silent[] = {
        {true, 0, IRTEG_ISRUN_MASK},     {true, 0, UINT64_C(5) << 8},   /* Destination */
        {true, 0, UINT64_C(0x77) << 32},                                /* GATag */
        {true, 0, IRTEG_GALOGINTR_MASK}, {false, 0, IRTE_SUPIOPF_MASK}, /* what is logged, not what comes */
    };

    change_bits(&silent[_i]);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* The same vector, and a bit that makes all the difference: to a processor, or to a backing page at 0. */
START_TEST(an_interrupt_entry_that_leaves_guest_mode_is_found)
{
    make_guest_mode();
    machine_poke(&m, entry_word(0), IRTEG_REMAPEN_MASK | IRTEG_GUESTMODE_MASK);
    machine_poke(&m, entry_word(1), 0x55);
    ck_assert(send(FIXED).posted);
    flip(0, IRTEG_GUESTMODE_MASK);
    ck_assert(send(FIXED).posted);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.word, entry_word(0));
}
END_TEST

/* Nobody can say whether an entry is stale whose table is gone. */
START_TEST(an_interrupt_entry_whose_table_has_gone_is_silent)
{
    again_in_callbacks();
    send(FIXED);
    m.gone = interrupts;
    ck_assert(send(FIXED).ok);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().checked, 1);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

/* GAPPIDis means something while GAPPIEn=1. */
START_TEST(gappidis_without_gappien_is_silent)
{
    make_guest_mode();
    machine_set_register(&m, reg_info[REG_CONTROL].offset,
                         machine_register(&m, reg_info[REG_CONTROL].offset) & ~REG_CONTROL_GAPPIEN_MASK);
    send(FIXED);
    flip(0, IRTEG_GAPPIDIS_MASK);
    send(FIXED);
    amdvi_lint_finish(lint);
    ck_assert_msg(findings == 0, "%s", text);
}
END_TEST

START_TEST(an_illegal_interrupt_entry_that_was_mended_is_found)
{
    flip(1, UINT64_C(1) << 20);
    send(FIXED);
    step();
    flip(1, UINT64_C(1) << 20);
    findings = 0; /* of reserved bits */
    ck_assert(!send(FIXED).ok);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().findings[AMDVI_LINT_STALE_ENTRY], 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_ITC);
}
END_TEST

/* An interrupt meets reserved bits in its entry of the interrupt table, or in the interrupt half of the
 * device's. */
START_TEST(reserved_bits_that_an_interrupt_meets_are_found)
{
    send(FIXED);
    if (_i)
        edit_entry(DEVICE, set_int_reserved);
    else
        flip(1, UINT64_C(1) << 20);
    machine_invalidate_device(&m, DEVICE);
    machine_command(&m, UINT64_C(5) << 60 | DEVICE, 0);
    findings = 0;
    ck_assert(!send(FIXED).ok);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.kind, AMDVI_LINT_RESERVED_BITS);
    ck_assert_int_eq(found.severity, AMDVI_LINT_MISTAKE);
    ck_assert(found.interrupt);
    ck_assert_uint_eq(found.request.device, DEVICE);
    ck_assert_uint_eq(found.data, FIXED);
    ck_assert_uint_eq(statistics().findings[AMDVI_LINT_RESERVED_BITS], 1);
}
END_TEST

START_TEST(an_interrupt_entry_that_stays_illegal_is_silent)
{
    flip(1, UINT64_C(1) << 20);
    send(FIXED);
    flip(1, UINT64_C(1) << 21 | 0x0f);
    ck_assert(!send(FIXED).ok);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(statistics().findings[AMDVI_LINT_STALE_ENTRY], 0);
}
END_TEST

/* Refused then, refused now, for another reason: nothing comes through that should not, or the other way. */
static void abort_by_device(void)
{
    edit_entry(DEVICE, abort_interrupts);
}

static void clear_remapen(void)
{
    flip(0, IRTE_REMAPEN_MASK);
}

static void reserved_bit(void)
{
    flip(1, UINT64_C(1) << 20);
}

static void shorter_by_device(void)
{
    edit_entry(DEVICE, shorter_int_table);
}

static void beyond_the_table(void)
{
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset, MACHINE_DEVICES);
}

static void gone_by_memory(void)
{
    m.gone = interrupts;
}

START_TEST(an_interrupt_that_is_refused_for_another_reason_is_silent)
{
    static void (*const pairs[][2])(void) = {
        {clear_remapen, reserved_bit},      {clear_remapen, abort_by_device},
        {clear_remapen, shorter_by_device}, {abort_by_device, shorter_by_device},
        {clear_remapen, gone_by_memory},    {abort_by_device, beyond_the_table}};

    again_in_callbacks();
    pairs[_i][0]();
    ck_assert(!send(FIXED).ok);
    pairs[_i][1]();
    ck_assert(!send(FIXED).ok);
    amdvi_lint_finish(lint);
    ck_assert_uint_gt(statistics().checked, 0);
    ck_assert_uint_eq(statistics().stale, 0);
}
END_TEST

/* Entries of 4 bytes, two in a table word: the neighbour's read does not hide the change. */
START_TEST(a_short_interrupt_entry_is_found)
{
    uint64_t both = UINT64_C(0x00410001) << 32 | 0x00400001; /* vectors 41h and 40h, RemapEn */

    machine_set_register(&m, reg_info[REG_CONTROL].offset,
                         machine_register(&m, reg_info[REG_CONTROL].offset) & ~REG_CONTROL_GAEN_MASK);
    machine_poke(&m, interrupts + 8, both); /* indices 2 and 3 */
    ck_assert_uint_eq(send(3).vector, 0x41);
    step();
    machine_poke(&m, interrupts + 8, both + (UINT64_C(1) << 48));
    send(2);
    ck_assert_uint_eq(send(3).vector, 0x41);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_uint_eq(found.word, interrupts + 8);
    ck_assert_uint_eq(found.index, 3);
    ck_assert_uint_eq(found.got, 0x00410001);
    ck_assert_uint_eq(found.should, 0x00420001);
    ck_assert_uint_eq(found.changed.line, 2);
}
END_TEST

/* The device table entry is new and leads elsewhere; the old table's entry still answers. */
START_TEST(an_entry_of_the_table_before_is_found)
{
    send(FIXED);
    edit_entry(DEVICE, other_int_table);
    machine_invalidate_device(&m, DEVICE);
    ck_assert_uint_eq(send(FIXED).vector, 0x41);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_ITC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lint about interrupts");
    TCase *tests = tcase_create("interrupts");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, an_interrupt_field_that_counts_is_found, 0, INT_FIELDS);
    tcase_add_loop_test(tests, interrupts_that_come_out_the_same_are_silent, 0, 4);
    tcase_add_loop_test(tests, bits_of_an_interrupt_entry_that_count_are_found, 0,
                        sizeof(counting) / sizeof(counting[0]));
    tcase_add_loop_test(tests, bits_that_are_not_cached_are_silent, 0, 5);
    tcase_add_test(tests, an_interrupt_entry_that_leaves_guest_mode_is_found);
    tcase_add_test(tests, an_interrupt_entry_whose_table_has_gone_is_silent);
    tcase_add_test(tests, gappidis_without_gappien_is_silent);
    tcase_add_test(tests, an_illegal_interrupt_entry_that_was_mended_is_found);
    tcase_add_test(tests, an_interrupt_entry_that_stays_illegal_is_silent);
    tcase_add_loop_test(tests, reserved_bits_that_an_interrupt_meets_are_found, 0, 2);
    tcase_add_loop_test(tests, an_interrupt_that_is_refused_for_another_reason_is_silent, 0, 6);
    tcase_add_test(tests, a_short_interrupt_entry_is_found);
    tcase_add_test(tests, an_entry_of_the_table_before_is_found);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
