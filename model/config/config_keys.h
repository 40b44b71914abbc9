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
extern const struct config_key config_keys[CONFIG_KEYS];

#endif
