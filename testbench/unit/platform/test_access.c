// SPDX-License-Identifier: Apache-2.0
/* Data of DMA devices: through the IOMMU, past it, into RAM and into other devices. */
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include <linux/pci_regs.h>
#include <string.h>

enum { IOVA = 0x10000, HOLE = 0x700000, PASID = 5 };

static struct board b;

static void setup(void)
{
    board_init(&b);
    board_start(&b);
    board_map(&b, IOVA, BOARD_DATA, true, true);
    board_map(&b, IOVA + 0x1000, BOARD_DATA + 0x8000, true, true);
}

static void teardown(void)
{
    board_stop(&b);
}

static uint8_t *ram_bytes(uint64_t pa)
{
    return ram_at(machine_ram(b.machine), pa, 1);
}

static enum dma_outcome access_with(const struct dma_access *access, struct amdvi_result *result)
{
    uint8_t bytes[64] = {0};

    return dma_access(b.device, access, bytes, result);
}

START_TEST(test_data_across_pages)
{
    char text[] = "sixteen  letters", back[16];

    ck_assert_int_eq(dma_write(b.device, IOVA + 0xff8, text, 16), DMA_DONE);
    ck_assert_mem_eq(ram_bytes(BOARD_DATA + 0xff8), text, 8);
    ck_assert_mem_eq(ram_bytes(BOARD_DATA + 0x8000), text + 8, 8);
    ck_assert_int_eq(dma_read(b.device, IOVA + 0xff8, back, 16), DMA_DONE);
    ck_assert_mem_eq(back, text, 16);
    ck_assert_uint_eq(dma_statistics(b.device).writes, 1);
    ck_assert_uint_eq(dma_statistics(b.device).reads, 1);
    ck_assert_uint_eq(dma_statistics(b.device).faults, 0);
}
END_TEST

START_TEST(test_a_fault_is_logged)
{
    const struct dma_access access = {.address = HOLE, .length = 8, .write = true};
    struct amdvi_result result;

    ck_assert_int_eq(access_with(&access, &result), DMA_FAULT);
    ck_assert_uint_eq(result.fault.reason, AMDVI_REASON_HOST_NOT_PRESENT);
    ck_assert_uint_eq(board_events(&b), 1);
    ck_assert_uint_eq(board_event(&b, 0), AMDVI_EVT_IO_PAGE_FAULT);
    ck_assert_uint_eq(dma_statistics(b.device).faults, 1);
}
END_TEST

START_TEST(test_permissions)
{
    uint64_t word = 1;

    board_map(&b, IOVA + 0x2000, BOARD_DATA, true, false);
    ck_assert_int_eq(dma_read(b.device, IOVA + 0x2000, &word, 8), DMA_DONE);
    ck_assert_int_eq(dma_write(b.device, IOVA + 0x2000, &word, 8), DMA_FAULT);
}
END_TEST

/* A translation leads where neither RAM nor a BAR is. */
START_TEST(test_nothing_behind_a_good_translation)
{
    uint64_t word;

    board_map(&b, IOVA + 0x3000, 0xd0000000, true, true);
    ck_assert_int_eq(dma_read(b.device, IOVA + 0x3000, &word, 8), DMA_NO_MEMORY);
    ck_assert_uint_eq(board_events(&b), 0);
}
END_TEST

/* ---------------------------------------------------------------- what configuration space allows */

START_TEST(test_not_a_master)
{
    struct dma_access access = {.address = IOVA, .length = 8};

    board_configure(&b, PCI_COMMAND, 2, 0);
    ck_assert_int_eq(access_with(&access, NULL), DMA_NOT_MASTER);
    ck_assert_uint_eq(dma_statistics(b.device).not_allowed, 1);
    access.forced = true;
    ck_assert_int_eq(access_with(&access, NULL), DMA_DONE);
}
END_TEST

START_TEST(test_pasid_must_be_enabled)
{
    struct dma_access access = {.address = IOVA, .length = 8, .has_pasid = true, .pasid = PASID};
    unsigned at = board_extended(&b, PCI_EXT_CAP_ID_PASID) + PCI_PASID_CTRL;

    board_pasid(&b, PASID);
    board_map_guest(&b, PASID, IOVA, BOARD_DATA);
    ck_assert_int_eq(access_with(&access, NULL), DMA_NO_PASID);
    board_configure(&b, at, 2, PCI_PASID_CTRL_ENABLE);
    ck_assert_int_eq(access_with(&access, NULL), DMA_DONE);
    access.privileged = true;
    ck_assert_int_eq(access_with(&access, NULL), DMA_NO_PASID);
    board_configure(&b, at, 2, PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_PRIV);
    ck_assert_int_eq(access_with(&access, NULL), DMA_DONE);
    access =
        (struct dma_access){.address = IOVA, .length = 8, .has_pasid = true, .pasid = PASID, .execute = true};
    ck_assert_int_eq(access_with(&access, NULL), DMA_NO_PASID);
    board_configure(&b, at, 2, PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_EXEC);
    ck_assert_int_eq(access_with(&access, NULL), DMA_DONE);
    access.has_pasid = false;
    ck_assert_int_eq(access_with(&access, NULL), DMA_NO_PASID);
}
END_TEST

