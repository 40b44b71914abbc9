// SPDX-License-Identifier: Apache-2.0
/* The register window and the configuration space of the PCI function (1.1, 1.2, 2). */
#include "machine.h"

#include "model/registers.h"

static struct machine m;

static void setup(void)
{
    machine_open(&m, "preset=rome");
}

static void teardown(void)
{
    machine_close(&m);
}

static enum amdvi_status read_as(uint64_t offset, unsigned size, uint64_t *value)
{
    *value = ~UINT64_C(0);
    return amdvi_mmio_read(m.device, offset, size, value);
}

static void refused(uint64_t offset, unsigned size)
{
    uint64_t value, before = reg_of(&m, 0x20);

    ck_assert_int_eq(read_as(offset, size, &value), AMDVI_ERR_ACCESS);
    ck_assert_uint_eq(value, 0);
    ck_assert_int_eq(amdvi_mmio_write(m.device, offset, size, ~UINT64_C(0)), AMDVI_ERR_ACCESS);
    ck_assert_uint_eq(reg_of(&m, 0x20), before);
}

START_TEST(widths_and_alignment)
{
    static const uint8_t sizes[] = {0, 1, 2, 3, 5, 6, 7, 9, 16};

    for (unsigned i = 0; i < sizeof(sizes); i++)
        refused(0x20, sizes[i]);
    for (unsigned low = 1; low < 8; low++) {
        refused(0x20 + low, 8);
        if (low != 4)
            refused(0x20 + low, 4);
    }
}
END_TEST

START_TEST(window_is_512_kib_with_counters)
{
    uint64_t value;

    ck_assert_uint_eq(amdvi_mmio_size(m.device), 512 * 1024);
    ck_assert_int_eq(read_as(512 * 1024 - 8, 8, &value), AMDVI_OK);
    refused(512 * 1024, 8);
    refused(~UINT64_C(7), 8);
}
END_TEST

START_TEST(window_is_16_kib_without_counters)
{
    struct machine small;

    machine_open(&small, "efr=0xC4");
    ck_assert_uint_eq(amdvi_mmio_size(small.device), 16 * 1024);
    ck_assert_int_eq(amdvi_mmio_write(small.device, 16 * 1024, 8, 0), AMDVI_ERR_ACCESS);
    machine_close(&small);
}
END_TEST

static void half(uint64_t offset, uint32_t value)
{
    ck_assert_int_eq(amdvi_mmio_write(m.device, offset, 4, value), AMDVI_OK);
}

