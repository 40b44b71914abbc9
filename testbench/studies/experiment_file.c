// SPDX-License-Identifier: Apache-2.0
/* Experiments from YAML files: scalars, and sections of scalars. */
#include "testbench/studies/fields.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct reading {
    struct experiment *experiment;
    const char *file;
    char *error;
    size_t size;
    char section[EXPERIMENT_TEXT], key[EXPERIMENT_TEXT]; /* empty: none */
    unsigned depth;
    bool good;
    size_t line[WORKLOAD_FIELDS]; /* in which a field of the workload stands */
};

static void fail(struct reading *r, size_t line, const char *what)
{
    char text[256];

    snprintf(text, sizeof(text), "%s", what);
    snprintf(r->error, r->size, "%s:%zu: %s", r->file, line + 1, text);
    r->good = false;
}

static bool name_taken(struct reading *r, char *where, const yaml_event_t *event)
{
    if (event->data.scalar.length == 0 || event->data.scalar.length >= EXPERIMENT_TEXT) {
        fail(r, event->start_mark.line, "a name of 1 to 63 bytes is wanted");
        return false;
    }
    memcpy(where, event->data.scalar.value, event->data.scalar.length + 1);
    return true;
}

/* A trace or a list of latencies that a file names lies where the file does, unless its path says otherwise.
 */
static const char *beside(const struct reading *r, const char *path, const char *value, char *joined)
{
    const char *slash = strrchr(r->file, '/');

    if ((strcmp(path, "workload.trace") && strcmp(path, "time.latencies")) || !slash || *value == '/')
        return value;
    snprintf(joined, EXPERIMENT_PATH + 1, "%.*s/%s", (int)(slash - r->file), r->file, value);
    return joined;
}

static void scalar(struct reading *r, const yaml_event_t *event)
{
    char joined[EXPERIMENT_PATH + 1];
    const char *value;
    char path[2 * EXPERIMENT_TEXT + 1], what[200];

    if (r->depth == 0) {
        fail(r, event->start_mark.line, "a mapping of fields is wanted");
        return;
    }
    if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length) {
        fail(r, event->start_mark.line, "a zero byte in a text");
        return;
    }
    if (!*r->key) {
        name_taken(r, r->key, event);
        return;
    }
    snprintf(path, sizeof(path), "%s%s%s", r->section, *r->section ? "." : "", r->key);
    value = beside(r, path, (const char *)event->data.scalar.value, joined);
    if (!experiment_set(r->experiment, path, value, what, sizeof(what)))
        fail(r, event->start_mark.line, what);
    else if (!strcmp(r->section, "workload"))
        r->line[workload_field_number(r->key)] = event->start_mark.line;
    *r->key = 0;
}

static void begin_mapping(struct reading *r, const yaml_event_t *event)
{
    if (r->depth++ == 0)
        return;
    if (r->depth > 2 || !*r->key) {
        fail(r, event->start_mark.line, "sections do not nest");
        return;
    }
    strcpy(r->section, r->key);
    *r->key = 0;
}

static void take(struct reading *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        scalar(r, event);
        break;
    case YAML_MAPPING_START_EVENT:
        begin_mapping(r, event);
        break;
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        *r->section = 0;
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_ALIAS_EVENT:
        fail(r, event->start_mark.line, "only fields and sections are taken, no lists and no aliases");
        break;
    default:
        break;
    }
}

static void read_events(struct reading *r, yaml_parser_t *parser)
{
    bool end = false;

    while (r->good && !end) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            fail(r, parser->problem_mark.line, parser->problem ? parser->problem : "cannot be read");
            return;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        take(r, &event);
        yaml_event_delete(&event);
    }
}

static void check(struct reading *r)
{
    char what[200];
    size_t field;

    if (r->good && !experiment_check(r->experiment, &field, what, sizeof(what)))
        fail(r, r->line[field], what);
}

bool experiment_read(struct experiment *experiment, const char *file, char *error, size_t size)
{
    struct reading r = {.experiment = experiment, .file = file, .error = error, .size = size, .good = true};
    FILE *stream = fopen(file, "rb");
    yaml_parser_t parser;

    if (!stream || !yaml_parser_initialize(&parser)) {
        snprintf(error, size, "%s: cannot be read: %s", file, strerror(errno));
        if (stream)
            fclose(stream);
        return false;
    }
    yaml_parser_set_input_file(&parser, stream);
    read_events(&r, &parser);
    if (ferror(stream)) { /* a folder, say */
        snprintf(error, size, "%s: cannot be read: %s", file, strerror(errno));
        r.good = false;
    }
    check(&r);
    yaml_parser_delete(&parser);
    fclose(stream);
    return r.good;
}
