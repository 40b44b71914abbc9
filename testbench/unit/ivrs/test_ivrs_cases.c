// SPDX-License-Identifier: Apache-2.0
/* IVRS tables typed byte by byte for the checker, and descriptions that the builder must refuse (1.3). */
#include "amdvi/ivrs.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 48, HEAD_10 = 24, HEAD_11 = 40, ROOM = 4096 };

static uint8_t bytes[ROOM];
static size_t length;

/* ---------------------------------------------------------------- tables by hand */

static void start(void)
{
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, "IVRS", 4);
    bytes[8] = 2; /* revision */
    length = HEADER;
}

static void add(const uint8_t *more, size_t count)
{
    ck_assert_uint_le(length + count, ROOM);
    if (count)
        memcpy(bytes + length, more, count);
    length += count;
}

/* A block of type 10h, 11h or 40h of the IOMMU 00:00.2 with these device entries. */
static void block(uint8_t type, const uint8_t *entries, size_t count)
{
    uint8_t head[HEAD_11] = {type, 0x30, 0, 0, 0x02, 0x00, 0x40, 0x00};
    size_t bytes_of_head = type == 0x10 ? HEAD_10 : HEAD_11;

    head[2] = (uint8_t)(bytes_of_head + count);
    head[3] = (uint8_t)((bytes_of_head + count) >> 8);
    add(head, bytes_of_head);
    add(entries, count);
}

static struct amdvi_ivrs_summary summary;

static const char *verdict(void)
{
    uint8_t sum = 0;
    enum amdvi_status status;

    bytes[4] = (uint8_t)length;
    bytes[5] = (uint8_t)(length >> 8);
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + (i == 9 ? 0 : bytes[i]));
    bytes[9] = (uint8_t)-sum;
    status = amdvi_ivrs_check(bytes, length, &summary);
    ck_assert_int_eq(status == AMDVI_OK, summary.text == NULL);
    return summary.text ? summary.text : "good";
}

/* A table with one block of that type. */
static const char *of(uint8_t type, const uint8_t *entries, size_t count)
{
    start();
    block(type, entries, count);
    return verdict();
}

#define OF(type, ...) of(type, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

START_TEST(every_kind_of_entry_may_stand_alone)
{
    ck_assert_str_eq(OF(0x10, 0x00, 0, 0, 0), "good");
    ck_assert_str_eq(OF(0x10, 0x01, 0, 0, 0xd7), "good");
    ck_assert_str_eq(OF(0x10, 0x02, 0x08, 0x01, 0xf7), "good");
    ck_assert_str_eq(OF(0x10, 0x42, 0x08, 0x03, 0, 0, 0x00, 0x03, 0), "good");
    ck_assert_str_eq(OF(0x11, 0x46, 0x08, 0x03, 0, 0, 0, 0, 0x80), "good");
    ck_assert_str_eq(OF(0x11, 0x48, 0, 0, 0, 33, 0x01, 0, 1), "good");
    ck_assert_uint_eq(summary.entries, 1);
    ck_assert_uint_eq(summary.ivhd_11, 1);
}
END_TEST

START_TEST(every_kind_of_range_is_closed_by_its_end)
{
    ck_assert_str_eq(OF(0x10, 0x03, 0x08, 0, 0, 0x04, 0x0f, 0, 0), "good");
    ck_assert_str_eq(OF(0x10, 0x43, 0x08, 0, 0, 0, 0x10, 0, 0, 0x04, 0x0f, 0, 0), "good");
    ck_assert_str_eq(OF(0x10, 0x47, 0x08, 0, 0, 0, 0, 0, 0, 0x04, 0x08, 0, 0), "good");
    ck_assert_str_eq(OF(0x10, 0x03, 0x08, 0, 0, 0, 0, 0, 0, 0x04, 0x0f, 0, 0), "good"); /* padded */
    ck_assert_uint_eq(summary.entries, 3);
}
END_TEST

START_TEST(ranges_that_are_wrong)
{
    ck_assert_str_eq(OF(0x10, 0x03, 0x08, 0, 0, 0x04, 0x07, 0, 0), "range runs backwards");
    ck_assert_uint_eq(summary.offset, HEADER + HEAD_10 + 4);
    ck_assert_str_eq(OF(0x10, 0x03, 0x08, 0, 0), "range is not closed");
    ck_assert_uint_eq(summary.offset, length);
    ck_assert_str_eq(OF(0x10, 0x43, 0x08, 0, 0, 0, 0x10, 0, 0), "range is not closed");
    ck_assert_str_eq(OF(0x10, 0x47, 0x08, 0, 0, 0, 0, 0, 0), "range is not closed");
    ck_assert_str_eq(OF(0x10, 0x43, 0, 0, 0, 0, 0, 0, 0, 0x03, 0, 0, 0), "range is not closed");
    ck_assert_str_eq(OF(0x10, 0x04, 0x08, 0, 0), "end of a range that did not start");
}
END_TEST

