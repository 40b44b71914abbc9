// SPDX-License-Identifier: GPL-2.0-only
/* Performance counters, as a driver for perf uses them. */
#include <linux/amd-iommu.h>

#include "api.h"

int api_counter(int iommu, int bank, int counter, int offset, int write, kshim_u64 *value)
{
    struct amd_iommu *unit = get_amd_iommu(iommu);
    u64 word = *value;
    int result;

    if (!unit)
        return -ENODEV;
    result = write ? amd_iommu_pc_set_reg(unit, bank, counter, offset, &word)
                   : amd_iommu_pc_get_reg(unit, bank, counter, offset, &word);
    *value = word;
    return result;
}
