// SPDX-License-Identifier: Apache-2.0
/* One file being played: what the player and the device tell, progress, outputs. */
#include "cli/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- what the player and the device tell */

static void on_access(void *context, const struct amdvi_access_info *info)
{
    struct session *session = context;

    stats_access(&session->stats, info);
    if (session->options->json)
        caches_access(&session->caches, info);
}

static struct replay_caches *started_caches(struct session *session)
{
    caches_start(&session->caches, amdvi_replay_device(session->player.replay),
                 amdvi_replay_config(session->player.replay));
    return &session->caches;
}

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    struct session *session = context;

    stats_request(&session->stats, request, result);
    if (session->options->json)
        caches_request(started_caches(session), request, result);
    session->outcome = result->ok ? "ok" : "fault";
    session->detail = result->ok ? NULL : amdvi_reason_text(result->fault.reason);
    if (session->timeline.out)
        timeline_request(&session->timeline, request, result);
}

static void on_interrupt(void *context, uint16_t requester, uint64_t address, uint32_t data,
                         const struct amdvi_int_result *result)
{
    struct session *session = context;

    stats_interrupt(&session->stats, requester, result);
    if (session->options->json)
        caches_interrupt(started_caches(session), requester, data, result);
    session->outcome = result->ok ? "ok" : "fault";
    session->detail = result->ok ? NULL : amdvi_reason_text(result->fault.reason);
    if (session->timeline.out)
        timeline_interrupt(&session->timeline, requester, data, result);
}

static void on_command(void *context, const struct amdvi_command_info *info)
{
    struct session *session = context;

    stats_command(&session->stats, info);
    if (session->options->json)
        caches_command(&session->caches, info);
    if (session->timeline.out)
        timeline_command(&session->timeline, info);
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    struct session *session = context;

    if (session->timeline.out)
        timeline_event(&session->timeline, info);
}

static void on_page_request(void *context, const struct amdvi_page_request *request,
                            const struct amdvi_page_request_result *result)
{
    struct session *session = context;

    if (session->timeline.out)
        timeline_page_request(&session->timeline, request, result);
}

static void on_prg_response(void *context, const struct amdvi_prg_response *response)
{
    struct session *session = context;

    if (session->timeline.out)
        timeline_prg_response(&session->timeline, response);
}

static void keep_failure(struct session *session, const struct amdvi_replay_verdict *verdict)
{
    if (session->failures_count < FAILURES_KEPT)
        session->failures[session->failures_count] =
            (struct failure){verdict->line, verdict->kind, strdup(verdict->text ? verdict->text : "")};
    session->failures_count++;
}

static void on_verdict(void *context, const struct amdvi_replay_verdict *verdict)
{
    struct session *session = context;

    session->outcome = verdict->held ? "held" : "failed";
    if (verdict->held)
        return;
    snprintf(session->detail_text, sizeof(session->detail_text), "%s", verdict->text ? verdict->text : "");
    session->detail = session->detail_text;
    if (session->options->json)
        keep_failure(session, verdict);
    else if (++session->failures_count <= session->options->failures)
        printf("%s:%" PRIu64 ": %s: %s\n", session->player.path, verdict->line, verdict->kind,
               verdict->text ? verdict->text : "");
}

static void on_result(void *context, const struct amdvi_trace_record *request,
                      const struct amdvi_trace_record *record)
{
    struct session *session = context;
    char *result, *question;

    if (session->golden.writer)
        golden_result(session, record);
    if (!session->options->check)
        return;
    result = record_text(record);
    question = record_text(request);
    if (!result || !question)
        fputs("amdvi replay: out of memory for a result\n", stderr);
    else if (session->options->json)
        json_add_text(session->stated, result);
    else
        printf("%s # %s:%" PRIu64 ": %s\n", result, session->player.path, request->line, question);
    free(result);
    free(question);
}

/* ---------------------------------------------------------------- playing */

enum { LINE_TEXT = 160 };

/* The clock is asked every 4096 records. */
static void show_progress(const struct session *session, struct progress *progress)
{
    const char *path = session->player.path, *slash = strrchr(path, '/');
    char share[PROGRESS_TEXT] = "", text[PROGRESS_TEXT + LINE_TEXT];
    uint64_t done, size;
    double seconds;

    if (session->player.records % 4096 || !progress_due(progress))
        return;
    seconds = progress_seconds(progress);
    if (amdvi_trace_progress(session->player.reader, &done, &size) && done && done <= size)
        progress_share(share, sizeof(share), (double)done / (double)size, seconds);
    snprintf(text, sizeof(text), "%.24s: %" PRIu64 " records, %.0f a second%s%s", slash ? slash + 1 : path,
             session->player.records, (double)session->player.records / seconds, *share ? ", " : "", share);
    progress_print(progress, text);
}

static void after_record(struct session *session)
{
    struct amdvi_device *device;

    session->player.records++;
    live_record(session);
    if (session->csv)
        amdvi_csv_result(session->csv, &session->player.record, session->time_ns,
                         session->outcome ? session->outcome : "", session->detail);
    if (!session->stats.devices)
        return;
    device = amdvi_replay_device(session->player.replay);
    stats_record(&session->stats, session->player.records, session->time_ns, device);
    if (session->options->json)
        caches_record(started_caches(session));
    if (session->timeline.out && session->player.records % 64 == 0)
        timeline_counters(&session->timeline, device);
}

static void take_time(struct session *session, const struct amdvi_trace_record *record)
{
    uint64_t stated = amdvi_trace_num(record, AMDVI_TRACE_KEY_T, session->time_ns);

    if (!amdvi_trace_has(record, AMDVI_TRACE_KEY_T))
        return;
    if (!session->timed)
        session->first_ns = stated;
    session->backwards |= session->timed && stated < session->time_ns;
    session->timed = true;
    session->time_ns = stated;
}

