// SPDX-License-Identifier: Apache-2.0
/* The IVRS table: bytes as firmware writes them, and a checker that sees every mistake planted in them. */
#include "amdvi/ivrs.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct amdvi_config *config;
static struct amdvi_ivrs_storage storage;
static struct amdvi_ivrs_unit unit;
static struct amdvi_ivrs_table table;
static uint8_t bytes[4096];
static size_t length;

static void use(const char *preset)
{
    ck_assert_int_eq(amdvi_config_set(config, "preset", preset), AMDVI_OK);
    ck_assert_int_eq(amdvi_ivrs_default_unit(config, 0xff, &storage, &unit), AMDVI_OK);
    table = (struct amdvi_ivrs_table){.units = &unit, .units_count = 1};
}

static void build(void)
{
    ck_assert_int_eq(amdvi_ivrs_build(&table, bytes, sizeof(bytes), &length), AMDVI_OK);
}

static void setup(void)
{
    ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
    use("rome");
}

static void teardown(void)
{
    amdvi_config_destroy(config);
}

static uint64_t number(size_t offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)bytes[offset + i] << 8 * i;
    return value;
}

enum { BLOCK_10 = 48 };

static size_t next_block(size_t offset)
{
    return offset + (size_t)number(offset + 2, 2);
}

/* ---------------------------------------------------------------- bytes */

START_TEST(the_first_block_is_as_firmware_writes_it)
{
    static const uint8_t expected[] = {
        0x10, 0xb0, 56,   0,    0x02, 0x00, 0x40, 0x00, /* type, flags, length, DeviceID, capability */
        0x00, 0x00, 0x18, 0xfd, 0,    0,    0,    0,    /* base */
        0,    0,    0,    0,    0x6f, 0x8f, 0x04, 0x80, /* segment, info, features with XT */
        0x03, 0x03, 0x00, 0x00, 0x04, 0xff, 0xff, 0x00, /* 00:00.3 to ff:1f.7 */
        0x48, 0x00, 0x00, 0x00, 33,   0x01, 0x00, 0x01, /* IOAPIC of the root complex */
        0x48, 0x00, 0x00, 0x00, 0,    0xa0, 0x00, 0x02, /* HPET */
        0x48, 0x00, 0x00, 0xd7, 32,   0xa0, 0x00, 0x01, /* IOAPIC of the southbridge */
    };

    build();
    ck_assert_mem_eq(bytes, "IVRS", 4);
    ck_assert_uint_eq(number(4, 4), length);
    ck_assert_uint_eq(bytes[8], 2);
    ck_assert_uint_eq(number(36, 4), 0x00203041);
    ck_assert_uint_eq(number(40, 8), 0);
    ck_assert_uint_eq(next_block(BLOCK_10), BLOCK_10 + sizeof(expected));
    ck_assert_mem_eq(bytes + BLOCK_10, expected, sizeof(expected));
}
END_TEST

START_TEST(type_40_carries_the_images_and_acpi_devices)
{
    static const uint8_t acpi[] = {0xf0, 0x99, 0x00, 0xf7, 'A', 'M', 'D', 'I', '0', '0', '4',
                                   '0',  0,    0,    0,    0,   0,   0,   0,   0,   0,   0};
    size_t block_11, block_40;

    build();
    block_11 = next_block(BLOCK_10);
    block_40 = next_block(block_11);
    ck_assert_uint_eq(bytes[block_11], 0x11);
    ck_assert_uint_eq(bytes[block_11 + 1], 0x30);
    ck_assert_uint_eq(number(block_11 + 20, 4), 0x00048000);
    ck_assert_uint_eq(number(block_11 + 24, 8), 0x058f77ef22294ade);
    ck_assert_uint_eq(number(block_11 + 2, 2), 72);
    ck_assert_uint_eq(bytes[block_40], 0x40);
    ck_assert_uint_eq(number(block_40 + 2, 2), 72 + 22);
    ck_assert_mem_eq(bytes + block_40 + 72, acpi, sizeof(acpi));
    ck_assert_uint_eq(next_block(block_40), length);
}
END_TEST

START_TEST(features_without_x2apic_are_those_of_machines)
{
    amdvi_config_set(config, "efr", "0x004f77ef22294ada");
    build();
    ck_assert_uint_eq(number(BLOCK_10 + 20, 4), 0x80048f6e);
}
END_TEST

