// SPDX-License-Identifier: Apache-2.0
/* The settings of an experiment by name. */
#include "amdvi/experiment.h"

#include "testbench/studies/fields.h"

#include "testbench/studies/latencies.h"
#include "testbench/studies/silicon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LENGTH = 1000000000 };

void experiment_init(struct experiment *e)
{
    *e = (struct experiment){
        .name = "experiment", .report = "latency_mean_ns", .warm_up = 10000, .length = 100000, .seed = 1};
    amdvi_timed_preset_parameters(&e->parameters, NULL);
    for (size_t i = 0; workload_field_at(i); i++)
        *workload_value(&e->workload, i) = workload_field_at(i)->fallback;
}

/* ---------------------------------------------------------------- values */

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
    char *end;
    uint64_t parsed;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    parsed = strtoull(text, &end, 10);
    if (*end || errno || parsed < least || parsed > most)
        return false;
    *value = parsed;
    return true;
}

static bool choice(const char *values, const char *text, uint64_t *value)
{
    size_t length = strlen(text);

    for (uint64_t i = 0;; i++) {
        size_t word = strcspn(values, "|");
        if (word == length && !strncmp(values, text, length)) {
            *value = i;
            return true;
        }
        if (!values[word])
            return false;
        values += word + 1;
    }
}

static void say_what_is_allowed(const struct workload_field *f, const char *text, char *error, size_t size)
{
    if (*f->values)
        snprintf(error, size, "workload.%s: '%s' is none of %s", f->name, text, f->values);
    else
        snprintf(error, size, "workload.%s: '%s' is no number from %llu to %llu", f->name, text,
                 (unsigned long long)f->least, (unsigned long long)f->most);
}

static bool set_path(char *where, const char *name, const char *text, char *error, size_t size)
{
    if (*text && strlen(text) < EXPERIMENT_PATH) {
        strcpy(where, text);
        return true;
    }
    snprintf(error, size, "%s: a path of 1 to %d bytes", name, EXPERIMENT_PATH - 1);
    return false;
}

static bool set_workload(struct experiment *e, const char *name, const char *text, char *error, size_t size)
{
    const struct workload_field *f;
    size_t i;

    if (!strcmp(name, "trace"))
        return set_path(e->trace, "workload.trace", text, error, size);
    for (i = 0; (f = workload_field_at(i)) && strcmp(f->name, name);)
        i++;
    if (!f) {
        snprintf(error, size, "workload.%s: no such field", name);
        return false;
    }
    if (*f->values ? choice(f->values, text, workload_value(&e->workload, i))
                   : number(text, f->least, f->most, workload_value(&e->workload, i))) {
        e->workload_set[i] = true;
        return true;
    }
    say_what_is_allowed(f, text, error, size);
    return false;
}

/* Behind the last one when there is none of that name. */
static size_t parameter_number(const char *name)
{
    const struct amdvi_timed_parameter *p;
    size_t i = 0;

    while ((p = amdvi_timed_parameter_at(i)) && strcmp(p->name, name))
        i++;
    return i;
}

static bool set_text(char *where, const char *name, const char *text, char *error, size_t size)
{
    if (*text && strlen(text) < EXPERIMENT_TEXT) {
        strcpy(where, text);
        return true;
    }
    snprintf(error, size, "%s: a text of 1 to %d bytes", name, EXPERIMENT_TEXT - 1);
    return false;
}

/* Parameters that are given win over it, wherever it stands. */
static bool set_preset(struct experiment *e, const char *text, char *error, size_t size)
{
    struct amdvi_timed_parameters preset;

    if (amdvi_timed_preset_parameters(&preset, text) != AMDVI_OK) {
        snprintf(error, size, "time.preset: no preset '%s'; amdvi run --list has those that there are", text);
        return false;
    }
    for (size_t i = 0; amdvi_timed_parameter_at(i); i++)
        if (!e->time_set[i])
            e->parameters.value[i] = preset.value[i];
    return set_text(e->preset, "time.preset", text, error, size);
}

