// SPDX-License-Identifier: Apache-2.0
/* Resets of functions, by whatever way, and functions that come and go on a running machine. */
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include <linux/pci_regs.h>

static struct board b;

static void setup(void)
{
    board_init(&b);
    board_start(&b);
    board_pasid(&b, 1); /* page requests take guest tables; other requests pass */
}

static void teardown(void)
{
    board_stop(&b);
}

static enum dma_outcome read_word(void)
{
    uint64_t word;

    return dma_read(b.device, 0x10000, &word, 8);
}

static uint64_t resets(void)
{
    return dma_statistics(b.device).resets;
}

/* A translation held, a page request open, ATS and PRI on. */
static void make_busy(void)
{
    const struct dma_access access = {.address = 0x10000, .length = 8, .ats = true};
    const struct dma_page_request page = {.address = 0x20000, .read = true, .last = true, .group = 3};

    board_enable_ats(&b);
    board_enable_pri(&b, 8);
    ck_assert_int_eq(dma_translate(b.device, &access, NULL), DMA_DONE);
    ck_assert_int_eq(dma_page_request(b.device, &page, NULL), DMA_PAGE_LOGGED);
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 1);
    ck_assert(dma_atc_entry(b.device, 0, &(struct dma_translation){0}));
}

static void assert_fresh(void)
{
    ck_assert_uint_eq(board_config(&b, PCI_COMMAND, 2), 0);
    ck_assert_uint_eq(board_config(&b, PCI_BASE_ADDRESS_0, 4), 0);
    ck_assert_uint_eq(board_config(&b, board_extended(&b, PCI_EXT_CAP_ID_ATS) + PCI_ATS_CTRL, 2), 0);
    ck_assert_uint_eq(board_config(&b, board_extended(&b, PCI_EXT_CAP_ID_PRI) + PCI_PRI_STATUS, 2),
                      PCI_PRI_STATUS_STOPPED);
    ck_assert(!dma_atc_entry(b.device, 0, &(struct dma_translation){0}));
    ck_assert_uint_eq(dma_pages_outstanding(b.device), 0);
    ck_assert_int_eq(read_word(), DMA_NOT_MASTER);
}

START_TEST(test_function_level_reset)
{
    unsigned at = board_capability(&b, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
    uint64_t before = resets();

    make_busy();
    board_configure(&b, at, 2, board_config(&b, at, 2) | PCI_EXP_DEVCTL_BCR_FLR);
    ck_assert_uint_eq(resets(), before + 1);
    ck_assert_uint_eq(board_config(&b, at, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0);
    assert_fresh();
}
END_TEST

START_TEST(test_the_reset_bit_by_bytes)
{
    unsigned at = board_capability(&b, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
    uint64_t before = resets();

    board_configure(&b, at, 1, 0xff);
    ck_assert_uint_eq(resets(), before);
    board_configure(&b, at + 1, 1, 0x80);
    ck_assert_uint_eq(resets(), before + 1);
}
END_TEST

START_TEST(test_coming_back_from_d3hot)
{
    unsigned at = board_capability(&b, PCI_CAP_ID_PM) + PCI_PM_CTRL;
    uint64_t bar = board_config(&b, PCI_BASE_ADDRESS_0, 4), before = resets();

    make_busy();
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar, 4), 0);
    board_configure(&b, at, 2, 3);
    ck_assert_int_eq(read_word(), DMA_NOT_MASTER);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar, 4), 0xffffffff);
    ck_assert_uint_eq(resets(), before);
    board_configure(&b, at, 2, 0);
    ck_assert_uint_eq(resets(), before + 1);
    assert_fresh();
}
END_TEST

