// SPDX-License-Identifier: Apache-2.0
/* Memory that fails, an allocator that fails, entries that change while they are updated, bad arguments. */
#include "machine.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "preset=genoa efr=0x25bf732fa2295aff"); /* with PREFETCH */
}

static void teardown(void)
{
    machine_close(&m);
}

enum { DTE_ERROR = 3, TABLE_ERROR = 4, COMMAND_ERROR = 6 };

static void fail_access(unsigned number, enum amdvi_memory_result how)
{
    m.accesses = 0;
    m.fail_at = number;
    m.failure = how;
}

static void expect_event(unsigned code, enum amdvi_memory_result type)
{
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 60, code);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 57 & 7, type);
    ck_assert_uint_eq(event_word(&m, 0, 1), m.failed_address & ~UINT64_C(7));
}

/* Accesses of a first read through a three-level table: entry of the device, then three levels. */
static unsigned code_of_access(unsigned number)
{
    return number == 1 ? DTE_ERROR : TABLE_ERROR;
}

START_TEST(every_access_of_a_host_walk_may_fail)
{
    unsigned number = (unsigned)_i / 3 + 1;
    enum amdvi_memory_result how = (enum amdvi_memory_result)(_i % 3 + 1);
    struct amdvi_result result;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    fail_access(number, how);
    result = ask(&m, AMDVI_READ, IOVA);
    ck_assert(!result.ok && result.pa == 0 && result.size == 0 && result.covered == 0);
    ck_assert_uint_eq(result.fault.event, code_of_access(number));
    ck_assert_int_eq(result.fault.reply, AMDVI_REPLY_ABORT);
    expect_event(code_of_access(number), how);
    fail_access(0, how);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).pa, PAGE);
}
END_TEST

/* Entry, GCR3 (1), four guest levels, each followed by an update of its A bit: 1 + 1 + 4 + 4. */
START_TEST(every_access_of_a_guest_walk_may_fail)
{
    struct amdvi_request request = {
        .device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8, .has_pasid = true, .pasid = 5};
    struct amdvi_result result;

    map_guest(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL | C_GT);
    fail_access((unsigned)_i, AMDVI_MEMORY_TARGET_ABORT);
    result = ask_as(&m, &request);
    ck_assert(!result.ok);
    ck_assert_uint_eq(result.fault.event, _i == 1 ? DTE_ERROR : TABLE_ERROR);
    ck_assert_uint_eq(result.fault.flags & 1, _i != 1);
    expect_event(_i == 1 ? DTE_ERROR : TABLE_ERROR, AMDVI_MEMORY_TARGET_ABORT);
    fail_access(0, AMDVI_MEMORY_OK);
    ck_assert_uint_eq(ask_as(&m, &request).pa, PAGE);
}
END_TEST

START_TEST(every_access_of_a_dirty_write_may_fail)
{
    struct amdvi_result result;

    map_host(&m, DEV, D_OK | 3 << 7, 0);
    boot(&m, C_NORMAL);
    fail_access((unsigned)_i, AMDVI_MEMORY_DATA_ERROR);
    result = ask(&m, AMDVI_WRITE, IOVA);
    ck_assert(!result.ok);
    ck_assert_int_eq(result.fault.reply, AMDVI_REPLY_DROP);
    expect_event(code_of_access((unsigned)_i), AMDVI_MEMORY_DATA_ERROR);
}
END_TEST

START_TEST(interrupt_entry_reads_may_fail)
{
    struct amdvi_int_result result;

    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    boot(&m, C_NORMAL);
    fail_access((unsigned)_i, AMDVI_MEMORY_MASTER_ABORT);
    result = interrupt(&m, 3);
    ck_assert(!result.ok);
    ck_assert_uint_eq(result.fault.flags & 8, 8);
    expect_event(_i == 1 ? DTE_ERROR : TABLE_ERROR, AMDVI_MEMORY_MASTER_ABORT);
}
END_TEST

START_TEST(posting_may_fail)
{
    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    put64(&m, INT_TABLE, 1 | 1 << 7);
    put64(&m, INT_TABLE + 8, 0x45 | (uint64_t)PAGE);
    boot(&m, C_NORMAL | C_GA | C_GAM);
    fail_access((unsigned)_i, AMDVI_MEMORY_MASTER_ABORT);
    ck_assert(!interrupt(&m, 0).ok);
    ck_assert_uint_eq(get64(&m, PAGE + 0x220), 0);
}
END_TEST

START_TEST(command_fetch_may_fail)
{
    boot(&m, C_NORMAL);
    put64(&m, CMD_RING, UINT64_C(1) << 60);
    fail_access(1, AMDVI_MEMORY_TARGET_ABORT);
    reg(&m, R_CMD_TAIL, 0x10);
    expect_event(COMMAND_ERROR, AMDVI_MEMORY_TARGET_ABORT);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 0x10, 0);
    ck_assert_uint_eq(reg_of(&m, R_CMD_HEAD), 0);
}
END_TEST