/* What is wrong with the file is said here, where its name stands. */
static bool set_latencies(struct experiment *e, const char *text, char *error, size_t size)
{
    uint64_t *list;
    uint32_t count;

    if (!set_path(e->latencies, "time.latencies", text, error, size) ||
        !latencies_read(text, &list, &count, error, size))
        return false;
    free(list);
    return true;
}

static bool set_order(struct experiment *e, const char *text, char *error, size_t size)
{
    e->latencies_in_turn = !strcmp(text, "in_turn");
    if (e->latencies_in_turn || !strcmp(text, "drawn"))
        return true;
    snprintf(error, size, "time.latency_order: '%s' is none of drawn|in_turn", text);
    return false;
}

static bool set_time(struct experiment *e, const char *name, const char *text, char *error, size_t size)
{
    size_t number = parameter_number(name);
    const struct amdvi_timed_parameter *p = amdvi_timed_parameter_at(number);

    if (!strcmp(name, "preset"))
        return set_preset(e, text, error, size);
    if (!strcmp(name, "latencies"))
        return set_latencies(e, text, error, size);
    if (!strcmp(name, "latency_order"))
        return set_order(e, text, error, size);
    if (!p) {
        snprintf(error, size, "time.%s: no such parameter", name);
        return false;
    }
    if (amdvi_timed_set(&e->parameters, name, text) == AMDVI_OK)
        return e->time_set[number] = true;
    if (*p->values)
        snprintf(error, size, "time.%s: '%s' is none of %s", name, text, p->values);
    else
        snprintf(error, size, "time.%s: '%s' is no %s from %llu to %llu%s", name, text, p->unit,
                 (unsigned long long)p->least, (unsigned long long)p->most,
                 strcmp(p->unit, "time") ? "" : " ps, with ps, ns, us, ms or s");
    return false;
}

static bool set_device(struct experiment *e, const char *key, const char *text, char *error, size_t size)
{
    struct amdvi_config *config;
    enum amdvi_status status = amdvi_config_create(&config);

    if (!status) {
        status = amdvi_config_set(config, key, text);
        amdvi_config_destroy(config);
    }
    if (status || e->key_count == EXPERIMENT_KEYS || strlen(key) >= EXPERIMENT_TEXT ||
        strlen(text) >= EXPERIMENT_TEXT) {
        snprintf(error, size, "device.%s: %s", key,
                 status ? amdvi_status_text(status) : "too many keys, or too long a value");
        return false;
    }
    strcpy(e->keys[e->key_count][0], key);
    strcpy(e->keys[e->key_count++][1], text);
    return true;
}

static bool set_count(uint64_t *where, const char *name, const char *text, uint64_t least, char *error,
                      size_t size)
{
    if (number(text, least, MOST_LENGTH, where))
        return true;
    snprintf(error, size, "%s: '%s' is no number from %llu to %d", name, text, (unsigned long long)least,
             MOST_LENGTH);
    return false;
}

/* ---------------------------------------------------------------- names */

bool experiment_set(struct experiment *e, const char *path, const char *value, char *error, size_t size)
{
    if (!strncmp(path, "workload.", 9))
        return set_workload(e, path + 9, value, error, size);
    if (!strncmp(path, "time.", 5))
        return set_time(e, path + 5, value, error, size);
    if (!strncmp(path, "silicon.", 8))
        return silicon_set(e, path + 8, value, error, size);
    if (!strncmp(path, "device.", 7))
        return set_device(e, path + 7, value, error, size);
    if (!strcmp(path, "name"))
        return set_text(e->name, path, value, error, size);
    if (!strcmp(path, "report"))
        return set_text(e->report, path, value, error, size);
    if (!strcmp(path, "warm_up"))
        return set_count(&e->warm_up, path, value, 0, error, size);
    if (!strcmp(path, "length"))
        return set_count(&e->length, path, value, 1, error, size);
    if (!strcmp(path, "seed"))
        return set_count(&e->seed, path, value, 1, error, size);
    snprintf(error, size,
             "%s: no such field; there are name, report, warm_up, length, seed, device, silicon, time and "
             "workload",
             path);
    return false;
}
