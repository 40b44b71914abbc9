// SPDX-License-Identifier: Apache-2.0
/* All configuration keys, section by section: what `amdvi config --explain` and the documentation list. */
#include "model/config/config_keys.h"

const struct config_key *config_key(enum config_id id)
{
    if (id < CONFIG_DTE_RIGHTS)
        return &config_keys_of_part[id];
    if (id < CONFIG_TRP_MODE)
        return &config_keys_of_choices[id - CONFIG_DTE_RIGHTS];
    if (id < CONFIG_PMU_BANKS)
        return &config_keys_of_guests[id - CONFIG_TRP_MODE];
    return &config_keys_of_tests[id - CONFIG_PMU_BANKS];
}
