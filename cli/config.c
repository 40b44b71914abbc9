// SPDX-License-Identifier: Apache-2.0
/* `amdvi config`: what can be configured. */
#include "cli/cli.h"

#include <string.h>

static const char help[] =
    "usage: amdvi config [--explain] [--preset NAME] [--set KEY=VALUE]... [--json]\n"
    "       amdvi config --diff KEY=VALUE KEY=VALUE [--preset NAME] [--set KEY=VALUE]... [--json]\n\n"
    "Lists the configuration keys with their values. The same keys stand in config records of traces and in\n"
    "--set options.\n\n"
    "  -e, --explain        with legal values, meaning and where the default comes from; all presets; and "
    "what is\n"
    "                       advertised with these values, but only stored\n"
    "  -d, --diff           what two settings differ in: keys, features and what comes with each, reserved "
    "bits of\n"
    "                       device table entries\n"
    "  -p, --preset NAME    values after that preset\n"
    "  -s, --set KEY=VALUE  values after that setting\n"
    "  -j, --json           for machines\n"
    "  -h, --help           this text\n\n"
    "examples:\n"
    "  amdvi config --explain\n"
    "  amdvi config --preset rome --json\n"
    "  amdvi config --diff spec=2.62 spec=3.11\n\n"
    "exit codes: 0 done; 2 the command line cannot be understood\n";

static void value_of(const struct amdvi_config *config, const char *key, char value[CONFIG_VALUE])
{
    if (amdvi_config_get(config, key, value, CONFIG_VALUE) != AMDVI_OK)
        value[0] = 0;
}

static void print_key(const struct amdvi_config *config, const struct amdvi_config_key *key, bool explain)
{
    char value[CONFIG_VALUE];

    value_of(config, key->name, value);
    if (!explain) {
        printf("%s=%s\n", key->name, value);
        return;
    }
    printf("%s=%s\n    %s\n    default: %s; values: %s\n    source: %s\n", key->name, value, key->meaning,
           key->fallback, key->values, key->source);
}

static void print_presets(void)
{
    const char *name;

    fputs("\npresets (preset=NAME, before other keys):", stdout);
    for (size_t i = 0; (name = amdvi_preset_at(i)); i++)
        printf(" %s", name);
    putchar('\n');
}

static void print_stored(const struct amdvi_config *config)
{
    const struct amdvi_stored_feature *feature;

    puts("\nadvertised, but only stored with these values:");
    for (size_t i = 0; (feature = amdvi_stored_feature_at(config, i)); i++)
        printf("%s (%s)\n    %s\n    source: %s\n", feature->name, feature->where, feature->lacks,
               feature->source);
}

static struct json_object *stored_json(const struct amdvi_config *config)
{
    struct json_object *all = json_object_new_array();
    const struct amdvi_stored_feature *feature;

    for (size_t i = 0; (feature = amdvi_stored_feature_at(config, i)); i++) {
        struct json_object *object = json_object_new_object();
        json_put_text(object, "name", feature->name);
        json_put_text(object, "where", feature->where);
        json_put_text(object, "lacks", feature->lacks);
        json_put_text(object, "source", feature->source);
        json_object_array_add(all, object);
    }
    return all;
}

static struct json_object *key_json(const struct amdvi_config *config, const struct amdvi_config_key *key)
{
    struct json_object *object = json_object_new_object();
    char value[CONFIG_VALUE];

    value_of(config, key->name, value);
    json_put_text(object, "key", key->name);
    json_put_text(object, "value", value);
    json_put_text(object, "default", key->fallback);
    json_put_text(object, "values", key->values);
    json_put_text(object, "meaning", key->meaning);
    json_put_text(object, "source", key->source);
    return object;
}

static void print_json(const struct amdvi_config *config)
{
    struct json_object *top = json_object_new_object(), *keys = json_object_new_array();
    struct json_object *presets = json_object_new_array();
    const struct amdvi_config_key *key;
    const char *name;

    for (size_t i = 0; (key = amdvi_config_key_at(i)); i++)
        json_object_array_add(keys, key_json(config, key));
    for (size_t i = 0; (name = amdvi_preset_at(i)); i++)
        json_add_text(presets, name);
    json_put_text(top, "schema", "amdvi-config 1");
    json_object_object_add(top, "keys", keys);
    json_object_object_add(top, "presets", presets);
    json_object_object_add(top, "stored_features", stored_json(config));
    json_print(stdout, top);
}

static void print_all(const struct amdvi_config *config, bool explain, bool json)
{
    const struct amdvi_config_key *key;

    if (json) {
        print_json(config);
        return;
    }
    for (size_t i = 0; (key = amdvi_config_key_at(i)); i++)
        print_key(config, key, explain);
    if (explain) {
        print_presets();
        print_stored(config);
    }
}

static int show(const struct settings *settings, bool explain, bool json)
{
    struct amdvi_config *config;

    if (amdvi_config_create(&config) != AMDVI_OK)
        return usage_error(&command_config, "out of memory");
    for (size_t i = 0; i < settings->count; i++)
        amdvi_config_set(config, settings->pairs[i].key, settings->pairs[i].value);
    print_all(config, explain, json);
    amdvi_config_destroy(config);
    return CLI_OK;
}

static bool add_preset(struct settings *settings, const char *name)
{
    const char *known;

    for (size_t i = 0; (known = amdvi_preset_at(i)); i++)
        if (!strcmp(known, name))
            return settings_put(settings, "preset", name);
    usage_error(&command_config, "no preset '%s'; amdvi config --explain lists them", name);
    return false;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"explain", no_argument, NULL, 'e'},
        {"preset", required_argument, NULL, 'p'},
        {"set", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"diff", no_argument, NULL, 'd'},
        {0},
    };
    struct settings settings = {0};
    bool explain = false, json = false, diff = false, good = true;
    int option, status = CLI_OK;

    while (good &&
           (option = option_next(&command_config, argc, argv, ":hdep:s:j", options, &status)) != OPTION_END) {
        if (option == OPTION_STOP)
            break;
        explain |= option == 'e';
        json |= option == 'j';
        diff |= option == 'd';
        if (option == 'p')
            good = add_preset(&settings, optarg);
        if (option == 's')
            good = settings_add(&command_config, &settings, optarg);
    }
    if (!good)
        status = CLI_WRONG;
    else if (option == OPTION_END && diff)
        status = config_diff(&settings, argc - optind, argv + optind, json);
    else if (option == OPTION_END)
        status = optind < argc ? usage_error(&command_config, "'%s' is too much", argv[optind])
                               : show(&settings, explain, json);
    settings_free(&settings);
    return status;
}

const struct command command_config = {"config", "list configuration keys and presets", help, run};
