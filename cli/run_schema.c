// SPDX-License-Identifier: Apache-2.0
/* The schema (JSON Schema, draft 7) of experiment files, from the tables that read them. */
#include "cli/run.h"

#include <string.h>

static struct json_object *typed(const char *type, const char *meaning)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "type", type);
    if (meaning)
        json_put_text(object, "description", meaning);
    return object;
}

static struct json_object *number_schema(uint64_t least, uint64_t most, const char *meaning)
{
    struct json_object *object = typed("integer", meaning);

    json_put_count(object, "minimum", least);
    json_put_count(object, "maximum", most);
    return object;
}

/* YAML reads `on` and `off` as booleans. */
static struct json_object *choice_schema(const char *values, const char *meaning)
{
    struct json_object *object = json_object_new_object(), *all = json_object_new_array();

    json_put_text(object, "description", meaning);
    for (; *values; values += strcspn(values, "|"), values += *values == '|') {
        size_t length = strcspn(values, "|");
        json_object_array_add(all, json_object_new_string_len(values, (int)length));
        if (length == 2 && !strncmp(values, "on", 2))
            json_object_array_add(all, json_object_new_boolean(true));
        if (length == 3 && !strncmp(values, "off", 3))
            json_object_array_add(all, json_object_new_boolean(false));
    }
    json_object_object_add(object, "enum", all);
    return object;
}

static struct json_object *section(struct json_object *fields, bool open)
{
    struct json_object *object = typed("object", NULL);

    json_object_object_add(object, "properties", fields);
    if (!open)
        json_object_object_add(object, "additionalProperties", json_object_new_boolean(false));
    return object;
}

static struct json_object *workload_schema(void)
{
    struct json_object *fields = json_object_new_object();
    const struct workload_field *f;

    for (size_t i = 0; (f = workload_field_at(i)); i++)
        json_object_object_add(fields, f->name,
                               *f->values ? choice_schema(f->values, f->meaning)
                                          : number_schema(f->least, f->most, f->meaning));
    json_object_object_add(fields, "trace",
                           typed("string", "kind=replay: a trace or capture, beside this file"));
    return section(fields, false);
}

static struct json_object *time_schema(void)
{
    struct json_object *fields = json_object_new_object(), *presets = json_object_new_array();
    const struct amdvi_timed_parameter *p;
    const struct amdvi_timed_preset *preset;

    for (size_t i = 0; (preset = amdvi_timed_preset_at(i)); i++)
        json_add_text(presets, preset->name);
    json_object_object_add(fields, "preset", typed("string", "what no other parameter here says"));
    json_object_object_add(json_object_object_get(fields, "preset"), "enum", presets);
    for (size_t i = 0; (p = amdvi_timed_parameter_at(i)); i++)
        json_object_object_add(fields, p->name,
                               *p->values                ? choice_schema(p->values, p->meaning)
                               : strcmp(p->unit, "time") ? number_schema(p->least, p->most, p->meaning)
                                                         : typed("string", p->meaning));
    json_object_object_add(
        fields, "latencies",
        typed("string", "a file of memory's latencies, beside this file: 150ns, or 150ns x40"));
    json_object_object_add(fields, "latency_order", choice_schema("drawn|in_turn", "how they are taken"));
    return section(fields, false);
}

/* Registers as numbers; YAML reads 0x ones, too. */
static struct json_object *silicon_schema(void)
{
    struct json_object *fields = json_object_new_object();

    for (size_t i = 0; silicon_register_at(i); i++)
        json_object_object_add(fields, silicon_register_at(i),
                               number_schema(0, UINT32_MAX, "as it is read out of silicon"));
    return section(fields, false);
}

void schema_print(void)
{
    struct json_object *top, *fields = json_object_new_object();

    json_object_object_add(fields, "name", typed("string", "of the experiment"));
    json_object_object_add(fields, "report", typed("string", "the metric that --sensitivity follows"));
    json_object_object_add(fields, "warm_up",
                           number_schema(0, 1000000000, "operations that are not measured"));
    json_object_object_add(fields, "length", number_schema(1, 1000000000, "operations that are"));
    json_object_object_add(fields, "seed", number_schema(1, 1000000000, "of everything drawn"));
    json_object_object_add(fields, "device", section(json_object_new_object(), true));
    json_object_object_add(fields, "silicon", silicon_schema());
    json_object_object_add(fields, "time", time_schema());
    json_object_object_add(fields, "workload", workload_schema());
    top = section(fields, false);
    json_put_text(top, "title", "amdvi experiment");
    json_print(stdout, top);
}
