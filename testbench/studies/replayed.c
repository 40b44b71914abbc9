// SPDX-License-Identifier: Apache-2.0
/*
 * A trace or capture as a workload: its requests one after the other (pace=closed), at the times that it
 * states, as they are or stretched (recorded), or as many at once as `outstanding` allows (open). What else
 * it does happens where it stands; a register access waits until everything before it has ended. Expectations
 * are not looked at.
 */
#include "testbench/studies/watch.h"
#include "testbench/studies/workload.h"

#include "amdvi/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS = AMDVI_TIMED_PARAMETERS_MAX + EXPERIMENT_KEYS + 1, VALUE_TEXT = 32, THOUSAND = 1000 };

struct replayed {
    const struct experiment *e;
    struct amdvi_trace_reader *reader;
    struct amdvi_replay *replay;
    struct amdvi_trace_pair settings[SETTINGS];
    size_t settings_count;
    char names[AMDVI_TIMED_PARAMETERS_MAX][EXPERIMENT_TEXT], values[AMDVI_TIMED_PARAMETERS_MAX][VALUE_TEXT];
    char directory[EXPERIMENT_PATH];
    uint64_t requests;
    unsigned ports;
    bool failed;
    char *problem;
    size_t problem_size;
};

/* ---------------------------------------------------------------- settings of the player */

static void write_value(const struct amdvi_timed_parameter *p, uint64_t value, char *text)
{
    const char *word = p->values;

    for (uint64_t i = 0; *word && i < value; i++)
        word += strcspn(word, "|") + 1;
    if (*p->values)
        snprintf(text, VALUE_TEXT, "%.*s", (int)strcspn(word, "|"), word);
    else
        snprintf(text, VALUE_TEXT, "%llu%s", (unsigned long long)value, strcmp(p->unit, "time") ? "" : "ps");
}

/* The experiment's settings win over the trace's. */
static void add_settings(struct replayed *r)
{
    const struct amdvi_timed_parameter *p;

    r->settings[r->settings_count++] = (struct amdvi_trace_pair){"timing", "on"};
    for (unsigned i = 0; i < r->e->key_count; i++)
        r->settings[r->settings_count++] = (struct amdvi_trace_pair){r->e->keys[i][0], r->e->keys[i][1]};
    for (size_t i = 0; (p = amdvi_timed_parameter_at(i)); i++) {
        snprintf(r->names[i], sizeof(r->names[i]), "timing.%s", p->name);
        write_value(p, r->e->parameters.value[i], r->values[i]);
        r->settings[r->settings_count++] = (struct amdvi_trace_pair){r->names[i], r->values[i]};
    }
}

/* ---------------------------------------------------------------- opening */

static void fail(struct replayed *r, const char *text)
{
    snprintf(r->problem, r->problem_size, "%s", text);
    r->failed = true;
}

static void find_directory(struct replayed *r)
{
    const char *slash = strrchr(r->e->trace, '/');

    if (slash)
        snprintf(r->directory, sizeof(r->directory), "%.*s", (int)(slash - r->e->trace), r->e->trace);
}

static void open_trace(struct replayed *r)
{
    struct amdvi_trace_error error = {0};
    struct amdvi_replay_options options = {.name = r->e->trace};

    find_directory(r);
    add_settings(r);
    options.directory = *r->directory ? r->directory : NULL;
    options.settings = r->settings;
    options.settings_count = r->settings_count;
    if (amdvi_trace_open(r->e->trace, NULL, &r->reader, &error) != AMDVI_TRACE_OK)
        fail(r, error.text);
    else if (amdvi_replay_create(&options, &r->replay) != AMDVI_REPLAY_OK)
        fail(r, "the player cannot start: out of memory");
}

/* ---------------------------------------------------------------- playing */

static bool is_expectation(const struct amdvi_trace_record *record)
{
    return record->kind == AMDVI_TRACE_KIND_OK || record->kind == AMDVI_TRACE_KIND_FAULT ||
           (record->kind >= AMDVI_TRACE_KIND_EXPECT_MEM && record->kind <= AMDVI_TRACE_KIND_EXPECT_ATC_INV);
}

