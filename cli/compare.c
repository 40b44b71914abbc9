// SPDX-License-Identifier: Apache-2.0
/* `amdvi compare`: two replays, figure by figure. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: amdvi compare A.json B.json [--all] [--json]\n\n"
    "Compares what `amdvi replay --json` wrote about two runs: the configuration keys that differ, then each "
    "figure\n"
    "that differs, with both values and the difference. Files are compared in pairs, in the order in which "
    "they were\n"
    "played. Times and rates of the replay itself are left out. - is standard input.\n\n"
    "  -a, --all     also figures that are the same\n"
    "  -j, --json    for machines\n"
    "  -h, --help    this text\n\n"
    "examples:\n"
    "  amdvi replay boot.trace --json > a.json\n"
    "  amdvi replay boot.trace --json --set ptc.log2_entries=6 > b.json\n"
    "  amdvi compare a.json b.json\n"
    "  traces/report/report.py a.json b.json -o report\n\n"
    "exit codes: 0 nothing differs; 1 something differs; 2 a file or the command line cannot be understood\n";

enum { PATH_ROOM = 256, NAME = 60, VALUE = 14 };

/* ---------------------------------------------------------------- figures by name */

/* What an element of a list is called: by its first text, or by its first number. */
static void element_name(struct json_object *element, size_t index, char *name, size_t size)
{
    struct json_object_iterator at, end;

    snprintf(name, size, "%zu", index);
    if (!json_object_is_type(element, json_type_object))
        return;
    end = json_object_iter_end(element);
    at = json_object_iter_begin(element);
    if (!json_object_iter_equal(&at, &end))
        snprintf(name, size, "%s", json_object_get_string(json_object_iter_peek_value(&at)));
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
        if (json_object_is_type(json_object_iter_peek_value(&at), json_type_string)) {
            snprintf(name, size, "%s", json_object_get_string(json_object_iter_peek_value(&at)));
            return;
        }
}

static bool is_real(struct json_object *value)
{
    return json_object_is_type(value, json_type_double);
}

/* What stands behind the name of an element when others before it have the same, such as findings of a kind.
 */
static void tell_apart(struct json_object *seen, const char *name, char *number, size_t size)
{
    int before = json_object_get_int(json_object_object_get(seen, name));

    json_object_object_add(seen, name, json_object_new_int(before + 1));
    number[0] = 0;
    if (before)
        snprintf(number, size, " %d", before + 1);
}

static void flatten(struct json_object *value, const char *path, struct json_object *out);

static void flatten_list(struct json_object *list, const char *path, struct json_object *out)
{
    struct json_object *seen = json_object_new_object();
    char below[PATH_ROOM], name[96], number[16];

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *element = json_object_array_get_idx(list, i);
        element_name(element, i, name, sizeof(name));
        tell_apart(seen, name, number, sizeof(number));
        snprintf(below, sizeof(below), "%s[%s%s]", path, name, number);
        flatten(element, below, out);
    }
    json_object_put(seen);
}

/* Adds all numbers below `value` to `out`, an object with one member a figure. */
static void flatten(struct json_object *value, const char *path, struct json_object *out)
{
    char below[PATH_ROOM];

    if (json_object_is_type(value, json_type_int) || is_real(value)) {
        json_object_object_add(out, path, json_object_get(value));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            snprintf(below, sizeof(below), "%s.%s", path, key);
            flatten(member, below, out);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        flatten_list(value, path, out);
    }
}

/* The figures of one file that was played. */
static struct json_object *figures(struct json_object *file)
{
    static const char *const parts[] = {"records",
                                        "checks",
                                        "statistics",
                                        "commands_by_opcode",
                                        "events_by_code",
                                        "caches",
                                        "faults_by_reason",
                                        "invalidation_sizes",
                                        "translation_page_sizes",
                                        "walk_reads",
                                        "devices",
                                        "failures_total",
                                        "time",
                                        "lint"};
    struct json_object *out = json_object_new_object(), *value;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (json_object_object_get_ex(file, parts[i], &value))
            flatten(value, parts[i], out);
    return out;
}

/* ---------------------------------------------------------------- differences */

