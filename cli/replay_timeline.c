// SPDX-License-Identifier: Apache-2.0
/*
 * The timeline of a replay: tracks for the requests and interrupts of each device, commands, events; curves
 * of the counters. Everything happens at the time of its record, as an instant: a functional model knows no
 * durations. Where the trace states no time, records are a microsecond apart. The one thing with a duration
 * is a page request: from its record to its answer. Long traces are thinned out, faults never.
 */
#include "cli/replay.h"

enum { RECORD_NS = 1000, TRACK_ROOM = 64, NAME_ROOM = 160 };
/* So many are all drawn; from then on one of 2, 4, ... and each step lasts half as long as that. */
enum { DRAWN_WHOLE = 100000 };

bool timeline_open(struct timeline *timeline, const char *path, const char *process)
{
    if (!output_open(&command_replay, path, &timeline->output))
        return false;
    if (amdvi_perfetto_open(amdvi_trace_write_to_file, timeline->output.file, process, 0, &timeline->out) ==
        AMDVI_TRACE_OK)
        return true;
    usage_error(&command_replay, "the timeline cannot be started: out of memory");
    return false;
}

bool timeline_close(struct timeline *timeline, bool keep)
{
    bool good = true;

    if (timeline->out)
        good = amdvi_perfetto_finish(timeline->out) == AMDVI_TRACE_OK;
    amdvi_perfetto_close(timeline->out);
    if (timeline->output.file)
        good &= output_close(&command_replay, &timeline->output, keep && good);
    *timeline = (struct timeline){0};
    return good;
}

void timeline_record(struct timeline *timeline, const struct amdvi_trace_record *record)
{
    bool stated = amdvi_trace_has(record, AMDVI_TRACE_KEY_T);
    uint64_t ns = amdvi_trace_num(record, AMDVI_TRACE_KEY_T, 0);

    timeline->timed |= stated;
    if (!timeline->timed)
        timeline->now_ns += RECORD_NS;
    if (stated && ns > timeline->now_ns)
        timeline->now_ns = ns;
    timeline->line = record->line;
}

static void emit_span(struct timeline *timeline, const char *track, const char *name, uint64_t start_ns,
                      const struct amdvi_export_arg *args, size_t count)
{
    struct amdvi_export_event event = {.track = track,
                                       .name = name,
                                       .ts_ns = start_ns,
                                       .dur_ns = timeline->now_ns - start_ns,
                                       .args = args,
                                       .args_count = count};

    amdvi_perfetto_event(timeline->out, &event);
}

static void emit(struct timeline *timeline, const char *track, const char *name,
                 const struct amdvi_export_arg *args, size_t count)
{
    emit_span(timeline, track, name, timeline->now_ns, args, count);
}

static void thin_out(struct timeline *timeline)
{
    char name[NAME_ROOM];

    timeline->one_of = timeline->one_of ? 2 * timeline->one_of : 2;
    timeline->drawn = DRAWN_WHOLE / 2;
    snprintf(name, sizeof(name), "from here on 1 of %llu requests, interrupts and commands is drawn",
             (unsigned long long)timeline->one_of);
    emit(timeline, "sampling", name, NULL, 0);
}

/* Whether the next request, interrupt or command is drawn; what went wrong always is. */
static bool drawn(struct timeline *timeline, bool wrong)
{
    if (wrong)
        return true;
    if (timeline->one_of && ++timeline->skipped < timeline->one_of)
        return false;
    timeline->skipped = 0;
    if (++timeline->drawn >= DRAWN_WHOLE)
        thin_out(timeline);
    return true;
}

static void fault_name(char *name, size_t size, const char *what, const struct amdvi_fault *fault)
{
    const char *event = amdvi_event_name(fault->event);

    snprintf(name, size, "%s: %s", what, event ? event : "fault without event");
}

void timeline_request(struct timeline *timeline, const struct amdvi_request *request,
                      const struct amdvi_result *result)
{
    char track[TRACK_ROOM], name[NAME_ROOM], line[24];
    struct amdvi_export_arg args[6] = {{"line", line, 0}, {"address", NULL, request->address}};
    size_t count = 2;

    if (!drawn(timeline, !result->ok))
        return;
    snprintf(line, sizeof(line), "%llu", (unsigned long long)timeline->line);
    amdvi_export_device_track(request->device, "translations", track, sizeof(track));
    if (request->has_pasid)
        args[count++] = (struct amdvi_export_arg){"pasid", NULL, request->pasid};
    if (result->ok) {
        snprintf(name, sizeof(name), "%s ok", op_text(request->op));
        args[count++] = (struct amdvi_export_arg){"pa", NULL, result->pa};
        if (!result->identity)
            args[count++] = (struct amdvi_export_arg){"page_bytes", NULL, result->size};
    } else {
        fault_name(name, sizeof(name), op_text(request->op), &result->fault);
        args[count++] = (struct amdvi_export_arg){"reason", amdvi_reason_text(result->fault.reason), 0};
        args[count++] = (struct amdvi_export_arg){"reply", reply_text(result->fault.reply), 0};
    }
    emit(timeline, track, name, args, count);
}

