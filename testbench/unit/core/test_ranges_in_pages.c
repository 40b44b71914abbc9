// SPDX-License-Identifier: Apache-2.0
/*
 * Ranges with a meaning of their own that lie inside a large page (2.3, 2.8, 8.1): what the page's
 * translation covers ends where they begin, for requests that run into them and for all mappings of a device.
 */
#include "machine.h"

#include <amdvi/external.h>
#include <amdvi/host.h>

enum { TWO_PAGES = 0x2000, MAPPINGS = 8, IR = 1, IW = 2 };

#define GIB         UINT64_C(0x40000000)
#define INTERRUPTS  UINT64_C(0xfee00000)
#define R_EXCLUSION UINT64_C(0x20)
#define R_LIMIT     UINT64_C(0x28)
#define R_MARC      UINT64_C(0x200)
#define C_MARC      (UINT64_C(1) << 40)

static struct machine m;

/* ---------------------------------------------------------------- requests that run into the range */

static struct amdvi_result ended;

static void on_issue(void *context, const struct amdvi_ask *asked)
{
    ck_assert_int_eq(amdvi_memory_answer(m.device, asked->id), AMDVI_OK);
}

static void on_complete(void *context, const struct amdvi_completion *completion)
{
    ended = *completion->result;
}

static void submit(const struct amdvi_request *request)
{
    const struct amdvi_external face = {.issue = on_issue, .complete = on_complete, .most = 1};

    ck_assert_int_eq(amdvi_external_attach(m.device, &face), AMDVI_OK);
    ck_assert_int_eq(amdvi_submit_request(m.device, request, 0), AMDVI_OK);
    ck_assert_int_eq(amdvi_external_attach(m.device, NULL), AMDVI_OK);
}

enum way { AT_ONCE, IN_A_BATCH, WITHOUT_EFFECT, SUBMITTED, WAYS };

static struct amdvi_result ask_by(enum way way, uint64_t address)
{
    const struct amdvi_request request = {
        .device = DEV, .op = AMDVI_WRITE, .address = address, .length = TWO_PAGES};

    if (way == AT_ONCE)
        ck_assert_int_eq(amdvi_translate(m.device, &request, &ended), AMDVI_OK);
    else if (way == IN_A_BATCH)
        ck_assert_int_eq(amdvi_translate_batch(m.device, &request, &ended, 1), AMDVI_OK);
    else if (way == WITHOUT_EFFECT)
        ck_assert_int_eq(amdvi_look(m.device, &request, &ended), AMDVI_OK);
    else
        submit(&request);
    return ended;
}

/* A page of 1 GiB around the range, level 3 of three. */
static void map_gigabyte(void)
{
    uint64_t root;

    machine_open(&m, "preset=genoa");
    root = new_table(&m);
    put64(&m, root + INTERRUPTS / GIB * 8, V1_RW | GIB | 1);
    dte(&m, DEV, D_OK | root | 3 << 9, DOM, 0);
    boot(&m, C_NORMAL);
}

START_TEST(a_large_page_does_not_lead_into_the_interrupt_range)
{
    struct amdvi_result result;

    map_gigabyte();
    result = ask_by((enum way)_i, INTERRUPTS - 0x2000);
    ck_assert(result.ok);
    ck_assert_uint_eq(result.pa, GIB + INTERRUPTS % GIB - 0x2000);
    result = ask_by((enum way)_i, INTERRUPTS - 0x1000);
    ck_assert(!result.ok);
    ck_assert_uint_eq(result.fault.reason, AMDVI_REASON_REQ_INT_RANGE);
    result = ask_by((enum way)_i, INTERRUPTS + 0x100000);
    ck_assert(result.ok);
    machine_close(&m);
}
END_TEST

/* Once, and at the first byte inside the range (15 D11). */
START_TEST(the_refusal_is_recorded_once)
{
    const struct amdvi_request request = {
        .device = DEV, .op = AMDVI_WRITE, .address = INTERRUPTS - 8, .length = 16};
    uint8_t data[16] = {0};

    map_gigabyte();
    ck_assert_int_eq(amdvi_dma(m.device, &request, data, &ended), AMDVI_OK);
    ck_assert(!ended.ok);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 16);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 60, 8); /* INVALID_DEVICE_REQUEST (7.3) */
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 57 & 7, 4);
    ck_assert_uint_eq(event_word(&m, 0, 1), INTERRUPTS);
    machine_close(&m);
}
END_TEST