START_TEST(entries_that_are_wrong)
{
    ck_assert_str_eq(OF(0x10, 0x41, 0, 0, 0, 0, 0, 0, 0), "unknown device entry");
    ck_assert_str_eq(OF(0x10, 0x44, 0, 0, 0, 0, 0, 0, 0), "unknown device entry");
    ck_assert_str_eq(OF(0x10, 0x49, 0, 0, 0, 0, 0, 0, 0), "unknown device entry");
    ck_assert_str_eq(OF(0x10, 0x42, 0, 0, 0, 1, 0, 0, 0), "reserved bits are set");
    ck_assert_str_eq(OF(0x10, 0x43, 0, 0, 0, 0, 0, 0, 1), "reserved bits are set");
    ck_assert_str_eq(OF(0x10, 0x48, 1, 0, 0, 0, 0, 0, 1), "special device with a DeviceID");
    ck_assert_str_eq(OF(0x10, 0x48, 0, 0, 0, 0, 0, 0, 0), "special device of unknown variety");
    ck_assert_str_eq(OF(0x10, 0xf1, 0, 0, 0), "device entry of unknown length");
}
END_TEST

/* Entry F0h with a UID of `count` bytes in that format. */
static const char *acpi(uint8_t type, const char *hid, uint8_t format, uint8_t count)
{
    uint8_t entry[64] = {0xf0, 0x99, 0x00, 0xf7};

    memcpy(entry + 4, hid, strlen(hid));
    entry[20] = format;
    entry[21] = count;
    memset(entry + 22, 'U', count);
    return of(type, entry, 22u + count);
}

START_TEST(acpi_devices)
{
    static const char uid[] = "length of the UID is not that of its format";

    ck_assert_str_eq(acpi(0x40, "AMDI0040", 0, 0), "good");
    ck_assert_str_eq(acpi(0x40, "AMDI0040", 1, 8), "good");
    ck_assert_str_eq(acpi(0x40, "AMDI0040", 2, 1), "good");
    ck_assert_str_eq(acpi(0x40, "AMDI0040", 0, 1), uid);
    ck_assert_str_eq(acpi(0x40, "AMDI0040", 1, 4), uid);
    ck_assert_str_eq(acpi(0x40, "AMDI0040", 2, 0), uid);
    ck_assert_str_eq(acpi(0x40, "AMDI0040", 3, 8), uid);
    ck_assert_str_eq(acpi(0x40, "", 0, 0), "ACPI device without HID");
    ck_assert_str_eq(acpi(0x11, "AMDI0040", 0, 0), "ACPI device outside a block of type 40h");
}
END_TEST

/* ---------------------------------------------------------------- blocks */

static const char *header_with(size_t at, uint8_t value)
{
    start();
    block(0x11, NULL, 0);
    bytes[HEADER + at] = value;
    return verdict();
}

START_TEST(block_headers_that_are_wrong)
{
    ck_assert_str_eq(header_with(1, 0x30), "good");
    ck_assert_str_eq(header_with(1, 0x40), "flags that only type 10h has");
    ck_assert_str_eq(header_with(1, 0x80), "flags that only type 10h has");
    ck_assert_str_eq(header_with(20, 0x02), "reserved bits are set"); /* attributes 12:1 */
    ck_assert_uint_eq(summary.offset, HEADER + 20);
    ck_assert_str_eq(header_with(18, 0x20), "reserved bits are set"); /* IommuInfo 7:5 */
    ck_assert_str_eq(header_with(2, 39), "block is shorter than its header");
    ck_assert_str_eq(header_with(2, 3), "block crosses the end of the table");
    ck_assert_str_eq(header_with(2, 41), "block crosses the end of the table");
}
END_TEST

START_TEST(images_of_different_iommus_may_differ)
{
    start();
    block(0x11, NULL, 0);
    block(0x40, NULL, 0);
    bytes[HEADER + HEAD_11 + 24] = 1;
    ck_assert_str_eq(verdict(), "feature images of one IOMMU differ");
    bytes[HEADER + HEAD_11 + 5] = 0x40; /* 40:00.2 */
    ck_assert_str_eq(verdict(), "good");
}
END_TEST