void timeline_interrupt(struct timeline *timeline, uint16_t requester, uint32_t data,
                        const struct amdvi_int_result *result)
{
    char track[TRACK_ROOM], name[NAME_ROOM], line[24];
    struct amdvi_export_arg args[4] = {{"line", line, 0}, {"data", NULL, data}};
    size_t count = 2;

    if (!drawn(timeline, !result->ok))
        return;
    snprintf(line, sizeof(line), "%llu", (unsigned long long)timeline->line);
    amdvi_export_device_track(requester, "interrupts", track, sizeof(track));
    if (result->ok) {
        snprintf(name, sizeof(name), "%s 0x%02x", result->posted ? "posted" : "vector", result->vector);
        args[count++] = (struct amdvi_export_arg){"destination", NULL, result->destination};
    } else {
        fault_name(name, sizeof(name), "interrupt", &result->fault);
        args[count++] = (struct amdvi_export_arg){"reason", amdvi_reason_text(result->fault.reason), 0};
    }
    emit(timeline, track, name, args, count);
}

void timeline_command(struct timeline *timeline, const struct amdvi_command_info *info)
{
    char track[TRACK_ROOM] = "commands", name[NAME_ROOM];
    struct amdvi_export_arg args[] = {
        {"address", NULL, info->address}, {"word0", NULL, info->words[0]}, {"word1", NULL, info->words[1]}};

    if (!drawn(timeline, !info->legal))
        return;
    if (info->guest)
        snprintf(track, sizeof(track), "commands of guest %u", info->guest_id);
    snprintf(name, sizeof(name), "%s%s",
             info->legal ? "" : "illegal: ", command_name((unsigned)(info->words[0] >> 60)));
    emit(timeline, track, name, args, 3);
}

static const char *log_name(const struct amdvi_event_info *info)
{
    const char *event = amdvi_event_name((unsigned)(info->record[0] >> 60));

    if (info->log == AMDVI_LOG_PPR)
        return "page request";
    if (info->log == AMDVI_LOG_GA)
        return "guest interrupt";
    return event ? event : "event";
}

void timeline_event(struct timeline *timeline, const struct amdvi_event_info *info)
{
    static const char *const tracks[] = {"event log", "PPR log", "GA log"};
    char track[TRACK_ROOM], name[NAME_ROOM];
    struct amdvi_export_arg args[] = {{"word0", NULL, info->record[0]}, {"word1", NULL, info->record[1]}};

    if (info->guest)
        snprintf(track, sizeof(track), "%s of guest %u", tracks[info->log % 3], info->guest_id);
    else
        snprintf(track, sizeof(track), "%s", tracks[info->log % 3]);
    snprintf(name, sizeof(name), "%s%s", log_name(info), info->logged ? "" : " (not logged)");
    emit(timeline, track, name, args, 2);
}

void timeline_page_request(struct timeline *timeline, const struct amdvi_page_request *request,
                           const struct amdvi_page_request_result *result)
{
    struct amdvi_export_arg args[] = {{"address", NULL, request->address}};
    char track[TRACK_ROOM];

    if (!result->ok) {
        amdvi_export_device_track(request->device, "page requests", track, sizeof(track));
        emit(timeline, track, "page request without record", args, 1);
        return;
    }
    for (size_t i = 0; i < PAGE_REQUESTS; i++) {
        if (timeline->open[i].used)
            continue;
        timeline->open[i] = (struct open_page_request){.used = true,
                                                       .device = request->device,
                                                       .index = request->prg_index,
                                                       .address = request->address,
                                                       .start_ns = timeline->now_ns,
                                                       .line = timeline->line};
        return;
    }
}

static void end_page_request(struct timeline *timeline, struct open_page_request *open,
                             const struct amdvi_prg_response *response)
{
    char track[TRACK_ROOM], group[32], line[24];
    struct amdvi_export_arg args[] = {
        {"line", line, 0}, {"address", NULL, open->address}, {"response", NULL, response->code}};

    snprintf(line, sizeof(line), "%llu", (unsigned long long)open->line);
    snprintf(group, sizeof(group), "page requests, group %u", open->index);
    amdvi_export_device_track(open->device, group, track, sizeof(track));
    emit_span(timeline, track, "page request", open->start_ns, args, 3);
    open->used = false;
}

/* One response answers all requests of its group. */
void timeline_prg_response(struct timeline *timeline, const struct amdvi_prg_response *response)
{
    for (size_t i = 0; i < PAGE_REQUESTS; i++) {
        struct open_page_request *open = &timeline->open[i];
        if (open->used && open->device == response->device && open->index == response->index)
            end_page_request(timeline, open, response);
    }
}

static uint64_t percent(uint64_t part, uint64_t whole)
{
    return whole ? part * 100 / whole : 0;
}

void timeline_counters(struct timeline *timeline, const struct amdvi_device *device)
{
    struct amdvi_statistics s;
    uint64_t hits, lookups;

    if (!device || amdvi_get_statistics(device, &s) != AMDVI_OK)
        return;
    hits = s.ptc_hits - timeline->sampled_hits;
    lookups = hits + s.ptc_misses - timeline->sampled_misses;
    timeline->sampled_hits = s.ptc_hits;
    timeline->sampled_misses = s.ptc_misses;
    if (lookups)
        amdvi_perfetto_counter(timeline->out, "PTC hit rate (% since the last sample)", timeline->now_ns,
                               percent(hits, lookups));
    amdvi_perfetto_counter(timeline->out, "translations", timeline->now_ns, s.requests);
    amdvi_perfetto_counter(timeline->out, "faults", timeline->now_ns, s.faulted);
    amdvi_perfetto_counter(timeline->out, "commands", timeline->now_ns, s.commands);
    amdvi_perfetto_counter(timeline->out, "cache entries invalidated", timeline->now_ns,
                           s.entries_invalidated);
    amdvi_perfetto_counter(timeline->out, "interrupts", timeline->now_ns, s.interrupts);
}
