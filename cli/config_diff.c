// SPDX-License-Identifier: Apache-2.0
/* `amdvi config --diff`: what two configurations differ in. The findings are put together as they are for
 * machines; people get the same, printed. */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 30, VALUE = 20, WIDTH = 100 };

struct side {
    const char *text; /* as the user wrote it */
    struct amdvi_config *config;
};

/* Whether `gate` names the feature `word`.`name`, and not only one whose name begins so. */
static bool gate_names(const char *gate, const char *word, const char *name)
{
    char full[80];
    size_t length = (size_t)snprintf(full, sizeof(full), "%s.%s", word, name);

    for (const char *at = gate; at && (at = strstr(at, full)); at++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", at[length]) ||
            !at[length])
            return true;
    return false;
}

/* "dte.HAD", "cmd_inv_all": what is there only with the feature. */
static struct json_object *comes_with(const char *word, const char *name)
{
    struct json_object *all = json_object_new_array();
    const struct amdvi_layout *layout;

    for (size_t i = 0; (layout = amdvi_layout_at(i)); i++) {
        if (gate_names(layout->gate, word, name)) {
            json_add_text(all, layout->name);
            continue;
        }
        for (unsigned f = 0; f < layout->nfields; f++) {
            char text[128];
            snprintf(text, sizeof(text), "%s.%s", layout->name, layout->fields[f].name);
            if (gate_names(layout->fields[f].gate, word, name))
                json_add_text(all, text);
        }
    }
    return all;
}

static void put_value(struct json_object *object, const char *key, const struct amdvi_field *field,
                      uint64_t value)
{
    const char *name = amdvi_field_value_name(field, value);
    char text[32];

    snprintf(text, sizeof(text), value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
    json_put_text(object, key, name ? name : text);
}

static struct json_object *field_difference(const struct amdvi_field *field, const char *left,
                                            const char *right)
{
    struct json_object *object = json_object_new_object();
    char bits[64];

    field_bits_text(field, bits, sizeof(bits));
    json_put_text(object, "name", field->name);
    json_put_text(object, "bits", bits);
    json_put_text(object, "left", left);
    json_put_text(object, "right", right);
    json_put_text(object, "section", field->section);
    json_put_text(object, "meaning", field->doc);
    return object;
}

/* Fields of a feature register that differ. */
static struct json_object *features(const char *word, const struct amdvi_layout *layout, uint64_t left,
                                    uint64_t right)
{
    struct json_object *all = json_object_new_array();

    for (unsigned i = 0; i < layout->nfields; i++) {
        const struct amdvi_field *field = &layout->fields[i];
        uint64_t a = amdvi_field_get(field, &left), b = amdvi_field_get(field, &right);
        struct json_object *object;
        if (a == b)
            continue;
        object = field_difference(field, "", "");
        put_value(object, "left", field, a);
        put_value(object, "right", field, b);
        if (!a != !b && !field->reserved)
            json_object_object_add(object, "comes_with", comes_with(word, field->name));
        json_object_array_add(all, object);
    }
    return all;
}

/* The layout of a key whose value is a register, and the word that gates call it by. */
static const struct amdvi_layout *layout_of_key(const char *key, const char **word)
{
    static const struct {
        const char *key, *word, *layout;
    } registers[] = {
        {"efr", "efr", "reg_efr"}, {"efr2", "efr2", "reg_efr2"}, {"cap_header", "cap", "cap_header"}};

    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        if (!strcmp(key, registers[i].key)) {
            *word = registers[i].word;
            return amdvi_layout_find(registers[i].layout);
        }
    return NULL;
}

static struct json_object *key_difference(const struct side *left, const struct side *right,
                                          const struct amdvi_config_key *key)
{
    struct json_object *object;
    const struct amdvi_layout *layout;
    static char a[CONFIG_VALUE], b[CONFIG_VALUE];
    const char *word;
    uint64_t x, y;

    if (amdvi_config_get(left->config, key->name, a, sizeof(a)) != AMDVI_OK ||
        amdvi_config_get(right->config, key->name, b, sizeof(b)) != AMDVI_OK || !strcmp(a, b))
        return NULL;
    object = json_object_new_object();
    json_put_text(object, "key", key->name);
    json_put_text(object, "left", a);
    json_put_text(object, "right", b);
    json_put_text(object, "source", key->source);
    layout = layout_of_key(key->name, &word);
    if (layout && amdvi_config_number(left->config, key->name, &x) == AMDVI_OK &&
        amdvi_config_number(right->config, key->name, &y) == AMDVI_OK)
        json_object_object_add(object, "fields", features(word, layout, x, y));
    return object;
}

static const char *reserved_text(const struct amdvi_field *field, const uint64_t reserved[4])
{
    uint64_t all[4] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    uint64_t found = amdvi_field_get(field, reserved);

    return !found ? "free" : found == amdvi_field_get(field, all) ? "reserved" : "partly reserved";
}

static struct json_object *entry_differences(const struct side *left, const struct side *right)
{
    const struct amdvi_layout *layout = amdvi_layout_find("dte");
    struct json_object *all = json_object_new_array();
    uint64_t a[4], b[4];

    if (amdvi_config_dte_reserved(left->config, a) != AMDVI_OK ||
        amdvi_config_dte_reserved(right->config, b) != AMDVI_OK)
        return all;
    for (unsigned i = 0; i < layout->nfields; i++) {
        const struct amdvi_field *field = &layout->fields[i];
        if (!field->view && amdvi_field_get(field, a) != amdvi_field_get(field, b))
            json_object_array_add(all,
                                  field_difference(field, reserved_text(field, a), reserved_text(field, b)));
    }
    return all;
}

static struct json_object *difference(const struct side *left, const struct side *right)
{
    struct json_object *top = json_object_new_object(), *keys = json_object_new_array();
    const struct amdvi_config_key *key;

    for (size_t i = 0; (key = amdvi_config_key_at(i)); i++) {
        struct json_object *found = key_difference(left, right, key);
        if (found)
            json_object_array_add(keys, found);
    }
    json_put_text(top, "schema", "amdvi-config-diff 1");
    json_put_text(top, "left", left->text);
    json_put_text(top, "right", right->text);
    json_object_object_add(top, "keys", keys);
    json_object_object_add(top, "device_table_entry", entry_differences(left, right));
    return top;
}

static const char *text_of(struct json_object *object, const char *key)
{
    return json_object_get_string(json_object_object_get(object, key));
}

/* "        with it: dte.HAD, reg_control.MarcEn", over several lines where it takes them. */
static void print_comes_with(struct json_object *list)
{
    size_t count = list ? json_object_array_length(list) : 0;
    int column = count ? printf("%8swith it:", "") : 0;

    for (size_t i = 0; i < count; i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(list, i));
        if (column + (int)strlen(name) + 2 > WIDTH)
            column = printf("\n%16s", "") - 1;
        column += printf(" %s%s", name, i + 1 < count ? "," : "\n");
    }
}