START_TEST(completion_store_may_fail)
{
    boot(&m, C_NORMAL);
    put64(&m, CMD_RING, UINT64_C(1) << 60 | STORE | 3);
    fail_access(2, AMDVI_MEMORY_DATA_ERROR);
    reg(&m, R_CMD_TAIL, 0x10);
    expect_event(COMMAND_ERROR, AMDVI_MEMORY_DATA_ERROR);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 0x14, 0);
}
END_TEST

START_TEST(event_write_may_fail)
{
    dte(&m, DEV, D_V, DOM, 0);
    boot(&m, C_NORMAL);
    fail_access(2, AMDVI_MEMORY_TARGET_ABORT);
    ck_assert(!ask(&m, AMDVI_READ, IOVA).fault.logged);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
}
END_TEST

START_TEST(data_behind_a_good_translation_may_fail)
{
    struct amdvi_request request = {.device = DEV, .op = AMDVI_WRITE, .address = IOVA, .length = 8};
    struct amdvi_result result;
    uint64_t data = 0x55;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    fail_access(5, AMDVI_MEMORY_DATA_ERROR);
    ck_assert_int_eq(amdvi_dma(m.device, &request, &data, &result), AMDVI_ERR_MEMORY);
    ck_assert_uint_eq(get64(&m, PAGE), 0);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
}
END_TEST

START_TEST(memory_without_callbacks_is_a_master_abort)
{
    struct amdvi_memory nothing = {0};
    struct amdvi_device *bare, *kept = m.device;

    ck_assert_int_eq(amdvi_create(m.config, &nothing, NULL, NULL, &bare), AMDVI_OK);
    m.device = bare;
    boot(&m, C_NORMAL);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).fault.event, DTE_ERROR);
    amdvi_destroy(bare);
    m.device = kept;
}
END_TEST

START_TEST(results_out_of_range_are_errors_too)
{
    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    fail_access(2, (enum amdvi_memory_result)77);
    ck_assert_uint_eq(ask(&m, AMDVI_READ, IOVA).fault.event, TABLE_ERROR);
    ck_assert_uint_eq(event_word(&m, 0, 0) >> 57 & 7, AMDVI_MEMORY_MASTER_ABORT);
}
END_TEST

START_TEST(prefetch_over_bad_memory_is_silent)
{
    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    put64(&m, CMD_RING, UINT64_C(6) << 60 | DEV);
    put64(&m, CMD_RING + 8, IOVA);
    fail_access((unsigned)_i, AMDVI_MEMORY_DATA_ERROR);
    reg(&m, R_CMD_TAIL, 0x10);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
    ck_assert_uint_eq(reg_of(&m, R_CMD_HEAD), 0x10);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
}
END_TEST

/* ---------------------------------------------------------------- the library's own memory */

START_TEST(creation_survives_every_failing_allocation)
{
    struct amdvi_memory memory = machine_memory(&m);
    struct amdvi_allocator allocator = machine_allocator(&m);
    enum amdvi_status status = AMDVI_ERR_NO_MEMORY;
    unsigned before = m.live, number;
    struct amdvi_device *device = NULL;

    for (number = 1; status != AMDVI_OK; number++) {
        m.allocations = 0;
        m.allocate_fail_at = number;
        status = amdvi_create(m.config, &memory, NULL, &allocator, &device);
        ck_assert(status == AMDVI_OK || status == AMDVI_ERR_NO_MEMORY);
        if (status != AMDVI_OK)
            ck_assert_uint_eq(m.live, before);
        ck_assert_uint_lt(number, 100);
    }
    ck_assert_uint_gt(number, 10);
    m.allocate_fail_at = 0;
    amdvi_destroy(device);
    ck_assert_uint_eq(m.live, before);
}
END_TEST

START_TEST(nothing_is_allocated_after_creation)
{
    unsigned before = m.allocations;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    for (unsigned i = 0; i < 100; i++)
        ask(&m, AMDVI_WRITE, IOVA + 0x1000 * i);
    command(&m, UINT64_C(8) << 60, 0);
    ck_assert_uint_eq(m.allocations, before);
}
END_TEST

