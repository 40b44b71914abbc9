// SPDX-License-Identifier: Apache-2.0
/* The table behind the configuration: a name, a default, legal values, a text and a source for each key. */
#ifndef AMDVI_MODEL_CONFIG_KEYS_H
#define AMDVI_MODEL_CONFIG_KEYS_H

#include "amdvi/amdvi.h"
#include "model/config/config.h"

enum config_kind { NUMBER, SWITCH, CHOICE, PLAN, DEVICE };

struct config_key {
    struct amdvi_config_key public;
    enum config_kind kind;
    uint64_t limit; /* NUMBER, DEVICE: largest legal value */
};

/* The default of keys that the preset sets. */
extern const char config_from_preset[];

/* A section has the keys from its first one up to the first of the next section, in files keys_*.c. */
extern const struct config_key config_keys_of_part[CONFIG_DTE_RIGHTS];
extern const struct config_key config_keys_of_choices[CONFIG_TRP_MODE - CONFIG_DTE_RIGHTS];
extern const struct config_key config_keys_of_guests[CONFIG_PMU_BANKS - CONFIG_TRP_MODE];
extern const struct config_key config_keys_of_tests[CONFIG_KEYS - CONFIG_PMU_BANKS];

/* The row of a key; `id` is below CONFIG_KEYS. */
const struct config_key *config_key(enum config_id id);

#endif
