// SPDX-License-Identifier: Apache-2.0
/* A replay for machines. Units stand in the names. */
#include "cli/replay.h"

static struct json_object *check_class(uint64_t performed, uint64_t checked, uint64_t failed)
{
    struct json_object *object = json_object_new_object();

    json_put_count(object, "performed", performed);
    json_put_count(object, "checked", checked);
    json_put_count(object, "held", checked - failed);
    json_put_count(object, "failed", failed);
    return object;
}

static struct json_object *checks_json(const struct amdvi_replay_counts *c)
{
    struct json_object *object = check_class(c->checks, c->checks, c->failed);
    struct json_object *classes = json_object_new_object();

    json_object_object_del(object, "performed");
    json_object_object_del(object, "checked");
    json_put_count(object, "total", c->checks);
    json_object_object_add(classes, "translations",
                           check_class(c->translations, c->translations_checked, c->translations_failed));
    json_object_object_add(classes, "interrupts",
                           check_class(c->interrupts, c->interrupts_checked, c->interrupts_failed));
    json_object_object_add(classes, "stores",
                           check_class(c->stores_checked, c->stores_checked, c->stores_failed));
    json_object_object_add(classes, "registers",
                           check_class(c->registers_checked, c->registers_checked, c->registers_failed));
    json_object_object_add(classes, "others",
                           check_class(c->others_checked, c->others_checked, c->others_failed));
    json_object_object_add(object, "classes", classes);
    return object;
}

static struct json_object *statistics_json(const struct amdvi_statistics *statistics)
{
    struct json_object *object = json_object_new_object();
    const struct counter *counter;

    for (size_t i = 0; (counter = stats_counter(i)); i++)
        json_put_count(object, counter->name, stats_counter_value(statistics, counter));
    return object;
}

