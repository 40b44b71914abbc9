// SPDX-License-Identifier: Apache-2.0
/* Configuration space of a function as software sees it. Offsets and bits are those of linux/pci_regs.h. */
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include <linux/pci_regs.h>

static struct board b;

static void setup(void)
{
    board_init(&b);
    b.what.bar[0] = (struct pcie_bar){.bytes = 0x4000};
    b.what.bar[1] = (struct pcie_bar){.bytes = 16};
    b.what.bar[2] = (struct pcie_bar){.bytes = 1 << 20, .wide = true, .prefetchable = true};
    board_power(&b);
}

static void teardown(void)
{
    board_stop(&b);
}

static unsigned capability(uint8_t id)
{
    unsigned at = board_capability(&b, id);

    ck_assert_uint_ne(at, 0);
    return at;
}

static unsigned extended(uint16_t id)
{
    unsigned at = board_extended(&b, id);

    ck_assert_uint_ne(at, 0);
    return at;
}

/* Which bits of a register software can set, with what it had before put back. */
static uint32_t writable(unsigned offset, unsigned size)
{
    uint32_t before = board_config(&b, offset, size), ones, zeros;

    board_configure(&b, offset, size, UINT32_MAX);
    ones = board_config(&b, offset, size);
    board_configure(&b, offset, size, 0);
    zeros = board_config(&b, offset, size);
    board_configure(&b, offset, size, before);
    return ones & ~zeros;
}

/* ---------------------------------------------------------------- header */