static void print_fields(struct json_object *list)
{
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        struct json_object *field = json_object_array_get_idx(list, i);
        printf("    %-7s %-*s  %-*s  %-*s  [%s]\n", text_of(field, "bits"), LABEL - 12,
               text_of(field, "name"), VALUE, text_of(field, "left"), VALUE, text_of(field, "right"),
               text_of(field, "section"));
        print_comes_with(json_object_object_get(field, "comes_with"));
    }
}

static void print_text(struct json_object *top)
{
    struct json_object *keys = json_object_object_get(top, "keys");
    struct json_object *entry = json_object_object_get(top, "device_table_entry");

    if (!json_object_array_length(keys))
        puts("no difference");
    else
        printf("%-*s  %-*s  %s\n", LABEL, "", VALUE, text_of(top, "left"), text_of(top, "right"));
    for (size_t i = 0; i < json_object_array_length(keys); i++) {
        struct json_object *key = json_object_array_get_idx(keys, i);
        printf("%-*s  %-*s  %-*s  [%s]\n", LABEL, text_of(key, "key"), VALUE, text_of(key, "left"), VALUE,
               text_of(key, "right"), text_of(key, "source"));
        print_fields(json_object_object_get(key, "fields"));
    }
    if (json_object_array_length(entry))
        puts("bits of a device table entry");
    print_fields(entry);
}

static bool make_side(const struct settings *common, char *text, struct side *side)
{
    struct settings own = {0};
    char *copy = strdup(text);
    bool good =
        copy && settings_add(&command_config, &own, copy) && amdvi_config_create(&side->config) == AMDVI_OK;

    side->text = text;
    for (size_t i = 0; good && i < common->count; i++)
        amdvi_config_set(side->config, common->pairs[i].key, common->pairs[i].value);
    if (good)
        amdvi_config_set(side->config, own.pairs[0].key, own.pairs[0].value);
    settings_free(&own);
    free(copy);
    return good;
}

int config_diff(const struct settings *common, int count, char **sides, bool json)
{
    struct side left = {0}, right = {0};
    int status = CLI_WRONG;

    if (count != 2)
        return usage_error(&command_config, "--diff compares two settings, KEY=VALUE KEY=VALUE, not %d",
                           count);
    if (make_side(common, sides[0], &left) && make_side(common, sides[1], &right)) {
        struct json_object *found = difference(&left, &right);
        if (json) {
            json_print(stdout, found);
        } else {
            print_text(found);
            json_object_put(found);
        }
        status = CLI_OK;
    }
    amdvi_config_destroy(left.config);
    amdvi_config_destroy(right.config);
    return status;
}
