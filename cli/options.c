// SPDX-License-Identifier: Apache-2.0
/* What subcommands ask of their command lines: options, numbers, devices, settings. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void say(const char *format, va_list args)
{
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int usage_error(const struct command *command, const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fprintf(stderr, "amdvi %s: ", command->name);
    va_start(args, format);
    say(format, args);
    va_end(args);
    return CLI_WRONG;
}

int file_error(const char *path, uint64_t line, const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fprintf(stderr, "%s:", path);
    if (line)
        fprintf(stderr, "%" PRIu64 ":", line);
    fputc(' ', stderr);
    va_start(args, format);
    say(format, args);
    va_end(args);
    return CLI_WRONG;
}

/* `word` is what getopt looked at last: a long option as written; letters stand in a word together with
 * others or before it. */
static int wrong_option(const struct command *command, int kind, const char *word)
{
    char letter[3] = {'-', (char)optopt, 0};
    bool is_long = !strncmp(word, "--", 2);
    const char *name = is_long ? word : letter;

    if (kind == ':')
        return usage_error(command, "option '%s' needs a value; see amdvi %s --help", name, command->name);
    if (is_long && optopt && strchr(word, '='))
        return usage_error(command, "option '%s' takes no value; see amdvi %s --help", name, command->name);
    return usage_error(command, "option '%s' is not known or not complete; see amdvi %s --help", name,
                       command->name);
}

/* `letters` starts with ':' so that getopt prints nothing by itself. */
int option_next(const struct command *command, int argc, char **argv, const char *letters,
                const struct option *options, int *status)
{
    int option;

    opterr = 0;
    option = getopt_long(argc, argv, letters, options, NULL);
    *status = CLI_OK;
    if (option == 'h') {
        fputs(command->help, stdout);
        return OPTION_STOP;
    }
    if (option == '?' || option == ':') {
        *status = wrong_option(command, option, argv[optind - 1]);
        return OPTION_STOP;
    }
    return option;
}

bool option_among(int option, const char *letters)
{
    return option > 0 && option <= SCHAR_MAX && strchr(letters, option);
}

bool parse_number(const char *text, uint64_t *value)
{
    int base = text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, base);
    return errno == 0 && *end == 0 && end != text + (base == 16 ? 2 : 0);
}

bool option_number(const struct command *command, const char *what, const char *text, uint64_t max,
                   uint64_t *value)
{
    if (parse_number(text, value) && *value <= max)
        return true;
    usage_error(command, "%s: '%s' is not a number from 0 to 0x%llx", what, text, (unsigned long long)max);
    return false;
}

bool option_line(const struct command *command, const char *what, const char *text, uint64_t *line)
{
    if (!option_number(command, what, text, UINT64_MAX, line))
        return false;
    if (*line)
        return true;
    usage_error(command, "%s: lines count from 1", what);
    return false;
}

bool one_file(const struct command *command, int count, char **files)
{
    if (count == 1)
        return true;
    if (count < 1)
        usage_error(command, "one file is needed; see amdvi %s --help", command->name);
    else
        usage_error(command, "one file is needed: '%s' is too much; see amdvi %s --help", files[1],
                    command->name);
    return false;
}

/* bus:device.function, with or without a segment. */
static bool parse_bdf(const char *text, uint64_t *device)
{
    unsigned segment, bus, slot, function;
    int used = 0;

    if (sscanf(text, "%4x:%2x:%2x.%1x%n", &segment, &bus, &slot, &function, &used) != 4 || text[used])
        if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &used) != 3 || text[used])
            return false;
    *device = bus << 8 | slot << 3 | function;
    return slot < 32 && function < 8;
}

bool parse_device(const char *text, uint64_t *device)
{
    return parse_bdf(text, device) || (parse_number(text, device) && *device <= UINT16_MAX);
}

bool option_device(const struct command *command, const char *what, const char *text, uint64_t *device)
{
    if (parse_device(text, device))
        return true;
    usage_error(command, "%s: '%s' is no DeviceID: a number up to 0xffff, or bus:device.function", what,
                text);
    return false;
}

bool settings_put(struct settings *settings, const char *key, const char *value)
{
    struct amdvi_trace_pair *pairs =
        realloc(settings->pairs, (settings->count + 1) * sizeof(*settings->pairs));

    if (!pairs)
        return false;
    settings->pairs = pairs;
    pairs[settings->count++] = (struct amdvi_trace_pair){key, value};
    return true;
}

/* A parameter of time, or a preset of them. */
static enum amdvi_status try_time(const char *name, const char *value)
{
    struct amdvi_timed_parameters parameters;

    if (!strcmp(name, "preset"))
        return amdvi_timed_preset_parameters(&parameters, value);
    amdvi_timed_preset_parameters(&parameters, NULL);
    return amdvi_timed_set(&parameters, name, value);
}

/* Keys of those commands that play. */
static bool is_of_time(const struct command *command, const char *key)
{
    return command != &command_config && !strncmp(key, "timing.", 7);
}

/* Tried on a configuration of its own, so that the mistake is reported before anything is played. */
static enum amdvi_status try_setting(const struct command *command, const char *key, const char *value)
{
    struct amdvi_config *config;
    enum amdvi_status status;

    if (is_of_time(command, key))
        return try_time(strchr(key, '.') + 1, value);
    status = amdvi_config_create(&config);
    if (status == AMDVI_OK)
        status = amdvi_config_set(config, key, value);
    amdvi_config_destroy(config);
    return status;
}

bool settings_add(const struct command *command, struct settings *settings, char *text)
{
    char *equals = strchr(text, '='), why[256];
    enum amdvi_status status;

    if (!equals) {
        usage_error(command, "--set takes KEY=VALUE, not '%s'", text);
        return false;
    }
    *equals = 0;
    status = try_setting(command, text, equals + 1);
    if (status == AMDVI_OK && settings_put(settings, text, equals + 1))
        return true;
    amdvi_replay_setting_text(text, status == AMDVI_OK ? AMDVI_ERR_NO_MEMORY : status, why, sizeof(why));
    usage_error(command, "--set %s=%s: %s; see amdvi config --explain%s", text, equals + 1, why,
                is_of_time(command, text) ? " and amdvi run --list" : "");
    return false;
}

bool settings_option(const struct command *command, struct settings *settings, int option)
{
    switch (option) {
    case OPTION_MEMFILE:
        return settings->memfile_anywhere = true;
    case OPTION_MEMORY:
        if (!option_number(command, "--max-memory", optarg, UINT64_MAX >> 20, &settings->max_memory_mib))
            return false;
        if (settings->max_memory_mib)
            return true;
        usage_error(command, "--max-memory must be at least 1");
        return false;
    default:
        return settings_add(command, settings, optarg);
    }
}

struct amdvi_replay_options settings_player(const struct settings *settings)
{
    uint64_t mib = settings->max_memory_mib ? settings->max_memory_mib : PLAY_MEMORY_MIB;

    return (struct amdvi_replay_options){.settings = settings->pairs,
                                         .settings_count = settings->count,
                                         .memory_limit = mib << 20,
                                         .memfile_anywhere = settings->memfile_anywhere};
}

void settings_free(struct settings *settings)
{
    free(settings->pairs);
    *settings = (struct settings){0};
}