START_TEST(halves_are_apart)
{
    uint64_t value;

    half(0x20, 0x87654003);
    half(0x24, 0x00012345);
    ck_assert_uint_eq(reg_of(&m, 0x20), UINT64_C(0x0001234587654003));
    ck_assert_int_eq(read_as(0x24, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0x00012345);
    half(0x20, 0);
    ck_assert_uint_eq(reg_of(&m, 0x20), UINT64_C(0x0001234500000000));
}
END_TEST

START_TEST(upper_bits_of_a_4_byte_write_do_not_count)
{
    ck_assert_int_eq(amdvi_mmio_write(m.device, 0x20, 4, UINT64_C(0xffffffff00001000)), AMDVI_OK);
    ck_assert_uint_eq(reg_of(&m, 0x20), 0x1000);
}
END_TEST

/* Registers that accept whatever their mask allows while the device is off; control and table sizes do not.
 */
static bool plain(unsigned id, const struct reg_mask *mask)
{
    return mask->exists && reg_info[id].offset != R_CONTROL && reg_info[id].offset / 0x40 != 4 &&
           !mask->custom && !mask->w1c && reg_info[id].offset < 0x4000;
}

START_TEST(what_was_written_is_read_through_the_mask)
{
    struct reg_mask masks[REG_COUNT];
    uint64_t pattern = UINT64_C(0x5a5a5a5a5a5a5a5a), efr = UINT64_C(0x058f77ef22294ade);

    reg_masks(efr, 0, 0x190b640f, masks);
    for (unsigned id = 0; id < REG_COUNT; id++) {
        if (!plain(id, &masks[id]) || reg_info[id].width != 8)
            continue;
        reg(&m, reg_info[id].offset, pattern);
        ck_assert_msg((reg_of(&m, reg_info[id].offset) & masks[id].rw) == (pattern & masks[id].rw), "%llx",
                      (unsigned long long)reg_info[id].offset);
    }
}
END_TEST

START_TEST(absent_registers_read_zero)
{
    struct reg_mask masks[REG_COUNT];
    struct machine small;

    machine_open(&small, "efr=0 efr2=0 cap_header=0x080b640f");
    reg_masks(0, 0, 0x080b640f, masks);
    for (unsigned id = 0; id < REG_COUNT; id++) {
        if (masks[id].exists || reg_info[id].width != 8 || reg_info[id].offset >= 0x4000)
            continue;
        reg(&small, reg_info[id].offset, ~UINT64_C(0));
        ck_assert_uint_eq(reg_of(&small, reg_info[id].offset), 0);
    }
    machine_close(&small);
}
END_TEST

START_TEST(reset_brings_everything_back)
{
    uint64_t control = reg_of(&m, R_CONTROL);

    boot(&m, C_NORMAL);
    command(&m, UINT64_C(1) << 60 | 2, 0);
    ck_assert_uint_ne(reg_of(&m, R_STATUS), 0);
    ck_assert_int_eq(amdvi_reset(m.device), AMDVI_OK);
    ck_assert_uint_eq(reg_of(&m, R_CONTROL), control);
    ck_assert_uint_eq(reg_of(&m, R_STATUS), 0);
    ck_assert_uint_eq(reg_of(&m, R_CMD), UINT64_C(8) << 56);
    ck_assert_uint_eq(reg_of(&m, R_CMD_HEAD), 0);
    ck_assert_uint_eq(reg_of(&m, R_DEVTAB), 0);
}
END_TEST

START_TEST(reset_empties_the_caches)
{
    struct amdvi_statistics statistics;

    dte(&m, DEV, D_OK, DOM, 0);
    boot(&m, C_NORMAL);
    ck_assert(ask(&m, AMDVI_READ, IOVA).ok);
    dte(&m, DEV, D_V | D_TV, DOM, 0);
    ck_assert_int_eq(amdvi_reset(m.device), AMDVI_OK);
    boot(&m, C_NORMAL);
    ck_assert(!ask(&m, AMDVI_READ, IOVA).ok);
    ck_assert_int_eq(amdvi_get_statistics(m.device, &statistics), AMDVI_OK);
    ck_assert_uint_eq(statistics.requests, 1);
}
END_TEST

START_TEST(writes_only_note_work)
{
    boot(&m, C_NORMAL);
    put64(&m, CMD_RING, UINT64_C(1) << 60 | STORE | 1);
    put64(&m, CMD_RING + 8, 0x55);
    ck_assert_int_eq(amdvi_mmio_write(m.device, R_CMD_TAIL, 4, 0x10), AMDVI_OK);
    ck_assert_uint_eq(get64(&m, STORE), 0);
    ck_assert_int_eq(amdvi_run(m.device), AMDVI_OK);
    ck_assert_uint_eq(get64(&m, STORE), 0x55);
}
END_TEST

/* ---------------------------------------------------------------- configuration space */

static uint64_t pci(unsigned offset, unsigned size)
{
    uint64_t value = ~UINT64_C(0);

    ck_assert_int_eq(amdvi_pci_read(m.device, offset, size, &value), AMDVI_OK);
    return value;
}

static void pci_put(unsigned offset, unsigned size, uint64_t value)
{
    ck_assert_int_eq(amdvi_pci_write(m.device, offset, size, value), AMDVI_OK);
}

START_TEST(pci_header)
{
    ck_assert_uint_eq(pci(0, 4), 0x14811022);
    ck_assert_uint_eq(pci(8, 4) >> 8, 0x080600);
    ck_assert_uint_eq(pci(6, 2) & 0x10, 0x10);
    ck_assert_uint_eq(pci(0x34, 1), 0x40);
}
END_TEST

START_TEST(pci_capabilities_are_a_list)
{
    ck_assert_uint_eq(pci(0x40, 4), 0x190b640f);
    ck_assert_uint_eq(pci(0x64, 1), 0x05);
    ck_assert_uint_eq(pci(0x65, 1), 0x74);
    ck_assert_uint_eq(pci(0x66, 2) & 0x80, 0x80);
    ck_assert_uint_eq(pci(0x74, 4) & 0xffff00ff, 0xa8030008);
    ck_assert_uint_eq(pci(0x75, 1), 0xc8);
    ck_assert_uint_eq(pci(0xc8, 4) & 0xff00ff, 0x180009);
    ck_assert_uint_eq(pci(0xd0, 8), UINT64_C(0xe000000001));
    ck_assert_uint_eq(pci(0xd8, 8), UINT64_C(0xe010000001));
}
END_TEST

START_TEST(pci_vendor_capability_needs_viommu)
{
    struct machine old;
    uint64_t value;

    machine_open(&old, "preset=raphael efr=0x240577efa2254afa");
    ck_assert_int_eq(amdvi_pci_read(old.device, 0x75, 1, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0);
    ck_assert_int_eq(amdvi_pci_read(old.device, 0xc8, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0);
    machine_close(&old);
}
END_TEST

START_TEST(pci_base_locks_itself)
{
    pci_put(0x48, 4, 0x12);
    pci_put(0x4c, 4, 0x1234);
    pci_put(0x44, 4, 0xfee80001);
    ck_assert_uint_eq(pci(0x44, 4), 0xfee80001);
    pci_put(0x44, 4, 0);
    pci_put(0x48, 4, 0);
    pci_put(0x4c, 4, 0);
    ck_assert_uint_eq(pci(0x44, 4), 0xfee80001);
    ck_assert_uint_eq(pci(0x48, 4), 0x12);
    ck_assert_uint_eq(pci(0x4c, 4), 0x1234);
}
END_TEST

START_TEST(pci_read_only_fields_stay)
{
    static const uint8_t fixed[] = {0x00, 0x08, 0x34, 0x40, 0x74, 0xc8, 0xcc, 0xfc};

    for (unsigned i = 0; i < sizeof(fixed); i++) {
        uint64_t before = pci(fixed[i], 4);
        pci_put(fixed[i], 4, 0xffffffff);
        ck_assert_uint_eq(pci(fixed[i], 4), before);
    }
}
END_TEST

/* 1.1, 1.2: what software can change. The base comes last: its bit 0 locks the block. */
START_TEST(pci_bits_that_can_be_written)
{
    static const struct {
        uint8_t offset;
        uint32_t bits;
    } rows[] = {{0x04, 0x00000546}, {0x3c, 0x000000ff}, {0x48, 0xffffffff}, {0x50, 0},
                {0x54, 0x0000001f}, {0x64, 0x00710000}, {0x68, 0xfffffffc}, {0x6c, 0xffffffff},
                {0x70, 0x0000ffff}, {0xd0, 0},          {0xd8, 0},          {0x44, 0xfff80001}};

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t zeros;
        pci_put(rows[i].offset, 4, 0);
        zeros = pci(rows[i].offset, 4);
        pci_put(rows[i].offset, 4, 0xffffffff);
        ck_assert_msg((pci(rows[i].offset, 4) ^ zeros) == rows[i].bits, "offset %x", rows[i].offset);
    }
}
END_TEST

START_TEST(pci_narrow_writes_touch_their_bytes)
{
    pci_put(0x68, 4, 0xfee01000);
    pci_put(0x69, 1, 0x20);
    pci_put(0x6a, 2, 0xfee1);
    ck_assert_uint_eq(pci(0x68, 4), 0xfee12000);
    pci_put(0x68, 8, UINT64_C(0x12fee03004));
    ck_assert_uint_eq(pci(0x6c, 4), 0x12);
    ck_assert_uint_eq(pci(0x68, 8), UINT64_C(0x12fee03004));
}
END_TEST

START_TEST(pci_accesses_that_are_refused)
{
    uint64_t value;

    ck_assert_int_eq(amdvi_pci_read(m.device, 0, 3, &value), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_pci_read(m.device, 1, 2, &value), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_pci_read(m.device, 2, 4, &value), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_pci_read(m.device, 4096, 1, &value), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_pci_read(m.device, 0xffc, 8, &value), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_pci_write(m.device, ~0u - 3, 4, 0), AMDVI_ERR_ACCESS);
    ck_assert_int_eq(amdvi_pci_write(m.device, 3, 2, 0), AMDVI_ERR_ACCESS);
}
END_TEST

START_TEST(pci_subsystem_id_has_a_write_port)
{
    pci_put(0x78, 4, 0x12345678);
    ck_assert_uint_eq(pci(0x2c, 4), 0x12345678);
}
END_TEST

START_TEST(pci_target_abort_is_cleared_by_writing_one)
{
    dte(&m, DEV, D_V, DOM, 0);
    boot(&m, C_NORMAL);
    ask(&m, AMDVI_READ, IOVA);
    ck_assert_uint_eq(pci(6, 2) & 0x800, 0x800);
    pci_put(6, 2, 0);
    ck_assert_uint_eq(pci(6, 2) & 0x800, 0x800);
    pci_put(6, 2, 0x800);
    ck_assert_uint_eq(pci(6, 2) & 0x800, 0);
    ck_assert_uint_eq(pci(6, 2) & 0x10, 0x10);
}
END_TEST

START_TEST(msi_registers_are_mirrored)
{
    uint64_t value;

    pci_put(0x68, 4, 0xfee01000);
    ck_assert_int_eq(read_as(0x15c, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0xfee01000);
    half(0x164, 0x41);
    ck_assert_uint_eq(pci(0x70, 2), 0x41);
    half(0x160, 0x7);
    ck_assert_uint_eq(pci(0x6c, 4), 7);
    reg(&m, 0x160, UINT64_C(0x4200000009)); /* two registers of 4 bytes at once */
    ck_assert_uint_eq(pci(0x6c, 4), 9);
    ck_assert_uint_eq(pci(0x70, 2), 0x42);
    ck_assert_int_eq(read_as(0x158, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, pci(0x64, 4));
    ck_assert_int_eq(read_as(0x168, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, pci(0x74, 4));
    ck_assert_int_eq(read_as(0x150, 4, &value), AMDVI_OK);
    ck_assert_uint_eq(value, 0x00203040);
}
END_TEST

START_TEST(null_arguments)
{
    uint64_t value;

    ck_assert_uint_eq(amdvi_mmio_size(NULL), 16 * 1024);

    ck_assert_int_eq(amdvi_mmio_read(NULL, 0, 8, &value), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_mmio_read(m.device, 0, 8, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_mmio_write(NULL, 0, 8, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_pci_read(NULL, 0, 4, &value), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_pci_read(m.device, 0, 4, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_pci_write(NULL, 0, 4, 0), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_reset(NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_run(NULL), AMDVI_ERR_ARGUMENT);
    amdvi_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registers");
    TCase *tests = tcase_create("registers");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, widths_and_alignment);
    tcase_add_test(tests, window_is_512_kib_with_counters);
    tcase_add_test(tests, window_is_16_kib_without_counters);
    tcase_add_test(tests, halves_are_apart);
    tcase_add_test(tests, upper_bits_of_a_4_byte_write_do_not_count);
    tcase_add_test(tests, what_was_written_is_read_through_the_mask);
    tcase_add_test(tests, absent_registers_read_zero);
    tcase_add_test(tests, reset_brings_everything_back);
    tcase_add_test(tests, reset_empties_the_caches);
    tcase_add_test(tests, writes_only_note_work);
    tcase_add_test(tests, pci_header);
    tcase_add_test(tests, pci_capabilities_are_a_list);
    tcase_add_test(tests, pci_vendor_capability_needs_viommu);
    tcase_add_test(tests, pci_base_locks_itself);
    tcase_add_test(tests, pci_read_only_fields_stay);
    tcase_add_test(tests, pci_bits_that_can_be_written);
    tcase_add_test(tests, pci_narrow_writes_touch_their_bytes);
    tcase_add_test(tests, pci_accesses_that_are_refused);
    tcase_add_test(tests, pci_subsystem_id_has_a_write_port);
    tcase_add_test(tests, pci_target_abort_is_cleared_by_writing_one);
    tcase_add_test(tests, msi_registers_are_mirrored);
    tcase_add_test(tests, null_arguments);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
