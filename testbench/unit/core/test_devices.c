// SPDX-License-Identifier: Apache-2.0
/* Devices side by side, the observer, statistics and the views of caches. */
#include "machine.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "preset=genoa");
}

static void teardown(void)
{
    machine_close(&m);
}

START_TEST(two_devices_do_not_know_each_other)
{
    struct machine other;

    machine_open(&other, "preset=rome caches=off");
    dte(&m, DEV, D_OK, DOM, 0);
    dte(&other, DEV, D_V, DOM, 0);
    boot(&m, C_NORMAL);
    boot(&other, C_NORMAL);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert(!ask(&other, AMDVI_READ, IOVA).ok);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_uint_eq(reg_of(&m, R_EVT_TAIL), 0);
    ck_assert_uint_eq(reg_of(&other, R_EVT_TAIL), 0x10);
    reg(&other, R_CONTROL, 0);
    ck_assert_uint_eq(reg_of(&m, R_STATUS) & 0x18, 0x18);
    ck_assert_uint_eq(reg_of(&m, 0x30), UINT64_C(0x25bf732fa2295afe));
    machine_close(&other);
}
END_TEST

START_TEST(two_devices_share_one_memory)
{
    struct amdvi_memory memory = machine_memory(&m);
    struct amdvi_device *first = m.device, *second;

    ck_assert_int_eq(amdvi_create(m.config, &memory, NULL, NULL, &second), AMDVI_OK);
    dte(&m, DEV, D_OK, DOM, 0);
    boot(&m, C_NORMAL);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    dte(&m, DEV, D_V, DOM, 0);
    m.device = second;
    boot(&m, C_NORMAL);
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok);
    m.device = first;
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    amdvi_destroy(second);
}
END_TEST

START_TEST(a_device_keeps_no_reference_to_its_configuration)
{
    ck_assert_int_eq(amdvi_config_set(m.config, "caches", "off"), AMDVI_OK);
    ck_assert_int_eq(amdvi_config_set(m.config, "efr", "0"), AMDVI_OK);
    ck_assert_int_eq(amdvi_reset(m.device), AMDVI_OK);
    ck_assert_uint_eq(reg_of(&m, 0x30), UINT64_C(0x25bf732fa2295afe));
}
END_TEST

/* ---------------------------------------------------------------- observer */

struct seen {
    unsigned access[16], requests, interrupts, commands, illegal, events, unlogged, mmio;
    struct amdvi_access_info last_access;
    struct amdvi_event_info last_event;
    struct amdvi_command_info last_command;
    bool mmio_write;
    uint64_t mmio_offset, mmio_value;
};

static struct seen seen;

static void on_access(void *context, const struct amdvi_access_info *info)
{
    if (info->cached)
        return;
    seen.access[info->access]++;
    seen.last_access = *info;
}

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    ck_assert_uint_eq(request->device, DEV);
    seen.requests++;
}

static void on_message(void *context, uint16_t requester, uint64_t address, uint32_t data,
                       const struct amdvi_int_result *result)
{
    seen.interrupts++;
}

static void on_command(void *context, const struct amdvi_command_info *info)
{
    seen.commands++;
    seen.illegal += !info->legal;
    seen.last_command = *info;
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    seen.events++;
    seen.unlogged += !info->logged;
    seen.last_event = *info;
}

static void on_mmio(void *context, bool write, uint64_t offset, unsigned size, uint64_t value)
{
    seen.mmio++;
    seen.mmio_write = write;
    seen.mmio_offset = offset;
    seen.mmio_value = value;
}

static const struct amdvi_observer observer = {.access = on_access,
                                               .request = on_request,
                                               .interrupt = on_message,
                                               .command = on_command,
                                               .event = on_event,
                                               .mmio = on_mmio};

static void observe(void)
{
    memset(&seen, 0, sizeof(seen));
    ck_assert_int_eq(amdvi_observe(m.device, &observer), AMDVI_OK);
}

static unsigned all_accesses(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < 16; i++)
        sum += seen.access[i];
    return sum;
}

