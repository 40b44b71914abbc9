// SPDX-License-Identifier: Apache-2.0
/* What software finds when it looks at a machine for the first time. */
#include "testbench/platform/ioapic.h"
#include "testbench/unit/platform/board.h"
#include "testbench/unit/platform/suites.h"

#include "amdvi/host.h"

#include <linux/pci_regs.h>
#include <string.h>

static struct board b;

static void setup(void)
{
    board_init(&b);
}

static void teardown(void)
{
    board_stop(&b);
}

static uint32_t config(uint8_t bus, uint8_t devfn, unsigned offset, unsigned size)
{
    uint32_t value;

    machine_cfg_read(b.machine, 0, bus, devfn, offset, size, &value);
    return value;
}

/* ---------------------------------------------------------------- what is there */

START_TEST(test_the_iommus_function)
{
    uint32_t capability;

    board_power(&b);
    ck_assert_uint_eq(config(0, 0, PCI_VENDOR_ID, 4), 0x14d81022);
    ck_assert_uint_eq(config(0, 0, PCI_CLASS_REVISION, 4), 0x06000000);
    ck_assert_uint_eq(config(0, 0, PCI_HEADER_TYPE, 1), 0x80); /* or nobody would look at function 2 */
    ck_assert_uint_eq(config(0, 2, PCI_VENDOR_ID, 2), 0x1022);
    ck_assert_uint_eq(config(0, 2, PCI_CLASS_REVISION, 4) >> 8, 0x080600);
    capability = config(0, 2, PCI_CAPABILITY_LIST, 1);
    ck_assert_uint_eq(config(0, 2, capability, 1), 0x0f);
    ck_assert_uint_eq(config(0, 2, capability + 4, 4), 0xfd180001); /* open, and locked */
    ck_assert_uint_eq(config(0, 2, 0x100, 4), 0xffffffff);
    machine_cfg_write(b.machine, 0, 0, 2, capability + 4, 4, 0xfe000001);
    ck_assert_uint_eq(config(0, 2, capability + 4, 4), 0xfd180001);
}
END_TEST

START_TEST(test_the_southbridge)
{
    board_power(&b);
    ck_assert_uint_eq(config(0, 0xa0, PCI_VENDOR_ID, 4), 0x790b1022);
    ck_assert_uint_eq(config(0, 0xa0, PCI_CLASS_REVISION, 4) >> 16, 0x0c05);
    ck_assert_uint_eq(config(0, 0xa0, 0x100, 4), 0xffffffff);
    board_stop(&b);
    board_init(&b);
    b.config.no_southbridge = true;
    board_power(&b);
    ck_assert_uint_eq(config(0, 0xa0, PCI_VENDOR_ID, 4), 0xffffffff);
}
END_TEST

/* ---------------------------------------------------------------- IVRS */

/* A read-only cursor over the table: offsets are those of the reference [1.3]. */
static const uint8_t *ivrs;
static size_t ivrs_bytes;

static uint64_t at(size_t offset, unsigned bytes)
{
    uint64_t value = 0;

    ck_assert_uint_le(offset + bytes, ivrs_bytes);
    memcpy(&value, ivrs + offset, bytes);
    return value;
}

static void find_ivrs(void)
{
    struct amdvi_ivrs_summary summary;

    ivrs = machine_acpi_table(b.machine, "IVRS", &ivrs_bytes);
    ck_assert_ptr_nonnull(ivrs);
    ck_assert_msg(amdvi_ivrs_check(ivrs, ivrs_bytes, &summary) == AMDVI_OK, "%s", summary.text);
    ck_assert_uint_eq(at(4, 4), ivrs_bytes);
}

/* Offset of block number `index` of that type; 0: none. */
static size_t block(uint8_t type, unsigned index)
{
    for (size_t offset = 48; offset < ivrs_bytes; offset += at(offset + 2, 2))
        if (at(offset, 1) == type && index-- == 0)
            return offset;
    return 0;
}

/* Special device `handle` of a kind (1 IOAPIC, 2 HPET) in a block of 11h: its source, or 0. */
static uint16_t special(size_t start, uint8_t handle, uint8_t kind, uint8_t *setting)
{
    for (size_t offset = start + 40; offset < start + at(start + 2, 2);
         offset += 4u << (at(offset, 1) >> 6)) {
        if (at(offset, 1) != 0x48 || at(offset + 4, 1) != handle || at(offset + 7, 1) != kind)
            continue;
        *setting = (uint8_t)at(offset + 3, 1);
        return (uint16_t)at(offset + 5, 2);
    }
    return 0;
}

