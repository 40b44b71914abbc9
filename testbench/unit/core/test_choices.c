// SPDX-License-Identifier: Apache-2.0
/* What the configuration decides: behaviour that the architecture leaves open, and rare sets of features. */
#include "machine.h"

#include <stdio.h>

enum {
    ILLEGAL_DTE = 1,
    PAGE_FAULT = 2,
    COMMAND_ERROR = 6,
    INVALID_REQUEST = 8,
    INVALID_PPR = 9,
    F_I = 8,
    F_RZ = 128,
};

/* Genoa's features (11.3), and what of them the tests change. */
#define EFR_GENOA UINT64_C(0x25bf732fa2295afe)
#define EFR_HATS  (UINT64_C(3) << 10)
#define EFR_GLX   (UINT64_C(3) << 14)
#define EFR_SNP   (UINT64_C(1) << 63)

static struct machine m;

/* Every test opens its own machine. */
static void open_with(const char *settings, uint64_t control)
{
    machine_open(&m, settings);
    boot(&m, control);
}

static void open_with_efr(uint64_t efr, uint64_t control)
{
    char settings[64];

    snprintf(settings, sizeof(settings), "preset=genoa efr=0x%llx", (unsigned long long)efr);
    open_with(settings, control);
}

static void teardown(void)
{
    machine_close(&m);
}

static unsigned event_code(void)
{
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 16);
    return (unsigned)(event_word(&m, 0, 0) >> 60);
}

static unsigned event_flags(void)
{
    return event_word(&m, 0, 0) >> 48 & 0xfff;
}

/* ---------------------------------------------------------------- faults, 13 no. 10, 11, 33 */

static const char *const mode_fault[] = {"dte.mode_fault=page_fault", "dte.mode_fault=illegal_entry"};
static const char *const beyond_table[] = {"dte.beyond_table=page_fault", "dte.beyond_table=illegal_entry"};

START_TEST(what_an_unsupported_mode_is)
{
    open_with(mode_fault[_i], C_NORMAL);
    dte(&m, DEV, D_OK | 7 << 9, DOM, 0);
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_uint_eq(event_code(), _i ? ILLEGAL_DTE : PAGE_FAULT);
}
END_TEST

START_TEST(what_a_device_beyond_the_table_is)
{
    open_with(beyond_table[_i], C_NORMAL);
    reg(&m, R_DEVTAB, DEV_TABLE); /* 128 devices */
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_uint_eq(event_code(), _i ? ILLEGAL_DTE : PAGE_FAULT);
}
END_TEST

START_TEST(a_refused_nmi_is_silent_or_an_invalid_request)
{
    open_with(_i ? "int.pass_denied_event=on" : "int.pass_denied_event=off", C_NORMAL);
    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    ck_assert(!interrupt(&m, 0x400).ok);
    if (!_i) {
        ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0); /* aborted, and no event (8.2) */
        return;
    }
    ck_assert_uint_eq(event_code(), INVALID_REQUEST);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 57 & 7, 4);
    ck_assert_uint_eq(event_flags() & F_I, 0); /* a code 8 record has no I flag (7.3) */
}
END_TEST

START_TEST(which_refused_page_requests_are_answered)
{
    struct amdvi_page_request request = {.device = DEV, .read = true};
    struct amdvi_page_request_result result;

    open_with(_i ? "ppr.refuse_response=last" : "ppr.refuse_response=always", C_NORMAL);
    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
    ck_assert_uint_eq(event_code(), INVALID_PPR);
    ck_assert_uint_eq(m.prgs, _i ? 0 : 1);
    request.last = true;
    ck_assert_int_eq(amdvi_page_request(m.device, &request, &result), AMDVI_OK);
    ck_assert_uint_eq(m.prgs, _i ? 1 : 2);
    ck_assert_uint_eq(m.prg[0].code, 1);
}
END_TEST

/* An excluded request behind Mode, IR and IW has the rights of the entry; before them it has all (2.3, 13 no.
 * 30). */
