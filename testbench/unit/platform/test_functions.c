// SPDX-License-Identifier: Apache-2.0
/* The tree: what may hang where, bus numbers and windows, who answers, under which name requests arrive. */
#include "testbench/platform/pcie.h"
#include "testbench/unit/platform/suites.h"

#include <linux/pci_regs.h>

static const uint64_t MEMORY = 0xe0000000, BYTES = 0x10000000;

static struct pcie_topology *t;

static void ignore_message(void *context, uint16_t segment, uint16_t requester, uint64_t address,
                           uint32_t data)
{
}

static void setup(void)
{
    t = pcie_create(MEMORY, BYTES, ignore_message, NULL);
}

static void teardown(void)
{
    pcie_destroy(t);
}

static struct pcie_function *add(enum pcie_kind kind, struct pcie_function *bridge, uint8_t devfn)
{
    const struct pcie_description what = {.kind = kind,
                                          .bridge = bridge,
                                          .devfn = devfn,
                                          .bar = {{.bytes = kind <= PCIE_ENDPOINT ? 0x1000 : 0}}};
    struct pcie_function *function = NULL;

    ck_assert_int_eq(pcie_add(t, &what, &function), AMDVI_OK);
    return function;
}

static uint32_t config(uint8_t bus, uint8_t devfn, unsigned offset, unsigned size)
{
    uint32_t value;

    pcie_config_read(t, 0, bus, devfn, offset, size, &value);
    return value;
}

/* ---------------------------------------------------------------- numbers */

/*
 * 00:01.0 port - 01:00.0 endpoint
 * 00:02.0 port - 02:00.0 upstream - 03:00.0 downstream - 04:00.0 endpoint
 *                                   03:01.0 downstream - 05:00.0 endpoint
 * 00:03.0 port, nothing behind it (bus 06)
 */
static struct pcie_function *port[3], *upstream, *downstream[2], *endpoint[3];

static void build_tree(void)
{
    add(PCIE_INTEGRATED, NULL, 4); /* its BAR comes first, outside of all windows */
    for (unsigned i = 3; i-- > 0;) /* the order of making does not matter */
        port[i] = add(PCIE_ROOT_PORT, NULL, (uint8_t)((i + 1) << 3));
    upstream = add(PCIE_UPSTREAM, port[1], 0);
    downstream[1] = add(PCIE_DOWNSTREAM, upstream, 8);
    downstream[0] = add(PCIE_DOWNSTREAM, upstream, 0);
    endpoint[0] = add(PCIE_ENDPOINT, port[0], 0);
    endpoint[1] = add(PCIE_ENDPOINT, downstream[0], 0);
    endpoint[2] = add(PCIE_ENDPOINT, downstream[1], 0);
    ck_assert_int_eq(pcie_firmware(t), AMDVI_OK);
}

START_TEST(test_bus_numbers_follow_the_tree)
{
    static const struct {
        uint8_t bus, devfn, primary, secondary, subordinate;
    } bridges[] = {{0, 0x08, 0, 1, 1}, {0, 0x10, 0, 2, 5}, {2, 0x00, 2, 3, 5},
                   {3, 0x00, 3, 4, 4}, {3, 0x08, 3, 5, 5}, {0, 0x18, 0, 6, 6}};

    build_tree();
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_uint_eq(config(bridges[i].bus, bridges[i].devfn, PCI_HEADER_TYPE, 1),
                          PCI_HEADER_TYPE_BRIDGE);
        ck_assert_uint_eq(config(bridges[i].bus, bridges[i].devfn, PCI_PRIMARY_BUS, 1), bridges[i].primary);
        ck_assert_uint_eq(config(bridges[i].bus, bridges[i].devfn, PCI_SECONDARY_BUS, 1),
                          bridges[i].secondary);
        ck_assert_uint_eq(config(bridges[i].bus, bridges[i].devfn, PCI_SUBORDINATE_BUS, 1),
                          bridges[i].subordinate);
    }
    ck_assert_uint_eq(pcie_device_id(endpoint[0]), 0x0100);
    ck_assert_uint_eq(pcie_device_id(endpoint[1]), 0x0400);
    ck_assert_uint_eq(pcie_device_id(endpoint[2]), 0x0500);
    ck_assert_uint_eq(pcie_requester(endpoint[2]), 0x0500);
    ck_assert_ptr_eq(pcie_find(t, 0, 4, 0), endpoint[1]);
}
END_TEST

