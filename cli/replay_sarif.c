// SPDX-License-Identifier: Apache-2.0
/* `amdvi replay --lint-sarif OUT`: findings in the Static Analysis Results Interchange Format 2.1.0, for bots
 * that comment on changes. The names of kinds are the names of rules. */
#include "cli/replay.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *level(enum amdvi_lint_severity severity)
{
    return severity == AMDVI_LINT_MISTAKE ? "error" : severity == AMDVI_LINT_WINDOW ? "warning" : "note";
}

static struct json_object *text_of(const char *text)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "text", text);
    return object;
}

/* A path as a reference in a URI: what has a meaning there, and what is not ASCII, is written as %XX. */
static void put_uri(struct json_object *object, const char *key, const char *path)
{
    char *uri = malloc(3 * strlen(path) + 1), *end = uri;

    for (; uri && *path; path++)
        if (isalnum((unsigned char)*path) || strchr("/-._~", *path))
            *end++ = *path;
        else
            end += sprintf(end, "%%%02X", (unsigned char)*path);
    if (uri)
        *end = 0;
    json_put_text(object, key, uri);
    free(uri);
}

static struct json_object *location(const char *file, uint64_t line)
{
    struct json_object *place = json_object_new_object(), *physical = json_object_new_object();
    struct json_object *artifact = json_object_new_object(), *region = json_object_new_object();

    put_uri(artifact, "uri", file);
    json_put_count(region, "startLine", line ? line : 1);
    json_object_object_add(physical, "artifactLocation", artifact);
    json_object_object_add(physical, "region", region);
    json_object_object_add(place, "physicalLocation", physical);
    return place;
}

static void add_related(struct json_object *array, const char *file, const struct amdvi_lint_mark *mark,
                        const char *what)
{
    struct json_object *place;

    if (!mark->record)
        return;
    place = location(file, mark->line);
    json_object_object_add(place, "message", text_of(what));
    json_object_array_add(array, place);
}

static struct json_object *suppressions(const char *reason)
{
    struct json_object *array = json_object_new_array(), *one = json_object_new_object();

    json_put_text(one, "kind", "external");
    json_put_text(one, "justification", reason);
    json_object_array_add(array, one);
    return array;
}

void sarif_add(struct json_object *results, const char *file, const struct amdvi_lint_finding *f,
               const char *reason)
{
    struct json_object *result = json_object_new_object(), *places = json_object_new_array();
    struct json_object *related = json_object_new_array();

    json_put_text(result, "ruleId", amdvi_lint_kind_name(f->kind));
    json_put_text(result, "level", level(f->severity));
    json_object_object_add(result, "message", text_of(f->text));
    json_object_array_add(places, location(file, f->at.line));
    json_object_object_add(result, "locations", places);
    add_related(related, file, &f->changed, "the change");
    add_related(related, file, &f->filled, "read by hardware");
    add_related(related, file, &f->near_at, "the command that came closest");
    json_object_object_add(result, "relatedLocations", related);
    if (reason)
        json_object_object_add(result, "suppressions", suppressions(reason));
    json_object_array_add(results, result);
}

static struct json_object *driver(void)
{
    struct json_object *driver = json_object_new_object(), *rules = json_object_new_array();

    json_put_text(driver, "name", "amdvi");
    json_put_text(driver, "version", amdvi_version());
    for (unsigned kind = 0; kind < AMDVI_LINT_KINDS; kind++) {
        struct json_object *rule = json_object_new_object();
        json_put_text(rule, "id", amdvi_lint_kind_name((enum amdvi_lint_kind)kind));
        json_object_array_add(rules, rule);
    }
    json_object_object_add(driver, "rules", rules);
    return driver;
}

bool sarif_write(const char *path, struct json_object *results)
{
    struct json_object *top = json_object_new_object(), *runs = json_object_new_array();
    struct json_object *run = json_object_new_object(), *tool = json_object_new_object();
    struct output output;

    json_put_text(top, "version", "2.1.0");
    json_object_object_add(tool, "driver", driver());
    json_object_object_add(run, "tool", tool);
    json_object_object_add(run, "results", json_object_get(results));
    json_object_array_add(runs, run);
    json_object_object_add(top, "runs", runs);
    if (!output_open(&command_replay, path, &output)) {
        json_object_put(top);
        return false;
    }
    json_print(output.file, top);
    return output_close(&command_replay, &output, true);
}