START_TEST(test_ivrs_of_the_default_machine)
{
    size_t start;
    uint8_t setting;

    board_power(&b);
    find_ivrs();
    ck_assert_uint_ne(block(0x10, 0), 0);
    ck_assert_uint_ne(block(0x40, 0), 0);
    start = block(0x11, 0);
    ck_assert_uint_ne(start, 0);
    ck_assert_uint_eq(at(start + 4, 2), 0x0002);
    ck_assert_uint_eq(at(start + 6, 2), 0x40);
    ck_assert_uint_eq(at(start + 8, 8), 0xfd180000);
    ck_assert_uint_eq(at(start + 24, 8), board_get(&b, 0x30)); /* the EFR image is the register */
    ck_assert_uint_eq(at(start + 40, 4), 0x00000303);          /* from 00:00.3 */
    ck_assert_uint_eq(at(start + 44, 4), 0x00ffff04);          /* to the end */
    ck_assert_uint_eq(special(start, 32, 1, &setting), 0x00a0);
    ck_assert_uint_eq(setting, AMDVI_IVRS_SOUTHBRIDGE);
    ck_assert_uint_eq(special(start, 0, 2, &setting), 0x00a0);
}
END_TEST

START_TEST(test_ivrs_types)
{
    b.config.ivrs_types = AMDVI_IVRS_10 | AMDVI_IVRS_40;
    board_power(&b);
    find_ivrs();
    ck_assert_uint_ne(block(0x10, 0), 0);
    ck_assert_uint_eq(block(0x11, 0), 0);
    ck_assert_uint_ne(block(0x40, 0), 0);
}
END_TEST

static const char *const second_keys[] = {"preset=milan", "ptc.ways=4", NULL};

static void two_units(void)
{
    b.config.iommus[0].last = 0x3fff;
    b.config.iommus[1] = (struct machine_iommu){
        .keys = second_keys, .device = 0x4002, .first = 0x4003, .last = 0x7fff, .registers = 0xfd200000};
    b.config.iommus_count = 2;
    b.config.ioapics[1] = (struct machine_ioapic){.id = 33, .base = 0xfec01000, .requester = 0x4001 + 2};
    b.config.ioapics_count = 2;
}

START_TEST(test_two_iommus)
{
    size_t second;
    uint8_t setting;

    two_units();
    board_power(&b);
    find_ivrs();
    second = block(0x11, 1);
    ck_assert_uint_ne(second, 0);
    ck_assert_uint_eq(at(second + 4, 2), 0x4002);
    ck_assert_uint_eq(at(second + 8, 8), 0xfd200000);
    ck_assert_uint_eq(at(second + 24, 8), machine_mmio_read(b.machine, 0xfd200030, 8));
    ck_assert_uint_ne(at(second + 24, 8), at(block(0x11, 0) + 24, 8));
    ck_assert_uint_eq(special(second, 33, 1, &setting), 0x4003);
    ck_assert_uint_eq(setting, 0);
    ck_assert_uint_eq(special(second, 0, 2, &setting), 0);
    ck_assert_uint_eq(special(block(0x11, 0), 33, 1, &setting), 0);
    ck_assert_uint_eq(config(0x40, 2, PCI_CLASS_REVISION, 4) >> 8, 0x080600);
    ck_assert_uint_eq(config(0x40, 0, PCI_HEADER_TYPE, 1), 0x80);
    ck_assert_ptr_eq(machine_iommu_of(b.machine, 0, 0x0008), machine_iommu(b.machine, 0));
    ck_assert_ptr_eq(machine_iommu_of(b.machine, 0, 0x7fff), machine_iommu(b.machine, 1));
    ck_assert_ptr_null(machine_iommu_of(b.machine, 0, 0x8000));
    ck_assert_ptr_null(machine_iommu_of(b.machine, 1, 0x0008));
    ck_assert_ptr_null(machine_iommu_of(b.machine, 0, 0x4002));
    ck_assert_ptr_null(machine_iommu(b.machine, 2));
}
END_TEST