START_TEST(test_data_by_pasid)
{
    struct dma_access access = {
        .address = 0x7f0000001000, .length = 4, .write = true, .has_pasid = true, .pasid = PASID};
    char text[] = "data";
    struct amdvi_result result;

    board_pasid(&b, PASID);
    board_map_guest(&b, PASID, 0x7f0000001000, BOARD_DATA + 0x5000);
    board_enable_pasid(&b);
    ck_assert_int_eq(dma_access(b.device, &access, text, NULL), DMA_DONE);
    ck_assert_mem_eq(ram_bytes(BOARD_DATA + 0x5000), text, 4);
    access.address += 0x1000;
    ck_assert_int_eq(dma_access(b.device, &access, text, &result), DMA_FAULT);
    ck_assert_uint_eq(result.fault.reason, AMDVI_REASON_GUEST_NOT_PRESENT);
    ck_assert_uint_eq(result.fault.pasid, PASID);
}
END_TEST

START_TEST(test_pasids_no_wider_than_the_capability)
{
    struct board other;
    struct dma_access access = {.address = IOVA, .length = 8, .has_pasid = true, .pasid = 0x100};
    uint64_t word;

    board_init(&other);
    other.what.pasid_bits = 8;
    board_start(&other);
    board_enable_pasid(&other);
    ck_assert_int_eq(dma_access(other.device, &access, &word, NULL), DMA_NO_PASID);
    access.pasid = 0xff;
    ck_assert_int_eq(dma_access(other.device, &access, &word, NULL), DMA_FAULT);
    board_stop(&other);
}
END_TEST

START_TEST(test_arguments)
{
    const struct dma_access last = {.address = UINT64_MAX, .length = 1}; /* a byte that there is */
    const struct dma_access bad[] = {{.address = IOVA},
                                     {.address = IOVA, .length = DMA_LENGTH_MAX + 1},
                                     {.address = UINT64_MAX, .length = 2},
                                     {.address = IOVA, .length = 8, .has_pasid = true, .pasid = 1 << 20}};

    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(access_with(&bad[i], NULL), DMA_BAD_ARGUMENT);
    ck_assert_int_eq(access_with(&last, NULL), DMA_FAULT);
}
END_TEST

START_TEST(test_the_longest_access)
{
    static uint8_t bytes[DMA_LENGTH_MAX];

    for (uint64_t at = 0; at < DMA_LENGTH_MAX; at += 0x1000)
        board_map(&b, 0x400000 + at, 0x900000 + at, true, true);
    memset(bytes, 0x3c, sizeof(bytes));
    ck_assert_int_eq(dma_write(b.device, 0x400000, bytes, DMA_LENGTH_MAX), DMA_DONE);
    ck_assert_uint_eq(*ram_bytes(0x900000 + DMA_LENGTH_MAX - 1), 0x3c);
    ck_assert_uint_eq(*ram_bytes(0x900000 + DMA_LENGTH_MAX), 0);
}
END_TEST

/* ---------------------------------------------------------------- other memory */

static uint64_t register_value;

static uint64_t read_register(void *context, unsigned bar, uint64_t offset, unsigned size)
{
    return register_value + offset;
}

static void write_register(void *context, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
    register_value = value << 8 | size << 4 | bar;
}