static struct json_object *named_counts(const uint64_t *counts, const char *(*name)(unsigned),
                                        const char *code_key)
{
    struct json_object *array = json_object_new_array();

    for (unsigned i = 0; i < 16; i++) {
        struct json_object *object;
        if (!counts[i])
            continue;
        object = json_object_new_object();
        json_put_count(object, code_key, i);
        json_put_text(object, "name", name(i));
        json_put_count(object, "count", counts[i]);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *devices_json(const struct replay_stats *stats, const struct replay_caches *caches)
{
    struct json_object *array = json_object_new_array();

    for (unsigned i = 0; i < DEVICES; i++) {
        const struct device_counts *d = &stats->devices[i];
        struct json_object *object, *asked;
        char name[8];
        if (!(d->translated | d->identity | d->faulted | d->interrupts))
            continue;
        object = json_object_new_object();
        json_put_text(object, "device", device_text((uint16_t)i, name));
        json_put_hex(object, "device_id", i);
        json_put_count(object, "translated", d->translated);
        json_put_count(object, "identity", d->identity);
        json_put_count(object, "faulted", d->faulted);
        json_put_count(object, "interrupts", d->interrupts);
        json_put_count(object, "interrupts_faulted", d->interrupts_faulted);
        asked = caches_device_json(caches, (uint16_t)i);
        if (asked)
            json_object_object_add(object, "caches", asked);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *reasons_json(const struct replay_stats *stats)
{
    struct json_object *array = json_object_new_array();

    for (unsigned i = 0; i < REASONS; i++) {
        struct json_object *object;
        if (!stats->reasons[i])
            continue;
        object = json_object_new_object();
        json_put_text(object, "reason", amdvi_reason_text(i));
        json_put_count(object, "count", stats->reasons[i]);
        json_object_array_add(array, object);
    }
    return array;
}

/* Sizes as powers of two; `everything` for the last bin. */
static struct json_object *sizes_json(const uint64_t bins[SIZE_BINS])
{
    struct json_object *array = json_object_new_array();

    for (unsigned i = 0; i < SIZE_BINS; i++) {
        struct json_object *object;
        char text[24];
        if (!bins[i])
            continue;
        object = json_object_new_object();
        if (i == SIZE_BINS - 1) {
            json_put_text(object, "size", "everything");
        } else {
            json_put_text(object, "size", size_text(UINT64_C(1) << i, text, sizeof(text)));
            json_put_count(object, "size_bytes", UINT64_C(1) << i);
        }
        json_put_count(object, "count", bins[i]);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *reads_json(const uint64_t bins[READ_BINS])
{
    struct json_object *array = json_object_new_array();

    for (unsigned i = 0; i < READ_BINS; i++) {
        struct json_object *object;
        if (!bins[i])
            continue;
        object = json_object_new_object();
        json_put_count(object, "table_reads", i);
        json_put_bool(object, "or_more", i == READ_BINS - 1);
        json_put_count(object, "requests", bins[i]);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *point_json(const struct amdvi_statistics *from, const struct amdvi_statistics *to,
                                      uint64_t first_record, uint64_t end_ns)
{
    struct json_object *object = json_object_new_object();

    json_put_count(object, "first_record", first_record);
    json_put_count(object, "end_ns", end_ns);
    json_put_count(object, "translations", to->requests - from->requests);
    json_put_count(object, "faults", to->faulted - from->faulted);
    json_put_count(object, "ptc_hits", to->ptc_hits - from->ptc_hits);
    json_put_count(object, "ptc_misses", to->ptc_misses - from->ptc_misses);
    json_put_count(object, "commands", to->commands - from->commands);
    json_put_count(object, "invalidations", to->invalidations - from->invalidations);
    json_put_count(object, "entries_invalidated", to->entries_invalidated - from->entries_invalidated);
    json_put_count(object, "interrupts", to->interrupts - from->interrupts);
    return object;
}

static struct json_object *series_json(const struct session *session, const struct amdvi_statistics *end)
{
    const struct replay_stats *stats = &session->stats;
    struct json_object *object = json_object_new_object(), *points = json_object_new_array();
    struct amdvi_statistics last = {0};

    for (unsigned i = 0; i < stats->points; i++) {
        json_object_array_add(points,
                              point_json(&last, &stats->series[i], i * stats->width, stats->series_ns[i]));
        last = stats->series[i];
    }
    if (session->player.records > stats->points * stats->width)
        json_object_array_add(points, point_json(&last, end, stats->points * stats->width, session->time_ns));
    json_put_count(object, "records_per_bucket", stats->width);
    json_put_bool(object, "timed", session->timed && !session->backwards);
    json_put_count(object, "first_ns", session->first_ns);
    json_object_object_add(object, "buckets", points);
    return object;
}

static struct json_object *failures_json(const struct session *session)
{
    struct json_object *array = json_object_new_array();

    for (uint64_t i = 0; i < session->failures_count && i < FAILURES_KEPT; i++) {
        struct json_object *object = json_object_new_object();
        json_put_count(object, "line", session->failures[i].line);
        json_put_text(object, "kind", session->failures[i].kind);
        json_put_text(object, "text", session->failures[i].text);
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *config_json(const struct amdvi_config *config)
{
    struct json_object *object = json_object_new_object();
    const struct amdvi_config_key *key;
    char value[CONFIG_VALUE];

    for (size_t i = 0; config && (key = amdvi_config_key_at(i)); i++)
        if (amdvi_config_get(config, key->name, value, sizeof(value)) == AMDVI_OK)
            json_put_text(object, key->name, value);
    return object;
}

static void say_gap(void *context, const char *what)
{
    json_add_text(context, what);
}

static void add_source(struct json_object *object, const struct session *session)
{
    const struct amdvi_trace_info *info = amdvi_trace_info(session->player.reader);
    struct json_object *gaps = json_object_new_array();

    json_put_text(object, "file", session->player.path);
    json_put_text(object, "source", info->source_name);
    json_put_bool(object, "compressed", info->compressed);
    if (what_was_recorded(info))
        json_put_text(object, "source_note", what_was_recorded(info));
    cannot_check(info, say_gap, gaps);
    json_object_object_add(object, "source_cannot_check", gaps);
}

static void add_figures(struct json_object *object, struct session *session)
{
    struct amdvi_device *device = amdvi_replay_device(session->player.replay);
    struct amdvi_statistics statistics = {0};

    if (device)
        amdvi_get_statistics(device, &statistics);
    json_object_object_add(object, "statistics", statistics_json(&statistics));
    json_object_object_add(object, "commands_by_opcode",
                           named_counts(statistics.commands_by_opcode, command_name, "opcode"));
    json_object_object_add(object, "events_by_code",
                           named_counts(statistics.events_by_code, amdvi_event_name, "code"));
    json_object_object_add(object, "devices", devices_json(&session->stats, &session->caches));
    json_object_object_add(object, "caches", caches_json(&session->caches));
    json_put_count(object, "ptc_lookups_not_followed", session->caches.untold);
    json_object_object_add(object, "faults_by_reason", reasons_json(&session->stats));
    json_object_object_add(object, "translation_page_sizes", sizes_json(session->stats.page_sizes));
    json_object_object_add(object, "invalidation_sizes", sizes_json(session->stats.inv_sizes));
    json_object_object_add(object, "walk_reads", reads_json(session->stats.walk_reads));
    json_object_object_add(object, "series", series_json(session, &statistics));
}

void replay_json_add(struct session *session)
{
    struct json_object *object = json_object_new_object();
    double seconds = session->seconds;

    add_source(object, session);
    json_put_count(object, "records", session->player.records);
    json_put_bool(object, "nothing_checked", !amdvi_replay_counts(session->player.replay)->checks);
    if (session->golden.writer)
        json_put_count(object, "expectations_written", session->golden.written);
    json_object_object_add(object, "checks", checks_json(amdvi_replay_counts(session->player.replay)));
    json_put_real(object, "seconds", seconds);
    json_put_real(object, "records_per_s", seconds > 0 ? (double)session->player.records / seconds : 0);
    json_object_object_add(object, "config", config_json(amdvi_replay_config(session->player.replay)));
    add_figures(object, session);
    if (amdvi_replay_timed(session->player.replay))
        json_object_object_add(object, "time", time_json(session));
    json_object_object_add(object, "failures", failures_json(session));
    json_put_count(object, "failures_total", session->failures_count);
    if (session->options->lint)
        json_object_object_add(object, "lint", lint_json(session));
    if (session->stated)
        json_object_object_add(object, "results", json_object_get(session->stated));
    json_object_array_add(session->options->results, object);
}
