// SPDX-License-Identifier: Apache-2.0
/* What the revisions of the specification differ in: features, and reserved bits of device table entries. */
#include "amdvi/amdvi.h"
#include "model/config/config.h"
#include "model/layout.h"
#include "tables/layout.h"

void config_revision_features(unsigned revision, uint64_t *efr, uint64_t *efr2)
{
    typedef uint64_t (*reserved)(uint64_t, uint64_t, uint32_t);
    static const struct {
        reserved efr, efr2;
    } lacks[REVISIONS] = {
        [REVISION_2_62] = {reg_efr_r262_reserved, reg_efr2_r262_reserved},
        [REVISION_3_05] = {reg_efr_r305_reserved, reg_efr2_r305_reserved},
        [REVISION_3_10] = {reg_efr_r310_reserved, reg_efr2_r310_reserved},
        [REVISION_3_11] = {reg_efr_r311_reserved, reg_efr2_r311_reserved},
    };

    if (!lacks[revision].efr)
        return; /* REVISION_ANY */
    *efr &= ~lacks[revision].efr(0, 0, 0);
    *efr2 &= ~lacks[revision].efr2(0, 0, 0);
}

#define BIT(n)          ((uint64_t)1 << (n))
#define BITS(high, low) ((BIT((high) - (low)) * 2 - 1) << (low))

/* Bits of the words of an entry whose meaning differs by revision, and what each has of them reserved (17.2).
 */
static const uint64_t differing[4] = {DTE_CXLMEMATTR_MASK, BIT(42), BITS(55, 54), BITS(53, 0)};
static const uint64_t reserved_by[REVISIONS][4] = {
    [REVISION_2_62] = {BIT(63) | BITS(53, 52) | BITS(7, 2), BIT(42), BIT(59) | BITS(55, 52), BITS(53, 0)},
    [REVISION_3_05] = {BITS(6, 2), BIT(42), BITS(55, 54), BITS(53, 0)},
    [REVISION_3_10] = {BITS(6, 2), 0, 0, BITS(53, 48) | BITS(14, 0)},
    [REVISION_3_11] = {BITS(3, 2), 0, 0, 0},
};

void config_dte_reserved(const struct amdvi_config *config, uint64_t out[4])
{
    uint64_t revision = config->value[CONFIG_DTE_RESERVED];
    uint64_t efr = config->value[CONFIG_EFR], efr2 = config->value[CONFIG_EFR2];
    uint32_t cap = (uint32_t)config->value[CONFIG_CAP_HEADER];

    if (config->value[CONFIG_DTE_BIT245])
        dte_reserved(efr, efr2, cap, out);
    else
        dte_strict_reserved(efr, efr2, cap, out);
    for (unsigned i = 0; i < 4 && revision != REVISION_ANY; i++)
        out[i] = (out[i] & ~differing[i]) | reserved_by[revision][i];
}

enum amdvi_status amdvi_config_dte_reserved(const struct amdvi_config *config, uint64_t words[4])
{
    if (!config || !words)
        return AMDVI_ERR_ARGUMENT;
    config_dte_reserved(config, words);
    return AMDVI_OK;
}
