// SPDX-License-Identifier: Apache-2.0
#include "model/config/config_keys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct preset {
    const char *name;
    uint64_t efr, efr2;
    uint32_t cap_header, misc0, pci_id;
};

/* iommu 11.3. PCI device ids: 1481h Rome/Milan, 14D9h Raphael (1.1); 149Eh Genoa and 1423h family 15h are
 * second-hand there, and Turin takes Genoa's. */
static const struct preset presets[] = {
    {"rome", 0x058f77ef22294ade, 0, 0x190b640f, 0x00203040, 0x14811022},
    {"milan", 0x059f77ef22294ade, 0, 0x190b640f, 0x00203040, 0x14811022},
    {"genoa", 0x25bf732fa2295afe, 0x1d, 0x190b640f, 0x00203040, 0x149e1022},
    {"turin", 0x25bf732fa2295afe, 0x53d, 0x190b640f, 0x00203040, 0x149e1022},
    {"raphael", 0x246577efa2254afa, 0, 0x190b640f, 0x00203040, 0x14d91022},
    {"legacy", 0x0000000f00004a5a, 0, 0x090b640f, 0x00203040, 0x14231022},
    {"emulator-min", 0x29d7, 0, 0x1d0b640f, 0x00183040, 0x14511022},
};

enum { PRESETS = sizeof(presets) / sizeof(presets[0]) };

static int find_key(const char *name)
{
    for (int i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(config_key(i)->public.name, name) == 0)
            return i;
    return -1;
}

/* Number of `value` in "a|b|c", or -1. */
static int find_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);

    for (int i = 0; *choices; i++) {
        size_t word = strcspn(choices, "|");
        if (word == length && memcmp(choices, value, length) == 0)
            return i;
        choices += word + (choices[word] == '|');
    }
    return -1;
}

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
    return errno == 0 && *end == 0;
}

/* "00:00.2", bus, device and function of PCI in hex digits. */
static bool parse_device(const char *text, uint64_t *value)
{
    static const struct {
        char end;
        unsigned digits, limit, shift;
    } parts[] = {{':', 2, 0xff, 8}, {'.', 2, 31, 3}, {0, 1, 7, 0}};

    *value = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t digits = strspn(text, "0123456789abcdefABCDEF");
        unsigned long part = digits ? strtoul(text, NULL, 16) : 0;
        if (!digits || digits > parts[i].digits || part > parts[i].limit || text[digits] != parts[i].end)
            return false;
        *value |= (uint64_t)part << parts[i].shift;
        text += digits + 1;
    }
    return true;
}

/* The features of the preset that the revision has (17.3). */
static void apply_revision(struct amdvi_config *config)
{
    const struct preset *preset = &presets[config->value[CONFIG_PRESET]];

    config->value[CONFIG_EFR] = preset->efr;
    config->value[CONFIG_EFR2] = preset->efr2;
    config_revision_features((unsigned)config->value[CONFIG_SPEC], &config->value[CONFIG_EFR],
                             &config->value[CONFIG_EFR2]);
}

static void apply_preset(struct amdvi_config *config, unsigned index)
{
    const struct preset *preset = &presets[index];

    config->value[CONFIG_PRESET] = index;
    apply_revision(config);
    config->value[CONFIG_CAP_HEADER] = preset->cap_header;
    config->value[CONFIG_MISC0] = preset->misc0;
    config->value[CONFIG_PCI_ID] = preset->pci_id;
}

static bool parse_switch(const char *text, uint64_t *value)
{
    if (strcmp(text, "on") == 0 || strcmp(text, "1") == 0)
        *value = 1;
    else if (strcmp(text, "off") == 0 || strcmp(text, "0") == 0)
        *value = 0;
    else
        return false;
    return true;
}

static bool parse_choice(const struct config_key *key, const char *text, uint64_t *value)
{
    int choice = find_choice(key->public.values, text);

    *value = (uint64_t)choice;
    return choice >= 0;
}

static bool parse_value(const struct config_key *key, const char *text, uint64_t *value)
{
    switch (key->kind) {
    case SWITCH:
        return parse_switch(text, value);
    case CHOICE:
        return parse_choice(key, text, value);
    case DEVICE:
        return parse_device(text, value) || parse_number(text, value);
    default:
        return parse_number(text, value);
    }
}

