// SPDX-License-Identifier: Apache-2.0
/* Requests that rarely come: cached translations that no longer suffice, odd addresses, attributes, page
 * requests that are refused, interrupts in modes of their own. */
#include "amdvi/inject.h"
#include "machine.h"

#include <stdio.h>

enum { ILLEGAL_DTE = 1, PAGE_FAULT = 2, INVALID_REQUEST = 8 };
enum { F_I = 8, F_RW = 32, F_PE = 64, F_TR = 256 };

#define D_IR        (UINT64_C(1) << 61)
#define D_GIOV      (UINT64_C(1) << 54)
#define D_PPR       (UINT64_C(1) << 52)
#define D_I         (UINT64_C(1) << 32) /* of the second quad-word */
#define C_SMIF      (UINT64_C(1) << 22)
#define C_INT_2048  (UINT64_C(1) << 43)
#define HIGH_HALF   UINT64_C(0xffff800000000000)
#define EFR_GENOA   UINT64_C(0x25bf732fa2295afe)
#define EFR_HE      (UINT64_C(1) << 8)
#define INT_ENTRIES (UINT64_C(1) | 4 << 1 | INT_TABLE) /* IV, IntTabLen 4 */
#define INT_FORWARD (UINT64_C(1) << 60)
#define INT_REMAP   (UINT64_C(2) << 60)

static struct machine m;

static void setup(void)
{
    machine_open(&m, "preset=genoa");
}

static void reopen(const char *settings)
{
    machine_close(&m);
    machine_open(&m, settings);
}

static void teardown(void)
{
    machine_close(&m);
}

static struct amdvi_request with_pasid(enum amdvi_op op, uint32_t pasid, uint64_t address)
{
    return (struct amdvi_request){
        .device = DEV, .op = (uint8_t)op, .address = address, .length = 8, .has_pasid = true, .pasid = pasid};
}

static struct amdvi_result ask_pasid(enum amdvi_op op, uint32_t pasid, uint64_t address)
{
    struct amdvi_request request = with_pasid(op, pasid, address);

    return ask_as(&m, &request);
}

static void invalidate_entry(void)
{
    command(&m, UINT64_C(2) << 60 | DEV, 0);
}

static uint64_t entry_word(unsigned n)
{
    return get64(&m, DEV_TABLE + 32 * DEV + 8 * n);
}

/* ---------------------------------------------------------------- cached, and yet not allowed */

/* Three levels whose pages of 2 MiB map the tables and the page onto themselves. */
static uint64_t identity_host(void)
{
    uint64_t root = new_table(&m), middle = new_table(&m);

    put64(&m, root, V1_RW | middle | 2 << 9 | 1);
    for (uint64_t at = 0x400000; at < MEMORY_BYTES; at += 0x200000)
        put64(&m, middle + at / 0x200000 * 8, V1_RW | at | 1);
    return root | 3 << 9;
}

/* Nested, guest tables are read with the entry's own read permission (5.5): a cached line does not outlive
 * it. */
START_TEST(a_nested_line_needs_ir)
{
    map_guest(&m, DEV, D_OK | identity_host(), 0);
    boot(&m, C_NORMAL | C_GT);
    ck_assert(ask_pasid(AMDVI_WRITE, 5, IOVA).ok);
    put64(&m, DEV_TABLE + 32 * DEV, entry_word(0) & ~D_IR);
    ck_assert(ask_pasid(AMDVI_WRITE, 5, IOVA).ok); /* the entry is cached too */
    invalidate_entry();
    for (unsigned i = 0; i < 3; i++) { /* fetched, cached, at hand */
        ck_assert(!ask_pasid(AMDVI_WRITE, 5, IOVA).ok);
        ck_assert_uint_eq(event_word(&m, i, 0) >> 60, PAGE_FAULT);
        ck_assert_uint_eq(event_word(&m, i, 0) >> 48 & F_PE, F_PE);
    }
}
END_TEST