START_TEST(a_rest_of_less_than_a_block)
{
    start();
    block(0x10, NULL, 0);
    add((const uint8_t[]){0x10, 0x30, 0x18}, 3);
    ck_assert_str_eq(verdict(), "rest is shorter than a block");
}
END_TEST

static const char *memory_block(uint8_t type, uint8_t size, uint8_t first, uint8_t last)
{
    uint8_t ivmd[40] = {type, 0x07, size, 0, first, 0, last, 0};

    start();
    add(ivmd, size);
    return verdict();
}

START_TEST(memory_blocks)
{
    ck_assert_str_eq(memory_block(0x20, 32, 0, 0), "good");
    ck_assert_str_eq(memory_block(0x21, 32, 9, 0), "good"); /* only a range has an end */
    ck_assert_str_eq(memory_block(0x22, 32, 8, 8), "good");
    ck_assert_str_eq(memory_block(0x22, 32, 9, 8), "range runs backwards");
    ck_assert_str_eq(memory_block(0x22, 31, 8, 9), "IVMD block has not 32 bytes");
    ck_assert_str_eq(memory_block(0x22, 33, 8, 9), "IVMD block has not 32 bytes");
    ck_assert_str_eq(memory_block(0x23, 32, 8, 9), "unknown block");
}
END_TEST

START_TEST(the_length_field_is_held_against_header_and_buffer)
{
    start();
    ck_assert_str_eq(verdict(), "good");
    bytes[4] = HEADER - 1;
    ck_assert_int_eq(amdvi_ivrs_check(bytes, sizeof(bytes), &summary), AMDVI_ERR_BAD_VALUE);
    ck_assert_str_eq(summary.text, "length is not that of the table");
    bytes[4] = HEADER + 1;
    ck_assert_int_eq(amdvi_ivrs_check(bytes, HEADER, &summary), AMDVI_ERR_BAD_VALUE);
    ck_assert_str_eq(summary.text, "length is not that of the table");
    ck_assert_int_eq(amdvi_ivrs_check(bytes, HEADER - 1, &summary), AMDVI_ERR_BAD_VALUE);
    ck_assert_str_eq(summary.text, "shorter than its header");
}
END_TEST

/* Firmware may leave room behind the table. */
START_TEST(bytes_behind_the_table_are_not_looked_at)
{
    start();
    block(0x10, NULL, 0);
    ck_assert_str_eq(verdict(), "good");
    memset(bytes + length, 0xff, 64);
    ck_assert_int_eq(amdvi_ivrs_check(bytes, length + 64, &summary), AMDVI_OK);
}
END_TEST

START_TEST(the_checker_needs_its_arguments)
{
    ck_assert_int_eq(amdvi_ivrs_check(NULL, 64, &summary), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_check(bytes, 64, NULL), AMDVI_ERR_ARGUMENT);
}
END_TEST

/* ---------------------------------------------------------------- the builder */

static struct amdvi_config *config;
static struct amdvi_ivrs_storage storage;
static struct amdvi_ivrs_unit unit;
static struct amdvi_ivrs_table table;

static void setup(void)
{
    ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
    ck_assert_int_eq(amdvi_ivrs_default_unit(config, 0xff, &storage, &unit), AMDVI_OK);
    table = (struct amdvi_ivrs_table){.units = &unit, .units_count = 1};
}

static void teardown(void)
{
    amdvi_config_destroy(config);
}

static enum amdvi_status build(void)
{
    return amdvi_ivrs_build(&table, bytes, sizeof(bytes), &length);
}

START_TEST(lists_that_are_counted_must_be_there)
{
    const struct amdvi_ivrs_unit good = unit;

    ck_assert_int_eq(build(), AMDVI_OK);
    unit.functions_count = 1;
    ck_assert_int_eq(build(), AMDVI_ERR_ARGUMENT);
    unit = good, unit.aliases_count = 1;
    ck_assert_int_eq(build(), AMDVI_ERR_ARGUMENT);
    unit = good, unit.specials = NULL;
    ck_assert_int_eq(build(), AMDVI_ERR_ARGUMENT);
    unit = good, unit.acpi = NULL;
    ck_assert_int_eq(build(), AMDVI_ERR_ARGUMENT);
    unit = good, unit.memory_count = 1;
    ck_assert_int_eq(build(), AMDVI_ERR_ARGUMENT);
    unit = good;
    ck_assert_int_eq(build(), AMDVI_OK);
}
END_TEST