START_TEST(rights_of_an_excluded_request)
{
    enum { READS = AMDVI_RIGHT_READ, BOTH = AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE };
    struct amdvi_result result;

    open_with(_i ? "dte.exclusion_order=last" : "dte.exclusion_order=first", C_NORMAL);
    dte(&m, DEV, 3 | UINT64_C(1) << 61, DOM, 0); /* V, TV, IR */
    reg(&m, 0x20, IOVA | 3);
    reg(&m, 0x28, IOVA);
    result = ask(&m, AMDVI_READ, IOVA);
    ck_assert(result.ok);
    ck_assert_uint_eq(result.perm, _i ? READS : BOTH);
    ck_assert_uint_eq(ask(&m, AMDVI_WRITE, IOVA).ok, !_i);
}
END_TEST

/* ---------------------------------------------------------------- device table entries */

START_TEST(bit_245_is_reserved_or_ignored)
{
    open_with(_i ? "dte.bit245=ignored" : "dte.bit245=reserved", C_NORMAL);
    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    put64(&m, DEV_TABLE + 32 * DEV + 24, UINT64_C(1) << 53);
    put64(&m, INT_TABLE + 8, UINT64_C(0x00551201) << 32);
    ck_assert_int_eq(interrupt(&m, 3).ok, _i);
    if (_i)
        return;
    ck_assert_uint_eq(event_code(), ILLEGAL_DTE);
    ck_assert_uint_eq(event_flags() & (F_I | F_RZ), F_I | F_RZ);
}
END_TEST

/* 3.4: without host tables (HATS=3) neither Mode nor root may be there. */
START_TEST(without_host_translation_no_entry_names_a_table)
{
    open_with_efr(EFR_GENOA | EFR_HATS, C_NORMAL);
    dte(&m, DEV, D_OK, DOM, 0);
    ck_assert(ask(&m, AMDVI_READ, IOVA).identity);
    dte(&m, DEV + 1, D_OK | TABLES, DOM, 0);
    ck_assert(!ask_as(&m, &(struct amdvi_request){.device = DEV + 1, .length = 8}).ok);
    ck_assert_uint_eq(event_code(), ILLEGAL_DTE);
    dte(&m, DEV + 2, D_OK | 1 << 9, DOM, 0);
    ck_assert(!ask_as(&m, &(struct amdvi_request){.device = DEV + 2, .length = 8}).ok);
    ck_assert_uint_eq(event_word(&m, 1, 0) >> 60, ILLEGAL_DTE);
}
END_TEST

/* GLXSup=3 promises nothing more than GLX=2 (5.1: three levels cover all 20 bits), and GLX=3 stays illegal.
 */
START_TEST(gcr3_tables_have_at_most_three_levels)
{
    struct amdvi_request request = {
        .device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8, .has_pasid = true, .pasid = 5};

    open_with_efr(EFR_GENOA | EFR_GLX, C_NORMAL | C_GT);
    map_guest(&m, DEV, D_OK, 0);
    ck_assert(ask_as(&m, &request).ok);
    map_guest(&m, DEV + 1, D_OK | UINT64_C(3) << 56, 0);
    request.device = DEV + 1;
    ck_assert(!ask_as(&m, &request).ok);
    ck_assert_uint_eq(event_code(), ILLEGAL_DTE);
}
END_TEST

/* ---------------------------------------------------------------- walks */

