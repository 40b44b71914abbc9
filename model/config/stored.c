// SPDX-License-Identifier: Apache-2.0
/* Features that software sees and may turn on, of which the model only keeps the bits. */
#include "model/config/config.h"
#include "model/layout.h"

struct stored_row {
    struct amdvi_stored_feature public;
    uint64_t efr, efr2, cap; /* any of these bits advertises it */
    unsigned key;            /* with `has_effect`: the key that decides whether it is only stored */
    bool (*has_effect)(uint64_t value);
};

static bool marc_has_effect(uint64_t match)
{
    return match < 2; /* request, result */
}

static bool switched_on(uint64_t value)
{
    return value;
}

static const struct stored_row rows[] = {
    {.public = {"PrivAbrtEn", "Control 38:37", "which privilege violations abort",
                "iommu 2.4: FB; no source has more"},
     .efr = REG_EFR_USSUP_MASK},
    {.public = {"HADUpdate", "Control 47:46", "A and D bits are set whatever it says",
                "iommu 2.4, 13 no. 37"},
     .efr = REG_EFR_HASUP_MASK},
    {.public = {"SATS", "EFR 31, DTE 106", "translated requests are not verified",
                "iommu 9.1, 13 no. 31: name only"},
     .efr = REG_EFR_SATSSUP_MASK},
    {.public = {"MARC", "EFR 43:42, 0200h-0258h", "apertures lead nowhere", "key marc.match"},
     .efr = REG_EFR_MARCSUP_MASK,
     .key = CONFIG_MARC_MATCH,
     .has_effect = marc_has_effect},
    {.public = {"PerfOpt", "EFR 45, 016Ch", "nothing is faster or slower for it", "iommu 2.1: VB; name only"},
     .efr = REG_EFR_PERFOPTSUP_MASK},
    {.public = {"SnoopAttribute", "EFR 51, DTE 255:248",
                "N of ATS completions does not follow the guest's PAT index", "iommu 3.2: mapping inferred"},
     .efr = REG_EFR_ATTRFWSUP_MASK},
    {.public = {"InvIotlbType", "EFR 54", "TYPE of INVALIDATE_IOTLB_PAGES is taken and has no effect",
                "iommu 6.4, 13 no. 35"},
     .efr = REG_EFR_INVIOTLBTYPESUP_MASK},
    {.public = {"VmGuardIo", "EFR 56", "nothing follows", "iommu 2.5: name only"},
     .efr = REG_EFR_VMGUARDIOSUP_MASK},
    {.public = {"ForcePhyDest", "EFR 62", "an IRTE's DM counts", "iommu 13 no. 31; key int.force_physical"},
     .efr = REG_EFR_FORCEPHYDESTSUP_MASK,
     .key = CONFIG_FORCE_PHYSICAL,
     .has_effect = switched_on},
    {.public = {"RMP", "EFR 63", "with SNP no reverse map table is looked at", "iommu 7.3, 9.1: not public"},
     .efr = REG_EFR_SNPSUP_MASK},
    {.public = {"CXLMemAttr", "EFR2 0, DTE 6:4", "ATS completions have no CXL.io bit", "iommu 3.2: OV"},
     .efr2 = REG_EFR2_CXLIOSUP_MASK},
    {.public = {"SEV-TIO", "EFR2 1", "nothing follows", "iommu 2.6: name only"},
     .efr2 = REG_EFR2_SEVTIOSUP_MASK},
    {.public = {"TMPM", "EFR2 2, Control 56", "pages do not migrate", "iommu 2.4, 2.6: name only"},
     .efr2 = REG_EFR2_TMPMSUP_MASK},
    {.public = {"DTE.Cache", "DTE 101", "ATS completions say nothing of caching",
                "iommu 9.2: polarity not known"},
     .cap = CAP_HEADER_IOTLBSUP_MASK},
};

static bool only_stored(const struct amdvi_config *config, const struct stored_row *row)
{
    bool advertised = (config->value[CONFIG_EFR] & row->efr) | (config->value[CONFIG_EFR2] & row->efr2) |
                      (config->value[CONFIG_CAP_HEADER] & row->cap);

    return advertised && !(row->has_effect && row->has_effect(config->value[row->key]));
}

const struct amdvi_stored_feature *amdvi_stored_feature_at(const struct amdvi_config *config, size_t index)
{
    for (size_t i = 0; config && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (only_stored(config, &rows[i]) && index-- == 0)
            return &rows[i].public;
    return NULL;
}