static bool play_one(struct session *session)
{
    if (session->player.record.kind <= AMDVI_TRACE_KIND_BLANK)
        return golden_record(session);
    session->outcome = session->detail = NULL;
    take_time(session, &session->player.record);
    if (session->timeline.out)
        timeline_record(&session->timeline, &session->player.record);
    if (!player_play(&session->player, &session->player.record))
        return false;
    after_record(session);
    return !session->golden.writer || golden_record(session);
}

static bool finish(struct session *session)
{
    if (amdvi_replay_finish(session->player.replay) == AMDVI_REPLAY_OK)
        return true;
    fprintf(stderr, "%s\n", amdvi_replay_error(session->player.replay));
    return false;
}

static bool play_all(struct session *session)
{
    struct progress progress;
    enum player_step step;

    progress_begin(&progress);
    progress.on &= !session->options->no_progress;
    while ((step = player_fetch(&session->player)) == PLAYER_RECORD) {
        if (!play_one(session))
            break;
        print_start(session);
        show_progress(session, &progress);
    }
    if (step == PLAYER_END && !finish(session))
        step = PLAYER_WRONG;
    if (session->timeline.out)
        timeline_counters(&session->timeline, amdvi_replay_device(session->player.replay));
    session->seconds = progress_seconds(&progress);
    progress_clear(&progress);
    return step == PLAYER_END;
}

/* ---------------------------------------------------------------- one file */

static bool needs_observer(const struct replay_options *options)
{
    return options->json || options->timeline || options->csv;
}

static bool open_outputs(struct session *session, const char *path)
{
    const struct replay_options *options = session->options;

    if (options->json && options->check)
        session->stated = json_object_new_array();
    if (needs_observer(options) && !stats_open(&session->stats)) {
        usage_error(&command_replay, "out of memory");
        return false;
    }
    if (options->json && !caches_open(&session->caches)) {
        usage_error(&command_replay, "out of memory");
        return false;
    }
    if (options->timeline && !timeline_open(&session->timeline, options->timeline, path))
        return false;
    if (!live_open(session) || (options->expectations && !golden_open(session, path)))
        return false;
    if (!options->csv)
        return true;
    return output_open(&command_replay, options->csv, &session->csv_output) &&
           amdvi_csv_open(amdvi_trace_write_to_file, session->csv_output.file, &session->csv) ==
               AMDVI_TRACE_OK;
}

/* What a trace with a mistake played up to it is kept, except a golden file that ends too early; one that
 * played nothing replaces nothing. */
static bool close_outputs(struct session *session, bool whole)
{
    bool keep = whole || session->player.records > 0;
    bool good = timeline_close(&session->timeline, keep);

    live_close(session);
    good &= golden_close(session, whole);
    if (session->csv)
        good &= amdvi_csv_finish(session->csv) == AMDVI_TRACE_OK;
    amdvi_csv_close(session->csv);
    if (session->csv_output.file)
        good &= output_close(&command_replay, &session->csv_output, keep && good);
    stats_close(&session->stats);
    if (session->options->json)
        caches_close(&session->caches);
    for (uint64_t i = 0; i < session->failures_count && i < FAILURES_KEPT; i++)
        free(session->failures[i].text);
    json_object_put(session->stated);
    json_object_put(session->lint_findings);
    return good;
}

static bool start_player(struct session *session, const char *path)
{
    const struct replay_options *options = session->options;
    struct amdvi_trace_options reading = {.keep_layout = options->expectations};
    struct amdvi_replay_options player = settings_player(&options->settings);

    player.state_results = options->check || options->expectations;
    player.context = session;
    player.verdict = on_verdict;
    player.result = on_result;
    player.observer = needs_observer(options) ? &session->observer : NULL;
    session->observer = (struct amdvi_observer){.context = session,
                                                .access = on_access,
                                                .request = on_request,
                                                .interrupt = on_interrupt,
                                                .command = on_command,
                                                .event = on_event,
                                                .page_request = on_page_request,
                                                .prg_response = on_prg_response};
    player.name = path;
    lint_open(session, &player);
    return player_open(&session->player, path, &reading, &player);
}

static int conclude(struct session *session)
{
    if (session->options->json)
        replay_json_add(session);
    else if (!session->options->quiet)
        print_summary(session);
    return amdvi_replay_counts(session->player.replay)->failed || session->lint_mistakes ||
                   nothing_checked(session)
               ? CLI_FAILED
               : CLI_OK;
}

static void count_unprinted(const struct session *session)
{
    uint64_t printed = session->options->failures;

    if (!session->options->json && session->failures_count > printed)
        printf("%s%s: %" PRIu64 " more failed; --failures all prints them\n",
               session->options->check ? "# " : "", session->player.path, session->failures_count - printed);
}

static void add_error(const struct session *session, const char *path)
{
    struct json_object *object = json_object_new_object();

    json_put_text(object, "file", path);
    json_put_text(object, "text", session->player.error);
    json_object_array_add(session->options->errors, object);
}

int replay_file(const struct replay_options *options, const char *path)
{
    struct session *session = calloc(1, sizeof(*session));
    int status = CLI_WRONG;

    if (!session)
        return usage_error(&command_replay, "out of memory");
    session->options = options;
    if (open_outputs(session, path) && start_player(session, path)) {
        bool whole = play_all(session);
        count_unprinted(session);
        if (whole)
            status = conclude(session);
        else if (!options->json && !options->quiet)
            print_summary(session); /* of what came before the mistake */
    }
    if (session->player.error[0] && options->errors)
        add_error(session, path);
    if (!close_outputs(session, status != CLI_WRONG))
        status = CLI_WRONG;
    player_close(&session->player);
    free(session);
    return status;
}