/* What is not said lies behind that of the IOMMUs before: registers by 512 KiB, apertures by 1 GiB. */
START_TEST(test_places_of_the_second_iommu)
{
    uint64_t value;

    two_units();
    board_power(&b);
    machine_mmio_write(b.machine, 0xe050000000 + 3 * 64 + 0x20, 0x5678, 8);
    ck_assert_int_eq(amdvi_vfc_read(machine_iommu(b.machine, 1), 3, 0x20, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(machine_mmio_read(b.machine, 0xe050000000 + 3 * 64 + 0x20, 8), value);
    ck_assert_uint_ne(value, machine_mmio_read(b.machine, 0xe010000000 + 3 * 64 + 0x20, 8));
    ck_assert_uint_ne(machine_mmio_read(b.machine, 0xe040000000 + 8, 8), UINT64_MAX);
}
END_TEST

/* Two on one root bus: each device has a function 0, so that the IOMMU is looked for. */
START_TEST(test_an_iommu_beside_the_first)
{
    b.config.iommus[0].last = 0x00ff;
    b.config.iommus[1] = (struct machine_iommu){.device = 0x0022, .first = 0x0100, .last = 0xffff};
    b.config.iommus_count = 2;
    board_power(&b);
    ck_assert_uint_eq(config(0, 0x20, PCI_HEADER_TYPE, 1), 0x80);
    ck_assert_uint_eq(config(0, 0x22, PCI_CLASS_REVISION, 4) >> 8, 0x080600);
    find_ivrs();
    ck_assert_uint_eq(at(block(0x11, 1) + 4, 2), 0x0022);
    ck_assert_ptr_eq(machine_iommu_of(b.machine, 0, 0x0100), machine_iommu(b.machine, 1));
}
END_TEST

START_TEST(test_aliases_and_memory)
{
    const struct amdvi_ivrs_alias alias = {.device = 0x0108, .alias = 0x0100};
    const struct amdvi_ivrs_memory memory = {
        .first = 0x0008, .last = 0x0008, .unity = true, .read = true, .start = 0x9000000, .bytes = 0x10000};
    size_t start;

    b.config.iommus[0].aliases = &alias;
    b.config.iommus[0].aliases_count = 1;
    b.config.iommus[0].memory = &memory;
    b.config.iommus[0].memory_count = 1;
    board_power(&b);
    find_ivrs();
    start = block(0x21, 0);
    ck_assert_uint_ne(start, 0);
    ck_assert_uint_eq(at(start + 4, 2), 0x0008);
    ck_assert_uint_eq(at(start + 16, 8), 0x9000000);
    start = block(0x11, 0);
    for (size_t offset = start + 40; at(offset, 1) != 0x42; offset += 4u << (at(offset, 1) >> 6))
        ck_assert_uint_lt(offset, start + at(start + 2, 2));
}
END_TEST

START_TEST(test_other_tables)
{
    static const char mine[] = "MCFG and more";
    size_t bytes;

    board_power(&b);
    ck_assert_ptr_null(machine_acpi_table(b.machine, "MCFG", &bytes));
    ck_assert_uint_eq(bytes, 0);
    ck_assert_int_eq(machine_add_table(b.machine, "MCFG", mine, sizeof(mine)), AMDVI_OK);
    ck_assert_int_eq(machine_add_table(b.machine, "IVRS", mine, 4), AMDVI_OK);
    ck_assert_int_eq(machine_power_on(b.machine), AMDVI_OK);
    ck_assert_str_eq(machine_acpi_table(b.machine, "MCFG", &bytes), mine);
    ck_assert_uint_eq(bytes, sizeof(mine));
    ck_assert_mem_eq(machine_acpi_table(b.machine, "IVRS", NULL), mine, 4);
    ck_assert_int_eq(machine_add_table(b.machine, "MCF", mine, 4), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(machine_add_table(b.machine, "MCFGX", mine, 4), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(machine_add_table(b.machine, "MCFG", mine, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_ptr_null(machine_acpi_table(b.machine, "IVR", NULL));
    ck_assert_ptr_null(machine_acpi_table(b.machine, NULL, NULL));
}
END_TEST

START_TEST(test_without_iommus_there_is_no_ivrs)
{
    b.config.iommus_count = 0;
    board_power(&b);
    ck_assert_ptr_null(machine_acpi_table(b.machine, "IVRS", NULL));
}
END_TEST

/* ---------------------------------------------------------------- accesses */

START_TEST(test_who_answers)
{
    uint64_t bar;

    board_power(&b);
    bar = board_config(&b, PCI_BASE_ADDRESS_0, 4) & ~15u;
    machine_mmio_write(b.machine, 0xfd180000, BOARD_DEVICES, 8);
    machine_mmio_write(b.machine, 0xfec00000, 1, 4);
    ck_assert_uint_eq(machine_mmio_read(b.machine, 0xfec00000, 4), 1);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar + 0x3ff8, 8), 0);
    ck_assert_uint_ne(machine_mmio_read(b.machine, 0xfd180030, 8), UINT64_MAX);
    ck_assert_uint_eq(machine_statistics(b.machine).mmio_unanswered, 0);
    ck_assert_uint_eq(machine_mmio_read(b.machine, 0xfd180030, 2),
                      0xffff); /* registers are 4 or 8 bytes wide */
    ck_assert_uint_eq(machine_mmio_read(b.machine, 0xfd180032, 4), 0xffffffff);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar + 0x4000, 8), UINT64_MAX);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar + 2, 4), 0xffffffff);
    ck_assert_uint_eq(machine_mmio_read(b.machine, bar, 3), 0xffffff);
    ck_assert_uint_eq(machine_mmio_read(b.machine, 0x1000, 8), UINT64_MAX); /* RAM is no register */
    machine_mmio_write(b.machine, 0xd0000000, 1, 4);
    ck_assert_uint_eq(machine_statistics(b.machine).mmio_unanswered, 7);
    ck_assert_uint_eq(machine_statistics(b.machine).mmio_reads, 9);
    ck_assert_uint_eq(machine_statistics(b.machine).mmio_writes, 3);
}
END_TEST