/* From device to device, cut into accesses that are as large as their alignment allows. */
START_TEST(test_registers_of_another_device)
{
    const struct pcie_description other = {.devfn = 0x60,
                                           .bar = {{0}, {.bytes = 0x1000}},
                                           .bar_read = read_register,
                                           .bar_write = write_register};
    uint32_t bar;
    uint8_t bytes[7] = {0};
    const uint8_t words[6] = {0xaa, 0xbb, 0x11, 0x22, 0x33, 0x44};
    uint16_t word = 0x1234;

    ck_assert_ptr_nonnull(dma_device_create(b.machine, &other, NULL));
    machine_cfg_write(b.machine, 0, 0, 0x60, PCI_BASE_ADDRESS_1, 4, 0xe9000000);
    machine_cfg_write(b.machine, 0, 0, 0x60, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    machine_cfg_read(b.machine, 0, 0, 0x60, PCI_BASE_ADDRESS_1, 4, &bar);
    board_map(&b, IOVA + 0x4000, bar, true, true);
    ck_assert_int_eq(dma_write(b.device, IOVA + 0x4002, &word, 2), DMA_DONE);
    ck_assert_uint_eq(register_value, 0x123421);
    ck_assert_int_eq(dma_write(b.device, IOVA + 0x4002, words, 6), DMA_DONE);
    ck_assert_uint_eq(register_value, UINT64_C(0x4433221141));
    register_value = 0x100;
    ck_assert_int_eq(dma_read(b.device, IOVA + 0x4001, bytes, 7), DMA_DONE);
    ck_assert_uint_eq(bytes[0], 0x01);
    ck_assert_uint_eq(bytes[1] | bytes[2] << 8, 0x102);
    ck_assert_uint_eq(bytes[3] | bytes[4] << 8, 0x104);
    ck_assert_int_eq(dma_read(b.device, IOVA + 0x4000 + 0xffc, bytes, 6), DMA_FAULT);
}
END_TEST

START_TEST(test_ram_in_several_windows)
{
    const struct dma_access by_pasid = {.address = IOVA, .length = 8, .has_pasid = true, .pasid = PASID};
    struct board other;
    uint64_t word = 0x55aa;

    board_init(&other);
    other.config.ram[0] = (struct machine_ram){.base = UINT64_C(0x100000000), .size = 64 << 20};
    other.config.ram[1] = (struct machine_ram){.base = 0, .size = 16 << 20};
    board_start(&other);
    board_map(&other, IOVA, UINT64_C(0x103fff000), true, true);
    board_map(&other, IOVA + 0x1000, 0xfff000, true, true);
    board_map(&other, IOVA + 0x2000, 0x1000000, true, true); /* the hole between them */
    ck_assert_int_eq(dma_write(other.device, IOVA + 0xff8, &word, 8), DMA_DONE);
    ck_assert_int_eq(dma_write(other.device, IOVA + 0x1ff8, &word, 8), DMA_DONE);
    ck_assert_int_eq(dma_write(other.device, IOVA + 0x2000, &word, 8), DMA_NO_MEMORY);
    ck_assert_uint_eq(ram_get(machine_ram(other.machine), UINT64_C(0x103fffff8)), 0x55aa);
    ck_assert_uint_eq(ram_get(machine_ram(other.machine), 0xfffff8), 0x55aa);
    board_pasid(&other, PASID); /* tables whose accessed bits are set in the smaller window */
    board_map_guest(&other, PASID, IOVA, UINT64_C(0x101000000));
    board_invalidate_device(&other);
    board_enable_pasid(&other);
    ck_assert_int_eq(dma_access(other.device, &by_pasid, &word, NULL), DMA_DONE);
    board_stop(&other);
}
END_TEST

START_TEST(test_past_iommus)
{
    const struct pcie_description far = {.segment = 3, .root_bus = 0, .devfn = 8};
    struct dma_device *device = dma_device_create(b.machine, &far, NULL);
    uint64_t word = 0x99;

    machine_cfg_write(b.machine, 3, 0, 8, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    ck_assert_int_eq(dma_write(device, BOARD_DATA + 8, &word, 8), DMA_DONE);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA + 8), 0x99);
    ck_assert_int_eq(dma_write(device, 0xd0000000, &word, 8), DMA_NO_MEMORY);
    word = 0;
    ck_assert_int_eq(dma_read(device, BOARD_DATA + 8, &word, 8), DMA_DONE);
    ck_assert_uint_eq(word, 0x99);
}
END_TEST

/* Requests from behind a bridge to conventional PCI use the entry of the bridge's name. */
START_TEST(test_the_entry_of_an_alias)
{
    struct pcie_description port = {.kind = PCIE_ROOT_PORT, .devfn = 0x28}, bridge = {.kind = PCIE_TO_PCI};
    struct pcie_description old = {.kind = PCIE_CONVENTIONAL, .devfn = 0x18};
    struct dma_device *device;
    uint64_t word = 0x42;

    ck_assert_int_eq(pcie_add(machine_pci(b.machine), &port, &bridge.bridge), AMDVI_OK);
    ck_assert_int_eq(pcie_add(machine_pci(b.machine), &bridge, &old.bridge), AMDVI_OK);
    device = dma_device_create(b.machine, &old, NULL);
    ck_assert_int_eq(pcie_firmware(machine_pci(b.machine)), AMDVI_OK);
    machine_cfg_write(b.machine, 0, 2, 0x18, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    ck_assert_uint_eq(dma_device_id(device), 0x0200);
    for (unsigned i = 4; i-- > 0;)
        ram_set(machine_ram(b.machine), BOARD_DEVICES + 0x200 * 32 + i * 8, board_dte_get(&b, i));
    ck_assert_int_eq(dma_write(device, IOVA, &word, 8), DMA_DONE);
    ck_assert_uint_eq(ram_get(machine_ram(b.machine), BOARD_DATA), 0x42);
}
END_TEST

Suite *access_suite(void)
{
    Suite *suite = suite_create("access");
    TCase *tc = tcase_create("access");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_data_across_pages);
    tcase_add_test(tc, test_a_fault_is_logged);
    tcase_add_test(tc, test_permissions);
    tcase_add_test(tc, test_nothing_behind_a_good_translation);
    tcase_add_test(tc, test_not_a_master);
    tcase_add_test(tc, test_pasid_must_be_enabled);
    tcase_add_test(tc, test_data_by_pasid);
    tcase_add_test(tc, test_pasids_no_wider_than_the_capability);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_the_longest_access);
    tcase_add_test(tc, test_registers_of_another_device);
    tcase_add_test(tc, test_ram_in_several_windows);
    tcase_add_test(tc, test_past_iommus);
    tcase_add_test(tc, test_the_entry_of_an_alias);
    suite_add_tcase(suite, tc);
    return suite;
}