START_TEST(without_counters_the_numbers_are_zero)
{
    amdvi_config_set(config, "efr", "0xc4");
    build();
    ck_assert_uint_eq(number(BLOCK_10 + 20, 4), 0x00000061); /* XT, IA, GA */
    ck_assert_uint_eq(bytes[BLOCK_10 + 1], 0x30);            /* no page requests */
}
END_TEST

START_TEST(no_host_translation_is_an_attribute)
{
    amdvi_config_set(config, "efr", "0xcd0");
    build();
    ck_assert_uint_eq(number(next_block(BLOCK_10) + 20, 4), 1);
}
END_TEST

START_TEST(table_and_configuration_space_tell_the_same)
{
    struct amdvi_memory memory = {0};
    struct amdvi_device *device;
    uint64_t lo, hi, misc, header;

    use("genoa");
    build();
    ck_assert_int_eq(amdvi_create(config, &memory, NULL, NULL, &device), AMDVI_OK);
    amdvi_pci_read(device, 0x40, 4, &header);
    amdvi_pci_read(device, 0x44, 4, &lo);
    amdvi_pci_read(device, 0x48, 4, &hi);
    amdvi_pci_read(device, 0x50, 4, &misc);
    ck_assert_uint_eq(number(BLOCK_10 + 8, 8), (lo & ~(uint64_t)0x3fff) | hi << 32);
    ck_assert_uint_eq(number(36, 4) & 0x3fffe0, misc & 0x3fffe0);
    ck_assert_uint_eq(bytes[BLOCK_10 + 1] >> 4 & 1, header >> 24 & 1);
    ck_assert_uint_eq(number(BLOCK_10 + 6, 2), 0x40);
    amdvi_mmio_read(device, 0x30, 8, &lo);
    ck_assert_uint_eq(number(next_block(BLOCK_10) + 24, 8), lo);
    amdvi_mmio_read(device, 0x1a0, 8, &lo);
    ck_assert_uint_eq(number(next_block(BLOCK_10) + 32, 8), lo);
    amdvi_destroy(device);
}
END_TEST

START_TEST(whole_topology)
{
    static const uint16_t functions[] = {0x0100, 0x0101, 0x0200};
    static const struct amdvi_ivrs_alias aliases[] = {{.device = 0x0308, .alias = 0x0300}};
    static const struct amdvi_ivrs_acpi acpi[] = {
        {.hid = "AMDI0020", .device = 0xa8, .uid = AMDVI_IVRS_UID_NUMBER, .uid_number = 7},
        {.hid = "AMDI0040",
         .cid = "PNP0D40",
         .device = 0x99,
         .uid = AMDVI_IVRS_UID_TEXT,
         .uid_text = "\\_SB.A"}};
    static const struct amdvi_ivrs_memory memory[] = {
        {.all = true, .unity = true, .read = true, .write = true, .start = 0x1000, .bytes = 0x2000},
        {.first = 0x10, .last = 0x10, .exclusion = true, .start = 0x8000, .bytes = 0x1000},
        {.first = 0x10, .last = 0x20, .unity = true, .start = 0x9000, .bytes = 0x1000}};
    struct amdvi_ivrs_summary summary;

    unit.functions = functions;
    unit.functions_count = 3;
    unit.aliases = aliases;
    unit.aliases_count = 1;
    unit.acpi = acpi;
    unit.acpi_count = 2;
    unit.memory = memory;
    unit.memory_count = 3;
    build();
    ck_assert_int_eq(amdvi_ivrs_check(bytes, length, &summary), AMDVI_OK);
    ck_assert_uint_eq(summary.entries, 3 * (2 + 3 + 1 + 3) + 2);
    ck_assert_uint_eq(summary.ivmd, 3);
    ck_assert_uint_eq(bytes[length - 96], 0x20);
    ck_assert_uint_eq(bytes[length - 95], 0x07);
    ck_assert_uint_eq(bytes[length - 64], 0x21);
    ck_assert_uint_eq(bytes[length - 63], 0x08);
    ck_assert_uint_eq(number(length - 32 + 4, 4), 0x00200010);
    ck_assert_uint_eq(number(length - 16, 8), 0x9000);
    ck_assert_uint_eq(number(length - 8, 8), 0x1000);
}
END_TEST

