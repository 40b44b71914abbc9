// SPDX-License-Identifier: GPL-2.0-or-later
/* Each key of the library's configuration is a property of the device: -device
 * amdvi-iommu,preset=milan,dtc.ways=4. */
#include "unit.h"

#include <qapi/error.h>
#include <qapi/visitor.h>

enum { VALUE_BYTES = 256 };

static void get_key(Object *object, Visitor *visitor, const char *name, void *opaque, Error **errp)
{
    struct unit *unit = (struct unit *)object;
    char text[VALUE_BYTES] = "", *value = text;

    amdvi_config_get(unit->config, name, text, sizeof(text));
    visit_type_str(visitor, name, &value, errp);
}

/* Checks the value at once; it counts in keys_apply(). */
static void set_key(Object *object, Visitor *visitor, const char *name, void *opaque, Error **errp)
{
    struct unit *unit = (struct unit *)object;
    const struct amdvi_config_key *key = opaque;
    struct setting *setting, **end;
    char *value;

    if (unit->device) {
        error_setg(errp, "%s cannot be changed while the machine runs", name);
        return;
    }
    if (!visit_type_str(visitor, name, &value, errp))
        return;
    if (amdvi_config_set(unit->config, name, value) != AMDVI_OK) {
        error_setg(errp, "%s=%s: it takes %s (%s)", name, value, key->values, key->meaning);
        g_free(value);
        return;
    }
    setting = g_new0(struct setting, 1);
    *setting = (struct setting){.key = key, .value = value};
    for (end = &unit->settings; *end; end = &(*end)->next)
        ; /* what was said last counts: -device, after -global */
    *end = setting;
}

void keys_add_properties(ObjectClass *klass)
{
    const struct amdvi_config_key *key;

    for (size_t i = 0; (key = amdvi_config_key_at(i)); i++) {
        object_class_property_add(klass, key->name, "str", get_key, set_key, NULL, (void *)(uintptr_t)key);
        object_class_property_set_description(klass, key->name, key->meaning);
    }
}

static void apply(struct unit *unit, struct amdvi_config *config, const char *only)
{
    for (const struct setting *setting = unit->settings; setting; setting = setting->next) {
        bool first = !strcmp(setting->key->name, "preset") || !strcmp(setting->key->name, "spec");
        if (only ? !strcmp(setting->key->name, only) : !first)
            amdvi_config_set(config, setting->key->name, setting->value);
    }
}

bool keys_apply(struct unit *unit, Error **errp)
{
    struct amdvi_config *config;

    if (amdvi_config_create(&config) != AMDVI_OK) {
        error_setg(errp, "no memory for a configuration");
        return false;
    }
    apply(unit, config, "preset");
    apply(unit, config, "spec");
    apply(unit, config, NULL);
    amdvi_config_destroy(unit->config);
    unit->config = config;
    return true;
}