START_TEST(test_secondary_bus_reset)
{
    struct pcie_description port = {.kind = PCIE_ROOT_PORT, .devfn = 0x28};
    struct pcie_description what = {.kind = PCIE_ENDPOINT, .bar = {{.bytes = 0x1000}}};
    struct dma_device *behind;

    ck_assert_int_eq(pcie_add(machine_pci(b.machine), &port, &what.bridge), AMDVI_OK);
    behind = dma_device_create(b.machine, &what, NULL);
    ck_assert_int_eq(machine_power_on(b.machine), AMDVI_OK);
    ck_assert(machine_cfg_write(b.machine, 0, 1, 0, PCI_COMMAND, 2, PCI_COMMAND_MASTER));
    ck_assert(pcie_is_master(dma_device_function(behind)));
    machine_cfg_write(b.machine, 0, 0, 0x28, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
    ck_assert_uint_eq(dma_statistics(behind).resets, 2); /* the first by switching on */
    ck_assert(!pcie_is_master(dma_device_function(behind)));
    machine_cfg_write(b.machine, 0, 0, 0x28, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
    ck_assert_uint_eq(dma_statistics(behind).resets, 2); /* the bit has to rise */
    machine_cfg_write(b.machine, 0, 0, 0x28, PCI_BRIDGE_CONTROL, 2, 0);
    ck_assert_uint_eq(pcie_device_id(dma_device_function(behind)), 0x0100); /* the bridge itself stays */
}
END_TEST

START_TEST(test_switching_ats_off_drops_translations)
{
    make_busy();
    board_configure(&b, board_extended(&b, PCI_EXT_CAP_ID_ATS) + PCI_ATS_CTRL, 2, 0);
    ck_assert(!dma_atc_entry(b.device, 0, &(struct dma_translation){0}));
}
END_TEST

START_TEST(test_hot_plug)
{
    const struct pcie_description what = {.kind = PCIE_INTEGRATED, .devfn = 0x30, .bar = {{.bytes = 0x1000}}};
    struct dma_device *late = dma_device_create(b.machine, &what, NULL);
    uint64_t value;
    uint32_t id;

    ck_assert(machine_cfg_read(b.machine, 0, 0, 0x30, 0, 4, &id));
    machine_cfg_write(b.machine, 0, 0, 0x30, PCI_BASE_ADDRESS_0, 4, 0xe8000000);
    machine_cfg_write(b.machine, 0, 0, 0x30, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    ck_assert_uint_eq(machine_mmio_read(b.machine, 0xe8000ff8, 8), 0);
    ram_set(machine_ram(b.machine), BOARD_DATA, 0x77);
    ck_assert_int_eq(dma_read(late, BOARD_DATA, &value, 8), DMA_DONE); /* its entry is zero: V=0 passes */
    ck_assert_uint_eq(value, 0x77);
}
END_TEST

START_TEST(test_hot_removal)
{
    uint32_t value;

    make_busy();
    dma_set_invalidation(b.device, DMA_INVALIDATE_LATE, 1000);
    board_invalidate_atc(&b);
    dma_device_remove(b.device);
    ck_assert(!machine_cfg_read(b.machine, 0, 0, BOARD_DEVICE, 0, 4, &value));
    ck_assert_uint_eq(value, 0xffffffff);
    machine_delay(b.machine, 2000); /* nobody answers any more */
    board_queue_wait(&b);
    ck_assert(!board_waited(&b));
    machine_delay(b.machine, UINT64_C(10000000000));
    ck_assert(board_waited(&b));
    ck_assert_uint_eq(board_event(&b, 0), AMDVI_EVT_IOTLB_INV_TIMEOUT);
}
END_TEST

START_TEST(test_devices_that_cannot_be)
{
    struct pcie_description what = {.kind = PCIE_INTEGRATED, .devfn = BOARD_DEVICE};
    enum amdvi_status status;

    ck_assert_ptr_null(dma_device_create(b.machine, &what, &status));
    ck_assert_int_eq(status, AMDVI_ERR_BUSY);
    what.devfn = 0x40;
    what.context = &b;
    ck_assert_ptr_null(dma_device_create(b.machine, &what, &status));
    ck_assert_int_eq(status, AMDVI_ERR_ARGUMENT);
    what.context = NULL;
    what.kind = PCIE_HOST_BRIDGE;
    ck_assert_ptr_null(dma_device_create(b.machine, &what, &status));
    ck_assert_int_eq(status, AMDVI_ERR_ARGUMENT);
}
END_TEST

/* Everything back, apart from RAM and the clock. */
START_TEST(test_power_on_again)
{
    make_busy();
    machine_delay(b.machine, 500);
    ram_set(machine_ram(b.machine), BOARD_DATA, 99);
    ck_assert_int_eq(machine_power_on(b.machine), AMDVI_OK);
    ck_assert_uint_eq(board_config(&b, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    ck_assert_uint_eq(board_get(&b, 0x18) & 1, 0); /* IommuEn */
    ck_assert(!dma_atc_entry(b.device, 0, &(struct dma_translation){0}));
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA), 99);
    ck_assert_uint_eq(machine_now(b.machine), 500);
}
END_TEST

Suite *resets_suite(void)
{
    Suite *suite = suite_create("resets");
    TCase *tc = tcase_create("resets");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_function_level_reset);
    tcase_add_test(tc, test_the_reset_bit_by_bytes);
    tcase_add_test(tc, test_coming_back_from_d3hot);
    tcase_add_test(tc, test_secondary_bus_reset);
    tcase_add_test(tc, test_switching_ats_off_drops_translations);
    tcase_add_test(tc, test_hot_plug);
    tcase_add_test(tc, test_hot_removal);
    tcase_add_test(tc, test_devices_that_cannot_be);
    tcase_add_test(tc, test_power_on_again);
    suite_add_tcase(suite, tc);
    return suite;
}