START_TEST(without_hardware_updates_no_entry_changes)
{
    struct amdvi_request request = {
        .device = DEV + 1, .op = AMDVI_WRITE, .address = IOVA, .length = 8, .has_pasid = true, .pasid = 5};
    uint64_t host, guest;

    open_with("walk.hardware_ad=off", C_NORMAL | C_GT);
    host = map_host(&m, DEV, D_OK | 3 << 7, 0) + IOVA / 4096 * 8;
    guest = map_guest(&m, DEV + 1, D_OK, UINT64_C(1) << 32) + IOVA / 4096 * 8;
    ck_assert(ask(&m, AMDVI_WRITE, IOVA).ok);
    request.at = AMDVI_TRANSLATION_REQUEST;
    ck_assert_uint_eq(ask_as(&m, &request).perm & AMDVI_RIGHT_WRITE, AMDVI_RIGHT_WRITE);
    request.at = AMDVI_UNTRANSLATED;
    ck_assert(ask_as(&m, &request).ok);
    ck_assert_uint_eq(get64(&m, host), V1_RW | PAGE | 1);
    ck_assert_uint_eq(get64(&m, guest), PAGE | 7);
    ck_assert_uint_eq(m.exchanges, 0);
}
END_TEST

/* 8.1: FD_0000_0000h and up are reserved interrupt space, or memory like any other. */
START_TEST(the_hypertransport_hole_may_be_ordinary_space)
{
    open_with(_i ? "ht_ranges=off" : "ht_ranges=on", C_NORMAL);
    dte(&m, DEV, D_OK, DOM, 0);
    ck_assert_int_eq(ask(&m, AMDVI_READ, UINT64_C(0xfd00000000)).ok, _i);
    if (!_i)
        ck_assert_uint_eq(event_code(), INVALID_REQUEST);
}
END_TEST

/* 13 no. 27: N of an ATS response. What is no translation request has FC as it is. */
START_TEST(n_is_fc_or_its_inverse)
{
    struct amdvi_request request = {
        .device = DEV, .address = IOVA, .length = 8, .at = AMDVI_TRANSLATION_REQUEST};
    uint64_t fc = _i & 1 ? UINT64_C(1) << 60 : 0, entry;
    bool inverse = _i & 2;

    open_with(inverse ? "ats.n=not_fc" : "ats.n=fc", C_NORMAL);
    entry = map_host(&m, DEV, D_OK, UINT64_C(1) << 32) + IOVA / 4096 * 8;
    put64(&m, entry, get64(&m, entry) | fc);
    ck_assert_int_eq(ask_as(&m, &request).no_snoop_forbidden, !!fc != inverse);
    ck_assert_int_eq(ask(&m, AMDVI_READ, IOVA).no_snoop_forbidden, !!fc);
    request.device = DEV + 1;
    dte(&m, DEV + 1, D_OK, UINT64_C(1) << 32 | DOM, 0);
    ck_assert_int_eq(ask_as(&m, &request).no_snoop_forbidden, inverse);
}
END_TEST

/* ---------------------------------------------------------------- SNP, 2.3 */

static void wait_with_store(uint64_t address)
{
    command(&m, UINT64_C(1) << 60 | address | 1, 0x55);
}

/* With SNP the exclusion registers bound the stores of COMPLETION_WAIT: [STORE, STORE + 1fffh] here. */
static bool stored_at(uint64_t address)
{
    open_with_efr(EFR_GENOA | EFR_SNP, C_NORMAL);
    reg(&m, 0x20, STORE);
    reg(&m, 0x28, STORE + 0x1000);
    wait_with_store(address);
    return get64(&m, address) == 0x55;
}

START_TEST(completion_stores_are_bounded_with_snp)
{
    static const struct {
        uint64_t address;
        bool allowed;
    } cases[] = {{STORE - 8, false}, {STORE, true}, {STORE + 0x1ff8, true}, {STORE + 0x2000, false}};

    ck_assert_int_eq(stored_at(cases[_i].address), cases[_i].allowed);
    if (cases[_i].allowed)
        return;
    ck_assert_uint_eq(event_code(), COMMAND_ERROR);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 57 & 7, AMDVI_MEMORY_TARGET_ABORT);
    ck_assert_uint_eq(event_word(&m, 0, 1), cases[_i].address);
}
END_TEST

