// SPDX-License-Identifier: Apache-2.0
/* Parameters by name and as text. */
#include "model/timed/table.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 64 };

const struct amdvi_timed_parameter *amdvi_timed_parameter_at(size_t index)
{
    return index < PARAMETERS ? &parameter_rows[index].public : NULL;
}

const struct amdvi_timed_preset *amdvi_timed_preset_at(size_t index)
{
    size_t count = 0;

    while (preset_rows[count].name)
        count++;
    _Static_assert(sizeof(struct preset_row) == sizeof(struct amdvi_timed_preset), "the same texts");
    return index < count ? (const struct amdvi_timed_preset *)(const void *)&preset_rows[index] : NULL;
}

static int find(const char *name)
{
    for (int i = 0; i < PARAMETERS; i++)
        if (!strcmp(parameter_rows[i].public.name, name))
            return i;
    return -1;
}

/* ---------------------------------------------------------------- values */

static bool parse_number(const char *text, uint64_t *value, const char **rest)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    *value = strtoull(text, &end, 10);
    *rest = end;
    return *value != UINT64_MAX || !strncmp(text, "18446744073709551615", 20);
}

static bool parse_time(const char *text, uint64_t *ps)
{
    static const struct {
        const char *unit;
        uint64_t ps;
    } units[] = {
        {"ps", 1}, {"ns", 1000}, {"us", 1000000}, {"ms", 1000000000}, {"s", UINT64_C(1000000000000)}};
    const char *unit;

    if (!parse_number(text, ps, &unit))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (!strcmp(unit, units[i].unit))
            return !__builtin_mul_overflow(*ps, units[i].ps, ps);
    return false;
}

/* Number of `text` among the words of `values`. */
static bool parse_choice(const char *values, const char *text, uint64_t *value)
{
    size_t length = strlen(text);

    for (*value = 0;; (*value)++) {
        size_t word = strcspn(values, "|");
        if (word == length && !strncmp(values, text, length))
            return true;
        if (!values[word])
            return false;
        values += word + 1;
    }
}

static bool parse(const struct amdvi_timed_parameter *p, const char *text, uint64_t *value)
{
    const char *rest;

    if (*p->values)
        return parse_choice(p->values, text, value);
    if (!strcmp(p->unit, "time"))
        return parse_time(text, value);
    return parse_number(text, value, &rest) && !*rest;
}

enum amdvi_status amdvi_timed_set(struct amdvi_timed_parameters *parameters, const char *name,
                                  const char *value)
{
    const struct amdvi_timed_parameter *p;
    uint64_t number;
    int i;

    if (!parameters || !name || !value)
        return AMDVI_ERR_ARGUMENT;
    i = find(name);
    if (i < 0)
        return AMDVI_ERR_UNKNOWN_KEY;
    p = &parameter_rows[i].public;
    if (!parse(p, value, &number) || number < p->least || number > p->most)
        return AMDVI_ERR_BAD_VALUE;
    parameters->value[i] = number;
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_get(const struct amdvi_timed_parameters *parameters, const char *name,
                                  uint64_t *value)
{
    int i;

    if (!parameters || !name || !value)
        return AMDVI_ERR_ARGUMENT;
    i = find(name);
    if (i < 0)
        return AMDVI_ERR_UNKNOWN_KEY;
    *value = parameters->value[i];
    return AMDVI_OK;
}

/* All ports together: the device has so many places, some of which are for other things. */
static bool fits(const struct amdvi_timed_parameters *parameters)
{
    enum { PLACES = 60000 };

    return parameters->value[PARAMETER_L1_PORTS] * parameters->value[PARAMETER_L1_OUTSTANDING] <= PLACES;
}

/* Nothing could move with a zero where there must be one: the ranges exclude it. */
enum amdvi_status amdvi_timed_check(const struct amdvi_timed_parameters *parameters, const char **name)
{
    if (!parameters)
        return AMDVI_ERR_ARGUMENT;
    for (int i = 0; i < PARAMETERS; i++) {
        const struct amdvi_timed_parameter *p = &parameter_rows[i].public;
        if (parameters->value[i] >= p->least && parameters->value[i] <= p->most)
            continue;
        if (name)
            *name = p->name;
        return AMDVI_ERR_BAD_VALUE;
    }
    if (!fits(parameters)) {
        if (name)
            *name = parameter_rows[PARAMETER_L1_OUTSTANDING].public.name;
        return AMDVI_ERR_BAD_VALUE;
    }
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- presets */

/* NAME=VALUE up to the next comma, as two texts in `text`; where it ends. Null: there is no more. */
static const char *next_setting(const char *settings, char text[TEXT_MAX], const char **value)
{
    size_t length = strcspn(settings, ","), name = strcspn(settings, "=");

    if (!*settings || length >= TEXT_MAX)
        return NULL;
    memcpy(text, settings, length);
    text[length] = text[name] = 0;
    *value = text + name + 1;
    return settings[length] ? settings + length + 1 : settings + length;
}

static const struct preset_row *preset_of(const char *preset)
{
    const struct preset_row *row = preset_rows;

    while (preset && row->name && strcmp(row->name, preset))
        row++;
    return row->name ? row : NULL;
}

enum amdvi_status amdvi_timed_preset_parameters(struct amdvi_timed_parameters *parameters, const char *preset)
{
    const struct preset_row *row = preset_of(preset);
    char name[TEXT_MAX];
    const char *value;

    if (!parameters)
        return AMDVI_ERR_ARGUMENT;
    if (!row)
        return AMDVI_ERR_BAD_VALUE;
    memset(parameters, 0, sizeof(*parameters));
    for (int i = 0; i < PARAMETERS; i++)
        parameters->value[i] = parameter_rows[i].fallback;
    for (const char *at = row->settings; (at = next_setting(at, name, &value));)
        amdvi_timed_set(parameters, name, value);
    return AMDVI_OK;
}

enum amdvi_status amdvi_timed_preset_device(struct amdvi_config *config, const char *preset)
{
    const struct preset_row *row = preset_of(preset);
    enum amdvi_status status = AMDVI_OK;
    char name[TEXT_MAX];
    const char *value;

    if (!config)
        return AMDVI_ERR_ARGUMENT;
    if (!row)
        return AMDVI_ERR_BAD_VALUE;
    for (const char *at = row->device; !status && (at = next_setting(at, name, &value));)
        status = amdvi_config_set(config, name, value);
    return status;
}
