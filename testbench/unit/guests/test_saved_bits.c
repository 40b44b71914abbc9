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

int main(void)
{
    Suite *suite = suite_create("guests: saved bits");
    TCase *tests = tcase_create("saved bits");

    tcase_add_test(tests, control_bits_of_absent_features_stay_clear);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
