// SPDX-License-Identifier: Apache-2.0
/* Which features a guest may be shown (viommu 4.3, 13): each bit of EFR, against a list written down here. */
#include "bench.h"
#include "run.h"

#include "model/layout.h"
#include "testbench/hypervisor/features.h"
#include "testbench/hypervisor/vmm.h"

/* A real machine's word (viommu 1.1): HATS=2, GATS=1, GLXSup=1, PASmax=15. */
#define SILICON UINT64_C(0xa5bf732fa2295afe)

static struct bench b;

static uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

/* Bits 1, 4, 6, 48 and 50; HATS=3; GATS, GLXSup and PASmax as the host's, up to 1, 1 and 15. */
START_TEST(a_real_machine_gives_this)
{
    uint64_t expected = bit(1) | bit(4) | bit(6) | bit(48) | bit(50) | UINT64_C(3) << 10 | bit(12) | bit(14) |
                        UINT64_C(15) << 32;

    ck_assert_uint_eq(hv_guest_features(SILICON), expected & (SILICON | UINT64_C(3) << 10));
    ck_assert_uint_eq(hv_guest_features(UINT64_MAX), expected);
    ck_assert_int_eq(hv_guest_features_check(SILICON, hv_guest_features(SILICON), 0, NULL), HV_FEATURE_GOOD);
}
END_TEST

/* Every other bit, set in a good word, is refused by name; the host's word full of ones. */
START_TEST(each_bit_is_judged)
{
    const uint64_t good = hv_guest_features(UINT64_MAX);
    uint64_t wrong;

    for (unsigned n = 0; n < 64; n++) {
        bool flag = n == 1 || n == 4 || n == 6 || n == 48 || n == 50;
        bool field = (n >= 10 && n <= 15) || (n >= 32 && n <= 36);
        enum hv_feature_fault fault = hv_guest_features_check(UINT64_MAX, good | bit(n), 0, &wrong);
        if (flag || (good & bit(n))) {
            ck_assert_int_eq(fault, HV_FEATURE_GOOD);
            ck_assert_uint_eq(wrong, 0);
        } else if (!field) {
            ck_assert_int_eq(fault, HV_FEATURE_NOT_FOR_GUESTS);
            ck_assert_uint_eq(wrong, bit(n));
        } else {
            ck_assert_int_ne(fault, HV_FEATURE_GOOD);
            ck_assert(wrong & bit(n));
        }
        ck_assert_int_eq(hv_guest_features_check(UINT64_MAX, good, bit(n), &wrong),
                         HV_FEATURE_NOT_FOR_GUESTS);
        ck_assert_uint_eq(wrong, bit(n));
    }
}
END_TEST

START_TEST(fields_are_judged)
{
    uint64_t good = hv_guest_features(UINT64_MAX), small = SILICON, wrong;

    ck_assert_int_eq(hv_guest_features_check(UINT64_MAX, good | UINT64_C(2) << 12, 0, &wrong),
                     HV_FEATURE_RESERVED);
    ck_assert_uint_eq(wrong, UINT64_C(3) << 12);
    ck_assert_int_eq(hv_guest_features_check(UINT64_MAX, good | UINT64_C(3) << 14, 0, &wrong),
                     HV_FEATURE_RESERVED);
    ck_assert_uint_eq(wrong, UINT64_C(3) << 14);
    small &= ~(UINT64_C(3) << 12 | UINT64_C(3) << 14 | UINT64_C(31) << 32);
    small |= UINT64_C(9) << 32;
    good = hv_guest_features(small);
    ck_assert_int_eq(hv_guest_features_check(small, good + bit(12), 0, &wrong), HV_FEATURE_TOO_MANY);
    ck_assert_uint_eq(wrong, UINT64_C(3) << 12);
    ck_assert_int_eq(hv_guest_features_check(small, good + bit(14), 0, &wrong), HV_FEATURE_TOO_MANY);
    ck_assert_int_eq(hv_guest_features_check(small, good + bit(32), 0, &wrong), HV_FEATURE_TOO_MANY);
    ck_assert_uint_eq(wrong, UINT64_C(31) << 32);
    ck_assert_int_eq(hv_guest_features_check(small, good - bit(32), 0, NULL), HV_FEATURE_GOOD);
    ck_assert_int_eq(hv_guest_features_check(small, good & ~bit(10), 0, &wrong), HV_FEATURE_HOST_TABLES);
    ck_assert_uint_eq(wrong, UINT64_C(3) << 10);
    ck_assert_int_eq(hv_guest_features_check(small & ~bit(50), good, 0, &wrong), HV_FEATURE_NOT_THERE);
    ck_assert_uint_eq(wrong, bit(50));
    ck_assert_int_eq(hv_guest_features_check(small, good & ~bit(48), 0, &wrong), HV_FEATURE_NEEDED);
    ck_assert_int_eq(hv_guest_features_check(small, good & ~bit(4), 0, &wrong), HV_FEATURE_NEEDED);
    ck_assert_uint_eq(wrong, bit(4));
}
END_TEST

START_TEST(faults_have_texts)
{
    for (unsigned fault = HV_FEATURE_GOOD; fault <= HV_FEATURE_NEEDED; fault++)
        ck_assert_str_ne(hv_feature_fault_text((enum hv_feature_fault)fault), "unknown");
    ck_assert_str_eq(hv_feature_fault_text((enum hv_feature_fault)99), "unknown");
}
END_TEST

/* A VMM shows less than it may: no page requests, four levels. What it may not show, it does not get. */
START_TEST(a_vmm_chooses)
{
    struct hv_vmm_options options = {
        .mode = _i ? HV_VMM_MEDIATED : HV_VMM_HARDWARE, .gpa = BENCH_GPA, .memory = 8 << 20};
    uint64_t host, host2, efr;
    struct hv_vmm *vmm;

    bench_machine(&b, NULL, NULL);
    bench_start(&b);
    options.first = BENCH_DEVICE;
    options.first_guest = 0x10;
    hv_driver_features(b.driver, &host, &host2);
    options.efr = hv_guest_features(host) & ~(REG_EFR_PPRSUP_MASK | REG_EFR_GATS_MASK);
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_OK);
    ck_assert_int_eq(hv_vmm_read(vmm, REG_EFR_OFFSET, 8, &efr), HV_OK);
    ck_assert_uint_eq(efr, options.efr);
    hv_vmm_destroy(vmm);
    options.efr |= REG_EFR_XTSUP_MASK;
    ck_assert_int_eq(hv_vmm_create(b.driver, &options, &vmm), HV_ERR_UNSUPPORTED);
    bench_free(&b);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("features");

    tcase_add_test(tcase, a_real_machine_gives_this);
    tcase_add_test(tcase, each_bit_is_judged);
    tcase_add_test(tcase, fields_are_judged);
    tcase_add_test(tcase, faults_have_texts);
    tcase_add_loop_test(tcase, a_vmm_chooses, 0, 2);
    return run_tests(tcase);
}