START_TEST(the_observer_sees_every_access)
{
    uint64_t data = 0;
    struct amdvi_request request = {.device = DEV, .op = AMDVI_WRITE, .address = IOVA, .length = 8};
    struct amdvi_result result;

    map_host(&m, DEV, D_OK | 3 << 7, 0);
    boot(&m, C_NORMAL);
    observe();
    m.accesses = 0;
    ck_assert_int_eq(amdvi_dma(m.device, &request, &data, &result), AMDVI_OK);
    command(&m, UINT64_C(1) << 60 | STORE | 1, 5);
    ask(&m, AMDVI_READ, 0x9000);
    ck_assert_uint_eq(seen.access[AMDVI_ACCESS_DTE], 1);
    ck_assert_uint_eq(seen.access[AMDVI_ACCESS_DATA], 1);
    ck_assert_uint_eq(seen.access[AMDVI_ACCESS_COMMAND], 1);
    ck_assert_uint_eq(seen.access[AMDVI_ACCESS_STORE], 1);
    ck_assert_uint_eq(seen.access[AMDVI_ACCESS_LOG], 1);
    ck_assert_uint_eq(all_accesses(), m.accesses);
}
END_TEST

START_TEST(the_observer_sees_guest_walks_and_interrupts)
{
    struct amdvi_request request = {
        .device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8, .has_pasid = true, .pasid = 5};

    map_guest(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL | C_GT);
    observe();
    m.accesses = 0;
    ck_assert(ask_as(&m, &request).ok);
    ck_assert_uint_eq(seen.access[AMDVI_ACCESS_GCR3_ENTRY], 1);
    ck_assert_uint_eq(seen.access[AMDVI_ACCESS_GUEST_ENTRY], 8); /* four reads, four updates */
    ck_assert_uint_eq(all_accesses(), m.accesses);
    interrupt(&m, 0x41);
    ck_assert_uint_eq(seen.interrupts, 1);
    ck_assert_uint_eq(seen.requests, 1);
}
END_TEST

START_TEST(the_observer_sees_commands_and_events)
{
    dte(&m, DEV, D_V, DOM, 0);
    boot(&m, C_NORMAL);
    observe();
    ask(&m, AMDVI_WRITE, IOVA);
    ck_assert_uint_eq(seen.events, 1);
    ck_assert(seen.last_event.logged);
    ck_assert_uint_eq(seen.last_event.index, 0);
    ck_assert_uint_eq(seen.last_event.record[0], event_word(&m, 0, 0));
    ck_assert_uint_eq(seen.last_event.record[1], IOVA);
    ck_assert_int_eq(seen.last_event.log, AMDVI_LOG_EVENT);
    command(&m, UINT64_C(2) << 60 | DEV, 0);
    ck_assert(seen.last_command.legal);
    ck_assert_uint_eq(seen.last_command.address, CMD_RING);
    ck_assert_uint_eq(seen.last_command.words[0], UINT64_C(2) << 60 | DEV);
    command(&m, 0, 0);
    ck_assert_uint_eq(seen.illegal, 1);
    ck_assert_uint_eq(seen.commands, 2);
}
END_TEST

START_TEST(the_observer_sees_what_is_lost)
{
    dte(&m, DEV, D_V, DOM, 0);
    boot(&m, C_NORMAL & ~C_EVENTS);
    observe();
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_uint_eq(seen.events, 1);
    ck_assert_uint_eq(seen.unlogged, 1);
}
END_TEST

START_TEST(the_observer_sees_register_accesses)
{
    observe();
    reg(&m, 0x20, 0x1000);
    ck_assert(seen.mmio_write);
    ck_assert_uint_eq(seen.mmio_offset, 0x20);
    ck_assert_uint_eq(seen.mmio_value, 0x1000);
    reg_of(&m, 0x30);
    ck_assert(!seen.mmio_write);
    ck_assert_uint_eq(seen.mmio_value, UINT64_C(0x25bf732fa2295afe));
    ck_assert_uint_eq(seen.mmio, 2);
}
END_TEST

