// SPDX-License-Identifier: Apache-2.0
/* `amdvi replay`: plays traces and checks what they expect. */
#include "cli/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: amdvi replay FILE... [options]\n\n"
    "Plays traces (text or binary), captures, QEMU logs and ftrace text, each on a device of its own, and "
    "checks\n"
    "what they expect. One line a failed check, `FILE:LINE: kind: expected ... got ...`, then a summary.\n"
    "FILE - is standard input; zstd input is taken as it is.\n\n"
    "  -c, --check           requests without an expectation print the record that would check them\n"
    "      --lint            report what the driver forgot: missing invalidations and the like, with the "
    "write\n"
    "                        that changed the table and the command that was needed\n"
    "      --lint-windows    also stale answers that were invalidated later\n"
    "      --lint-strict     a COMPLETION_WAIT without the invalidation is proof (not for lazy "
    "flushing)\n" PLAY_HELP "      --stats           all counters of the device in the summary\n"
    "  -j, --json            everything for machines, instead of text\n"
    "      --timeline OUT    a timeline for ui.perfetto.dev (one FILE only)\n"
    "      --csv OUT         a line for each record with its outcome (one FILE only)\n"
    "  -q, --quiet           only failed checks, no summary\n"
    "      --no-progress     no progress on the terminal\n"
    "  -h, --help            this text\n\n"
    "examples:\n"
    "  amdvi replay boot.trace\n"
    "  amdvi replay linux.capture.txt.zst --set caches=off --stats\n"
    "  amdvi replay guess.trace --check > golden.txt\n"
    "  amdvi replay boot.trace --json > stats.json && traces/report/report.py stats.json -o report\n\n"
    "exit codes: 0 every check held; 1 a check failed or lint found a mistake; 2 a file or the command line "
    "cannot be understood\n";

/* ---------------------------------------------------------------- what the player and the device tell */

static void on_access(void *context, const struct amdvi_access_info *info)
{
    struct session *session = context;

    stats_access(&session->stats, info);
}

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    struct session *session = context;

    stats_request(&session->stats, request, result);
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
    session->outcome = result->ok ? "ok" : "fault";
    session->detail = result->ok ? NULL : amdvi_reason_text(result->fault.reason);
    if (session->timeline.out)
        timeline_interrupt(&session->timeline, requester, data, result);
}

static void on_command(void *context, const struct amdvi_command_info *info)
{
    struct session *session = context;

    stats_command(&session->stats, info);
    if (session->timeline.out)
        timeline_command(&session->timeline, info);
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    struct session *session = context;

    if (session->timeline.out)
        timeline_event(&session->timeline, info);
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
    else
        printf("%s:%" PRIu64 ": %s: %s\n", session->player.path, verdict->line, verdict->kind,
               verdict->text ? verdict->text : "");
}

/* Text of a record without its own comment; the caller frees. */
static char *record_text(const struct amdvi_trace_record *record)
{
    struct amdvi_trace_record bare = *record;
    size_t length;
    char *text;

    bare.comment = NULL;
    length = amdvi_trace_format(&bare, NULL, 0);
    text = malloc(length + 1);
    if (text)
        amdvi_trace_format(&bare, text, length + 1);
    return text;
}