/* 5.2: PASID 0 by prefix is sign-extended, PASID 0 by GIoV is not. */
START_TEST(pasid_0_by_giov_has_no_upper_half)
{
    uint64_t top = map_guest(&m, DEV, D_OK | D_GIOV, 0) - 3 * 4096;

    put64(&m, top + 8 * 256, get64(&m, top));
    boot(&m, C_NORMAL | C_GT);
    ck_assert_uint_eq(ask_pasid(AMDVI_READ, 0, HIGH_HALF + IOVA).pa, PAGE);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(!ask(&m, AMDVI_READ, HIGH_HALF + IOVA).ok);
        ck_assert_uint_eq(ask_pasid(AMDVI_READ, 0, HIGH_HALF + IOVA).pa, PAGE);
    }
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).pa, PAGE);
    ck_assert(!ask_pasid(AMDVI_READ, 0, (UINT64_C(1) << 47) + IOVA).ok); /* neither half */
}
END_TEST

START_TEST(supervisor_pages_answer_privileged_requests_only)
{
    struct amdvi_request user = with_pasid(AMDVI_READ, 5, IOVA), privileged = user;
    uint64_t leaf = map_guest(&m, DEV, D_OK, 0) + IOVA / 4096 * 8;

    privileged.privileged = true;
    put64(&m, leaf, PAGE | 3); /* U/S=0 */
    boot(&m, C_NORMAL | C_GT);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(ask_as(&m, &privileged).ok);
        ck_assert(ask_as(&m, &privileged).privileged_page);
        ck_assert(!ask_as(&m, &user).ok);
    }
}
END_TEST

/* ---------------------------------------------------------------- addresses and attributes */

START_TEST(an_odd_write_with_pasid_to_the_interrupt_range_is_no_interrupt)
{
    struct amdvi_request request = with_pasid(AMDVI_WRITE, 5, 0xfee00002);

    map_guest(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL | C_GT);
    request.length = 4;
    ck_assert(!ask_as(&m, &request).ok);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 60, INVALID_REQUEST);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 57 & 7, 4);
    request.address = 0xfee00004; /* an interrupt, and a PASID makes it illegal (8.1) */
    ck_assert(!ask_as(&m, &request).ok);
    ck_assert_uint_eq(event_word(&m, 1, 0) >> 60, PAGE_FAULT);
    ck_assert_uint_eq(event_word(&m, 1, 0) >> 48 & F_I, F_I);
}
END_TEST

/* 9.2: no permission, and INVALID_DEVICE_REQUEST with TR=1 and type 0. */
START_TEST(translation_requests_of_interrupt_ranges_get_nothing)
{
    static const uint64_t places[] = {0xfee00000, 0xfd00000000, 0xfdf8000000, 0xfdf8fff000};
    struct amdvi_request request = {
        .device = DEV, .at = AMDVI_TRANSLATION_REQUEST, .address = places[_i], .length = 8};

    dte(&m, DEV, D_OK, DOM | D_I, 0);
    boot(&m, C_NORMAL);
    ck_assert_uint_eq(ask_as(&m, &request).perm, 0);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 60, INVALID_REQUEST);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 57 & 7, 0);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 48 & F_TR, F_TR);
}
END_TEST

/* 4.5: with Mode=0 the coherence attribute comes from Mode0FC, if AttrV says so. */
START_TEST(identity_has_its_coherence_from_the_entry)
{
    uint64_t attributes = (uint64_t)_i << 54; /* AttrV, Mode0FC */

    dte(&m, DEV, D_OK, DOM, 0);
    put64(&m, DEV_TABLE + 32 * DEV + 24, attributes);
    boot(&m, C_NORMAL);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_int_eq(ask(&m, AMDVI_READ, IOVA).no_snoop_forbidden, _i == 3);
}
END_TEST

/* RW is the request's only when TR is 0 (7.2). */
START_TEST(a_translation_request_has_no_rw_flag)
{
    struct amdvi_request request = {.device = DEV, .op = AMDVI_WRITE, .address = IOVA, .length = 8};

    dte(&m, DEV, D_OK | 1 << 2, DOM | D_I, 0); /* a reserved bit */
    boot(&m, C_NORMAL);
    ck_assert(!ask_as(&m, &request).ok);
    request.at = AMDVI_TRANSLATION_REQUEST;
    ck_assert(!ask_as(&m, &request).ok);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(event_word(&m, i, 0) >> 60, ILLEGAL_DTE);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 48 & (F_RW | F_TR), F_RW);
    ck_assert_uint_eq(event_word(&m, 1, 0) >> 48 & (F_RW | F_TR), F_TR);
}
END_TEST

