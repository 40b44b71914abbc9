// SPDX-License-Identifier: Apache-2.0
/* Performance counters: whose an event is, and what looks like an event and is none (2.9). */
#include "amdvi/inject.h"
#include "machine/machine.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>

enum { DEVICE = 0x100, OTHER = 0x208, LOW = 0x40, DOMAIN = 7, IOVA = 0x10000 };

/* CSource codes. */
enum {
    PASS_UNTRANSLATED = 0x01,
    TARGET_ABORT = 0x04,
    TRANSLATIONS = 0x05,
    DTE_MISS = 0x0b,
    INT_DTE_MISS = 0x10,
    COMMANDS = 0x11,
    VAPIC_NON_GUEST = 0x15,
    VAPIC_GUEST = 0x16,
    SMI_BLOCKED = 0x18,
    FIRST_UNKNOWN = 0x19,
};

/* Enable bit and a mask of all bits, in the match registers. */
#define EXACT_16 (UINT64_C(0xffff) << 32 | 1u << 31)
#define EXACT_20 (UINT64_C(0xfffff) << 32 | 1u << 31)
#define ANY      (UINT64_C(1) << 31)

static struct machine m;
static uint64_t root;

static uint64_t offset_of(unsigned n, unsigned id)
{
    return CTR_SPACE_BASE + n / 4 * CTR_SPACE_BANK_STRIDE + n % 4 * CTR_SPACE_COUNTER_STRIDE +
           ctr_info[id].offset;
}

/* Counter `n` counts `source` where the register `id` matches. */
static void watch(unsigned n, unsigned source, unsigned id, uint64_t match)
{
    machine_set_register(&m, offset_of(n, id), match);
    machine_set_register(&m, offset_of(n, CTR_COUNTER), 0);
    machine_set_register(&m, offset_of(n, CTR_SOURCE), source);
}

static uint64_t count(unsigned n)
{
    return machine_register(&m, offset_of(n, CTR_COUNTER));
}

static void setup(void)
{
    machine_init(&m);
    machine_start(&m);
    root = machine_page(&m);
    machine_dte(&m, DEVICE, DOMAIN, 3, root);
    machine_map(&m, root, 3, IOVA, MACHINE_DATA, MACHINE_READ_WRITE);
}

static void teardown(void)
{
    machine_free(&m);
}

static void set_control(uint64_t bits)
{
    machine_set_register(&m, reg_info[REG_CONTROL].offset,
                         machine_register(&m, reg_info[REG_CONTROL].offset) | bits);
}

/* A device table of one page: 128 devices. */
static void small_device_table(void)
{
    machine_set_register(&m, reg_info[REG_DEVTAB_BASE].offset, MACHINE_DEVICES);
}

/* ---------------------------------------------------------------- requests */

START_TEST(sources_that_nobody_knows_count_nothing)
{
    watch(0, FIRST_UNKNOWN, CTR_DEVICE, 0);
    watch(1, 0xff, CTR_DEVICE, 0);
    watch(2, 0, CTR_DEVICE, 0);
    watch(3, TRANSLATIONS, CTR_DEVICE, 0);
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(count(i), 0);
    ck_assert_uint_eq(count(3), 1);
}
END_TEST

/* V=0: the rest of the entry says nothing. Beyond the table: there is no entry. */
START_TEST(without_a_valid_entry_there_is_no_domain)
{
    small_device_table();
    machine_dte(&m, LOW, DOMAIN, 3, root);
    watch(0, DTE_MISS, CTR_DOMAIN, ANY);
    watch(1, DTE_MISS, CTR_DOMAIN, 0);
    ck_assert(machine_read(&m, LOW + 1, IOVA).ok);
    ck_assert_uint_eq(count(0), 0);
    ck_assert(!machine_read(&m, DEVICE, IOVA).ok);
    ck_assert_uint_eq(count(0), 0);
    ck_assert(machine_read(&m, LOW, IOVA).ok);
    ck_assert_uint_eq(count(0), 1);
    ck_assert_uint_eq(count(1), 3);
}
END_TEST

START_TEST(requests_without_pasid_are_those_of_pasid_0_where_giov_says_so)
{
    uint64_t gcr3 = machine_page(&m), guest = machine_page(&m);

    machine_dte(&m, OTHER, 9, 0, 0);
    machine_dte_guest(&m, OTHER, gcr3);
    machine_poke(&m, gcr3, guest | 1);
    machine_poke(&m, gcr3 + 5 * 8, guest | 1);
    machine_guest_map(&m, guest, 0x4000, MACHINE_DATA);
    watch(0, TRANSLATIONS, CTR_PASID, EXACT_20);
    watch(1, TRANSLATIONS, CTR_PASID, EXACT_20 | 5);
    machine_read(&m, OTHER, 0x4000); /* GIoV=0: the host's */
    ck_assert_uint_eq(count(0), 0);
    machine_poke(&m, machine_dte_address(OTHER),
                 machine_peek(&m, machine_dte_address(OTHER)) | UINT64_C(1) << 54);
    machine_invalidate_device(&m, OTHER);
    ck_assert(machine_read(&m, OTHER, 0x4000).ok);
    ck_assert_uint_eq(count(0), 1);
    ck_assert(machine_read_pasid(&m, OTHER, 5, 0x4000).ok);
    ck_assert_uint_eq(count(0), 1);
    ck_assert_uint_eq(count(1), 1);
}
END_TEST