static void on_result(void *context, const struct amdvi_trace_record *request,
                      const struct amdvi_trace_record *record)
{
    struct session *session = context;
    char *result = record_text(record), *question = record_text(request);

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

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* At most ten times a second; the clock is asked every 4096 records. */
static void show_progress(const struct session *session, double start, double *shown)
{
    double now;

    if (session->player.records % 4096)
        return;
    now = now_seconds();
    if (now - *shown < 0.1)
        return;
    *shown = now;
    fprintf(stderr, "\r%s: %" PRIu64 " records, %.0f a second ", session->player.path,
            session->player.records, (double)session->player.records / (now - start));
}

static void after_record(struct session *session)
{
    struct amdvi_device *device;

    session->player.records++;
    if (session->csv)
        amdvi_csv_result(session->csv, &session->player.record, session->time_ns,
                         session->outcome ? session->outcome : "", session->detail);
    if (!session->stats.devices)
        return;
    device = amdvi_replay_device(session->player.replay);
    stats_record(&session->stats, session->player.records, device);
    if (session->timeline.out && session->player.records % 64 == 0)
        timeline_counters(&session->timeline, device);
}

static bool play_one(struct session *session)
{
    session->outcome = session->detail = NULL;
    session->time_ns = amdvi_trace_num(&session->player.record, AMDVI_TRACE_KEY_T, session->time_ns);
    if (session->timeline.out)
        timeline_record(&session->timeline, &session->player.record);
    if (!player_play(&session->player, &session->player.record))
        return false;
    after_record(session);
    return true;
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
    bool progress = isatty(STDERR_FILENO) && !session->options->no_progress;
    double start = now_seconds(), shown = start;
    enum player_step step;

    while ((step = player_fetch(&session->player)) == PLAYER_RECORD) {
        if (!play_one(session))
            break;
        if (progress)
            show_progress(session, start, &shown);
    }
    if (step == PLAYER_END && !finish(session))
        step = PLAYER_WRONG;
    if (session->timeline.out)
        timeline_counters(&session->timeline, amdvi_replay_device(session->player.replay));
    session->seconds = now_seconds() - start;
    if (shown > start)
        fputs("\r\033[K", stderr);
    return step == PLAYER_END;
}

/* ---------------------------------------------------------------- summary */

void cannot_check(const struct amdvi_trace_info *info, void (*say)(void *context, const char *what),
                  void *context)
{
    if (!info->has_memory)
        say(context, "memory is not in this source: tables and rings are missing");
    if (!info->can_check_translations)
        say(context, "results of translations are not in this source");
    if (!info->can_check_interrupts)
        say(context, "results of interrupts are not in this source");
    if (!info->can_check_stores)
        say(context, "stores by the IOMMU are not in this source");
}

/* With --check the output is trace text: everything else is comment. */
static const char *mark(const struct session *session)
{
    return session->options->check ? "# " : "";
}

static void print_class(const struct session *session, const char *name, uint64_t performed, uint64_t checked,
                        uint64_t failed)
{
    printf("%s  %-13s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", mark(session), name,
           performed, checked, checked - failed, failed);
}

static void print_checks(const struct session *session)
{
    const struct amdvi_replay_counts *c = amdvi_replay_counts(session->player.replay);

    printf("%s  %-13s %10s %10s %10s %10s\n", mark(session), "", "done", "checked", "held", "failed");
    print_class(session, "translations", c->translations, c->translations_checked, c->translations_failed);
    print_class(session, "interrupts", c->interrupts, c->interrupts_checked, c->interrupts_failed);
    print_class(session, "stores", c->stores_checked, c->stores_checked, c->stores_failed);
    print_class(session, "registers", c->registers_checked, c->registers_checked, c->registers_failed);
    print_class(session, "others", c->others_checked, c->others_checked, c->others_failed);
}

static void print_rate(const struct session *session, const char *name, uint64_t hits, uint64_t misses)
{
    if (hits + misses)
        printf("%s  %-5s %10" PRIu64 " hits %10" PRIu64 " misses (%.1f %% hits)\n", mark(session), name, hits,
               misses, 100.0 * (double)hits / (double)(hits + misses));
}

static void print_caches(const struct session *session, const struct amdvi_statistics *s)
{
    print_rate(session, "DTC", s->dtc_hits, s->dtc_misses);
    print_rate(session, "PTC", s->ptc_hits, s->ptc_misses);
    print_rate(session, "PDC", s->pdc_hits, s->pdc_misses);
    print_rate(session, "GCR3", s->gcr3_hits, s->gcr3_misses);
    print_rate(session, "ITC", s->itc_hits, s->itc_misses);
    printf("%s  commands %" PRIu64 ", invalidations %" PRIu64 ", events %" PRIu64 " (%" PRIu64
           " lost), faults %" PRIu64 "\n",
           mark(session), s->commands, s->invalidations, s->events, s->events_lost,
           s->faulted + s->interrupts_faulted);
}

static void print_counters(const struct session *session, const struct amdvi_statistics *s)
{
    const struct counter *counter;

    for (size_t i = 0; (counter = stats_counter(i)); i++)
        printf("%s  %-22s %12" PRIu64 "\n", mark(session), counter->name, stats_counter_value(s, counter));
    for (unsigned i = 0; i < 16; i++)
        if (s->commands_by_opcode[i])
            printf("%s  command %-26s %12" PRIu64 "\n", mark(session), command_name(i),
                   s->commands_by_opcode[i]);
    for (unsigned i = 0; i < 16; i++)
        if (s->events_by_code[i])
            printf("%s  event %-28s %12" PRIu64 "\n", mark(session),
                   amdvi_event_name(i) ? amdvi_event_name(i) : "?", s->events_by_code[i]);
}

static void say_gap(void *context, const char *what)
{
    printf("%s  note: %s\n", mark(context), what);
}

static void print_summary(struct session *session)
{
    const struct amdvi_replay_counts *counts = amdvi_replay_counts(session->player.replay);
    const struct amdvi_trace_info *info = amdvi_trace_info(session->player.reader);
    struct amdvi_device *device = amdvi_replay_device(session->player.replay);
    struct amdvi_statistics statistics = {0};
    double seconds = session->seconds;
    char records[COUNT_TEXT], checks[COUNT_TEXT];

    printf("%s%s: %s%s, %s, %s: %" PRIu64 " held, %" PRIu64 " failed\n", mark(session), session->player.path,
           info->source_name, info->compressed ? " (zstd)" : "",
           count_text(session->player.records, "record", records),
           count_text(counts->checks, "check", checks), counts->checks - counts->failed, counts->failed);
    print_checks(session);
    if (device && amdvi_get_statistics(device, &statistics) == AMDVI_OK) {
        print_caches(session, &statistics);
        if (session->options->stats)
            print_counters(session, &statistics);
    }
    lint_print(session, mark(session));
    cannot_check(info, say_gap, session);
    printf("%s  %.3f s, %.0f records/s\n", mark(session), seconds,
           seconds > 0 ? (double)session->player.records / seconds : 0);
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
    if (options->timeline && !timeline_open(&session->timeline, options->timeline, path))
        return false;
    if (!options->csv)
        return true;
    return output_open(&command_replay, options->csv, &session->csv_output) &&
           amdvi_csv_open(amdvi_trace_write_to_file, session->csv_output.file, &session->csv) ==
               AMDVI_TRACE_OK;
}

/* What a trace with a mistake played up to it is kept; what could not be opened replaces nothing. */
static bool close_outputs(struct session *session)
{
    bool keep = session->player.replay != NULL;
    bool good = timeline_close(&session->timeline, keep);

    if (session->csv)
        good &= amdvi_csv_finish(session->csv) == AMDVI_TRACE_OK;
    amdvi_csv_close(session->csv);
    if (session->csv_output.file)
        good &= output_close(&command_replay, &session->csv_output, keep && good);
    stats_close(&session->stats);
    for (uint64_t i = 0; i < session->failures_count && i < FAILURES_KEPT; i++)
        free(session->failures[i].text);
    json_object_put(session->stated);
    json_object_put(session->lint_findings);
    return good;
}

static bool start_player(struct session *session, const char *path)
{
    const struct replay_options *options = session->options;
    struct amdvi_replay_options player = settings_player(&options->settings);

    player.state_results = options->check;
    player.context = session;
    player.verdict = on_verdict;
    player.result = options->check ? on_result : NULL;
    player.observer = needs_observer(options) ? &session->observer : NULL;
    session->observer = (struct amdvi_observer){.context = session,
                                                .access = on_access,
                                                .request = on_request,
                                                .interrupt = on_interrupt,
                                                .command = on_command,
                                                .event = on_event};
    lint_open(session, &player);
    return player_open(&session->player, path, &player);
}

static int conclude(struct session *session)
{
    if (session->options->json)
        replay_json_add(session);
    else if (!session->options->quiet)
        print_summary(session);
    return amdvi_replay_counts(session->player.replay)->failed || session->lint_mistakes ? CLI_FAILED
                                                                                         : CLI_OK;
}

static int play_file(const struct replay_options *options, const char *path)
{
    struct session *session = calloc(1, sizeof(*session));
    int status = CLI_WRONG;

    if (!session)
        return usage_error(&command_replay, "out of memory");
    session->options = options;
    if (open_outputs(session, path) && start_player(session, path)) {
        if (play_all(session))
            status = conclude(session);
        else if (!options->json && !options->quiet)
            print_summary(session); /* of what came before the mistake */
    }
    if (!close_outputs(session))
        status = CLI_WRONG;
    player_close(&session->player);
    free(session);
    return status;
}

/* ---------------------------------------------------------------- command line */

static void print_json(const struct replay_options *options, int status)
{
    struct json_object *top = json_object_new_object();

    json_put_text(top, "schema", "amdvi-replay 1");
    json_put_text(top, "version", amdvi_version());
    json_put_count(top, "exit_code", (uint64_t)status);
    json_object_object_add(top, "files", json_object_get(options->results));
    json_object_object_add(top, "files_not_played_to_the_end", json_object_get(options->not_played));
    json_print(stdout, top);
}

static int play_files(struct replay_options *options, int count, char **files)
{
    int worst = CLI_OK;

    if (count < 1)
        return usage_error(&command_replay, "a file is needed; see amdvi replay --help");
    if (count > 1 && (options->timeline || options->csv))
        return usage_error(&command_replay, "--timeline and --csv take one file");
    options->results = json_object_new_array();
    options->not_played = json_object_new_array();
    if (options->check && !options->json)
        puts("amdvi-trace 1");
    for (int i = 0; i < count; i++) {
        int status = play_file(options, files[i]);
        if (status == CLI_WRONG)
            json_add_text(options->not_played, files[i]);
        worst = status > worst ? status : worst;
    }
    if (options->json)
        print_json(options, worst);
    json_object_put(options->results);
    json_object_put(options->not_played);
    return worst;
}

static bool take_option(struct replay_options *options, int option)
{
    options->check |= option == 'c';
    options->json |= option == 'j';
    options->quiet |= option == 'q';
    options->stats |= option == 'S';
    options->no_progress |= option == 'P';
    options->lint |= option == 'l' || option == 'W' || option == 'X';
    options->lint_windows |= option == 'W';
    options->lint_strict |= option == 'X';
    options->timeline = option == 'T' ? optarg : options->timeline;
    options->csv = option == 'C' ? optarg : options->csv;
    if (option != 's' && option != OPTION_MEMFILE && option != OPTION_MEMORY)
        return true;
    return settings_option(&command_replay, &options->settings, option);
}

static int run(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"help", no_argument, NULL, 'h'},
        {"check", no_argument, NULL, 'c'},
        PLAY_OPTIONS,
        {"json", no_argument, NULL, 'j'},
        {"quiet", no_argument, NULL, 'q'},
        {"timeline", required_argument, NULL, 'T'},
        {"csv", required_argument, NULL, 'C'},
        {"stats", no_argument, NULL, 'S'},
        {"no-progress", no_argument, NULL, 'P'},
        {"lint", no_argument, NULL, 'l'},
        {"lint-windows", no_argument, NULL, 'W'},
        {"lint-strict", no_argument, NULL, 'X'},
        {0},
    };
    struct replay_options options = {0};
    int option, status = CLI_OK;

    while ((option = option_next(&command_replay, argc, argv, ":hcs:jq", long_options, &status)) >= 0)
        if (!take_option(&options, option)) {
            status = CLI_WRONG;
            break;
        }
    if (option == OPTION_END)
        status = play_files(&options, argc - optind, argv + optind);
    settings_free(&options.settings);
    return status;
}

const struct command command_replay = {"replay", "play traces and check what they expect", help, run};