/* 7.6: illegal-type and hardware errors are latched, the first one stays. */
START_TEST(only_errors_of_the_machine_are_latched)
{
    enum { UPPER = 0x40, LOWER = 0x48, HE_STATUS = 0x50, HEV = 1, HEO = 2 };
    char settings[64];

    snprintf(settings, sizeof(settings), "preset=genoa efr=0x%llx", (unsigned long long)(EFR_GENOA | EFR_HE));
    reopen(settings);
    dte(&m, DEV, D_OK, DOM, 0);
    boot(&m, C_NORMAL);
    ck_assert(!ask(&m, AMDVI_READ, 0xfee00000).ok); /* code 8 */
    ck_assert_uint_eq(reg_of(&m, HE_STATUS), 0);
    dte(&m, DEV, D_V, DOM, 0);
    invalidate_entry();
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok); /* code 2 */
    ck_assert_uint_eq(reg_of(&m, HE_STATUS), 0);
    dte(&m, DEV, D_OK | 1 << 2, DOM, 0);
    invalidate_entry();
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok); /* code 1 */
    ck_assert_uint_eq(reg_of(&m, HE_STATUS), HEV);
    ck_assert_uint_eq(reg_of(&m, UPPER), event_word(&m, 2, 0));
    ck_assert(!ask(&m, AMDVI_READ, IOVA + 0x1000).ok);
    ck_assert_uint_eq(reg_of(&m, HE_STATUS), HEV | HEO);
    ck_assert_uint_eq(reg_of(&m, LOWER), event_word(&m, 2, 1));
}
END_TEST

/* ---------------------------------------------------------------- page requests, 7.7 */

static struct amdvi_page_request_result page_request(const struct amdvi_page_request *request)
{
    struct amdvi_page_request_result result;

    ck_assert_int_eq(amdvi_page_request(m.device, request, &result), AMDVI_OK);
    return result;
}

START_TEST(a_page_request_says_whether_it_is_a_users)
{
    struct amdvi_page_request request = {
        .device = DEV, .has_pasid = true, .pasid = 5, .privileged = _i & 1, .read = true};
    char settings[64];

    snprintf(settings, sizeof(settings), "preset=genoa efr=0x%llx",
             (unsigned long long)(EFR_GENOA & ~((uint64_t)(_i >> 1) << 37))); /* USSup */
    reopen(settings);
    dte(&m, DEV, D_OK | D_GV | D_PPR, DOM, 0);
    boot(&m, C_NORMAL | C_PPR | C_PPRLOG | C_GT);
    ck_assert(page_request(&request).ok);
    ck_assert_uint_eq(get64(&m, PPR_RING) >> 54 & 1, _i != 1);
}
END_TEST

START_TEST(entries_that_say_nothing_allow_no_page_requests)
{
    static const uint64_t entries[] = {0, D_V | D_PPR | D_GV, D_OK | D_GV | D_PPR | 1 << 2};
    struct amdvi_page_request request = {.device = DEV, .read = true, .last = true};

    dte(&m, DEV, entries[_i], DOM, 0);
    boot(&m, C_NORMAL | C_PPR | C_PPRLOG | C_GT);
    ck_assert(!page_request(&request).ok);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 60, 9);
    ck_assert_uint_eq(m.prg[0].code, 1);
    ck_assert_uint_eq(reg_of(&m, R_PPR_TAIL), 0);
}
END_TEST

/* 9.4: GPRP is in the entry, and there is none. */
START_TEST(responses_of_devices_beyond_the_table_carry_no_pasid)
{
    struct amdvi_page_request request = {
        .device = DEV, .has_pasid = true, .pasid = 5, .read = true, .last = true, .prg_index = 7};

    boot(&m, C_NORMAL | C_PPR | C_PPRLOG | C_GT);
    reg(&m, R_DEVTAB, DEV_TABLE);
    ck_assert(!page_request(&request).ok);
    command(&m, UINT64_C(7) << 60 | DEV | UINT64_C(5) << 32, UINT64_C(8) << 32 | 4); /* GN */
    ck_assert_uint_eq(m.prgs, 2);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(!m.prg[i].has_pasid);
        ck_assert_uint_eq(m.prg[i].index, 7 + i);
    }
}
END_TEST

/* ---------------------------------------------------------------- interrupts */