/* No data is moved by a translation request, whatever it is told. */
START_TEST(translation_requests_neither_pass_nor_abort)
{
    struct amdvi_request rq = {.device = OTHER, .at = AMDVI_TRANSLATION_REQUEST, .length = 8};
    struct amdvi_result result;

    machine_dte(&m, OTHER, DOMAIN, 0, 0);
    machine_poke(&m, machine_dte_address(DEVICE) + 8, DOMAIN); /* I=0: may not ask */
    watch(0, PASS_UNTRANSLATED, CTR_DEVICE, 0);
    watch(1, TARGET_ABORT, CTR_DEVICE, 0);
    amdvi_translate(m.device, &rq, &result);
    ck_assert(result.ok && result.identity);
    rq.device = DEVICE;
    amdvi_translate(m.device, &rq, &result);
    ck_assert(!result.ok);
    ck_assert_uint_eq(count(0), 0);
    ck_assert_uint_eq(count(1), 0);
    rq = (struct amdvi_request){.device = OTHER, .length = 8};
    amdvi_translate(m.device, &rq, &result);
    ck_assert_uint_eq(count(0), 1);
    ck_assert(!machine_read(&m, DEVICE, 0x500000).ok);
    ck_assert_uint_eq(count(1), 1);
}
END_TEST

/* ---------------------------------------------------------------- interrupts */

START_TEST(interrupts_of_devices_without_entry_have_no_domain)
{
    uint64_t table = machine_page(&m);

    small_device_table();
    machine_dte(&m, LOW, DOMAIN, 0, 0);
    machine_dte_interrupts(&m, LOW, table, 9);
    machine_irte(&m, table, 3, 0x41);
    watch(0, INT_DTE_MISS, CTR_DOMAIN, ANY);
    watch(1, INT_DTE_MISS, CTR_DOMAIN, EXACT_16 | DOMAIN);
    watch(2, INT_DTE_MISS, CTR_DOMAIN, 0);
    ck_assert(machine_interrupt(&m, LOW + 1, 3).ok); /* IV=0 */
    ck_assert(!machine_interrupt(&m, DEVICE, 3).ok);
    ck_assert_uint_eq(count(0), 0);
    ck_assert(machine_interrupt(&m, LOW, 3).ok);
    ck_assert_uint_eq(count(0), 1);
    ck_assert_uint_eq(count(1), 1);
    ck_assert_uint_eq(count(2), 3);
}
END_TEST

START_TEST(blocked_smis_are_those_that_the_filter_blocks)
{
    struct amdvi_int_result result;

    machine_dte_interrupts(&m, DEVICE, machine_page(&m), 9);
    watch(0, SMI_BLOCKED, CTR_DEVICE, 0);
    ck_assert(!machine_interrupt(&m, DEVICE, 3).ok); /* no entry: a fault of another kind */
    ck_assert_uint_eq(count(0), 0);
    set_control(REG_CONTROL_SMIFEN_MASK);
    amdvi_interrupt(m.device, DEVICE, 0xfee00000, 0x200, &result);
    ck_assert_uint_eq(count(0), 1);
    set_control(REG_CONTROL_SMIFLOGEN_MASK);
    amdvi_interrupt(m.device, DEVICE, 0xfee00000, 0x200, &result);
    ck_assert(!result.ok);
    ck_assert_uint_eq(count(0), 2);
}
END_TEST

START_TEST(vapic_interrupts_need_the_vapic)
{
    uint64_t table = machine_page(&m);

    machine_irte(&m, table, 3, 0x41);
    machine_dte_interrupts(&m, DEVICE, table, 9);
    watch(0, VAPIC_NON_GUEST, CTR_DEVICE, 0);
    ck_assert(machine_interrupt(&m, DEVICE, 3).ok);
    ck_assert_uint_eq(count(0), 0);
    set_control(reg_control_set_gamen(0, 1));
    ck_assert(machine_interrupt(&m, DEVICE, 3).ok);
    ck_assert_uint_eq(count(0), 1);
}
END_TEST

