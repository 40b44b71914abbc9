// SPDX-License-Identifier: Apache-2.0
/* `amdvi replay`: plays traces and checks what they expect. */
#include "cli/replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: amdvi replay FILE... [options]\n\n"
    "Plays traces (text or binary), captures, QEMU logs and ftrace text, each on a device of its own, and "
    "checks\n"
    "what they expect. One line a failed check, `FILE:LINE: kind: expected ... got ...`, then a summary.\n"
    "FILE - is standard input; zstd input is taken as it is.\n\n"
    "  -c, --check           print the records that would check requests without an expectation, to read "
    "over\n"
    "      --write-expectations -o FILE\n"
    "                        write the trace to FILE with these records filled in (one FILE only; binary "
    "when "
    "it\n"
    "                        ends in .atb): replaying that file holds\n"
    "      --failures N|all  most failed checks that are printed; default: all, on a terminal 20\n"
    "      --lint            report what the driver forgot: missing invalidations and the like, with the "
    "write\n"
    "                        that changed the table and the command that was needed\n"
    "      --lint-windows    also stale answers that were invalidated later\n"
    "      --lint-regime auto|sync|queued\n"
    "                        how the driver invalidates: at once, or by a flush queue; default: as its "
    "commands show\n"
    "      --lint-processors N\n"
    "                        that drive the IOMMU side by side; default: 1\n"
    "      --lint-suppress FILE\n"
    "                        findings that were looked at, a line each: KIND [device=D] [domain=N] "
    "[word=A] # REASON\n"
    "      --lint-sarif OUT  findings as SARIF 2.1.0 for bots\n" PLAY_HELP
    "      --stats           all counters of the device in the summary\n"
    "  -j, --json            everything for machines, instead of text\n"
    "      --timeline OUT    a timeline for ui.perfetto.dev (one FILE only)\n"
    "      --live OUT        a page for amdvi top, while the trace is played (one FILE only)\n"
    "      --csv OUT         a line for each record with its outcome (one FILE only)\n"
    "  -q, --quiet           only failed checks, no summary\n"
    "      --no-progress     no progress on the terminal\n"
    "  -h, --help            this text\n\n"
    "examples:\n"
    "  amdvi replay boot.trace\n"
    "  amdvi replay linux.capture.txt.zst --set caches=off --stats\n"
    "  amdvi replay guess.trace --write-expectations -o golden.trace\n"
    "  amdvi replay boot.trace --json > stats.json && traces/report/report.py stats.json -o report\n\n"
    "exit codes: 0 every check held; 1 a check failed, lint found a mistake, or nothing was checked because "
    "the source\n"
    "does not have it; 2 a file or the command line cannot be understood\n";

enum { TERMINAL_FAILURES = 20 };

static void print_json(const struct replay_options *options, int status)
{
    struct json_object *top = json_object_new_object();

    json_put_text(top, "schema", "amdvi-replay 1");
    json_put_text(top, "version", amdvi_version());
    json_put_count(top, "exit_code", (uint64_t)status);
    json_object_object_add(top, "files", json_object_get(options->results));
    json_object_object_add(top, "files_not_played_to_the_end", json_object_get(options->not_played));
    json_object_object_add(top, "errors", json_object_get(options->errors));
    json_print(stdout, top);
}

/* The report goes to standard output, and the input is read twice. */
static bool check_output(const struct replay_options *options, const char *path)
{
    if (options->expectations != (options->output != NULL))
        usage_error(&command_replay, "--write-expectations and -o FILE go together");
    else if (options->output && (!strcmp(options->output, "-") || !strcmp(path, "-")))
        usage_error(&command_replay, "--write-expectations reads and writes files, not '-'");
    else
        return !options->output || can_be_read_again(&command_replay, path);
    return false;
}

/* Outputs, by their options; with null those that are not wanted. */
enum { OUTPUTS = 5 };
struct outputs {
    const char *all[OUTPUTS][2];
};

static struct outputs outputs_of(const struct replay_options *options)
{
    return (struct outputs){{{"-o", options->output},
                             {"--csv", options->csv},
                             {"--timeline", options->timeline},
                             {"--live", options->live},
                             {"--lint-sarif", options->sarif}}};
}

/* No output takes the place of what is played. */
static bool spares_input(const struct replay_options *options, const char *path)
{
    const struct outputs outputs = outputs_of(options);

    for (unsigned i = 0; i < OUTPUTS; i++)
        if (outputs.all[i][1] && strcmp(path, "-") && same_file(path, outputs.all[i][1])) {
            usage_error(&command_replay, "%s: input and output are the same file", outputs.all[i][0]);
            return false;
        }
    return true;
}

/* Standard output holds one thing. */
static bool leaves_standard_output(const struct replay_options *options)
{
    const struct outputs outputs = outputs_of(options);

    for (unsigned i = 0; i < OUTPUTS; i++)
        if (outputs.all[i][1] && !strcmp(outputs.all[i][1], "-") && (options->json || options->check)) {
            usage_error(&command_replay, "%s - and %s both go to standard output", outputs.all[i][0],
                        options->json ? "--json" : "--check");
            return false;
        }
    return true;
}

