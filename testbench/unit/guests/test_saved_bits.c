// SPDX-License-Identifier: Apache-2.0
/* A saved form may have been made by anybody: it turns nothing on that the device does not have. */
#include "testbench/unit/guests/saved.h"
#include "testbench/unit/guests/world.h"
#include "testbench/unit/run.h"

#include <check.h>

enum { A, CONTROL_NUMBER = 3 /* registers by offset: 0h, 8h, 10h, 18h (iommu 2.1) */ };

#define WITHOUT_VIOMMU "efr=0x253f732fa2295afe" /* preset genoa, EFR bit 55 clear */

static struct world w;
static struct saved saved;

START_TEST(control_bits_of_absent_features_stay_clear)
{
    /* IommuEn, Coherent, GTEn, GCR3TRPMode */
    const uint64_t control = 1 | 1 << 10 | 1 << 16 | UINT64_C(1) << 58;
    size_t registers;

    world_open_bare(&w, WITHOUT_VIOMMU, true);
    reg_write(&w, 0x0, H_DEVTAB | 7);
    reg_write(&w, R_CONTROL, control);
    saved_device(&saved, w.device);
    registers = saved_find(&saved, SAVED_REGISTERS, 0);
    ck_assert_uint_eq(saved_get(&saved, registers + 8 * CONTROL_NUMBER, 8), control);
    saved_put(&saved, registers + 8 * CONTROL_NUMBER, control | C_VIOMMU, 8);
    saved_seal(&saved);
    ck_assert_int_eq(amdvi_restore(w.device, saved.bytes, saved.size), AMDVI_OK);
    ck_assert_uint_eq(reg_read(&w, R_CONTROL), control);
    ck_assert(guest_ask(&w, A, 0, AMDVI_READ, G_IOVA).ok); /* whose entry has vImuEn=1 */
    world_close(&w);
}
END_TEST

static uint64_t pci(unsigned offset)
{
    uint64_t value = 0;

    ck_assert_int_eq(amdvi_pci_read(w.device, offset, 4, &value), AMDVI_OK);
    return value;
}

/* Every bit of the configuration space turned over: what software cannot change stays, windows of guests that
 * the device does not have among it (viommu 1.3). */
START_TEST(configuration_space_stays_that_of_the_device)
{
    enum { MSI_HEADER = 0x64, VF_BASE = 0xd0, COMMAND = 0x4 };
    uint32_t before[64];
    size_t space;

    world_open_bare(&w, WITHOUT_VIOMMU, true);
    for (unsigned i = 0; i < 64; i++)
        before[i] = (uint32_t)pci(4 * i);
    saved_device(&saved, w.device);
    space = saved_find(&saved, SAVED_PCI, 0);
    for (unsigned i = 0; i < 64; i++)
        saved_put(&saved, space + (size_t)4 * i, ~before[i], 4);
    saved_seal(&saved);
    ck_assert_int_eq(amdvi_restore(w.device, saved.bytes, saved.size), AMDVI_OK);
    ck_assert_uint_eq(pci(0), before[0]);
    ck_assert_uint_eq(pci(0x34), before[0xd]);
    ck_assert_uint_eq(pci(0x40), before[0x10]);
    ck_assert_uint_eq(pci(0x50), before[0x14]);
    ck_assert_uint_eq(pci(VF_BASE), before[VF_BASE / 4]);
    ck_assert_uint_eq(pci(COMMAND), before[1] ^ 0xf9000546);
    ck_assert_uint_eq(pci(MSI_HEADER), before[MSI_HEADER / 4] ^ 0x00710000);
    world_close(&w);
}
END_TEST

/* The lock of the base (iommu 1.2) comes back behind what it locks; the subsystem's ID with its own write
 * register.
 */
START_TEST(configuration_space_comes_back_whole)
{
    static const struct {
        unsigned offset;
        uint32_t value;
    } writes[] = {{0x48, 0x12},       {0x4c, 0x00ff0100}, {0x44, 0xfd180001}, {0x64, 0x00210000},
                  {0x68, 0xfee01230}, {0x70, 0x4567},     {0x78, 0x12345678}, {0x4, 0x6}};
    struct saved again;

    world_open_bare(&w, WITHOUT_VIOMMU, true);
    for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        ck_assert_int_eq(amdvi_pci_write(w.device, writes[i].offset, 4, writes[i].value), AMDVI_OK);
    saved_device(&saved, w.device);
    ck_assert_int_eq(amdvi_reset(w.device), AMDVI_OK);
    ck_assert_uint_ne(pci(0x48), 0x12);
    ck_assert_int_eq(amdvi_restore(w.device, saved.bytes, saved.size), AMDVI_OK);
    ck_assert_uint_eq(pci(0x48), 0x12);
    ck_assert_uint_eq(pci(0x2c), 0x12345678);
    saved_device(&again, w.device);
    ck_assert(saved_same(&again, &saved));
    world_close(&w);
}
END_TEST

/* Reserved bits of performance counters (iommu 2.9) read as 0, whatever was in the bytes. */
START_TEST(counters_have_no_reserved_bits)
{
    enum { COUNTER = 0x40000, SOURCE = COUNTER + 8, REPORT = COUNTER + 0x28 };
    size_t counters;

    world_open_bare(&w, WITHOUT_VIOMMU, true);
    saved_device(&saved, w.device);
    counters = saved_find(&saved, SAVED_COUNTERS, 0);
    ck_assert_uint_ne(counters, 0);
    for (size_t i = 0; i < saved_length(&saved, counters); i += 8)
        saved_put(&saved, counters + i, UINT64_MAX, 8);
    saved_seal(&saved);
    ck_assert_int_eq(amdvi_restore(w.device, saved.bytes, saved.size), AMDVI_OK);
    ck_assert_uint_eq(reg_read(&w, COUNTER), 0x0000ffffffffffff);
    ck_assert_uint_eq(reg_read(&w, SOURCE), 0x00000000800000ff);
    ck_assert_uint_eq(reg_read(&w, REPORT), 0x800fffffffffffff);
    ck_assert_uint_eq(reg_read(&w, COUNTER + 0x1300), 0x0000ffffffffffff); /* the last one */
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guests: saved bits");
    TCase *tests = tcase_create("saved bits");

    tcase_add_test(tests, control_bits_of_absent_features_stay_clear);
    tcase_add_test(tests, configuration_space_stays_that_of_the_device);
    tcase_add_test(tests, configuration_space_comes_back_whole);
    tcase_add_test(tests, counters_have_no_reserved_bits);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