/* 8.2: with 2048 entries a logical destination marks an index, so this is no SMI whatever its type says. */
START_TEST(in_2048_mode_a_logical_message_is_no_smi)
{
    struct amdvi_int_result result;

    reopen("preset=turin");
    dte(&m, DEV, 0, DOM, INT_ENTRIES | INT_FORWARD);
    boot(&m, C_NORMAL | C_GA | C_SMIF | (_i ? C_INT_2048 : 0));
    ck_assert_int_eq(amdvi_interrupt(m.device, DEV, 0xfee00004, 0x203, &result), AMDVI_OK);
    ck_assert_int_eq(result.ok, _i);
    ck_assert_int_eq(amdvi_interrupt(m.device, DEV, 0xfee00000, 0x203, &result), AMDVI_OK);
    ck_assert(!result.ok);
}
END_TEST

/* SmiFSup=01 and SmiFRC in bits 17:16 and 20:18 of the extended features: 2^SmiFRC filters from 60h on;
 * SmiDID in 15:0, SmiDV in 16 [2.5, 2.8, 8.5]. */
START_TEST(each_smi_filter_that_exists_names_a_device)
{
    struct amdvi_config *config = config_of("");
    struct amdvi_int_result result;
    char settings[64];
    uint64_t efr;

    ck_assert_int_eq(amdvi_config_number(config, "efr", &efr), AMDVI_OK);
    amdvi_config_destroy(config);
    efr = (efr & ~UINT64_C(0x1f0000)) | 1 << 16 | (uint64_t)_i << 18;
    snprintf(settings, sizeof(settings), "efr=0x%llx", (unsigned long long)efr);
    reopen(settings);
    dte(&m, DEV, 0, DOM, INT_ENTRIES | INT_FORWARD);
    boot(&m, C_NORMAL | C_GA | C_SMIF);
    for (unsigned filter = 0; filter < 16; filter++) {
        reg(&m, 0x60 + 8 * filter, 1 << 16 | DEV);
        ck_assert_int_eq(amdvi_interrupt(m.device, DEV, 0xfee00000, 0x203, &result), AMDVI_OK);
        ck_assert_int_eq(result.ok, filter < 1u << _i);
        reg(&m, 0x60 + 8 * filter, 1 << 16 | (DEV + 1));
        ck_assert_int_eq(amdvi_interrupt(m.device, DEV, 0xfee00000, 0x203, &result), AMDVI_OK);
        ck_assert(!result.ok);
    }
}
END_TEST

/* RemapEn, IsRun, GuestMode; vector 45h. */
static void posted_interrupts(void)
{
    dte(&m, DEV, 0, DOM, INT_ENTRIES | INT_REMAP);
    put64(&m, INT_TABLE, 1 | 1 << 6 | 1 << 7 | 0x12 << 8);
    put64(&m, INT_TABLE + 8, 0x45 | (uint64_t)PAGE);
    boot(&m, C_NORMAL | C_GA | C_GAM);
}

/* 8.6, 8.5: some fields are read each time; where they cannot be read nobody knows whether the guest runs. */
START_TEST(a_cached_posted_interrupt_fails_with_its_entry)
{
    posted_interrupts();
    ck_assert(interrupt(&m, 0).posted);
    put64(&m, INT_TABLE, 1 | 1 << 6 | 1 << 7 | 0x34 << 8);
    m.fail_at = m.accesses + 1;
    ck_assert(!interrupt(&m, 0).ok);
    ck_assert_uint_eq(m.failed_address, INT_TABLE);
    /* PAGE_TAB_HARDWARE_ERROR, I=1 (bit 51), address of the entry */
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 60, 4);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 51 & 1, 1);
    ck_assert_uint_eq(event_word(&m, 0, 1), INT_TABLE);
    ck_assert_uint_eq(m.irqs, 1);
    ck_assert(interrupt(&m, 0).posted);
    ck_assert_uint_eq(m.irq[1].destination, 0x34);
}
END_TEST

static void flip_another_bit(struct machine *machine, uint64_t address)
{
    put64(machine, address, get64(machine, address) ^ UINT64_C(1) << 40);
}

START_TEST(a_race_about_the_backing_page_ends)
{
    posted_interrupts();
    m.race = flip_another_bit;
    ck_assert(interrupt(&m, 0).posted);
    ck_assert_uint_eq(m.exchanges, 8);
}
END_TEST

/* ---------------------------------------------------------------- memory */