/* Nor the place of another output. */
static bool are_apart(const struct replay_options *options)
{
    const struct outputs outputs = outputs_of(options);

    for (unsigned i = 0; i < OUTPUTS; i++)
        for (unsigned j = 0; j < i; j++) {
            const char *one = outputs.all[i][1], *other = outputs.all[j][1];
            if (one && other &&
                (same_file(one, other) || (!strcmp(one, other) && strcmp(one, "/dev/null")))) {
                usage_error(&command_replay, "%s and %s are the same file", outputs.all[j][0],
                            outputs.all[i][0]);
                return false;
            }
        }
    return true;
}

static bool take_failures(struct replay_options *options, const char *text)
{
    options->failures = UINT64_MAX;
    return !strcmp(text, "all") ||
           option_number(&command_replay, "--failures", text, UINT64_MAX, &options->failures);
}

static int play_files(struct replay_options *options, int count, char **files)
{
    int worst = CLI_OK;

    if (count < 1)
        return usage_error(&command_replay, "a file is needed; see amdvi replay --help");
    if (count > 1 && (options->timeline || options->csv || options->live || options->expectations))
        return usage_error(&command_replay,
                           "--timeline, --csv, --live and --write-expectations take one file, not %d", count);
    if (!check_output(options, files[0]) || !are_apart(options) || !leaves_standard_output(options))
        return CLI_WRONG;
    for (int i = 0; i < count; i++)
        if (!spares_input(options, files[i]))
            return CLI_WRONG;
    options->results = json_object_new_array();
    options->not_played = json_object_new_array();
    options->errors = json_object_new_array();
    options->sarif_results = json_object_new_array();
    if (options->check && !options->json)
        puts("amdvi-trace 1");
    for (int i = 0; i < count; i++) {
        int status = replay_file(options, files[i]);
        if (status == CLI_WRONG)
            json_add_text(options->not_played, files[i]);
        worst = status > worst ? status : worst;
    }
    if (options->json)
        print_json(options, worst);
    if (options->sarif && !sarif_write(options->sarif, options->sarif_results))
        worst = CLI_WRONG;
    json_object_put(options->sarif_results);
    json_object_put(options->results);
    json_object_put(options->not_played);
    json_object_put(options->errors);
    return worst;
}

static bool take_regime(struct replay_options *options, const char *text)
{
    static const char *const names[] = {
        [AMDVI_LINT_AUTO] = "auto", [AMDVI_LINT_SYNCHRONOUS] = "sync", [AMDVI_LINT_QUEUED] = "queued"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(text, names[i]) == 0) {
            options->lint_regime = (enum amdvi_lint_regime)i;
            return true;
        }
    usage_error(&command_replay, "--lint-regime: '%s' is not auto, sync or queued", text);
    return false;
}

static bool take_processors(struct replay_options *options, const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    options->lint_processors = (unsigned)value;
    if (*text >= '1' && *text <= '9' && !*end && value <= 64)
        return true;
    usage_error(&command_replay, "--lint-processors: '%s' is not a number from 1 to 64", text);
    return false;
}

static bool take_option(struct replay_options *options, int option)
{
    options->check |= option == 'c';
    options->json |= option == 'j';
    options->quiet |= option == 'q';
    options->stats |= option == 'S';
    options->no_progress |= option == 'P';
    options->lint |= option_among(option, "lWXNUR");
    options->sarif = option == 'R' ? optarg : options->sarif;
    options->lint_windows |= option == 'W';
    options->timeline = option == 'T' ? optarg : options->timeline;
    options->csv = option == 'C' ? optarg : options->csv;
    options->live = option == 'L' ? optarg : options->live;
    options->expectations |= option == 'E';
    options->output = option == 'o' ? optarg : options->output;
    if (option == 'F')
        return take_failures(options, optarg);
    if (option == 'X')
        return take_regime(options, optarg);
    if (option == 'N')
        return take_processors(options, optarg);
    if (option == 'U')
        return suppress_load(optarg, &options->suppressions);
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
        {"live", required_argument, NULL, 'L'},
        {"stats", no_argument, NULL, 'S'},
        {"write-expectations", no_argument, NULL, 'E'},
        {"output", required_argument, NULL, 'o'},
        {"failures", required_argument, NULL, 'F'},
        {"no-progress", no_argument, NULL, 'P'},
        {"lint", no_argument, NULL, 'l'},
        {"lint-windows", no_argument, NULL, 'W'},
        {"lint-regime", required_argument, NULL, 'X'},
        {"lint-processors", required_argument, NULL, 'N'},
        {"lint-suppress", required_argument, NULL, 'U'},
        {"lint-sarif", required_argument, NULL, 'R'},
        {0},
    };
    struct replay_options options = {.failures = isatty(STDOUT_FILENO) ? TERMINAL_FAILURES : UINT64_MAX};
    int option, status = CLI_OK;

    while ((option = option_next(&command_replay, argc, argv, ":hcs:jqo:", long_options, &status)) >= 0)
        if (!take_option(&options, option)) {
            status = CLI_WRONG;
            break;
        }
    if (option == OPTION_END)
        status = play_files(&options, argc - optind, argv + optind);
    settings_free(&options.settings);
    suppress_free(options.suppressions);
    return status;
}

const struct command command_replay = {"replay", "play traces and check what they expect", help, run};