static bool within_limits(int id, uint64_t value)
{
    switch (id) {
    case CONFIG_DTC_WAYS:
    case CONFIG_ITC_WAYS:
    case CONFIG_PTC_WAYS:
    case CONFIG_PDC_WAYS:
    case CONFIG_GCR3_WAYS:
    case CONFIG_PTC_GROUPS:
    case CONFIG_PDC_GROUPS:
        return value != 0 && (value & (value - 1)) == 0;
    case CONFIG_INDEX_SHIFT:
        return value >= 12;
    case CONFIG_COMWAIT_IRQ:
        return value != 1;
    case CONFIG_DIRTY_STRIDE:
        return value == 16 || value == 32;
    case CONFIG_RESET_ALL_BIT:
        return value == 27 || value == 28;
    case CONFIG_AON_BIT:
        return value == 42 || value == 48;
    case CONFIG_GA_POINTER:
        return value == 15 || value == 18;
    case CONFIG_EVENT_US_BIT:
        return value == 49 || value == 50;
    case CONFIG_EVENT_TABLE_GRANULE:
        return value == 8 || value == 16;
    case CONFIG_ATS_UNANSWERED:
    case CONFIG_PMU_BANKS:
    case CONFIG_PMU_COUNTERS:
    case CONFIG_DOMAIN_MAP_SHIFT:
        return value != 0;
    default:
        return true;
    }
}

/* The key whose value is a plan of faults (inject.h). */
static enum amdvi_status set_plan(struct amdvi_config *config, const char *text)
{
    struct amdvi_inject_rule rules[AMDVI_INJECT_RULES_MAX];
    size_t count, length = strlen(text);

    if (strcmp(text, "none") == 0)
        length = 0;
    else if (length >= sizeof(config->inject_plan) ||
             amdvi_inject_parse(text, rules, AMDVI_INJECT_RULES_MAX, &count) != AMDVI_OK)
        return AMDVI_ERR_BAD_VALUE;
    memcpy(config->inject_plan, text, length);
    config->inject_plan[length] = 0;
    return AMDVI_OK;
}

enum amdvi_status amdvi_config_set(struct amdvi_config *config, const char *key, const char *value)
{
    uint64_t number;
    int id;

    if (!config || !key || !value)
        return AMDVI_ERR_ARGUMENT;
    id = find_key(key);
    if (id < 0)
        return AMDVI_ERR_UNKNOWN_KEY;
    if (config_key(id)->kind == PLAN)
        return set_plan(config, value);
    if (!parse_value(config_key(id), value, &number))
        return AMDVI_ERR_BAD_VALUE;
    if (config_key(id)->kind != CHOICE && (number > config_key(id)->limit || !within_limits(id, number)))
        return AMDVI_ERR_BAD_VALUE;
    if (id == CONFIG_PRESET)
        apply_preset(config, (unsigned)number);
    config->value[id] = number;
    if (id == CONFIG_SPEC) {
        apply_revision(config);
        config->value[CONFIG_DTE_RESERVED] = number;
    }
    return AMDVI_OK;
}

enum amdvi_status amdvi_config_create(struct amdvi_config **config)
{
    if (!config)
        return AMDVI_ERR_ARGUMENT;
    *config = calloc(1, sizeof(**config));
    if (!*config)
        return AMDVI_ERR_NO_MEMORY;
    for (int i = 0; i < CONFIG_KEYS; i++)
        if (config_key(i)->public.fallback != config_from_preset)
            amdvi_config_set(*config, config_key(i)->public.name, config_key(i)->public.fallback);
    return AMDVI_OK;
}

void amdvi_config_destroy(struct amdvi_config *config)
{
    free(config);
}

static void print_choice(const char *choices, uint64_t index, char *value, size_t size)
{
    while (index-- > 0)
        choices += strcspn(choices, "|") + 1;
    snprintf(value, size, "%.*s", (int)strcspn(choices, "|"), choices);
}

enum amdvi_status amdvi_config_get(const struct amdvi_config *config, const char *key, char *value,
                                   size_t size)
{
    int id = config && key && value && size ? find_key(key) : -1;

    if (id < 0)
        return config && key && value && size ? AMDVI_ERR_UNKNOWN_KEY : AMDVI_ERR_ARGUMENT;
    if (config_key(id)->kind == PLAN)
        snprintf(value, size, "%s", *config->inject_plan ? config->inject_plan : "none");
    else if (config_key(id)->kind == CHOICE)
        print_choice(config_key(id)->public.values, config->value[id], value, size);
    else if (config_key(id)->kind == SWITCH)
        snprintf(value, size, "%s", config->value[id] ? "on" : "off");
    else
        snprintf(value, size, config->value[id] < 10 ? "%" PRIu64 : "0x%" PRIx64, config->value[id]);
    return AMDVI_OK;
}

enum amdvi_status amdvi_config_number(const struct amdvi_config *config, const char *key, uint64_t *value)
{
    int id;

    if (!config || !key || !value)
        return AMDVI_ERR_ARGUMENT;
    id = find_key(key);
    if (id < 0)
        return AMDVI_ERR_UNKNOWN_KEY;
    *value = config->value[id];
    return AMDVI_OK;
}

const struct amdvi_config_key *amdvi_config_key_at(size_t index)
{
    return index < CONFIG_KEYS ? &config_key(index)->public : NULL;
}

const char *amdvi_preset_at(size_t index)
{
    return index < PRESETS ? presets[index].name : NULL;
}