START_TEST(test_header)
{
    ck_assert_uint_eq(board_config(&b, PCI_VENDOR_ID, 2), 0x1234);
    ck_assert_uint_eq(board_config(&b, PCI_DEVICE_ID, 2), 0x5678);
    ck_assert_uint_eq(board_config(&b, PCI_CLASS_REVISION, 4), 0x02000000);
    ck_assert_uint_eq(board_config(&b, PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_NORMAL);
    ck_assert_uint_eq(board_config(&b, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
    ck_assert_uint_eq(board_config(&b, PCI_SUBSYSTEM_VENDOR_ID, 4), 0x56781234);
    ck_assert_uint_eq(board_config(&b, PCI_INTERRUPT_PIN, 1), 0);
}
END_TEST

START_TEST(test_command)
{
    uint32_t bits = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
                    PCI_COMMAND_INTX_DISABLE;

    ck_assert_uint_eq(writable(PCI_COMMAND, 2), bits);
    ck_assert_uint_eq(writable(PCI_VENDOR_ID, 4), 0);
    ck_assert_uint_eq(writable(PCI_CACHE_LINE_SIZE, 1), 0xff);
    ck_assert_uint_eq(writable(PCI_INTERRUPT_LINE, 1), 0xff);
}
END_TEST

START_TEST(test_all_widths)
{
    board_configure(&b, PCI_INTERRUPT_LINE, 1, 0x5a);
    ck_assert_uint_eq(board_config(&b, PCI_INTERRUPT_LINE, 4), 0x5a);
    board_configure(&b, PCI_CAPABILITY_LIST + 8, 4, 0xffffff21);
    ck_assert_uint_eq(board_config(&b, PCI_INTERRUPT_LINE, 1), 0x21);
    ck_assert_uint_eq(board_config(&b, PCI_VENDOR_ID + 1, 1), 0x12);
    ck_assert_uint_eq(board_config(&b, PCI_DEVICE_ID, 1), 0x78);
}
END_TEST

/* What firmware gave is written back, as system software sizes a BAR. */
START_TEST(test_bars_say_their_size)
{
    static const struct {
        unsigned offset;
        uint32_t mask;
    } bars[] = {
        {PCI_BASE_ADDRESS_0, 0xffffc000},
        {PCI_BASE_ADDRESS_1, 0xfffffff0},
        {PCI_BASE_ADDRESS_2, 0xfff00000 | PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH},
        {PCI_BASE_ADDRESS_3, 0xffffffff},
        {PCI_BASE_ADDRESS_4, 0}};

    uint32_t before = board_config(&b, bars[_i].offset, 4);
    board_configure(&b, bars[_i].offset, 4, UINT32_MAX);
    ck_assert_uint_eq(board_config(&b, bars[_i].offset, 4), bars[_i].mask);
    board_configure(&b, bars[_i].offset, 4, before);
    ck_assert_uint_eq(board_config(&b, bars[_i].offset, 4), before);
}
END_TEST

START_TEST(test_accesses_that_nobody_answers)
{
    static const struct {
        unsigned segment, bus, devfn, offset, size;
        uint32_t value;
    } accesses[] = {{0, 0, 0x10, 0, 4, 0xffffffff},
                    {0, 0, 0x10, 0, 2, 0xffff},
                    {0, 0, 0x10, 0, 1, 0xff},
                    {0, 1, BOARD_DEVICE, 0, 4, 0xffffffff},
                    {1, 0, BOARD_DEVICE, 0, 4, 0xffffffff},
                    {0, 0, BOARD_DEVICE, 2, 4, 0xffffffff},
                    {0, 0, BOARD_DEVICE, 1, 2, 0xffff},
                    {0, 0, BOARD_DEVICE, 0, 3, 0xffffff},
                    {0, 0, BOARD_DEVICE, 4096, 4, 0xffffffff},
                    {0, 0, BOARD_DEVICE, 0, 8, 0xffffffff}};
    uint32_t value = 0;

    ck_assert(!machine_cfg_read(b.machine, (uint16_t)accesses[_i].segment, (uint8_t)accesses[_i].bus,
                                (uint8_t)accesses[_i].devfn, accesses[_i].offset, accesses[_i].size, &value));
    ck_assert_uint_eq(value, accesses[_i].value);
    ck_assert(!machine_cfg_write(b.machine, (uint16_t)accesses[_i].segment, (uint8_t)accesses[_i].bus,
                                 (uint8_t)accesses[_i].devfn, accesses[_i].offset, accesses[_i].size, 0));
    ck_assert_uint_eq(machine_statistics(b.machine).cfg_unanswered, 2);
}
END_TEST

/* ---------------------------------------------------------------- capabilities */

START_TEST(test_power_management)
{
    unsigned at = capability(PCI_CAP_ID_PM);

    ck_assert_uint_eq(
        board_config(&b, at + PCI_PM_PMC, 2) & (PCI_PM_CAP_VER_MASK | PCI_PM_CAP_D1 | PCI_PM_CAP_D2), 3);
    ck_assert_uint_eq(board_config(&b, at + PCI_PM_CTRL, 2) & PCI_PM_CTRL_NO_SOFT_RESET, 0);
    board_configure(&b, at + PCI_PM_CTRL, 2, 1); /* D1, which it does not have */
    ck_assert_uint_eq(board_config(&b, at + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK, 0);
    board_configure(&b, at + PCI_PM_CTRL, 2, 3);
    ck_assert_uint_eq(board_config(&b, at + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK, 3);
    board_configure(&b, at + PCI_PM_CTRL, 2, 2);
    ck_assert_uint_eq(board_config(&b, at + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK, 3);
}
END_TEST

START_TEST(test_msi)
{
    unsigned at = capability(PCI_CAP_ID_MSI);
    uint32_t flags = board_config(&b, at + PCI_MSI_FLAGS, 2);

    ck_assert_uint_eq(flags, PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT | 2 << 1); /* four messages */
    ck_assert_uint_eq(writable(at + PCI_MSI_FLAGS, 2), PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
    ck_assert_uint_eq(writable(at + PCI_MSI_ADDRESS_LO, 4), 0xfffffffc);
    ck_assert_uint_eq(writable(at + PCI_MSI_ADDRESS_HI, 4), 0xffffffff);
    ck_assert_uint_eq(writable(at + PCI_MSI_DATA_64, 4), 0xffff);
    ck_assert_uint_eq(writable(at + PCI_MSI_MASK_64, 4), 0xf);
    ck_assert_uint_eq(writable(at + PCI_MSI_PENDING_64, 4), 0);
}
END_TEST

START_TEST(test_msix)
{
    unsigned at = capability(PCI_CAP_ID_MSIX);

    ck_assert_uint_eq(board_config(&b, at + PCI_MSIX_FLAGS, 2), 7); /* one less than the vectors */
    ck_assert_uint_eq(writable(at + PCI_MSIX_FLAGS, 2), PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    ck_assert_uint_eq(board_config(&b, at + PCI_MSIX_TABLE, 4), 0);
    ck_assert_uint_eq(board_config(&b, at + PCI_MSIX_PBA, 4), 0x1000);
}
END_TEST

START_TEST(test_express)
{
    unsigned at = capability(PCI_CAP_ID_EXP);
    uint32_t flags = board_config(&b, at + PCI_EXP_FLAGS, 2);

    ck_assert_uint_eq(flags & PCI_EXP_FLAGS_VERS, 2);
    ck_assert_uint_eq((flags & PCI_EXP_FLAGS_TYPE) >> 4, PCI_EXP_TYPE_RC_END);
    ck_assert_uint_eq(board_config(&b, at + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR, PCI_EXP_DEVCAP_FLR);
    ck_assert_uint_eq(board_config(&b, at + PCI_EXP_DEVCAP2, 4) & PCI_EXP_DEVCAP2_EE_PREFIX,
                      PCI_EXP_DEVCAP2_EE_PREFIX);
    ck_assert_uint_eq(board_config(&b, at + PCI_EXP_DEVSTA, 2), 0);
}
END_TEST

START_TEST(test_ats)
{
    unsigned at = extended(PCI_EXT_CAP_ID_ATS);
    uint32_t cap = board_config(&b, at + PCI_ATS_CAP, 2);

    ck_assert_uint_eq(PCI_ATS_CAP_QDEP(cap), 0); /* 0 means 32 */
    ck_assert_uint_ne(cap & PCI_ATS_CAP_PAGE_ALIGNED, 0);
    ck_assert_uint_eq(writable(at + PCI_ATS_CTRL, 2), PCI_ATS_CTRL_ENABLE | 0x1f);
}
END_TEST

/* System software looks whether the interface is stopped before it switches it on. */
START_TEST(test_pri)
{
    unsigned at = extended(PCI_EXT_CAP_ID_PRI);

    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_STATUS, 2), PCI_PRI_STATUS_STOPPED);
    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_MAX_REQ, 4), 32);
    ck_assert_uint_eq(writable(at + PCI_PRI_ALLOC_REQ, 4), 0xffffffff);
    board_configure(&b, at + PCI_PRI_CTRL, 2, PCI_PRI_CTRL_ENABLE);
    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_CTRL, 2), PCI_PRI_CTRL_ENABLE);
    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_STATUS, 2), 0);
    board_configure(&b, at + PCI_PRI_CTRL, 2, 0);
    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_STATUS, 2), PCI_PRI_STATUS_STOPPED);
}
END_TEST