START_TEST(test_bridges_forward_by_their_registers)
{
    build_tree();
    pcie_config_write(t, 0, 0, 0x10, PCI_SUBORDINATE_BUS, 1, 4);
    ck_assert_uint_eq(config(4, 0, PCI_VENDOR_ID, 2), 0x1234);
    ck_assert_uint_eq(config(5, 0, PCI_VENDOR_ID, 2), 0xffff);
    pcie_config_write(t, 0, 0, 0x08, PCI_SECONDARY_BUS, 1, 9);
    pcie_config_write(t, 0, 0, 0x08, PCI_SUBORDINATE_BUS, 1, 9);
    ck_assert_uint_eq(config(1, 0, PCI_VENDOR_ID, 2), 0xffff);
    ck_assert_uint_eq(config(9, 0, PCI_VENDOR_ID, 2), 0x1234);
    ck_assert_uint_eq(pcie_device_id(endpoint[0]), 0x0900);
    pcie_config_write(t, 0, 0, 0x08, PCI_SECONDARY_BUS, 1, 0);
    ck_assert_ptr_null(pcie_find(t, 0, 0, 0));
}
END_TEST

START_TEST(test_express_types)
{
    static const struct {
        uint8_t bus, devfn, type;
    } functions[] = {{0, 0x08, PCI_EXP_TYPE_ROOT_PORT},
                     {2, 0x00, PCI_EXP_TYPE_UPSTREAM},
                     {3, 0x08, PCI_EXP_TYPE_DOWNSTREAM},
                     {4, 0x00, PCI_EXP_TYPE_ENDPOINT}};

    build_tree();
    ck_assert_uint_eq(config(0, 0x08, PCI_CLASS_REVISION, 4), 0x06040000);
    for (unsigned i = 0; i < 4; i++) {
        unsigned at = pcie_capability(pcie_find(t, 0, functions[i].bus, functions[i].devfn), PCI_CAP_ID_EXP);
        ck_assert_uint_eq(config(functions[i].bus, functions[i].devfn, at + PCI_EXP_FLAGS, 2) >> 4 & 15,
                          functions[i].type);
    }
}
END_TEST

START_TEST(test_root_buses_and_segments)
{
    const struct pcie_description far = {.kind = PCIE_ROOT_PORT, .segment = 1, .root_bus = 0x40, .devfn = 8};
    const struct pcie_description near = {.kind = PCIE_ROOT_PORT, .segment = 0, .root_bus = 0x40, .devfn = 8};
    struct pcie_function *f[2];

    build_tree();
    ck_assert_int_eq(pcie_add(t, &far, &f[0]), AMDVI_OK);
    ck_assert_int_eq(pcie_add(t, &near, &f[1]), AMDVI_OK);
    ck_assert_int_eq(pcie_firmware(t), AMDVI_OK);
    ck_assert_ptr_eq(pcie_find(t, 1, 0x40, 8), f[0]);
    ck_assert_ptr_eq(pcie_find(t, 0, 0x40, 8), f[1]);
    ck_assert_uint_eq(config(0x40, 8, PCI_SECONDARY_BUS, 1), 0x41);
    ck_assert_uint_eq(pcie_segment(f[0]), 1);
    ck_assert_uint_eq(pcie_segment(endpoint[2]), 0);
}
END_TEST

START_TEST(test_bus_numbers_run_out)
{
    const struct pcie_description close = {.kind = PCIE_HOST_BRIDGE, .root_bus = 3};

    build_tree();
    ck_assert_int_eq(pcie_add(t, &close, NULL), AMDVI_OK);
    ck_assert_int_eq(pcie_firmware(t), AMDVI_ERR_TOO_SMALL);
}
END_TEST

/* ---------------------------------------------------------------- memory */

static uint64_t window(uint8_t bus, uint8_t devfn, unsigned offset)
{
    return (uint64_t)(config(bus, devfn, offset, 2) & PCI_MEMORY_RANGE_MASK) << 16;
}

