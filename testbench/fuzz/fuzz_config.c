// SPDX-License-Identifier: Apache-2.0
/*
 * Any text as "key value" lines: no crash; a value that is taken reads back as a value that is taken and
 * means the same; and every configuration makes a device or says why not.
 */
#include "amdvi/amdvi.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void goes_round(struct amdvi_config *config, const char *key)
{
    char first[256], second[256];

    if (amdvi_config_get(config, key, first, sizeof(first)) != AMDVI_OK)
        abort();
    if (strlen(first) + 1 == sizeof(first))
        return; /* cut */
    if (amdvi_config_set(config, key, first) != AMDVI_OK)
        abort();
    amdvi_config_get(config, key, second, sizeof(second));
    if (strcmp(first, second) != 0)
        abort();
}

static void set_line(struct amdvi_config *config, char *line)
{
    char *space = strchr(line, ' ');
    enum amdvi_status status;

    if (!space)
        return;
    *space = 0;
    status = amdvi_config_set(config, line, space + 1);
    if (status == AMDVI_OK)
        goes_round(config, line);
    else if (status != AMDVI_ERR_UNKNOWN_KEY && status != AMDVI_ERR_BAD_VALUE)
        abort();
}

static void try_device(const struct amdvi_config *config)
{
    struct amdvi_memory nothing = {0};
    struct amdvi_request request = {.address = 0x1000, .length = 8};
    struct amdvi_device *device;
    struct amdvi_result result;

    if (amdvi_create(config, &nothing, NULL, NULL, &device) != AMDVI_OK)
        return;
    amdvi_mmio_write(device, 0x18, 8, ~(uint64_t)0);
    if (amdvi_translate(device, &request, &result) != AMDVI_OK)
        abort();
    amdvi_destroy(device);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct amdvi_config *config;
    char text[TEXT], *line = text;

    if (size >= TEXT || amdvi_config_create(&config) != AMDVI_OK)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    while (line) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        set_line(config, line);
        line = next;
    }
    try_device(config);
    amdvi_config_destroy(config);
    return 0;
}