START_TEST(test_pri_errors_are_cleared_by_one_or_by_reset)
{
    unsigned at = extended(PCI_EXT_CAP_ID_PRI);
    uint32_t errors = PCI_PRI_STATUS_RF | PCI_PRI_STATUS_UPRGI;

    pcie_pri_set_status(dma_device_function(b.device), errors, true);
    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_STATUS, 2), PCI_PRI_STATUS_STOPPED | errors);
    board_configure(&b, at + PCI_PRI_STATUS, 2, PCI_PRI_STATUS_RF);
    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_STATUS, 2),
                      PCI_PRI_STATUS_STOPPED | PCI_PRI_STATUS_UPRGI);
    board_configure(&b, at + PCI_PRI_CTRL, 2, PCI_PRI_CTRL_RESET);
    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_STATUS, 2), PCI_PRI_STATUS_STOPPED);
    ck_assert_uint_eq(board_config(&b, at + PCI_PRI_CTRL, 2), 0);
}
END_TEST

START_TEST(test_pasid)
{
    unsigned at = extended(PCI_EXT_CAP_ID_PASID);
    uint32_t cap = board_config(&b, at + PCI_PASID_CAP, 2);

    ck_assert_uint_eq(cap, PCI_PASID_CAP_EXEC | PCI_PASID_CAP_PRIV | 20 << 8);
    ck_assert_uint_eq(writable(at + PCI_PASID_CTRL, 2),
                      PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_EXEC | PCI_PASID_CTRL_PRIV);
}
END_TEST