static void add_difference(struct json_object *list, const char *name, struct json_object *left,
                           struct json_object *right)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "name", name);
    json_object_object_add(object, "left", json_object_get(left));
    json_object_object_add(object, "right", json_object_get(right));
    json_object_array_add(list, object);
}

static bool same(struct json_object *left, struct json_object *right)
{
    return left && right && json_object_equal(left, right);
}

/* Members of two objects that differ, in the order of the left one, then what only the right one has. */
static struct json_object *differences(struct json_object *left, struct json_object *right, bool all)
{
    struct json_object *list = json_object_new_array();

    json_object_object_foreach(left, name, value)
    {
        struct json_object *other = json_object_object_get(right, name);
        if (all || !same(value, other))
            add_difference(list, name, value, other);
    }
    json_object_object_foreach(right, only, value_only)
    {
        if (!json_object_object_get_ex(left, only, NULL))
            add_difference(list, only, NULL, value_only);
    }
    return list;
}

/* One pair of files. */
static struct json_object *pair(struct json_object *left, struct json_object *right, bool all)
{
    struct json_object *object = json_object_new_object(), *a = figures(left), *b = figures(right);

    json_object_object_add(object, "left", json_object_get(json_object_object_get(left, "file")));
    json_object_object_add(object, "right", json_object_get(json_object_object_get(right, "file")));
    json_object_object_add(
        object, "config",
        differences(json_object_object_get(left, "config"), json_object_object_get(right, "config"), false));
    json_object_object_add(object, "figures", differences(a, b, all));
    json_object_put(a);
    json_object_put(b);
    return object;
}

/* ---------------------------------------------------------------- for people */

/* Counts differ by a count, times by a time. */
static void change_text(struct json_object *left, struct json_object *right, char *text, size_t size)
{
    uint64_t change = (uint64_t)json_object_get_int64(right) - (uint64_t)json_object_get_int64(left);
    double a = json_object_get_double(left), b = json_object_get_double(right);
    int used;

    text[0] = 0;
    if (!left || !right || same(left, right) || json_object_is_type(left, json_type_string))
        return;
    used = is_real(left) || is_real(right) ? snprintf(text, size, "%+.6g", b - a)
                                           : snprintf(text, size, "%+" PRId64, (int64_t)change);
    if (a != 0)
        snprintf(text + used, size - (size_t)used, " (%+.1f %%)", 100 * (b - a) / a);
}

static const char *value_text(struct json_object *value, char text[24])
{
    if (!is_real(value))
        return value ? json_object_get_string(value) : "-";
    snprintf(text, 24, "%.6g", json_object_get_double(value));
    return text;
}

static void print_differences(struct json_object *list, const char *title)
{
    if (!json_object_array_length(list))
        return;
    puts(title);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *found = json_object_array_get_idx(list, i);
        struct json_object *left = json_object_object_get(found, "left");
        struct json_object *right = json_object_object_get(found, "right");
        char change[400], a[24], b[24];
        change_text(left, right, change, sizeof(change));
        printf("  %-*s %*s %*s%s%s\n", NAME, json_object_get_string(json_object_object_get(found, "name")),
               VALUE, value_text(left, a), VALUE, value_text(right, b), *change ? "  " : "", change);
    }
}

static void print_pair(struct json_object *found)
{
    const char *left = json_object_get_string(json_object_object_get(found, "left"));
    const char *right = json_object_get_string(json_object_object_get(found, "right"));
    struct json_object *config = json_object_object_get(found, "config");
    struct json_object *list = json_object_object_get(found, "figures");

    printf("%s%s%s\n", left, strcmp(left, right) ? " and " : "", strcmp(left, right) ? right : "");
    print_differences(config, "configuration");
    print_differences(list, "figures");
    if (!json_object_array_length(config) && !json_object_array_length(list))
        puts("  nothing differs");
}

/* ---------------------------------------------------------------- the command */

static char *read_all(FILE *file)
{
    size_t used = 0, room = 1 << 16, got;
    char *text = malloc(room + 1), *more;

    while (text && (got = fread(text + used, 1, room - used, file))) {
        used += got;
        if (used < room)
            continue;
        more = realloc(text, 2 * room + 1);
        if (!more) {
            free(text);
            return NULL;
        }
        text = more;
        room *= 2;
    }
    if (text)
        text[used] = 0;
    return text;
}

