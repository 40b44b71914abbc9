// SPDX-License-Identifier: Apache-2.0
/* Performance counters, and failures on demand. */
#include "model/config/config_keys.h"

const struct config_key config_keys_of_tests[CONFIG_KEYS - CONFIG_PMU_BANKS] = {
    [CONFIG_PMU_BANKS - CONFIG_PMU_BANKS] =
        {{"pmu.banks", "2", "1 to 63", "performance counter banks", "iommu 2.9"}, NUMBER, 63},
    [CONFIG_PMU_COUNTERS -
        CONFIG_PMU_BANKS] = {{"pmu.counters", "4", "1 to 15", "counters in a bank", "iommu 2.9"}, NUMBER, 15},
    [CONFIG_INJECT_PLAN - CONFIG_PMU_BANKS] =
        {{"inject.plan", "none", "none, or rules as in amdvi/inject.h",
          "faults on demand: memory that fails, cache entries with bit errors, devices that do "
          "not answer; as read:pte:nth=5:data_error;atc:dev=0x100:timeout",
          "made for tests and studies"},
         PLAN,
         0},
};