START_TEST(several_units_each_have_three_blocks)
{
    struct amdvi_ivrs_summary summary;
    struct amdvi_ivrs_storage other_storage;
    struct amdvi_ivrs_unit units[2];
    struct amdvi_config *other;

    amdvi_config_create(&other);
    amdvi_config_set(other, "devid", "0x4002");
    amdvi_ivrs_default_unit(other, 0x7f, &other_storage, &units[0]);
    units[1] = unit;
    table = (struct amdvi_ivrs_table){.units = units, .units_count = 2};
    build();
    ck_assert_int_eq(amdvi_ivrs_check(bytes, length, &summary), AMDVI_OK);
    ck_assert_uint_eq(summary.ivhd_10, 2);
    ck_assert_uint_eq(summary.ivhd_11, 2);
    ck_assert_uint_eq(summary.ivhd_40, 2);
    ck_assert_uint_eq(number(BLOCK_10 + 4, 2), 0x4002);
    ck_assert_uint_eq(number(BLOCK_10 + 24 + 1, 2), 0x4003);     /* first device of the root bus */
    ck_assert_uint_eq(number(BLOCK_10 + 24 + 8 + 5, 2), 0x4001); /* its IOAPIC */
    amdvi_config_destroy(other);
}
END_TEST

START_TEST(revision_follows_the_types)
{
    table.types = AMDVI_IVRS_10 | AMDVI_IVRS_11;
    build();
    ck_assert_uint_eq(bytes[8], 1);
    ck_assert_uint_eq(bytes[BLOCK_10], 0x10);
    ck_assert_uint_eq(next_block(next_block(BLOCK_10)), length);
}
END_TEST

START_TEST(a_small_buffer_learns_the_size)
{
    size_t need;

    build();
    ck_assert_int_eq(amdvi_ivrs_build(&table, NULL, 0, &need), AMDVI_ERR_TOO_SMALL);
    ck_assert_uint_eq(need, length);
    memset(bytes, 0x5a, sizeof(bytes));
    ck_assert_int_eq(amdvi_ivrs_build(&table, bytes, need - 1, &need), AMDVI_ERR_TOO_SMALL);
    ck_assert_uint_eq(bytes[0], 0x5a);
    ck_assert_int_eq(amdvi_ivrs_build(&table, bytes, need, &need), AMDVI_OK);
    ck_assert_uint_eq(bytes[need], 0x5a);
}
END_TEST