/* Apertures for guests lie where the vendor-specific capability says. */
START_TEST(test_apertures_for_guests)
{
    uint64_t value;

    b.config.iommus[0].vf = 0xf000000000;
    b.config.iommus[0].vf_control = 0xf010000000;
    board_power(&b);
    machine_mmio_write(b.machine, 0xf010000000 + 5 * 64 + 0x20, 0x1234, 8);
    ck_assert_int_eq(amdvi_vfc_read(machine_iommu(b.machine, 0), 5, 0x20, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(machine_mmio_read(b.machine, 0xf010000000 + 5 * 64 + 0x20, 8), value);
    ck_assert_uint_ne(machine_mmio_read(b.machine, 0xf000000000 + 5 * 4096 + 8, 8), UINT64_MAX);
    ck_assert_uint_eq(machine_mmio_read(b.machine, 0xe000000000, 8), UINT64_MAX);
}
END_TEST

static void on_attach(void *context, size_t index, struct amdvi_device *device,
                      const struct amdvi_config *config)
{
    struct board *board = context;
    uint64_t number = 0;

    ck_assert_uint_eq(index, board->count);
    ck_assert_int_eq(amdvi_config_number(config, "devid", &number), AMDVI_OK);
    ck_assert_uint_eq(number, index ? 0x4002 : 0x0002);
    board->count++;
}

START_TEST(test_attach_is_told_of_each_iommu)
{
    two_units();
    b.config.attach = on_attach;
    board_power(&b);
    ck_assert_uint_eq(b.count, 2);
}
END_TEST

Suite *boot_suite(void)
{
    Suite *suite = suite_create("boot");
    TCase *tc = tcase_create("boot");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_the_iommus_function);
    tcase_add_test(tc, test_the_southbridge);
    tcase_add_test(tc, test_ivrs_of_the_default_machine);
    tcase_add_test(tc, test_ivrs_types);
    tcase_add_test(tc, test_two_iommus);
    tcase_add_test(tc, test_places_of_the_second_iommu);
    tcase_add_test(tc, test_an_iommu_beside_the_first);
    tcase_add_test(tc, test_aliases_and_memory);
    tcase_add_test(tc, test_other_tables);
    tcase_add_test(tc, test_without_iommus_there_is_no_ivrs);
    tcase_add_test(tc, test_who_answers);
    tcase_add_test(tc, test_apertures_for_guests);
    tcase_add_test(tc, test_attach_is_told_of_each_iommu);
    suite_add_tcase(suite, tc);
    return suite;
}