START_TEST(creation_needs_its_arguments)
{
    struct amdvi_memory memory = machine_memory(&m);
    struct amdvi_device *device;

    ck_assert_int_eq(amdvi_create(NULL, &memory, NULL, NULL, &device), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_create(m.config, NULL, NULL, NULL, &device), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- races, 4.5 */

struct change {
    uint64_t address, value;
    unsigned times;
};

/* ---------------------------------------------------------------- arguments of requests */

static void refused(struct amdvi_request request)
{
    struct amdvi_result result;
    uint8_t data[8];

    ck_assert_int_eq(amdvi_translate(m.device, &request, &result), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_translate_batch(m.device, &request, &result, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_dma(m.device, &request, data, &result), AMDVI_ERR_ARGUMENT);
}

START_TEST(requests_out_of_range)
{
    struct amdvi_request good = {.device = DEV, .length = 8}, bad = good;

    bad.op = 4;
    refused(bad);
    bad = good, bad.at = 3;
    refused(bad);
    bad = good, bad.length = 0;
    refused(bad);
    bad = good, bad.length = (UINT64_C(1) << 30) + 1;
    refused(bad);
    bad = good, bad.address = UINT64_MAX - 6;
    refused(bad);
    bad = good, bad.pasid = 1 << 20;
    refused(bad);
}
END_TEST

START_TEST(null_requests)
{
    struct amdvi_request request = {.device = DEV, .length = 8};
    struct amdvi_page_request page = {.device = DEV};
    struct amdvi_page_request_result answer;
    struct amdvi_int_result message;
    struct amdvi_result result;
    uint8_t data[8];

    ck_assert_int_eq(amdvi_translate(NULL, &request, &result), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_translate(m.device, NULL, &result), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_translate(m.device, &request, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_translate_batch(NULL, &request, &result, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_translate_batch(m.device, NULL, &result, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_translate_batch(m.device, &request, NULL, 1), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_dma(NULL, &request, data, &result), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_dma(m.device, &request, NULL, &result), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_dma(m.device, &request, data, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_interrupt(NULL, 0, 0, 0, &message), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_interrupt(m.device, 0, 0, 0, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_page_request(NULL, &page, &answer), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_page_request(m.device, NULL, &answer), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_page_request(m.device, &page, NULL), AMDVI_ERR_ARGUMENT);
    page.pasid = 1 << 20;
    ck_assert_int_eq(amdvi_page_request(m.device, &page, &answer), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(translation_requests_move_no_data)
{
    struct amdvi_request request = {.device = DEV, .at = AMDVI_TRANSLATION_REQUEST, .length = 8};
    struct amdvi_result result;
    uint8_t data[8];

    ck_assert_int_eq(amdvi_dma(m.device, &request, data, &result), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- data, trace rules 1 and 3 */

START_TEST(data_crosses_pages)
{
    uint64_t leaf = map_host(&m, DEV, D_OK, 0);
    struct amdvi_request request = {.device = DEV, .op = AMDVI_WRITE, .address = IOVA + 0xffc, .length = 8};
    uint64_t data = UINT64_C(0x1122334455667788), back = 0;
    struct amdvi_result result;

    put64(&m, leaf + (IOVA / 4096 + 1) * 8, V1_RW | (PAGE + 0x5000) | 1);
    boot(&m, C_NORMAL);
    ck_assert_int_eq(amdvi_dma(m.device, &request, &data, &result), AMDVI_OK);
    ck_assert_uint_eq(get64(&m, PAGE + 0xff8) >> 32, 0x55667788);
    ck_assert_uint_eq(get64(&m, PAGE + 0x5000), 0x11223344);
    request.op = AMDVI_READ;
    ck_assert_int_eq(amdvi_dma(m.device, &request, &back, &result), AMDVI_OK);
    ck_assert_uint_eq(back, data);
}
END_TEST

START_TEST(an_interrupt_may_come_as_a_write)
{
    struct amdvi_request request = {.device = DEV, .op = AMDVI_WRITE, .address = 0xfee12004, .length = 4};
    struct amdvi_result result;
    uint8_t data[4] = {3, 0, 0, 0};

    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    put64(&m, INT_TABLE + 8, UINT64_C(0x00551201) << 32); /* index 3: vector 55h, destination 12h */
    boot(&m, C_NORMAL);
    ck_assert_int_eq(amdvi_dma(m.device, &request, data, &result), AMDVI_OK);
    ck_assert(result.ok);
    ck_assert_uint_eq(result.pa, 0xfee12000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("errors");
    TCase *tests = tcase_create("errors");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, every_access_of_a_host_walk_may_fail, 0, 12);
    tcase_add_loop_test(tests, every_access_of_a_guest_walk_may_fail, 1, 11);
    tcase_add_loop_test(tests, every_access_of_a_dirty_write_may_fail, 1, 8);
    tcase_add_loop_test(tests, interrupt_entry_reads_may_fail, 1, 3);
    tcase_add_loop_test(tests, posting_may_fail, 3, 5);
    tcase_add_test(tests, command_fetch_may_fail);
    tcase_add_test(tests, completion_store_may_fail);
    tcase_add_test(tests, event_write_may_fail);
    tcase_add_test(tests, data_behind_a_good_translation_may_fail);
    tcase_add_test(tests, memory_without_callbacks_is_a_master_abort);
    tcase_add_test(tests, results_out_of_range_are_errors_too);
    tcase_add_loop_test(tests, prefetch_over_bad_memory_is_silent, 2, 6);
    tcase_add_test(tests, creation_survives_every_failing_allocation);
    tcase_add_test(tests, nothing_is_allocated_after_creation);
    tcase_add_test(tests, creation_needs_its_arguments);
    tcase_add_test(tests, requests_out_of_range);
    tcase_add_test(tests, null_requests);
    tcase_add_test(tests, translation_requests_move_no_data);
    tcase_add_test(tests, data_crosses_pages);
    tcase_add_test(tests, an_interrupt_may_come_as_a_write);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
