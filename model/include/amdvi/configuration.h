// SPDX-License-Identifier: Apache-2.0
/*
 * Configurations: keys with values, from which devices are made.
 */
#ifndef AMDVI_CONFIGURATION_H
#define AMDVI_CONFIGURATION_H

#include <stddef.h>
#include <stdint.h>

#include "amdvi/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All keys of a device with their values; see `amdvi config --explain`. */
struct amdvi_config;

struct amdvi_config_key {
    const char *name;
    const char *fallback; /* default, in the form that amdvi_config_set() takes */
    const char *values;   /* legal values, in words */
    const char *meaning;
    const char *source; /* where the default comes from */
};

/* Starts with every key at its default (preset genoa). Free with amdvi_config_destroy(). */
enum amdvi_status amdvi_config_create(struct amdvi_config **config);
/* Null does nothing. Devices made with it go on: they have a copy. */
void amdvi_config_destroy(struct amdvi_config *config);

/*
 * Sets one key. Numbers are decimal or 0x hex. `preset` sets efr, efr2 and the capability values at once, and
 * `spec` efr, efr2 and dte.reserved, so they come before the keys that refine them.
 * AMDVI_ERR_UNKNOWN_KEY or AMDVI_ERR_BAD_VALUE on mistakes.
 */
enum amdvi_status amdvi_config_set(struct amdvi_config *config, const char *key, const char *value);

/* The value as amdvi_config_set() would take it, cut to `size` bytes with the final 0. AMDVI_ERR_UNKNOWN_KEY;
 * AMDVI_ERR_ARGUMENT for null and for a size of 0. */
enum amdvi_status amdvi_config_get(const struct amdvi_config *config, const char *key, char *value,
                                   size_t size);

/* Number value of a key with a numeric or on/off value. */
enum amdvi_status amdvi_config_number(const struct amdvi_config *config, const char *key, uint64_t *value);

/* Key number `index`, from 0, in the order of the documentation; null after the last one. */
const struct amdvi_config_key *amdvi_config_key_at(size_t index);

/* Name of preset number `index`, from 0; null after the last one. */
const char *amdvi_preset_at(size_t index);

/* The bits of a device table entry, low word first, that must be 0 with this configuration [3.4, 17.2].
 * AMDVI_ERR_ARGUMENT for a null pointer. */
enum amdvi_status amdvi_config_dte_reserved(const struct amdvi_config *config, uint64_t words[4]);

/* A feature whose bits software can see and set, while the model only keeps them. */
struct amdvi_stored_feature {
    const char *name;
    const char *where;  /* its bits */
    const char *lacks;  /* what does not happen, in words */
    const char *source; /* why: section of the reference, or a key that changes it */
};

/* Number `index`, from 0, of those that a device of this configuration advertises; null after the last one
 * and for a null configuration. */
const struct amdvi_stored_feature *amdvi_stored_feature_at(const struct amdvi_config *config, size_t index);

#ifdef __cplusplus
}
#endif

#endif