START_TEST(with_snp_mode_0_is_illegal_and_tv_0_blocks)
{
    open_with_efr(EFR_GENOA | EFR_SNP, C_NORMAL);
    dte(&m, DEV, D_OK, DOM, 0);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).fault.event, ILLEGAL_DTE);
    dte(&m, DEV + 1, D_V, DOM, 0);
    ck_assert_uint_eq(ask_as(&m, &(struct amdvi_request){.device = DEV + 1, .length = 8}).fault.event,
                      PAGE_FAULT);
}
END_TEST

/* ---------------------------------------------------------------- keys with gaps */

static enum amdvi_status set(const char *key, const char *value)
{
    return amdvi_config_set(m.config, key, value);
}

START_TEST(numbers_between_the_legal_ones_are_refused)
{
    machine_open(&m, "preset=genoa");
    ck_assert_int_eq(set("viommu.dirty_stride", "16"), AMDVI_OK);
    ck_assert_int_eq(set("viommu.dirty_stride", "32"), AMDVI_OK);
    ck_assert_int_eq(set("viommu.dirty_stride", "17"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(set("viommu.comwait_irq_type", "1"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(set("viommu.comwait_irq_type", "2"), AMDVI_OK);
    ck_assert_int_eq(set("event.us_bit", "49"), AMDVI_OK);
    ck_assert_int_eq(set("event.us_bit", "48"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(set("event.table_granule", "16"), AMDVI_OK);
    ck_assert_int_eq(set("event.table_granule", "12"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(set("log.ga_pointer_top", "15"), AMDVI_OK);
    ck_assert_int_eq(set("log.ga_pointer_top", "16"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(set("pmu.banks", "0"), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(set("ptc.ways", "3"), AMDVI_ERR_BAD_VALUE);
}
END_TEST

/* "prg:nth=00...01:drop" of that many characters. */
static void long_plan(char *text, size_t length)
{
    memset(text, '0', length);
    memcpy(text, "prg:nth=", 8);
    memcpy(text + length - 6, "1:drop", 7);
}

START_TEST(a_plan_has_at_most_511_characters)
{
    char text[513], value[513];

    machine_open(&m, "preset=genoa");
    long_plan(text, 511);
    ck_assert_int_eq(set("inject.plan", text), AMDVI_OK);
    long_plan(text, 512);
    ck_assert_int_eq(set("inject.plan", text), AMDVI_ERR_BAD_VALUE);
    ck_assert_int_eq(amdvi_config_get(m.config, "inject.plan", value, sizeof(value)), AMDVI_OK);
    ck_assert_uint_eq(strlen(value), 511);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("choices");
    TCase *tests = tcase_create("choices");

    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_loop_test(tests, what_an_unsupported_mode_is, 0, 2);
    tcase_add_loop_test(tests, what_a_device_beyond_the_table_is, 0, 2);
    tcase_add_loop_test(tests, a_refused_nmi_is_silent_or_an_invalid_request, 0, 2);
    tcase_add_loop_test(tests, which_refused_page_requests_are_answered, 0, 2);
    tcase_add_loop_test(tests, rights_of_an_excluded_request, 0, 2);
    tcase_add_loop_test(tests, bit_245_is_reserved_or_ignored, 0, 2);
    tcase_add_test(tests, without_host_translation_no_entry_names_a_table);
    tcase_add_test(tests, gcr3_tables_have_at_most_three_levels);
    tcase_add_test(tests, without_hardware_updates_no_entry_changes);
    tcase_add_loop_test(tests, the_hypertransport_hole_may_be_ordinary_space, 0, 2);
    tcase_add_loop_test(tests, n_is_fc_or_its_inverse, 0, 4);
    tcase_add_loop_test(tests, completion_stores_are_bounded_with_snp, 0, 4);
    tcase_add_test(tests, with_snp_mode_0_is_illegal_and_tv_0_blocks);
    tcase_add_test(tests, numbers_between_the_legal_ones_are_refused);
    tcase_add_test(tests, a_plan_has_at_most_511_characters);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