START_TEST(test_windows_hold_what_is_behind)
{
    build_tree();
    ck_assert_uint_eq(pcie_bar_address(endpoint[0], 0), window(0, 0x08, PCI_MEMORY_BASE));
    ck_assert_uint_eq(window(0, 0x08, PCI_MEMORY_BASE), window(0, 0x08, PCI_MEMORY_LIMIT));
    ck_assert_uint_eq(window(0, 0x10, PCI_MEMORY_BASE), pcie_bar_address(endpoint[1], 0));
    ck_assert_uint_eq(window(0, 0x10, PCI_MEMORY_LIMIT), pcie_bar_address(endpoint[2], 0));
    ck_assert_uint_gt(window(0, 0x18, PCI_MEMORY_BASE), window(0, 0x18, PCI_MEMORY_LIMIT)); /* closed */
}
END_TEST

static bool answers(const struct pcie_function *f)
{
    uint64_t value;

    return pcie_memory_read(t, pcie_bar_address(f, 0) + 0x10, 4, &value);
}

START_TEST(test_memory_takes_every_window_and_enable)
{
    build_tree();
    ck_assert(answers(endpoint[1]) && answers(endpoint[2]));
    pcie_config_write(t, 0, 4, 0, PCI_COMMAND, 2, 0);
    ck_assert(!answers(endpoint[1]) && answers(endpoint[2]));
    pcie_config_write(t, 0, 4, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    pcie_config_write(t, 0, 2, 0, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    ck_assert(!answers(endpoint[1]) && !answers(endpoint[2]));
    pcie_config_write(t, 0, 2, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    pcie_config_write(t, 0, 0, 0x10, PCI_MEMORY_LIMIT, 2, config(0, 0x10, PCI_MEMORY_BASE, 2));
    ck_assert(answers(endpoint[1]) && !answers(endpoint[2]));
}
END_TEST

START_TEST(test_memory_by_the_prefetchable_window)
{
    uint64_t base;

    build_tree();
    base = pcie_bar_address(endpoint[0], 0);
    pcie_config_write(t, 0, 0, 0x08, PCI_MEMORY_BASE, 4, 0x0000fff0);
    ck_assert(!answers(endpoint[0]));
    pcie_config_write(t, 0, 0, 0x08, PCI_PREF_MEMORY_BASE, 4, (uint32_t)(base >> 16 | base));
    ck_assert(answers(endpoint[0]));
    pcie_config_write(t, 0, 0, 0x08, PCI_PREF_MEMORY_LIMIT, 2, 0);
    ck_assert(!answers(endpoint[0]));
    pcie_config_write(t, 0, 0, 0x08, PCI_PREF_LIMIT_UPPER32, 4, 1);
    ck_assert(answers(endpoint[0]));
    pcie_config_write(t, 0, 0, 0x08, PCI_PREF_BASE_UPPER32, 4, 1);
    ck_assert(!answers(endpoint[0]));
}
END_TEST

START_TEST(test_bars_are_apart_and_aligned)
{
    struct pcie_description what = {
        .kind = PCIE_INTEGRATED,
        .devfn = 0x40,
        .bar = {{.bytes = 16}, {.bytes = 1 << 20, .wide = true}, {0}, {.bytes = 32}}};
    struct pcie_function *f;

    ck_assert_int_eq(pcie_add(t, &what, &f), AMDVI_OK);
    ck_assert_int_eq(pcie_firmware(t), AMDVI_OK);
    ck_assert_uint_eq(pcie_bar_address(f, 0), MEMORY);
    ck_assert_uint_eq(pcie_bar_address(f, 1), MEMORY + (1 << 20));
    ck_assert_uint_eq(pcie_bar_address(f, 3), MEMORY + (2 << 20));
}
END_TEST

START_TEST(test_bars_that_do_not_fit)
{
    struct pcie_description what = {.kind = PCIE_INTEGRATED, .bar = {{.bytes = BYTES}}};

    ck_assert_int_eq(pcie_add(t, &what, NULL), AMDVI_OK);
    ck_assert_int_eq(pcie_firmware(t), AMDVI_OK);
    what.devfn = 8;
    ck_assert_int_eq(pcie_add(t, &what, NULL), AMDVI_OK);
    ck_assert_int_eq(pcie_firmware(t), AMDVI_ERR_TOO_SMALL);
}
END_TEST

/* ---------------------------------------------------------------- names */

/* Everything behind a bridge to conventional PCI comes as the bridge's secondary bus, device 0, function 0.
 */
START_TEST(test_conventional_functions_have_the_name_of_their_bridge)
{
    struct pcie_function *bridge = add(PCIE_TO_PCI, add(PCIE_ROOT_PORT, NULL, 8), 0);
    struct pcie_function *old = add(PCIE_CONVENTIONAL, bridge, 0x28);

    ck_assert_int_eq(pcie_firmware(t), AMDVI_OK);
    ck_assert_uint_eq(pcie_device_id(old), 0x0228);
    ck_assert_uint_eq(pcie_requester(old), 0x0200);
    ck_assert_uint_eq(pcie_requester(bridge), 0x0100);
    ck_assert_uint_eq(config(2, 0x28, 0x100, 4), 0xffffffff);
    ck_assert_uint_eq(pcie_capability(old, PCI_CAP_ID_EXP), 0);
}
END_TEST

START_TEST(test_several_functions_say_so)
{
    struct pcie_function *first = add(PCIE_INTEGRATED, NULL, 8), *second;

    ck_assert_uint_eq(config(0, 8, PCI_HEADER_TYPE, 1), 0);
    second = add(PCIE_INTEGRATED, NULL, 11);
    add(PCIE_INTEGRATED, NULL, 16);
    ck_assert_uint_eq(config(0, 8, PCI_HEADER_TYPE, 1), 0x80);
    ck_assert_uint_eq(config(0, 16, PCI_HEADER_TYPE, 1), 0);
    pcie_reset(first);
    ck_assert_uint_eq(config(0, 8, PCI_HEADER_TYPE, 1), 0x80);
    pcie_remove(second);
    ck_assert_uint_eq(config(0, 8, PCI_HEADER_TYPE, 1), 0);
}
END_TEST

START_TEST(test_masters_need_all_bridges)
{
    build_tree();
    ck_assert(!pcie_is_master(endpoint[1]));
    pcie_config_write(t, 0, 4, 0, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    ck_assert(pcie_is_master(endpoint[1]));
    pcie_config_write(t, 0, 0, 0x10, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    ck_assert(!pcie_is_master(endpoint[1]));
}
END_TEST

/* Of a function that nobody has made more of. */
START_TEST(test_page_requests_stop_and_go)
{
    const struct pcie_description what = {.pri = true};
    struct pcie_function *f;
    unsigned at;

    ck_assert_int_eq(pcie_add(t, &what, &f), AMDVI_OK);
    at = pcie_extended(f, PCI_EXT_CAP_ID_PRI);
    ck_assert(pcie_pri_status(f, PCIE_PRI_STOPPED));
    pcie_config_write(t, 0, 0, 0, at + PCI_PRI_CTRL, 2, PCI_PRI_CTRL_ENABLE);
    ck_assert(!pcie_pri_status(f, PCIE_PRI_STOPPED));
    pcie_config_write(t, 0, 0, 0, at + PCI_PRI_CTRL, 2, 0);
    ck_assert(pcie_pri_status(f, PCIE_PRI_STOPPED));
    ck_assert_uint_eq(pcie_pri_allocation(f), 0);
    pcie_config_write(t, 0, 0, 0, at + PCI_PRI_ALLOC_REQ, 4, 7);
    ck_assert_uint_eq(pcie_pri_allocation(f), 7);
}
END_TEST

/* ---------------------------------------------------------------- refused */

START_TEST(test_descriptions_that_cannot_be)
{
    const struct pcie_description bad[] = {
        {.kind = PCIE_HOST_BRIDGE + 1},
        {.kind = PCIE_UPSTREAM},
        {.kind = PCIE_DOWNSTREAM},
        {.bar = {{.bytes = 24}}},
        {.bar = {{.bytes = 8}}},
        {.bar = {{.bytes = UINT64_C(1) << 31}}},
        {.bar = {{.bytes = 16, .wide = true}, {.bytes = 16}}},
        {.bar = {{0}, {0}, {0}, {0}, {0}, {.bytes = 16, .wide = true}}},
        {.msi = 3},
        {.msi = 64},
        {.msix = 8},
        {.msix = 8, .bar = {{.bytes = 0x1000}}},
        {.msix = 8, .msix_bar = 6},
        {.msix = 4096, .bar = {{.bytes = 1 << 20}}},
        {.kind = PCIE_CONVENTIONAL, .ats = true},
        {.kind = PCIE_HOST_BRIDGE, .flr = true},
        {.class_code = 0x1000000},
        {.ats_depth = 32},
        {.pasid_bits = 21},
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(pcie_add(t, &bad[i], NULL) == AMDVI_ERR_ARGUMENT, "number %u", i);
    ck_assert_ptr_null(pcie_first(t));
}
END_TEST

START_TEST(test_places_that_cannot_be)
{
    struct pcie_description what = {.kind = PCIE_ENDPOINT};

    build_tree();
    what.bridge = endpoint[0];
    ck_assert_int_eq(pcie_add(t, &what, NULL), AMDVI_ERR_ARGUMENT);
    what.bridge = upstream;
    ck_assert_int_eq(pcie_add(t, &what, NULL), AMDVI_ERR_ARGUMENT);
    what.bridge = port[2];
    what.devfn = 8; /* there is only device 0 behind a port */
    ck_assert_int_eq(pcie_add(t, &what, NULL), AMDVI_ERR_ARGUMENT);
    what.devfn = 7;
    ck_assert_int_eq(pcie_add(t, &what, NULL), AMDVI_OK);
    ck_assert_int_eq(pcie_add(t, &what, NULL), AMDVI_ERR_BUSY);
}
END_TEST

/* ---------------------------------------------------------------- gone */

START_TEST(test_a_removed_bridge_takes_all_with_it)
{
    build_tree();
    pcie_remove(upstream);
    ck_assert_uint_eq(config(0, 0x10, PCI_VENDOR_ID, 2), 0x1234);
    ck_assert_uint_eq(config(2, 0, PCI_VENDOR_ID, 2), 0xffff);
    ck_assert_uint_eq(config(4, 0, PCI_VENDOR_ID, 2), 0xffff);
    ck_assert_uint_eq(config(1, 0, PCI_VENDOR_ID, 2), 0x1234);
    endpoint[1] = add(PCIE_ENDPOINT, port[1], 0);
    ck_assert_uint_eq(config(2, 0, PCI_VENDOR_ID, 2), 0x1234);
    ck_assert_uint_eq(pcie_bar_address(endpoint[1], 0), 0);
}
END_TEST

Suite *functions_suite(void)
{
    Suite *suite = suite_create("functions");
    TCase *tc = tcase_create("tree");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_bus_numbers_follow_the_tree);
    tcase_add_test(tc, test_bridges_forward_by_their_registers);
    tcase_add_test(tc, test_express_types);
    tcase_add_test(tc, test_root_buses_and_segments);
    tcase_add_test(tc, test_bus_numbers_run_out);
    tcase_add_test(tc, test_windows_hold_what_is_behind);
    tcase_add_test(tc, test_memory_takes_every_window_and_enable);
    tcase_add_test(tc, test_memory_by_the_prefetchable_window);
    tcase_add_test(tc, test_bars_are_apart_and_aligned);
    tcase_add_test(tc, test_bars_that_do_not_fit);
    tcase_add_test(tc, test_conventional_functions_have_the_name_of_their_bridge);
    tcase_add_test(tc, test_several_functions_say_so);
    tcase_add_test(tc, test_masters_need_all_bridges);
    tcase_add_test(tc, test_page_requests_stop_and_go);
    tcase_add_test(tc, test_descriptions_that_cannot_be);
    tcase_add_test(tc, test_places_that_cannot_be);
    tcase_add_test(tc, test_a_removed_bridge_takes_all_with_it);
    suite_add_tcase(suite, tc);
    return suite;
}