/* ---------------------------------------------------------------- choices */

START_TEST(test_capabilities_that_are_not_there)
{
    static const uint8_t ids[] = {PCI_CAP_ID_PM, PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX};
    static const uint16_t extended_ids[] = {PCI_EXT_CAP_ID_ACS, PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ID_PRI,
                                            PCI_EXT_CAP_ID_PASID};
    struct board plain;

    board_init(&plain);
    plain.what = (struct pcie_description){.devfn = BOARD_DEVICE};
    board_power(&plain);
    for (unsigned i = 0; i < sizeof(ids); i++)
        ck_assert_uint_eq(board_capability(&plain, ids[i]), 0);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(board_extended(&plain, extended_ids[i]), 0);
    ck_assert_uint_eq(board_config(&plain, 0x100, 4), 0);
    ck_assert_uint_ne(board_capability(&plain, PCI_CAP_ID_EXP), 0);
    board_stop(&plain);
}
END_TEST

START_TEST(test_narrow_msi_without_masks)
{
    struct board other;
    unsigned at;

    board_init(&other);
    other.what.msi = 32;
    other.what.msi_mask = false;
    other.what.msi_narrow = true;
    other.what.acs = true;
    other.what.ats_depth = 7;
    other.what.pri_pasid = true;
    other.what.pri_capacity = 100;
    other.what.pasid_bits = 16;
    board_power(&other);
    at = board_capability(&other, PCI_CAP_ID_MSI);
    ck_assert_uint_eq(board_config(&other, at + PCI_MSI_FLAGS, 2), 5 << 1);
    board_configure(&other, at + PCI_MSI_DATA_32, 4, 0xffffffff);
    ck_assert_uint_eq(board_config(&other, at + PCI_MSI_DATA_32, 4), 0xffff);
    at = board_extended(&other, PCI_EXT_CAP_ID_ACS);
    ck_assert_uint_eq(board_config(&other, at + PCI_ACS_CAP, 2), PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_DT);
    at = board_extended(&other, PCI_EXT_CAP_ID_ATS);
    ck_assert_uint_eq(PCI_ATS_CAP_QDEP(board_config(&other, at + PCI_ATS_CAP, 2)), 7);
    at = board_extended(&other, PCI_EXT_CAP_ID_PRI);
    ck_assert_uint_eq(board_config(&other, at + PCI_PRI_STATUS, 2),
                      PCI_PRI_STATUS_STOPPED | PCI_PRI_STATUS_PASID);
    ck_assert_uint_eq(board_config(&other, at + PCI_PRI_MAX_REQ, 4), 100);
    at = board_extended(&other, PCI_EXT_CAP_ID_PASID);
    ck_assert_uint_eq(board_config(&other, at + PCI_PASID_CAP, 2) >> 8, 16);
    board_stop(&other);
}
END_TEST

Suite *config_space_suite(void)
{
    Suite *suite = suite_create("config_space");
    TCase *tc = tcase_create("function");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_header);
    tcase_add_test(tc, test_command);
    tcase_add_test(tc, test_all_widths);
    tcase_add_loop_test(tc, test_bars_say_their_size, 0, 5);
    tcase_add_loop_test(tc, test_accesses_that_nobody_answers, 0, 10);
    tcase_add_test(tc, test_power_management);
    tcase_add_test(tc, test_msi);
    tcase_add_test(tc, test_msix);
    tcase_add_test(tc, test_express);
    tcase_add_test(tc, test_ats);
    tcase_add_test(tc, test_pri);
    tcase_add_test(tc, test_pri_errors_are_cleared_by_one_or_by_reset);
    tcase_add_test(tc, test_pasid);
    tcase_add_test(tc, test_capabilities_that_are_not_there);
    tcase_add_test(tc, test_narrow_msi_without_masks);
    suite_add_tcase(suite, tc);
    return suite;
}