static const char *member_text(struct json_object *object, const char *key)
{
    const char *text = json_object_get_string(json_object_object_get(object, key));

    return text ? text : "";
}

/* Whether each file has what is compared, so that nothing below has to ask. */
static bool complete(struct json_object *files)
{
    for (size_t i = 0; i < json_object_array_length(files); i++) {
        struct json_object *file = json_object_array_get_idx(files, i);
        if (!json_object_is_type(file, json_type_object) ||
            !json_object_is_type(json_object_object_get(file, "config"), json_type_object) ||
            !json_object_is_type(json_object_object_get(file, "file"), json_type_string))
            return false;
    }
    return true;
}

/* What a replay wrote, or null with a message. */
static struct json_object *load(const char *path)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    struct json_object *top = NULL, *files;
    char *text;

    if (!file) {
        file_error(path, 0, "%s", strerror(errno));
        return NULL;
    }
    text = read_all(file);
    if (file != stdin)
        fclose(file);
    if (text)
        top = json_tokener_parse(text);
    free(text);
    if (json_object_is_type(top, json_type_object) && !strcmp(member_text(top, "schema"), "amdvi-replay 1") &&
        json_object_object_get_ex(top, "files", &files) && json_object_is_type(files, json_type_array) &&
        complete(files))
        return top;
    file_error(path, 0, "not the output of `amdvi replay --json`");
    json_object_put(top);
    return NULL;
}

static bool differs(struct json_object *found, bool all)
{
    struct json_object *list = json_object_object_get(found, "figures");

    for (size_t i = 0; all && i < json_object_array_length(list); i++) {
        struct json_object *figure = json_object_array_get_idx(list, i);
        if (!same(json_object_object_get(figure, "left"), json_object_object_get(figure, "right")))
            return true;
    }
    return (!all && json_object_array_length(list)) ||
           json_object_array_length(json_object_object_get(found, "config"));
}

static int compare(struct json_object *left, struct json_object *right, bool all, bool json)
{
    struct json_object *a = json_object_object_get(left, "files"),
                       *b = json_object_object_get(right, "files");
    struct json_object *top = json_object_new_object(), *pairs = json_object_new_array();
    int status = CLI_OK;

    for (size_t i = 0; i < json_object_array_length(a); i++) {
        struct json_object *found =
            pair(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i), all);
        if (differs(found, all))
            status = CLI_FAILED;
        if (!json)
            print_pair(found);
        json_object_array_add(pairs, found);
    }
    json_put_text(top, "schema", "amdvi-compare 1");
    json_object_object_add(top, "pairs", pairs);
    if (json)
        json_print(stdout, top);
    else
        json_object_put(top);
    return status;
}

static int compare_files(char **paths, bool all, bool json)
{
    struct json_object *left = load(paths[0]), *right = left ? load(paths[1]) : NULL;
    int status = CLI_WRONG;

    if (right) {
        size_t a = json_object_array_length(json_object_object_get(left, "files"));
        size_t b = json_object_array_length(json_object_object_get(right, "files"));
        if (a && a == b)
            status = compare(left, right, all, json);
        else
            usage_error(&command_compare, "%s has %zu files that were played to the end, %s has %zu",
                        paths[0], a, paths[1], b);
    }
    json_object_put(left);
    json_object_put(right);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"all", no_argument, NULL, 'a'},
                                            {"json", no_argument, NULL, 'j'},
                                            {0}};
    bool all = false, json = false;
    int option, status;

    while ((option = option_next(&command_compare, argc, argv, ":haj", options, &status)) >= 0) {
        all |= option == 'a';
        json |= option == 'j';
    }
    if (option != OPTION_END)
        return status;
    if (argc - optind != 2)
        return usage_error(&command_compare, "two files are needed; see amdvi compare --help");
    return compare_files(argv + optind, all, json);
}

const struct command command_compare = {"compare", "two replays, figure by figure", help, run};