START_TEST(an_interrupt_that_cannot_be_posted_is_none_of_the_guests)
{
    uint64_t table = machine_page(&m), page = machine_page(&m);
    struct amdvi_inject_rule rule = {.what = AMDVI_INJECT_MEMORY,
                                     .action = AMDVI_INJECT_DATA_ERROR,
                                     .reads = true,
                                     .writes = true,
                                     .classes = 1u << AMDVI_ACCESS_VAPIC,
                                     .nth = 1};

    set_control(reg_control_set_gamen(0, 1));
    machine_poke(&m, table + 3 * 16 + 8, page | 0x41); /* backing page, vector */
    machine_poke(&m, table + 3 * 16, 0xc1);            /* RemapEn, IsRun, GuestMode */
    machine_dte_interrupts(&m, DEVICE, table, 9);
    watch(0, VAPIC_GUEST, CTR_DEVICE, 0);
    watch(1, VAPIC_NON_GUEST, CTR_DEVICE, 0);
    ck_assert_int_eq(amdvi_inject(m.device, &rule, 1), AMDVI_OK);
    ck_assert(!machine_interrupt(&m, DEVICE, 3).ok);
    ck_assert_uint_eq(count(0), 0);
    ck_assert(machine_interrupt(&m, DEVICE, 3).posted);
    ck_assert_uint_eq(count(0), 1);
    ck_assert_uint_eq(count(1), 0);
}
END_TEST

/* ---------------------------------------------------------------- observers beside counters */

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    ++*(unsigned *)context;
}

static void on_hit(void *context, const struct amdvi_hit_info *info)
{
    *(uint32_t *)context = info->caches;
}

START_TEST(counters_and_observers_do_not_disturb_each_other)
{
    uint32_t seen = 0;
    struct amdvi_observer requests = {.context = &seen, .request = on_request};
    struct amdvi_observer hits = {.context = &seen, .hit = on_hit};

    watch(0, TRANSLATIONS, CTR_DEVICE, 0);
    ck_assert_int_eq(amdvi_observe(m.device, &requests), AMDVI_OK);
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    ck_assert_uint_eq(seen, 1);
    ck_assert_int_eq(amdvi_observe(m.device, &hits), AMDVI_OK);
    ck_assert(machine_read(&m, DEVICE, IOVA).ok);
    ck_assert_uint_eq(seen, 1u << AMDVI_CACHE_DTC | 1u << AMDVI_CACHE_PTC);
    ck_assert_uint_eq(count(0), 2);
}
END_TEST

/* ---------------------------------------------------------------- commands */

START_TEST(commands_are_those_of_the_ids_in_them)
{
    watch(0, COMMANDS, CTR_DEVICE, EXACT_16 | DEVICE);
    watch(1, COMMANDS, CTR_DOMAIN, EXACT_16 | DOMAIN);
    watch(2, COMMANDS, CTR_PASID, EXACT_20 | 0x12345);
    watch(3, COMMANDS, CTR_DEVICE, 0);
    machine_invalidate_device(&m, DEVICE);
    machine_invalidate_interrupts(&m, DEVICE);
    machine_invalidate_device(&m, OTHER);
    ck_assert_uint_eq(count(0), 2);
    machine_invalidate_domain(&m, DOMAIN);
    machine_invalidate_pasid(&m, DOMAIN, 0x12345);
    ck_assert_uint_eq(count(1), 2);
    ck_assert_uint_eq(count(2), 1);
    machine_invalidate_atc(&m, DEVICE);
    ck_assert_uint_eq(count(0), 3);
    /* INVALIDATE_IOTLB_PAGES with GN=1: bits 7:0 of the PASID in 55:48, 15:8 in 23:16, 19:16 in 59:56 (6.2)
     */
    machine_command(&m, UINT64_C(0x4145000000230000) | OTHER, 0x4);
    ck_assert_uint_eq(count(2), 2);
    ck_assert(machine_wait(&m));
    ck_assert_uint_eq(count(0), 3);
    ck_assert_uint_eq(count(1), 2);
    ck_assert_uint_eq(count(2), 2);
    ck_assert_uint_eq(count(3), 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pmu owners");
    TCase *tests = tcase_create("pmu owners");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, sources_that_nobody_knows_count_nothing);
    tcase_add_test(tests, without_a_valid_entry_there_is_no_domain);
    tcase_add_test(tests, requests_without_pasid_are_those_of_pasid_0_where_giov_says_so);
    tcase_add_test(tests, translation_requests_neither_pass_nor_abort);
    tcase_add_test(tests, interrupts_of_devices_without_entry_have_no_domain);
    tcase_add_test(tests, blocked_smis_are_those_that_the_filter_blocks);
    tcase_add_test(tests, vapic_interrupts_need_the_vapic);
    tcase_add_test(tests, an_interrupt_that_cannot_be_posted_is_none_of_the_guests);
    tcase_add_test(tests, counters_and_observers_do_not_disturb_each_other);
    tcase_add_test(tests, commands_are_those_of_the_ids_in_them);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