START_TEST(impossible_descriptions_are_refused)
{
    storage.acpi[0].hid = "TOOLONG99";
    ck_assert_int_eq(amdvi_ivrs_build(&table, bytes, sizeof(bytes), &length), AMDVI_ERR_BAD_VALUE);
    storage.acpi[0].hid = "AMDI0040";
    unit.last = 2;
    ck_assert_int_eq(amdvi_ivrs_build(&table, bytes, sizeof(bytes), &length), AMDVI_ERR_BAD_VALUE);
    unit.config = NULL;
    ck_assert_int_eq(amdvi_ivrs_build(&table, bytes, sizeof(bytes), &length), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_build(NULL, bytes, sizeof(bytes), &length), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- the checker */

static void seal(void)
{
    uint8_t sum = 0;

    bytes[9] = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[9] = (uint8_t)-sum;
}

enum { BLOCK_11 = 48 + 56, BLOCK_40 = BLOCK_11 + 72, ENTRIES = BLOCK_10 + 24 };

/* Of the last mistake. */
static size_t where;

static const char *mistake(size_t offset, uint8_t value)
{
    static struct amdvi_ivrs_summary summary;

    build();
    bytes[offset] = value;
    seal();
    if (amdvi_ivrs_check(bytes, length, &summary) == AMDVI_OK)
        return NULL;
    ck_assert_ptr_nonnull(summary.text);
    where = summary.offset;
    return summary.text;
}

/* A byte with another value, what is wrong then, and where: the field, the entry or the block that is at
 * fault. */
static const struct {
    size_t at;
    uint8_t value;
    const char *text;
    size_t where;
} mistakes[] = {
    {0, 'X', "signature is not IVRS", 0},
    {7, 1, "length is not that of the table", 4},
    {41, 1, "reserved bits are set", 36},
    {8, 1, "type 40h in a table of revision 1", BLOCK_40},
    {BLOCK_10, 0x41, "unknown block", BLOCK_10},
    {BLOCK_10 + 3, 0x10, "block crosses the end of the table", BLOCK_10 + 2},
    {BLOCK_10 + 2, 20, "block is shorter than its header", BLOCK_10 + 2},
    {BLOCK_10 + 2, 54, "device entry crosses the end of its block", ENTRIES + 24},
    {ENTRIES, 0x05, "unknown device entry", ENTRIES},
    {ENTRIES, 0x00, "end of a range that did not start", ENTRIES + 4},
    {ENTRIES + 4, 0x02, "range is not closed", ENTRIES + 4},
    {ENTRIES + 3, 0x08, "reserved bit of the DTE setting", ENTRIES},
    {ENTRIES + 8 + 7, 3, "special device of unknown variety", ENTRIES + 8},
    {ENTRIES + 8, 0x80, "device entry of unknown length", ENTRIES + 8},
    {BLOCK_11 + 1, 0xb0, "flags that only type 10h has", BLOCK_11 + 1},
    {BLOCK_40 + 24, 0, "feature images of one IOMMU differ", BLOCK_40 + 24},
    {BLOCK_40 + 72 + 21, 0xff, "device entry crosses the end of its block", BLOCK_40 + 72},
    {BLOCK_40 + 72 + 20, 1, "length of the UID is not that of its format", BLOCK_40 + 72},
};

START_TEST(mistakes_are_named)
{
    struct amdvi_ivrs_summary summary;

    build();
    bytes[20] ^= 1;
    ck_assert_int_eq(amdvi_ivrs_check(bytes, length, &summary), AMDVI_ERR_BAD_VALUE);
    ck_assert_str_eq(summary.text, "checksum is wrong");
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        ck_assert_str_eq(mistake(mistakes[i].at, mistakes[i].value), mistakes[i].text);
        ck_assert_uint_eq(where, mistakes[i].where);
    }
    ck_assert_ptr_null(mistake(20, 'x')); /* the OEM's own text is free */
}
END_TEST

START_TEST(an_entry_behind_an_odd_acpi_entry_is_not_aligned)
{
    struct amdvi_ivrs_summary summary;
    size_t end;

    build();
    end = length;
    memset(bytes + end, 0, 4); /* a padding entry behind 22 bytes */
    length += 4;
    bytes[48 + 56 + 72 + 2] += 4;
    bytes[4] = (uint8_t)length;
    bytes[5] = (uint8_t)(length >> 8);
    seal();
    ck_assert_int_eq(amdvi_ivrs_check(bytes, length, &summary), AMDVI_ERR_BAD_VALUE);
    ck_assert_str_eq(summary.text, "device entry is not aligned");
    ck_assert_uint_eq(summary.offset, end);
}
END_TEST

/* Whatever the bytes are, the checker stays inside them. */
START_TEST(any_bytes_may_be_given)
{
    struct amdvi_ivrs_summary summary;

    srand(1);
    for (int round = 0; round < 20000; round++) {
        uint8_t *copy;
        build();
        for (int i = 0; i < 3; i++)
            bytes[(size_t)rand() % length] = (uint8_t)rand();
        if (rand() % 2)
            length = (size_t)rand() % length;
        bytes[4] = (uint8_t)length;
        bytes[5] = (uint8_t)(length >> 8);
        seal();
        copy = malloc(length ? length : 1);
        memcpy(copy, bytes, length);
        amdvi_ivrs_check(copy, length, &summary);
        free(copy);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ivrs");
    TCase *tcase = tcase_create("ivrs");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_first_block_is_as_firmware_writes_it);
    tcase_add_test(tcase, type_40_carries_the_images_and_acpi_devices);
    tcase_add_test(tcase, features_without_x2apic_are_those_of_machines);
    tcase_add_test(tcase, without_counters_the_numbers_are_zero);
    tcase_add_test(tcase, no_host_translation_is_an_attribute);
    tcase_add_test(tcase, table_and_configuration_space_tell_the_same);
    tcase_add_test(tcase, whole_topology);
    tcase_add_test(tcase, several_units_each_have_three_blocks);
    tcase_add_test(tcase, revision_follows_the_types);
    tcase_add_test(tcase, a_small_buffer_learns_the_size);
    tcase_add_test(tcase, impossible_descriptions_are_refused);
    tcase_add_test(tcase, mistakes_are_named);
    tcase_add_test(tcase, an_entry_behind_an_odd_acpi_entry_is_not_aligned);
    tcase_add_test(tcase, any_bytes_may_be_given);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
