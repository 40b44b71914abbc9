// SPDX-License-Identifier: Apache-2.0
/* The lint field by field: what of a device table entry or an interrupt entry decides about an answer is
 * found when it changes without its command, and what does not is silent (iommu 3.2, 8.3, 8.6, 10.2). */
#include "testbench/unit/lint/scene.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum {
    NO_PASID = 0x20000, /* where the guest of PASID 0 has a page */
    EXCLUDED = 0x40000,
    TABLE_OF_BITS = 9,
};

#define SYSTEM_MANAGEMENT UINT64_C(0xfdf9100000)
#define PORT_IO           UINT64_C(0xfdfc000000)

/* ---------------------------------------------------------------- device table entries */

static void load(uint16_t device, uint64_t raw[4])
{
    for (unsigned i = 0; i < 4; i++)
        raw[i] = machine_peek(&m, machine_dte_address(device) + 8 * i);
}

/* The words that differ, the last one first. */
static void store(uint16_t device, const uint64_t raw[4])
{
    for (unsigned i = 4; i-- > 0;)
        if (machine_peek(&m, machine_dte_address(device) + 8 * i) != raw[i])
            machine_poke(&m, machine_dte_address(device) + 8 * i, raw[i]);
}

static void edit(uint16_t device, void (*change)(uint64_t *raw))
{
    uint64_t raw[4];

    load(device, raw);
    change(raw);
    store(device, raw);
}

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
    edit(f->request.device, f->before);
    ck_assert(ask_for(f).ok);
    ck_assert(ask_for(f).ok);
    step();
    edit(f->request.device, f->change);
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
    load(DEVICE, raw);
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
    load(DEVICE, raw);
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

/* ---------------------------------------------------------------- interrupts by the device table entry */

static struct amdvi_int_result send(uint32_t data)
{
    struct amdvi_int_result result;

    step();
    ck_assert_int_eq(amdvi_interrupt(m.device, DEVICE, 0xfee00000, data, &result), AMDVI_OK);
    return result;
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
    edit(DEVICE, f->before);
    send(f->data);
    ck_assert(send(f->data).ok);
    edit(DEVICE, f->change);
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
    {true, 0, IRTEG_GALOGINTR_MASK},
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

/* 8.6: IsRun, Destination and GATag are read for each interrupt. */
START_TEST(bits_that_are_not_cached_are_silent)
{
    static const struct bits silent[] = {
        {true, 0, IRTEG_ISRUN_MASK},
        {true, 0, UINT64_C(5) << 8}, /* Destination */
        {true, 0, UINT64_C(0x77) << 32} /* GATag */,
        {false, 0, IRTE_SUPIOPF_MASK}, /* what is logged, not what comes */
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
    edit(DEVICE, other_int_table);
    machine_invalidate_device(&m, DEVICE);
    ck_assert_uint_eq(send(FIXED).vector, 0x41);
    amdvi_lint_finish(lint);
    ck_assert_uint_eq(findings, 1);
    ck_assert_int_eq(found.cache, AMDVI_CACHE_ITC);
}
END_TEST

static void add_interrupts(TCase *tests)
{
    tcase_add_loop_test(tests, an_interrupt_field_that_counts_is_found, 0, INT_FIELDS);
    tcase_add_loop_test(tests, interrupts_that_come_out_the_same_are_silent, 0, 4);
    tcase_add_loop_test(tests, bits_of_an_interrupt_entry_that_count_are_found, 0,
                        sizeof(counting) / sizeof(counting[0]));
    tcase_add_loop_test(tests, bits_that_are_not_cached_are_silent, 0, 4);
    tcase_add_test(tests, an_interrupt_entry_that_leaves_guest_mode_is_found);
    tcase_add_test(tests, an_interrupt_entry_whose_table_has_gone_is_silent);
    tcase_add_test(tests, gappidis_without_gappien_is_silent);
    tcase_add_test(tests, an_illegal_interrupt_entry_that_was_mended_is_found);
    tcase_add_test(tests, an_interrupt_entry_that_stays_illegal_is_silent);
    tcase_add_test(tests, a_short_interrupt_entry_is_found);
    tcase_add_test(tests, an_entry_of_the_table_before_is_found);
}

int main(void)
{
    Suite *suite = suite_create("lint, field by field");
    TCase *tests = tcase_create("entries");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_field_that_counts_is_found, 0, FIELDS);
    tcase_add_loop_test(tests, a_field_that_counts_is_silent_after_its_commands, 0, FIELDS);
    tcase_add_loop_test(tests, fields_without_a_part_in_the_answer_are_silent, 0, 4);
    tcase_add_test(tests, the_change_that_was_seen_is_blamed);
    tcase_add_test(tests, a_change_that_nobody_saw_has_no_blame);
    tcase_add_loop_test(tests, an_entry_that_is_beyond_the_table_now_is_found, 0, 2);
    add_interrupts(tests);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