/* Without compare_exchange no entry can be updated: as if the target refused. */
START_TEST(memory_that_cannot_exchange)
{
    struct amdvi_memory memory = machine_memory(&m);
    struct amdvi_device *plain, *kept = m.device;

    memory.compare_exchange = NULL;
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, &plain), AMDVI_OK);
    map_host(&m, DEV, D_OK | 1 << 7, 0);
    m.device = plain;
    boot(&m, C_NORMAL);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).fault.event, 4);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 57 & 3, AMDVI_MEMORY_TARGET_ABORT);
    amdvi_destroy(plain);
    m.device = kept;
}
END_TEST

/* A device that overwrites its own table with the first page of its data: the second page is gone. */
START_TEST(data_that_destroys_its_own_translation)
{
    struct amdvi_request request = {.device = DEV, .op = AMDVI_WRITE, .length = 4096 + 8};
    struct amdvi_result result;
    static const uint8_t zeros[4096 + 8];
    uint64_t leaf;

    reopen("preset=genoa caches=off");
    leaf = map_host(&m, DEV, D_OK, 0);
    put64(&m, leaf + (IOVA / 4096 + 1) * 8, get64(&m, leaf + IOVA / 4096 * 8));
    put64(&m, leaf + IOVA / 4096 * 8, V1_RW | leaf | 1);
    put64(&m, PAGE, 0x55);
    boot(&m, C_NORMAL);
    request.address = IOVA;
    ck_assert_int_eq(amdvi_dma(m.device, &request, (void *)(uintptr_t)zeros, &result), AMDVI_ERR_MEMORY);
    ck_assert(result.ok);
    ck_assert_uint_eq(get64(&m, leaf), 0);
    ck_assert_uint_eq(get64(&m, PAGE), 0x55);
}
END_TEST

/* Opcode Ah: what record it makes is unknown (viommu 11 #38), so it makes none and the ring goes on. */
START_TEST(insert_guest_event_does_nothing)
{
    struct amdvi_statistics statistics;

    boot(&m, C_NORMAL);
    command(&m, UINT64_C(10) << 60 | 6, 0);
    command(&m, UINT64_C(1) << 60 | STORE | 1, 0x55);
    ck_assert_uint_eq(get64(&m, STORE), 0x55);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
    ck_assert_int_eq(amdvi_get_statistics(m.device, &statistics), AMDVI_OK);
    ck_assert_uint_eq(statistics.commands_by_opcode[10], 1);
    ck_assert_uint_eq(statistics.invalidations, 0);
}
END_TEST

START_TEST(every_reason_has_a_text)
{
    ck_assert_str_eq(amdvi_reason_text(UINT32_MAX), "unknown reason");
    for (unsigned reason = 0; reason < 256; reason++) {
        ck_assert_ptr_nonnull(amdvi_reason_text(reason));
        ck_assert_uint_gt(strlen(amdvi_reason_text(reason)), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rare requests");
    TCase *tests = tcase_create("rare requests");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_nested_line_needs_ir);
    tcase_add_test(tests, pasid_0_by_giov_has_no_upper_half);
    tcase_add_test(tests, supervisor_pages_answer_privileged_requests_only);
    tcase_add_test(tests, an_odd_write_with_pasid_to_the_interrupt_range_is_no_interrupt);
    tcase_add_loop_test(tests, translation_requests_of_interrupt_ranges_get_nothing, 0, 4);
    tcase_add_loop_test(tests, identity_has_its_coherence_from_the_entry, 0, 4);
    tcase_add_test(tests, a_translation_request_has_no_rw_flag);
    tcase_add_test(tests, only_errors_of_the_machine_are_latched);
    tcase_add_loop_test(tests, a_page_request_says_whether_it_is_a_users, 0, 4);
    tcase_add_loop_test(tests, entries_that_say_nothing_allow_no_page_requests, 0, 3);
    tcase_add_test(tests, responses_of_devices_beyond_the_table_carry_no_pasid);
    tcase_add_loop_test(tests, in_2048_mode_a_logical_message_is_no_smi, 0, 2);
    tcase_add_loop_test(tests, each_smi_filter_that_exists_names_a_device, 0, 5);
    tcase_add_test(tests, a_cached_posted_interrupt_fails_with_its_entry);
    tcase_add_test(tests, a_race_about_the_backing_page_ends);
    tcase_add_test(tests, memory_that_cannot_exchange);
    tcase_add_test(tests, data_that_destroys_its_own_translation);
    tcase_add_test(tests, insert_guest_event_does_nothing);
    tcase_add_test(tests, every_reason_has_a_text);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