/* ---------------------------------------------------------------- all mappings */

static struct amdvi_mapping found[MAPPINGS];
static unsigned count;

static int on_mapping(void *context, const struct amdvi_mapping *mapping)
{
    ck_assert_uint_lt(count, MAPPINGS);
    found[count++] = *mapping;
    return 0;
}

static void walk_to(uint64_t last)
{
    const struct amdvi_mappings walk = {.device = DEV, .last = last, .mapping = on_mapping};

    count = 0;
    ck_assert_int_eq(amdvi_walk_mappings(m.device, &walk), AMDVI_OK);
}

static void is_mapped(unsigned index, uint64_t iova, uint64_t last, uint64_t spa)
{
    ck_assert_uint_lt(index, count);
    ck_assert_uint_eq(found[index].iova, iova);
    ck_assert_uint_eq(found[index].last, last);
    ck_assert_uint_eq(found[index].spa, spa);
    ck_assert_uint_eq(found[index].perm, IR | IW);
}

/* 2 MiB at level 2 of two; the second page of them passes untranslated. */
START_TEST(the_exclusion_range_divides_a_large_page)
{
    uint64_t root;

    machine_open(&m, "preset=genoa");
    root = new_table(&m);
    put64(&m, root + 8, V1_RW | 0x600000 | 1);
    dte(&m, DEV, D_OK | root | 2 << 9, DOM, 0);
    boot(&m, C_NORMAL);
    reg(&m, R_LIMIT, 0x201000);
    reg(&m, R_EXCLUSION, 0x201000 | 3); /* ExEn, Allow (2.3) */
    walk_to(0x5fffff);
    is_mapped(0, 0x200000, 0x200fff, 0x600000);
    is_mapped(1, 0x201000, 0x201fff, 0x201000);
    is_mapped(2, 0x202000, 0x3fffff, 0x602000);
    ck_assert_uint_eq(count, 3);
    machine_close(&m);
}
END_TEST

/* Empty tables, no right for anything, TV=0, tables that do not reach so far: what the exclusion range lets
 * pass passes nevertheless. */
START_TEST(the_exclusion_range_lies_in_a_hole)
{
    static const struct {
        uint64_t entry, page;
    } holes[] = {{D_OK | 2 << 9, 0x201000},
                 {D_V | D_TV | 2 << 9, 0x201000},
                 {D_V, 0x201000},
                 {D_OK | 3 << 9, UINT64_C(0x8000001000)}};
    uint64_t page = holes[_i].page;

    machine_open(&m, "preset=genoa");
    dte(&m, DEV, holes[_i].entry | (holes[_i].entry & D_TV ? new_table(&m) : 0), DOM, 0);
    boot(&m, C_NORMAL);
    reg(&m, R_LIMIT, page);
    reg(&m, R_EXCLUSION, page | 3);
    walk_to(UINT64_MAX);
    is_mapped(0, page, page + 0xfff, page);
    ck_assert_uint_eq(count, 1);
    machine_close(&m);
}
END_TEST

/* Of a device that passes untranslated; the aperture leads elsewhere (2.8). */
START_TEST(an_aperture_divides_what_passes)
{
    machine_open(&m, _i ? "preset=rome marc.match=result" : "preset=rome marc.match=request");
    dte(&m, DEV, D_OK, DOM, 0);
    boot(&m, C_NORMAL | C_MARC);
    reg(&m, R_MARC, 0x10000);
    reg(&m, R_MARC + 0x10, 0x1000);
    reg(&m, R_MARC + 8, 0x700000 | 1); /* RelocEn */
    walk_to(0x1ffff);
    is_mapped(0, 0, 0xffff, 0);
    is_mapped(1, 0x10000, 0x10fff, 0x700000);
    is_mapped(2, 0x11000, 0x1ffff, 0x11000);
    ck_assert_uint_eq(count, 3);
    machine_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ranges in pages");
    TCase *tests = tcase_create("ranges in pages");

    tcase_add_loop_test(tests, a_large_page_does_not_lead_into_the_interrupt_range, 0, WAYS);
    tcase_add_test(tests, the_refusal_is_recorded_once);
    tcase_add_test(tests, the_exclusion_range_divides_a_large_page);
    tcase_add_loop_test(tests, the_exclusion_range_lies_in_a_hole, 0, 4);
    tcase_add_loop_test(tests, an_aperture_divides_what_passes, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
