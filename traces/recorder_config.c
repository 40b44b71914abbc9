// SPDX-License-Identifier: Apache-2.0
/* The configuration of a recorded device: its preset and revision, and every key that they do not say. */
#include "traces/recorder_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_BYTES = 8192 };

static void write_pair(struct amdvi_recorder *recorder, const char *key, const char *value)
{
    struct amdvi_trace_pair pair = {key, value};
    struct amdvi_trace_record record;

    amdvi_trace_record_init(&record, AMDVI_TRACE_KIND_CONFIG);
    record.pairs = &pair;
    record.pairs_count = 1;
    if (recorder->status == AMDVI_TRACE_OK)
        recorder_fail(recorder, amdvi_trace_write(recorder->writer, &record));
}

/* Keys of the trace itself, which the recorder decides. */
static bool own_key(const char *name)
{
    return strcmp(name, "preset") == 0 || strcmp(name, "ram") == 0 || strcmp(name, "autorun") == 0;
}

static void write_rest(struct amdvi_recorder *recorder, const struct amdvi_config *config,
                       const struct amdvi_config *usual)
{
    char *value = malloc(2 * VALUE_BYTES), *otherwise = value + VALUE_BYTES;
    const struct amdvi_config_key *key;

    if (!value) {
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
        return;
    }
    for (size_t i = 0; (key = amdvi_config_key_at(i)); i++)
        if (!own_key(key->name) && amdvi_config_get(config, key->name, value, VALUE_BYTES) == AMDVI_OK &&
            amdvi_config_get(usual, key->name, otherwise, VALUE_BYTES) == AMDVI_OK &&
            strcmp(value, otherwise) != 0)
            write_pair(recorder, key->name, value);
    free(value);
}

void recorder_config(struct amdvi_recorder *recorder, const struct amdvi_config *config)
{
    struct amdvi_config *usual = NULL;
    char preset[64] = "genoa", spec[16] = "any", ram[32];

    amdvi_config_get(config, "preset", preset, sizeof(preset));
    amdvi_config_get(config, "spec", spec, sizeof(spec));
    snprintf(ram, sizeof(ram), "0x%" PRIx64, recorder->ram);
    if (amdvi_config_create(&usual) != AMDVI_OK || amdvi_config_set(usual, "preset", preset) != AMDVI_OK ||
        amdvi_config_set(usual, "spec", spec) != AMDVI_OK)
        recorder_fail(recorder, AMDVI_TRACE_ERR_MEMORY);
    write_pair(recorder, "preset", preset);
    if (strcmp(spec, "any") != 0)
        write_pair(recorder, "spec", spec);
    write_pair(recorder, "ram", ram);
    write_pair(recorder, "autorun", "0");
    if (recorder->status == AMDVI_TRACE_OK)
        write_rest(recorder, config, usual);
    amdvi_config_destroy(usual);
}