START_TEST(an_observer_may_be_partial_and_may_go)
{
    struct amdvi_observer nothing = {0};

    map_host(&m, DEV, D_OK, 0);
    ck_assert_int_eq(amdvi_observe(m.device, &nothing), AMDVI_OK);
    boot(&m, C_NORMAL);
    ask(&m, AMDVI_READ, 0x9000);
    interrupt(&m, 0x41);
    command(&m, UINT64_C(1) << 60, 0);
    observe();
    ck_assert_int_eq(amdvi_observe(m.device, NULL), AMDVI_OK);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_uint_eq(seen.requests, 0);
    ck_assert_int_eq(amdvi_observe(NULL, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- statistics */

static struct amdvi_statistics statistics(void)
{
    struct amdvi_statistics s;

    ck_assert_int_eq(amdvi_get_statistics(m.device, &s), AMDVI_OK);
    return s;
}

START_TEST(statistics_count)
{
    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    ask(&m, AMDVI_READ, IOVA);
    ask(&m, AMDVI_READ, IOVA);
    ask(&m, AMDVI_READ, 0x9000);
    command(&m, UINT64_C(1) << 60, 0);
    command(&m, UINT64_C(8) << 60, 0);
    ck_assert_uint_eq(statistics().requests, 3);
    ck_assert_uint_eq(statistics().translated, 2);
    ck_assert_uint_eq(statistics().faulted, 1);
    ck_assert_uint_eq(statistics().dtc_misses, 1);
    ck_assert_uint_eq(statistics().dtc_hits, 2);
    ck_assert_uint_eq(statistics().ptc_hits, 1);
    ck_assert_uint_eq(statistics().walks, 2);
    ck_assert_uint_eq(statistics().reads_host, 4); /* three levels, then one below a cached directory */
    ck_assert_uint_eq(statistics().commands, 2);
    ck_assert_uint_eq(statistics().commands_by_opcode[8], 1);
    ck_assert_uint_eq(statistics().completion_waits, 1);
    ck_assert_uint_eq(statistics().invalidations, 1);
    ck_assert_uint_eq(statistics().events, 1);
    ck_assert_uint_eq(statistics().events_by_code[2], 1);
}
END_TEST

START_TEST(without_caches_nothing_hits)
{
    struct machine plain;
    struct amdvi_statistics s;

    machine_open(&plain, "preset=genoa caches=off");
    map_host(&plain, DEV, D_OK, 0);
    boot(&plain, C_NORMAL);
    for (int i = 0; i < 3; i++)
        ask(&plain, AMDVI_READ, IOVA);
    ck_assert_int_eq(amdvi_get_statistics(plain.device, &s), AMDVI_OK);
    ck_assert_uint_eq(s.dtc_hits + s.ptc_hits + s.pdc_hits, 0);
    ck_assert_uint_eq(s.reads_dte, 3);
    ck_assert_uint_eq(s.reads_host, 9);
    machine_close(&plain);
}
END_TEST

/* ---------------------------------------------------------------- views */

static bool find_line(enum amdvi_cache cache, struct amdvi_cache_line *line)
{
    uint32_t cursor = 0;

    return amdvi_inspect_cache(m.device, cache, &cursor, line) == AMDVI_OK;
}

static unsigned count_lines(enum amdvi_cache cache)
{
    struct amdvi_cache_line line;
    uint32_t cursor = 0;
    unsigned count = 0;

    while (amdvi_inspect_cache(m.device, cache, &cursor, &line) == AMDVI_OK)
        count++;
    return count;
}

START_TEST(lines_of_a_host_walk)
{
    struct amdvi_cache_line line;

    map_host(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert(find_line(AMDVI_CACHE_DTC, &line));
    ck_assert_uint_eq(line.device, DEV);
    ck_assert(find_line(AMDVI_CACHE_PTC, &line));
    ck_assert_uint_eq(line.domain, DOM);
    ck_assert(!line.has_pasid);
    ck_assert_uint_eq(line.address, IOVA);
    ck_assert_uint_eq(line.size, 4096);
    ck_assert_uint_eq(line.target, PAGE);
    ck_assert_uint_eq(count_lines(AMDVI_CACHE_PTC), 1);
    ck_assert_uint_eq(count_lines(AMDVI_CACHE_PDC), 2);
    command(&m, UINT64_C(3) << 60 | (uint64_t)DOM << 32, UINT64_C(0x7ffffffffffff003));
    ck_assert_uint_eq(count_lines(AMDVI_CACHE_PTC) + count_lines(AMDVI_CACHE_PDC), 0);
    ck_assert_uint_eq(count_lines(AMDVI_CACHE_DTC), 1);
}
END_TEST

START_TEST(lines_of_a_guest_walk)
{
    struct amdvi_request request = {
        .device = DEV, .op = AMDVI_READ, .address = IOVA, .length = 8, .has_pasid = true, .pasid = 5};
    struct amdvi_cache_line line;

    map_guest(&m, DEV, D_OK, 0);
    boot(&m, C_NORMAL | C_GT);
    ask_as(&m, &request);
    ck_assert(find_line(AMDVI_CACHE_GCR3, &line));
    ck_assert(line.has_pasid);
    ck_assert_uint_eq(line.pasid, 5);
    ck_assert(find_line(AMDVI_CACHE_PTC, &line));
    ck_assert_uint_eq(line.pasid, 5);
    ck_assert(find_line(AMDVI_CACHE_PDC, &line));
    ck_assert_uint_eq(line.kind, 2);
}
END_TEST

START_TEST(lines_of_interrupts)
{
    struct amdvi_cache_line line;

    dte(&m, DEV, 0, DOM, 1 | 4 << 1 | INT_TABLE | UINT64_C(2) << 60);
    put64(&m, INT_TABLE + 8, UINT64_C(0x00551201) << 32);
    boot(&m, C_NORMAL);
    ck_assert_uint_eq(interrupt(&m, 3).vector, 0x55);
    ck_assert(find_line(AMDVI_CACHE_ITC, &line));
    ck_assert_uint_eq(line.device, DEV);
    ck_assert_uint_eq(line.index, 3);
    ck_assert_uint_eq(line.target, 0x551201);
    command(&m, UINT64_C(5) << 60 | DEV, 0);
    ck_assert(!find_line(AMDVI_CACHE_ITC, &line));
}
END_TEST

START_TEST(view_of_a_device_table_entry)
{
    struct amdvi_dte_view view;

    dte(&m, DEV, D_OK, DOM, 7);
    boot(&m, C_NORMAL);
    ck_assert_int_eq(amdvi_inspect_dte(m.device, DEV, &view), AMDVI_OK);
    ck_assert(!view.cached && !view.beyond_table && !view.read_error);
    ck_assert_uint_eq(view.address, DEV_TABLE + 32 * DEV);
    ck_assert_uint_eq(view.words[0], D_OK);
    ck_assert_uint_eq(view.words[2], 7);
    ask(&m, AMDVI_READ, IOVA);
    dte(&m, DEV, 0, 0, 0);
    ck_assert_int_eq(amdvi_inspect_dte(m.device, DEV, &view), AMDVI_OK);
    ck_assert(view.cached);
    ck_assert_uint_eq(view.words[0], D_OK);
    reg(&m, R_DEVTAB, DEV_TABLE);
    ck_assert_int_eq(amdvi_inspect_dte(m.device, 0x200, &view), AMDVI_OK);
    ck_assert(view.beyond_table);
    reg(&m, R_DEVTAB, MEMORY_BYTES);
    ck_assert_int_eq(amdvi_inspect_dte(m.device, 0x10, &view), AMDVI_OK);
    ck_assert(view.read_error);
}
END_TEST

START_TEST(views_need_their_arguments)
{
    struct amdvi_statistics s;
    struct amdvi_dte_view view;
    struct amdvi_cache_line line;
    uint32_t entries, ways, cursor = 0;

    ck_assert_int_eq(amdvi_cache_geometry(m.device, AMDVI_CACHE_DTC, &entries, &ways), AMDVI_OK);
    ck_assert_uint_eq(entries, 128);
    ck_assert_uint_eq(ways, 8);
    ck_assert_int_eq(amdvi_cache_geometry(m.device, AMDVI_CACHES, &entries, &ways), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_cache_geometry(NULL, AMDVI_CACHE_DTC, &entries, &ways), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_cache_geometry(m.device, AMDVI_CACHE_DTC, NULL, &ways), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_cache_geometry(m.device, AMDVI_CACHE_DTC, &entries, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inspect_cache(NULL, AMDVI_CACHE_DTC, &cursor, &line), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inspect_cache(m.device, AMDVI_CACHES, &cursor, &line), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inspect_cache(m.device, AMDVI_CACHE_DTC, NULL, &line), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inspect_cache(m.device, AMDVI_CACHE_DTC, &cursor, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inspect_cache(m.device, AMDVI_CACHE_DTC, &cursor, &line), AMDVI_ERR_END);
    ck_assert_int_eq(amdvi_inspect_dte(NULL, 0, &view), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_inspect_dte(m.device, 0, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_get_statistics(NULL, &s), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_get_statistics(m.device, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("devices");
    TCase *tests = tcase_create("devices");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, two_devices_do_not_know_each_other);
    tcase_add_test(tests, two_devices_share_one_memory);
    tcase_add_test(tests, a_device_keeps_no_reference_to_its_configuration);
    tcase_add_test(tests, the_observer_sees_every_access);
    tcase_add_test(tests, the_observer_sees_guest_walks_and_interrupts);
    tcase_add_test(tests, the_observer_sees_commands_and_events);
    tcase_add_test(tests, the_observer_sees_what_is_lost);
    tcase_add_test(tests, the_observer_sees_register_accesses);
    tcase_add_test(tests, an_observer_may_be_partial_and_may_go);
    tcase_add_test(tests, statistics_count);
    tcase_add_test(tests, without_caches_nothing_hits);
    tcase_add_test(tests, lines_of_a_host_walk);
    tcase_add_test(tests, lines_of_a_guest_walk);
    tcase_add_test(tests, lines_of_interrupts);
    tcase_add_test(tests, view_of_a_device_table_entry);
    tcase_add_test(tests, views_need_their_arguments);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
