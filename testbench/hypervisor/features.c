// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/features.h"

#include "model/layout.h"

#include <stddef.h>

enum { GATS_FIVE_LEVELS = 1, GLX_TWO_LEVELS = 1, PASID_BITS = 16, NO_HOST_TABLES = 3 };

/* One bit each: what the text of viommu 13 names, and IASup, which VMM and device both carry out. */
#define FLAGS                                                                                                \
    (REG_EFR_PPRSUP_MASK | REG_EFR_GTSUP_MASK | REG_EFR_IASUP_MASK | REG_EFR_GIOSUP_MASK |                   \
     REG_EFR_EPHSUP_MASK)
/* Numbers, of which a guest may have fewer. */
#define NUMBERS (REG_EFR_GATS_MASK | REG_EFR_GLXSUP_MASK | REG_EFR_PASMAX_MASK)

static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

uint64_t hv_guest_features(uint64_t host_efr)
{
    uint64_t efr = reg_efr_set_hats(host_efr & FLAGS, NO_HOST_TABLES);

    efr = reg_efr_set_gats(efr, at_most(reg_efr_gats(host_efr), GATS_FIVE_LEVELS));
    efr = reg_efr_set_glxsup(efr, at_most(reg_efr_glxsup(host_efr), GLX_TWO_LEVELS));
    return reg_efr_set_pasmax(efr, at_most(reg_efr_pasmax(host_efr), PASID_BITS - 1));
}

static uint64_t too_many(uint64_t efr, uint64_t most)
{
    uint64_t bits = 0;

    if (reg_efr_gats(efr) > reg_efr_gats(most))
        bits |= REG_EFR_GATS_MASK;
    if (reg_efr_glxsup(efr) > reg_efr_glxsup(most))
        bits |= REG_EFR_GLXSUP_MASK;
    if (reg_efr_pasmax(efr) > reg_efr_pasmax(most))
        bits |= REG_EFR_PASMAX_MASK;
    return bits;
}

/* GATS is 0 or 1, GLXSup 0 to 2. */
static uint64_t reserved(uint64_t efr)
{
    return (reg_efr_gats(efr) > GATS_FIVE_LEVELS ? REG_EFR_GATS_MASK : 0) |
           (reg_efr_glxsup(efr) == 3 ? REG_EFR_GLXSUP_MASK : 0);
}

static uint64_t no_host_tables(uint64_t efr)
{
    return reg_efr_hats(efr) == NO_HOST_TABLES ? 0 : REG_EFR_HATS_MASK;
}

static enum hv_feature_fault answer(uint64_t wrong, enum hv_feature_fault fault, uint64_t *bits)
{
    if (bits)
        *bits = wrong;
    return wrong ? fault : HV_FEATURE_GOOD;
}

enum hv_feature_fault hv_guest_features_check(uint64_t host_efr, uint64_t efr, uint64_t efr2, uint64_t *bits)
{
    const uint64_t most = hv_guest_features(host_efr), needed = REG_EFR_GTSUP_MASK | REG_EFR_GIOSUP_MASK;
    const struct {
        uint64_t wrong;
        enum hv_feature_fault fault;
    } rules[] = {
        {efr & ~(FLAGS | NUMBERS | REG_EFR_HATS_MASK), HV_FEATURE_NOT_FOR_GUESTS},
        {efr2, HV_FEATURE_NOT_FOR_GUESTS},
        {efr & FLAGS & ~most, HV_FEATURE_NOT_THERE},
        {reserved(efr), HV_FEATURE_RESERVED},
        {too_many(efr, most), HV_FEATURE_TOO_MANY},
        {no_host_tables(efr), HV_FEATURE_HOST_TABLES},
        {needed & ~efr, HV_FEATURE_NEEDED},
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].wrong)
            return answer(rules[i].wrong, rules[i].fault, bits);
    return answer(0, HV_FEATURE_GOOD, bits);
}

const char *hv_feature_fault_text(enum hv_feature_fault fault)
{
    static const char *const texts[] = {
        [HV_FEATURE_GOOD] = "good",
        [HV_FEATURE_NOT_FOR_GUESTS] = "no guest may be shown it",
        [HV_FEATURE_NOT_THERE] = "the host does not have it",
        [HV_FEATURE_TOO_MANY] = "more than a guest may have here",
        [HV_FEATURE_RESERVED] = "reserved value",
        [HV_FEATURE_HOST_TABLES] = "guests have no host page tables: HATS is 3",
        [HV_FEATURE_NEEDED] = "a guest needs it to translate at all",
    };

    return (unsigned)fault < sizeof(texts) / sizeof(texts[0]) ? texts[fault] : "unknown";
}