/* The time at which the record acts, ps; 0: at once. */
static uint64_t due(const struct replayed *r, const struct amdvi_trace_record *record)
{
    const struct workload *l = &r->e->workload;
    uint64_t ns = amdvi_trace_num(record, AMDVI_TRACE_KEY_T, 0);

    return l->pace == PACE_RECORDED && ns < AMDVI_TIMED_LAST / l->stretch ? ns * l->stretch : 0;
}

static void pass(struct replayed *r, struct amdvi_timed *timed, uint64_t until)
{
    while (amdvi_timed_pending(timed) >= r->e->workload.outstanding && !r->failed)
        r->failed |= amdvi_timed_next(timed) == AMDVI_TIMED_NEVER ||
                     amdvi_timed_run(timed, amdvi_timed_next(timed)) != AMDVI_OK;
    if (until > amdvi_timed_now(timed))
        r->failed |= amdvi_timed_run(timed, until) != AMDVI_OK;
}

static void submit(struct replayed *r, const struct amdvi_trace_record *record,
                   const struct amdvi_request *request)
{
    struct amdvi_timed *timed = amdvi_replay_timed(r->replay);

    pass(r, timed, due(r, record));
    r->failed |= amdvi_timed_request(timed, amdvi_timed_now(timed), (unsigned)(r->requests % r->ports),
                                     request, 0) != AMDVI_OK;
    r->requests++;
}

/* Its own way through the player, which waits for what it leads to. */
static void act(struct replayed *r, const struct amdvi_trace_record *record)
{
    struct amdvi_trace_record now = *record;

    now.have &= ~AMDVI_TRACE_BIT(AMDVI_TRACE_KEY_T);
    if (due(r, record))
        amdvi_trace_set(&now, AMDVI_TRACE_KEY_T, due(r, record) / THOUSAND);
    if (amdvi_replay_record(r->replay, &now) != AMDVI_REPLAY_OK)
        fail(r, amdvi_replay_error(r->replay));
}

static void play(struct replayed *r, const struct amdvi_trace_record *record)
{
    struct amdvi_request request;

    if (is_expectation(record))
        return;
    if (r->e->workload.pace == PACE_CLOSED || !amdvi_replay_timed(r->replay) ||
        !amdvi_replay_request(record, &request)) {
        r->requests += amdvi_replay_timed(r->replay) && record->kind >= AMDVI_TRACE_KIND_DMA &&
                       record->kind <= AMDVI_TRACE_KIND_INT;
        act(r, record);
        return;
    }
    submit(r, record, &request);
}

static void play_requests(struct replayed *r, uint64_t count)
{
    uint64_t stop_at = r->requests + count, before;
    struct amdvi_trace_record record;
    enum amdvi_trace_status status = AMDVI_TRACE_OK;

    while (!r->failed && r->requests < stop_at &&
           (status = amdvi_trace_next(r->reader, &record)) == AMDVI_TRACE_OK) {
        before = r->requests;
        play(r, &record);
        if (r->requests != before)
            watch_one(r->e->watch);
    }
    if (!r->failed && status != AMDVI_TRACE_OK && status != AMDVI_TRACE_END)
        fail(r, amdvi_trace_last_error(r->reader)->text);
}

/* ---------------------------------------------------------------- from first to last */

static void measure(struct replayed *r, struct experiment_result *result)
{
    struct amdvi_timed *timed;
    uint64_t before;

    play_requests(r, r->e->warm_up);
    timed = amdvi_replay_timed(r->replay);
    if (timed)
        amdvi_timed_restart(timed);
    before = r->requests;
    play_requests(r, r->e->length);
    timed = amdvi_replay_timed(r->replay);
    if (r->failed || !timed)
        return;
    r->failed |= amdvi_timed_run(timed, AMDVI_TIMED_NEVER) != AMDVI_OK;
    metric_add(result, "trace_requests", (double)(r->requests - before));
    metric_add_timed(result, timed);
}

bool workload_replay(const struct experiment *e, struct experiment_result *result)
{
    struct replayed r = {.e = e,
                         .problem = result->problem,
                         .problem_size = sizeof(result->problem),
                         .ports = workload_ports(e)};

    open_trace(&r);
    if (!r.failed)
        measure(&r, result);
    amdvi_replay_destroy(r.replay);
    amdvi_trace_close(r.reader);
    return !r.failed;
}
