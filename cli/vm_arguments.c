// SPDX-License-Identifier: Apache-2.0
/* QEMU's command line, out of the user's. */
#include "cli/vm.h"

#include <stdlib.h>
#include <string.h>

enum { ADDED = 16 };

/* The machine's own IOMMU, and those of other root buses. */
static const char device_type[] = "amdvi-iommu", extra_type[] = "amdvi-iommu-extra";
static const char own_type[] = "amd-iommu"; /* QEMU's */

/* A growing text. */
struct text {
    char *bytes;
    size_t length, room;
    bool failed;
};

static void put(struct text *text, const char *what, size_t length)
{
    if (text->length + length + 1 > text->room) {
        size_t room = 2 * text->room + length + 64;
        char *bytes = realloc(text->bytes, room);
        if (!bytes) {
            text->failed = true;
            return;
        }
        text->bytes = bytes;
        text->room = room;
    }
    memcpy(text->bytes + text->length, what, length);
    text->length += length;
    text->bytes[text->length] = 0;
}

/* Commas separate QEMU's properties; in a value they are written twice. */
static void put_property(struct text *text, const char *name, const char *value)
{
    put(text, ",", 1);
    put(text, name, strlen(name));
    put(text, "=", 1);
    for (; *value; value++)
        put(text, *value == ',' ? ",," : value, *value == ',' ? 2 : 1);
}

/* The device with the user's own properties, if there are any, and ours behind. */
static char *device_argument(const struct vm_options *options, const struct vm_files *files,
                             const char *users)
{
    struct text text = {0};

    put(&text, users, strlen(users));
    for (size_t i = 0; i < options->settings.count; i++)
        put_property(&text, options->settings.pairs[i].key, options->settings.pairs[i].value);
    put_property(&text, "lint", options->lint);
    put_property(&text, "live", files->live);
    put_property(&text, "findings", files->findings);
    if (options->record)
        put_property(&text, "record", options->record);
    if (!text.failed)
        return text.bytes;
    free(text.bytes);
    return NULL;
}

static bool is_option(const char *argument, const char *name)
{
    return argument[0] == '-' && !strcmp(argument + (argument[1] == '-' ? 2 : 1), name);
}

static bool names(const char *value, const char *type)
{
    size_t length = strlen(type);

    return !strncmp(value, type, length) && (!value[length] || value[length] == ',');
}

static bool is_device(const struct vm_options *options, int index, const char *type)
{
    return index > 0 && is_option(options->arguments[index - 1], "device") &&
           names(options->arguments[index], type);
}

static bool any(const struct vm_options *options, const char *name)
{
    for (int i = 0; i < options->count; i++)
        if (is_option(options->arguments[i], name))
            return true;
    return false;
}

static bool any_device(const struct vm_options *options, const char *type)
{
    for (int i = 0; i < options->count; i++)
        if (is_device(options, i, type))
            return true;
    return false;
}

bool vm_names_model(const struct vm_options *options)
{
    return any_device(options, device_type) || any_device(options, extra_type);
}

bool vm_only_asks(const struct vm_options *options)
{
    for (int i = 0; i < options->count; i++) {
        const char *argument = options->arguments[i], *comma = strrchr(argument, ',');
        if (is_option(argument, "version") || is_option(argument, "help") || is_option(argument, "h") ||
            !strcmp(argument, "help") || !strcmp(argument, "?") || (comma && !strcmp(comma, ",help")))
            return true;
    }
    return false;
}

static void add(char **arguments, size_t *count, const char *text)
{
    arguments[(*count)++] = text ? strdup(text) : NULL;
}

/* -plugin takes the file's name first, with commas as elsewhere. */
static char *object_argument(const struct vm_options *options)
{
    struct text object = {0};

    for (const char *at = options->object; *at; at++)
        put(&object, *at == ',' ? ",," : at, *at == ',' ? 2 : 1);
    if (options->own)
        put_property(&object, "capture", options->record);
    if (options->no_npcache)
        put_property(&object, "npcache", "off");
    if (!object.failed)
        return object.bytes;
    free(object.bytes);
    return NULL;
}

static void add_device(char **arguments, size_t *count, const struct vm_options *options,
                       const struct vm_files *files)
{
    if (any_device(options, options->own ? own_type : device_type))
        return;
    add(arguments, count, "-device");
    if (options->own)
        add(arguments, count, "amd-iommu,intremap=on");
    else
        arguments[(*count)++] = device_argument(options, files, device_type);
}

static void add_ours(char **arguments, size_t *count, const struct vm_options *options,
                     const struct vm_files *files)
{
    if (!any(options, "machine") && !any(options, "M") && !any(options, "readconfig")) {
        add(arguments, count, "-machine");
        add(arguments, count, "q35");
    }
    add(arguments, count, "-plugin");
    arguments[(*count)++] = object_argument(options);
    add_device(arguments, count, options, files);
}

char **vm_arguments(const struct vm_options *options, const struct vm_files *files)
{
    char **arguments = calloc((size_t)options->count + ADDED, sizeof(*arguments));
    size_t count = 0;

    if (!arguments)
        return NULL;
    add(arguments, &count, options->qemu);
    add_ours(arguments, &count, options, files);
    for (int i = 0; i < options->count; i++)
        if (is_device(options, i, device_type) || is_device(options, i, extra_type))
            arguments[count++] = device_argument(options, files, options->arguments[i]);
        else
            add(arguments, &count, options->arguments[i]);
    for (size_t i = 0; i < count; i++) {
        if (!arguments[i]) {
            vm_arguments_free(arguments);
            return NULL;
        }
    }
    return arguments;
}

void vm_arguments_free(char **arguments)
{
    for (size_t i = 0; arguments && arguments[i]; i++)
        free(arguments[i]);
    free(arguments);
}