START_TEST(a_table_needs_units_and_a_place_for_its_length)
{
    ck_assert_int_eq(amdvi_ivrs_build(&table, bytes, sizeof(bytes), NULL), AMDVI_ERR_ARGUMENT);
    table.units_count = 0;
    ck_assert_int_eq(build(), AMDVI_ERR_ARGUMENT);
    table = (struct amdvi_ivrs_table){.units_count = 1};
    ck_assert_int_eq(build(), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(uids_of_acpi_devices_must_fit_their_format)
{
    struct amdvi_ivrs_acpi *device = &storage.acpi[0];
    char text[257];

    memset(text, 'U', sizeof(text));
    text[256] = 0;
    device->uid = AMDVI_IVRS_UID_TEXT;
    ck_assert_int_eq(build(), AMDVI_ERR_BAD_VALUE); /* no text */
    device->uid_text = "";
    ck_assert_int_eq(build(), AMDVI_ERR_BAD_VALUE);
    device->uid_text = text;
    ck_assert_int_eq(build(), AMDVI_ERR_BAD_VALUE);
    text[255] = 0;
    ck_assert_int_eq(build(), AMDVI_OK);
    ck_assert_int_eq(amdvi_ivrs_check(bytes, length, &summary), AMDVI_OK);
    device->uid = (enum amdvi_ivrs_uid)3;
    ck_assert_int_eq(build(), AMDVI_ERR_BAD_VALUE);
}
END_TEST

START_TEST(memory_ranges_do_not_run_backwards)
{
    struct amdvi_ivrs_memory memory = {.first = 9, .last = 8};

    unit.memory = &memory;
    unit.memory_count = 1;
    ck_assert_int_eq(build(), AMDVI_ERR_BAD_VALUE);
    memory.all = true; /* then the DeviceIDs say nothing */
    ck_assert_int_eq(build(), AMDVI_OK);
    ck_assert_uint_eq(bytes[length - 32], 0x20);
    ck_assert_uint_eq(bytes[length - 28], 0);
}
END_TEST

START_TEST(a_block_has_at_most_65535_bytes)
{
    enum { MANY = (65535 - HEAD_11) / 4 + 1 };
    uint16_t *functions = calloc(MANY, sizeof(*functions));

    ck_assert_ptr_nonnull(functions);
    unit = (struct amdvi_ivrs_unit){.config = config, .functions = functions, .functions_count = MANY};
    table.types = AMDVI_IVRS_11;
    ck_assert_int_eq(build(), AMDVI_ERR_BAD_VALUE);
    unit.functions_count = MANY - 1;
    ck_assert_int_eq(build(), AMDVI_ERR_TOO_SMALL);
    ck_assert_uint_eq(length, HEADER + HEAD_11 + 4 * (MANY - 1));
    free(functions);
}
END_TEST

START_TEST(only_the_types_that_are_asked_for_are_written)
{
    unsigned types = (unsigned)_i;

    table.types = types;
    ck_assert_int_eq(build(), AMDVI_OK);
    ck_assert_int_eq(amdvi_ivrs_check(bytes, length, &summary), AMDVI_OK);
    ck_assert_uint_eq(summary.ivhd_10, types & 1);
    ck_assert_uint_eq(summary.ivhd_11, types >> 1 & 1);
    ck_assert_uint_eq(summary.ivhd_40, types >> 2 & 1);
}
END_TEST

START_TEST(a_unit_without_range_lists_its_functions)
{
    static const uint16_t functions[] = {0x0100};

    unit =
        (struct amdvi_ivrs_unit){.config = config, .first = 8, .functions = functions, .functions_count = 1};
    table.types = AMDVI_IVRS_10;
    ck_assert_int_eq(build(), AMDVI_OK);
    ck_assert_uint_eq(length, HEADER + HEAD_10 + 4);
    ck_assert_mem_eq(bytes + HEADER + HEAD_10, ((const uint8_t[]){0x02, 0x00, 0x01, 0x00}), 4);
    ck_assert_int_eq(amdvi_ivrs_check(bytes, length, &summary), AMDVI_OK);
}
END_TEST

START_TEST(the_oem_names_itself)
{
    table.oem_id = "ABC";
    table.oem_table_id = "TABLE123";
    ck_assert_int_eq(build(), AMDVI_OK);
    ck_assert_mem_eq(bytes + 10, "ABC   TABLE123", 14);
    table.oem_id = "SEVEN77";
    ck_assert_int_eq(build(), AMDVI_ERR_BAD_VALUE);
}
END_TEST

/* The ids of a machine whose MADT counts from 0. */
START_TEST(ioapics_of_the_default_unit_have_the_hosts_ids)
{
    struct amdvi_ivrs_storage room, other;
    struct amdvi_config *bus_0;

    ck_assert_int_eq(amdvi_config_create(&bus_0), AMDVI_OK);
    ck_assert_int_eq(amdvi_ivrs_default_unit(bus_0, 0xff, &room, &unit), AMDVI_OK);
    ck_assert_uint_eq(unit.specials[0].handle, 33);
    ck_assert_uint_eq(unit.specials[2].handle, 32);
    ck_assert_int_eq(amdvi_ivrs_set_ioapics(&room, &unit, 1, 0), AMDVI_OK);
    ck_assert_uint_eq(unit.specials_count, 3);
    ck_assert_uint_eq(unit.specials[0].handle, 1);
    ck_assert(unit.specials[1].hpet && unit.specials[1].handle == 0);
    ck_assert_uint_eq(unit.specials[2].handle, 0);
    ck_assert_uint_eq(unit.specials[2].source, 0x14 << 3);
    ck_assert_int_eq(amdvi_ivrs_set_ioapics(&room, &unit, AMDVI_IVRS_NO_IOAPIC, 7), AMDVI_OK);
    ck_assert_uint_eq(unit.specials_count, 2);
    ck_assert(unit.specials[0].hpet && !unit.specials[1].hpet && unit.specials[1].handle == 7);
    ck_assert_int_eq(amdvi_ivrs_set_ioapics(&room, &unit, 3, AMDVI_IVRS_NO_IOAPIC), AMDVI_OK);
    ck_assert_uint_eq(unit.specials_count, 1);
    ck_assert(unit.specials[0].hpet);
    ck_assert_int_eq(amdvi_ivrs_set_ioapics(&room, &unit, 0, 0x101), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_set_ioapics(&room, &unit, 0x101, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_set_ioapics(&other, &unit, 0, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_set_ioapics(NULL, &unit, 0, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_set_ioapics(&room, NULL, 0, 0), AMDVI_ERR_ARGUMENT);
    amdvi_config_destroy(bus_0);
}
END_TEST

START_TEST(the_default_unit_needs_its_arguments)
{
    ck_assert_int_eq(amdvi_ivrs_default_unit(NULL, 0xff, &storage, &unit), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_default_unit(config, 0xff, NULL, &unit), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_default_unit(config, 0xff, &storage, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_config_set(config, "devid", "0x4002"), AMDVI_OK);
    ck_assert_int_eq(amdvi_ivrs_default_unit(config, 0x3f, &storage, &unit), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_ivrs_default_unit(config, 0x40, &storage, &unit), AMDVI_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ivrs cases");
    TCase *tests = tcase_create("ivrs cases");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, every_kind_of_entry_may_stand_alone);
    tcase_add_test(tests, every_kind_of_range_is_closed_by_its_end);
    tcase_add_test(tests, ranges_that_are_wrong);
    tcase_add_test(tests, entries_that_are_wrong);
    tcase_add_test(tests, acpi_devices);
    tcase_add_test(tests, block_headers_that_are_wrong);
    tcase_add_test(tests, images_of_different_iommus_may_differ);
    tcase_add_test(tests, a_rest_of_less_than_a_block);
    tcase_add_test(tests, memory_blocks);
    tcase_add_test(tests, the_length_field_is_held_against_header_and_buffer);
    tcase_add_test(tests, bytes_behind_the_table_are_not_looked_at);
    tcase_add_test(tests, the_checker_needs_its_arguments);
    tcase_add_test(tests, lists_that_are_counted_must_be_there);
    tcase_add_test(tests, a_table_needs_units_and_a_place_for_its_length);
    tcase_add_test(tests, uids_of_acpi_devices_must_fit_their_format);
    tcase_add_test(tests, memory_ranges_do_not_run_backwards);
    tcase_add_test(tests, a_block_has_at_most_65535_bytes);
    tcase_add_loop_test(tests, only_the_types_that_are_asked_for_are_written, 1, 8);
    tcase_add_test(tests, a_unit_without_range_lists_its_functions);
    tcase_add_test(tests, the_oem_names_itself);
    tcase_add_test(tests, ioapics_of_the_default_unit_have_the_hosts_ids);
    tcase_add_test(tests, the_default_unit_needs_its_arguments);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
