// SPDX-License-Identifier: Apache-2.0
/* The timeline of a replay: tracks for the requests and interrupts of each device, commands, events; curves
 * of the counters. Everything gets a microsecond of its own, at or after the record's time. */
#include "cli/replay.h"

enum { SLOT_NS = 1000, TRACK_ROOM = 64, NAME_ROOM = 160 };

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
    uint64_t stated = amdvi_trace_num(record, AMDVI_TRACE_KEY_T, 0);

    timeline->now_ns += SLOT_NS;
    if (stated > timeline->now_ns)
        timeline->now_ns = stated;
    timeline->line = record->line;
}

static void emit(struct timeline *timeline, const char *track, const char *name,
                 const struct amdvi_export_arg *args, size_t count)
{
    struct amdvi_export_event event = {.track = track,
                                       .name = name,
                                       .ts_ns = timeline->now_ns,
                                       .dur_ns = SLOT_NS,
                                       .args = args,
                                       .args_count = count};

    amdvi_perfetto_event(timeline->out, &event);
    timeline->now_ns += SLOT_NS;
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
